// Writes the table of attacks in docs/sandbox.md from the catalogue in test-utils.
import { readFileSync, writeFileSync } from 'node:fs';
import { attackTable } from '@episodica/test-utils';

const path = new URL('../docs/sandbox.md', import.meta.url);
const text = readFileSync(path, 'utf8');
const written = text.replace(
  /<!-- attacks -->[\s\S]*<!-- \/attacks -->/u,
  () => `<!-- attacks -->\n${attackTable()}\n<!-- /attacks -->`,
);
writeFileSync(path, written);
