// The bundles as they are started: every command in a process that ends by itself, and what they start beside themselves.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { vectorMatrix } from '@episodica/memory-core/vectors';
import { expect, onTestFinished, test } from 'vitest';
import { aPlace } from './program.ts';

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

// Elsewhere the tests run many commands in one process.
test('every command runs in a process of its own, from its file of the bundle, and ends it [CL-01]', async () => {
  const place = aPlace();
  onTestFinished(() => place.remove());
  await place.json(['episode', 'create', 'Fix the redirect']);
  writeFileSync(join(place.work, 'key'), '0f'.repeat(32), { mode: 0o600 });
  for (const words of [
    ['episode', 'list'],
    ['episode', 'export'],
    ['episode', 'forget', '--project', 'another', '--yes'],
    ['pattern', 'list'],
    ['pattern', 'recommend', 'Fix the redirect'],
    ['pattern', 'clusters'],
    ['pattern', 'extract'],
    ['eval', '1 + 1'],
    ['config', 'show'],
    ['health', 'check'],
    ['storage', 'stats'],
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
