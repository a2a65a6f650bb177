// What a suite measures and how it says so: every figure beside its target and a baseline of the same run.

export interface Suite {
  readonly name: string;
  /** What is measured and how, in a line or two. */
  readonly about: string;
  run(options: SuiteOptions): Promise<SuiteReport>;
}

export interface SuiteOptions {
  /** Also what takes minutes. */
  readonly isFull: boolean;
}

export interface SuiteReport {
  readonly rows: readonly Row[];
  /** What a reader must know to read the figures: sizes, what was left out, why. */
  readonly notes: readonly string[];
}

type Unit = 'µs' | 'ms' | '/s' | 'KB' | 'MB' | '%' | '';

export interface Row {
  readonly what: string;
  readonly unit: Unit;
  /** The median where there are many samples. */
  readonly value: number;
  readonly p99?: number;
  readonly baseline?: { readonly name: string; readonly value: number };
  readonly target?: Target;
}

/** A bound for the value, or for its distance from the baseline. It is told beside the figure and never fails a run. */
export interface Target {
  readonly bound: 'at most' | 'at least';
  readonly of: 'value' | 'p99' | 'ratio' | 'difference';
  readonly limit: number;
}

/** value / baseline. */
export function ratioOf({ value, baseline }: Row): number | undefined {
  return baseline === undefined || baseline.value === 0 ? undefined : value / baseline.value;
}

/** Whether the target is met; `undefined` without one. */
export function isMet(row: Row): boolean | undefined {
  if (row.target === undefined) return undefined;
  const { bound, of, limit } = row.target;
  const measured = measuredFor(row, of);
  if (measured === undefined) return undefined;
  return bound === 'at most' ? measured <= limit : measured >= limit;
}

function measuredFor(row: Row, of: Target['of']): number | undefined {
  if (of === 'value') return row.value;
  if (of === 'p99') return row.p99;
  if (of === 'ratio') return ratioOf(row);
  return row.baseline === undefined ? undefined : row.value - row.baseline.value;
}
