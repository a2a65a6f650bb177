import { baselineId, inMemoryStore, LIMITS, MemoryError, openMemory } from '@episodica/memory-core';
import {
  aBaseline,
  aCompletedEpisode,
  anEvidence,
  aPattern,
  learnableEpisodes,
  learnableRecords,
  put,
  remove,
} from '@episodica/test-utils';
import type { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { expect, onTestFinished, test } from 'vitest';
import { watchedStore } from '../../src/changes.ts';
import { resourceEvents } from '../../src/events.ts';
import { type InProcess, inProcess, PROJECT } from '../in-process.ts';

async function textAt(client: Client, uri: string): Promise<string> {
  const { contents } = await client.readResource({ uri });
  const [content] = contents as { text: string; mimeType: string }[];
  return content!.text;
}

// Tests look into records of many forms; each states what it expects.
// biome-ignore lint/suspicious/noExplicitAny: see above
async function recordAt(client: Client, uri: string): Promise<any> {
  return JSON.parse(await textAt(client, uri));
}

async function begun({ memory }: InProcess, description: string, project?: string): Promise<string> {
  const { episode } = await memory.createEpisode({ description, ...(project === undefined ? {} : { project }) });
  return episode.id;
}

test('an episode is read in the words of the tools, and in pieces where it is long [MC-04] [EP-05]', async () => {
  const server = inProcess();
  const client = await server.connect();
  const id = await begun(server, 'Mend the gate');
  // Text of another direction, and text of the largest size.
  const output = `\u202egate\n${'x'.repeat(LIMITS.resultBytes - 100)}`;
  const many = Array.from({ length: 60 }, (_, index) => ({
    tool: 'bash',
    action: `step ${index + 1}`,
    parameters: { long: 'y'.repeat(3_000) },
    result: { type: 'success' as const, output },
  }));
  await server.memory.addSteps(id, many);
  const seen: number[] = [];
  let uri: string | undefined = `memory://episodes/${id}`;
  for (let pages = 0; uri !== undefined; pages += 1) {
    expect(pages).toBeLessThan(20);
    const text = await textAt(client, uri);
    expect(text.length).toBeLessThan(50_000);
    expect(text).not.toContain('\u202e');
    const record = JSON.parse(text);
    expect(record).toMatchObject({
      episode_id: id,
      task_description: 'Mend the gate',
      status: 'open',
      project: PROJECT,
    });
    seen.push(...record.steps.map(({ step_number }: { step_number: number }) => step_number));
    uri = record.next_steps;
  }
  expect(seen).toEqual(many.map((_, index) => index + 1));
  const { steps } = await recordAt(client, `memory://episodes/${id.toUpperCase()}?steps_from=60`);
  expect(steps).toHaveLength(1);
  expect(steps[0].result.output).toMatch(/^\u202egate\nx+… \(\d+ more characters\)$/u);
});

test('the largest episode there may be is told within bounds [MC-04] [EP-07]', async () => {
  const server = inProcess();
  const client = await server.connect();
  const metadata = Object.fromEntries(Array.from({ length: 2_000 }, (_, index) => [`key ${index}`, 'v'.repeat(10)]));
  const { episode } = await server.memory.createEpisode({ description: 'd'.repeat(LIMITS.descriptionBytes), metadata });
  const items = Array.from({ length: LIMITS.outcomeItems }, () => 'i'.repeat(LIMITS.outcomeTextBytes));
  await server.memory.completeEpisode(episode.id, {
    kind: 'partial',
    verdict: 'half',
    completed: items,
    failed: items,
  });
  const text = await textAt(client, `memory://episodes/${episode.id}`);
  expect(text.length).toBeLessThan(45_000);
  expect(JSON.parse(text).outcome).toMatchObject({ kind: 'partial', verdict: 'half' });
});

test('projects are told with their counts, the liveliest first [MC-04]', async () => {
  const server = inProcess();
  const client = await server.connect();
  await begun(server, 'One here');
  const ended = await begun(server, 'Two here');
  await server.memory.completeEpisode(ended, { kind: 'success' });
  await begun(server, 'Elsewhere', 'other/project');
  expect(await recordAt(client, 'memory://projects')).toMatchObject({
    own_project: PROJECT,
    projects: [
      { project: 'other/project', episodes: 1, open: 1, succeeded: 0 },
      { project: PROJECT, episodes: 2, open: 1, succeeded: 1 },
    ],
    left_out: 0,
    episodes_scanned: 3,
    is_complete: true,
  });
});

const STANDING_NAMES = ['projects', 'memory.d.ts', 'examples'];
const STANDING = ['memory://projects', 'memory://sandbox/memory.d.ts', 'memory://sandbox/examples'];

test('the list has what this project sees, page by page, each record once while others write [MC-04]', async () => {
  const server = inProcess();
  const client = await server.connect();
  const inputs = Array.from({ length: 120 }, (_, index) => ({ description: `Task ${index}` }));
  const ids = (await server.memory.createEpisodes(inputs)).map(({ id }) => `memory://episodes/${id}`);
  await begun(server, 'Of another project', 'other/project');
  const listed: { uri: string; title?: string | undefined }[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listResources({ cursor });
    listed.push(...page.resources);
    cursor = page.nextCursor;
    await begun(server, 'Begun meanwhile');
  } while (cursor !== undefined);
  const uris = listed.map(({ uri }) => uri);
  expect(uris.slice(0, STANDING.length)).toEqual(STANDING);
  expect(new Set(uris).size).toBe(uris.length);
  expect(uris.slice(STANDING.length)).toEqual(ids.toReversed());
  expect(listed.at(-1)?.title).toBe('Task 0');
  await expect(client.listResources({ cursor: 'bm9uc2Vuc2U' })).rejects.toThrow(/cursor: no page ended there/u);
  const { resourceTemplates } = await client.listResourceTemplates();
  expect(resourceTemplates.map(({ uriTemplate }) => uriTemplate)).toEqual([
    'memory://episodes/{id}',
    'memory://patterns/{id}',
  ]);
});

test('no pattern is missing from the list where the one told last is forgotten between two pages [MC-04]', async () => {
  const store = inMemoryStore();
  const scope = { project: PROJECT };
  const patterns = Array.from({ length: 60 }, (_, index) =>
    aPattern({ scope, tools: [`tool-${index}`, 'publish'], support: 4, successes: 4 }),
  );
  const baseline = aBaseline({ id: baselineId(scope), scope, episodes: 10, successes: 5 });
  await store.write([put('baseline', baseline), ...patterns.map((pattern) => put('pattern', pattern))]);
  const client = await inProcess({ store }).connect();
  const { resources, nextCursor: cursor } = await client.listResources();
  const last = patterns.filter(({ id }) => id === resources.at(-1)?.name);
  expect(last).toHaveLength(1);
  await store.write(last.map(({ id }) => remove('pattern', id)));
  const rest = await client.listResources({ cursor });
  const told = [...resources, ...rest.resources].map(({ name }) => name);
  expect(told.toSorted()).toEqual([...STANDING_NAMES, ...patterns.map(({ id }) => id)].toSorted());
});

test('of the episodes that bear out a pattern the last hundred are told, and not more [MC-04]', async () => {
  const store = inMemoryStore();
  const scope = { project: PROJECT };
  const pattern = aPattern({ scope, tools: ['build', 'publish'], support: 130, successes: 130 });
  const baseline = aBaseline({ id: baselineId(scope), scope, episodes: 200, successes: 150 });
  const episodes = Array.from({ length: 130 }, () => aCompletedEpisode(scope));
  await store.write([
    put('baseline', baseline),
    put('pattern', pattern),
    ...episodes.map((episode) => put('episode', episode)),
    ...episodes.map(({ id }) => put('evidence', anEvidence({ patternId: pattern.id, episodeId: id }))),
  ]);
  const record = await recordAt(await inProcess({ store }).connect(), `memory://patterns/${pattern.id}`);
  expect(record.evidence).toHaveLength(100);
});

test('patterns are listed behind episodes, read with their evidence, and completed by words [MC-04]', async () => {
  const server = inProcess();
  const client = await server.connect();
  await server.memory.importEpisodes(learnableRecords(learnableEpisodes({ tasks: 40 }), { project: PROJECT }));
  await server.memory.learnPending();
  const uris: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await client.listResources({ cursor });
    uris.push(...page.resources.map(({ uri }) => uri));
    cursor = page.nextCursor;
  } while (cursor !== undefined);
  const patterns = uris.filter((uri) => uri.startsWith('memory://patterns/'));
  const hits = await server.memory.listPatterns();
  expect(patterns).toEqual(
    hits
      .slice(0, 200)
      .map(({ pattern }) => `memory://patterns/${pattern.id}`)
      .toSorted(),
  );
  expect(patterns.length).toBeGreaterThan(1);
  expect(uris.slice(-patterns.length)).toEqual(patterns);
  const first = hits.find(({ pattern }) => patterns[0]!.endsWith(pattern.id));
  const record = await recordAt(client, patterns[0]!);
  expect(record).toMatchObject({ pattern_id: first!.pattern.id, statement: first!.statement });
  expect(record.evidence.length).toBeGreaterThan(0);
  const { completion } = await client.complete({
    ref: { type: 'ref/resource', uri: 'memory://patterns/{id}' },
    argument: { name: 'id', value: first!.pattern.id.slice(0, 20) },
  });
  expect(completion.values).toContain(first!.pattern.id);
});

test.each([
  ['memory://episodes/not-an-id', /the id of an episode is a UUID/u],
  ['memory://patterns/', /the id of a pattern is a UUID/u],
  ['memory://episodes/%E0%A4%A', /a % in it is not followed/u],
  ['memory://episodes/0195c0de-0000-7000-8000-000000000000?steps_from=0', /the number of a step, from 1 on/u],
  ['memory://episodes/0195c0de-0000-7000-8000-000000000000#end', /nothing is named by #; leave it out/u],
  ['memory://episodes/0195c0de-0000-7000-8000-000000000000?from=2', /only steps_from=NUMBER/u],
  ['memory://patterns/0195c0de-0000-7000-8000-000000000000?steps_from=2', /behind its id comes nothing/u],
  ['memory://episodes/0195c0de-0000-7000-8000-000000000000', /There is no episode .*query_memory finds/u],
  ['memory://patterns/0195c0de-0000-7000-8000-000000000000', /There is no pattern .*list_patterns/u],
  ['memory://steps/1', /there are memory:\/\/projects, .*memory:\/\/episodes\/\{id\}/u],
  ['file:///etc/passwd', /there are memory:\/\/projects/u],
  [`memory://${'x'.repeat(100_000)}`, /there are memory:\/\/projects/u],
])('an address that leads nowhere is answered with what is wrong with it: %.60s [MC-04]', async (uri, message) => {
  const client = await inProcess().connect();
  const reading = client.readResource({ uri });
  await expect(reading).rejects.toThrow(message);
  await expect(reading).rejects.toMatchObject({ message: expect.not.stringMatching(/.{1000}/u) });
});

test('an id is completed by its beginning or by words of its task, within the project [MC-04]', async () => {
  const server = inProcess();
  const client = await server.connect();
  const gate = await begun(server, 'Mend the garden gate');
  await begun(server, 'Paint the fence');
  await begun(server, 'Mend the gate of somebody else', 'other/project');
  const complete = async (value: string, uri = 'memory://episodes/{id}', name = 'id') => {
    const { completion } = await client.complete({ ref: { type: 'ref/resource', uri }, argument: { name, value } });
    return completion;
  };
  expect(await complete(gate)).toEqual({ values: [gate], total: 1, hasMore: false });
  expect(await complete('GATE mend')).toEqual({ values: [gate], total: 1, hasMore: false });
  // Every word counts.
  expect(await complete('mend fence')).toEqual({ values: [], total: 0, hasMore: false });
  expect((await complete('')).values).toHaveLength(2);
  await server.memory.createEpisodes(Array.from({ length: 101 }, (_, index) => ({ description: `Gate ${index}` })));
  expect(await complete('gate')).toEqual({ values: expect.any(Array), hasMore: true });
  expect((await complete('gate')).values).toHaveLength(100);
  await expect(complete('x', 'memory://episodes/{name}')).rejects.toThrow(/There is no resource template/u);
  await expect(complete('x', 'memory://episodes/{id}', 'name')).rejects.toThrow(
    /name: is no argument .* there are id/u,
  );
});

test('what stands by itself is listed also while the store cannot be opened, and a page of records is not [MC-04] [MC-03]', async () => {
  const server = inProcess({ openBackend: () => Promise.reject(new MemoryError('STORE_UNAVAILABLE', 'no disk')) });
  const client = await server.connect();
  const { resources, nextCursor } = await client.listResources();
  expect(resources.map(({ uri }) => uri)).toEqual(STANDING);
  expect(nextCursor).toBeUndefined();
  expect((await client.listPrompts()).prompts).toHaveLength(3);
  expect((await client.listResourceTemplates()).resourceTemplates).toHaveLength(2);
  await expect(client.listResources({ cursor: 'x' })).rejects.toThrow(/STORE_UNAVAILABLE: no disk/u);
  await expect(client.readResource({ uri: 'memory://projects' })).rejects.toThrow(/STORE_UNAVAILABLE: no disk/u);
});

test('where there is no project of its own, as over HTTP, lists, completion and prompts look at all; tools do not [MC-04] [MC-06]', async () => {
  const store = watchedStore(inMemoryStore());
  const memory = openMemory({ store, embedder: 'none' });
  const server = inProcess({ openBackend: async () => ({ memory, journal: store, close: () => memory.close() }) });
  const changed = new Promise((resolve) => {
    const stop = resourceEvents(
      server.services,
      1,
    )((event) => void (event.kind === 'resources_list_changed' && resolve(event)));
    onTestFinished(stop);
  });
  await server.services.changes.settled();
  const { episode } = await memory.createEpisode({ description: 'Mend the gate', project: 'some/project' });
  const client = await server.connectModern('legacy');
  const { resources } = await client.listResources();
  expect(resources.map(({ name }) => name)).toContain(episode.id);
  const ref = { type: 'ref/resource', uri: 'memory://episodes/{id}' } as const;
  const { completion } = await client.complete({ ref, argument: { name: 'id', value: 'gate' } });
  expect(completion.values).toEqual([episode.id]);
  const prompt = await client.getPrompt({ name: 'resume' });
  expect(JSON.stringify(prompt)).toContain(episode.id);
  await changed;
  const listed = await client.callTool({ name: 'list_episodes', arguments: {} });
  expect(listed.structuredContent).toMatchObject({ episodes: [] });
  const named = await client.callTool({ name: 'list_episodes', arguments: { project: 'some/project' } });
  expect(named.structuredContent).toMatchObject({ episodes: [{ episode_id: episode.id }] });
});
