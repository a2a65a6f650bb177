// What one task is told from others by: words of what was asked, what was used, and where. Pure.
import { isStopWord, tokenize } from '../../retrieve/tokenize.ts';
import type { Trace } from '../../trace.ts';

/** Three kinds of features: each is compared with its like, and what a task does not have is not held against it. */
export const PARTS = ['text', 'tools', 'context'] as const;
export type Part = (typeof PARTS)[number];

/** How often a task has each feature, damped. */
export type Features = Readonly<Record<Part, ReadonlyMap<string, number>>>;

/** Attempts at one task and what they have in common: one point among others. */
export interface TaskPoint {
  readonly task: string;
  /** The oldest first. */
  readonly traces: readonly Trace[];
  readonly features: Features;
}

/** What is known of a task before anything was done. */
export type AskedTask = Pick<Trace, 'description' | 'taskType' | 'language' | 'framework' | 'tags' | 'directories'>;

/** Attempts at one task are one point, as they do not bear witness independently. The newest task is first. */
export function taskPoints(traces: readonly Trace[]): readonly TaskPoint[] {
  const byTask = new Map<string, Trace[]>();
  for (const trace of traces.toSorted(byTime)) {
    const attempts = byTask.get(trace.task);
    if (attempts === undefined) byTask.set(trace.task, [trace]);
    else attempts.push(trace);
  }
  return [...byTask]
    .map(([task, attempts]) => ({ task, traces: attempts, features: featuresOf(attempts) }))
    .toSorted((a, b) => byTime(b.traces.at(-1), a.traces.at(-1)));
}

/** Distinct telling words of a description; where it has none, all of its words. */
export function wordsOf(description: string): readonly string[] {
  const terms = tokenize(description.slice(0, MAX_CHARACTERS));
  const telling = terms.filter((term) => !isStopWord(term));
  return telling.length > 0 ? telling : terms;
}

/** Where the work takes place, as features that are no words: `language:rust`. */
export function contextOf({
  taskType,
  language,
  framework,
  tags,
  directories,
}: Omit<AskedTask, 'description'>): readonly string[] {
  return [
    // "other" is said of whatever nobody named a type for.
    ...(taskType === 'other' ? [] : [`type:${taskType}`]),
    ...(language === undefined ? [] : [`language:${language.toLowerCase()}`]),
    ...(framework === undefined ? [] : [`framework:${framework.toLowerCase()}`]),
    ...tags.map((tag) => `tag:${tag}`),
    ...directories.map((directory) => `directory:${directory}`),
  ];
}

/** What lies behind says little more of what was asked. */
const MAX_CHARACTERS = 4_000;

function byTime(a: Trace | undefined, b: Trace | undefined): number {
  if (a === undefined || b === undefined) return 0;
  return compare(a.endedAt, b.endedAt) || compare(a.episodeId, b.episodeId);
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

function featuresOf(attempts: readonly Trace[]): Features {
  return {
    text: damped(attempts, ({ description }) => wordsOf(description).map((word) => [word, 1])),
    tools: damped(attempts, ({ steps }) => steps.map(({ act, times }) => [act, times ?? 1])),
    context: damped(attempts, (attempt) => [...new Set(contextOf(attempt))].map((feature) => [feature, 1])),
  };
}

/** The mean over the attempts of 1 + ln(count): the tenth of one kind says less than the first. */
function damped(
  attempts: readonly Trace[],
  countsOf: (attempt: Trace) => readonly (readonly [string, number])[],
): ReadonlyMap<string, number> {
  const sums = new Map<string, number>();
  for (const attempt of attempts) {
    const counts = new Map<string, number>();
    for (const [feature, count] of countsOf(attempt)) counts.set(feature, (counts.get(feature) ?? 0) + count);
    for (const [feature, count] of counts) {
      sums.set(feature, (sums.get(feature) ?? 0) + (1 + Math.log(count)) / attempts.length);
    }
  }
  return sums;
}
