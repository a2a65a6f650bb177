// Patterns and kinds of task as a person asks for them.
import { baselineId, inMemoryStore, openMemory } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { aBaseline, aCluster, anEpisode, anEvidence, aPattern, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';

const scope = (domain: string) => ({ project: 'shop', domain });
const learnt = { at: '2026-11-20T10:00:00.000Z', clustered: 9 };

test('kinds of task come largest first, and what is in none of them is counted for every scope they were looked for in [LE-07]', async () => {
  const store = inMemoryStore();
  const small = aCluster({ scope: scope('auth'), size: 2, ended: 2 });
  const large = aCluster({ scope: scope('auth'), size: 6, ended: 5 });
  const other = aCluster({ scope: scope('billing'), size: 3, ended: 3 });
  await store.write([
    ...[small, large, other].map((value) => put('cluster', value)),
    put('baseline', aBaseline({ id: baselineId(scope('auth')), scope: scope('auth'), episodes: 9, learnt })),
    put('baseline', aBaseline({ id: baselineId(scope('billing')), scope: scope('billing'), episodes: 3, learnt })),
    // Nobody has looked for kinds here yet: to call all of it alone would be untrue.
    put('baseline', aBaseline({ id: baselineId(scope('new')), scope: scope('new'), episodes: 40 })),
  ]);
  const memory = openMemory({ store, embedder: 'none' });
  const all = await memory.listClusters();
  expect(all.clusters.map(({ id }) => id)).toEqual([large.id, other.id, small.id]);
  expect(new Map(all.scopes.map(({ scope: { domain }, ended, inNone }) => [domain, [ended, inNone]]))).toEqual(
    new Map([
      ['auth', [9, 2]],
      ['billing', [3, 0]],
    ]),
  );
  const some = await memory.listClusters({ visibleTo: { project: 'shop' }, domain: 'billing' });
  expect(some).toEqual({ clusters: [other], scopes: [{ scope: scope('billing'), ended: 3, inNone: 0 }] });
  expect(await memory.listClusters({ project: 'elsewhere' })).toEqual({ clusters: [], scopes: [] });
  await memory.close();
});

test('one pattern is had by its id whatever its standing, with what speaks for and against it [LE-06] [LE-09]', async () => {
  const store = inMemoryStore();
  const pattern = aPattern({ scope: scope('auth'), support: 2, successes: 1, standing: 'faded' });
  const episodes = [anEpisode(), anEpisode()];
  const evidence = episodes.map(({ id }, index) =>
    anEvidence({ patternId: pattern.id, episodeId: id, isSuccess: index === 0 }),
  );
  await store.write([
    ...episodes.map((value) => put('episode', value)),
    put('pattern', pattern),
    put('baseline', aBaseline({ id: baselineId(scope('auth')), scope: scope('auth'), episodes: 10, successes: 4 })),
    ...evidence.map((value) => put('evidence', value)),
  ]);
  const memory = openMemory({ store, embedder: 'none' });
  expect(await memory.getPattern(pattern.id)).toMatchObject({
    pattern,
    figures: { successRate: 0.5, baseRate: 0.4 },
    evidence: [evidence[0]?.episodeId],
    against: [evidence[1]?.episodeId],
  });
  expect(await memory.getPattern('00000000-0000-8000-8000-000000000000')).toBeUndefined();
  await memory.close();
});

test('patterns are found by the beginning of their ids [CL-01]', async () => {
  const store = inMemoryStore();
  const ids = ['11111111-0000-8000-8000-000000000001', '11111111-0000-8000-8000-000000000002', '2'.repeat(8)];
  await store.write([
    ...ids.map((id) => put('pattern', aPattern({ id, scope: scope('auth') }))),
    put('baseline', aBaseline({ id: baselineId(scope('auth')), scope: scope('auth') })),
  ]);
  const memory = openMemory({ store, embedder: 'none' });
  const found = await memory.listPatterns({ idPrefix: '1111' });
  expect(found.map(({ pattern }) => pattern.id).sort()).toEqual(ids.slice(0, 2));
  await memory.close();
});

test('a listing of many patterns asks for the evidence of a few at once [LE-06]', async () => {
  const inner = inMemoryStore();
  await inner.write([
    ...Array.from({ length: 100 }, () => put('pattern', aPattern({ scope: scope('auth') }))),
    put('baseline', aBaseline({ id: baselineId(scope('auth')), scope: scope('auth') })),
  ]);
  const { store, most } = countingScans(inner);
  const memory = openMemory({ store, embedder: 'none' });
  expect(await memory.listPatterns()).toHaveLength(100);
  expect(most()).toBeGreaterThan(1);
  expect(most()).toBeLessThanOrEqual(8);
  await memory.close();
});

/** A store that knows how many scans for evidence were under way at once. */
function countingScans(inner: MemoryStore): { readonly store: MemoryStore; readonly most: () => number } {
  let underWay = 0;
  let most = 0;
  const scan: MemoryStore['scan'] = async function* (kind, filter, options) {
    if (kind === 'evidence') underWay += 1;
    most = Math.max(most, underWay);
    try {
      // As a store that has to ask somebody else.
      await new Promise(setImmediate);
      yield* inner.scan(kind, filter, options);
    } finally {
      if (kind === 'evidence') underWay -= 1;
    }
  };
  return { store: { ...inner, scan }, most: () => most };
}
