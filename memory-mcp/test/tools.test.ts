import { Client as ModernClient } from '@modelcontextprotocol/client';
import { StdioClientTransport as ModernTransport } from '@modelcontextprotocol/client/stdio';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { expect, onTestFinished, test } from 'vitest';
import { toolsFor } from '../src/tools/all.ts';
import { environment, SERVER, startServer, type TestServer, temporaryFolder } from './client.ts';

/** Those that are listed whatever the memory holds. */
const NAMES = ['create_episode', 'add_step', 'complete_episode', 'query_memory', 'execute_code', 'health_check'];
/** Whatever there may be. */
const ALL = (allowWrites: boolean) => toolsFor({ hasSandbox: true }, { allowWrites });
/** An id of nothing. */
const UNKNOWN = '0190a1b2-0000-7000-8000-000000000000';

async function openEpisode(server: TestServer, given: Record<string, unknown> = {}): Promise<string> {
  const { structured } = await server.call('create_episode', { task_description: 'Fix the login redirect', ...given });
  return structured.episode_id;
}

async function valid(server: TestServer, name: string, given: Record<string, unknown>): Promise<void> {
  const schema: object | undefined = ALL(false)
    .find((tool) => tool.name === name)
    ?.listed().outputSchema;
  const result = await server.call(name, given);
  const validate = new Ajv2020({ strict: false }).compile(schema ?? false);
  expect(validate(result.structured), `${name}: ${JSON.stringify(validate.errors)}`).toBe(true);
  expect(result.text.length).toBeGreaterThan(0);
}

test('the tools are listed with title, schemas and annotations [MC-01] [MC-02]', async () => {
  const server = await startServer(temporaryFolder());
  const { tools } = await server.client.listTools();
  expect(tools.map((tool) => tool.name)).toEqual(expect.arrayContaining(NAMES));
  for (const tool of ALL(false).map((one) => one.listed())) {
    expect(tool.title).toBeTruthy();
    expect(tool.inputSchema).toMatchObject({ type: 'object', additionalProperties: false });
    expect(tool.outputSchema).toMatchObject({ type: 'object' });
    const hints = ['readOnlyHint', 'destructiveHint', 'idempotentHint', 'openWorldHint'];
    expect(tool.annotations).toMatchObject(Object.fromEntries(hints.map((hint) => [hint, expect.any(Boolean)])));
  }
});

test.each([false, true])(
  'descriptions of at most 16 tools take at most 2,000 tokens and with input schemas 4,500, writes allowed: %s [MC-01] [MC-05]',
  (allowWrites) => {
    const tools = ALL(allowWrites).map((tool) => tool.listed());
    const costs = tools.map(({ name, description = '', inputSchema }) => {
      return { name, description: description.length / 4, schema: JSON.stringify(inputSchema).length / 4 };
    });
    const descriptions = costs.reduce((sum, cost) => sum + cost.description, 0);
    const schemas = costs.reduce((sum, cost) => sum + cost.schema, 0);
    const figures = JSON.stringify({ descriptions, schemas, costs });
    expect(tools.length).toBeLessThanOrEqual(16);
    expect(descriptions, figures).toBeGreaterThan(1_000);
    expect(descriptions, figures).toBeLessThanOrEqual(2_000);
    expect(descriptions + schemas, figures).toBeLessThanOrEqual(4_500);
  },
);

test('forget tells beforehand what would go, then takes it away, and nothing without being told what [EP-06] [MC-02]', async () => {
  const server = await startServer(temporaryFolder());
  const tools = ALL(false).map((tool) => tool.listed());
  expect(tools.filter(({ annotations }) => annotations?.destructiveHint).map(({ name }) => name)).toEqual(['forget']);
  const id = await openEpisode(server);
  const other = await openEpisode(server, { task_description: 'Another task', project: 'other' });
  await server.call('add_step', { episode_id: id, tool: 'a', action: 'b' });
  const told = await server.call('forget', { episode_ids: [id], dry_run: true });
  expect(told.structured).toMatchObject({ dry_run: true, episodes: 1, episode_ids: [id], steps: 1 });
  await valid(server, 'forget', { episode_ids: [id] });
  expect((await server.call('add_step', { episode_id: id, tool: 'a', action: 'b' })).text).toMatch(/^NOT_FOUND/u);
  expect((await server.call('forget', {})).text).toMatch(/^INVALID_INPUT: forget: name what to forget/u);
  expect((await server.call('forget', { project: 'other', before: '2000-01-01T00:00:00Z' })).structured.episodes).toBe(
    0,
  );
  expect((await server.call('forget', { project: 'other' })).structured.episode_ids).toEqual([other]);
});

test('a step whose key stands for something else is answered as it was stored, and the answer says so [EP-02]', async () => {
  const server = await startServer(temporaryFolder());
  const episode_id = await openEpisode(server);
  const step = { episode_id, tool: 'bash', action: 'first', step_key: 'k' };
  const first = await server.call('add_step', step);
  expect((await server.call('add_step', step)).structured).toEqual(first.structured);
  const second = await server.call('add_step', { ...step, action: 'something else' });
  expect(second.structured).toMatchObject({ step_number: 1, differing: [1] });
  expect(second.text).toContain('Something else was stored before');
});

test('an episode lives from creation over steps to completion and is found again [MC-01] [EP-01] [EP-02] [EP-03]', async () => {
  const server = await startServer(temporaryFolder());
  const created = await server.call('create_episode', {
    task_description: 'Fix the flaky checkout test',
    domain: 'checkout',
    task_type: 'debugging',
    tags: ['Flaky'],
  });
  expect(created.structured).toMatchObject({ status: 'open', related: [] });
  const id = created.structured.episode_id;
  expect(created.text).toContain(id);
  const error = { type: 'error', message: 'TimeoutError: locator button.pay exceeded 5000 ms' };
  const failed = await server.call('add_step', { episode_id: id, tool: 'playwright', action: 'run', result: error });
  expect(failed.structured).toEqual({ episode_id: id, step_number: 1, hints: [] });
  const several = await server.call('add_step', {
    episode_id: id,
    steps: [
      { tool: 'edit', action: 'await the payment request before the click' },
      { tool: 'playwright', action: 'run', result: { type: 'success', output: '12 passed' } },
    ],
  });
  expect(several.structured).toMatchObject({ step_number: 3, step_numbers: [2, 3] });
  const completed = await server.call('complete_episode', {
    episode_id: id,
    outcome: { kind: 'success', verdict: 'stable over 50 runs', artifacts: ['checkout.spec.ts'] },
  });
  expect(completed.structured).toMatchObject({
    episode_id: id,
    reward: { total: expect.any(Number), parts: { outcome: expect.any(Number) } },
    reflection: { successes: expect.any(Array), improvements: expect.any(Array), insights: expect.any(Array) },
    quality: { score: expect.any(Number), flags: expect.any(Array) },
  });
  const found = await server.call('query_memory', { query: 'flaky checkout' });
  expect(found.structured).toMatchObject({ abstained: false, degraded: [], left_out: 0 });
  expect(found.structured.episodes[0]).toMatchObject({ episode_id: id, outcome: 'success', project: 'test/project' });
  expect(found.structured.episodes[0].why).not.toEqual({});
  const other = await openEpisode(server, { task_description: 'A payment test is flaky in checkout' });
  const again = await server.call('add_step', { episode_id: other, tool: 'playwright', action: 'run', result: error });
  expect(again.structured.hints[0]).toEqual({
    text: expect.stringContaining('await the payment request'),
    episode_id: id,
    failed_step: 1,
    fix_steps: [2],
    match: expect.any(Number),
  });
  expect(again.text).toContain(`Known fix (100 % the same error, episode ${id}, step 1 failed, fixed by step 2): `);
});

test('a new episode answers with related experience in one flat list [EP-01]', async () => {
  const server = await startServer(temporaryFolder());
  const first = await openEpisode(server, { task_description: 'Migrate the invoices table to partitions' });
  await server.call('complete_episode', { episode_id: first, outcome: { kind: 'failure', reason: 'locks' } });
  const second = await server.call('create_episode', { task_description: 'Migrate the invoices table again' });
  expect(second.structured.related).toEqual([
    expect.objectContaining({ episode_id: first, outcome: 'failure', why: expect.any(Object) }),
  ]);
});

test('related experience is bounded in size, however much there is [EP-01]', async () => {
  const { call } = await startServer(temporaryFolder());
  const verdict = 'The cache key left out the tenant. '.repeat(30);
  for (let i = 0; i < 4; i += 1) {
    const task = `Fix the tenant leak in the cache ${'of the shop '.repeat(20)}${i}`;
    const { structured } = await call('create_episode', { task_description: task });
    await call('complete_episode', { episode_id: structured.episode_id, outcome: { kind: 'success', verdict } });
  }
  const { structured } = await call('create_episode', { task_description: 'Fix the tenant leak in the cache' });
  expect(structured.related.length).toBeGreaterThan(0);
  expect(JSON.stringify(structured.related).length / 4).toBeLessThanOrEqual(850);
});

test('every result is valid against its output schema [MC-02]', async () => {
  const server = await startServer(temporaryFolder());
  const id = await openEpisode(server);
  await valid(server, 'create_episode', { task_description: 'Fix the login redirect once more' });
  await valid(server, 'add_step', { episode_id: id, tool: 'bash', action: 'ls' });
  await valid(server, 'add_step', { episode_id: id, steps: [{ tool: 'bash', action: 'ls' }] });
  await valid(server, 'complete_episode', { episode_id: id, outcome: { kind: 'abstained', reason: 'no access' } });
  for (const detail of ['ids', 'summary', 'full']) await valid(server, 'query_memory', { query: 'login', detail });
  await valid(server, 'query_memory', { query: 'zeppelin' });
  await valid(server, 'execute_code', { code: '1 + 1' });
  await valid(server, 'execute_code', { code: 'throw new TypeError("no")' });
  await valid(server, 'health_check', {});
});

const STEPS = Array.from({ length: 1_001 }, () => ({ tool: 'bash', action: 'ls' }));

const REFUSED = [
  ['create_episode', {}, ['task_description', 'is missing']],
  ['create_episode', { task_description: '  ' }, ['task_description', 'is empty']],
  ['create_episode', { taskDescription: 'x' }, ['taskDescription', 'did you mean "task_description"']],
  ['create_episode', { task_description: 'x', task_type: 'bug' }, ['task_type', '"bug"', '"debugging"']],
  ['create_episode', { task_description: 'x', source: { agnet: 'a' } }, ['source.agnet', 'did you mean "agent"']],
  ['create_episode', { task_description: 'x', tags: 'one' }, ['tags', 'is a string', 'array']],
  ['add_step', { episode_id: UNKNOWN }, ['tool', 'is missing']],
  ['add_step', { episode_id: UNKNOWN, tool: 't' }, ['action', 'is missing']],
  ['add_step', { episode_id: UNKNOWN, steps: [] }, ['steps', 'at least 1']],
  ['add_step', { episode_id: UNKNOWN, tool: 't', steps: [{ tool: 'a', action: 'b' }] }, ['tool', 'steps[]']],
  ['add_step', { episode_id: UNKNOWN, steps: [{ tool: 'a' }] }, ['steps.0.action', 'is missing']],
  ['add_step', { episode_id: UNKNOWN, tool: 'a', action: 'b', result: { type: 'bad' } }, ['result.type', '"success"']],
  ['add_step', { episode_id: UNKNOWN, steps: STEPS.slice(0, 1_001) }, ['steps', '1001 entries', 'at most 1000']],
  [
    'add_step',
    { episode_id: UNKNOWN, tool: 'a', action: 'b', result: { type: 'error', output: 'x', message: 'y' } },
    ['result.output', 'put all of the text into message'],
  ],
  ['get_episode', { episode_id: `"${UNKNOWN}"` }, ['episode_id', `alone, in lower case: ${UNKNOWN}`]],
  ['get_episode', { episode_id: UNKNOWN.slice(0, 8) }, ['only the beginning', '36 characters']],
  ['forget', { episode_ids: ['latest'] }, ['episode_ids.0', 'is no id', 'list_episodes']],
  ['list_patterns', { pattern_id: 'x' }, ['pattern_id', 'is no id', 'query_memory']],
  ['record_feedback', { recommendation_id: 'x' }, ['recommendation_id', 'is no id', 'get_recommendation']],
  ['list_episodes', { cursor: 'abc' }, ['cursor', '"abc"', 'next_cursor']],
  ['list_episodes', { cursor: `2026-99-99T00:00:00Z/${UNKNOWN}` }, ['cursor', 'next_cursor']],
  ['update_episode', { episode_id: UNKNOWN }, ['say what to change', 'add_tags']],
  ['complete_episode', { episode_id: UNKNOWN, outcome: 'success' }, ['outcome', 'is a string', 'object']],
  ['query_memory', {}, ['query', 'filter']],
  ['query_memory', { query: 'x', limit: 101 }, ['limit', '101', 'at most 100']],
  ['query_memory', { query: 'x', since: 'yesterday' }, ['since', '"yesterday"', 'ISO']],
  ['execute_code', { code: 1 }, ['code', 'is a number']],
  ['health_check', { verbose: true }, ['verbose', 'is no argument of health_check']],
] as const;

test('arguments that do not fit are refused with the field and what to do [MC-02]', async () => {
  const server = await startServer(temporaryFolder());
  for (const [name, given, told] of REFUSED) {
    const result = await server.call(name, given);
    const call = `${name} with ${JSON.stringify(given).slice(0, 200)}`;
    expect.soft(result.isError, call).toBe(true);
    expect.soft(result.text, call).toMatch(/^INVALID_INPUT: /u);
    for (const words of told) expect.soft(result.text, call).toContain(words);
  }
});

test('a text past its limit is refused as such and stores nothing [EP-07] [MC-02]', async () => {
  const server = await startServer(temporaryFolder());
  const result = await server.call('create_episode', { task_description: 'x'.repeat(10_001) });
  expect(result).toMatchObject({ isError: true, text: expect.stringMatching(/^LIMIT_EXCEEDED: task_description: /u) });
  const listed = await server.call('execute_code', { code: '(await memory.episodes()).length' });
  expect(listed.structured.result).toBe(0);
});

test('an unknown tool is a protocol error [MC-02]', async () => {
  const server = await startServer(temporaryFolder());
  await expect(server.call('forget_everything')).rejects.toMatchObject({
    code: -32602,
    message: expect.stringContaining('create_episode'),
  });
});

test('a step for an unknown or a completed episode is a typed error [EP-02] [EP-03]', async () => {
  const server = await startServer(temporaryFolder());
  const step = { tool: 'bash', action: 'ls' };
  const nowhere = await server.call('add_step', { episode_id: UNKNOWN, ...step });
  expect(nowhere).toMatchObject({ isError: true, text: expect.stringMatching(/^NOT_FOUND: /u) });
  const id = await openEpisode(server);
  const outcome = { kind: 'success' };
  await server.call('complete_episode', { episode_id: id, outcome });
  const late = await server.call('add_step', { episode_id: id, ...step });
  expect(late).toMatchObject({ isError: true, text: expect.stringMatching(/^INVALID_STATE: /u) });
  const twice = await server.call('complete_episode', { episode_id: id, outcome });
  expect(twice).toMatchObject({ isError: true, text: expect.stringMatching(/^INVALID_STATE: /u) });
  const { structured } = await server.call('execute_code', { code: 'memory.steps(input)', input: id });
  expect(structured.result).toEqual([]);
});

test('a step that is repeated with its key is stored once [EP-02]', async () => {
  const server = await startServer(temporaryFolder());
  const episode_id = await openEpisode(server);
  const step = { episode_id, tool: 'bash', action: 'npm test', step_key: 'run-1' };
  const first = await server.call('add_step', step);
  await server.call('add_step', { episode_id, tool: 'bash', action: 'something else' });
  const again = await server.call('add_step', step);
  expect(again.structured).toEqual(first.structured);
  const { structured } = await server.call('execute_code', { code: 'memory.steps(input)', input: episode_id });
  expect(structured.result).toHaveLength(2);
});

test('an episode says that it came by this server, from the client that named itself [EP-01]', async () => {
  const server = await startServer(temporaryFolder());
  const id = await openEpisode(server);
  const told = await openEpisode(server, { source: { agent: 'other', captured_from: 'hook' } });
  const code = 'Promise.all(input.map(async (id) => (await memory.episode(id)).source))';
  const { structured } = await server.call('execute_code', { code, input: [id, told] });
  expect(structured.result).toEqual([
    { agent: 'test-client', captured_from: 'mcp' },
    { agent: 'other', captured_from: 'hook' },
  ]);
});

test('a program reads the memory and cannot change it [SB-01]', async () => {
  const server = await startServer(temporaryFolder());
  const mine = await openEpisode(server, { domain: 'auth', tags: ['red'] });
  await server.call('add_step', { episode_id: mine, tool: 'bash', action: 'ls' });
  await openEpisode(server, { project: 'other/project' });
  const ran = await server.call('execute_code', {
    language: 'typescript',
    code: `const found: { episodes: unknown[] } = await memory.search('login redirect');
      console.log(found.episodes.length);
      export default {
        here: (await memory.episodes()).map((episode: any) => episode.episode_id),
        everywhere: (await memory.episodes({ scope: 'all' })).length,
        red: (await memory.episodes({ tags: ['RED'], domain: 'auth', status: 'open', limit: 1 })).length,
        steps: (await memory.steps(input.id)).map((step: any) => step.tool),
        detail: (await memory.episode(input.id)).steps.length,
        patterns: await memory.patterns({ domain: 'auth' }),
        names: Object.keys(memory),
      };`,
    input: { id: mine },
  });
  expect(ran.structured.error).toBeUndefined();
  expect(ran.structured).toMatchObject({
    ok: true,
    result: { here: [mine], everywhere: 2, red: 1, steps: ['bash'], detail: 1, patterns: [] },
    logs: [{ level: 'log', text: '0', at_ms: expect.any(Number) }],
    usage: { host_calls: 7 },
    limits: { timeout_ms: 5_000, memory_mb: 64 },
  });
  const reads = ['search', 'episodes', 'episode', 'steps', 'patterns', 'aggregate', 'recommend'];
  expect(ran.structured.result.names).toEqual(reads);
});

test('a program that fails is a result that says where, and a bad call of the memory says why [SB-01]', async () => {
  const server = await startServer(temporaryFolder());
  const thrown = await server.call('execute_code', { code: '\nnull.x' });
  expect(thrown).toMatchObject({ isError: false, structured: { ok: false, error: { name: 'TypeError', line: 2 } } });
  expect(thrown.text).toContain('TypeError');
  const wrong = await server.call('execute_code', { code: 'memory.episodes({ limits: 3 })' });
  expect(wrong.structured.error.message).toContain('did you mean "limit"');
});

test('a client of 2026-07-28 is served without a handshake [MC-02]', async () => {
  const dataDir = temporaryFolder();
  const client = new ModernClient(
    { name: 'modern-client', version: '1.0.0' },
    { versionNegotiation: { mode: 'auto' } },
  );
  const transport = new ModernTransport({
    command: process.execPath,
    args: [SERVER],
    env: environment(dataDir),
    stderr: 'ignore',
  });
  await client.connect(transport);
  onTestFinished(() => client.close());
  expect(client.getNegotiatedProtocolVersion()).toBe('2026-07-28');
  const { tools } = await client.listTools();
  expect(tools.map((tool) => tool.name)).toEqual(expect.arrayContaining(NAMES));
  const created = await client.callTool({ name: 'create_episode', arguments: { task_description: 'Try the new era' } });
  const { episode_id } = created.structuredContent as { episode_id: string };
  const code = `memory.episode(${JSON.stringify(episode_id)})`;
  const read = await client.callTool({ name: 'execute_code', arguments: { code } });
  expect(read.structuredContent).toMatchObject({ ok: true, result: { source: { agent: 'modern-client' } } });
});

test('a new episode whose task is an error begins with what made such an error good [EP-01] [RE-06]', async () => {
  const server = await startServer(temporaryFolder());
  const episode_id = await openEpisode(server);
  const message = "TypeError: Cannot read properties of undefined (reading 'token')";
  const failing = { tool: 'bash', action: 'run the tests', parameters: { command: 'npm test' } };
  await server.call('add_step', { episode_id, ...failing, result: { type: 'error', message } });
  await server.call('add_step', { episode_id, tool: 'edit', action: 'await the token' });
  await server.call('add_step', { episode_id, ...failing, result: { type: 'success' } });
  await server.call('complete_episode', { episode_id, outcome: { kind: 'success' } });
  const { structured, text } = await server.call('create_episode', { task_description: message });
  expect(structured.fixes).toMatchObject([
    { episode_id, failed_step: 1, text: expect.stringContaining('await the token') },
  ]);
  expect(text).toContain('await the token');
});
