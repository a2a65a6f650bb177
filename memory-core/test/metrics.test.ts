import { inMemoryCache, inMemoryStore, MemoryError, openMemory } from '@episodica/memory-core';
import {
  COUNTERS,
  type CounterName,
  GAUGES,
  type MetricsRegistry,
  type MetricsSnapshot,
  measuredCache,
  measuredEmbedder,
  measuredMemory,
  measuredStore,
  mergedSnapshots,
  metricsRegistry,
  prometheusText,
  QUANTILE_ERROR,
  quantileMs,
  TIMERS,
} from '@episodica/memory-core/metrics';
import { type MemoryStore, NO_METRICS } from '@episodica/memory-core/ports';
import {
  anEpisode,
  aPattern,
  cacheSuite,
  fakeEmbedder,
  faultyStore,
  type PrometheusFamily,
  put,
  readPrometheus,
  storeSuite,
} from '@episodica/test-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

storeSuite({ name: 'measured', open: async () => measuredStore(inMemoryStore(), metricsRegistry()) });
cacheSuite({ name: 'measured', open: async () => measuredCache(inMemoryCache(), metricsRegistry()) });

const durationsMs = fc.array(fc.double({ min: 0.01, max: 600_000, noNaN: true }), { minLength: 1, maxLength: 200 });

/** Records of one process: durations by tool. */
const records = fc.array(
  fc.record({ tool: fc.constantFrom('a', 'b', 'c'), ms: fc.double({ min: 0, max: 1e6, noNaN: true }) }),
  { maxLength: 50 },
);
type Records = readonly { readonly tool: string; readonly ms: number }[];

function told(metrics: MetricsRegistry, calls: Records): MetricsRegistry {
  for (const { tool, ms } of calls) {
    metrics.time('tool_call', { tool }, ms);
    metrics.count('tool_calls', { tool, outcome: ms > 1_000 ? 'STORE_UNAVAILABLE' : 'ok' });
  }
  metrics.gauge('resident_bytes', () => calls.length);
  metrics.gauge('journal_seq', () => calls.length);
  return metrics;
}

const snapshotOf = (...calls: readonly Records[]): Promise<MetricsSnapshot> =>
  told(metricsRegistry(), calls.flat()).snapshot();

describe('percentiles', () => {
  test('are wrong by no more than they say, over all durations that there are [MC-08 OB-03]', async () => {
    expect(QUANTILE_ERROR).toBeLessThan(0.1);
    await fc.assert(
      fc.asyncProperty(durationsMs, fc.constantFrom(0.5, 0.95, 0.99, 1), async (durations, share) => {
        const metrics = metricsRegistry();
        for (const ms of durations) metrics.time('queue_wait', { lane: 'memory' }, ms);
        const [timer] = (await metrics.snapshot()).timers;
        const sorted = [...durations].sort((a, b) => a - b);
        const exact = sorted[Math.ceil(share * sorted.length) - 1]!;
        // Durations are kept to the microsecond.
        expect(Math.abs(quantileMs(timer!, share) - exact)).toBeLessThanOrEqual(exact * QUANTILE_ERROR + 0.001);
      }),
    );
  });

  test('of nothing are nothing, and what is no duration is not counted [OB-03]', async () => {
    const metrics = metricsRegistry();
    for (const ms of [Number.NaN, Number.POSITIVE_INFINITY]) metrics.time('tool_call', { tool: 'a' }, ms);
    const [timer] = (await metrics.snapshot()).timers;
    expect(timer).toMatchObject({ count: 0, sumUs: 0 });
    expect(quantileMs(timer!, 0.5)).toBe(0);
    metrics.time('tool_call', { tool: 'a' }, -5);
    metrics.time('tool_call', { tool: 'a' }, 5_000_000);
    const [later] = (await metrics.snapshot()).timers;
    expect(later).toMatchObject({ count: 2, maxUs: 5_000_000_000 });
    expect([quantileMs(later!, 0.5), quantileMs(later!, 0.99)]).toEqual([0.01, 5_000_000]);
  });
});

describe('snapshots', () => {
  test('are added in any order, kept as JSON, and then tell what one process would have counted [MC-08 OB-03]', async () => {
    await fc.assert(
      fc.asyncProperty(records, records, records, async (first, second, third) => {
        const [a, b, c] = await Promise.all([snapshotOf(first), snapshotOf(second), snapshotOf(third)]);
        const all = mergedSnapshots(mergedSnapshots(a, b), c);
        expect(mergedSnapshots(c, mergedSnapshots(b, a))).toEqual(all);
        expect(JSON.parse(JSON.stringify(all))).toEqual(all);
        const one = await snapshotOf(first, second, third);
        expect(all.counters).toEqual(one.counters);
        const spread = ({ timers }: MetricsSnapshot): unknown => timers.map(({ sumUs: _sum, ...others }) => others);
        expect(spread(all)).toEqual(spread(one));
        for (const [index, { sumUs }] of all.timers.entries()) {
          expect(Math.abs(sumUs - one.timers[index]!.sumUs)).toBeLessThanOrEqual(3);
        }
        expect(all.gauges).toEqual([
          { name: 'journal_seq', labels: {}, value: Math.max(first.length, second.length, third.length) },
          { name: 'resident_bytes', labels: {}, value: first.length + second.length + third.length },
        ]);
      }),
    );
  });

  test('of another form are refused [OB-03]', async () => {
    const own = await snapshotOf();
    // What was kept by another version is no snapshot of this one; it is handed in all the same.
    const kept = { ...own, version: 2 } as unknown as MetricsSnapshot;
    expect(() => mergedSnapshots(own, kept)).toThrow(expect.objectContaining({ code: 'NOT_SUPPORTED' }));
  });

  test('have as many series of a figure as there may be, and say what went into the rest [MC-08]', async () => {
    const metrics = metricsRegistry();
    for (let index = 0; index < 1_000; index += 1) {
      metrics.count('http_requests', { route: `/${'x'.repeat(index)}`, status: String(index) });
    }
    const { counters } = await metrics.snapshot();
    const requests = counters.filter(({ name }) => name === 'http_requests');
    expect(requests).toHaveLength(251);
    expect(requests.reduce((sum, { value }) => sum + value, 0)).toBe(1_000);
    expect(requests.find(({ labels }) => labels.route === 'other')).toMatchObject({
      labels: { status: 'other' },
      value: 750,
    });
    expect(Math.max(...requests.map(({ labels: { route = '' } }) => route.length))).toBe(64);
    expect(counters.find(({ name }) => name === 'records_folded')).toMatchObject({
      labels: { figure: 'http_requests' },
      value: 750,
    });
  });

  test('leave a gauge out that cannot be read or is not read in time [OB-02 OB-03]', async () => {
    const metrics = metricsRegistry({ gaugeTimeoutMs: 20 });
    metrics.gauge('journal_seq', () => Promise.reject(new Error('gone')));
    metrics.gauge('store_bytes', () => {
      throw new Error('gone');
    });
    metrics.gauge('uptime', () => new Promise(() => {}));
    metrics.gauge('heap_bytes', () => undefined);
    metrics.gauge('cache_bytes', () => [
      { labels: { layer: 'file' }, value: 7 },
      { labels: { layer: 'memory' }, value: Number.NaN },
    ]);
    expect((await metrics.snapshot()).gauges).toEqual([{ name: 'cache_bytes', labels: { layer: 'file' }, value: 7 }]);
  });
});

describe('the text of Prometheus', () => {
  test('reads as the format has it, figure by figure [OB-03]', async () => {
    const metrics = metricsRegistry();
    metrics.count('tool_calls', { tool: 'say "hi"\\\n', outcome: 'ok' }, 3);
    metrics.time('queue_wait', { lane: 'memory' }, 0.6);
    metrics.time('queue_wait', { lane: 'memory' }, 1_000);
    metrics.gauge('uptime', () => 1_500);
    metrics.gauge('resident_bytes', () => 64);
    const bucket = (le: string, count: number): string =>
      `episodica_queue_wait_seconds_bucket{lane="memory",le="${le}"} ${count}`;
    const bounds = ['0.00001', '0.00004', '0.00016', '0.00064', '0.00256', '0.01024', '0.04096', '0.16384', '0.65536'];
    expect(prometheusText(await metrics.snapshot())).toBe(
      [
        '# HELP episodica_tool_calls_total Calls of tools that ended.',
        '# TYPE episodica_tool_calls_total counter',
        'episodica_tool_calls_total{tool="say \\"hi\\"\\\\\\n",outcome="ok"} 3',
        '# HELP episodica_resident_bytes Memory of the process.',
        '# TYPE episodica_resident_bytes gauge',
        'episodica_resident_bytes 64',
        '# HELP episodica_uptime_seconds Since the process was started.',
        '# TYPE episodica_uptime_seconds gauge',
        'episodica_uptime_seconds 1.5',
        '# HELP episodica_queue_wait_seconds How long calls waited for their turn.',
        '# TYPE episodica_queue_wait_seconds histogram',
        ...bounds.map((le, index) => bucket(le, index < 3 ? 0 : 1)),
        ...['2.62144', '10.48576', '41.94304', '167.77216', '671.08864', '+Inf'].map((le) => bucket(le, 2)),
        'episodica_queue_wait_seconds_sum{lane="memory"} 1.0006',
        'episodica_queue_wait_seconds_count{lane="memory"} 2',
        '',
      ].join('\n'),
    );
  });

  test('keeps the rules of the format whatever was counted [OB-03]', async () => {
    const label = fc.string({ unit: 'binary', maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(fc.tuple(label, fc.double({ min: 0, max: 1e7, noNaN: true }))), async (calls) => {
        const metrics = metricsRegistry();
        for (const [text, ms] of calls) {
          metrics.time('tool_call', { tool: text }, ms);
          metrics.count('tool_calls', { tool: text, outcome: text });
        }
        const families = readPrometheus(prometheusText(await metrics.snapshot()));
        expect(sumOf(families.get('episodica_tool_calls_total'))).toBe(calls.length);
        const counts = families
          .get('episodica_tool_call_seconds')
          ?.samples.filter(({ name }) => name.endsWith('_count'));
        expect((counts ?? []).reduce((sum, { value }) => sum + value, 0)).toBe(calls.length);
      }),
    );
  });
});

test('the catalogue names every figure once, in names that everybody takes [OB-03]', async () => {
  const names = [COUNTERS, TIMERS, GAUGES].flatMap(Object.keys);
  expect(new Set(names).size).toBe(names.length);
  const labels = [COUNTERS, TIMERS, GAUGES].flatMap((table) => Object.values(table).flatMap((figure) => figure.labels));
  for (const name of [...names, ...labels]) expect(name).toMatch(/^[a-z]+(?:_[a-z]+)*$/u);
  // A name that is not in it is kept nowhere.
  const metrics = metricsRegistry();
  metrics.count('no_such_figure' as CounterName);
  expect((await metrics.snapshot()).counters).toEqual([]);
});

describe('measured ports', () => {
  test('a store keeps what it can and what it cannot do [OB-03]', () => {
    const whole = inMemoryStore();
    const { text: _text, dated: _dated, ...plain } = whole;
    const { match: _match, ...dated } = whole.dated!;
    expect(Object.keys(measuredStore(whole, NO_METRICS)).sort()).toEqual(Object.keys(whole).sort());
    expect(Object.keys(measuredStore(plain, NO_METRICS)).sort()).toEqual(Object.keys(plain).sort());
    expect(Object.keys(measuredStore({ ...plain, dated }, NO_METRICS).dated!)).toEqual(['getMany']);
    expect(measuredStore(whole, NO_METRICS).name).toBe(whole.name);
  });

  test('a store tells what it took and with what it failed, under the names of its operations [MC-08 OB-03]', async () => {
    const metrics = metricsRegistry();
    const store: MemoryStore = measuredStore(
      faultyStore(inMemoryStore(), [
        { verb: 'write', call: 2, when: 'before' },
        { verb: 'scan', call: 3, when: 'during' },
      ]),
      metrics,
    );
    await store.write([put('episode', anEpisode()), put('episode', anEpisode())]);
    await expect(store.write([put('episode', anEpisode())])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await store.getMany('episode', []);
    await store.dated?.getMany({ kind: 'episode', ids: [], since: 0, limit: 1 });
    for await (const _all of store.scan('episode', {}));
    for await (const _first of store.scan('episode', {})) break;
    await expect(async () => {
      for await (const _broken of store.scan('episode', {}));
    }).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    const { timers, counters } = await metrics.snapshot();
    expect(timers.map(({ name, labels, count }) => [name, labels.operation, count])).toEqual([
      ['store_operation', 'get_many', 2],
      ['store_operation', 'scan', 3],
      ['store_operation', 'write', 2],
    ]);
    expect(counters).toEqual([
      { name: 'store_failures', labels: { operation: 'scan', code: 'STORE_UNAVAILABLE' }, value: 1 },
      { name: 'store_failures', labels: { operation: 'write', code: 'STORE_UNAVAILABLE' }, value: 1 },
    ]);
  });

  test('a scan that is left early lets go of what it holds [OB-03]', async () => {
    let isLetGo = false;
    const store: MemoryStore = {
      ...inMemoryStore(),
      // Every kind is scanned alike here, and nobody looks at what comes.
      async *scan() {
        try {
          for (;;) yield anEpisode() as never;
        } finally {
          isLetGo = true;
        }
      },
    };
    for await (const _first of measuredStore(store, metricsRegistry()).scan('episode', {})) break;
    expect(isLetGo).toBe(true);
  });

  test('a cache tells hits and misses, and with what it failed [MC-08 OB-03]', async () => {
    const metrics = metricsRegistry();
    const cache = measuredCache(inMemoryCache(), metrics);
    const known = anEpisode();
    await cache.set('episode', [known], { seq: 0, stamp: '' });
    await cache.get('episode', [known.id, anEpisode().id]);
    await cache.getBlock('none');
    await cache.close();
    await expect(cache.get('episode', [known.id])).rejects.toMatchObject({ code: 'CLOSED' });
    expect((await metrics.snapshot()).counters).toEqual([
      { name: 'cache_failures', labels: { operation: 'get' }, value: 1 },
      { name: 'cache_reads', labels: { result: 'hit' }, value: 1 },
      { name: 'cache_reads', labels: { result: 'miss' }, value: 2 },
    ]);
  });

  test('a memory tells each verb, with what it failed, and what came of episodes and questions [OB-03]', async () => {
    const metrics = metricsRegistry();
    const plain = openMemory({ store: measuredStore(inMemoryStore(), metrics), embedder: 'none' });
    const memory = measuredMemory(plain, metrics);
    expect(Object.keys(memory).sort()).toEqual(Object.keys(plain).sort());
    const { episode } = await memory.createEpisode({ description: 'Fix the login redirect' });
    await memory.createEpisodes([{ description: 'Mend the parser' }, { description: 'Mend the printer' }]);
    const step = { tool: 'bash', action: 'npm test', result: { type: 'success', output: 'ok' } } as const;
    await memory.addSteps(episode.id, [step, step]);
    await memory.addStep(episode.id, step);
    await memory.completeEpisode(episode.id, { kind: 'failure', reason: 'no' });
    await expect(memory.completeEpisode(episode.id, { kind: 'abstained' })).rejects.toMatchObject({
      code: 'INVALID_STATE',
    });
    await memory.search({ text: 'login redirect' });
    await memory.search({ text: 'xylophone' });
    for await (const _first of memory.listEpisodes()) break;
    const { counters, timers } = metrics.counted();
    const told = counters.map(({ name, labels, value }) => [name, ...Object.values(labels), value].join(' '));
    expect(told).toEqual(
      expect.arrayContaining([
        'episodes_created 3',
        'steps_added 3',
        'episodes_completed failure 1',
        'searches found 1',
        'searches nothing 1',
        'verb_failures complete_episode INVALID_STATE 1',
      ]),
    );
    const verbs = timers.filter(({ name }) => name === 'verb').map(({ labels, count }) => [labels.verb, count]);
    expect(verbs).toEqual([
      ['add_step', 1],
      ['add_steps', 1],
      ['complete_episode', 2],
      ['create_episode', 1],
      ['create_episodes', 1],
      ['list_episodes', 1],
      ['search', 2],
    ]);
    await memory.close();
  });

  test('a store tells the patterns that were stored, by how they stand, and none that were refused [OB-03]', async () => {
    const metrics = metricsRegistry();
    const store = measuredStore(inMemoryStore(), metrics);
    const pattern = aPattern({ standing: 'confirmed' });
    await store.write([put('pattern', pattern), put('pattern', aPattern({ standing: 'candidate' }))]);
    await expect(store.write([{ ...put('pattern', pattern), ifVersion: 77 }])).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    const written = metrics.counted().counters.filter(({ name }) => name === 'patterns_written');
    expect(written.map(({ labels, value }) => [labels.standing, value])).toEqual([
      ['candidate', 1],
      ['confirmed', 1],
    ]);
  });

  test('an embedder is told under its provider, and answers as it is [MC-08 OB-03]', async () => {
    const metrics = metricsRegistry();
    const failure = new MemoryError('EMBEDDER_FAILED', 'The key was refused.');
    const plain = fakeEmbedder({
      model: 'openai/small',
      before: (texts) => (texts.includes('bad') ? Promise.reject(failure) : undefined),
    });
    const embedder = measuredEmbedder(plain, metrics);
    const { calls: _calls, embed: _embed, ...shape } = plain;
    expect(embedder).toMatchObject(shape);
    const query = { purpose: 'query' } as const;
    expect(await embedder.embed(['a', 'b'], query)).toEqual(await plain.embed(['a', 'b'], query));
    await expect(embedder.embed(['bad'], query)).rejects.toBe(failure);
    const { counters, timers } = await metrics.snapshot();
    expect(counters).toEqual([
      { name: 'embedded_texts', labels: { provider: 'openai' }, value: 2 },
      { name: 'embedding_failures', labels: { provider: 'openai', code: 'EMBEDDER_FAILED' }, value: 1 },
    ]);
    expect(timers).toMatchObject([{ name: 'embedding', labels: { provider: 'openai' }, count: 2 }]);
  });
});

function sumOf(family: PrometheusFamily | undefined): number {
  return family?.samples.reduce((sum, { value }) => sum + value, 0) ?? 0;
}
