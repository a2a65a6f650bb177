import { groupCommit, inMemoryStore, MemoryError } from '@episodica/memory-core';
import type { MemoryStore, Write, WriteOptions } from '@episodica/memory-core/ports';
import { anEpisode, aStep, put, requireOpen, turns } from '@episodica/test-utils';
import { expect, test } from 'vitest';

interface Grouped {
  readonly store: MemoryStore;
  /** Operations of each commit that was tried, and who did it. */
  readonly tried: { readonly operations: number; readonly actor: string | undefined }[];
}

function grouped(inner: MemoryStore): Grouped {
  const tried: Grouped['tried'] = [];
  const write = groupCommit((batch: readonly Write[], options?: WriteOptions) => {
    tried.push({ operations: batch.length, actor: options?.actor });
    return inner.write(batch, options);
  });
  return { store: { ...inner, write }, tried };
}

function newEpisodes(count: number): readonly (readonly Write[])[] {
  return Array.from({ length: count }, () => [put('episode', anEpisode(), { ifVersion: 0 })]);
}

test('writes that come together share one commit, and each has its own receipt [ST-07]', async () => {
  const { store, tried } = grouped(inMemoryStore());
  const [first, second] = [anEpisode(), anEpisode()];
  await store.write([put('episode', first), put('episode', second)]);
  const stepsOf = (episodeId: string, count: number): readonly Write[] => [
    requireOpen(episodeId),
    ...Array.from({ length: count }, () => put('step', aStep({ episodeId }), { ifVersion: 0 })),
  ];
  const receipts = await Promise.all([
    store.write(stepsOf(first.id, 2)),
    store.write(stepsOf(second.id, 1)),
    store.write(stepsOf(first.id, 1)),
  ]);
  expect(receipts).toEqual([
    { seq: 4, stepNumbers: [1, 2] },
    { seq: 5, stepNumbers: [1] },
    { seq: 6, stepNumbers: [3] },
  ]);
  expect(tried.map(({ operations }) => operations)).toEqual([2, 7]);
});

test('a lone write does not wait for company [ST-07]', async () => {
  const { store, tried } = grouped(inMemoryStore());
  const [batch = []] = newEpisodes(1);
  const writing = store.write(batch);
  await turns(1);
  expect(tried).toHaveLength(1);
  await writing;
});

test('what comes while a commit is under way goes with the next one [ST-07]', async () => {
  const { store, tried } = grouped(inMemoryStore());
  const [one = [], ...others] = newEpisodes(9);
  const writing = store.write(one).then(() => Promise.all(others.map((batch) => store.write(batch))));
  await writing;
  expect(tried.map(({ operations }) => operations)).toEqual([1, 8]);
});

test('one that is turned down does no harm to those beside it [ST-07] [ST-04]', async () => {
  const { store } = grouped(inMemoryStore());
  const [good, alsoGood] = [anEpisode(), anEpisode()];
  const outcomes = await Promise.allSettled([
    store.write([put('episode', good, { ifVersion: 0 })]),
    store.write([put('step', aStep(), { ifVersion: 0 })]),
    store.write([put('episode', good, { ifVersion: 0 })]),
    store.write([put('episode', alsoGood, { ifVersion: 0 })]),
  ]);
  expect(outcomes).toMatchObject([
    { status: 'fulfilled', value: { seq: 1 } },
    { status: 'rejected', reason: { code: 'NOT_FOUND' } },
    { status: 'rejected', reason: { code: 'CONFLICT' } },
    { status: 'fulfilled', value: { seq: 2 } },
  ]);
  expect(await store.getMany('episode', [good.id, alsoGood.id])).toEqual([good, alsoGood]);
});

test('the fault of one among many is found by halving, not by trying each [ST-07]', async () => {
  const { store, tried } = grouped(inMemoryStore());
  const bad = put('step', aStep(), { ifVersion: 0 });
  const outcomes = await Promise.allSettled([...newEpisodes(255), [bad]].map((batch) => store.write(batch)));
  expect(outcomes.filter(({ status }) => status === 'fulfilled')).toHaveLength(255);
  expect(tried.length).toBeLessThanOrEqual(17);
});

test('who did it stays apart in the journal [ST-07] [ST-08]', async () => {
  const { store, tried } = grouped(inMemoryStore());
  const [one = [], two = [], three = []] = newEpisodes(3);
  await Promise.all([
    store.write(one, { actor: 'mcp' }),
    store.write(two, { actor: 'mcp' }),
    store.write(three, { actor: 'cli' }),
  ]);
  expect(tried).toEqual([
    { operations: 2, actor: 'mcp' },
    { operations: 1, actor: 'cli' },
  ]);
  expect((await store.changes(0)).entries.map(({ actor }) => actor)).toEqual(['mcp', 'mcp', 'cli']);
});

test('a commit stays bounded, whoever waits [ST-07]', async () => {
  const { store, tried } = grouped(inMemoryStore());
  await Promise.all(newEpisodes(1_100).map((batch) => store.write(batch)));
  expect(tried.map(({ operations }) => operations)).toEqual([512, 512, 76]);
});

test('a write that is cancelled while it waits is not made; one that has begun is [ST-07]', async () => {
  const { store } = grouped(inMemoryStore());
  const [first, second] = [anEpisode(), anEpisode()];
  const controller = new AbortController();
  const kept = store.write([put('episode', first)]);
  const cancelled = store.write([put('episode', second)], { signal: controller.signal });
  controller.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
  await kept;
  expect(await store.getMany('episode', [first.id, second.id])).toEqual([first, undefined]);
});

test('when the store itself cannot write, nobody is told that they did, and it is not asked for each [ST-07] [ST-13]', async () => {
  const inner = inMemoryStore();
  let calls = 0;
  const write = groupCommit(() => {
    calls += 1;
    return Promise.reject(new MemoryError('STORE_UNAVAILABLE', 'Busy; try again.', { retryable: true }));
  });
  const outcomes = await Promise.allSettled(newEpisodes(10).map((batch) => write(batch)));
  expect(outcomes.map((outcome) => outcome.status === 'rejected' && outcome.reason.code)).toEqual(
    Array(10).fill('STORE_UNAVAILABLE'),
  );
  expect(calls).toBe(1);
  expect((await inner.changes(0)).seq).toBe(0);
});

test('what is wrong with the store, and not with a write, is asked once and told to all [ST-07]', async () => {
  let calls = 0;
  const write = groupCommit(() => {
    calls += 1;
    return Promise.reject(new MemoryError('STORE_FAILED', 'The token was refused.'));
  });
  const outcomes = await Promise.allSettled(newEpisodes(10).map((batch) => write(batch)));
  expect(outcomes).toMatchObject(Array(10).fill({ status: 'rejected', reason: { code: 'STORE_FAILED' } }));
  expect(calls).toBe(1);
});

test('a failure of unknown kind may be the fault of one write, and does no harm to those beside it [ST-07]', async () => {
  const inner = inMemoryStore();
  const [bad = [], ...others] = newEpisodes(10);
  const write = groupCommit((batch: readonly Write[]) =>
    batch.some((each) => bad.includes(each))
      ? Promise.reject(new RangeError('Invalid string length'))
      : inner.write(batch),
  );
  const outcomes = await Promise.allSettled([bad, ...others].map((batch) => write(batch)));
  expect(outcomes.map(({ status }) => status)).toEqual(['rejected', ...Array(9).fill('fulfilled')]);
});

test('when it is not known whether a commit was made, it is not made again in parts [ST-07] [ST-03]', async () => {
  let calls = 0;
  const write = groupCommit(() => {
    calls += 1;
    return Promise.reject(new MemoryError('STORE_UNAVAILABLE', 'It may have been written.', { retryable: false }));
  });
  const outcomes = await Promise.allSettled(newEpisodes(10).map((batch) => write(batch)));
  expect(outcomes).toMatchObject(Array(10).fill({ status: 'rejected', reason: { code: 'STORE_UNAVAILABLE' } }));
  expect(calls).toBe(1);
});
