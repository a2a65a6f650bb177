// Learning from many episodes by processes that share a file, or die over it.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { learnableEpisodes, learnableRecords } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';

const LEARNER = fileURLToPath(new URL('./fixtures/learner.mjs', import.meta.url));
const EPISODES = 120;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'learning-'));
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A store with completed episodes that nothing was learnt from yet. */
async function owing(name: string): Promise<string> {
  const url = `file:${join(folder, name)}`;
  const store = await openTursoStore({ url });
  const refusing: TursoStore = {
    ...store,
    write: (batch, options) =>
      batch.some(({ kind }) => kind === 'baseline')
        ? Promise.reject(new Error('not now'))
        : store.write(batch, options),
  };
  const memory = openMemory({ store: refusing, embedder: 'none' });
  await memory.importEpisodes(learnableRecords(learnableEpisodes({ tasks: 20, trials: EPISODES / 20 })));
  await memory.close();
  return url;
}

async function started(url: string): Promise<ChildProcess> {
  const child = fork(LEARNER, [url]);
  await once(child, 'message');
  return child;
}

/** All that was learnt, without versions and times, once it is sure that nothing is owed and all counts are right. */
async function learnt(url: string, nowMs: number = Date.now()): Promise<unknown> {
  const store = await openTursoStore({ url });
  const memory = openMemory({ store, embedder: 'none', clock: () => nowMs });
  await memory.learnPending();
  expect((await memory.learningHealth()).pending).toBe(0);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  const patterns = [];
  for await (const { version, history, ...rest } of store.scan('pattern', {})) patterns.push(rest);
  const clusters = [];
  for await (const { version, ...rest } of store.scan('cluster', {})) clusters.push(rest);
  const evidence = [];
  for await (const found of store.scan('evidence', {})) evidence.push(found);
  const baselines = [];
  for await (const { version, learnt: _state, ...rest } of store.scan('baseline', {})) baselines.push(rest);
  await memory.close();
  expect(patterns.length).toBeGreaterThan(20);
  return { patterns, clusters, evidence, baselines };
}

test('two processes at the same episodes end as one does, and each episode is counted once [LE-08]', async () => {
  const [alone, shared] = [await owing('alone.db'), await owing('shared.db')];
  const children = [await started(shared), await started(shared)];
  const counts = children.map(async (child) => {
    const [count] = await once(child, 'message');
    return count as number;
  });
  for (const child of children) child.send('learn');
  const [one = 0, two = 0] = await Promise.all(counts);
  expect(one + two).toBe(EPISODES);
  expect(await learnt(shared)).toEqual(await learnt(alone));
});

test('a process that is killed while it learns loses nothing, and the next one ends as if it had not been [LE-08]', async () => {
  const [alone, url] = [await owing('alone.db'), await owing('killed.db')];
  const watching = await openTursoStore({ url });
  let { seq } = await watching.changes(0, { limit: 1 });
  const child = await started(url);
  child.send('learn');
  const ended = once(child, 'exit');
  // Until the first patterns are stored, and others are not.
  for (let isAny = false; !isAny; ) {
    const { entries } = await watching.changes(seq, { limit: 1_000 });
    isAny = entries.some(({ kind }) => kind === 'pattern');
    seq = entries.at(-1)?.seq ?? seq;
  }
  child.kill('SIGKILL');
  await ended;
  let owed = 0;
  for await (const _ of watching.scan('episode', { learningPending: true })) owed += 1;
  await watching.close();
  expect(owed).toBeGreaterThan(0);
  // Later than whoever was killed kept others away.
  expect(await learnt(url, Date.now() + 60_000)).toEqual(await learnt(alone));
});
