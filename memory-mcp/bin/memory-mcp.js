#!/usr/bin/env node
// Committed, so that installing links it before anything is built.
import { existsSync } from 'node:fs';

const program = new URL('../dist/bundle/main.js', import.meta.url);
if (existsSync(program)) {
  await import(program.href);
} else {
  process.stderr.write('memory-mcp is not built yet; run "npm run build" in the root of the repository.\n');
  process.exitCode = 1;
}
