// A cancelled call stops working: what it holds is free again, nothing half is left, and nobody answers it.
import { setImmediate } from 'node:timers/promises';
import { inMemoryStore } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { anEpisode, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { initialize, request, toolCall } from './client.ts';
import { type Wired, wired } from './wired.ts';

const MODERN_META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientInfo': { name: 'raw-client', version: '1.0.0' },
  'io.modelcontextprotocol/clientCapabilities': {},
};

function cancel(server: Wired, requestId: number, _meta: object | undefined): void {
  const params = { requestId, reason: 'not needed any more', ...(_meta === undefined ? {} : { _meta }) };
  server.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params });
}

function call(
  id: number,
  name: string,
  given: { readonly arguments: object; readonly _meta: object | undefined },
): object {
  const { _meta, ...rest } = given;
  return request(id, 'tools/call', { name, ...rest, ...(_meta === undefined ? {} : { _meta }) });
}

test.each([
  ['2025-11-25', undefined],
  ['2026-07-28', MODERN_META],
])(
  'over %s a cancelled program stops, its worker is free again, and nobody answers it [MC-04]',
  async (_revision, _meta) => {
    const server = wired({ hasSandbox: true });
    if (_meta === undefined) server.send(initialize());
    const arguments_ = { code: 'for(;;);', timeout_ms: 60_000 };
    server.send(call(2, 'execute_code', { arguments: arguments_, _meta: { ..._meta, progressToken: 'p' } }));
    await server.answer(({ method, params }) => method !== undefined && params.message.startsWith('running'));
    const sandbox = await server.services.sandbox?.get();
    expect(sandbox?.metrics()).toMatchObject({ running: 1 });
    cancel(server, 2, _meta);
    while (sandbox?.metrics().cancelled !== 1) await setImmediate();
    expect(sandbox?.metrics()).toMatchObject({ running: 0, waiting: 0, succeeded: 0, failed: {} });
    expect(server.services.calls.counts()).toMatchObject({ running: 0, waiting: 0 });
    const toldBefore = server.answers.length;
    server.send(call(3, 'execute_code', { arguments: { code: '6 * 7' }, _meta }));
    expect((await server.answer(3)).result.structuredContent).toMatchObject({ ok: true, result: 42 });
    expect(server.answers.slice(toldBefore).map(({ id }) => id)).toEqual([3]);
    server.input.end();
    await server.ended;
  },
);

/**
 * A store that stops in the middle of scans of episodes until it is let go, and counts what they read and what is
 * written. With `project`, of that project alone: what the server reads by itself goes on and is not counted.
 */
function slowStore(project?: string): {
  readonly store: MemoryStore;
  readonly counts: { read: number; written: number };
  readonly stopped: Promise<void>;
  letGo(): void;
} {
  const store = inMemoryStore();
  const counts = { read: 0, written: 0 };
  let [letGo, stop] = [(): void => {}, (): void => {}];
  const free = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const scan: MemoryStore['scan'] = async function* (kind, filter, options) {
    const scanned = 'project' in filter ? filter.project : undefined;
    for await (const row of store.scan(kind, filter, options)) {
      if (kind === 'episode' && scanned === project) {
        counts.read += 1;
        if (counts.read === 150) {
          stop();
          await free;
        }
      }
      yield row;
    }
  };
  const write: MemoryStore['write'] = async (batch, options) => {
    const receipt = await store.write(batch, options);
    counts.written += batch.length;
    return receipt;
  };
  return { store: { ...store, scan, write }, counts, stopped, letGo: () => letGo() };
}

test('a cancelled forget stops reading and takes nothing away [MC-04 EP-06]', async () => {
  const { store, counts, stopped, letGo } = slowStore('going');
  await store.write(Array.from({ length: 2_000 }, () => put('episode', anEpisode({ project: 'going' }))));
  counts.written = 0;
  const server = wired({ store });
  server.send(initialize());
  server.send(toolCall(2, 'forget', { project: 'going' }));
  await stopped;
  cancel(server, 2, undefined);
  server.send(request(3, 'ping', {}));
  await server.answer(3);
  letGo();
  while (server.services.calls.counts().running > 0) await setImmediate();
  expect(counts.read).toBeLessThan(1_000);
  expect(counts.written).toBe(0);
  server.input.end();
  await server.ended;
  expect(server.answers.map(({ id }) => id)).toEqual([1, 3]);
});

test('a cancelled search does not wait for the index that is still being made [MC-04]', async () => {
  const { store, stopped, letGo } = slowStore();
  await store.write(Array.from({ length: 200 }, () => put('episode', anEpisode())));
  const server = wired({ store });
  server.send(initialize());
  server.send(toolCall(2, 'query_memory', { query: 'anything' }));
  await stopped;
  expect(server.services.calls.counts()).toMatchObject({ running: 1 });
  cancel(server, 2, undefined);
  while (server.services.calls.counts().running > 0) await setImmediate();
  letGo();
  server.send(toolCall(3, 'query_memory', { query: 'anything' }));
  await server.answer(3);
  expect(server.answers.map(({ id }) => id)).toEqual([1, 3]);
});
