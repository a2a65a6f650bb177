import { setImmediate as nextTurn } from 'node:timers/promises';
import { inMemoryStore, MemoryError, openMemory } from '@episodica/memory-core';
import { type Logger, silentLogger } from '@episodica/memory-core/ports';
import { expect, onTestFinished, test, vi } from 'vitest';
import { type Journal, type MemoryChange, watchedStore } from '../src/changes.ts';
import { createServices, type Services } from '../src/services.ts';

/** Longer than a test: what is heard within it was not heard by asking at intervals. */
const NEVER_MS = 1_000_000;

interface Setup {
  readonly services: Services;
  /** As another process has it. */
  readonly others: ReturnType<typeof openMemory>;
  readonly own: ReturnType<typeof openMemory>;
}

interface SetupOptions {
  readonly pollMs?: number;
  readonly logger?: Logger;
  /** In place of what the store says. */
  readonly changes?: (changes: Journal['changes']) => Journal['changes'];
}

function setup(options: SetupOptions): Setup {
  const shared = inMemoryStore();
  const watched = watchedStore(shared);
  const changes = options.changes?.(watched.changes) ?? watched.changes;
  const own = openMemory({ store: watched, embedder: 'none' });
  const services = createServices({
    openBackend: async () => ({ memory: own, journal: { ...watched, changes }, close: () => own.close() }),
    logger: options.logger ?? silentLogger,
    pollMs: options.pollMs,
  });
  onTestFinished(() => services.close());
  return { services, own, others: openMemory({ store: shared, embedder: 'none' }) };
}

/** What was told so far, and when something more is. */
function hearing({ changes }: Services) {
  const calls: (readonly MemoryChange[])[] = [];
  let wake = (): void => {};
  const stop = changes.subscribe((changed) => {
    calls.push(changed);
    wake();
  });
  return {
    calls,
    stop,
    async until(id: string): Promise<void> {
      while (!calls.flat().some((change) => change.id === id)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      calls.length = 0;
    },
  };
}

test('what this process writes is told soon: begun, continued, ended and forgotten episodes [MC-04]', async () => {
  const { services, own } = setup({ pollMs: NEVER_MS });
  const heard = hearing(services);
  await services.changes.settled();
  const { episode } = await own.createEpisode({ description: 'Mend the gate' });
  await heard.until(episode.id);
  await own.addStep(episode.id, { tool: 'bash', action: 'look' });
  await heard.until(episode.id);
  await own.completeEpisode(episode.id, { kind: 'success', verdict: 'it closes' });
  await heard.until(episode.id);
  await own.forget({ ids: [episode.id] });
  await heard.until(episode.id);
});

test('many writes of this process, one behind the other, are one look at the journal [MC-04 EP-13]', async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  onTestFinished(() => void vi.useRealTimers());
  let asked = 0;
  const { services, own } = setup({
    pollMs: NEVER_MS,
    changes: (changes) => (since, call) => {
      asked += 1;
      return changes(since, call);
    },
  });
  const heard = hearing(services);
  await services.changes.settled();
  const before = asked;
  const { episode } = await own.createEpisode({ description: 'Mend the gate' });
  for (let number = 1; number <= 10; number += 1) await own.addStep(episode.id, { tool: 'bash', action: 'look' });
  expect(asked).toBe(before);
  vi.advanceTimersByTime(NEVER_MS - 1);
  await heard.until(episode.id);
  expect(asked).toBe(before + 1);
});

test('what another process writes is told while somebody listens, and nothing of before [MC-04]', async () => {
  const { services, others } = setup({ pollMs: 1 });
  const before = await others.createEpisode({ description: 'Before anybody listened' });
  const heard = hearing(services);
  const silent = hearing(services);
  await services.changes.settled();
  silent.stop();
  const { episode } = await others.createEpisode({ description: 'Written elsewhere' });
  await others.addStep(before.episode.id, { tool: 'bash', action: 'continue' });
  await heard.until(before.episode.id);
  expect(silent.calls).toEqual([]);
  await others.forget({ ids: [episode.id] });
  await heard.until(episode.id);
});

test('three thousand changes are told in a few calls, each episode once in a call [MC-04]', async () => {
  const { services, others, own } = setup({ pollMs: NEVER_MS });
  const heard = hearing(services);
  await services.changes.settled();
  const inputs = Array.from({ length: 1_000 }, (_, index) => ({ description: `Task ${index}` }));
  for (let batch = 0; batch < 3; batch += 1) await others.createEpisodes(inputs);
  const { episode } = await own.createEpisode({ description: 'The last' });
  while (!heard.calls.flat().some(({ id }) => id === episode.id)) await nextTurn();
  expect(heard.calls.length).toBeLessThanOrEqual(5);
  expect(Math.max(...heard.calls.map((changed) => changed.length))).toBeLessThanOrEqual(1_000);
  expect(new Set(heard.calls.flat().map(({ id }) => id)).size).toBe(3_001);
});

test('the store is asked nothing while nobody listens, and a failing one is asked again and logged once [MC-04]', async () => {
  let asked = 0;
  let failures = 0;
  const warnings: string[] = [];
  const logger = { ...silentLogger, warn: (_fields: object, message: string) => void warnings.push(message) };
  const { services, others } = setup({
    pollMs: 1,
    logger,
    changes: (changes) => async (since, call) => {
      asked += 1;
      if (failures === 0) return changes(since, call);
      failures -= 1;
      throw new MemoryError('STORE_UNAVAILABLE', 'not now', { retryable: true });
    },
  });
  await services.backend.get();
  expect(asked).toBe(0);
  const heard = hearing(services);
  await services.changes.settled();
  expect(asked).toBeGreaterThan(0);
  failures = 3;
  const { episode } = await others.createEpisode({ description: 'While the store was away' });
  await heard.until(episode.id);
  expect(failures).toBe(0);
  expect(warnings).toHaveLength(1);
  heard.stop();
  await services.changes.settled();
  const askedSoFar = asked;
  await others.addStep(episode.id, { tool: 'bash', action: 'unheard' });
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  expect(asked).toBe(askedSoFar);
});
