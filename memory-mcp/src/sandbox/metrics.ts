// What a sandbox counts of its runs: how they ended, and the spread of what the newest ones cost.
import { MEASURED_RUNS } from './limits.ts';
import type { SandboxErrorCode } from './protocol.ts';

/** Percentiles of the newest 1,000 runs that came to a worker; zeros before the first. */
export interface Spread {
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
}

/** What a sandbox did since it was opened, and what it does now. */
export interface SandboxMetrics {
  /** That ended with a result. */
  readonly succeeded: number;
  /** That ended with an error, by its code. */
  readonly failed: Readonly<Partial<Record<SandboxErrorCode, number>>>;
  /** That had to be ended from outside; they are in `failed` too. */
  readonly killed: number;
  /** That were cancelled by their caller, or by closing. */
  readonly cancelled: number;
  /** The newest run that ended was one whose worker stopped or could not start. */
  readonly isCrashing: boolean;
  readonly running: number;
  readonly waiting: number;
  readonly workers: number;
  readonly wallMs: Spread;
  readonly cpuMs: Spread;
  readonly queuedMs: Spread;
  readonly memoryBytes: Spread;
}

/** The part of an ended run that is counted. */
export interface MeasuredRun {
  /** Absent: it succeeded. */
  readonly code: SandboxErrorCode | undefined;
  readonly killed: boolean;
  readonly wallMs: number;
  readonly cpuMs: number;
  readonly queuedMs: number;
  readonly memoryBytes: number;
}

/** Counts. */
export interface MetricsRecorder {
  ended(run: MeasuredRun): void;
  cancelled(): void;
  read(now: Pick<SandboxMetrics, 'running' | 'waiting' | 'workers'>): SandboxMetrics;
}

/** Holds a few numbers of each of the newest runs, however many there are. */
export function metricsRecorder(): MetricsRecorder {
  const failed = new Map<SandboxErrorCode, number>();
  const newest = { wallMs: ring(), cpuMs: ring(), queuedMs: ring(), memoryBytes: ring() };
  let succeeded = 0;
  let killed = 0;
  let cancelled = 0;
  let isCrashing = false;
  return {
    ended(run) {
      isCrashing = run.code === 'ENGINE_CRASH';
      if (run.code === undefined) succeeded += 1;
      else failed.set(run.code, (failed.get(run.code) ?? 0) + 1);
      if (run.killed) killed += 1;
      // One that never came to a worker cost nothing, and would make the others look cheaper.
      if (run.wallMs === 0) return;
      newest.wallMs.add(run.wallMs);
      newest.cpuMs.add(run.cpuMs);
      newest.queuedMs.add(run.queuedMs);
      newest.memoryBytes.add(run.memoryBytes);
    },
    cancelled() {
      cancelled += 1;
    },
    read: (now) => ({
      succeeded,
      failed: Object.fromEntries(failed),
      killed,
      cancelled,
      isCrashing,
      ...now,
      wallMs: newest.wallMs.spread(),
      cpuMs: newest.cpuMs.spread(),
      queuedMs: newest.queuedMs.spread(),
      memoryBytes: newest.memoryBytes.spread(),
    }),
  };
}

function ring(): { add(value: number): void; spread(): Spread } {
  const values = new Float64Array(MEASURED_RUNS);
  let count = 0;
  return {
    add(value) {
      values[count % MEASURED_RUNS] = value;
      count += 1;
    },
    spread() {
      const sorted = values.slice(0, Math.min(count, MEASURED_RUNS)).sort();
      // The smallest value that at least this share of the runs did not exceed.
      const at = (share: number): number => sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? 0;
      return { p50: at(0.5), p95: at(0.95), p99: at(0.99) };
    },
  };
}
