// Writes that come together: how many commits and statements they take.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { aCompletedEpisode, anEpisode, aStep, put, remove, requireOpen } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../src/connection.ts';
import { connectLocalFile, createLocalFile } from '../src/local-file.ts';
import { openStoreOver } from '../src/open.ts';
import type { TursoStore } from '../src/store.ts';

let directory: string;
let store: TursoStore;
/** Statements of each commit, the opening of the store left out. */
let commits: number[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-group-'));
  const path = join(directory, 'store.db');
  createLocalFile(path);
  const file = await connectLocalFile(path, { busyTimeoutMs: 1_000, durability: 'normal' });
  const counted: Connection = {
    ...file,
    batch(statements, beforeCommit) {
      commits.push(statements.length);
      return file.batch(statements, beforeCommit);
    },
  };
  commits = [];
  store = await openStoreOver(counted);
  commits = [];
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test('steps of many callers are one commit, of as many statements as one of them [ST-07]', async () => {
  const episodes = Array.from({ length: 20 }, () => anEpisode());
  await store.write(episodes.map((episode) => put('episode', episode)));
  const stepOf = (episodeId: string) =>
    store.write([
      requireOpen(episodeId),
      put('step', aStep({ episodeId }), { ifVersion: 0 }),
      requireOpen(episodeId, { maxSteps: 1_000, maxBytes: 10_000_000 }),
    ]);
  await stepOf(episodes[0]?.id ?? '');
  const receipts = await Promise.all(episodes.map(({ id }) => stepOf(id)));
  expect(receipts.map(({ stepNumbers }) => stepNumbers)).toEqual([[2], ...Array(19).fill([1])]);
  const [, alone, together, ...others] = commits;
  expect(others).toEqual([]);
  expect(together).toBe(alone);
});

test('new episodes of many callers are one commit, of as many statements as one of them [ST-07]', async () => {
  const create = () =>
    store.write([put('episode', anEpisode(), { ifVersion: 0, terms: { title: ['login'], body: ['login'] } })]);
  await create();
  await Promise.all(Array.from({ length: 20 }, create));
  const [alone, together, ...others] = commits;
  expect(others).toEqual([]);
  expect(together).toBe(alone);
});

test('steps keep the order of the calls where several callers add to one episode [ST-07] [EP-02]', async () => {
  const episode = anEpisode();
  await store.write([put('episode', episode)]);
  const ids = Array.from({ length: 5 }, () => aStep({ episodeId: episode.id }));
  await Promise.all(ids.map((step) => store.write([requireOpen(episode.id), put('step', step, { ifVersion: 0 })])));
  const stored = [];
  for await (const { id, number } of store.scan('step', { episodeIds: [episode.id] })) stored.push({ id, number });
  expect(stored).toEqual(ids.map(({ id }, index) => ({ id, number: index + 1 })));
  expect(commits).toHaveLength(2);
});

test('what belongs to one episode keeps its order, whoever asked for it [ST-07] [ST-04] [EP-02]', async () => {
  const [ending, other] = [anEpisode(), anEpisode()];
  await store.write([put('episode', ending), put('episode', other)]);
  const stepOn = (episodeId: string) =>
    store.write([requireOpen(episodeId), put('step', aStep({ episodeId }), { ifVersion: 0 })]);
  const outcomes = await Promise.allSettled([
    stepOn(other.id),
    store.write([put('episode', aCompletedEpisode({ id: ending.id, version: 2 }), { ifVersion: 1 })]),
    stepOn(ending.id),
  ]);
  expect(outcomes).toMatchObject([
    { status: 'fulfilled' },
    { status: 'fulfilled' },
    { status: 'rejected', reason: { code: 'INVALID_STATE' } },
  ]);
});

test('a step that is deleted stays deleted where others are put beside it [ST-07] [ST-04]', async () => {
  const episode = anEpisode();
  const [first, second] = [aStep({ episodeId: episode.id }), aStep({ episodeId: episode.id })];
  await store.write([put('episode', episode), put('step', first, { ifVersion: 0 })]);
  await Promise.all([
    store.write([remove('step', first.id)]),
    store.write([put('step', { ...second, id: first.id }, { ifVersion: 0 })]),
  ]);
  const ids = [];
  for await (const { id, number } of store.scan('step', { episodeIds: [episode.id] })) ids.push([id, number]);
  expect(ids).toEqual([[first.id, 1]]);
});

test('a write asks for the disk before it answers, unless told otherwise [ST-05]', async () => {
  for (const [durability, level] of [
    ['full', 2],
    ['normal', 1],
  ] as const) {
    const path = join(directory, `${durability}.db`);
    createLocalFile(path);
    const connection = await connectLocalFile(path, { busyTimeoutMs: 1_000, durability });
    expect((await connection.execute({ sql: 'PRAGMA synchronous', args: [] })).rows).toEqual([{ synchronous: level }]);
    await connection.close();
  }
});
