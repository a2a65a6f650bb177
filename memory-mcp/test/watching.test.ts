// What a server tells of itself: figures and health, in process and with parts that fail.
import { inMemoryStore, type Memory, MemoryError, openMemory } from '@episodica/memory-core';
import { prometheusText } from '@episodica/memory-core/metrics';
import { silentLogger } from '@episodica/memory-core/ports';
import { type Backend, createServer, createServices, type ServiceOptions, type Services } from '@episodica/memory-mcp';
import { openSandbox } from '@episodica/memory-mcp/sandbox';
import { fakeEmbedder, faultyStore } from '@episodica/test-utils';
import { Client } from '@modelcontextprotocol/client';
import { InMemoryTransport } from '@modelcontextprotocol/server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serverHealth } from '../src/health.ts';
import type { ToolResult } from './client.ts';

const DYING_WORKER = new URL('./sandbox/fixtures/dying-worker.mjs', import.meta.url);

function backendOver(memory: Memory, more: Partial<Backend> = {}): () => Promise<Backend> {
  return async () => ({ memory, journalSeq: async () => 7, ...more, close: () => memory.close() });
}

const plainMemory = (): Memory => openMemory({ store: inMemoryStore() });

/** Services that go with the test, over a memory of their own unless they are told otherwise. */
function servicesOver(options: Partial<ServiceOptions> = {}): Services {
  const services = createServices({ openBackend: backendOver(plainMemory()), logger: silentLogger, ...options });
  onTestFinished(() => services.close());
  return services;
}

interface TestClient {
  call(name: string, given?: Record<string, unknown>, signal?: AbortSignal): Promise<ToolResult>;
}

async function clientOf(services: Services): Promise<TestClient> {
  const [ours, theirs] = InMemoryTransport.createLinkedPair();
  const client = new Client({ name: 'test-client', version: '1.0.0' });
  await Promise.all([createServer(services).connect(theirs), client.connect(ours)]);
  onTestFinished(() => client.close());
  return {
    async call(name, given = {}, signal) {
      const result = await client.callTool({ name, arguments: given }, signal && { signal });
      const [first] = result.content;
      const text = first?.type === 'text' ? first.text : '';
      return { isError: result.isError === true, text, structured: result.structuredContent };
    },
  };
}

/** A promise that is never kept. */
const never = (): Promise<never> => new Promise(() => {});

describe('figures', () => {
  test('each call of a tool is told with its outcome, its time and what there was to read [MC-08 OB-03]', async () => {
    const services = servicesOver();
    const { call } = await clientOf(services);
    const created = await call('create_episode', { task_description: 'Fix the login' });
    const { episode_id } = created.structured;
    const steps = [await call('add_step', { episode_id, tool: 'bash', action: 'make' })];
    steps.push(await call('add_step', { episode_id: '0198a000-0000-7000-8000-000000000000', tool: 'a', action: 'b' }));
    steps.push(await call('add_step', { tool: 'a' }));
    await expect(call('no_such_tool')).rejects.toThrow();

    const { structured, text } = await call('get_metrics');
    expect(structured.tools).toHaveLength(2);
    const row = structured.tools.find(({ tool }: { tool: string }) => tool === 'add_step');
    expect(row).toMatchObject({
      count: 3,
      errors: { NOT_FOUND: 1, INVALID_INPUT: 1 },
      answer_characters: steps.reduce((sum, step) => sum + step.text.length, 0),
    });
    expect(row.p50_ms).toBeGreaterThan(0);
    expect(row.p50_ms).toBeLessThanOrEqual(row.p99_ms);
    expect(text).toMatch(/^add_step \| 3 \| INVALID_INPUT 1, NOT_FOUND 1 \| /mu);
    expect(structured.timers).toContainEqual(
      expect.objectContaining({ name: 'queue_wait', labels: { lane: 'memory' }, count: 4 }),
    );
    const names = structured.gauges.map(({ name }: { name: string }) => name);
    for (const name of ['calls_running', 'resident_bytes', 'heap_bytes', 'uptime', 'event_loop_use']) {
      expect(names).toContain(name);
    }
    // The same in the text that a monitor reads.
    expect(prometheusText(await services.metrics.snapshot())).toContain(
      'episodica_tool_calls_total{tool="add_step",outcome="NOT_FOUND"} 1\n',
    );
    expect(text.length).toBeLessThan(4_000);
  });

  test('runs of the sandbox are told by how they ended, and its workers as they are now [MC-08 OB-03]', async () => {
    const services = servicesOver({ openSandbox: async () => openSandbox({ warmWorkers: 1 }) });
    const { call } = await clientOf(services);
    const workers = async (): Promise<unknown> =>
      (await services.metrics.snapshot()).gauges.find(({ name }) => name === 'sandbox_workers')?.value;
    expect(await workers()).toBe(0);
    await call('execute_code', { code: '1' });
    await call('execute_code', { code: 'throw 1' });
    expect(await workers()).toBeGreaterThanOrEqual(1);
    const { timers } = await services.metrics.snapshot();
    const runs = timers.filter(({ name }) => name === 'sandbox_run');
    expect(runs.map(({ labels, count }) => [labels.outcome, count])).toEqual([
      ['THROWN', 1],
      ['ok', 1],
    ]);
    for (const { sumUs } of runs) expect(sumUs).toBeGreaterThan(0);
  });
});

describe('health', () => {
  test('says of each part how it is and where that is known from [OB-02]', async () => {
    const cache = async (): ReturnType<NonNullable<Backend['cache']>> => ({ isOpen: true, detail: 'open' });
    const services = servicesOver({
      openBackend: backendOver(plainMemory(), { cache }),
      openSandbox: async () => openSandbox(),
    });
    const { call } = await clientOf(services);
    const { structured } = await call('health_check');
    expect(structured.status).toBe('ok');
    expect(Math.abs(Date.parse(structured.asked_at) - Date.now())).toBeLessThan(60_000);
    expect(structured.components).toMatchObject([
      { name: 'store', status: 'ok', basis: 'measured', detail: expect.stringMatching(/^read in [\d.]+ ms$/u) },
      { name: 'journal', status: 'ok', basis: 'measured', detail: 'newest entry 7' },
      { name: 'cache', status: 'ok', basis: 'measured' },
      { name: 'learning', status: 'ok', basis: 'measured' },
      { name: 'search', status: 'ok', basis: 'measured' },
      { name: 'queue', status: 'ok', basis: 'measured', detail: expect.stringMatching(/^1 calls running, 0 waiting/u) },
      { name: 'sandbox', status: 'unknown', basis: 'unavailable' },
    ]);
  });

  test('a store that is gone is down, and what is behind it is unknown, not ok [OB-02]', async () => {
    const gone = new MemoryError('STORE_CORRUPT', 'The file is no database.');
    const { call } = await clientOf(servicesOver({ openBackend: () => Promise.reject(gone) }));
    const { structured } = await call('health_check');
    expect(structured.status).toBe('down');
    expect(structured.components).toMatchObject([
      { name: 'store', status: 'down', basis: 'measured', detail: 'STORE_CORRUPT: The file is no database.' },
      ...['journal', 'cache', 'learning', 'search'].map((name) => ({ name, status: 'unknown', basis: 'unavailable' })),
      { name: 'queue', status: 'ok', basis: 'measured' },
    ]);
  });

  test('a store that fails when it is read is down, and the others are asked all the same [OB-02]', async () => {
    const store = faultyStore(inMemoryStore(), [{ verb: 'scan', call: 1, when: 'before' }]);
    const memory: Memory = { ...openMemory({ store }), learnPending: async () => 0, catchUp: async () => {} };
    const { status, components } = await serverHealth(servicesOver({ openBackend: backendOver(memory) }));
    expect(status).toBe('down');
    expect(components[0]).toMatchObject({ name: 'store', status: 'down', basis: 'measured' });
    expect(components[1]).toMatchObject({ name: 'journal', status: 'ok', basis: 'measured' });
  });

  test('a part that hangs is told in time, and the others with it [OB-02]', async () => {
    const services = servicesOver({
      openBackend: backendOver(plainMemory(), {
        journalSeq: never,
        cache: never,
        replica: { sync: never, state: never },
      }),
    });
    const { status, components } = await serverHealth(services, { timeoutMs: 300 });
    expect(status).toBe('degraded');
    const silent = { status: 'degraded', basis: 'unavailable', detail: 'no answer in 0.3 s' };
    expect(components).toMatchObject([
      { name: 'store', status: 'ok' },
      { name: 'replica', ...silent },
      { name: 'journal', ...silent },
      { name: 'cache', ...silent },
      { name: 'learning', status: 'ok' },
      { name: 'search', status: 'ok' },
      { name: 'queue', status: 'ok' },
    ]);
  });

  test('a memory that does not come to be open is told in time as down [OB-02]', async () => {
    let reject = (_reason: Error): void => {};
    const openBackend = (): Promise<Backend> =>
      new Promise((_resolve, fail) => {
        reject = fail;
      });
    const { status, components } = await serverHealth(servicesOver({ openBackend }), { timeoutMs: 20 });
    expect([status, components[0]]).toMatchObject(['down', { name: 'store', status: 'down', basis: 'unavailable' }]);
    reject(new Error('the test is over'));
  });

  test('a part that fails unforeseen is told, logged, and hides no other [OB-02]', async () => {
    const logged: unknown[] = [];
    const services = servicesOver({
      openBackend: backendOver(plainMemory(), { cache: () => Promise.reject(new TypeError('secret detail')) }),
      logger: { ...silentLogger, error: (fields) => logged.push(fields) },
    });
    const { components } = await serverHealth(services);
    const cache = components.find(({ name }) => name === 'cache');
    expect(cache).toMatchObject({
      status: 'degraded',
      basis: 'unavailable',
      detail: expect.stringContaining('the log'),
    });
    expect(JSON.stringify(components)).not.toContain('secret detail');
    expect(logged).toMatchObject([{ component: 'cache', error: expect.any(TypeError) }]);
    expect(components).toHaveLength(6);
  });

  test('an embedder that failed is told as it did last: it is not asked to find out [OB-02]', async () => {
    const embedder = fakeEmbedder({
      before: () => Promise.reject(new MemoryError('EMBEDDER_FAILED', 'The key was refused.')),
    });
    const memory = openMemory({ store: inMemoryStore(), embedder });
    const services = servicesOver({ openBackend: backendOver(memory) });
    await memory.createEpisode({ description: 'Fix the login' });
    await memory.catchUp().catch(() => undefined);
    const asked = embedder.calls.length;
    const { status, components } = await serverHealth(services);
    expect(status).toBe('degraded');
    expect(components.find(({ name }) => name === 'search')).toMatchObject({
      status: 'degraded',
      basis: 'estimated',
      detail: expect.stringContaining('The key was refused.'),
    });
    expect(embedder.calls).toHaveLength(asked);
  });

  test('an embedder elsewhere is unknown until it has answered, and then as it did last [OB-02]', async () => {
    let answer = (): void => {};
    const answering = new Promise<void>((resolve) => {
      answer = resolve;
    });
    const embedder = fakeEmbedder({ isRemote: true, before: () => answering });
    const memory = openMemory({ store: inMemoryStore(), embedder });
    const services = servicesOver({ openBackend: backendOver(memory) });
    const search = async () => (await serverHealth(services)).components.find(({ name }) => name === 'search');
    await memory.createEpisode({ description: 'Fix the login' });
    expect(await search()).toMatchObject({
      status: 'unknown',
      basis: 'unavailable',
      detail: expect.stringContaining('it has not answered in this process yet'),
    });
    answer();
    await memory.catchUp();
    expect(await search()).toMatchObject({ status: 'ok', basis: 'estimated' });
    expect((await search())?.detail).not.toContain('not answered');
  });

  test('a sandbox that ran nothing yet tells no time of it [OB-02]', async () => {
    const services = servicesOver({ openSandbox: async () => openSandbox() });
    await services.sandbox?.get();
    const { components } = await serverHealth(services);
    const sandbox = components.find(({ name }) => name === 'sandbox');
    expect(sandbox).toMatchObject({ status: 'ok', detail: expect.stringMatching(/^loaded; 0 runs, 0 failed/u) });
    expect(sandbox?.detail).not.toContain('p50');
  });

  test('a sandbox that cannot be loaded, or whose workers crash, is degraded until it runs again [OB-02 SB-02]', async () => {
    const openings = [
      () => Promise.reject(new MemoryError('NOT_SUPPORTED', 'There is no WebAssembly here.')),
      async () => openSandbox({ warmWorkers: 1, maxWorkers: 1, workerUrl: DYING_WORKER }),
    ];
    const services = servicesOver({ openSandbox: () => openings.shift()!() });
    const { call } = await clientOf(services);
    const sandbox = async (): Promise<unknown> =>
      (await call('health_check')).structured.components.find(({ name }: { name: string }) => name === 'sandbox');
    expect(await sandbox()).toMatchObject({ status: 'unknown' });
    await call('execute_code', { code: 'a' });
    expect(await sandbox()).toMatchObject({
      status: 'degraded',
      basis: 'estimated',
      detail: expect.stringContaining('There is no WebAssembly here.'),
    });
    await call('execute_code', { code: 'die' });
    expect(await sandbox()).toMatchObject({ status: 'degraded', detail: expect.stringContaining('crashed') });
    await call('execute_code', { code: 'a' });
    expect(await sandbox()).toMatchObject({ status: 'ok', basis: 'measured' });
  });

  test('a full queue is told by whoever may still ask, and so are the calls it refused [OB-02 MC-08]', async () => {
    const waiting: (() => void)[] = [];
    const memory: Memory = {
      ...plainMemory(),
      search: (_query, options) =>
        new Promise((_resolve, reject) => {
          const leave = (): void => reject(new MemoryError('ABORTED', 'The call was cancelled.'));
          waiting.push(leave);
          options?.signal?.addEventListener('abort', leave);
        }),
    };
    const services = servicesOver({ openBackend: backendOver(memory) });
    const { call } = await clientOf(services);
    const calls = Array.from({ length: 400 }, () => call('query_memory', { query: 'login' }));
    const refused = await Promise.race(calls);
    expect(refused).toMatchObject({ isError: true, text: expect.stringMatching(/^QUEUE_FULL: /u) });
    const { structured } = await call('health_check');
    expect(structured.status).toBe('degraded');
    expect(structured.components.find(({ name }: { name: string }) => name === 'queue')).toMatchObject({
      status: 'degraded',
      basis: 'measured',
      detail: expect.stringMatching(/^full: calls of memory are refused now; .* refused since the start$/u),
    });
    let isOver = false;
    const over = Promise.all(calls).then(() => {
      isOver = true;
    });
    while (!isOver) {
      for (const leave of waiting.splice(0)) leave();
      await new Promise((resolve) => setImmediate(resolve));
    }
    await over;
    const { counters, gauges } = await services.metrics.snapshot();
    const busy = (await Promise.all(calls)).filter(({ text }) => text.startsWith('QUEUE_FULL')).length;
    expect(counters).toContainEqual({ name: 'calls_refused', labels: {}, value: busy });
    expect(counters).toContainEqual({
      name: 'tool_calls',
      labels: { tool: 'query_memory', outcome: 'QUEUE_FULL' },
      value: busy,
    });
    expect(gauges).toContainEqual({ name: 'calls_waiting', labels: {}, value: 0 });
    expect((await serverHealth(services)).status).toBe('ok');
  });

  test('who gives up gets no answer in part [OB-02]', async () => {
    const services = servicesOver({ openBackend: backendOver(plainMemory(), { cache: never }) });
    const giveUp = new AbortController();
    const asking = serverHealth(services, { signal: giveUp.signal });
    giveUp.abort();
    await expect(asking).rejects.toMatchObject({ code: 'ABORTED' });
  });
});
