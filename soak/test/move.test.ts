// A store that moves to a host and back through the terminal program, killed with SIGKILL again and again on the way.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { type LibsqlServer, startLibsqlServer } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, report } from './form.ts';

const PROGRAM = fileURLToPath(new URL('../../memory-cli/bin/memory-cli.js', import.meta.url));
const STEPS_EACH = 50;
/** Looking at both ends takes some questions before the first page; a whole move takes a lot more than these. */
const MAX_QUESTIONS = 25;

let folder: string;
let server: LibsqlServer;

beforeEach(async () => {
  folder = temporaryFolder();
  server = await startLibsqlServer({ path: join(folder, 'server.db') });
});

afterEach(() => server.close());

test('a move that is killed again and again is gone on with, and in the end all is the same [ST-03]', async () => {
  const steps = countOf('moveSteps');
  await fill(steps);
  const before = await exported('here');
  const moved = ['--data-dir', 'here', 'storage', 'migrate', '--to', server.url, '--yes'];
  const questions = Array.from({ length: countOf('moveKills') }, () => 1 + Math.floor(Math.random() * MAX_QUESTIONS));
  const killed: number[] = [];
  const startedMs = performance.now();
  for (const limit of questions) {
    const { code } = await run(moved, limit);
    if (code === 0) break;
    killed.push(limit);
    expect(code, `killed at the questions ${killed}`).toBe(null);
    await expect(openTursoStore({ url: server.url })).rejects.toMatchObject({ code: 'INVALID_STATE' });
  }
  const before2 = server.roundTrips;
  const back = ['--data-dir', 'back', 'storage', 'migrate', '--from', server.url, '--yes', '--to'];
  expect(await run([...back, pathToFileURL(join(folder, 'back/memory.db')).href])).toMatchObject({ code: 0 });
  report(`${steps} steps, killed ${killed.length} times: ${((performance.now() - startedMs) / 1_000).toFixed(1)} s`);
  expect(server.roundTrips).toBeGreaterThan(before2);
  expect(await exported('back'), `killed at the questions ${killed}`).toBe(before);
});
