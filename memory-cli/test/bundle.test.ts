// The bundles as they are started: every command in a process that ends by itself, and what they start beside themselves.
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { vectorMatrix } from '@episodica/memory-core/vectors';
import { expect, onTestFinished, test } from 'vitest';
import { aPlace, type Place, PROGRAM } from './program.ts';

const DIMENSIONS = 8_192;
/** With so many a search is worth a worker. */
const VECTORS = 2_000;
const CHANNEL = 'bundled worker';

/** A vector of length 1 along one axis. */
function axis(index: number): Float32Array {
  const vector = new Float32Array(DIMENSIONS);
  vector[index % DIMENSIONS] = 1;
  return vector;
}

/** The bundle's worker, which tells of each of its answers besides. */
function telling(bundle: string): URL {
  const folder = mkdtempSync(join(tmpdir(), 'memory-cli-'));
  onTestFinished(() => rmSync(folder, { recursive: true, force: true }));
  const file = join(folder, 'worker.mjs');
  writeFileSync(
    file,
    `import { BroadcastChannel, parentPort } from 'node:worker_threads';
     const channel = new BroadcastChannel('${CHANNEL}');
     const post = parentPort.postMessage.bind(parentPort);
     parentPort.postMessage = (message) => { channel.postMessage(typeof message); post(message); };
     await import(${JSON.stringify(bundle)});`,
  );
  return pathToFileURL(file);
}

test.each([
  ['server', new URL('../dist/bundle/scan-worker.js', import.meta.resolve('@episodica/memory-mcp'))],
  ['terminal program', new URL('../dist/bundle/scan-worker.js', import.meta.url)],
])('many vectors are searched in the worker that the bundle of the %s carries [RE-10]', async (_name, bundle) => {
  const channel = new BroadcastChannel(CHANNEL);
  onTestFinished(() => channel.close());
  const said: unknown[] = [];
  channel.onmessage = ({ data }: { data?: unknown } = {}) => said.push(data);
  const matrix = vectorMatrix({ dimensions: DIMENSIONS, workerUrl: telling(bundle.href) });
  onTestFinished(() => matrix.close());
  for (let slot = 0; slot < VECTORS; slot += 1) matrix.put(slot, axis(slot));
  while (!said.includes('object')) {
    const nearest = await matrix.nearest(axis(1_234), { count: 1 });
    expect(nearest).toEqual([{ slot: 1_234, cosine: expect.closeTo(1, 1) }]);
  }
  expect(said[0]).toBe('string');
});

/** What a command loads from start to end: our own files, and what node brings that is not part of node's own start. */
function loadedBy(words: readonly string[], place: Place): { kB: number; files: number; builtins: string[] } {
  const told = join(place.work, 'loaded.json');
  const { status } = spawnSync(process.execPath, ['--require', LOADED, PROGRAM, ...words], {
    cwd: place.work,
    env: { HOME: place.home, LOADED_INTO: told },
    stdio: 'ignore',
    timeout: 60_000,
  });
  expect(status).toBe(0);
  return JSON.parse(readFileSync(told, 'utf8'));
}

const LOADED = fileURLToPath(new URL('fixtures/loaded.cjs', import.meta.url));

// A start takes as long as what it loads is large: a library that came in by an import too many is far larger than what
// is free here, and each of these modules takes a twentieth of the start.
test.each([
  [['--help'], 130, 2],
  [['episode', 'list'], 420, 4],
  [['episode', 'search', 'redirect'], 1_800, 25],
])('%s loads no more than it runs: %i KB in %i files at most [CL-01] [PK-05]', async (words, maxKb, maxFiles) => {
  const place = aPlace();
  onTestFinished(() => place.remove());
  await place.json(['episode', 'create', 'Fix the redirect']);
  const { kB, files, builtins } = loadedBy(words, place);
  expect(kB).toBeGreaterThan(50);
  expect(kB).toBeLessThan(maxKb);
  expect(files).toBeLessThanOrEqual(maxFiles);
  if (words[1] !== 'search') expect(builtins.filter((name) => LATE.includes(name))).toEqual([]);
});

/** Loaded by nothing that lists and reads. */
const LATE = ['assert', 'assert/strict', 'child_process', 'worker_threads', 'net', 'http', 'readline'];

// Elsewhere the tests run many commands in one process.
test('every command runs in a process of its own, from its file of the bundle, and ends it [CL-01]', async () => {
  const place = aPlace();
  onTestFinished(() => place.remove());
  await place.json(['episode', 'create', 'Fix the redirect']);
  writeFileSync(join(place.work, 'key'), '0f'.repeat(32), { mode: 0o600 });
  for (const words of [
    ['episode', 'list'],
    ['episode', 'search', 'redirect'],
    ['episode', 'export'],
    ['episode', 'forget', '--project', 'another', '--yes'],
    ['pattern', 'list'],
    ['pattern', 'recommend', 'Fix the redirect'],
    ['pattern', 'clusters'],
    ['pattern', 'extract'],
    ['eval', '1 + 1'],
    ['config', 'show'],
    ['health', 'check'],
    ['health', 'watch', '--count', '1'],
    ['doctor'],
    ['storage', 'stats'],
    ['monitor', 'status'],
    ['storage', 'migrate', '--to', pathToFileURL(join(place.work, 'copy.db')).href, '--dry-run'],
    ['storage', 'rekey', '--new-key-file', 'key', '--dry-run'],
    ['storage', 'erase-deleted'],
    ['backup', 'list'],
  ]) {
    const { code, stdout, stderr } = await place.run(words, { apart: true });
    expect({ words, code, stderr }).toEqual({ words, code: 0, stderr: '' });
    expect(stdout).not.toBe('');
  }
}, 240_000);
