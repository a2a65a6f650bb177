// Runs the suites named on the command line, or all of them: `npm run bench -- quality storage --json today.json`;
// `--full` for what takes minutes.
import { mkdirSync, writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { dirname, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { cache } from './cache.bench.ts';
import { cli } from './cli.bench.ts';
import { clusters } from './clusters.bench.ts';
import { encryption } from './encryption.bench.ts';
import { http } from './http.bench.ts';
import { learning } from './learning.bench.ts';
import { lifecycle } from './lifecycle.bench.ts';
import { mcp } from './mcp.bench.ts';
import { errors } from './quality/error-fix.ts';
import { quality } from './quality/quality.ts';
import { remote } from './remote.bench.ts';
import { retrieval } from './retrieval.bench.ts';
import { attacks, sandbox } from './sandbox.bench.ts';
import { scale } from './scale.bench.ts';
import { storage } from './storage.bench.ts';
import { isMet, ratioOf, type Suite, type SuiteReport } from './suite.ts';
import { formatReport } from './table.ts';
import { vectors } from './vectors.bench.ts';

const SUITES: readonly Suite[] = [
  lifecycle,
  learning,
  storage,
  remote,
  encryption,
  cache,
  scale,
  retrieval,
  vectors,
  mcp,
  http,
  cli,
  sandbox,
  attacks,
  clusters,
  quality,
  errors,
];
/** A file given by its name alone is put here; git does not see it. */
const resultsFolder = fileURLToPath(new URL('../results/', import.meta.url));

await main();

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    options: { json: { type: 'string' }, full: { type: 'boolean' }, help: { type: 'boolean' } },
    allowPositionals: true,
  });
  if (values.help) {
    console.log(`npm run bench -- [--full] [--json FILE] [${SUITES.map(({ name }) => name).join('] [')}]`);
    return;
  }
  const unknown = positionals.filter((name) => !SUITES.some((suite) => suite.name === name));
  if (unknown.length > 0) {
    const names = SUITES.map(({ name }) => name).join(', ');
    process.stderr.write(`There is no suite called ${unknown.join(', ')}; there are ${names}.\n`);
    process.exitCode = 2;
    return;
  }
  const chosen = positionals.length === 0 ? SUITES : SUITES.filter(({ name }) => positionals.includes(name));
  const machine = `Node ${process.versions.node}, ${process.platform}-${process.arch}, ${cpus().length} × ${cpus()[0]?.model.trim()}`;
  console.log(machine);
  const results: object[] = [];
  for (const suite of chosen) {
    const startedMs = performance.now();
    const report = await suite.run({ isFull: values.full === true });
    console.log(formatReport(suite, report, performance.now() - startedMs));
    results.push(toJson(suite, report));
  }
  if (values.json !== undefined) writeResults(values.json, { at: new Date().toISOString(), machine, suites: results });
}

function toJson({ name }: Suite, { rows, notes }: SuiteReport): object {
  return { name, rows: rows.map((row) => ({ ...row, ratio: ratioOf(row), isMet: isMet(row) })), notes };
}

function writeResults(name: string, results: object): void {
  const file = resolve(resultsFolder, name);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, null, 2)}\n`);
  console.log(`\nWritten to ${file}`);
}
