// What the server logs: where to, under which request, and nothing that anybody wanted remembered.
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { inMemoryStore, openMemory } from '@episodica/memory-core';
import { jsonLogger } from '@episodica/memory-core/log';
import { expect, test } from 'vitest';
import { NO_LOSSES, switchableLogger } from '../src/log.ts';
import type { Backend } from '../src/services.ts';
import { initialize, type RawServer, startRaw, startServer, temporaryFolder, toolCall } from './client.ts';
import { startHttp } from './http/process.ts';
import { startInProcess } from './in-process.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly request?: string;
  readonly [field: string]: unknown;
}

function linesIn(text: string): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line));
}

const logOf = (dataDir: string): string => join(dataDir, 'logs', 'episodica.log');

test('lines of two calls at the same time are told apart by the ids of their requests, which an unforeseen error names [OB-01]', async () => {
  const written: string[] = [];
  const log = switchableLogger(() => {});
  const write = (line: string): void => void written.push(line);
  const base = { program: 'memory-mcp', pid: 1 };
  const logger = jsonLogger({ threshold: 'debug', base, write });
  log.switchTo({ logger, place: 'here', losses: () => NO_LOSSES, close() {} });
  const memory = openMemory({ store: inMemoryStore(), embedder: 'none' });
  let bothIn = (): void => {};
  const met = new Promise<void>((resolve) => {
    bothIn = resolve;
  });
  let inside = 0;
  let bothAnswered = (): void => {};
  const answered = new Promise<void>((resolve) => {
    bothAnswered = resolve;
  });
  const broken: typeof memory = {
    ...memory,
    async createEpisode(given) {
      inside += 1;
      if (inside === 2) bothIn();
      await met;
      void answered.then(() => log.warn({}, 'long after the answer'));
      await new Promise<void>((resolve) => setImmediate(resolve));
      throw new TypeError(`no such ${given.description}`);
    },
  };
  const openBackend = async (): Promise<Backend> => ({ memory: broken, close: () => memory.close() });
  const more = { logger: log, requests: log.requests };
  const { call, client } = await startInProcess({ openBackend, more });
  const answers = await Promise.all(
    ['thing', 'matter'].map((task_description) => call('create_episode', { task_description })),
  );
  const ids = answers.map(({ text }) => /^INTERNAL: .*--request ([a-z\d]{8})\)/u.exec(text)?.[1] ?? '');
  expect(new Set(ids).size).toBe(2);
  const lines = linesIn(written.join(''));
  for (const [index, id] of ids.entries()) {
    const [failed, called, request, ...rest] = lines.filter(({ request }) => request === id);
    expect(failed).toMatchObject({ level: 50, tool: 'create_episode', error: { type: 'TypeError' } });
    expect(failed?.error).toMatchObject({ message: `no such ${['thing', 'matter'][index]}` });
    expect(called).toMatchObject({ level: 30, tool: 'create_episode', outcome: 'INTERNAL', ms: expect.any(Number) });
    expect(called).toMatchObject({ characters: answers[index]?.text.length });
    expect(request).toMatchObject({ level: 20, method: 'tools/call' });
    expect(rest).toEqual([]);
  }
  bothAnswered();
  await new Promise<void>((resolve) => setImmediate(resolve));
  const late = linesIn(written.join('')).filter(({ msg }) => msg === 'long after the answer');
  expect(late).toHaveLength(2);
  for (const line of late) expect(line).not.toHaveProperty('request');
  await expect(client.readResource({ uri: 'memory://no/such' })).rejects.toThrow();
  expect(linesIn(written.at(-1) ?? '')[0]).toMatchObject({ method: 'resources/read', request: expect.any(String) });
});

async function called(server: RawServer, name: string): Promise<void> {
  server.send(initialize());
  server.send(toolCall(2, name, {}));
  await server.answer(2);
}

async function ended(server: RawServer): Promise<void> {
  server.process.stdin.end();
  await server.exited;
}

test('the log lies beside the data for its user’s eyes, and standard error has the warnings of it [OB-01]', async () => {
  const dataDir = temporaryFolder();
  writeFileSync(join(dataDir, 'replica.db'), '');
  const server = startRaw(dataDir);
  await called(server, 'health_check');
  await ended(server);
  const log = logOf(dataDir);
  expect([statSync(log).mode & 0o777, statSync(dirname(log)).mode & 0o777]).toEqual([0o600, 0o700]);
  const lines = linesIn(readFileSync(log, 'utf8'));
  const base = { program: 'memory-mcp', pid: server.process.pid, time: expect.any(Number) };
  for (const line of lines) expect(line).toMatchObject(base);
  expect(lines.filter(({ tool }) => tool === 'health_check')).toMatchObject([{ level: 30, outcome: 'ok' }]);
  const warnings = lines.filter(({ level }) => level >= 40);
  expect(warnings).toMatchObject([{ msg: expect.stringContaining('replica.db lies here') }]);
  expect(linesIn(server.stderr())).toEqual(warnings);
});

test.each(['error', 'silent'])(
  'warnings of the settings at the level %s are told unless it is silent [OB-01]',
  async (level) => {
    const dataDir = temporaryFolder();
    writeFileSync(join(dataDir, 'replica.db'), '');
    const server = startRaw(dataDir, { more: { MEMORY_LOG_LEVEL: level } });
    await called(server, 'health_check');
    await ended(server);
    const told = linesIn(server.stderr()).map(({ msg }) => msg);
    expect(told).toEqual(level === 'silent' ? [] : [expect.stringContaining('replica.db lies here')]);
  },
);

test('with MEMORY_LOG_FILE=stderr there is no file, and all lines are there [OB-01]', async () => {
  const dataDir = temporaryFolder();
  const server = startRaw(dataDir, { more: { MEMORY_LOG_FILE: 'stderr' } });
  await called(server, 'health_check');
  await ended(server);
  expect(linesIn(server.stderr()).filter(({ tool }) => tool === 'health_check')).toHaveLength(1);
  expect(existsSync(dirname(logOf(dataDir)))).toBe(false);
});

test('a log file that cannot be written is warned of where nobody asked for it, and refused where somebody named it [OB-01]', async () => {
  const dataDir = temporaryFolder();
  writeFileSync(join(dataDir, 'logs'), '');
  const server = startRaw(dataDir);
  await called(server, 'create_episode');
  server.send(toolCall(3, 'create_episode', { task_description: 'x' }));
  expect(await server.answer(3)).toMatchObject({ result: { structuredContent: { status: 'open' } } });
  await ended(server);
  expect(linesIn(server.stderr())).toMatchObject([
    { level: 40, path: logOf(dataDir), msg: expect.stringContaining('log') },
  ]);
  const named = await startServer(temporaryFolder(), { MEMORY_LOG_FILE: join(dataDir, 'logs', 'x') });
  const refused = await named.call('create_episode', { task_description: 'x' });
  expect(refused.text).toMatch(/^INVALID_INPUT: MEMORY_LOG_FILE: .*choose another, or stderr/u);
});

/** Whatever of it is in the log, should not be. */
const SENTINEL = 'zanzibar';
const KEY = `${SENTINEL}-key-0123456789abcdef0123456789`;

/** A call of each tool, as it should be and as it should not. */
function calls(id: string): readonly (readonly [string, Record<string, unknown>])[] {
  const text = `the ${SENTINEL} of "${SENTINEL}"`;
  const step = { tool: SENTINEL, action: text, parameters: { command: text } };
  const failed = { ...step, result: { type: 'error', message: `TypeError: ${text}` } };
  return [
    ['create_episode', { task_description: text, project: SENTINEL, domain: SENTINEL, tags: [SENTINEL] }],
    ['create_episode', { task_description: text, tags: [`${SENTINEL}!`] }],
    ['add_step', { episode_id: id, ...failed }],
    ['add_step', { episode_id: SENTINEL, ...step }],
    ['query_memory', { query: text, project: SENTINEL }],
    ['query_memory', { query: `"${SENTINEL} AND ( *`, tags: [SENTINEL], since: SENTINEL }],
    ['execute_code', { code: `console.log('${SENTINEL}'); throw new Error('${SENTINEL}')` }],
    ['execute_code', { code: `await memory.search({ query: '${SENTINEL}' })` }],
    ['execute_code', { code: `(${SENTINEL} ` }],
    ['complete_episode', { episode_id: id, outcome: { kind: 'failure', reason: text, details: text } }],
    ['complete_episode', { episode_id: id, outcome: { kind: SENTINEL } }],
  ];
}

test('a day at the level info leaves nothing of what was said, no key and no token in the log [OB-01] [MC-06]', async () => {
  const dataDir = temporaryFolder();
  const secrets = {
    MEMORY_ENCRYPTION_KEY: KEY,
    EMBEDDING_PROVIDER: 'openai',
    // Nobody listens there.
    OPENAI_BASE_URL: 'http://127.0.0.1:9/v1',
    OPENAI_API_KEY: KEY,
    MEMORY_PROJECT: SENTINEL,
  };
  const server = await startServer(dataDir, secrets);
  const { structured } = await server.call('create_episode', { task_description: SENTINEL });
  const given = calls(structured.episode_id);
  for (const [name, words] of given) await server.call(name, words);
  const { tools } = await server.client.listTools();
  for (const { name, inputSchema } of tools) {
    const names = Object.keys(inputSchema.properties ?? {});
    await server.call(name, Object.fromEntries(names.map((each) => [each, SENTINEL])));
    await server.call(name, { [SENTINEL]: SENTINEL });
  }
  await server.client.callTool({ name: SENTINEL, arguments: {} }).catch(() => undefined);
  await server.client.readResource({ uri: `memory://episode/${SENTINEL}` }).catch(() => undefined);
  await server.client.getPrompt({ name: 'recall', arguments: { task: SENTINEL } }).catch(() => undefined);
  await server.close();
  const { url, token, ...http } = await startHttp(dataDir, { ...secrets, MCP_TOKEN: KEY });
  const body = JSON.stringify(toolCall(1, 'query_memory', { query: SENTINEL }));
  for (const authorization of [`Bearer ${token}`, `Bearer ${SENTINEL}`]) {
    const headers = {
      authorization,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
    };
    await (await fetch(url, { method: 'POST', headers, body })).text();
    await (await fetch(new URL(`/${SENTINEL}`, url), { headers })).text();
  }
  http.process.kill('SIGTERM');
  await http.exited;
  const text = readFileSync(logOf(dataDir), 'utf8');
  const called = new Map(
    linesIn(text).flatMap(({ tool, outcome }) => (typeof tool === 'string' ? [[tool, outcome]] : [])),
  );
  expect([...called.keys()].sort()).toEqual([...new Set(tools.map(({ name }) => name))].sort());
  expect(linesIn(text).some(({ level }) => level >= 40)).toBe(true);
  expect(text.toLowerCase()).not.toContain(SENTINEL);
});
