// What becomes of writes whose program, caller or server ends first: the journal of the run and the store tell the same.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Memory, openMemory } from '@episodica/memory-core';
import { codeModeHost } from '@episodica/memory-mcp/code-mode';
import { type HostCallRecord, openSandbox, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { startServer, temporaryFolder } from '../client.ts';

const ROUNDS = 10;
const CANCELLED_ROUNDS = 5;
const SERVER_ROUNDS = 2;
/** Writes of one program in a server; it may make 256 calls. */
const COUNT = 200;
const SEED = Date.now() % 1_000_000;

let folder: string;
let memory: Memory;
let sandbox: Sandbox;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'code-mode-'));
  memory = await opened(join(folder, 'memory.db'));
  sandbox = openSandbox({ maxWorkers: 2, maxHostCalls: 50_000 });
});
afterAll(async () => {
  await sandbox.close();
  await memory.close();
  rmSync(folder, { recursive: true, force: true });
});

async function opened(file: string): Promise<Memory> {
  return openMemory({ store: await openTursoStore({ url: pathToFileURL(file).href }), embedder: 'none' });
}

/** Adds steps and begins episodes, eight calls at a time, of which each is known by its number. */
const WRITING = `
  const { episode_id, round, from = 0, count = Infinity } = input;
  const write = (n) => n % 4 === 3
    ? memory.createEpisode({ task_description: round + ' ' + n })
    : memory.addStep({ episode_id, tool: 'bash', action: 'do ' + n, step_key: round + ' ' + n });
  let n = from;
  while (n < from + count) {
    const some = [];
    for (let i = 0; i < 8 && n < from + count; i += 1, n += 1) some.push(write(n));
    await Promise.all(some);
  }
`;
/** Is stuck in native code while its last writes are under way: only its worker's end is the end of it. */
const STUCK = `${WRITING} for (let i = 0; i < 8; i += 1) void write(n + i); Array(4294967295).indexOf(1);`;
/** The same with a step for each number: with its key, none is there twice. */
const STEPS_ONLY = WRITING.replace('n % 4 === 3', 'false');

interface Round {
  readonly episode_id: string;
  readonly round: string;
  readonly from?: number;
  readonly count?: number;
}

interface RunAs {
  readonly timeoutMs?: number;
  readonly signal?: AbortSignal;
}

function run(code: string, input: Round, { timeoutMs = 30_000, signal }: RunAs = {}): Promise<RunResult> {
  const host = codeModeHost(async () => ({ memory, project: undefined }), { allowWrites: true });
  return sandbox.run({ code, host, input: { ...input }, timeoutMs }, signal === undefined ? {} : { signal });
}

/** The numbers of the writes of a round that are stored, of steps and of episodes. */
async function storedOf({ episode_id, round }: Round): Promise<readonly number[]> {
  const keys = (await memory.getSteps(episode_id)).map(({ key }) => key ?? '');
  const descriptions: string[] = [];
  for await (const { description } of memory.listEpisodes({})) descriptions.push(description);
  const own = [...keys, ...descriptions].filter((name) => name.startsWith(`${round} `));
  return own.map((name) => Number(name.slice(round.length + 1))).sort((a, b) => a - b);
}

/** Whether what the journal says of each write is so. */
function expectTruth(calls: readonly HostCallRecord[], stored: readonly number[], told: string): void {
  const present = new Set(stored);
  expect(stored, told).toEqual([...present]);
  expect(Math.max(-1, ...stored), told).toBeLessThan(calls.length);
  calls.forEach(({ status, method }, number) => {
    expect(method, told).toBe(number % 4 === 3 ? 'createEpisode' : 'addStep');
    if (status !== 'in_doubt') expect([number, present.has(number)], told).toEqual([number, status === 'done']);
  });
}

function random(round: number): number {
  // Knuth's multiplicative hash: as good as any here, and the same for the same seed.
  return (((SEED + round) * 2_654_435_761) % 4_294_967_296) / 4_294_967_296;
}

async function aRound(round: number): Promise<Round> {
  const { episode } = await memory.createEpisode({ description: `Round ${round}` });
  return { episode_id: episode.id, round: `round${round}` };
}

test('writes under way when a run ends are stored as its journal says, and once however often they are repeated [SB-07] [SB-03]', async () => {
  let killed = 0;
  let unkilled = 0;
  let written = 0;
  const wantsAnother = (): boolean => killed === 0 || unkilled === 0 || written <= ROUNDS;
  for (let number = 0; number < ROUNDS || (number < 3 * ROUNDS && wantsAnother()); number += 1) {
    const round = await aRound(number);
    const told = `seed ${SEED}, round ${number}`;
    // A machine that is so slow that nothing came of these rounds has longer ones.
    const patience = number < ROUNDS ? 1 : 10;
    const timeoutMs = patience * (150 + Math.floor(random(number) * 450));
    const ran =
      number % 2 === 0
        ? await run(STUCK, { ...round, count: Math.floor(random(number) * 12) }, { timeoutMs })
        : await run(WRITING, round, { timeoutMs });
    expect(ran.ok, told).toBe(false);
    if (ran.killed) killed += 1;
    else unkilled += 1;
    // A write in doubt may still be on its way: one that comes behind it waits for it.
    await memory.addStep(round.episode_id, { tool: 'bash', action: 'look' });
    const stored = await storedOf(round);
    written += stored.length;
    expectTruth(ran.calls, stored, told);
    const again = await run(STEPS_ONLY, { ...round, count: ran.calls.length });
    expect(again.ok ? undefined : again.error, told).toBeUndefined();
    const keys = (await memory.getSteps(round.episode_id)).flatMap(({ key }) => key ?? []);
    expect(keys.toSorted(), told).toEqual(ran.calls.map((_, n) => `${round.round} ${n}`).toSorted());
  }
  expect([killed > 0, unkilled > 0, written > ROUNDS], `seed ${SEED}`).toEqual([true, true, true]);
});

test('a run that its caller cancels says how many of its writes are stored [SB-07]', async () => {
  for (let number = 0; number < CANCELLED_ROUNDS; number += 1) {
    const round = await aRound(ROUNDS + number);
    const told = `seed ${SEED}, round ${number}`;
    const controller = new AbortController();
    let hasEnded = false;
    const running = run(WRITING, round, { signal: controller.signal })
      .catch((error: unknown) => error)
      .finally(() => {
        hasEnded = true;
      });
    const wanted = Math.floor(random(number) * 40);
    while (!hasEnded && (await memory.getSteps(round.episode_id)).length < wanted);
    controller.abort();
    const { code, message } = (await running) as { readonly code: string; readonly message: string };
    expect(code, told).toBe('ABORTED');
    await memory.addStep(round.episode_id, { tool: 'bash', action: 'look' });
    const stored = (await storedOf(round)).length;
    const done = Number(/(\d+) of its writes had been done/u.exec(message)?.[1] ?? 0);
    const inDoubt = Number(/and (\d+) perhaps/u.exec(message)?.[1] ?? 0);
    expect([stored >= done, stored <= done + inDoubt], `${told}: ${message}, ${stored} are stored`).toEqual([
      true,
      true,
    ]);
  }
});

test('a server that is killed while a program writes leaves whole writes, and the same program again completes them [SB-07] [EP-04]', async () => {
  const dataDir = temporaryFolder();
  const writes = { SANDBOX_ALLOW_WRITES: 'true' };
  const reader = await startServer(dataDir);
  const { structured } = await reader.call('create_episode', { task_description: 'Written by programs' });
  const { episode_id } = structured;
  const looking = await opened(join(dataDir, 'memory.db'));
  onTestFinished(() => looking.close());
  let interrupted = 0;
  // Whoever looks may be so slow that the program has ended before it was seen at work.
  for (let number = 0; number < SERVER_ROUNDS || (number < 10 * SERVER_ROUNDS && interrupted === 0); number += 1) {
    const told = `seed ${SEED}, round ${number}`;
    const server = await startServer(dataDir, writes);
    const given = {
      code: STEPS_ONLY,
      input: { episode_id, round: `round${number}`, count: COUNT },
      timeout_ms: 60_000,
    };
    const before = (await looking.getSteps(episode_id)).length;
    const running = server.call('execute_code', given).then(
      () => 'answered',
      () => 'gone',
    );
    const wanted = before + 1 + Math.floor((random(number) * COUNT) / 4);
    while ((await looking.getSteps(episode_id)).length < wanted);
    process.kill(server.pid, 'SIGKILL');
    if ((await running) === 'gone') interrupted += 1;
    const kept = await looking.getSteps(episode_id);
    const next = await startServer(dataDir, writes);
    const again = await next.call('execute_code', given);
    expect(again.structured.ok, again.text).toBe(true);
    const steps = await looking.getSteps(episode_id);
    expect(steps.slice(0, kept.length), told).toEqual(kept);
    const keys = steps.slice(before).map(({ key }) => key);
    expect(keys.toSorted(), told).toEqual(Array.from({ length: COUNT }, (_, n) => `round${number} ${n}`).toSorted());
    await next.close();
  }
  expect(interrupted, `seed ${SEED}`).toBeGreaterThan(0);
});
