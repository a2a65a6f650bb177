// The traces of a scope in the order and the numbers that mining counts with. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import type { Trace } from '../../trace.ts';
import { type TaskTally, taskCorrelation } from './significance.ts';

/** Traces in the order of their tasks; an attempt is known by its place there. */
export interface Corpus {
  readonly traces: readonly Trace[];
  /** The task of each, as a number; those of one task lie side by side. */
  readonly task: Int32Array;
  /** Whether a task is kept apart, to see whether what was found on the others holds there. */
  readonly isHeldOut: Uint8Array;
  /** Those that did not abstain: only they count for or against anything but recoveries. */
  readonly ended: readonly number[];
  readonly isSuccess: Uint8Array;
  /** How alike attempts at one task end. */
  readonly correlation: number;
  /** What is done in three attempts or more: names by number. */
  readonly acts: readonly string[];
  /** What each did, with repeats in a row as one. */
  readonly works: readonly (readonly Act[])[];
  /** Attempts that did it, by the number of the act. */
  readonly doers: readonly (readonly number[])[];
  /** How many things each did. */
  readonly lengths: Int32Array;
  /** When each ended, as its place among all. */
  readonly times: Int32Array;
  /** What each did behind its last change or check, that change with it: what comes last follows from how it went. */
  readonly closings: readonly ReadonlySet<number>[];
}

/** `act` is −1 for what is done too seldom to learn from, and where steps are missing. */
export interface Act {
  readonly act: number;
  /** Whether its last repeat failed. */
  readonly isFailed: boolean;
}

/** Things done in one attempt that are looked at for what followed what, from its beginning. */
const MAX_WORK = 150;
/** One in so many tasks is kept apart: 30 %. */
const HELD_OUT_OF_TEN = 3;

/** The same for the same traces in any order. */
export function corpusOf(given: readonly Trace[]): Corpus {
  const traces = [...given].sort((a, b) => order(a.task, b.task) || order(a.episodeId, b.episodeId));
  const task = new Int32Array(traces.length);
  traces.forEach((trace, at) => {
    const before = traces[at - 1];
    task[at] = before === undefined ? 0 : (task[at - 1] ?? 0) + (before.task === trace.task ? 0 : 1);
  });
  const isSuccess = Uint8Array.from(traces, ({ outcome }) => (outcome === 'success' ? 1 : 0));
  const ended = [...traces.keys()].filter((at) => traces[at]?.outcome !== 'abstained');
  const { acts, numberOf } = frequentActs(ended.flatMap((at) => traces[at] ?? []));
  const works = traces.map(({ steps }) => workOf(steps, numberOf).slice(0, MAX_WORK));
  const doers: number[][] = acts.map(() => []);
  for (const at of ended) {
    for (const act of new Set(works[at]?.map((done) => done.act))) doers[act]?.push(at);
  }
  return {
    ...{ traces, task, ended, isSuccess, acts, works, doers },
    lengths: Int32Array.from(traces, ({ steps }) => workOf(steps, numberOf).length),
    times: timesOf(traces),
    closings: traces.map(({ steps }) => closingOf(steps, numberOf)),
    isHeldOut: Uint8Array.from(traces, (trace) => (hashOf(trace.task) % 10 < HELD_OUT_OF_TEN ? 1 : 0)),
    correlation: taskCorrelation([...tallies(ended, { task, isSuccess }).values()]),
  };
}

/** Attempts by task. */
export function tallies(
  attempts: readonly number[],
  { task, isSuccess }: Pick<Corpus, 'task' | 'isSuccess'>,
): ReadonlyMap<number, TaskTally> {
  const found = new Map<number, { attempts: number; successes: number }>();
  for (const at of attempts) {
    const key = task[at] ?? 0;
    const tally = found.get(key) ?? { attempts: 0, successes: 0 };
    tally.attempts += 1;
    tally.successes += isSuccess[at] ?? 0;
    found.set(key, tally);
  }
  return found;
}

/** Code units, not a language's order: the same on every machine. */
export function order(a: string, b: string): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}

function frequentActs(traces: readonly Trace[]): {
  readonly acts: readonly string[];
  readonly numberOf: ReadonlyMap<string, number>;
} {
  const counts = new Map<string, number>();
  for (const { steps } of traces) {
    for (const act of new Set(steps.map((step) => step.act))) counts.set(act, (counts.get(act) ?? 0) + 1);
  }
  const acts = [...counts].flatMap(([act, count]) => (count >= MIN_SUPPORT ? [act] : [])).sort(order);
  return { acts, numberOf: new Map(acts.map((act, index) => [act, index])) };
}

function workOf(steps: Trace['steps'], numberOf: ReadonlyMap<string, number>): readonly Act[] {
  const work: Act[] = [];
  let last: string | undefined;
  for (const { act, result, isAfterGap } of steps) {
    if (isAfterGap) {
      work.push({ act: -1, isFailed: false });
      last = undefined;
    }
    if (act === last) work.pop();
    work.push({ act: numberOf.get(act) ?? -1, isFailed: result !== 'success' });
    last = act;
  }
  return work;
}

/** What ended at the same moment has the same place. */
function timesOf(traces: readonly Trace[]): Int32Array {
  const moments = [...new Set(traces.map(({ endedAt }) => endedAt))].sort(order);
  const placeOf = new Map(moments.map((moment, place) => [moment, place]));
  return Int32Array.from(traces, ({ endedAt }) => placeOf.get(endedAt) ?? 0);
}

/** A check is none of it: it is there to see how it went, whatever it shows. */
function closingOf(steps: Trace['steps'], numberOf: ReadonlyMap<string, number>): ReadonlySet<number> {
  const last = steps.findLastIndex(({ does }) => does !== 'look');
  const behind = steps.slice(Math.max(0, last)).filter(({ does }) => does !== 'check');
  return new Set(behind.map(({ act }) => numberOf.get(act) ?? -1));
}

/** FNV-1a (Fowler, Noll, Vo), with the last mixing of MurmurHash3 (Appleby): the last digits depend on all of the text. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
