// What it means to be a MemoryCache. It may forget anything; but one that forgot a handful of small values at once would
// be none, so these tests ask for them.
import { randomUUID } from 'node:crypto';
import type { Baseline, JsonObject } from '@episodica/memory-core';
import type { MemoryCache } from '@episodica/memory-core/ports';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aBaseline, anEpisode } from './builders.ts';

export interface CacheSubject {
  readonly name: string;
  /** An empty cache at 0 that nobody else uses. */
  open(): Promise<MemoryCache>;
  /** The cache that was opened last, again, for one that outlives its process. */
  reopen?(): Promise<MemoryCache>;
}

/** The laws of `MemoryCache`, as tests. */
export function cacheSuite(subject: CacheSubject): void {
  describe(`MemoryCache: ${subject.name}`, () => {
    keeps(subject);
    moves(subject);
    copiesExactly(subject);
    lagging(subject);
    const { reopen } = subject;
    if (reopen !== undefined) outlives(subject, reopen);
  });
}

function keeps(subject: CacheSubject): void {
  test('an empty cache has nothing and stands at 0 [CA-01]', async () => {
    const cache = await subject.open();
    expect(await cache.get('baseline', [])).toEqual({ seq: 0, values: [] });
    expect(await cache.get('baseline', [randomUUID(), randomUUID()])).toEqual({
      seq: 0,
      values: [undefined, undefined],
    });
    await cache.close();
  });

  test('what was set is given back, in the order of the ids, as a copy [CA-01]', async () => {
    const cache = await subject.open();
    const [first, second] = [aBaseline(), aBaseline({ scope: { project: 'Ünïcödé 🦊 "\n' } })];
    await cache.set('baseline', [first, second], 0);
    const ids = [second.id, randomUUID(), first.id, second.id];
    const { values } = await cache.get('baseline', ids);
    expect(values).toEqual([second, undefined, first, second]);
    Object.assign(values[0] ?? {}, { episodes: 99 });
    expect((await cache.get('baseline', ids)).values).toEqual([second, undefined, first, second]);
    await cache.close();
  });

  test('the same id in two kinds is two things [CA-01]', async () => {
    const cache = await subject.open();
    const baseline = aBaseline();
    await cache.set('baseline', [baseline], 0);
    expect((await cache.get('tombstone', [baseline.id])).values).toEqual([undefined]);
    await cache.close();
  });

  test('closing twice is closing once [CA-01]', async () => {
    const cache = await subject.open();
    await cache.close();
    await cache.close();
  });
}

function moves(subject: CacheSubject): void {
  test('advancing drops what changed and keeps the rest [CA-01]', async () => {
    const cache = await subject.open();
    const [kept, changed] = [aBaseline(), aBaseline()];
    await cache.set('baseline', [kept, changed], 0);
    await cache.advance([{ kind: 'baseline', id: changed.id }], 1);
    expect(await cache.get('baseline', [kept.id, changed.id])).toEqual({ seq: 1, values: [kept, undefined] });
    await cache.close();
  });

  test('advancing backwards changes nothing [CA-01]', async () => {
    const cache = await subject.open();
    const held = aBaseline();
    await cache.advance([change(), change()], 2);
    await cache.set('baseline', [held], 2);
    await cache.advance([{ kind: 'baseline', id: held.id }], 1);
    expect(await cache.get('baseline', [held.id])).toEqual({ seq: 2, values: [held] });
    await cache.close();
  });

  test('advancing over numbers that nobody accounts for drops everything [CA-02]', async () => {
    const cache = await subject.open();
    const held = aBaseline();
    await cache.set('baseline', [held], 0);
    await cache.advance([change()], 2);
    expect(await cache.get('baseline', [held.id])).toEqual({ seq: 2, values: [undefined] });
    await cache.close();
  });

  test('a value from before the place of the cache is dropped in silence [CA-02]', async () => {
    const cache = await subject.open();
    const late = aBaseline();
    await cache.advance([change()], 1);
    await cache.set('baseline', [late], 0);
    expect(await cache.get('baseline', [late.id])).toEqual({ seq: 1, values: [undefined] });
    await cache.close();
  });

  test('clearing drops everything and moves forwards or backwards [CA-01]', async () => {
    const cache = await subject.open();
    const held = aBaseline();
    for (const seq of [7, 3]) {
      await cache.clear(seq);
      expect(await cache.get('baseline', [held.id])).toEqual({ seq, values: [undefined] });
      await cache.set('baseline', [held], seq);
      expect(await cache.get('baseline', [held.id])).toEqual({ seq, values: [held] });
    }
    await cache.close();
  });
}

function copiesExactly(subject: CacheSubject): void {
  async function expectExactOrForgotten(cache: MemoryCache, metadata: JsonObject): Promise<void> {
    const episode = anEpisode({ metadata });
    await cache.set('episode', [episode], 0);
    const [value] = (await cache.get('episode', [episode.id])).values;
    if (value !== undefined) expect(JSON.stringify(value)).toBe(JSON.stringify(episode));
  }

  test.each([
    ['a key that objects treat in their own way', '{"__proto__":{"polluted":true},"constructor":1}'],
    ['half of a surrogate pair', '{"text":"\\ud800"}'],
    ['keys that look like indexes', '{"b":1,"1":2,"0":3}'],
    ['large and small numbers', '{"numbers":[9007199254740991,4294967296,-2147483649,1e300,5e-324,0.1]}'],
  ])('JSON with %s comes back exactly or not at all [CA-02]', async (_, metadata) => {
    const cache = await subject.open();
    await expectExactOrForgotten(cache, JSON.parse(metadata));
    await cache.close();
  });

  test('any JSON comes back exactly or not at all [CA-02]', async () => {
    const cache = await subject.open();
    const text = fc.string({ unit: 'binary' });
    await fc.assert(
      fc.asyncProperty(fc.dictionary(text, fc.jsonValue({ stringUnit: 'binary' })), (metadata) =>
        // Through text, as a store reads it: objects with the usual prototype, no -0.
        expectExactOrForgotten(cache, JSON.parse(JSON.stringify(metadata))),
      ),
      { numRuns: 50 },
    );
    await cache.close();
  });
}

function lagging(subject: CacheSubject): void {
  test('readers that lag never make a value pass for newer than it is [CA-02]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anAction, { minLength: 20, maxLength: 100, size: 'max' }), async (actions) => {
        const cache = await subject.open();
        const world = aWorld();
        for (const action of actions) {
          await act(cache, world, action);
          await expectLaw(cache, world);
        }
        await cache.close();
      }),
      { numRuns: 200 },
    );
  });
}

function outlives(subject: CacheSubject, reopen: () => Promise<MemoryCache>): void {
  test('what was kept is there, and true, when it is opened again [CA-01]', async () => {
    const cache = await subject.open();
    const held = aBaseline();
    await cache.advance([change(), change()], 2);
    await cache.set('baseline', [held], 2);
    await cache.close();
    const again = await reopen();
    expect(await again.get('baseline', [held.id])).toEqual({ seq: 2, values: [held] });
    await again.close();
  });
}

// A store's journal in miniature, and readers who do the steps of a cached read at any pace.

interface World {
  /** The id that each sequence number changed: 1 at index 0. */
  readonly journal: string[];
  readonly values: Map<string, Baseline>;
  readonly readers: readonly Reader[];
}
interface Reader {
  /** Where it saw the cache stand. */
  from: number;
  /** Where it saw the store stand after that. */
  to: number;
  /** What it read from the store after that. */
  fetched: readonly Baseline[];
}

const KEYS = ['a', 'b'].map((name) => `00000000-0000-7000-8000-00000000000${name}`);

type Action =
  | { readonly do: 'write'; readonly key: number }
  | { readonly do: 'look' | 'ask' | 'fetch' | 'advance' | 'clear' | 'set'; readonly reader: number };

const anAction: fc.Arbitrary<Action> = fc.oneof(
  fc.record({ do: fc.constant('write' as const), key: fc.nat(KEYS.length - 1) }),
  {
    weight: 4,
    arbitrary: fc.record({
      do: fc.constantFrom(
        'look' as const,
        'ask' as const,
        'fetch' as const,
        'advance' as const,
        'clear' as const,
        'set' as const,
      ),
      reader: fc.nat(1),
    }),
  },
);

function aWorld(): World {
  return { journal: [], values: new Map(), readers: [0, 1].map(() => ({ from: 0, to: 0, fetched: [] })) };
}

async function act(cache: MemoryCache, world: World, action: Action): Promise<void> {
  if (action.do === 'write') {
    const id = KEYS[action.key] ?? '';
    world.journal.push(id);
    world.values.set(id, aBaseline({ id, version: world.journal.length }));
    return;
  }
  const reader = world.readers[action.reader] ?? { from: 0, to: 0, fetched: [] };
  switch (action.do) {
    case 'look':
      reader.from = (await cache.get('baseline', KEYS)).seq;
      reader.to = reader.from;
      reader.fetched = [];
      return;
    case 'ask':
      reader.to = world.journal.length;
      reader.fetched = [];
      return;
    case 'fetch':
      reader.fetched = [...world.values.values()];
      return;
    case 'advance':
      return cache.advance(changesBetween(world, reader), reader.to);
    case 'clear':
      return cache.clear(reader.to);
    case 'set':
      return cache.set('baseline', reader.fetched, reader.to);
  }
}

function changesBetween(world: World, { from, to }: Reader): readonly { kind: 'baseline'; id: string }[] {
  return world.journal.slice(from, to).map((id) => ({ kind: 'baseline', id }));
}

/** A value is what the store holds now, unless the journal after the cache's place says that it changed. */
async function expectLaw(cache: MemoryCache, world: World): Promise<void> {
  const { seq, values } = await cache.get('baseline', KEYS);
  const changedSince = new Set(world.journal.slice(seq));
  KEYS.forEach((id, index) => {
    if (values[index] !== undefined && !changedSince.has(id)) expect(values[index]).toEqual(world.values.get(id));
  });
}

function change(): { readonly kind: 'baseline'; readonly id: string } {
  return { kind: 'baseline', id: randomUUID() };
}
