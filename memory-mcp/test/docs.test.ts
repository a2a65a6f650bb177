// The documentation says what the server says.
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { toolsFor } from '../src/tools/all.ts';

const read = (path: string): string => readFileSync(new URL(`../../${path}`, import.meta.url), 'utf8');

test('the README names exactly the tools that there are [PK-04]', () => {
  const tools = toolsFor({ hasSandbox: true }, { allowWrites: false });
  const named = [...read('README.md').matchAll(/^\| `([a-z_]+)` +\|/gmu)].map(([, name]) => name);
  expect(named).toEqual(tools.map(({ name }) => name));
});
