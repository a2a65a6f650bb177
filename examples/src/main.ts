// Runs the examples that are named, or all in turn, each in a process of its own, and fails when one of them does.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { EXAMPLES } from './catalogue.ts';

const named = process.argv.slice(2);
const unknown = named.filter((name) => !Object.hasOwn(EXAMPLES, name));
if (unknown.length > 0) {
  console.error(`There is no example ${unknown.join(', ')}. There are: ${Object.keys(EXAMPLES).join(', ')}.`);
  process.exit(2);
}
for (const name of named.length > 0 ? named : Object.keys(EXAMPLES)) {
  console.log(`\n# ${name}`);
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`The example ${name} ended with ${status ?? 'a signal'}.`);
    process.exitCode = 1;
  }
}
