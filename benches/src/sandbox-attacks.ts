// What attacks cost: how late they are ended, what they do to everybody else meanwhile, and how much memory they take.
import { spawnSync } from 'node:child_process';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { openSandbox, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { ATTACKS, type Attack, type AttackReport, HONEST_PROGRAM, toRequest, underAttack } from '@episodica/test-utils';
import { lateness, type Timing, timeCalls, timingOf } from './measure.ts';
import type { MemoryFigures, MemoryTask } from './sandbox-memory.ts';
import { succeeded } from './sandbox-run.ts';
import type { Row, SuiteOptions, SuiteReport } from './suite.ts';

const NOTED = 3;

/** How far past its deadline the worst attack went, and what it did to the event loop. */
export async function overshootReport({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const sandbox = openSandbox();
  const { result: fresh } = await succeeded(sandbox, { code: HONEST_PROGRAM });
  const reports: (AttackReport & { readonly name: string })[] = [];
  for (let round = 0; round < (isFull ? 10 : 1); round += 1) {
    for (const attack of ATTACKS.filter(isEndedByClock)) {
      reports.push({ ...(await underAttack(attack, { sandbox, fresh })), name: `${attack.threat} ${attack.name}` });
    }
  }
  await sandbox.close();
  const worst = reports.toSorted((a, b) => b.overshootMs - a.overshootMs);
  const overshoot = timingOf(worst.map(({ overshootMs }) => overshootMs));
  const killed = reports.filter((report) => report.killed).length;
  const rows: readonly Row[] = [
    {
      what: 'past the deadline, the worst attack',
      unit: 'ms',
      value: worst[0]?.overshootMs ?? 0,
      target: { bound: 'at most', of: 'value', limit: 150 },
      baseline: { name: 'the median attack', value: overshoot.medianMs },
    },
    { what: 'event loop late, the worst attack', unit: 'ms', value: Math.max(...reports.map(({ lagMs }) => lagMs)) },
  ];
  const latest = worst.slice(0, NOTED).map(({ name, overshootMs }) => `${name} ${overshootMs.toFixed(0)} ms`);
  const notes = [
    `${reports.length} attacks that only a clock ends, ${killed} of them killed from outside; latest: ${latest.join(', ')}.`,
    ...reports.flatMap(({ name, findings }) => findings.map((finding) => `${name}: ${finding}`)),
  ];
  return { rows, notes };
}

function isEndedByClock({ outcome }: Attack): boolean {
  return [outcome].flat().some((code) => code.startsWith('TIMEOUT'));
}

const STUCK = 20;
const STUCK_MS = 2_000;
const STUCK_PROGRAMS = ['Array(4294967295).indexOf(1)', 'for (;;);', '/(a+)+$/.test("a".repeat(40) + "b")'];

/** How late timers are and how honest callers fare while the sandbox is full of programs that do not end. */
export async function starvationRows(): Promise<readonly Row[]> {
  const quietMs = await lateness(() => sleep(STUCK_MS));
  const alone = openSandbox();
  const aloneRun = await timeCalls({ warmup: 10, calls: 50 }, () => succeeded(alone, { code: '1 + 1' }));
  await alone.close();
  const beside = await whileStuck(STUCK - 1);
  const full = await whileStuck(STUCK);
  return [
    lateRow(`event loop late (p99), ${STUCK} stuck runs`, full.lateMs, quietMs),
    {
      what: `honest run beside ${STUCK - 1} stuck ones`,
      unit: 'ms',
      value: beside.honest.medianMs,
      p99: beside.honest.p99Ms,
      baseline: { name: 'alone', value: aloneRun.medianMs },
    },
    {
      what: `honest run behind ${STUCK} stuck ones: after their deadline`,
      unit: 'ms',
      value: full.firstMs - STUCK_MS,
    },
  ];
}

function lateRow(what: string, lateMs: number, quietMs: number): Row {
  return {
    what,
    unit: 'ms',
    value: lateMs,
    baseline: { name: 'with nothing to do', value: quietMs },
    target: { bound: 'at most', of: 'value', limit: 20 },
  };
}

interface Starved {
  readonly lateMs: number;
  readonly honest: Timing;
  /** When the first honest run was answered, since the stuck ones began. */
  readonly firstMs: number;
}

async function whileStuck(count: number): Promise<Starved> {
  const sandbox = openSandbox({ maxWorkers: STUCK });
  await succeeded(sandbox, { code: '1 + 1' });
  const honestMs: number[] = [];
  let firstMs = 0;
  const lateMs = await lateness(async () => {
    const startedMs = performance.now();
    const stuck = Array.from({ length: count }, (_, index) => stuckRun(sandbox, index));
    let isOver = false;
    const over = Promise.all(stuck).then(() => {
      isOver = true;
    });
    while (!isOver) {
      const askedMs = performance.now();
      await succeeded(sandbox, { code: '1 + 1' });
      honestMs.push(performance.now() - askedMs);
      if (honestMs.length === 1) firstMs = performance.now() - startedMs;
    }
    await over;
  });
  await sandbox.close();
  return { lateMs, honest: timingOf(honestMs), firstMs };
}

async function stuckRun(sandbox: Sandbox, index: number): Promise<void> {
  const code = STUCK_PROGRAMS[index % STUCK_PROGRAMS.length] ?? '';
  const ran = await sandbox.run({ code, timeoutMs: STUCK_MS });
  if (ran.ok) throw new Error(`A program that cannot end did: ${code}`);
}

const MEMORY_PROGRAM = fileURLToPath(new URL('./sandbox-memory.js', import.meta.url));
const EXTRA_MB = 20;

/** What bombs add to the memory of the process, and what many harmless runs leave in it. */
export function memoryReport({ isFull }: SuiteOptions): SuiteReport {
  const bombs = ATTACKS.filter(({ threat }) => threat === 'T8').filter((_, index) => isFull || index % 3 === 0);
  const grown = bombs.map((attack) => {
    const { peakGrowthMb, outcomes } = measuredMemory({ request: toRequest(attack), times: 1 });
    return { name: attack.name, overCapMb: peakGrowthMb - (attack.memoryMb ?? 64), peakGrowthMb, outcomes };
  });
  const [worst] = grown.toSorted((a, b) => b.overCapMb - a.overCapMb);
  const times = isFull ? 10_000 : 1_000;
  const many = measuredMemory({ request: { code: '1 + 1' }, times });
  const rows: readonly Row[] = [
    {
      what: 'memory bombs: growth of the process, the worst',
      unit: 'MB',
      value: worst?.peakGrowthMb ?? 0,
      baseline: { name: 'the cap of its run', value: (worst?.peakGrowthMb ?? 0) - (worst?.overCapMb ?? 0) },
      target: { bound: 'at most', of: 'difference', limit: EXTRA_MB },
    },
    {
      what: `${times.toLocaleString('en')} runs: growth of the process by each`,
      unit: 'KB',
      value: Math.max(0, many.slopeKb),
      target: { bound: 'at most', of: 'value', limit: 1 },
    },
  ];
  const ends = [...new Set(grown.flatMap(({ outcomes }) => outcomes))].join(', ');
  return { rows, notes: [`${bombs.length} memory bombs, each in a process of its own, ended as ${ends}.`] };
}

function measuredMemory(task: MemoryTask): MemoryFigures {
  // V8 lets the young generation of the caller's thread grow up to its limit with the objects it ever saw, whatever is
  // left of them: 40 MB within the first ten thousand runs. Held at its first size, it does not hide what stays.
  const words = ['--expose-gc', '--max-semi-space-size=2', MEMORY_PROGRAM, JSON.stringify(task)];
  const { status, stdout, stderr } = spawnSync(process.execPath, words, { encoding: 'utf8', timeout: 120_000 });
  if (status !== 0) throw new Error(`The measured process failed: ${stderr}`);
  // Printed by our own program.
  return JSON.parse(stdout) as MemoryFigures;
}
