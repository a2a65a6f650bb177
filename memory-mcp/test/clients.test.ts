// Clients as people have them installed, against the program as it is built.
import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import {
  type ClientOptions,
  Client as NewClient,
  StreamableHTTPClientTransport as NewHttp,
} from '@modelcontextprotocol/client';
import { StdioClientTransport as NewStdio } from '@modelcontextprotocol/client/stdio';
import { Client as OldClient } from '@modelcontextprotocol/sdk/client/index.js';
import { StdioClientTransport as OldStdio } from '@modelcontextprotocol/sdk/client/stdio.js';
import { StreamableHTTPClientTransport as OldHttp } from '@modelcontextprotocol/sdk/client/streamableHttp.js';
import { expect, onTestFinished, test } from 'vitest';
import { environment, SERVER, temporaryFolder } from './client.ts';
import { type AnyClient, aDayOfWork } from './day.ts';

/** Many processes start here, each in a second or two; a busy machine takes its time. */
const SLOW_MS = 180_000;

const ME = { name: 'some-agent', version: '1.0.0' };

/** A client of the first SDK, as most are. */
async function older(transport: Parameters<OldClient['connect']>[0]): Promise<AnyClient> {
  const client = new OldClient(ME);
  await client.connect(transport);
  return client;
}

/** A client of the second SDK. */
async function newer(
  transport: Parameters<NewClient['connect']>[0],
  { revision, ...options }: ClientOptions & { readonly revision: string },
): Promise<AnyClient> {
  const client = new NewClient(ME, options);
  await client.connect(transport);
  expect(client.getNegotiatedProtocolVersion()).toBe(revision);
  return client;
}

const HANDSHAKE = { revision: '2025-11-25' } as const;
const NEWEST = { revision: '2026-07-28', versionNegotiation: { mode: 'auto' } } as const;

/** What the day must show, whoever speaks: more than that it is the same for all. */
const EXPECTED: readonly unknown[] = [
  { asked: 'tools', answer: expect.arrayContaining([expect.objectContaining({ name: 'query_memory' })]) },
  said('create_episode', /^Episode id 1 is open\.\nNo related experience/u),
  said('add_step', /^Step 1 is stored\.$/u),
  said('add_step', /^Steps 2, 3 are stored\.$/u),
  said('complete_episode', /fixed it: edit: await the token in login\.ts/u),
  refused('add_step', /^INVALID_STATE: Episode id 1 is already completed/u),
  refused('add_step', /^INVALID_INPUT: acton: .*did you mean "action"/u),
  said('create_episode', /^Episode id 2 is open\.\n[\s\S]*episode id 1 \[shop\]/u),
  said('add_step', /Known fix .*episode id 1.*await the token in login\.ts/u),
  said('query_memory', /^Known fix .*\n1\. episode id 1 /u),
  said('execute_code', /^ok: \["id 1"\]/u),
  { asked: 'no_such_tool', answer: { code: -32602, message: expect.stringContaining('There is no tool') } },
];

function said(asked: string, text: RegExp): object {
  return { asked, answer: { isError: false, content: [{ type: 'text', text: expect.stringMatching(text) }] } };
}

function refused(asked: string, text: RegExp): object {
  return { asked, answer: { isError: true, content: [{ type: 'text', text: expect.stringMatching(text) }] } };
}

test('a day of work goes the same way over every client and revision, on stdio [MC-07 MC-02]', {
  timeout: SLOW_MS,
}, async () => {
  const place = () => {
    const env = { ...environment(temporaryFolder()), EMBEDDING_PROVIDER: 'none' };
    return { command: process.execPath, args: [SERVER], env, stderr: 'ignore' as const };
  };
  const [a, b, c] = [place(), place(), place()];
  const days = await Promise.all([
    aDayOfWork(() => older(new OldStdio(a))),
    aDayOfWork(() => newer(new NewStdio(b), HANDSHAKE)),
    aDayOfWork(() => newer(new NewStdio(c), NEWEST)),
  ]);
  expect(days[0].slice(0, EXPECTED.length)).toMatchObject(EXPECTED);
  expect(days[1]).toEqual(days[0]);
  expect(days[2]).toEqual(days[0]);
});

test('a day of work goes the same way over every client and revision, over HTTP [MC-07 MC-06]', {
  timeout: SLOW_MS,
}, async () => {
  // Each has a memory of its own: which tools are listed, and what there is to be read, depend on what it holds.
  const [a, b, c] = await Promise.all([startHttp(), startHttp(), startHttp()]);
  const days = await Promise.all([
    aDayOfWork(() => older(new OldHttp(a.url, a.options))),
    aDayOfWork(() => newer(new NewHttp(b.url, b.options), HANDSHAKE)),
    aDayOfWork(() => newer(new NewHttp(c.url, c.options), NEWEST)),
  ]);
  expect(days[0].slice(0, EXPECTED.length)).toMatchObject(EXPECTED);
  expect(days[1]).toEqual(days[0]);
  expect(days[2]).toEqual(days[0]);
});

/** A server over HTTP on a port that is free; what it says when it begins is how a user learns where it is. */
async function startHttp() {
  const token = randomBytes(32).toString('hex');
  const env = { ...environment(temporaryFolder()), EMBEDDING_PROVIDER: 'none', MCP_TOKEN: token };
  const server = spawn(process.execPath, [SERVER, '--http', '--port', '0'], {
    env,
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  const ended = once(server, 'close');
  onTestFinished(async () => {
    server.kill();
    await ended;
  });
  let said = '';
  for await (const chunk of server.stderr.setEncoding('utf8').iterator({ destroyOnReturn: false })) {
    said += chunk;
    const [, url] = /listening on (\S+);/u.exec(said) ?? [];
    if (url === undefined) continue;
    server.stderr.resume();
    return { url: new URL(url), options: { requestInit: { headers: { Authorization: `Bearer ${token}` } } } };
  }
  throw new Error(`The server ended: ${said}`);
}

test('the command line of the Inspector lists, calls and reads [MC-07]', { timeout: SLOW_MS }, async () => {
  const uri = 'memory://sandbox/memory.d.ts';
  const call = ['--tool-name', 'create_episode', '--tool-arg', 'task_description=Mend the login', 'project=shop'];
  const [listed, created, read] = await Promise.all([
    inspected('tools/list'),
    inspected('tools/call', call),
    inspected('resources/read', ['--uri', uri]),
  ]);
  expect(listed).toMatchObject({ tools: expect.arrayContaining([expect.objectContaining({ name: 'add_step' })]) });
  expect(created).toMatchObject({ structuredContent: { status: 'open', related: [] } });
  expect(read).toMatchObject({ contents: [{ uri, text: expect.stringContaining('declare const memory') }] });
});

/** The result that the Inspector prints, asked of a server of its own. */
async function inspected(method: string, flags: readonly string[] = []): Promise<unknown> {
  const inspector = fileURLToPath(import.meta.resolve('@modelcontextprotocol/inspector-cli'));
  const started = [inspector, '--cli', process.execPath, SERVER, '--method', method, ...flags];
  const { stdout } = await promisify(execFile)(process.execPath, started, { env: environment(temporaryFolder()) });
  return JSON.parse(stdout);
}
