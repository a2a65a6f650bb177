import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, put } from '@episodica/test-utils';
import { afterAll, beforeAll, expect, test } from 'vitest';

let directory: string;
let store: TursoStore;
const rare = anEpisode();

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-search-'));
  store = await openTursoStore({ url: pathToFileURL(join(directory, 'store.db')).href, durability: 'normal' });
  const common = Array.from({ length: 1_100 }, (_, index) =>
    put('episode', anEpisode(), { ifVersion: 0, terms: { title: ['common'], body: [`word${index % 70}`] } }),
  );
  await store.write([...common, put('episode', rare, { terms: { title: ['rare'], body: ['rare', 'common'] } })]);
});

afterAll(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

test('terms that most episodes hold are left out of a question that has a rare one [ST-01]', async () => {
  const { hits, termsLeftOut } = await store.text.match({ kind: 'episode', terms: ['common', 'rare'], limit: 10 });
  expect(hits.map(({ id }) => id)).toEqual([rare.id]);
  expect(termsLeftOut).toBe(1);
});

test('a question of common terms only is asked all the same [ST-01]', async () => {
  const { hits, termsLeftOut } = await store.text.match({ kind: 'episode', terms: ['common'], limit: 10 });
  expect(hits).toHaveLength(10);
  expect(termsLeftOut).toBe(0);
});

test('a long question is asked by its 64 rarest terms [ST-01]', async () => {
  const words = Array.from({ length: 70 }, (_, index) => `word${index}`);
  const { hits, termsLeftOut } = await store.text.match({ kind: 'episode', terms: [...words, 'rare'], limit: 1 });
  expect(hits.map(({ id }) => id)).toEqual([rare.id]);
  expect(termsLeftOut).toBe(7);
});

test('quotes and operators in a term are taken word for word [ST-01]', async () => {
  const terms = ['rare" OR "common', 'rare*', 'NEAR(rare)', '"'];
  expect(await store.text.match({ kind: 'episode', terms, limit: 10 })).toEqual({ hits: [], termsLeftOut: 0 });
});
