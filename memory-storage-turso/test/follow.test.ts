// One database follows another by its journal.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Write } from '@episodica/memory-core/ports';
import { aCompletedEpisode, anEpisode, anEvidence, aStep, put, remove, writeBatches } from '@episodica/test-utils';
import * as fc from 'fast-check';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../src/connection.ts';
import { followJournal } from '../src/follow.ts';
import { connectLocalFile, createLocalFile } from '../src/local-file.ts';
import { openStoreOver, type TursoStore } from '../src/store.ts';
import { contentsOf } from './contents.ts';

interface End {
  readonly connection: Connection;
  readonly store: TursoStore;
}

let directory: string;
let opened: End[] = [];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-follow-'));
});

afterEach(async () => {
  for (const { store } of opened) await store.close();
  opened = [];
  rmSync(directory, { recursive: true });
});

async function openEnd(): Promise<End> {
  const path = join(directory, `${opened.length}.db`);
  createLocalFile(path);
  const connection = await connectLocalFile(path, { busyTimeoutMs: 5_000, durability: 'normal' });
  const end = { connection, store: await openStoreOver(connection) };
  opened.push(end);
  return end;
}

/** One entry a page: every page but the last shows things that are newer than where it has got to. */
const SMALLEST = { rows: 1, bytes: 1 };

test('after any writes, with any pages between them, all tables and the journal are the same in both [ST-08]', async () => {
  const rounds = fc.array(
    fc.record({ batches: fc.array(writeBatches, { maxLength: 4 }), entries: fc.integer({ min: 0, max: 3 }) }),
    { minLength: 1, maxLength: 6 },
  );
  await fc.assert(
    fc.asyncProperty(rounds, async (given) => {
      const from = await openEnd();
      const to = await openEnd();
      for (const { batches, entries } of given) {
        // A batch that is turned down changes nothing.
        for (const batch of batches) await from.store.write(batch).catch(() => undefined);
        // Only so far: the next writes then come while it is behind.
        const stop = new AbortController();
        let left = entries;
        const onProgress = (): void => {
          left -= 1;
          if (left <= 0) stop.abort();
        };
        if (entries > 0) {
          const options = { limits: SMALLEST, signal: stop.signal, onProgress };
          await followJournal(from.connection, to.connection, options).catch(() => undefined);
        }
      }
      await followJournal(from.connection, to.connection, { limits: SMALLEST });
      expect(await contentsOf(to.connection)).toEqual(await contentsOf(from.connection));
      // The batches are no sense of a memory, so both have findings.
      expect((await to.store.verify()).findings).toEqual((await from.store.verify()).findings);
    }),
    { numRuns: 60 },
  );
});

test('an episode that was deleted and made again has the steps that it has there, and no others [ST-08]', async () => {
  const from = await openEnd();
  const to = await openEnd();
  const episode = anEpisode();
  const [gone, kept] = [aStep({ episodeId: episode.id }), aStep({ episodeId: episode.id })];
  await from.store.write([put('episode', episode), put('step', kept), put('step', gone)]);
  await followJournal(from.connection, to.connection);
  await from.store.write([remove('episode', episode.id)]);
  await from.store.write([put('episode', episode), put('step', kept)]);
  await followJournal(from.connection, to.connection, { limits: SMALLEST });
  expect(await contentsOf(to.connection)).toEqual(await contentsOf(from.connection));
  expect(await to.store.getMany('step', [gone.id, kept.id])).toEqual([undefined, { ...kept, number: 1 }]);
});

test('of many that follow at the same time, each entry lands once [ST-08]', async () => {
  const from = await openEnd();
  const to = await openEnd();
  for (let index = 0; index < 30; index += 1) await from.store.write([put('episode', anEpisode())]);
  const followers = Array.from({ length: 5 }, () =>
    followJournal(from.connection, to.connection, { limits: { rows: 4, bytes: 1_000_000 } }),
  );
  const followed = await Promise.all(followers);
  expect(followed.map(({ seq }) => seq)).toEqual(Array(5).fill(30));
  expect(followed.reduce((sum, { changes }) => sum + changes, 0)).toBe(30);
  expect(await contentsOf(to.connection)).toEqual(await contentsOf(from.connection));
});

test('a page takes no more than its bytes, and a thing that is larger comes alone [ST-08]', async () => {
  const from = await openEnd();
  const to = await openEnd();
  const large = (): Write => put('episode', anEpisode({ description: 'x'.repeat(9_000) }));
  for (let index = 0; index < 4; index += 1) await from.store.write([large()]);
  const seqs: number[] = [];
  const onProgress = ({ seq }: { seq: number }): void => void seqs.push(seq);
  await followJournal(from.connection, to.connection, { limits: { rows: 100, bytes: 10_000 }, onProgress });
  expect(seqs).toEqual([2, 4]);
});

test('what was put back to an older state is not gone on with, and nothing is changed [ST-08]', async () => {
  const from = await openEnd();
  const older = await openEnd();
  const to = await openEnd();
  const first = anEpisode();
  await from.store.write([put('episode', first)]);
  await followJournal(from.connection, older.connection);
  await from.store.write([put('episode', anEpisode())]);
  await followJournal(from.connection, to.connection);
  const before = await contentsOf(to.connection);

  const shorter = followJournal(older.connection, to.connection);
  await expect(shorter).rejects.toThrow(/put back to an older state: entry 2 .* is not there any more/u);
  await older.store.write([put('episode', anEpisode()), put('episode', anEpisode())]);
  const other = followJournal(older.connection, to.connection);
  await expect(other).rejects.toMatchObject({ code: 'INVALID_STATE', message: expect.stringContaining('another one') });
  expect(await contentsOf(to.connection)).toEqual(before);
});

test('another database than the one that is named is told as such [ST-08]', async () => {
  const from = await openEnd();
  const to = await openEnd();
  await from.store.write([put('episode', anEpisode())]);
  const following = followJournal(from.connection, to.connection, { identity: 'a'.repeat(32) });
  await expect(following).rejects.toMatchObject({
    code: 'INVALID_STATE',
    message: expect.stringContaining('is another one than'),
  });
  expect(await to.store.changes(0)).toEqual({ entries: [], seq: 0 });
});

test('evidence goes with its episode also where the journal does not name it [ST-08]', async () => {
  const from = await openEnd();
  const to = await openEnd();
  const episode = aCompletedEpisode();
  const evidence = anEvidence({ episodeId: episode.id });
  await from.store.write([put('episode', episode), put('evidence', evidence)]);
  await followJournal(from.connection, to.connection);
  await from.store.write([remove('episode', episode.id)]);
  await followJournal(from.connection, to.connection);
  expect(await to.store.getMany('evidence', [evidence.id])).toEqual([undefined]);
});

test('following asks one question a page, and one that is answered with nothing [ST-03]', async () => {
  const from = await openEnd();
  const to = await openEnd();
  let questions = 0;
  const counted: Connection = {
    ...from.connection,
    read(statements) {
      questions += 1;
      return from.connection.read(statements);
    },
    execute: () => Promise.reject(new Error('one question more')),
  };
  await from.store.write([put('episode', anEpisode())]);
  await followJournal(counted, to.connection);
  expect(questions).toBe(1);
  expect(await followJournal(counted, to.connection)).toEqual({ seq: 1, changes: 0 });
  expect(questions).toBe(2);
});
