import { cachedStore, inMemoryCache, inMemoryStore, layeredCache, MemoryError, START } from '@episodica/memory-core';
import type { Kind, Logger, MemoryStore } from '@episodica/memory-core/ports';
import {
  aBaseline,
  anEpisode,
  anEvidence,
  aPattern,
  aStep,
  aTombstone,
  CACHE_FAULTS,
  type CacheFault,
  cacheSuite,
  faultyStore,
  lossyCache,
  put,
  remove,
  turns,
} from '@episodica/test-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';

cacheSuite({ name: 'in memory', open: async () => inMemoryCache() });

test('the in-memory cache forgets what was not read for longest [CA-01]', async () => {
  const cache = inMemoryCache({ maxEntries: 2 });
  const [first, second, third] = [aBaseline(), aBaseline(), aBaseline()];
  await cache.set('baseline', [first, second], START);
  await cache.get('baseline', [first.id]);
  await cache.set('baseline', [third], START);
  const read = await cache.get('baseline', [first.id, second.id, third.id]);
  expect(read?.values).toEqual([first, undefined, third]);
});

test('the in-memory cache is bounded by bytes, and one large thing does not drive out the rest [CA-06]', async () => {
  const cache = inMemoryCache({ maxSizeBytes: 80_000 });
  const small = aBaseline();
  await cache.set('baseline', [small], START);
  await cache.setBlock('large', { mark: '', bytes: new Uint8Array(20_000) });
  expect(await cache.getBlock('large')).toBeUndefined();
  expect((await cache.get('baseline', [small.id]))?.values).toEqual([small]);
  for (let index = 0; index < 10; index += 1) {
    await cache.setBlock(`block ${index}`, { mark: '', bytes: new Uint8Array(9_000) });
  }
  expect(await cache.getBlock('block 0')).toBeUndefined();
  expect((await cache.getBlock('block 9'))?.bytes).toHaveLength(9_000);
  expect((await cache.get('baseline', [small.id]))?.values).toEqual([undefined]);
});

cacheSuite({ name: 'layered', open: async () => layeredCache(inMemoryCache(), inMemoryCache()) });

/** The law holds for a store that dates its answers, and for one that does not. */
const FORMS: readonly { readonly form: string; inForm(store: MemoryStore): MemoryStore }[] = [
  { form: 'dated', inForm: (store) => store },
  { form: 'undated', inForm: ({ dated: _dated, ...store }) => store },
];
/** And also for one whose dated answers are too large for one, so that they end in the middle. */
const ALL_FORMS: typeof FORMS = [...FORMS, { form: 'dated in part', inForm: cutShort }];

function cutShort(store: MemoryStore): MemoryStore {
  const { dated } = store;
  if (dated === undefined) return store;
  return {
    ...store,
    dated: {
      ...dated,
      async getMany(asked, call) {
        const { answer, ...others } = await dated.getMany(asked, call);
        return { ...others, answer: answer.slice(0, Math.ceil(answer.length / 2)) };
      },
    },
  };
}

/** `store`, saying which ids of which kind were read from it. */
function watched(store: MemoryStore): { readonly store: MemoryStore; readonly reads: string[] } {
  const reads: string[] = [];
  const note = (kind: Kind, ids: readonly string[]): number => reads.push(...ids.map((id) => `${kind} ${id}`));
  const { dated } = store;
  return {
    reads,
    store: {
      ...store,
      getMany(kind, ids, call) {
        note(kind, ids);
        return store.getMany(kind, ids, call);
      },
      ...(dated && {
        dated: {
          ...dated,
          getMany(asked, call) {
            note(asked.kind, asked.ids);
            return dated.getMany(asked, call);
          },
        },
      }),
    },
  };
}

function collecting(): { readonly logger: Logger; readonly lines: string[] } {
  const lines: string[] = [];
  const at = (level: string) => (_: object, message: string) => lines.push(`${level}: ${message}`);
  return { lines, logger: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') } };
}

describe.each(FORMS)('cachedStore over a store whose answers are $form', ({ inForm }) => {
  test('a second read of the same ids leaves the store alone [CA-01]', async () => {
    const { store, reads } = watched(inForm(inMemoryStore()));
    const cached = cachedStore(store, inMemoryCache());
    const [first, second] = [aPattern(), aPattern()];
    await cached.write([put('pattern', first), put('pattern', second)]);
    expect(await cached.getMany('pattern', [first.id])).toEqual([first]);
    expect(await cached.getMany('pattern', [first.id, aPattern().id, second.id, first.id])).toEqual([
      first,
      undefined,
      second,
      first,
    ]);
    expect(await cached.getMany('pattern', [second.id, first.id])).toEqual([second, first]);
    expect(reads.filter((read) => read.endsWith(first.id))).toHaveLength(1);
    expect(reads.filter((read) => read.endsWith(second.id))).toHaveLength(1);
  });

  test('a write by another process is seen by the next read, and only what it changed is read anew [CA-02]', async () => {
    const { store, reads } = watched(inForm(inMemoryStore()));
    const cached = cachedStore(store, inMemoryCache());
    const [kept, changed] = [aBaseline(), aBaseline()];
    await store.write([put('baseline', kept), put('baseline', changed)]);
    await cached.getMany('baseline', [kept.id, changed.id]);
    const newer = { ...changed, version: 2 };
    await store.write([put('baseline', newer)]);
    reads.length = 0;
    expect(await cached.getMany('baseline', [kept.id, changed.id])).toEqual([kept, newer]);
    expect(reads).toEqual([`baseline ${changed.id}`]);
    await store.write([remove('baseline', changed.id)]);
    expect(await cached.getMany('baseline', [kept.id, changed.id])).toEqual([kept, undefined]);
  });

  test('deleting an episode takes its steps and evidence out of every later read [CA-02]', async () => {
    const cached = cachedStore(inForm(inMemoryStore()), inMemoryCache());
    const episode = anEpisode();
    const step = aStep({ episodeId: episode.id });
    const evidence = anEvidence({ episodeId: episode.id });
    await cached.write([put('episode', episode), put('step', step), put('evidence', evidence)]);
    const readAll = async (): Promise<readonly unknown[]> => [
      ...(await cached.getMany('episode', [episode.id])),
      ...(await cached.getMany('step', [step.id])),
      ...(await cached.getMany('evidence', [evidence.id])),
    ];
    expect(await readAll()).toEqual([episode, { ...step, number: 1 }, evidence]);
    await cached.write([remove('episode', episode.id)]);
    expect(await readAll()).toEqual([undefined, undefined, undefined]);
  });

  test('after more changes than it looks through, nothing of the cache is used, and it fills again [CA-02]', async () => {
    const { store, reads } = watched(inForm(inMemoryStore()));
    const cached = cachedStore(store, inMemoryCache());
    const held = aBaseline();
    await store.write([put('baseline', held)]);
    await cached.getMany('baseline', [held.id]);
    const newer = { ...held, version: 2 };
    await store.write([...flood(), put('baseline', newer)]);
    expect(await cached.getMany('baseline', [held.id])).toEqual([newer]);
    reads.length = 0;
    expect(await cached.getMany('baseline', [held.id])).toEqual([newer]);
    expect(reads).toEqual([]);
  });

  test('a cache that is ahead of its store is emptied: the store was put back to an older state [CA-02]', async () => {
    const cache = inMemoryCache();
    const held = aBaseline();
    const before = inForm(inMemoryStore());
    await before.write([put('baseline', held), put('baseline', aBaseline()), put('baseline', aBaseline())]);
    expect(await cachedStore(before, cache).getMany('baseline', [held.id])).toEqual([held]);
    const restored = inForm(inMemoryStore());
    const other = { ...held, episodes: 77 };
    await restored.write([put('baseline', other)]);
    expect(await cachedStore(restored, cache).getMany('baseline', [held.id])).toEqual([other]);
    expect(await cache.get('baseline', [held.id])).toMatchObject({ at: { seq: 1 }, values: [other] });
  });

  test('a cache that always throws costs one warning and no answer [CA-02]', async () => {
    const { logger, lines } = collecting();
    const cached = cachedStore(inForm(inMemoryStore()), lossyCache(inMemoryCache(), ['throw']), { logger });
    const held = aBaseline();
    await cached.write([put('baseline', held)]);
    for (let read = 0; read < 3; read += 1) expect(await cached.getMany('baseline', [held.id])).toEqual([held]);
    expect(lines.filter((line) => line.startsWith('warn'))).toHaveLength(1);
    expect(lines.length).toBeGreaterThan(1);
  });

  test('an error of the store reaches the caller, whichever call of a read it is [CA-02]', async () => {
    const held = aBaseline();
    for (const verb of ['changes', 'getMany'] as const) {
      const store = inForm(inMemoryStore());
      await store.write([put('baseline', held)]);
      const cache = inMemoryCache();
      // What is at hand is asked about, what is not is asked for.
      if (verb === 'changes') await cachedStore(store, cache).getMany('baseline', [held.id]);
      const cached = cachedStore(faultyStore(store, [{ verb, call: 1, when: 'before' }]), cache);
      await expect(cached.getMany('baseline', [held.id])).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
      expect(await cached.getMany('baseline', [held.id])).toEqual([held]);
    }
  });

  test('a read that was given up is ABORTED although the cache could answer it [CA-02]', async () => {
    const cached = cachedStore(inForm(inMemoryStore()), inMemoryCache());
    const held = aBaseline();
    await cached.write([put('baseline', held)]);
    await cached.getMany('baseline', [held.id]);
    const call = { signal: AbortSignal.abort() };
    await expect(cached.getMany('baseline', [held.id], call)).rejects.toMatchObject({ code: 'ABORTED' });
  });

  test('it has a text index exactly when its store has one [CA-01]', () => {
    const store = inForm(inMemoryStore());
    const { text, ...without } = store;
    expect(text).toBeDefined();
    expect(cachedStore(store, inMemoryCache()).text).toBeDefined();
    expect('text' in cachedStore(without, inMemoryCache())).toBe(false);
  });

  test('closing closes both, also when the store or the cache fails at it [CA-01]', async () => {
    const cache = inMemoryCache();
    const store = inForm(inMemoryStore());
    const failure = new MemoryError('STORE_FAILED', 'The disk is gone; bring it back.');
    const cached = cachedStore({ ...store, close: () => Promise.reject(failure) }, cache);
    await expect(cached.close()).rejects.toBe(failure);
    await expect(cache.get('baseline', [])).rejects.toMatchObject({ code: 'CLOSED' });

    const other = cachedStore(store, { ...inMemoryCache(), close: () => Promise.reject(failure) });
    await other.close();
    await expect(other.getMany('baseline', [aBaseline().id])).rejects.toMatchObject({ code: 'CLOSED' });
  });
});

/** More changes than a cached read looks through. */
function flood(): ReturnType<typeof put<'tombstone'>>[] {
  const tombstone = aTombstone();
  return Array.from({ length: 1_001 }, () => put('tombstone', tombstone));
}

// The law of CA-02: two cached stores over one store, sharing one cache that loses, delays and fails, answer like the
// bare store. What overlaps with a read may or may not be in its answer; nothing else is left to chance.

const KEYS = ['a', 'b', 'c'].map((name) => `00000000-0000-7000-8000-00000000000${name}`);

type Action =
  | { readonly do: 'read'; readonly side: number; readonly keys: readonly number[] }
  | { readonly do: 'put' | 'delete'; readonly side: number; readonly key: number }
  | { readonly do: 'flood' | 'turn' | 'settle'; readonly side: number };

const aSide = fc.nat(1);
const aKey = fc.nat(KEYS.length - 1);
const anAction: fc.Arbitrary<Action> = fc.oneof(
  {
    weight: 8,
    arbitrary: fc.record({ do: fc.constant('read' as const), side: aSide, keys: fc.array(aKey, { maxLength: 4 }) }),
  },
  {
    weight: 5,
    arbitrary: fc.record({ do: fc.constantFrom('put' as const, 'delete' as const), side: aSide, key: aKey }),
  },
  { weight: 6, arbitrary: fc.record({ do: fc.constantFrom('turn' as const, 'settle' as const), side: aSide }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('flood' as const), side: aSide }) },
);
const aPlan = fc.array(fc.constantFrom<CacheFault>(...CACHE_FAULTS), { maxLength: 12 });
const lags = fc.array(fc.nat(2), { maxLength: 12 });

/** `store`, taking some turns of the event loop before and after each read. */
function laggingStore(store: MemoryStore, lagTurns: readonly number[]): MemoryStore {
  let call = 0;
  const { dated } = store;
  const lag = (): Promise<void> => turns(lagTurns[call++ % lagTurns.length] ?? 0);
  async function between<T>(work: () => Promise<T>): Promise<T> {
    await lag();
    const result = await work();
    await lag();
    return result;
  }
  return {
    ...store,
    getMany: (kind, ids, options) => between(() => store.getMany(kind, ids, options)),
    changes: (since, options) => between(() => store.changes(since, options)),
    ...(dated && { dated: { ...dated, getMany: (asked, options) => between(() => dated.getMany(asked, options)) } }),
  };
}

/** Every version that a key had, and the sequence number from which it had it. */
class History {
  readonly entries: { readonly key: number; readonly version: number | undefined; readonly seq: number }[] = [];

  /** What `key` held at some moment between the two sequence numbers. */
  between(key: number, from: number, to: number): Set<number | undefined> {
    const ofKey = this.entries.filter((entry) => entry.key === key && entry.seq <= to).sort((a, b) => a.seq - b.seq);
    const before = ofKey.filter(({ seq }) => seq <= from).at(-1)?.version;
    return new Set([before, ...ofKey.filter(({ seq }) => seq > from).map(({ version }) => version)]);
  }
}

test.each(ALL_FORMS)(
  'whatever the cache loses, delays or fails, reads answer like the bare $form store [CA-02]',
  async ({ inForm }) => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(anAction, { minLength: 5, maxLength: 60 }),
        fc.tuple(aPlan, aPlan),
        fc.tuple(lags, lags),
        (...play) => playAndCompare(inForm(inMemoryStore()), ...play),
      ),
      { numRuns: 300 },
    );
  },
);

async function playAndCompare(
  bare: MemoryStore,
  actions: readonly Action[],
  plans: readonly (readonly CacheFault[])[],
  lagTurns: readonly (readonly number[])[],
): Promise<void> {
  const shared = inMemoryCache();
  const sides = [0, 1].map((side) =>
    cachedStore(laggingStore(bare, lagTurns[side]!), lossyCache(shared, plans[side]!)),
  );
  const history = new History();
  const checks: (() => void)[] = [];
  const kind: Kind = 'baseline';
  let version = 0;
  let committed = 0;
  let pending: Promise<void>[] = [];

  async function read(side: number, keys: readonly number[]): Promise<void> {
    const from = committed;
    const values = await sides[side]!.getMany(
      kind,
      keys.map((key) => KEYS[key]!),
    );
    const to = committed;
    checks.push(() => {
      keys.forEach((key, index) => {
        expect([...history.between(key, from, to)]).toContain(values[index]?.version);
      });
    });
  }

  async function write(side: number, batch: Parameters<MemoryStore['write']>[0], key?: number): Promise<void> {
    const [first] = batch;
    const written = first?.op === 'put' ? first.value.version : undefined;
    const { seq } = await sides[side]!.write(batch);
    committed = Math.max(committed, seq);
    if (key !== undefined) history.entries.push({ key, version: written, seq });
  }

  for (const action of actions) {
    if (action.do === 'read') pending.push(read(action.side, action.keys));
    else if (action.do === 'put') {
      version += 1;
      pending.push(write(action.side, [put(kind, aBaseline({ id: KEYS[action.key]!, version }))], action.key));
    } else if (action.do === 'delete') pending.push(write(action.side, [remove(kind, KEYS[action.key]!)], action.key));
    else if (action.do === 'flood') pending.push(write(action.side, flood()));
    else if (action.do === 'turn') await turns(1);
    else {
      await Promise.all(pending);
      pending = [];
    }
  }
  await Promise.all(pending);
  for (const check of checks) check();
  for (const side of sides) expect(await side.getMany(kind, KEYS)).toEqual(await bare.getMany(kind, KEYS));
  for (const side of sides) await side.close();
}

// The same law one step after the other, for all that a cache holds: values, answers of the text index and blocks, in
// two layers, while the database is put back to older copies of itself now and then.

type Step =
  | { readonly do: 'read' | 'match' | 'put' | 'delete'; readonly side: number; readonly key: number }
  | { readonly do: 'putBack'; readonly writes: number }
  | { readonly do: 'turn' };

const WORDS = ['cache', 'tenant', 'retry'];

const aLayeredStep: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      do: fc.constantFrom('read' as const, 'match' as const, 'put' as const, 'delete' as const),
      side: aSide,
      key: aKey,
    }),
  },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('putBack' as const), writes: fc.nat(8) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('turn' as const) }) },
);

/** A store whose past can be brought back, every change with the time at which it was made. */
function storeWithPast(): { readonly store: MemoryStore; putBack(writes: number): Promise<void> } {
  let past: { readonly batch: Parameters<MemoryStore['write']>[0]; readonly atMs: number }[] = [];
  let nowMs = 0;
  const opened = () => inMemoryStore({ now: () => nowMs });
  let current = opened();
  let newestMs = 0;
  return {
    store: {
      name: 'with a past',
      getMany: (kind, ids, call) => current.getMany(kind, ids, call),
      scan: (kind, filter, call) => current.scan(kind, filter, call),
      changes: (from, call) => current.changes(from, call),
      text: {
        match: (query, call) => current.text.match(query, call),
        terms: (kind, ids, call) => current.text.terms(kind, ids, call),
      },
      dated: {
        getMany: (asked, call) => current.dated.getMany(asked, call),
        match: (query, call) => current.dated.match(query, call),
      },
      write(batch, call) {
        newestMs += 1;
        nowMs = newestMs;
        past.push({ batch, atMs: nowMs });
        return current.write(batch, call);
      },
      close: () => current.close(),
    },
    async putBack(writes) {
      past = past.slice(0, writes);
      current = opened();
      for (const { batch, atMs } of past) {
        nowMs = atMs;
        await current.write(batch);
      }
    },
  };
}

test.each(ALL_FORMS)(
  'values and answers in two layers are those of the $form store, also after it was put back to older copies [CA-02] [CA-06] [RE-11]',
  async ({ inForm }) => {
    const layers = fc.tuple(aPlan, aPlan, aPlan);
    await fc.assert(
      fc.asyncProperty(
        fc.array(aLayeredStep, { minLength: 10, maxLength: 80, size: 'max' }),
        layers,
        async (steps, plans) => {
          const { store: whole, putBack } = storeWithPast();
          const store = inForm(whole);
          const shared = inMemoryCache();
          const sides = [0, 1].map((side) =>
            cachedStore(store, lossyCache(layeredCache(inMemoryCache(), lossyCache(shared, plans[side]!)), plans[2])),
          );
          let version = 0;
          for (const step of steps) {
            if (step.do === 'turn') await turns(1);
            else if (step.do === 'putBack') await putBack(step.writes);
            else if (step.do === 'put') {
              version += 1;
              const value = anEpisode({ id: KEYS[step.key]!, version });
              const terms = { title: [WORDS[version % 3]!], body: WORDS.slice(0, 1 + (version % 3)) };
              await sides[step.side]!.write([{ ...put('episode', value), terms }]);
            } else if (step.do === 'delete') await sides[step.side]!.write([remove('episode', KEYS[step.key]!)]);
            else if (step.do === 'read') {
              expect(await sides[step.side]!.getMany('episode', KEYS)).toEqual(await store.getMany('episode', KEYS));
            } else {
              const query = { kind: 'episode', terms: [WORDS[step.key]!], limit: 10 } as const;
              expect(await sides[step.side]!.text?.match(query)).toEqual(await store.text?.match(query));
            }
          }
        },
      ),
      { numRuns: 300 },
    );
  },
);

test.each(FORMS)(
  'a question that was asked before is answered without the text index of a $form store, until something of its kind changes [RE-11]',
  async ({ inForm }) => {
    const bare = inForm(inMemoryStore());
    let asked = 0;
    const { text, dated } = bare;
    const counting: MemoryStore = {
      ...bare,
      text: {
        ...text!,
        match(query, call) {
          asked += 1;
          return text!.match(query, call);
        },
      },
      ...(dated && {
        dated: {
          ...dated,
          match(query, call) {
            asked += 1;
            return dated.match!(query, call);
          },
        },
      }),
    };
    const cached = cachedStore(counting, inMemoryCache());
    const episode = anEpisode();
    await cached.write([{ ...put('episode', episode), terms: { title: ['cache'], body: ['cache'] } }]);
    const query = { kind: 'episode', terms: ['cache'], limit: 5 } as const;
    const answer = await cached.text!.match(query);
    expect(answer.hits.map(({ id }) => id)).toEqual([episode.id]);
    await bare.write([put('step', aStep({ episodeId: episode.id })), put('baseline', aBaseline())]);
    expect(await cached.text!.match(query)).toEqual(answer);
    expect(asked).toBe(1);
    expect(await cached.text!.match({ ...query, limit: 4 })).toEqual(answer);
    expect(asked).toBe(2);
    await bare.write([remove('episode', episode.id)]);
    expect((await cached.text!.match(query)).hits).toEqual([]);
    expect(asked).toBe(3);
  },
);

test('layers that stand apart meet again with the next reads, and then answer together [CA-06]', async () => {
  const store = inMemoryStore();
  const far = inMemoryCache();
  const [near, other] = [inMemoryCache(), inMemoryCache()];
  const [mine, others] = [cachedStore(store, layeredCache(near, far)), cachedStore(store, layeredCache(other, far))];
  const [first, second] = [aBaseline(), aBaseline()];
  await store.write([put('baseline', first), put('baseline', second)]);
  await mine.getMany('baseline', [first.id]);
  await store.write([put('baseline', aBaseline())]);
  for (const { id } of [second, first]) await others.getMany('baseline', [id]);
  expect((await near.get('baseline', []))?.at).not.toEqual((await far.get('baseline', []))?.at);
  for (let read = 0; read < 2; read += 1) {
    expect(await mine.getMany('baseline', [first.id, second.id])).toEqual([first, second]);
  }
  const at = (await far.get('baseline', []))?.at;
  expect(await near.get('baseline', [first.id, second.id])).toEqual({ at, values: [first, second] });
});
