// What it means to be a `MemoryStore`: each law of the port as a test. A backend is done when it passes unchanged.
import { embeddedTexts, inMemoryStore, isMemoryError, type Step, textHash } from '@episodica/memory-core';
import type {
  ClusterFilter,
  DatedReads,
  Entities,
  EpisodeFilter,
  Filters,
  Kind,
  MemoryStore,
  TextIndex,
  TextQuery,
  Write,
} from '@episodica/memory-core/ports';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  baselines,
  clusterFilters,
  clusters,
  embeddings,
  episodeFilters,
  episodes,
  evidences,
  models,
  POOL_IDS,
  patternFilters,
  patterns,
  queryTerms,
  recommendations,
  stepFilters,
  steps,
  tombstones,
  writeBatches,
} from './arbitraries.ts';
import {
  aBaseline,
  aCluster,
  aCompletedEpisode,
  aModel,
  anEmbedding,
  anEpisode,
  anEvidence,
  aPattern,
  aRecommendation,
  aStep,
  aTombstone,
  put,
  remove,
  requireOpen,
} from './builders.ts';
import { turns } from './faults.ts';

/** A kind of store, and how to get one. */
export interface StoreSuiteSubject {
  readonly name: string;
  /** A new, empty store. */
  open(): Promise<MemoryStore>;
  /** For a durable store: opens the place of `closed` again. */
  reopen?(closed: MemoryStore): Promise<MemoryStore>;
  /** How often each comparison with the model is made: less where a store answers over a network. @default 30 */
  readonly runs?: number;
}

type DurableSubject = StoreSuiteSubject & Required<Pick<StoreSuiteSubject, 'reopen'>>;

const RUNS = 30;

/** Declares the tests. Every store they open, they close. */
export function storeSuite(subject: StoreSuiteSubject): void {
  describe(`MemoryStore: ${subject.name}`, () => {
    const law: Law = (title, body) => test(title, () => using(subject, body));
    describe('reading and writing', () => readLaws(law));
    describe('versions', () => versionLaws(law));
    describe('batches', () => batchLaws(law));
    describe('steps', () => stepLaws(law));
    describe('identity of steps', () => stepIdentityLaws(law));
    describe('requirements', () => requireLaws(law));
    describe('limits', () => limitLaws(law));
    describe('what belongs to an episode', () => ownershipLaws(law));
    describe('vectors', () => vectorLaws(law));
    describe('what has its vectors', () => dueLaws(law));
    describe('what speaks of others', () => mentionLaws(law));
    describe('journal', () => journalLaws(law));
    describe('dated reads', () => datedLaws(datedLawOf(law)));
    describe('scan', () => scanLaws(law));
    describe('filters', () => filterLaws(law));
    describe('text', () => textLaws(textLawOf(law)));
    describe('words', () => wordLaws(textLawOf(law)));
    describe('words read back', () => termLaws(textLawOf(law)));
    describe('cancelling and closing', () => lifecycleLaws(law));
    describe('as the model does', () => modelLaws(subject));
    describe('as the model answers', () => questionLaws(subject));
    const { reopen } = subject;
    if (reopen !== undefined) describe('durability', () => durabilityLaws({ ...subject, reopen }));
  });
}

type Law = (title: string, body: (store: MemoryStore) => Promise<void>) => void;

async function using<T>(subject: StoreSuiteSubject, body: (store: MemoryStore) => Promise<T>): Promise<T> {
  const store = await subject.open();
  try {
    return await body(store);
  } finally {
    await store.close();
  }
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

async function idsOf<K extends Kind>(store: MemoryStore, kind: K, filter: Filters[K]): Promise<string[]> {
  return (await collect(store.scan(kind, filter))).map(({ id }) => id);
}

const KINDS = [
  'episode',
  'step',
  'pattern',
  'evidence',
  'baseline',
  'cluster',
  'recommendation',
  'tombstone',
  'embedding',
  'model',
] as const;

/** One entity of each kind, with the episode that the others need first. */
function oneOfEach(): readonly Write[] {
  const episode = anEpisode();
  return [
    put('episode', episode),
    put('step', aStep({ episodeId: episode.id, number: 1 })),
    put('pattern', aPattern()),
    put('evidence', anEvidence({ episodeId: episode.id })),
    put('baseline', aBaseline()),
    put('cluster', aCluster()),
    put('recommendation', aRecommendation()),
    put('tombstone', aTombstone()),
    put('embedding', anEmbedding({ ownerId: episode.id })),
    put('model', aModel()),
  ];
}

function readLaws(law: Law): void {
  law('what was written is read back, of every kind [ST-01]', async (store) => {
    const writes = oneOfEach();
    await store.write(writes);
    for (const write of writes) {
      if (write.op === 'put') expect(await store.getMany(write.kind, [write.value.id])).toEqual([write.value]);
    }
  });

  law('entities come in the order of the ids, undefined where there is none [EP-05]', async (store) => {
    const [first, second] = [aPattern(), aPattern()];
    await store.write([put('pattern', first), put('pattern', second)]);
    const ids = [second.id, 'no such id', first.id, second.id];
    expect(await store.getMany('pattern', ids)).toEqual([second, undefined, first, second]);
    expect(await store.getMany('pattern', [])).toEqual([]);
    expect(await store.getMany('episode', [first.id])).toEqual([undefined]);
  });

  law("many are had at once, each the caller's own [EP-05]", async (store) => {
    const many = Array.from({ length: 450 }, () => aPattern());
    await store.write(many.map((pattern) => put('pattern', pattern)));
    const [first] = many;
    const found = await store.getMany(
      'pattern',
      [...many, ...many.slice(0, 1)].map(({ id }) => id),
    );
    expect(found).toEqual([...many, first]);
    expect(found.at(-1)).not.toBe(found[0]);
  });

  law('any entity is read back as it was written [ST-01]', async (store) => {
    await roundTrip(store, 'episode', episodes);
    await roundTrip(store, 'pattern', patterns);
    await roundTrip(store, 'baseline', baselines);
    await roundTrip(store, 'cluster', clusters);
    await roundTrip(store, 'recommendation', recommendations);
    await roundTrip(store, 'tombstone', tombstones);
    await roundTrip(store, 'model', models);
    const episode = anEpisode();
    await store.write([put('episode', episode)]);
    await fc.assert(
      fc.asyncProperty(steps, evidences, async (anyStep, anyEvidence) => {
        const { key: _, ...keyless } = anyStep;
        const step = { ...keyless, episodeId: episode.id };
        const evidence = { ...anyEvidence, episodeId: episode.id };
        const { stepNumbers } = await store.write([put('step', step), put('evidence', evidence)]);
        expect(await store.getMany('step', [step.id])).toEqual([{ ...step, number: stepNumbers[0] }]);
        expect(await store.getMany('evidence', [evidence.id])).toEqual([evidence]);
      }),
      { numRuns: 25 },
    );
  });

  law('what a store returns belongs to the caller, and what it was given stays theirs [ST-01]', async (store) => {
    const tags = ['first'];
    const given = anEpisode({ tags });
    const asWritten = structuredClone(given);
    await store.write([put('episode', given)]);
    tags.push('added by the writer');
    const [read] = await store.getMany('episode', [given.id]);
    expect(read).toEqual(asWritten);
    Object.assign(read ?? {}, { description: 'changed by the reader' });
    expect(await store.getMany('episode', [given.id])).toEqual([asWritten]);
    expect(await collect(store.scan('episode', {}))).toEqual([asWritten]);
  });

  law('a batch of a thousand is written at once [ST-04]', async (store) => {
    const many = Array.from({ length: 1_000 }, () => aPattern());
    const { seq } = await store.write(many.map((pattern) => put('pattern', pattern, { ifVersion: 0 })));
    expect(seq).toBe(1_000);
    const ids = many.map(({ id }) => id);
    expect(await store.getMany('pattern', ids)).toEqual(many);
  });
}

async function roundTrip<K extends Kind>(
  store: MemoryStore,
  kind: K,
  values: fc.Arbitrary<Entities[K]>,
): Promise<void> {
  await fc.assert(
    fc.asyncProperty(values, async (value) => {
      // A `Put` of any kind is one of `Write`.
      await store.write([put(kind, value) as Write]);
      expect(await store.getMany(kind, [value.id])).toEqual([value]);
    }),
    { numRuns: 25 },
  );
}

function versionLaws(law: Law): void {
  law('a batch with one conflict changes nothing [ST-04]', async (store) => {
    const known = aPattern({ version: 2 });
    await store.write([put('pattern', known)]);
    const other = aPattern();
    const batch = [
      put('pattern', other),
      put('episode', anEpisode()),
      put('pattern', { ...known, version: 3 }, { ifVersion: 1 }),
      put('pattern', aPattern()),
    ];
    await expect(store.write(batch)).rejects.toMatchObject({ code: 'CONFLICT', retryable: false });
    expect(await store.getMany('pattern', [other.id, known.id])).toEqual([undefined, known]);
    expect(await idsOf(store, 'episode', {})).toEqual([]);
    expect((await store.changes(0)).seq).toBe(1);
  });

  law('a conflict names what changed, also within a large batch [ST-04]', async (store) => {
    const known = aPattern();
    await store.write([put('pattern', known)]);
    const others = Array.from({ length: 20 }, () => put('pattern', aPattern(), { ifVersion: 0 }));
    const batch = [...others, put('pattern', known, { ifVersion: 0 }), put('pattern', aPattern(), { ifVersion: 0 })];
    await expect(store.write(batch)).rejects.toThrow(known.id);
  });

  law('a version must be the one that is there [ST-04]', async (store) => {
    const known = aPattern({ version: 2 });
    await store.write([put('pattern', known, { ifVersion: 0 })]);
    const next = { ...known, version: 3 };
    for (const ifVersion of [0, 1, 3]) {
      await expect(store.write([put('pattern', next, { ifVersion })])).rejects.toMatchObject({ code: 'CONFLICT' });
      await expect(store.write([remove('pattern', known.id, { ifVersion })])).rejects.toMatchObject({
        code: 'CONFLICT',
      });
    }
    const missing = put('pattern', aPattern(), { ifVersion: 1 });
    await expect(store.write([missing])).rejects.toMatchObject({ code: 'CONFLICT' });
    await store.write([put('pattern', next, { ifVersion: 2 })]);
    expect(await store.getMany('pattern', [known.id])).toEqual([next]);
    await store.write([remove('pattern', known.id, { ifVersion: 3 })]);
    expect(await store.getMany('pattern', [known.id])).toEqual([undefined]);
  });

  law('without a version, whatever is there is replaced or deleted [ST-01]', async (store) => {
    const first = aBaseline({ version: 7 });
    const second = { ...first, version: 2, successes: 3 };
    await store.write([put('baseline', first)]);
    await store.write([put('baseline', second)]);
    expect(await store.getMany('baseline', [first.id])).toEqual([second]);
    await store.write([remove('baseline', first.id), remove('baseline', 'no such id')]);
    expect(await idsOf(store, 'baseline', {})).toEqual([]);
  });
}

function batchLaws(law: Law): void {
  law('each operation sees those before it in the batch [ST-04]', async (store) => {
    const first = aPattern({ version: 1 });
    const second = { ...first, version: 2 };
    await store.write([
      put('pattern', first, { ifVersion: 0 }),
      put('pattern', second, { ifVersion: 1 }),
      remove('pattern', first.id, { ifVersion: 2 }),
      put('pattern', first, { ifVersion: 0 }),
    ]);
    expect(await store.getMany('pattern', [first.id])).toEqual([first]);
    const twice = aPattern();
    const batch = [put('pattern', twice, { ifVersion: 0 }), put('pattern', twice, { ifVersion: 0 })];
    await expect(store.write(batch)).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await store.getMany('pattern', [twice.id])).toEqual([undefined]);
    const episode = anEpisode({ tags: ['before'] });
    await store.write([put('episode', episode), put('episode', { ...episode, tags: ['after'] })]);
    expect(await idsOf(store, 'episode', { tagsAny: ['before'] })).toEqual([]);
    expect(await idsOf(store, 'episode', { tagsAny: ['after'] })).toEqual([episode.id]);
  });

  law('of writers that race for one version, one wins [ST-04]', async (store) => {
    const known = aPattern({ version: 1 });
    await store.write([put('pattern', known)]);
    const attempts = Array.from({ length: 8 }, (_, support) =>
      store.write([put('pattern', { ...known, version: 2, support }, { ifVersion: 1 })]),
    );
    const settled = await Promise.allSettled(attempts);
    expect(settled.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
  });
}

function stepLaws(law: Law): void {
  law(
    'steps are numbered within their episode as they are committed, whatever number they came with [EP-02]',
    async (store) => {
      const [a, b] = [anEpisode(), anEpisode()];
      await store.write([put('episode', a), put('episode', b)]);
      const [a1, a2, a3] = [
        aStep({ episodeId: a.id, number: 9 }),
        aStep({ episodeId: a.id }),
        aStep({ episodeId: a.id }),
      ];
      const [b1, b2] = [aStep({ episodeId: b.id }), aStep({ episodeId: b.id, number: 7 })];
      const interleaved = [a1, b1, a2].map((step) => put('step', step, { ifVersion: 0 }));
      expect((await store.write(interleaved)).stepNumbers).toEqual([1, 1, 2]);
      const later = [put('step', a3), put('pattern', aPattern()), put('step', b2)];
      expect((await store.write(later)).stepNumbers).toEqual([3, 2]);
      const numbers = (await collect(store.scan('step', { episodeIds: [a.id] }))).map(({ id, number }) => [id, number]);
      expect(numbers).toEqual([
        [a1.id, 1],
        [a2.id, 2],
        [a3.id, 3],
      ]);
    },
  );

  law('steps written in parallel all land, each with a number of its own [EP-02]', async (store) => {
    const episode = anEpisode();
    await store.write([put('episode', episode)]);
    const receipts = await Promise.all(
      Array.from({ length: 20 }, () =>
        store.write([
          requireOpen(episode.id),
          put('step', aStep({ episodeId: episode.id }), { ifVersion: 0 }),
          requireOpen(episode.id, { maxSteps: 20 }),
        ]),
      ),
    );
    const numbers = receipts.flatMap(({ stepNumbers }) => stepNumbers).sort((x, y) => x - y);
    expect(numbers).toEqual(Array.from({ length: 20 }, (_, index) => index + 1));
  });
}

function stepIdentityLaws(law: Law): void {
  law('a second step with the same key in an episode is refused and changes nothing [EP-02]', async (store) => {
    const [a, b] = [anEpisode(), anEpisode()];
    await store.write([put('episode', a), put('episode', b), put('step', aStep({ episodeId: a.id, key: 'k' }))]);
    const twin = aStep({ episodeId: a.id, key: 'k' });
    await expect(store.write([put('step', twin, { ifVersion: 0 })])).rejects.toMatchObject({ code: 'CONFLICT' });
    await expect(store.write([put('step', twin)])).rejects.toThrow(twin.id);
    const [alone, repeat] = [aStep({ episodeId: b.id, key: 'k' }), aStep({ episodeId: b.id, key: 'k' })];
    await expect(store.write([put('step', alone), put('step', repeat)])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await idsOf(store, 'step', { episodeIds: [b.id] })).toEqual([]);
    const keyless = [aStep({ episodeId: b.id }), aStep({ episodeId: b.id })];
    await store.write([alone, ...keyless].map((step) => put('step', step, { ifVersion: 0 })));
    expect(await idsOf(store, 'step', { key: 'k' })).toHaveLength(2);
  });

  law('a step or an evidence needs its episode [EP-02]', async (store) => {
    const step = aStep();
    await expect(store.write([put('step', step)])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    await expect(store.write([put('step', step, { ifVersion: 0 })])).rejects.toThrow(step.episodeId);
    const evidence = anEvidence();
    await expect(store.write([put('evidence', evidence)])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    expect((await store.changes(0)).seq).toBe(0);
  });

  law('a step that is replaced keeps its number, and stays in its episode [EP-02]', async (store) => {
    const [a, b] = [anEpisode(), anEpisode()];
    const [first, second] = [aStep({ episodeId: a.id, number: 1 }), aStep({ episodeId: a.id, number: 2 })];
    await store.write([put('episode', a), put('episode', b), put('step', first), put('step', second)]);
    const redacted = { ...first, number: 1, result: { type: 'success' } } as const;
    expect((await store.write([put('step', redacted)])).stepNumbers).toEqual([1]);
    expect(await store.getMany('step', [first.id, second.id])).toEqual([redacted, second]);
    await expect(store.write([put('step', { ...first, episodeId: b.id })])).rejects.toMatchObject({ code: 'CONFLICT' });
    expect(await idsOf(store, 'step', { episodeIds: [b.id] })).toEqual([]);
  });

  law('numbers rise with the last step, also when one before it was deleted [EP-02]', async (store) => {
    const episode = anEpisode();
    const [first, second, third] = [
      aStep({ episodeId: episode.id }),
      aStep({ episodeId: episode.id }),
      aStep({ episodeId: episode.id }),
    ];
    await store.write([put('episode', episode), put('step', first), put('step', second)]);
    await store.write([remove('step', first.id), requireOpen(episode.id, { stepCount: 1 })]);
    expect((await store.write([put('step', third)])).stepNumbers).toEqual([3]);
  });
}

function requireLaws(law: Law): void {
  law('a step never lands on a completed or unknown episode [EP-02]', async (store) => {
    const done = aCompletedEpisode();
    await store.write([put('episode', done)]);
    const late = [requireOpen(done.id), put('step', aStep({ episodeId: done.id }))];
    await expect(store.write(late)).rejects.toMatchObject({ code: 'INVALID_STATE', retryable: false });
    await expect(store.write(late)).rejects.toThrow(done.id);
    await expect(store.write([requireOpen('nowhere')])).rejects.toMatchObject({ code: 'NOT_FOUND', retryable: false });
    await expect(store.write([requireOpen('nowhere')])).rejects.toThrow('nowhere');
    expect(await idsOf(store, 'step', {})).toEqual([]);
  });

  law('a requirement is checked at its place in the batch [ST-04]', async (store) => {
    const episode = anEpisode();
    const done = { ...aCompletedEpisode(), id: episode.id };
    await expect(store.write([requireOpen(episode.id), put('episode', episode)])).rejects.toMatchObject({
      code: 'NOT_FOUND',
    });
    await store.write([put('episode', episode), requireOpen(episode.id, { stepCount: 0 })]);
    await expect(store.write([put('episode', done), requireOpen(episode.id)])).rejects.toMatchObject({
      code: 'INVALID_STATE',
    });
    expect(await store.getMany('episode', [episode.id])).toEqual([episode]);
    await store.write([requireOpen(episode.id), put('episode', done)]);
    expect(await store.getMany('episode', [episode.id])).toEqual([done]);
  });

  law('what must be completed and is open, deleted or unknown is a conflict [EP-06]', async (store) => {
    const [open, done, other] = [anEpisode(), aCompletedEpisode(), anEpisode()];
    await store.write([put('episode', open), put('episode', done)]);
    const completed = (id: string): Write => ({ op: 'require', kind: 'episode', id, status: 'completed' });
    for (const id of [open.id, 'nowhere']) {
      const turnedDown = store.write([completed(done.id), put('episode', other), completed(id)]);
      await expect(turnedDown).rejects.toMatchObject({ code: 'CONFLICT', message: expect.stringContaining(id) });
    }
    expect(await store.getMany('episode', [other.id])).toEqual([undefined]);
    await store.write([completed(done.id), put('episode', other), requireOpen(open.id)]);
    await expect(store.write([remove('episode', done.id), completed(done.id)])).rejects.toMatchObject({
      code: 'CONFLICT',
    });
    expect(await store.getMany('episode', [done.id, other.id])).toEqual([done, other]);
  });

  law('an episode with other steps than expected is a conflict [EP-03]', async (store) => {
    const episode = anEpisode();
    await store.write([put('episode', episode), put('step', aStep({ episodeId: episode.id }))]);
    await store.write([requireOpen(episode.id, { stepCount: 1 })]);
    for (const stepCount of [0, 2]) {
      await expect(store.write([requireOpen(episode.id, { stepCount })])).rejects.toMatchObject({ code: 'CONFLICT' });
    }
  });
}

function limitLaws(law: Law): void {
  law('the most steps an episode may have are let in, and not one more [EP-07]', async (store) => {
    const episode = anEpisode();
    const add = (count: number) =>
      store.write([
        ...Array.from({ length: count }, () => put('step', aStep({ episodeId: episode.id }), { ifVersion: 0 })),
        requireOpen(episode.id, { maxSteps: 3 }),
      ]);
    await store.write([put('episode', episode)]);
    await add(2);
    await expect(add(2)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', retryable: false });
    await expect(add(2)).rejects.toThrow(/3 steps/);
    await add(1);
    await expect(add(1)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    expect(await idsOf(store, 'step', {})).toHaveLength(3);
  });

  law('the steps of an episode may have so many bytes of JSON in UTF-8, and not one more [EP-07]', async (store) => {
    const episode = anEpisode();
    await store.write([put('episode', episode)]);
    const sized = (number: number) => aStep({ episodeId: episode.id, number, action: 'größe 日本' });
    const sizeOf = (step: Step) => Buffer.byteLength(JSON.stringify(step));
    const [first, last] = [sized(1), sized(12)];
    const added = [first, ...Array.from({ length: 10 }, (_, index) => sized(index + 2)), last];
    const bytes = added.reduce((sum, step) => sum + sizeOf(step), 0);
    const add = (maxBytes: number) =>
      store.write([...added.map((step) => put('step', step)), requireOpen(episode.id, { maxBytes })]);
    await expect(add(bytes - 1)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED', retryable: false });
    await expect(add(bytes - 1)).rejects.toThrow(`${bytes - 1} bytes`);
    await add(bytes);
    const longer = (step: Step) => ({ ...step, action: `${step.action}!` });
    const replace = (step: Step, maxBytes: number) =>
      store.write([put('step', longer(step)), requireOpen(episode.id, { maxBytes })]);
    await expect(replace(first, bytes)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await replace(first, bytes + 1);
    await expect(replace(last, bytes + 1)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await replace(last, bytes + 2);
    const left = bytes + 2 - sizeOf(longer(first));
    const deleteFirst = (maxBytes: number) =>
      store.write([remove('step', first.id), requireOpen(episode.id, { maxBytes })]);
    await expect(deleteFirst(left - 1)).rejects.toMatchObject({ code: 'LIMIT_EXCEEDED' });
    await deleteFirst(left);
  });
}

function ownershipLaws(law: Law): void {
  law('deleting an episode takes its steps and its evidence, and nothing else [EP-06]', async (store) => {
    const [gone, kept] = [anEpisode({ tags: ['t'] }), anEpisode({ tags: ['t'] })];
    const pattern = aPattern();
    const evidence = anEvidence({ episodeId: kept.id, patternId: pattern.id });
    const step = aStep({ episodeId: kept.id });
    await store.write([
      ...[gone, kept].map((episode) => put('episode', episode)),
      ...[aStep({ episodeId: gone.id }), aStep({ episodeId: gone.id }), step].map((value) => put('step', value)),
      put('pattern', pattern),
      put('evidence', anEvidence({ episodeId: gone.id, patternId: pattern.id })),
      put('evidence', evidence),
    ]);
    await store.write([remove('episode', gone.id)]);
    expect(await idsOf(store, 'episode', { tagsAny: ['t'] })).toEqual([kept.id]);
    expect(await idsOf(store, 'step', {})).toEqual([step.id]);
    expect(await idsOf(store, 'evidence', {})).toEqual([evidence.id]);
    expect(await idsOf(store, 'pattern', {})).toEqual([pattern.id]);
  });

  law('deleting an episode leaves the kinds of task that name it [LE-07]', async (store) => {
    const episode = anEpisode();
    const cluster = aCluster({ memberIds: [episode.id] });
    await store.write([put('episode', episode), put('cluster', cluster)]);
    await store.write([remove('episode', episode.id)]);
    expect(await store.getMany('cluster', [cluster.id])).toEqual([cluster]);
  });

  law('replacing an episode leaves its steps and its evidence [EP-05]', async (store) => {
    const episode = anEpisode();
    await store.write([
      put('episode', episode),
      put('step', aStep({ episodeId: episode.id })),
      put('evidence', anEvidence({ episodeId: episode.id })),
    ]);
    await store.write([put('episode', { ...episode, version: 2 }, { ifVersion: 1 })]);
    expect(await idsOf(store, 'step', { episodeIds: [episode.id] })).toHaveLength(1);
    expect(await idsOf(store, 'evidence', { episodeIds: [episode.id] })).toHaveLength(1);
  });

  law('the newest evidence of a pattern comes first [LE-06]', async (store) => {
    const episodes = [anEpisode(), anEpisode(), anEpisode()];
    const pattern = aPattern();
    await store.write(episodes.map((episode) => put('episode', episode)));
    const written = episodes.map(({ id }) => anEvidence({ episodeId: id, patternId: pattern.id }));
    await store.write(written.map((value) => put('evidence', value)));
    const expected = written.toSorted((a, b) => (a.episodeId < b.episodeId ? 1 : -1)).map(({ id }) => id);
    expect(await idsOf(store, 'evidence', { patternId: pattern.id })).toEqual(expected);
  });

  law('a pattern has one evidence from an episode [ST-01]', async (store) => {
    const episode = anEpisode();
    const first = anEvidence({ episodeId: episode.id });
    const twin = anEvidence({ episodeId: episode.id, patternId: first.patternId });
    await store.write([put('episode', episode), put('evidence', first)]);
    await expect(store.write([put('evidence', twin)])).rejects.toMatchObject({ code: 'CONFLICT' });
    await store.write([remove('evidence', first.id), put('evidence', twin, { ifVersion: 0 })]);
    expect(await idsOf(store, 'evidence', { patternId: first.patternId })).toEqual([twin.id]);
  });
}

/** Numbers that are easily lost: −0, the smallest, the largest, infinite ones, and what is no number. */
const ODD_NUMBERS = [-0, 2 ** -149, -(2 ** -126), 3.4028234663852886e38, 1 / 3, Infinity, -Infinity, Number.NaN];

function bitsOf(vectors: readonly Float32Array[] | undefined): readonly (readonly number[])[] | undefined {
  return vectors?.map((vector) => [...new Uint32Array(vector.slice().buffer)]);
}

function vectorLaws(law: Law): void {
  law('vectors are read back bit by bit, from wherever they stood in memory [EM-04]', async (store) => {
    const episode = anEpisode();
    // A part of a larger piece of memory, that does not begin where numbers of eight bytes do.
    const part = new Float32Array(20).subarray(3, 3 + ODD_NUMBERS.length);
    part.set(ODD_NUMBERS);
    const shape = { ownerId: episode.id, dimensions: ODD_NUMBERS.length };
    const several = anEmbedding({ ...shape, vectors: [part, Float32Array.from(ODD_NUMBERS.toReversed())] });
    const none = anEmbedding({ ...shape, model: 'test/2', vectors: [] });
    await store.write([put('episode', episode), put('embedding', several), put('embedding', none)]);
    const [read, empty] = await store.getMany('embedding', [several.id, none.id]);
    expect(bitsOf(read?.vectors)).toEqual(bitsOf(several.vectors));
    expect(empty).toEqual(none);
    const scanned = await collect(store.scan('embedding', { model: several.model }));
    expect(scanned.map(({ vectors }) => bitsOf(vectors))).toEqual([bitsOf(several.vectors)]);
    read?.vectors[0]?.fill(7);
    expect(bitsOf((await store.getMany('embedding', [several.id]))[0]?.vectors)).toEqual(bitsOf(several.vectors));
  });

  law('any embedding is read back as it was written, and replaced by the next one [EM-04]', async (store) => {
    const [episode, pattern] = [anEpisode(), aPattern()];
    await store.write([put('episode', episode), put('pattern', pattern)]);
    await fc.assert(
      fc.asyncProperty(embeddings, async (any) => {
        const value = { ...any, id: 'the same', ownerId: any.ownerKind === 'episode' ? episode.id : pattern.id };
        await store.write([put('embedding', value)]);
        expect(await store.getMany('embedding', [value.id])).toEqual([value]);
      }),
      { numRuns: 25 },
    );
  });

  law('many embeddings are written and read at once [EM-03]', async (store) => {
    const owners = Array.from({ length: 300 }, () => aPattern());
    const many = owners.map(({ id }, index) =>
      anEmbedding({ ownerKind: 'pattern', ownerId: id, vectors: [new Float32Array([index, -index, 1 / index])] }),
    );
    await store.write([
      ...owners.map((pattern) => put('pattern', pattern)),
      ...many.map((value) => put('embedding', value, { ifVersion: 0 })),
    ]);
    const ids = many.map(({ id }) => id);
    expect(await store.getMany('embedding', ids)).toEqual(many);
    expect(await idsOf(store, 'embedding', {})).toEqual(ids.toSorted());
    const [first, last] = [owners[0]?.id ?? '', owners[299]?.id ?? ''];
    const wanted = [ids[0], ids[299]].toSorted();
    expect(await idsOf(store, 'embedding', { ownerIds: [first, last, 'nobody'], ownerKind: 'pattern' })).toEqual(
      wanted,
    );
    expect(await idsOf(store, 'embedding', { ownerIds: [first], ownerKind: 'episode' })).toEqual([]);
    expect(await idsOf(store, 'embedding', { ownerIds: [first], model: 'another' })).toEqual([]);
  });

  law('an embedding needs its owner, and goes with it [EP-06]', async (store) => {
    const [gone, kept, pattern] = [anEpisode(), anEpisode(), aPattern()];
    const lost = anEmbedding({ ownerId: gone.id });
    await expect(store.write([put('model', aModel()), put('embedding', lost)])).rejects.toMatchObject({
      code: 'NOT_FOUND',
      message: expect.stringContaining(gone.id),
    });
    expect((await store.changes(0)).seq).toBe(0);
    const mistaken = anEmbedding({ ownerId: kept.id, ownerKind: 'pattern' });
    await store.write([put('episode', gone), put('episode', kept), put('pattern', pattern)]);
    await expect(store.write([put('embedding', mistaken)])).rejects.toMatchObject({ code: 'NOT_FOUND' });
    const [ofKept, ofPattern] = [
      anEmbedding({ ownerId: kept.id }),
      anEmbedding({ ownerId: pattern.id, ownerKind: 'pattern' }),
    ];
    await store.write([lost, ofKept, ofPattern].map((value) => put('embedding', value)));
    await store.write([
      put('embedding', anEmbedding({ ownerId: gone.id, model: 'test/2' })),
      remove('episode', gone.id),
    ]);
    expect(await idsOf(store, 'embedding', {})).toEqual([ofKept.id, ofPattern.id].toSorted());
    await store.write([put('episode', { ...kept, version: 2 }), put('pattern', { ...pattern, version: 2 })]);
    expect(await idsOf(store, 'embedding', {})).toHaveLength(2);
    await store.write([remove('pattern', pattern.id)]);
    expect(await idsOf(store, 'embedding', {})).toEqual([ofKept.id]);
    await store.write([remove('embedding', ofKept.id, { ifVersion: 1 })]);
    expect(await idsOf(store, 'embedding', {})).toEqual([]);
  });
}

function mentionLaws(law: Law): void {
  law(
    'episodes are found by those that their reflection speaks of, and by the one that they repeat [EP-06]',
    async (store) => {
      const said = { successes: [], improvements: [], insights: [] };
      const [first, second] = [aCompletedEpisode(), aCompletedEpisode()];
      const ofBoth = aCompletedEpisode({ reflection: { ...said, of: [first.id, second.id] }, startedAt: minute(1) });
      const twin = aCompletedEpisode({
        quality: { score: 0.5, flags: ['duplicate'], duplicateOf: first.id },
        startedAt: minute(2),
      });
      const naming = aCompletedEpisode({ description: second.id, startedAt: minute(3) });
      const all = [first, second, ofBoth, twin, naming, anEpisode()];
      await store.write(all.map((value) => put('episode', value)));
      expect(await idsOf(store, 'episode', { speaksOf: [first.id] })).toEqual([ofBoth.id, twin.id]);
      expect(await idsOf(store, 'episode', { speaksOf: [second.id, 'another'] })).toEqual([ofBoth.id]);
      expect(await idsOf(store, 'episode', { speaksOf: [first.id, ofBoth.id] })).toEqual([twin.id]);
      expect(await idsOf(store, 'episode', { speaksOf: [] })).toEqual([]);
    },
  );
}

function dueLaws(law: Law): void {
  const due = async (store: MemoryStore, model: string): Promise<readonly string[][]> => [
    await idsOf(store, 'episode', { embeddingDue: model, order: 'newest' }),
    await idsOf(store, 'pattern', { embeddingDue: model }),
  ];

  law('what has no embedding by a model, or one of other texts, is due [EM-03]', async (store) => {
    const [first, second] = [anEpisode({ startedAt: minute(1) }), anEpisode({ startedAt: minute(2) })];
    const pattern = aPattern();
    await store.write([put('episode', first), put('episode', second), put('pattern', pattern)]);
    expect(await due(store, 'a')).toEqual([[second.id, first.id], [pattern.id]]);
    expect(await idsOf(store, 'episode', { embeddingDue: 'a', limit: 1 })).toEqual([first.id]);
    const ofFirst = anEmbedding({ ownerId: first.id, model: 'a', textHash: textHash(embeddedTexts(first)) });
    const ofPattern = anEmbedding({
      ...{ ownerId: pattern.id, ownerKind: 'pattern', model: 'a' },
      textHash: textHash(embeddedTexts(pattern)),
    });
    const ofSecond = anEmbedding({ ownerId: second.id, model: 'a', textHash: 'of other texts' });
    await store.write([ofFirst, ofSecond, ofPattern].map((value) => put('embedding', value)));
    expect(await due(store, 'a')).toEqual([[second.id], []]);
    expect(await due(store, 'b')).toEqual([[second.id, first.id], [pattern.id]]);

    await store.write([put('episode', { ...first, tags: ['new'], version: 2 })]);
    await store.write([put('pattern', { ...pattern, support: 6, version: 2 })]);
    expect(await due(store, 'a')).toEqual([[second.id], []]);
    await store.write([put('episode', { ...first, description: 'Another task', version: 3 })]);
    await store.write([put('pattern', { ...pattern, scope: { domain: 'web' }, version: 3 })]);
    expect(await due(store, 'a')).toEqual([[second.id, first.id], [pattern.id]]);
    await store.write([put('episode', { ...first, version: 4 }), remove('embedding', ofPattern.id)]);
    expect(await due(store, 'a')).toEqual([[second.id], [pattern.id]]);
  });

  law('an error that was made good is due when its episode ends with it [EM-03]', async (store) => {
    const episode = anEpisode();
    const ofTask = anEmbedding({ ownerId: episode.id, model: 'a', textHash: textHash(embeddedTexts(episode)) });
    await store.write([put('episode', episode), put('embedding', ofTask)]);
    const without = { ...aCompletedEpisode(), id: episode.id, description: episode.description };
    await store.write([put('episode', without)]);
    expect((await due(store, 'a'))[0]).toEqual([]);
    const recovery = { failedStep: 1, fixedStep: 2, tool: 'bash', action: 'test', error: 'no such file', fix: [] };
    await store.write([put('episode', { ...without, recoveries: [recovery] })]);
    expect((await due(store, 'a'))[0]).toEqual([episode.id]);
  });
}

function journalLaws(law: Law): void {
  law('every operation has one entry, in the order of the batch [ST-08]', async (store) => {
    const episode = anEpisode();
    const [step, pattern] = [aStep({ episodeId: episode.id }), aPattern()];
    const started = await store.write([put('episode', episode), requireOpen(episode.id), put('step', step)], {
      actor: 'me',
    });
    const ended = await store.write([
      put('pattern', pattern),
      remove('pattern', 'nothing'),
      remove('episode', episode.id),
    ]);
    expect([started.seq, ended.seq]).toEqual([2, 5]);
    const { entries, seq } = await store.changes(0);
    expect(seq).toBe(5);
    expect(entries.map(({ at: _, ...entry }) => entry)).toEqual([
      { seq: 1, kind: 'episode', id: episode.id, op: 'put', actor: 'me' },
      { seq: 2, kind: 'step', id: step.id, op: 'put', actor: 'me' },
      { seq: 3, kind: 'pattern', id: pattern.id, op: 'put', actor: 'library' },
      { seq: 4, kind: 'pattern', id: 'nothing', op: 'delete', actor: 'library' },
      { seq: 5, kind: 'episode', id: episode.id, op: 'delete', actor: 'library' },
    ]);
    for (const { at } of entries) expect(new Date(at).toISOString()).toBe(at);
  });

  law('changes are read in pieces without gap or repeat [ST-08]', async (store) => {
    for (let index = 0; index < 7; index += 1) await store.write([put('pattern', aPattern())]);
    const seen: number[] = [];
    for (let since = 0; since < 7; since = seen.length) {
      const { entries, seq } = await store.changes(since, { limit: 3 });
      expect(seq).toBe(7);
      seen.push(...entries.map((entry) => entry.seq));
    }
    expect(seen).toEqual([1, 2, 3, 4, 5, 6, 7]);
    expect(await store.changes(7)).toEqual({ entries: [], seq: 7 });
    expect(await store.changes(99)).toEqual({ entries: [], seq: 7 });
  });

  law('a batch that changes nothing adds nothing, and answers with where the journal stands [ST-08]', async (store) => {
    const episode = anEpisode();
    expect(await store.write([])).toEqual({ seq: 0, stepNumbers: [] });
    expect(await store.changes(0)).toEqual({ entries: [], seq: 0 });
    await store.write([put('episode', episode)]);
    expect(await store.write([requireOpen(episode.id)])).toEqual({ seq: 1, stepNumbers: [] });
    await expect(store.write([put('pattern', aPattern()), requireOpen('nowhere')])).rejects.toThrow();
    expect((await store.changes(0)).seq).toBe(1);
    expect((await store.write([put('pattern', aPattern())])).seq).toBe(2);
  });
}

const minute = (index: number): string => new Date(Date.UTC(2026, 10, 21, 10, index)).toISOString();

type DatedLaw = (title: string, body: (store: MemoryStore, dated: DatedReads) => Promise<void>) => void;

/** A store that cannot date its answers has no such reads: nothing to test. */
function datedLawOf(law: Law): DatedLaw {
  return (title, body) => law(title, async (store) => store.dated && body(store, store.dated));
}

function datedLaws(datedLaw: DatedLaw): void {
  datedLaw('a dated read answers like the plain one, with the newest entry beside it [CA-02]', async (store, dated) => {
    const many = Array.from({ length: 250 }, () => aPattern());
    const [first, second] = many;
    const ids = [second, first, ...many.slice(2), first].map((pattern) => pattern?.id ?? 'no such id');
    const ask = { kind: 'pattern', ids: [...ids, 'no such id'], since: 0, limit: 3 } as const;
    expect(await dated.getMany(ask)).toEqual({
      answer: ask.ids.map(() => undefined),
      changes: { entries: [], seq: 0 },
      newest: undefined,
    });
    await store.write(many.map((pattern) => put('pattern', pattern)));
    const [newest] = (await store.changes(249)).entries;
    expect(await dated.getMany(ask)).toEqual({
      answer: await store.getMany('pattern', ask.ids),
      changes: await store.changes(0, { limit: 3 }),
      newest,
    });
    const { answer } = await dated.getMany({ ...ask, ids: [ids[0] ?? '', ids[0] ?? ''] });
    expect(answer[0]).toEqual(second);
    expect(answer[1]).not.toBe(answer[0]);
  });

  datedLaw(
    'a dated search answers like the plain one, with the newest entry beside it [CA-02]',
    async (store, dated) => {
      const query = { kind: 'episode', terms: ['retry', 'cache'], limit: 5 } as const;
      if (dated.match === undefined) return expect(store.text).toBeUndefined();
      expect(await dated.match(query)).toEqual({ answer: { hits: [], termsLeftOut: 0 }, newest: undefined });
      await store.write(
        ['retry', 'cache'].map((word) => ({ ...put('episode', anEpisode()), terms: terms(word, word) })),
      );
      const [newest] = (await store.changes(1)).entries;
      const found = await dated.match(query);
      expect(found).toEqual({ answer: await store.text?.match(query), newest });
      expect(found.answer.hits).toHaveLength(2);
    },
  );

  datedLaw('a dated answer is of the moment of its date, also while others write [CA-02]', async (store, dated) => {
    const pattern = aPattern({ version: 1 });
    await store.write([put('pattern', pattern)]);
    let isDone = false;
    const write = async (): Promise<void> => {
      for (let version = 2; version <= 30; version += 1) await store.write([put('pattern', { ...pattern, version })]);
    };
    const writing = write().finally(() => {
      isDone = true;
    });
    for (let seq = 0; !isDone; ) {
      const read = await dated.getMany({ kind: 'pattern', ids: [pattern.id], since: seq, limit: 100 });
      seq = read.newest?.seq ?? 0;
      expect({ version: read.answer[0]?.version, told: read.changes.seq }).toEqual({ version: seq, told: seq });
      await turns(1);
    }
    await writing;
  });

  datedLaw('a dated read that was cancelled or comes too late is refused [ST-01]', async (store, dated) => {
    const ask = { kind: 'pattern', ids: ['a'], since: 0, limit: 1 } as const;
    const call = { signal: AbortSignal.abort() };
    await expect(dated.getMany(ask, call)).rejects.toMatchObject({ code: 'ABORTED' });
    await store.close();
    await expect(dated.getMany(ask)).rejects.toMatchObject({ code: 'CLOSED' });
  });
}

function scanLaws(law: Law): void {
  law('episodes come by start, then id, also over several pages [EP-05]', async (store) => {
    const many = Array.from({ length: 450 }, (_, index) =>
      anEpisode({ startedAt: minute(Math.floor(index / 7) % 40) }),
    );
    await store.write(many.map((episode) => put('episode', episode)));
    const sorted = many.map(({ startedAt, id }) => `${startedAt} ${id}`).sort();
    const keys = async (filter: EpisodeFilter) =>
      (await collect(store.scan('episode', filter))).map(({ startedAt, id }) => `${startedAt} ${id}`);
    expect(await keys({})).toEqual(sorted);
    expect(await keys({ order: 'newest' })).toEqual(sorted.toReversed());
    expect(await keys({ limit: 201 })).toEqual(sorted.slice(0, 201));
    expect(await keys({ limit: 0 })).toEqual([]);
    const [startedAt = '', id = ''] = (sorted[210] ?? '').split(' ');
    expect(await keys({ after: { startedAt, id } })).toEqual(sorted.slice(211));
    expect(await keys({ after: { startedAt, id }, order: 'newest', limit: 5 })).toEqual(
      sorted.slice(205, 210).reverse(),
    );
    await store.write([remove('episode', id)]);
    expect(await keys({ after: { startedAt, id }, limit: 1 })).toEqual([sorted[211]]);
  });

  law('steps come by episode, then number, also over several pages [EP-05]', async (store) => {
    const two = [anEpisode(), anEpisode()].sort((a, b) => (a.id < b.id ? -1 : 1));
    const last = two.slice(1).map(({ id }) => id);
    await store.write(two.map((episode) => put('episode', episode)));
    for (let index = 0; index < 5; index += 1) {
      await store.write(
        two.flatMap(({ id }) =>
          Array.from({ length: 50 }, () => put('step', aStep({ episodeId: id }), { ifVersion: 0 })),
        ),
      );
    }
    const places = (await collect(store.scan('step', {}))).map(({ episodeId, number }) => [episodeId, number]);
    expect(places).toEqual(two.flatMap(({ id }) => Array.from({ length: 250 }, (_, index) => [id, index + 1])));
    const tail = await collect(store.scan('step', { episodeIds: last, afterNumber: 248 }));
    expect(tail.map(({ number }) => number)).toEqual([249, 250]);
    expect(await collect(store.scan('step', { episodeIds: [] }))).toEqual([]);
  });

  law('all other kinds come by id [EP-05]', async (store) => {
    const many = Array.from({ length: 250 }, () => aTombstone());
    await store.write(many.map((tombstone) => put('tombstone', tombstone)));
    expect(await idsOf(store, 'tombstone', {})).toEqual(many.map(({ id }) => id).sort());
  });
}

function filterLaws(law: Law): void {
  for (const [title, filter] of EPISODE_FILTERS) {
    law(`episodes are found by ${title}, and others are not [EP-05]`, async (store) => {
      const wanted = aCompletedEpisode(WANTED);
      const open = anEpisode({ startedAt: minute(59) });
      const other = aCompletedEpisode({ ...UNWANTED });
      await store.write([wanted, open, other].map((episode) => put('episode', episode)));
      expect(await idsOf(store, 'episode', filter)).toEqual([wanted.id]);
    });
  }

  law('an episode is visible to its own project, or to all when it has none [EP-05]', async (store) => {
    const [mine, theirs, common] = [anEpisode({ project: 'mine' }), anEpisode({ project: 'theirs' }), anEpisode()];
    await store.write([mine, theirs, common].map((episode) => put('episode', episode)));
    const visible = async (reader: { project?: string }) =>
      (await idsOf(store, 'episode', { visibleTo: reader })).sort();
    expect(await visible({ project: 'mine' })).toEqual([mine.id, common.id].sort());
    expect(await visible({})).toEqual([common.id]);
  });

  law('kinds of task are found by their scope, in the order of their ids [LE-07]', async (store) => {
    const scopes = [{ project: 'mine', domain: 'web' }, { project: 'mine' }, { domain: 'web' }, { project: 'theirs' }];
    const written = scopes.map((scope, index) => aCluster({ id: `${9 - index}`, scope }));
    await store.write(written.map((value) => put('cluster', value, { ifVersion: 0 })));
    const found = (filter: ClusterFilter) => idsOf(store, 'cluster', filter);
    expect(await found({})).toEqual(['6', '7', '8', '9']);
    expect(await found({ project: 'mine' })).toEqual(['8', '9']);
    expect(await found({ domain: 'web' })).toEqual(['7', '9']);
    expect(await found({ visibleTo: { project: 'mine' } })).toEqual(['7', '8', '9']);
    expect(await found({ visibleTo: {} })).toEqual(['7']);
  });

  law('an open episode has no reward and no outcome, and owes no learning [EP-05]', async (store) => {
    const open = anEpisode();
    await store.write([put('episode', open), put('episode', aCompletedEpisode())]);
    expect(await idsOf(store, 'episode', { learningPending: false })).toEqual([open.id]);
    expect(await idsOf(store, 'episode', { status: 'open', maxReward: 1 })).toEqual([]);
    expect(await idsOf(store, 'episode', { ids: [open.id], minReward: 0 })).toEqual([]);
  });
}

const WANTED = {
  id: 'aaaaaaaa-0000-4000-8000-000000000000',
  project: 'p',
  domain: 'd',
  taskType: 'debugging',
  tags: ['one', 'two'],
  startedAt: minute(10),
  source: { agent: 'a', session: 's', capturedFrom: 'mcp', confidence: 0.5 },
  reward: { total: 0.5, parts: { outcome: 0.5, verification: 0, recovery: 0 } },
  outcome: { kind: 'partial', completed: [], failed: [] },
} as const;

const UNWANTED = {
  project: 'q',
  domain: 'e',
  tags: ['one', 'three'],
  startedAt: minute(11),
  source: { agent: 'b', session: 't', capturedFrom: 'cli', confidence: 0.49 },
  reward: { total: 0.51, parts: { outcome: 0.51, verification: 0, recovery: 0 } },
  learningPending: false,
} as const;

/** Each lets `WANTED` through, and neither `UNWANTED` nor an open episode that started last. */
const EPISODE_FILTERS: readonly (readonly [string, EpisodeFilter])[] = [
  ['id', { ids: [WANTED.id, 'no such id'] }],
  ['project', { project: 'p' }],
  ['domain', { domain: 'd' }],
  ['task type', { taskType: 'debugging' }],
  ['status', { status: 'completed', until: minute(11) }],
  ['outcome', { outcome: 'partial' }],
  ['all tags', { tagsAll: ['one', 'two'] }],
  ['any tag', { tagsAny: ['two', 'four'] }],
  ['the time it started', { since: minute(10), until: minute(11) }],
  ['a largest reward', { maxReward: 0.5 }],
  ['a range of rewards', { minReward: 0.5, maxReward: 0.505 }],
  ['agent', { agent: 'a' }],
  ['session', { session: 's' }],
  ['where it was captured', { capturedFrom: 'mcp' }],
  ['a least confidence', { minConfidence: 0.5 }],
  ['pending learning', { learningPending: true }],
];

/** What the text tests index and ask. */
const terms = (title: string, body: string) => ({ title: title.split(' '), body: body.split(' ') });

type TextLaw = (title: string, body: (store: MemoryStore, text: TextIndex) => Promise<void>) => void;

/** A store without an index says so by having none: nothing to test. */
function textLawOf(law: Law): TextLaw {
  return (title, body) => law(title, async (store) => store.text && body(store, store.text));
}

async function found(text: TextIndex, ...words: string[]): Promise<string[]> {
  return (await text.match({ kind: 'episode', terms: words, limit: 10 })).hits.map(({ id }) => id);
}

function textLaws(textLaw: TextLaw): void {
  textLaw('a word of the title counts more than one of the body alone [ST-01]', async (store, text) => {
    const [inBody, inTitle, neither] = [anEpisode(), anEpisode(), anEpisode()];
    await store.write([
      put('episode', inBody, { terms: terms('parser crash', 'parser crash timeout lock') }),
      put('episode', inTitle, { terms: terms('timeout lock', 'timeout lock parser crash') }),
      put('episode', neither, { terms: terms('other', 'other words') }),
    ]);
    expect(await found(text, 'timeout')).toEqual([inTitle.id, inBody.id]);
    expect(await found(text, 'unheard')).toEqual([]);
    expect(await found(text)).toEqual([]);
    const { hits } = await text.match({ kind: 'episode', terms: ['timeout', 'crash'], limit: 1 });
    expect(hits).toHaveLength(1);
    expect(hits[0]?.relevance).toBeGreaterThan(0);
    expect(hits[0]?.relevance).toBeLessThanOrEqual(1);
  });

  textLaw('terms stay until others are given, and go with their entity [ST-01]', async (store, text) => {
    const episode = anEpisode();
    await store.write([put('episode', episode, { terms: terms('first', 'words') })]);
    await store.write([put('episode', { ...episode, version: 2 })]);
    expect(await found(text, 'first')).toEqual([episode.id]);
    await store.write([put('episode', { ...episode, version: 3 }, { terms: terms('second', 'words') })]);
    expect(await found(text, 'first')).toEqual([]);
    expect(await found(text, 'second')).toEqual([episode.id]);
    await store.write([remove('episode', episode.id)]);
    expect(await found(text, 'second')).toEqual([]);
    await store.write([put('episode', episode)]);
    expect(await found(text, 'second', 'words')).toEqual([]);
  });

  textLaw('a search is narrowed by the same filters as a scan [ST-01]', async (store, text) => {
    const [mine, theirs] = [anEpisode({ project: 'mine' }), anEpisode({ project: 'theirs' })];
    const pattern = aPattern({ support: 3 });
    await store.write([
      ...[mine, theirs].map((value) => put('episode', value, { terms: terms('lock', 'timeout') })),
      put('pattern', pattern, { terms: terms('lock', 'retry') }),
    ]);
    const ask = { terms: ['lock'], limit: 10 };
    const episodeHits = await text.match({ ...ask, kind: 'episode', filter: { visibleTo: { project: 'mine' } } });
    expect(episodeHits.hits.map(({ id }) => id)).toEqual([mine.id]);
    const patternHits = await text.match({ ...ask, kind: 'pattern', filter: { minSupport: 3 } });
    expect(patternHits.hits.map(({ id }) => id)).toEqual([pattern.id]);
    expect((await text.match({ ...ask, kind: 'pattern', filter: { minSupport: 4 } })).hits).toEqual([]);
  });
}

function wordLaws(textLaw: TextLaw): void {
  textLaw('a refused batch leaves no words behind [ST-04]', async (store, text) => {
    const batch = [put('episode', anEpisode(), { terms: terms('ghost', 'words') }), requireOpen('nowhere')];
    await expect(store.write(batch)).rejects.toThrow();
    expect(await found(text, 'ghost')).toEqual([]);
  });

  textLaw('words are taken as they are, in any script [ST-01]', async (store, text) => {
    const episode = anEpisode();
    await store.write([put('episode', episode, { terms: terms('λόγος straße', '日本 größe') })]);
    for (const word of ['λόγος', 'straße', '日本', 'größe']) expect(await found(text, word)).toEqual([episode.id]);
    for (const word of ['λόγοσ', 'strasse', '日', 'grosse']) expect(await found(text, word)).toEqual([]);
  });
}

function termLaws(textLaw: TextLaw): void {
  textLaw('the terms of many are read back, in the order of the ids [RE-01]', async (store, text) => {
    const words = { title: ['λόγος', 'lock', 'lock'], body: ['日本', 'größe', 'lock', '42'] };
    const [told, silent, pattern] = [anEpisode(), anEpisode(), aPattern()];
    await store.write([
      put('episode', told, { terms: words }),
      put('episode', silent),
      put('pattern', pattern, { terms: terms('grep edit', 'grep edit web') }),
    ]);
    const none = { title: [], body: [] };
    expect(await text.terms('episode', [silent.id, 'nobody', told.id, told.id])).toEqual([
      none,
      undefined,
      words,
      words,
    ]);
    expect(await text.terms('pattern', [pattern.id, told.id])).toEqual([
      terms('grep edit', 'grep edit web'),
      undefined,
    ]);
    expect(await text.terms('episode', [])).toEqual([]);
    await store.write([put('episode', { ...told, version: 2 }, { terms: terms('other', 'words') })]);
    expect(await text.terms('episode', [told.id])).toEqual([terms('other', 'words')]);
    await store.write([remove('episode', told.id)]);
    expect(await text.terms('episode', [told.id])).toEqual([undefined]);
  });

  textLaw('the terms of large texts are all there [RE-01]', async (store, text) => {
    const large = Array.from({ length: 12 }, (_, index) => ({
      title: [`number${index}`],
      body: Array.from({ length: 30_000 }, (__, word) => `word${word}`),
    }));
    const many = large.map((words) => put('episode', anEpisode(), { terms: words }));
    await store.write(many);
    const found = await text.terms(
      'episode',
      many.map(({ value }) => value.id),
    );
    expect(found).toEqual(large);
  });
}

function lifecycleLaws(law: Law): void {
  law('a call that was cancelled rejects and writes nothing [ST-01]', async (store) => {
    const signal = AbortSignal.abort();
    const aborted = { code: 'ABORTED', retryable: false };
    await expect(store.write([put('pattern', aPattern())], { signal })).rejects.toMatchObject(aborted);
    await expect(store.getMany('pattern', [], { signal })).rejects.toMatchObject(aborted);
    await expect(store.changes(0, { signal })).rejects.toMatchObject(aborted);
    await expect(collect(store.scan('pattern', {}, { signal }))).rejects.toMatchObject(aborted);
    if (store.text !== undefined) {
      const ask = { kind: 'episode', terms: ['a'], limit: 1 } as const;
      await expect(store.text.match(ask, { signal })).rejects.toMatchObject(aborted);
      await expect(store.text.terms('episode', ['a'], { signal })).rejects.toMatchObject(aborted);
    }
    expect((await store.changes(0)).seq).toBe(0);
  });

  law('a scan that is cancelled on its way stops there [EP-05]', async (store) => {
    await store.write(Array.from({ length: 10 }, () => put('pattern', aPattern())));
    const controller = new AbortController();
    let seen = 0;
    const scan = async () => {
      for await (const _ of store.scan('pattern', {}, { signal: controller.signal })) {
        seen += 1;
        if (seen === 3) controller.abort();
      }
    };
    await expect(scan()).rejects.toMatchObject({ code: 'ABORTED' });
    expect(seen).toBe(3);
  });

  law('what is written during a scan does not disturb it [EP-05]', async (store) => {
    const many = Array.from({ length: 300 }, () => aPattern());
    await store.write(many.map((pattern) => put('pattern', pattern)));
    const seen: string[] = [];
    for await (const { id } of store.scan('pattern', {})) {
      seen.push(id);
      await store.write([remove('pattern', id)]);
    }
    expect(seen).toEqual(many.map(({ id }) => id).sort());
  });

  law('a closed store refuses every call, and closing again is fine [ST-01]', async (store) => {
    await store.close();
    await store.close();
    const closed = { code: 'CLOSED', retryable: false };
    await expect(store.write([])).rejects.toMatchObject(closed);
    await expect(store.getMany('episode', ['a'])).rejects.toMatchObject(closed);
    await expect(store.changes(0)).rejects.toMatchObject(closed);
    await expect(collect(store.scan('episode', {}))).rejects.toMatchObject(closed);
    if (store.text !== undefined) {
      await expect(store.text.match({ kind: 'episode', terms: ['a'], limit: 1 })).rejects.toMatchObject(closed);
      await expect(store.text.terms('episode', ['a'])).rejects.toMatchObject(closed);
    }
  });

  law('closing waits for the writes that have begun [ST-05]', async (store) => {
    const writes = Array.from({ length: 5 }, () => store.write([put('pattern', aPattern())]));
    await store.close();
    expect((await Promise.all(writes)).map(({ seq }) => seq)).toEqual([1, 2, 3, 4, 5]);
  });
}

/** What a write came to: its receipt, or the refusal. Where two laws are broken, either may be named in its message. */
async function outcomeOf(store: MemoryStore, batch: readonly Write[]): Promise<unknown> {
  try {
    return await store.write(batch);
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    return { code: error.code, retryable: error.retryable };
  }
}

/** All that can be read, but for times. */
async function contentsOf(store: MemoryStore): Promise<unknown> {
  const contents: Record<string, unknown> = {};
  for (const kind of KINDS) {
    contents[`${kind} by id`] = await store.getMany(kind, POOL_IDS[kind]);
    contents[`${kind} scanned`] = await collect(store.scan(kind, {}));
  }
  const { entries, seq } = await store.changes(0);
  return { ...contents, seq, entries: entries.map(({ at: _, ...entry }) => entry) };
}

/** Without episodes, most of what arbitrary batches try would be turned down. */
const SEED: readonly Write[] = POOL_IDS.episode.map((id) => put('episode', anEpisode({ id })));

function modelLaws(subject: StoreSuiteSubject): void {
  test('any batches have the same outcome and leave the same contents as in the model [ST-01] [ST-04] [ST-08]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(writeBatches, { minLength: 1, maxLength: 12 }), async (batches) => {
        await using(subject, async (store) => {
          const model = inMemoryStore();
          for (const batch of [SEED, ...batches]) {
            expect(await outcomeOf(store, batch)).toEqual(await outcomeOf(model, batch));
          }
          expect(await contentsOf(store)).toEqual(await contentsOf(model));
        });
      }),
      { numRuns: subject.runs ?? RUNS },
    );
  });

  test('writes at once have the same outcomes as one after the other, in the order of the calls [ST-04] [ST-07]', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(writeBatches, { minLength: 2, maxLength: 24 }), async (batches) => {
        await using(subject, async (store) => {
          const model = inMemoryStore();
          for (const each of [store, model]) await each.write(SEED);
          const outcomes = await Promise.all(batches.map((batch) => outcomeOf(store, batch)));
          for (const [index, batch] of batches.entries()) {
            expect(outcomes[index]).toEqual(await outcomeOf(model, batch));
          }
          expect(await contentsOf(store)).toEqual(await contentsOf(model));
        });
      }),
      { numRuns: subject.runs ?? RUNS },
    );
  });

  test('a step that is put twice by writes at once has its number from each of them [ST-07]', async () => {
    await using(subject, async (store) => {
      const [one, other] = [anEpisode(), anEpisode()];
      const step = aStep({ episodeId: one.id });
      await store.write([put('episode', one), put('episode', other)]);
      const receipts = await Promise.all([
        store.write([put('step', step)]),
        store.write([
          put('step', aStep({ episodeId: other.id })),
          remove('step', step.id),
          put('step', { ...step, episodeId: other.id }),
        ]),
      ]);
      expect(receipts.map(({ stepNumbers }) => stepNumbers)).toEqual([[1], [1, 2]]);
    });
  });

  test('any filter finds the same as in the model, in the same order [EP-05]', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(episodes, { maxLength: 25 }),
        fc.array(patterns, { maxLength: 15 }),
        fc.array(clusters, { maxLength: 10 }),
        fc.array(writeBatches, { maxLength: 5 }),
        fc.array(fc.tuple(episodeFilters, patternFilters, stepFilters, clusterFilters), {
          minLength: 10,
          maxLength: 20,
        }),
        async (someEpisodes, somePatterns, someClusters, batches, filters) => {
          await using(subject, async (store) => {
            const model = inMemoryStore();
            const puts = [
              ...someEpisodes.map((value) => put('episode', value)),
              ...somePatterns.map((value) => put('pattern', value)),
              ...someClusters.map((value) => put('cluster', value)),
            ];
            for (const each of [store, model]) {
              for (const batch of [SEED, puts, ...batches]) await outcomeOf(each, batch);
            }
            for (const [ofEpisodes, ofPatterns, ofSteps, ofClusters] of filters) {
              expect(await idsOf(store, 'episode', ofEpisodes)).toEqual(await idsOf(model, 'episode', ofEpisodes));
              expect(await idsOf(store, 'pattern', ofPatterns)).toEqual(await idsOf(model, 'pattern', ofPatterns));
              expect(await idsOf(store, 'step', ofSteps)).toEqual(await idsOf(model, 'step', ofSteps));
              expect(await idsOf(store, 'cluster', ofClusters)).toEqual(await idsOf(model, 'cluster', ofClusters));
            }
          });
        },
      ),
      { numRuns: subject.runs ?? RUNS },
    );
  });
}

function questionLaws(subject: StoreSuiteSubject): void {
  test('any question finds the same as in the model, as relevant [ST-01]', async () => {
    const kinds = fc.constantFrom<('episode' | 'pattern')[]>('episode', 'pattern');
    const questions = fc.array(fc.record({ kind: kinds, terms: queryTerms, limit: fc.constant(10) }), { minLength: 8 });
    const history = fc.array(writeBatches, { minLength: 5, maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(history, questions, async (batches, asked) => {
        await using(subject, async (store) => {
          const model = inMemoryStore();
          for (const each of [store, model]) for (const batch of [SEED, ...batches]) await outcomeOf(each, batch);
          if (store.text !== undefined) await expectSameAnswers(store.text, model.text, asked);
        });
      }),
      { numRuns: subject.runs ?? RUNS },
    );
  });
}

async function expectSameAnswers(
  text: TextIndex,
  model: TextIndex,
  questions: readonly TextQuery<'episode' | 'pattern'>[],
): Promise<void> {
  for (const question of questions) {
    const expected = new Map((await model.match(question)).hits.map(({ id, relevance }) => [id, relevance]));
    const { hits } = await text.match(question);
    expect(hits.map(({ id }) => id).sort()).toEqual([...expected.keys()].sort());
    for (const { id, relevance } of hits) expect(relevance).toBeCloseTo(expected.get(id) ?? Number.NaN, 9);
    const relevances = hits.map(({ relevance }) => relevance);
    expect(relevances).toEqual(relevances.toSorted((a, b) => b - a));
  }
}

function durabilityLaws(subject: DurableSubject): void {
  test('a store that is opened again holds what it held, and its journal goes on [ST-05]', async () => {
    const first = await subject.open();
    const writes = oneOfEach();
    await first.write(writes);
    const before = await contentsOf(first);
    await first.close();
    const second = await subject.reopen(first);
    try {
      expect(await contentsOf(second)).toEqual(before);
      for (const kind of KINDS) expect(await collect(second.scan(kind, {}))).toHaveLength(1);
      expect((await second.write([put('pattern', aPattern())])).seq).toBe(writes.length + 1);
    } finally {
      await second.close();
    }
  });
}
