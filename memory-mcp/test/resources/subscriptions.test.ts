import { setImmediate as nextTurn, setTimeout as timer } from 'node:timers/promises';
import {
  ResourceListChangedNotificationSchema,
  ResourceUpdatedNotificationSchema,
} from '@modelcontextprotocol/sdk/types.js';
import { expect, onTestFinished, test } from 'vitest';
import { resourceEvents } from '../../src/events.ts';
import { startServer, temporaryFolder } from '../client.ts';
import { inProcess } from '../in-process.ts';

/** Longer than a test: what is heard within it was not heard by asking at intervals. */
const NEVER_MS = 1_000_000;

/** Addresses that are told, and a wait for the next one that is asked for. */
function heard() {
  const uris: string[] = [];
  let wake = (): void => {};
  return {
    uris,
    hear(uri: string) {
      uris.push(uri);
      wake();
    },
    async until(uri: string): Promise<void> {
      while (!uris.includes(uri)) {
        await new Promise<void>((resolve) => {
          wake = resolve;
        });
      }
      uris.length = 0;
    },
  };
}

const LIST = 'the list';

test('a client subscribes to a thousand addresses, and to another when it has let one go [MC-04]', async () => {
  const client = await inProcess({ pollMs: NEVER_MS }).connect();
  const uri = (index: number) => `memory://episodes/0195c0de-0000-7000-8000-${String(index).padStart(12, '0')}`;
  await Promise.all(Array.from({ length: 1_000 }, (_, index) => client.subscribeResource({ uri: uri(index) })));
  await client.subscribeResource({ uri: uri(7) });
  const beyond = { uri: uri(1_000) };
  await expect(client.subscribeResource(beyond)).rejects.toThrow(/There are 1000 subscriptions already; unsubscribe/u);
  await client.unsubscribeResource({ uri: uri(7) });
  await client.subscribeResource(beyond);
});

test('who subscribed to an episode hears of its steps, its end and that it is forgotten, and of no other [MC-04]', async () => {
  const server = inProcess({ pollMs: NEVER_MS });
  const client = await server.connect();
  const told = heard();
  client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => told.hear(params.uri));
  const { episode } = await server.memory.createEpisode({ description: 'Followed' });
  const other = await server.memory.createEpisode({ description: 'Not followed' });
  const uri = `memory://episodes/${episode.id}?steps_from=1`;
  await client.subscribeResource({ uri });
  await server.memory.addStep(other.episode.id, { tool: 'bash', action: 'unheard' });
  await server.services.changes.settled();
  await client.ping();
  expect(told.uris).toEqual([]);
  await server.memory.addStep(episode.id, { tool: 'bash', action: 'heard' });
  await told.until(uri);
  await server.memory.completeEpisode(episode.id, { kind: 'success' });
  await told.until(uri);
  await server.memory.forget({ ids: [episode.id] });
  await told.until(uri);
  await client.subscribeResource({ uri: 'memory://projects' });
  await client.unsubscribeResource({ uri });
  await server.memory.createEpisode({ description: 'One more' });
  await told.until('memory://projects');
  await expect(client.subscribeResource({ uri: 'memory://nowhere' })).rejects.toThrow(/there are memory:\/\/projects/u);
});

test('that the list changed is told to who has it, also of what another process began [MC-04]', async () => {
  const server = inProcess();
  const client = await server.connect();
  const told = heard();
  client.setNotificationHandler(ResourceListChangedNotificationSchema, () => told.hear(LIST));
  await client.listPrompts();
  expect(server.asked()).toBe(0);
  await client.listResources();
  await server.others.createEpisode({ description: 'Behind the list' });
  await told.until(LIST);
});

test('the list changed when an episode of this project came, ended or went, and for nothing else, once for many [MC-04]', async () => {
  const { services, others } = inProcess();
  const told = heard();
  let listTold = 0;
  const stop = resourceEvents(
    services,
    1,
  )((event) => {
    if (event.kind === 'resources_list_changed') listTold += 1;
    told.hear(event.kind === 'resource_updated' ? event.uri : event.kind);
  });
  onTestFinished(stop);
  await services.changes.settled();

  const [first, second] = await others.createEpisodes([{ description: 'One' }, { description: 'Two' }]);
  await told.until('resources_list_changed');
  await listTimerPassed();
  expect(listTold).toBe(1);

  const foreign = await others.createEpisode({ description: 'Elsewhere', project: 'other/project' });
  await told.until(`memory://episodes/${foreign.episode.id}`);
  await others.addStep(first!.id, { tool: 'bash', action: 'no new entry' });
  await told.until(`memory://episodes/${first!.id}`);
  await listTimerPassed();
  expect(listTold).toBe(1);

  await others.completeEpisode(first!.id, { kind: 'success' });
  await told.until('resources_list_changed');
  await others.forget({ ids: [second!.id] });
  await told.until('resources_list_changed');
});

/** Timers of one length go off in the order in which they were set: what waited for one before has had its turn. */
async function listTimerPassed(): Promise<void> {
  await timer(1);
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
}

test('a client of 2026-07-28 that listens hears the same, and nothing is looked for any more when it stops [MC-04]', async () => {
  const server = inProcess();
  const client = await server.connectModern();
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
  const told = heard();
  client.setNotificationHandler('notifications/resources/updated', ({ params }) => told.hear(params.uri));
  client.setNotificationHandler('notifications/resources/list_changed', () => told.hear(LIST));
  const { episode } = await server.memory.createEpisode({ description: 'Followed' });
  const other = await server.memory.createEpisode({ description: 'Not followed' });
  const uri = `memory://episodes/${episode.id}`;
  expect(server.asked()).toBe(0);
  const listening = await client.listen({ resourceSubscriptions: [uri], resourcesListChanged: true });
  await server.memory.addStep(episode.id, { tool: 'bash', action: 'heard' });
  await told.until(uri);
  await server.others.completeEpisode(episode.id, { kind: 'success' });
  await told.until(uri);
  await told.until(LIST);
  await listening.close();
  // Answered behind the cancellation, which has no answer of its own.
  await client.listPrompts();
  await server.services.changes.settled();
  const asked = server.asked();
  expect(asked).toBeGreaterThan(0);
  await server.memory.addStep(other.episode.id, { tool: 'bash', action: 'unheard' });
  for (let turn = 0; turn < 50; turn += 1) await nextTurn();
  expect(server.asked()).toBe(asked);
  expect(told.uris).toEqual([]);
});

test('a server tells of what another server on the same store did [MC-04] [EP-04]', async () => {
  const dataDir = temporaryFolder();
  const [one, other] = await Promise.all([startServer(dataDir), startServer(dataDir)]);
  const { structured } = await one.call('create_episode', { task_description: 'Begun here, continued there' });
  const uri = `memory://episodes/${structured.episode_id}`;
  const told = heard();
  one.client.setNotificationHandler(ResourceUpdatedNotificationSchema, ({ params }) => told.hear(params.uri));
  await one.client.subscribeResource({ uri });
  await other.call('add_step', { episode_id: structured.episode_id, tool: 'bash', action: 'continue' });
  await told.until(uri);
});
