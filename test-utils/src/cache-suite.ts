// What it means to be a MemoryCache. It may forget anything; but one that forgot a handful of small values at once would
// be none, so these tests ask for them.
import { randomUUID } from 'node:crypto';
import { type Baseline, type JsonObject, START } from '@episodica/memory-core';
import type { CacheRead, Kind, MemoryCache, Position } from '@episodica/memory-core/ports';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aBaseline, anEpisode } from './builders.ts';

export interface CacheSubject {
  readonly name: string;
  /** An empty cache at the start that nobody else uses. */
  open(): Promise<MemoryCache>;
  /** The cache that was opened last, again, for one that outlives its process. */
  reopen?(): Promise<MemoryCache>;
}

/** The laws of `MemoryCache`, as tests. */
export function cacheSuite(subject: CacheSubject): void {
  describe(`MemoryCache: ${subject.name}`, () => {
    keeps(subject);
    moves(subject);
    keepsBlocks(subject);
    copiesExactly(subject);
    lagging(subject);
    const { reopen } = subject;
    if (reopen !== undefined) outlives(subject, reopen);
  });
}

function keeps(subject: CacheSubject): void {
  test('an empty cache has nothing and stands at the start [CA-01]', async () => {
    const cache = await subject.open();
    expect(await cache.get('baseline', [])).toEqual({ at: START, values: [] });
    expect(await cache.get('baseline', [randomUUID(), randomUUID()])).toEqual({
      at: START,
      values: [undefined, undefined],
    });
    expect(await cache.getBlock('nothing')).toBeUndefined();
    await cache.close();
  });

  test('what was set is given back, in the order of the ids, as a copy [CA-01]', async () => {
    const cache = await subject.open();
    const [first, second] = [aBaseline(), aBaseline({ scope: { project: 'Ünïcödé 🦊 "\n' } })];
    await cache.set('baseline', [first, second], START);
    const ids = [second.id, randomUUID(), first.id, second.id];
    const values = await valuesIn(cache, 'baseline', ids);
    expect(values).toEqual([second, undefined, first, second]);
    Object.assign(values[0] ?? {}, { episodes: 99 });
    Object.assign(values[0]?.scope ?? {}, { project: 'changed' });
    expect(await valuesIn(cache, 'baseline', ids)).toEqual([second, undefined, first, second]);
    await cache.close();
  });

  test('what its giver changes later is kept as it was given [CA-01]', async () => {
    const cache = await subject.open();
    const given = { ...aBaseline(), scope: { project: 'before' } };
    const before = structuredClone(given);
    await cache.set('baseline', [given], START);
    given.scope.project = 'after';
    expect(await valuesIn(cache, 'baseline', [given.id])).toEqual([before]);
    await cache.close();
  });

  test('the same id in two kinds is two things [CA-01]', async () => {
    const cache = await subject.open();
    const baseline = aBaseline();
    await cache.set('baseline', [baseline], START);
    expect(await valuesIn(cache, 'tombstone', [baseline.id])).toEqual([undefined]);
    await cache.close();
  });

  test('closing twice is closing once [CA-01]', async () => {
    const cache = await subject.open();
    await cache.close();
    await cache.close();
  });
}

function moves(subject: CacheSubject): void {
  test('moving drops what changed and keeps the rest [CA-01]', async () => {
    const cache = await subject.open();
    const [kept, changed] = [aBaseline(), aBaseline()];
    await cache.set('baseline', [kept, changed], START);
    await cache.move({ from: START, to: at(1), changed: [{ kind: 'baseline', id: changed.id }] });
    expect(await cache.get('baseline', [kept.id, changed.id])).toEqual({ at: at(1), values: [kept, undefined] });
    await cache.close();
  });

  test.each([
    ['an earlier place', at(1)],
    ['a later place', at(3)],
    ['the same number in another history', { seq: 2, stamp: 'of another history' }],
  ])('who speaks of %s moves nothing and keeps nothing [CA-02]', async (_, elsewhere) => {
    const cache = await subject.open();
    await cache.move({ from: START, to: at(2) });
    const [held, other] = [aBaseline(), aBaseline()];
    await cache.set('baseline', [held], at(2));
    await cache.move({ from: elsewhere, to: at(9), changed: [{ kind: 'baseline', id: held.id }] });
    await cache.move({ from: elsewhere, to: at(9) });
    await cache.set('baseline', [other], elsewhere);
    expect(await cache.get('baseline', [held.id, other.id])).toEqual({ at: at(2), values: [held, undefined] });
    await cache.close();
  });

  test('moving without saying what changed drops every value, forwards and backwards [CA-01]', async () => {
    const cache = await subject.open();
    const held = aBaseline();
    let from = START;
    for (const to of [at(7), at(3)]) {
      await cache.move({ from, to });
      expect(await cache.get('baseline', [held.id])).toEqual({ at: to, values: [undefined] });
      await cache.set('baseline', [held], to);
      expect(await cache.get('baseline', [held.id])).toEqual({ at: to, values: [held] });
      from = to;
    }
    await cache.close();
  });
}

function keepsBlocks(subject: CacheSubject): void {
  test.each([
    ['no byte', 0],
    ['a few', 1_000],
    ['many', 300_000],
  ])('a block of %s comes back as it was kept, with its mark, as a copy [CA-05]', async (_, sizeBytes) => {
    const cache = await subject.open();
    const bytes = Uint8Array.from({ length: sizeBytes }, (__, index) => (index * 31) % 251);
    const given = Uint8Array.from(bytes);
    await cache.setBlock('a key / ünïcödé', { mark: 'märk', bytes: given });
    given.fill(0);
    const block = await cache.getBlock('a key / ünïcödé');
    expect(block?.mark).toBe('märk');
    expect(Buffer.compare(block?.bytes ?? Buffer.alloc(1), bytes)).toBe(0);
    // Plain ones: of a `Buffer` a `slice` would share its memory.
    expect(block?.bytes.slice().buffer.byteLength).toBe(sizeBytes);
    expect(await cache.getBlock('another key')).toBeUndefined();
    await cache.close();
  });

  test('a block takes the place of the one before it, of whatever size [CA-05]', async () => {
    const cache = await subject.open();
    for (const sizeBytes of [10, 300_000, 20]) {
      await cache.setBlock('key', { mark: String(sizeBytes), bytes: new Uint8Array(sizeBytes) });
      const block = await cache.getBlock('key');
      expect([block?.mark, block?.bytes.byteLength]).toEqual([String(sizeBytes), sizeBytes]);
    }
    await cache.close();
  });

  test('moving leaves the blocks alone: their marks say what they are good for [CA-05]', async () => {
    const cache = await subject.open();
    await cache.setBlock('key', { mark: 'mark', bytes: Uint8Array.of(1, 2) });
    await cache.move({ from: START, to: at(4) });
    expect((await cache.getBlock('key'))?.mark).toBe('mark');
    await cache.close();
  });
}

function copiesExactly(subject: CacheSubject): void {
  async function expectExactOrForgotten(cache: MemoryCache, metadata: JsonObject): Promise<void> {
    const episode = anEpisode({ metadata });
    await cache.set('episode', [episode], START);
    const [value] = await valuesIn(cache, 'episode', [episode.id]);
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
    await cache.move({ from: START, to: at(2) });
    await cache.set('baseline', [held], at(2));
    for (const sizeBytes of [10, 300_000]) {
      await cache.setBlock(`of ${sizeBytes}`, { mark: 'mark', bytes: new Uint8Array(sizeBytes) });
    }
    await cache.close();
    const again = await reopen();
    expect(await again.get('baseline', [held.id])).toEqual({ at: at(2), values: [held] });
    for (const sizeBytes of [10, 300_000]) {
      expect((await again.getBlock(`of ${sizeBytes}`))?.bytes.byteLength).toBe(sizeBytes);
    }
    await again.close();
  });
}

// A store's journal in miniature, which now and then is put back to an older copy, and readers who do the steps of a
// cached read at any pace.

interface World {
  /** The change that each sequence number made: 1 at index 0. Each has a stamp of its own. */
  journal: readonly { readonly id: string; readonly stamp: string }[];
  stampCount: number;
  readonly readers: readonly Reader[];
}
interface Reader {
  /** Where it saw the cache stand. */
  from: Position;
  /** Where it saw the store stand after that, and what changed in between as far as that is known. */
  to: Position;
  changed: readonly { readonly kind: Kind; readonly id: string }[] | undefined;
  /** What it read from the store while that stood at `to`. */
  fetched: readonly Baseline[];
}

const KEYS = ['a', 'b'].map((name) => `00000000-0000-7000-8000-00000000000${name}`);

type Action =
  | { readonly do: 'write'; readonly key: number }
  | { readonly do: 'putBack'; readonly seq: number }
  | { readonly do: 'look' | 'ask' | 'fetch' | 'move' | 'set'; readonly reader: number };

const anAction: fc.Arbitrary<Action> = fc.oneof(
  { weight: 3, arbitrary: fc.record({ do: fc.constant('write' as const), key: fc.nat(KEYS.length - 1) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('putBack' as const), seq: fc.nat(6) }) },
  {
    weight: 10,
    arbitrary: fc.record({
      do: fc.constantFrom('look' as const, 'ask' as const, 'fetch' as const, 'move' as const, 'set' as const),
      reader: fc.nat(1),
    }),
  },
);

function aWorld(): World {
  const reader = (): Reader => ({ from: START, to: START, changed: [], fetched: [] });
  return { journal: [], stampCount: 0, readers: [reader(), reader()] };
}

async function act(cache: MemoryCache, world: World, action: Action): Promise<void> {
  if (action.do === 'write') {
    world.stampCount += 1;
    world.journal = [...world.journal, { id: KEYS[action.key] ?? '', stamp: `s${world.stampCount}` }];
    return;
  }
  if (action.do === 'putBack') {
    world.journal = world.journal.slice(0, action.seq);
    return;
  }
  const reader = world.readers[action.reader];
  if (reader === undefined) return;
  switch (action.do) {
    case 'look':
      reader.from = (await readIn(cache, 'baseline', KEYS)).at;
      reader.to = reader.from;
      reader.changed = [];
      reader.fetched = [];
      return;
    case 'ask':
      reader.to = newestOf(world);
      reader.changed = isPartOf(world, reader.from)
        ? world.journal.slice(reader.from.seq).map(({ id }) => ({ kind: 'baseline', id }))
        : undefined;
      reader.fetched = [];
      return;
    case 'fetch':
      if (newestOf(world).stamp === reader.to.stamp) reader.fetched = valuesOf(world);
      return;
    case 'move':
      return cache.move(reader);
    case 'set':
      return cache.set('baseline', reader.fetched, reader.to);
  }
}

function newestOf({ journal }: World): Position {
  return { seq: journal.length, stamp: journal.at(-1)?.stamp ?? '' };
}

function isPartOf({ journal }: World, { seq, stamp }: Position): boolean {
  return seq === 0 || journal[seq - 1]?.stamp === stamp;
}

/** What the store holds of each key: the change that made it is its version. */
function valuesOf({ journal }: World): readonly Baseline[] {
  const stamps = new Map(journal.map(({ id, stamp }) => [id, stamp]));
  return [...stamps].map(([id, stamp]) => aBaseline({ id, version: Number(stamp.slice(1)) }));
}

/** Where the place of the cache is part of the history, a value is what the store holds now, unless it changed since. */
async function expectLaw(cache: MemoryCache, world: World): Promise<void> {
  const read = await readIn(cache, 'baseline', KEYS);
  if (!isPartOf(world, read.at)) return;
  const changedSince = new Set(world.journal.slice(read.at.seq).map(({ id }) => id));
  const held = new Map(valuesOf(world).map((value) => [value.id, value]));
  KEYS.forEach((id, index) => {
    if (read.values[index] !== undefined && !changedSince.has(id)) expect(read.values[index]).toEqual(held.get(id));
  });
}

function at(seq: number): Position {
  return { seq, stamp: `change ${seq}` };
}

/** What a cache that is ready answers. */
async function readIn<K extends Kind>(cache: MemoryCache, kind: K, ids: readonly string[]): Promise<CacheRead<K>> {
  const read = await cache.get(kind, ids);
  if (read === undefined) throw new Error('This cache is not ready.');
  return read;
}

async function valuesIn<K extends Kind>(
  cache: MemoryCache,
  kind: K,
  ids: readonly string[],
): Promise<CacheRead<K>['values']> {
  return (await readIn(cache, kind, ids)).values;
}
