// Timing. What is short and repeatable goes through tinybench, what changes the world with each call through a loop.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { Bench } from 'tinybench';

export interface Timing {
  readonly medianMs: number;
  readonly p99Ms: number;
}

/** Times each call of `work`, after calls that do not count. The index rises through both, so no call repeats another. */
export async function timeCalls(
  counts: { readonly warmup: number; readonly calls: number },
  work: (index: number) => Promise<unknown>,
): Promise<Timing> {
  for (let index = 0; index < counts.warmup; index += 1) await work(index);
  const samplesMs: number[] = [];
  for (let index = counts.warmup; index < counts.warmup + counts.calls; index += 1) {
    const startedMs = performance.now();
    await work(index);
    samplesMs.push(performance.now() - startedMs);
  }
  return timingOf(samplesMs);
}

/** Times two works turn by turn, so that whatever else the machine does hits both. */
export async function timeAlternating(
  counts: { readonly warmup: number; readonly calls: number },
  first: (index: number) => Promise<unknown>,
  second: (index: number) => Promise<unknown>,
): Promise<{ readonly first: Timing; readonly second: Timing }> {
  const timings = await timeInTurns(counts, { first, second });
  return { first: timingIn(timings, 'first'), second: timingIn(timings, 'second') };
}

/** Times several works turn by turn, as `timeAlternating` does two. */
export async function timeInTurns(
  { warmup, calls }: { readonly warmup: number; readonly calls: number },
  works: Readonly<Record<string, (index: number) => Promise<unknown>>>,
): Promise<ReadonlyMap<string, Timing>> {
  const turns = Object.entries(works).map(([name, work]) => ({ name, work, samplesMs: [] as number[] }));
  for (let index = 0; index < warmup + calls; index += 1) {
    for (const { work, samplesMs } of turns) {
      const startedMs = performance.now();
      await work(index);
      if (index >= warmup) samplesMs.push(performance.now() - startedMs);
    }
  }
  return new Map(turns.map(({ name, samplesMs }) => [name, timingOf(samplesMs)]));
}

/** @throws where nothing of that name was measured */
export function timingIn(timings: ReadonlyMap<string, Timing>, name: string): Timing {
  const timing = timings.get(name);
  if (timing === undefined) throw new Error(`"${name}" was not measured.`);
  return timing;
}

/** Times each of `works` by name with tinybench. @throws what a work throws */
export async function timeWithTinybench(
  works: Readonly<Record<string, () => unknown>>,
): Promise<ReadonlyMap<string, Timing>> {
  const bench = new Bench({ time: 300, warmupTime: 100, throws: true });
  for (const [name, work] of Object.entries(works)) bench.add(name, work);
  await bench.run();
  return new Map(
    bench.tasks.map((task) => {
      if (task.result.state !== 'completed') throw new Error(`"${task.name}" ended as ${task.result.state}.`);
      const { p50, p99 } = task.result.latency;
      return [task.name, { medianMs: p50, p99Ms: p99 }];
    }),
  );
}

/** Calls a second when `writers` loops run side by side, each with `callsEach` calls. */
export async function throughput(
  counts: { readonly writers: number; readonly callsEach: number },
  work: (writer: number, index: number) => Promise<unknown>,
): Promise<number> {
  const startedMs = performance.now();
  await Promise.all(
    Array.from({ length: counts.writers }, async (_, writer) => {
      for (let index = 0; index < counts.callsEach; index += 1) await work(writer, index);
    }),
  );
  return (counts.writers * counts.callsEach) / ((performance.now() - startedMs) / 1000);
}

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

/** The 99th percentile of how late timers are while `work` is under way. */
export async function lateness(work: () => Promise<unknown>): Promise<number> {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  delay.enable();
  await work();
  delay.disable();
  // The monitor records the whole time between two ticks of a timer: what is over its period is the delay.
  return Math.max(0, delay.percentile(99) / NS_PER_MS - RESOLUTION_MS);
}

/** So many loops side by side, each doing `work` again and again until the time is over. */
export async function sideBySide(
  { loops, durationMs }: { readonly loops: number; readonly durationMs: number },
  work: () => Promise<unknown>,
): Promise<void> {
  const endMs = performance.now() + durationMs;
  await Promise.all(
    Array.from({ length: loops }, async () => {
      while (performance.now() < endMs) await work();
    }),
  );
}

export function timingOf(samplesMs: readonly number[]): Timing {
  const sorted = samplesMs.toSorted((a, b) => a - b);
  return { medianMs: quantile(sorted, 0.5), p99Ms: quantile(sorted, 0.99) };
}

/** The smallest sample that this share of the samples does not exceed. */
function quantile(sorted: readonly number[], share: number): number {
  const value = sorted[Math.max(0, Math.ceil(sorted.length * share) - 1)];
  if (value === undefined) throw new Error('There is no sample to take a quantile of.');
  return value;
}
