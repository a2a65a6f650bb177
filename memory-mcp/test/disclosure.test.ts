// Which tools are listed, and when a client is told that there are others.

import { inMemoryStore } from '@episodica/memory-core';
import { aCompletedEpisode, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import type { MemoryChange } from '../src/changes.ts';
import { disclosure } from '../src/serving/disclosure.ts';
import { type InProcessClient, inProcess, startInProcess } from './in-process.ts';

const FRESH = ['create_episode', 'add_step', 'complete_episode', 'query_memory', 'execute_code', 'health_check'];
const BEGUN = ['list_episodes', 'get_episode', 'update_episode', 'forget', 'get_metrics'];
const ENDED = ['get_recommendation', 'record_feedback', 'list_patterns'];

const task = { task_description: 'Mend the login' };

async function listed({ client }: InProcessClient): Promise<readonly string[]> {
  const { tools } = await client.listTools(undefined);
  return tools.map(({ name }) => name).sort();
}

const sorted = (...names: readonly (readonly string[])[]): readonly string[] => names.flat().sort();

/** Counts what the client is told, and waits for it. */
function notices({ client }: InProcessClient) {
  let count = 0;
  let wake = (): void => {};
  client.setNotificationHandler('notifications/tools/list_changed', () => {
    count += 1;
    wake();
  });
  return {
    get count() {
      return count;
    },
    async reach(expected: number) {
      while (count < expected) await new Promise<void>((resolve) => (wake = resolve));
    },
  };
}

test.each(['legacy', 'auto'] as const)(
  'a tool is listed when there is something for it to do, and the client is told each time, once: %s [MC-05]',
  async (mode) => {
    const server = await startInProcess({ mode });
    const told = notices(server);
    if (mode === 'auto') await server.client.listen({ toolsListChanged: true });
    expect(await listed(server)).toEqual(sorted(FRESH));
    const { structured } = await server.call('create_episode', task);
    await told.reach(1);
    expect(await listed(server)).toEqual(sorted(FRESH, BEGUN));
    await server.call('create_episode', task);
    const end = { episode_id: structured.episode_id, outcome: { kind: 'success' } };
    await server.call('complete_episode', end);
    await told.reach(2);
    expect(await listed(server)).toEqual(sorted(FRESH, BEGUN, ENDED));
    await server.call('forget', { before: '2999-01-01T00:00:00Z' });
    await told.reach(3);
    expect(await listed(server)).toEqual(sorted(FRESH));
    expect(told.count).toBe(3);
  },
);

test('a tool that is not listed yet can be called, and a call that fails changes no list [MC-05]', async () => {
  const server = await startInProcess();
  const told = notices(server);
  await server.client.listTools();
  expect((await server.call('list_episodes')).structured).toMatchObject({ episodes: [] });
  expect((await server.call('create_episode', {})).isError).toBe(true);
  await server.client.listTools();
  expect(told.count).toBe(0);
});

test('what another process stores makes tools appear, and nobody listens once all are listed [MC-05]', async () => {
  const listeners = new Set<(changed: readonly MemoryChange[]) => void>();
  const changes = {
    subscribe(listener: (changed: readonly MemoryChange[]) => void) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    settled: async () => {},
  };
  const store = inMemoryStore();
  const server = await startInProcess({ store, more: { changes } });
  const told = notices(server);
  expect(listeners.size).toBe(0);
  await server.client.listTools();
  expect(listeners.size).toBe(1);
  const episode = aCompletedEpisode();
  await store.write([put('episode', episode)]);
  for (const listener of listeners) listener([{ kind: 'episode', id: episode.id, onlySteps: false }]);
  await told.reach(1);
  expect(await listed(server)).toEqual(sorted(FRESH, BEGUN, ENDED));
  expect(listeners.size).toBe(0);
});

test('a list that a connection did not live to see leaves nobody listening [MC-05]', async () => {
  let listening = 0;
  const subscribe = (): (() => void) => {
    listening += 1;
    return () => {
      listening -= 1;
    };
  };
  const { services } = inProcess({ more: { changes: { subscribe, settled: async () => {} } } });
  const disclosed = disclosure({ services, patienceMs: 60_000, onChange() {} });
  await disclosed.listed([]);
  expect(listening).toBe(1);
  const listed = disclosed.listed([]);
  disclosed.close();
  await listed;
  expect(listening).toBe(0);
});

test('all tools are listed where the memory cannot be opened, or takes too long [MC-05]', async () => {
  const broken = await startInProcess({ openBackend: () => Promise.reject(new Error('no')) });
  expect(await listed(broken)).toEqual(sorted(FRESH, BEGUN, ENDED));
  let open = (_error: Error): void => {};
  const slow = await startInProcess({
    openBackend: () => new Promise((_resolve, reject) => (open = reject)),
    listPatienceMs: 1,
  });
  expect(await listed(slow)).toEqual(sorted(FRESH, BEGUN, ENDED));
  open(new Error('late'));
});

test('a cursor that nobody gave out is a protocol error [MC-02]', async () => {
  const { client } = await startInProcess();
  await expect(client.listTools({ cursor: 'abc' })).rejects.toMatchObject({ code: -32602 });
});
