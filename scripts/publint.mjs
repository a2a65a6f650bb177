// Checks every package that is published: what its package.json promises is what its files hold.
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
let findings = 0;

for (const folder of readdirSync(root).filter((name) => name.startsWith('memory-'))) {
  const pkgDir = join(root, folder);
  const pkg = JSON.parse(readFileSync(join(pkgDir, 'package.json'), 'utf8'));
  const { messages } = await publint({ pkgDir, strict: true });
  for (const message of messages) console.error(`${folder}: ${formatMessage(message, pkg)}`);
  findings += messages.length;
}
if (findings > 0) process.exitCode = 1;
