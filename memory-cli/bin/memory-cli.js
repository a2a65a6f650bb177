#!/usr/bin/env node
// Committed, so that it can be linked before anything is built. CommonJS: node takes twice as long to begin a module.
const { existsSync } = require('node:fs');
const { join } = require('node:path');

const program = join(__dirname, '..', 'dist', 'bundle', 'main.cjs');
if (existsSync(program)) {
  require(program);
} else {
  process.stderr.write('memory-cli is not built yet. Run "npm run build" in the root of the project.\n');
  process.exitCode = 70;
}
