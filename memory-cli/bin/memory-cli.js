#!/usr/bin/env node
// Committed, so that it can be linked before anything is built.
import { existsSync } from 'node:fs';

const program = new URL('../dist/bundle/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('memory-cli is not built yet. Run "npm run build" in the root of the project.\n');
  process.exitCode = 70;
}
