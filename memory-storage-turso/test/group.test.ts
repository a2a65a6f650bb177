// Writes that come together: how many commits and statements they take.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { anEpisode, aStep, put, requireOpen } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../src/connection.ts';
import { openLocalFile } from '../src/local-file.ts';
import { openStoreOver, type TursoStore } from '../src/store.ts';

let directory: string;
let store: TursoStore;
/** Statements of each commit, the opening of the store left out. */
let commits: number[];

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-group-'));
  const file = await openLocalFile(join(directory, 'store.db'), { busyTimeoutMs: 1_000, durability: 'normal' });
  const counted: Connection = {
    ...file,
    batch(statements) {
      commits.push(statements.length);
      return file.batch(statements);
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
