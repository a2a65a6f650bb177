// Episodes that are completed while others are learnt from, feedback and forgetting between: nobody is told of a conflict.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inMemoryStore, type Memory, openMemory, type StepInput } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { expect, test } from 'vitest';

const EPISODES = 80;

/** Two kinds of task in turn, whose texts differ a little. */
async function record(memory: Memory, task: number): Promise<string> {
  const isRelease = task % 2 === 0;
  const description = isRelease
    ? `Release version 2.${task} of the billing service to production`
    : `Translate the page about ${['refunds', 'invoices', 'taxes'][task % 3]} into ${['Danish', 'Polish'][task % 5] ?? 'Dutch'}, draft ${task}`;
  const tools = isRelease
    ? ['git', ...(task % 4 > 0 ? ['deploy', 'migrate'] : ['migrate', 'deploy'])]
    : ['read', 'translate'];
  const steps = tools.map((tool): StepInput => ({ tool, action: `${tool} billing` }));
  const { episode } = await memory.createEpisode({ description, domain: 'operations' });
  await memory.addSteps(episode.id, steps);
  await memory.completeEpisode(episode.id, task % 3 > 0 ? { kind: 'success' } : { kind: 'failure', reason: 'down' });
  return episode.id;
}

/** Twice in one process, as two programs would. */
async function learnWhileRecording(store: MemoryStore): Promise<void> {
  const shared = { store: { ...store, close: async () => {} }, embedder: 'none' } as const;
  const [memory, other] = [openMemory(shared), openMemory(shared)];
  let learning: Promise<unknown> = Promise.resolve();
  for (let task = 0; task < EPISODES; task += 1) {
    const id = await record(memory, task);
    if (task % 20 === 19) {
      await other.forget({ ids: [id] });
      const { recommendationId, playbook } = await other.recommend({
        description: 'Release version 3',
        domain: 'operations',
      });
      const applied = playbook.steps.flatMap(({ patternIds }) => patternIds);
      await other.recordFeedback({ recommendationId, applied, isSuccess: true });
    }
    if (task % 7 > 0) continue;
    await learning;
    learning = Promise.all([memory.catchUp(), other.learnPending()]);
    // Heard at the next turn.
    learning.catch(() => undefined);
  }
  await learning;
  await Promise.all([memory.catchUp(), other.catchUp()]);
  expect(await memory.learningHealth()).not.toHaveProperty('problem');
  expect(await other.learningHealth()).toMatchObject({ pending: 0 });
  const [row] = [...(await memory.listPatterns({ domain: 'operations' }))];
  expect(row?.pattern.scope).toEqual({ domain: 'operations' });
  await memory.close();
  await other.close();
  let ended = 0;
  for await (const { episodes } of store.scan('baseline', {})) ended += episodes;
  expect(ended).toBe(EPISODES - 4);
}

test('learning while episodes are recorded tells nobody of a conflict, in memory [LE-08]', async () => {
  await learnWhileRecording(inMemoryStore());
});

test('learning while episodes are recorded tells nobody of a conflict, in a file [LE-08]', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'learning-'));
  const store = await openTursoStore({ url: `file:${join(folder, 'memory.db')}` });
  try {
    await learnWhileRecording(store);
  } finally {
    await store.close();
    rmSync(folder, { recursive: true, force: true });
  }
});
