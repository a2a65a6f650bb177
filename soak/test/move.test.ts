// A store that moves to a host and back through the terminal program, killed with SIGKILL again and again on the way.
import { spawn } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { type LibsqlServer, startLibsqlServer } from '@episodica/test-utils';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, report } from './form.ts';

const PROGRAM = fileURLToPath(new URL('../../memory-cli/bin/memory-cli.js', import.meta.url));
const STEPS_EACH = 50;
/** Looking at both ends takes about half of these; a whole move takes more than all of them. */
const MAX_QUESTIONS = 30;

test('a move that is killed again and again is gone on with, and in the end all is the same [ST-03]', async () => {
  const folder = temporaryFolder();
  const server = await startLibsqlServer({ path: join(folder, 'server.db') });
  onTestFinished(() => server.close());
  const steps = countOf('moveSteps');
  await fill(join(folder, 'here'), steps);
  const before = await exported(folder, 'here');
  const startedMs = performance.now();
  const there = ['--data-dir', 'here', 'storage', 'migrate', '--yes', '--to', server.url];
  const killedAt: number[] = [];
  while (killedAt.length < countOf('moveKills')) {
    killedAt.push(1 + Math.floor(Math.random() * MAX_QUESTIONS));
    const { code } = await run(folder, there, { server, killAt: killedAt.at(-1) });
    if (code !== null) break;
    await whileUnfinished(server);
  }
  const last = await run(folder, [...there, '--format', 'json']);
  // It was done before it could be killed once more, or it is now.
  expect(last.code === 0 || /is in use/u.test(last.stderr), `${last.stderr} ${killedAt}`).toBe(true);
  const back = pathToFileURL(join(folder, 'back', 'memory.db')).href;
  const here = await run(folder, ['storage', 'migrate', '--yes', '--from', server.url, '--to', back]);
  expect(here).toMatchObject({ code: 0, stderr: '' });
  const tookSeconds = ((performance.now() - startedMs) / 1_000).toFixed(1);
  report(`${steps} steps to a host and back, killed ${killedAt.length} times: ${tookSeconds} s`);
  expect(await exported(folder, 'back'), `killed at the questions ${killedAt}`).toBe(before);
});

async function fill(directory: string, steps: number): Promise<void> {
  mkdirSync(directory);
  const url = pathToFileURL(join(directory, 'memory.db')).href;
  const store = await openTursoStore({ url, durability: 'normal' });
  const memory = openMemory({ store, project: 'shop', actor: 'test' });
  for (let first = 0; first < steps; first += STEPS_EACH) {
    const [episode] = await memory.createEpisodes([
      { description: `repair the import of shop ${first}`, tags: ['shop'] },
    ]);
    const id = episode?.id ?? '';
    const inputs = Array.from({ length: STEPS_EACH }, (_, index) => ({
      tool: ['read', 'edit', 'bash'][index % 3] ?? '',
      action: `try ${first + index}`,
      result: { type: 'error' as const, message: `E${index % 7}: no such file` },
    }));
    await memory.addSteps(id, inputs);
    await memory.completeEpisode(id, { kind: first % 3 > 0 ? 'success' : 'failure' });
  }
  await memory.close();
}

/** Before anything was copied there is nothing at all, and from then on nobody opens it. */
async function whileUnfinished(server: LibsqlServer): Promise<void> {
  const opened = await openTursoStore({ url: server.url }).catch((error: { readonly code: string }) => error.code);
  if (typeof opened === 'string') return expect(opened).toBe('INVALID_STATE');
  expect((await opened.stats()).journalSeq).toBe(0);
  await opened.close();
}

async function exported(folder: string, data: string): Promise<string> {
  const { code, stdout } = await run(folder, ['--data-dir', data, 'episode', 'export']);
  expect(code).toBe(0);
  return stdout;
}

interface Ended {
  /** `null`: it was killed. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the program; with `killAt`, until it has asked the server so often. */
async function run(
  folder: string,
  words: readonly string[],
  {
    server,
    killAt = Number.POSITIVE_INFINITY,
  }: { readonly server?: LibsqlServer; readonly killAt?: number | undefined } = {},
): Promise<Ended> {
  const asked = server?.roundTrips ?? 0;
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    cwd: folder,
    env: { PATH: process.env.PATH ?? '', HOME: folder },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [stdout, stderr]: [Buffer[], Buffer[]] = [[], []];
  child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
  child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
  let isOver = false;
  const ended = new Promise<number | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      isOver = true;
      resolve(code);
    });
  });
  // Its questions are what there is to see of it from here.
  while (server !== undefined && !isOver && server.roundTrips - asked < killAt) await sleep(1);
  if (server !== undefined) child.kill('SIGKILL');
  return { code: await ended, stdout: String(Buffer.concat(stdout)), stderr: String(Buffer.concat(stderr)) };
}
