import type { Memory } from '@episodica/memory-core';
import { silentLogger } from '@episodica/memory-core/ports';
import { createServices } from '@episodica/memory-mcp';
import { expect, test } from 'vitest';

/** A memory that notes what is asked of it; whatever a test does not name is not there. */
function notingMemory(notes: string[], learnPending: Memory['learnPending']): Memory {
  const memory: Pick<Memory, 'learnPending' | 'close'> = {
    learnPending(call) {
      notes.push('learn');
      return learnPending(call);
    },
    async close() {
      notes.push('close');
    },
  };
  // The services use these two verbs only.
  return memory as Memory;
}

test('what a predecessor owed is learnt once, as soon as the memory is open [MC-03]', async () => {
  const notes: string[] = [];
  const memory = notingMemory(notes, async () => 2);
  const services = createServices({
    openBackend: async () => ({ memory, close: () => memory.close() }),
    logger: silentLogger,
  });
  expect(notes).toEqual([]);
  await Promise.all([services.backend.get(), services.backend.get()]);
  await services.close();
  expect(notes).toEqual(['learn', 'close']);
});

test('closing lets the memory learn to its end and waits for it, and calls behind it are refused [MC-03]', async () => {
  const notes: string[] = [];
  let stop = (): void => {};
  const stopped = new Promise<void>((resolve) => {
    stop = resolve;
  });
  const memory = notingMemory(notes, async (call) => {
    call?.signal?.addEventListener('abort', () => notes.push('given up'));
    await stopped;
    notes.push('stopped');
    return 0;
  });
  const services = createServices({
    openBackend: async () => ({ memory, close: () => memory.close().then(stop) }),
    logger: silentLogger,
  });
  await services.backend.get();
  await services.close();
  expect(notes).toEqual(['learn', 'close', 'stopped']);
  await expect(services.backend.get()).rejects.toMatchObject({ code: 'CLOSED' });
});

test('learning that fails does not keep the memory from being used [MC-03]', async () => {
  const memory = notingMemory([], () => Promise.reject(new Error('no')));
  const services = createServices({
    openBackend: async () => ({ memory, close: () => memory.close() }),
    logger: silentLogger,
  });
  expect((await services.backend.get()).memory).toBe(memory);
  await services.close();
});
