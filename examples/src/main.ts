// Runs every example in turn, each in a process of its own, and fails when one of them does.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const EXAMPLES = ['quickstart', 'learning', 'embedding-providers', 'mcp-client', 'code-mode', 'custom-store'];

for (const name of EXAMPLES) {
  console.log(`\n# ${name}`);
  const file = fileURLToPath(new URL(`./${name}.js`, import.meta.url));
  const { status } = spawnSync(process.execPath, [file], { stdio: 'inherit' });
  if (status !== 0) {
    console.error(`The example ${name} ended with ${status ?? 'a signal'}.`);
    process.exitCode = 1;
  }
}
