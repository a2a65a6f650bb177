// A program: one process that works on a store until it is told to stop, or killed. Its orders are its first argument,
// as JSON; it speaks with who started it over the channel that `fork` makes.
import { readFileSync } from 'node:fs';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMemoryError, type Memory } from '@episodica/memory-core';
import { openLedger } from './ledger.ts';
import { openPlace, type PlaceOptions } from './place.ts';
import { seededRandom } from './random.ts';
import { findingsOf, lifeOf, type OpenTask, type Shown, type WorkOptions, work } from './work.ts';

export interface Orders {
  readonly folder: string;
  readonly ledger: string;
  readonly seed: number;
  /** Begins the names of its tasks: no other process on this store has it. */
  readonly name: string;
  /** Lanes of calls side by side. 0: it only watches its own event loop, beside the others. */
  readonly lanes: number;
  readonly pauseMs?: number;
  readonly inherited?: readonly OpenTask[];
  /** Where its store is, when not in its folder, and how it is opened. */
  readonly store?: PlaceOptions;
  /** How it goes on after a refusal. @default not at all */
  readonly patience?: Pick<WorkOptions, 'repeats' | 'repeatPauseMs' | 'believes'>;
  /** Has a lane that shows each write to a neighbour before the next. */
  readonly shows?: boolean;
}

export type FromAgent =
  | { readonly says: 'open' }
  | { readonly says: 'wrote'; readonly task: Shown }
  | { readonly says: 'looked'; readonly findings: readonly string[] }
  | { readonly says: 'ended'; readonly report: AgentReport };

export type ToAgent =
  | { readonly says: 'look'; readonly task: Shown }
  | { readonly says: 'seen' }
  /** End the work, and go on answering. */
  | { readonly says: 'stop' }
  | { readonly says: 'leave' };

export interface AgentReport {
  readonly calls: number;
  readonly tookMs: number;
  /** By how much timers were late, in milliseconds. */
  readonly late: { readonly p50: number; readonly p99: number; readonly max: number };
  readonly maxRssMb: number;
}

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

const [, , given = '{}'] = process.argv;
// Only `startAgent` starts this program.
const orders = JSON.parse(given) as Orders;
await main();

async function main(): Promise<void> {
  const { memory } = await openPlace(orders.folder, orders.store);
  const ledger = openLedger(orders.ledger);
  let isOver = false;
  let whenSeen = (): void => undefined;
  let leave = (): void => undefined;
  const left = new Promise<void>((resolve) => {
    leave = resolve;
  });
  process.on('message', async (message: ToAgent) => {
    if (message.says === 'look') tell({ says: 'looked', findings: await lookedAt(memory, message.task) });
    if (message.says === 'seen') whenSeen();
    if (message.says === 'stop') isOver = true;
    if (message.says === 'leave') leave();
  });
  process.on('disconnect', () => process.exit(1));
  tell({ says: 'open' });

  async function show(): Promise<number> {
    let tasks = 0;
    while (!isOver) {
      tasks += 1;
      for await (const task of lifeOf({ ...orders.patience, memory, ledger, name: `${orders.name}shown${tasks}` })) {
        const seen = new Promise<void>((resolve) => {
          whenSeen = resolve;
        });
        tell({ says: 'wrote', task });
        await seen;
        if (orders.pauseMs !== undefined) await sleep(orders.pauseMs);
      }
    }
    return tasks;
  }

  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  const startedMs = performance.now();
  const lanes = Array.from({ length: orders.lanes }, (_, index) =>
    work({
      ...orders.patience,
      memory,
      ledger,
      random: seededRandom(orders.seed * 1_000 + index),
      lane: `${orders.name}l${index}`,
      inherited: (orders.inherited ?? []).filter((_task, place) => place % orders.lanes === index),
      pauseMs: orders.pauseMs ?? 0,
      isOver: () => isOver,
    }),
  );
  const counts = await Promise.all([
    ...lanes,
    ...(orders.shows ? [show()] : []),
    ...(orders.lanes === 0 ? [idle()] : []),
  ]);
  delay.disable();
  const tookMs = performance.now() - startedMs;

  async function idle(): Promise<number> {
    while (!isOver) await sleep(RESOLUTION_MS);
    return 0;
  }

  // The monitor records the whole time between two ticks of a timer: what is over its period is the delay.
  const lateMs = (ns: number): number => Math.max(0, ns / NS_PER_MS - RESOLUTION_MS);
  const report: AgentReport = {
    calls: counts.reduce((sum, count) => sum + count, 0),
    tookMs,
    late: { p50: lateMs(delay.percentile(50)), p99: lateMs(delay.percentile(99)), max: lateMs(delay.max) },
    maxRssMb: peakRssMb(),
  };
  tell({ says: 'ended', report });
  await left;
  await memory.close();
  ledger.close();
  process.exit(0);
}

/** A refusal says nothing about what is there: the next look may. */
async function lookedAt(memory: Memory, task: Shown): Promise<readonly string[]> {
  const { repeats = 0, repeatPauseMs = 0 } = orders.patience ?? {};
  for (let left = repeats; ; left -= 1) {
    try {
      return await findingsOf(memory, task);
    } catch (error) {
      if (!isMemoryError(error)) throw error;
      if (!error.retryable || left <= 0)
        return [`${task.name} could not be looked at: ${error.code}: ${error.message}`];
      await sleep(repeatPauseMs);
    }
  }
}

function tell(message: FromAgent): void {
  process.send?.(message);
}

/** The kernel's own count: `resourceUsage` includes what the parent had when it made this process. */
function peakRssMb(): number {
  const peak =
    process.platform === 'linux' ? /VmHWM:\s+(\d+)/u.exec(readFileSync('/proc/self/status', 'utf8'))?.[1] : undefined;
  return (peak === undefined ? process.resourceUsage().maxRSS : Number(peak)) / 1_024;
}
