// Clients of the revision without sessions, over HTTP: what they hear of changes, and what they have in common.
import { inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import { silentLogger } from '@episodica/memory-core/ports';
import { createServer, createServices } from '@episodica/memory-mcp';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { expect, onTestFinished, test } from 'vitest';
import { watchedStore } from '../../src/changes.ts';
import { openTestServer, TOKEN } from './server.ts';

/** Longer than a test: what is heard within it was not heard by asking at intervals. */
const NEVER_MS = 1_000_000;

interface Served {
  /** The same store, as another process has it. */
  readonly others: Memory;
  /** Settles when the store was asked where its journal stands; it answers once `opened` is kept. */
  readonly asked: Promise<void>;
  connect(mode?: 'auto' | 'legacy'): Promise<Client>;
}

/** A memory behind HTTP; everything goes with the test. */
async function served({ pollMs = NEVER_MS, opened = Promise.resolve() } = {}): Promise<Served> {
  const store = inMemoryStore();
  const watched = watchedStore(store);
  const memory = openMemory({ store: watched, embedder: 'none' });
  let ask = (): void => {};
  const asked = new Promise<void>((resolve) => {
    ask = resolve;
  });
  const journal = {
    ...watched,
    async changes(...given: Parameters<typeof watched.changes>) {
      ask();
      await opened;
      return watched.changes(...given);
    },
  };
  const services = createServices({
    openBackend: async () => ({ memory, journal, close: () => memory.close() }),
    logger: silentLogger,
    pollMs,
  });
  onTestFinished(() => services.close());
  const { url } = await openTestServer({ services, createServer: (connection) => createServer(services, connection) });
  return {
    others: openMemory({ store, embedder: 'none' }),
    asked,
    async connect(mode = 'auto') {
      const client = new Client({ name: 'test-client', version: '1.0.0' }, { versionNegotiation: { mode } });
      const requestInit = { headers: { authorization: `Bearer ${TOKEN}` } };
      await client.connect(new StreamableHTTPClientTransport(new URL(url), { requestInit }));
      onTestFinished(() => client.close());
      return client;
    },
  };
}

/** What a client is told of, and a wait for it. */
function heardBy(client: Client) {
  const heard: string[] = [];
  let wake = (): void => {};
  const hear = (what: string): void => {
    heard.push(what);
    wake();
  };
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => hear(params.uri));
  client.setNotificationHandler('notifications/resources/list_changed', () => hear('resources'));
  client.setNotificationHandler('notifications/tools/list_changed', () => hear('tools'));
  return {
    heard,
    async until(...expected: readonly string[]) {
      while (expected.some((what) => !heard.includes(what))) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      heard.length = 0;
    },
  };
}

async function begun(client: Client, task_description: string): Promise<string> {
  const { structuredContent } = await client.callTool({ name: 'create_episode', arguments: { task_description } });
  return (structuredContent as { episode_id: string }).episode_id;
}

test('who listens hears of what another client writes: records, both lists, and nothing that it did not name [MC-04 MC-06]', async () => {
  const server = await served();
  const [listener, idle, writer] = [await server.connect(), await server.connect(), await server.connect()];
  const [told, untold] = [heardBy(listener), heardBy(idle)];
  await idle.listen({ resourceSubscriptions: ['memory://episodes/another'] });
  const projects = 'memory://projects';
  await listener.listen({ toolsListChanged: true, resourcesListChanged: true, resourceSubscriptions: [projects] });
  const episode_id = await begun(writer, 'Told to others');
  await told.until('tools', 'resources', projects);
  const outcome = { kind: 'success' };
  await writer.callTool({ name: 'complete_episode', arguments: { episode_id, outcome } });
  await told.until('tools', projects);
  await writer.callTool({ name: 'forget', arguments: { before: '2999-01-01T00:00:00Z' } });
  await told.until('tools', projects);
  expect(untold.heard).toEqual([]);
});

test('what another process writes right behind the acknowledgement is heard, tools that it makes useful too [MC-04 MC-06]', async () => {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  const server = await served({ pollMs: 1, opened });
  const client = await server.connect();
  const told = heardBy(client);
  let isListening = false;
  const listening = client.listen({ toolsListChanged: true, resourceSubscriptions: ['memory://projects'] });
  void listening.then(() => {
    isListening = true;
  });
  await server.asked;
  // While it is not known where the journal stands, nobody is told that it listens.
  await client.listTools();
  expect(isListening).toBe(false);
  open();
  await listening;
  await server.others.createEpisode({ description: 'Written elsewhere' });
  await told.until('tools', 'memory://projects');
});

test('of clients without sessions none finds what one of them still works on, or is handed it as its own [MC-06 EP-13]', async () => {
  const server = await served();
  const [one, other, inSession] = [await server.connect(), await server.connect(), await server.connect('legacy')];
  const episode_id = await begun(one, 'Mend the flux capacitor');
  const found = async (client: Client): Promise<boolean> => {
    const query = { name: 'query_memory', arguments: { query: 'flux capacitor' } };
    return JSON.stringify((await client.callTool(query)).structuredContent).includes(episode_id);
  };
  expect(await Promise.all([found(one), found(other), found(inSession)])).toEqual([false, false, true]);
  await expect(other.getPrompt({ name: 'reflect' })).rejects.toThrow(/There is no open episode/u);
  await one.callTool({ name: 'complete_episode', arguments: { episode_id, outcome: { kind: 'success' } } });
  expect(await Promise.all([found(one), found(other), found(inSession)])).toEqual([true, true, true]);
});
