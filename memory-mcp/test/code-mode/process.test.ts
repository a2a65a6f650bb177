// Code mode as agents have it: programs in the servers of two clients over one store.
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { remembered, startServer, type TestServer, temporaryFolder } from '../client.ts';

const WRITE =
  "const { episode_id } = await memory.createEpisode({ task_description: 'By a program', domain: 'auth' });" +
  "await memory.completeEpisode({ episode_id, outcome: { kind: 'success' } }); episode_id";

async function ran(server: TestServer, code: string, input?: unknown): Promise<unknown> {
  const { structured, text } = await server.call('execute_code', { code, input });
  expect(structured.ok, text).toBe(true);
  return structured.result;
}

async function hintsOf(server: TestServer): Promise<object | undefined> {
  const { tools } = await server.client.listTools();
  return tools.find(({ name }) => name === 'execute_code')?.annotations;
}

test('programs of two servers think over one store, each within its project [SB-06] [SB-04]', async () => {
  const folder = temporaryFolder();
  const [one, two] = await Promise.all([
    startServer(folder, { MEMORY_PROJECT: 'test/one' }),
    startServer(folder, { MEMORY_PROJECT: 'test/two' }),
  ]);
  const mine = await remembered(one, { task_description: 'Mend the login of one', domain: 'auth' });
  const theirs = await remembered(two, { task_description: 'Mend the login of two', domain: 'auth' });
  const ids = '(await memory.episodes(input)).map((e) => e.episode_id)';
  expect(await ran(one, ids, {})).toEqual([mine]);
  expect(await ran(two, ids, {})).toEqual([theirs]);
  expect(await ran(one, ids, { scope: 'all', order: 'oldest' })).toEqual([mine, theirs]);
  const told = (id: string) => `try { (await memory.episode('${id}')).project } catch (e) { e.code }`;
  expect([await ran(one, told(mine)), await ran(one, told(theirs))]).toEqual(['test/one', 'NOT_FOUND']);
  expect(await ran(two, `(await memory.episode('${mine}', { scope: 'all' })).project`)).toBe('test/one');
  const counted = "(await memory.aggregate({ group_by: 'project' })).groups.map((g) => [g.group.project, g.count])";
  expect(await ran(two, counted)).toEqual([['test/two', 1]]);
  const found = "(await memory.search('mend the login')).episodes.map((e) => e.episode_id)";
  expect(await ran(one, found)).toEqual([mine]);
});

test('where the user allows it, programs write, the tool says so, and the other server sees it [SB-06] [CL-02]', async () => {
  const folder = temporaryFolder();
  const [writing, reading] = await Promise.all([
    startServer(folder, { SANDBOX_ALLOW_WRITES: 'true' }),
    startServer(folder, {}),
  ]);
  expect(await hintsOf(writing)).toMatchObject({ readOnlyHint: false, idempotentHint: false });
  expect(await hintsOf(reading)).toMatchObject({ readOnlyHint: true, idempotentHint: true });
  const id = await ran(writing, WRITE);
  expect(await ran(reading, '(await memory.episode(input)).source', id)).toEqual({
    agent: 'test-client',
    captured_from: 'mcp',
  });
  const refused = await reading.call('execute_code', { code: WRITE });
  expect(refused.structured).toMatchObject({
    ok: false,
    error: { message: expect.stringContaining('SANDBOX_ALLOW_WRITES=true') },
    host_calls: [{ method: 'createEpisode', effect: 'write', status: 'failed', code: 'NOT_SUPPORTED' }],
  });
  expect(await ran(reading, '(await memory.episodes()).length')).toBe(1);
});

test('what a program begins is left out of the questions of its caller until it has ended [SB-06]', async () => {
  const server = await startServer(temporaryFolder(), { SANDBOX_ALLOW_WRITES: 'true' });
  const begin = "(await memory.createEpisode({ task_description: 'Mend the flaky login test' })).episode_id";
  const id = await ran(server, begin);
  const asked = async () => (await server.call('query_memory', { query: 'flaky login test' })).structured.episodes;
  expect(await asked()).toEqual([]);
  expect(await ran(server, "(await memory.search('flaky login test')).episodes")).toEqual([]);
  await ran(server, "await memory.completeEpisode({ episode_id: input, outcome: { kind: 'success' } }); 1", id);
  expect(await asked()).toMatchObject([{ episode_id: id }]);
});

test('a project that is known by its folder is not named to a program that misses an episode in it [SB-06] [SB-07]', async () => {
  const server = await startServer(temporaryFolder(), { MEMORY_PROJECT: '' });
  const told = await ran(server, "try { await memory.episode('abc') } catch (e) { e.message }");
  expect(told).toMatch(/^memory\.episode: there is no episode "abc" in this project; /u);
});

test("a project's file cannot let programs write [SB-04] [CL-02]", async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, '.git'));
  writeFileSync(join(folder, 'memory-cli.toml'), 'sandbox_allow_writes = true\n');
  const server = await startServer(folder);
  expect(await hintsOf(server)).toMatchObject({ readOnlyHint: true });
  expect((await server.call('execute_code', { code: WRITE })).structured).toMatchObject({ ok: false });
});

test('a setting that cannot be read lets nobody write, and the tools are listed all the same [SB-04] [MC-02]', async () => {
  const server = await startServer(temporaryFolder(), { SANDBOX_ALLOW_WRITES: 'perhaps' });
  expect(await hintsOf(server)).toMatchObject({ readOnlyHint: true });
  const { text } = await server.call('execute_code', { code: 'memory.episodes()' });
  expect(text).toContain('"perhaps" is none of true, false');
});

test('who may not write as the settings cannot be read is told so, with the setting, and the server is down [SB-04] [MC-02]', async () => {
  const server = await startServer(temporaryFolder(), { SANDBOX_ALLOW_WRITES: 'yes' });
  const { structured } = await server.call('execute_code', { code: WRITE });
  expect(structured).toMatchObject({
    error: {
      message: expect.stringMatching(/settings cannot be read: .*SANDBOX_ALLOW_WRITES.*"yes" is none of true/u),
    },
    host_calls: [{ method: 'createEpisode', status: 'failed', code: 'NOT_SUPPORTED' }],
  });
  expect((await server.call('health_check', {})).structured).toMatchObject({ status: 'down' });
});
