// How the program behaves as a process: what it prints, and when and how it ends.
import { spawn } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import {
  environment,
  initialize,
  type RawServer,
  request,
  SERVER,
  startRaw,
  temporaryFolder,
  toolCall,
} from './client.ts';
import { hostileLine, isMessage, SHOWS_INSIDE } from './hostile.ts';
import type { Answer } from './wired.ts';

/** A dependency that misbehaves when a signal comes. */
const MISBEHAVING = `
import { Worker } from 'node:worker_threads';
process.on('SIGUSR2', () => {
  process.stdout.write('written-to-the-stream\\n');
  console.log('logged-to-the-console');
  process._rawDebug('printed-raw');
  new Worker('console.log("printed-by-a-worker")', { eval: true });
  for (let count = 0; count < 3; count += 1) Promise.reject(fault);
});
process.on('SIGHUP', () => { throw new Error('thrown-into-the-loop'); });
const fault = new Error('failed-in-the-background');
`;

function misbehaving(folder: string): Record<string, string> {
  const path = join(folder, 'misbehaving.mjs');
  writeFileSync(path, MISBEHAVING);
  return { NODE_OPTIONS: `--import ${pathToFileURL(path).href}` };
}

test('whatever is printed stays off standard output; what fails in the background is logged once; an uncaught error ends it with 1 [MC-03]', async () => {
  const folder = temporaryFolder();
  const more = { ...misbehaving(folder), LMDB_CACHE_PATH: join(folder, 'misbehaving.mjs') };
  const server = startRaw(folder, { more });
  server.send(initialize());
  server.send(toolCall(2, 'query_memory', { query: 'x' }));
  await server.answer(2);
  server.process.kill('SIGUSR2');
  const printed = ['written-to-the-stream', 'logged-to-the-console', 'printed-raw', 'printed-by-a-worker'];
  const awaited = [...printed, 'something in the background failed', '"path"'];
  await new Promise<void>((resolve) => {
    const look = (): void => void (awaited.every((text) => server.stderr().includes(text)) && resolve());
    server.process.stderr.on('data', look);
    look();
  });
  server.send(request(3, 'ping', {}));
  expect(await server.answer(3)).toMatchObject({ result: {} });
  server.process.kill('SIGHUP');
  expect(await server.exited).toEqual({ code: 1, signal: null });
  expect(server.lines.map((line) => JSON.parse(line).id)).toEqual([1, 2, 3]);
  const logged = server
    .stderr()
    .trim()
    .split('\n')
    .filter((line) => !printed.includes(line))
    .map((line) => JSON.parse(line));
  const places = logged.map(({ msg, error }) => `${msg}: ${error?.type} ${error?.stack}`);
  expect(places.filter((text) => /background failed.*: Error .*misbehaving\.mjs/su.test(text))).toHaveLength(1);
  expect(places.filter((text) => /nobody caught.*: Error .*misbehaving\.mjs/su.test(text))).toHaveLength(1);
  expect(logged).toEqual(logged.map(() => expect.objectContaining(LOG_LINE)));
});

/** Of every line of the log, whoever writes it. */
const LOG_LINE = {
  level: expect.any(Number),
  time: expect.any(Number),
  program: 'memory-mcp',
  pid: expect.any(Number),
  msg: expect.any(String),
};

test('what is logged before the configuration is read has the form of what is logged behind it [OB-01]', async () => {
  const server = startRaw(temporaryFolder(), { more: { MEMORY_ENCRYPTION_KEY: 'short' } });
  server.send(initialize());
  server.send(toolCall(2, 'query_memory', { query: 'x' }));
  await server.answer(2);
  server.process.stdin.end();
  await server.exited;
  const logged = server
    .stderr()
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(logged).toEqual([expect.objectContaining({ ...LOG_LINE, level: 40, code: 'INVALID_INPUT' })]);
});

test('a server whose output is closed ends when it has something to say [MC-03]', async () => {
  const server = startRaw(temporaryFolder());
  server.send(initialize());
  await server.answer(1);
  server.process.stdout.destroy();
  server.send(toolCall(2, 'create_episode', { task_description: 'x' }));
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

/** A program that never ends, and that tells nothing unless it is asked to. */
const ENDLESS = { name: 'execute_code', arguments: { code: 'for(;;);', timeout_ms: 60_000 } };

/** A server that runs such a program under the id 2. It takes `patienceMs` for the eight seconds that calls have to end. */
async function busyServer(patienceMs: number): Promise<RawServer> {
  const folder = temporaryFolder();
  const path = join(folder, 'clock.mjs');
  const clock = `const wait = setTimeout;
    globalThis.setTimeout = (work, ms, ...given) => wait(work, ms === 8_000 ? ${patienceMs} : ms, ...given);`;
  writeFileSync(path, clock);
  const server = startRaw(folder, { more: { NODE_OPTIONS: `--import ${pathToFileURL(path).href}` } });
  server.send(initialize());
  server.send(request(2, 'tools/call', ENDLESS));
  server.send(toolCall(3, 'execute_code', { code: '1' }));
  await server.answer(3);
  return server;
}

const ENDING = { isError: true, content: [{ text: expect.stringMatching(/^CLOSED: the server is ending\. /u) }] };

test('a call that takes too long behind the end of the input is told that the server ends, which it then does in order [MC-03]', async () => {
  const server = await busyServer(10);
  server.process.stdin.end();
  expect(await server.answer(2)).toMatchObject({ result: ENDING });
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

test('a signal behind the end of the input ends what runs [MC-03]', async () => {
  const server = await busyServer(60_000);
  server.process.stdin.end(JSON.stringify(request(4, 'ping', {})));
  // It is answered at the end of its input, having no end of line.
  await server.answer(4);
  server.process.kill('SIGTERM');
  expect(await server.answer(2)).toMatchObject({ result: ENDING });
  expect(await server.exited).toEqual({ code: 0, signal: null });
});

test('a second signal, whichever, ends the server at once [MC-03]', async () => {
  const server = await busyServer(3_000);
  server.process.kill('SIGTERM');
  server.process.kill('SIGINT');
  expect(await server.exited).toEqual({ code: 1, signal: null });
  expect(server.lines.map((line) => JSON.parse(line).id)).toEqual([1, 3]);
});

test.each([
  ['tells how long it runs', { ...ENDLESS, _meta: { progressToken: 1 } }],
  ['is silent', ENDLESS],
])('a server ends soon with its killed parent also while a program %s [MC-03]', async (_how, params) => {
  const messages = [
    initialize(),
    request(2, 'tools/call', params),
    toolCall(3, 'create_episode', { task_description: 'x' }),
    toolCall(4, 'execute_code', { code: '1' }),
  ];
  const script = `
    const server = require('node:child_process').spawn(process.execPath, [${JSON.stringify(SERVER)}], { stdio: ['pipe', 'pipe', 'inherit'] });
    server.stdin.write(${JSON.stringify(messages.map((message) => `${JSON.stringify(message)}\n`).join(''))});
    let told = '';
    server.stdout.on('data', (chunk) => {
      told += chunk;
      if (told.includes('"id":3') && told.includes('"id":4')) process.kill(process.pid, 'SIGKILL');
    });`;
  const parent = spawn(process.execPath, ['-e', script], {
    env: environment(temporaryFolder()),
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  let diedMs = Infinity;
  parent.on('exit', () => {
    diedMs = performance.now();
  });
  // The server holds the other end of this stream too: it ends when both are gone.
  await new Promise((resolve) => parent.stderr.resume().on('end', resolve));
  expect(parent.signalCode).toBe('SIGKILL');
  // Half a second and what closing takes; whoever waited for the program would take eight.
  expect(performance.now() - diedMs).toBeLessThan(7_500);
});

test('no line that anybody can send ends the process or comes out of it as anything but a message [MC-03]', async () => {
  const server = startRaw(temporaryFolder());
  onTestFinished(() => void server.process.kill('SIGKILL'));
  server.send(initialize());
  await server.answer(1);
  await fc.assert(
    fc.asyncProperty(fc.array(hostileLine(), { minLength: 200, maxLength: 200 }), async (lines) => {
      for (const line of lines) {
        server.process.stdin.write(line);
        server.process.stdin.write('\n');
      }
      server.send(toolCall(777_777, 'query_memory', { query: 'x' }));
      expect(await server.answer(777_777)).toMatchObject({ result: { structuredContent: { degraded: [] } } });
    }),
    { numRuns: 1 },
  );
  server.process.stdin.end();
  expect(await server.exited).toEqual({ code: 0, signal: null });
  for (const line of server.lines) {
    const answer: Answer = JSON.parse(line);
    expect(isMessage(answer), line.slice(0, 500)).toBe(true);
    expect(line).not.toMatch(SHOWS_INSIDE);
  }
  expect(server.stderr()).toBe('');
});
