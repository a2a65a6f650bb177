// What one attempt at a task is told from others by: words of what was asked, what was used, and where. Pure.
import { isStopWord, tokenize } from '../../retrieve/tokenize.ts';
import type { Trace } from '../../trace.ts';

/** Kinds of features: each is compared with its like, and what an attempt does not have is not held against it. */
export const PARTS = ['text', 'tools', 'context'] as const;
export type Part = (typeof PARTS)[number];

/** How much an attempt has of each feature. */
export type Features = Readonly<Record<Part, ReadonlyMap<string, number>>>;

/** What is known of a task before anything was done. */
export type AskedTask = Pick<Trace, 'description'> &
  Partial<Pick<Trace, 'taskType' | 'language' | 'framework' | 'tags' | 'directories'>>;

/** 1 + ln(count) of each feature: the tenth time says less than the first. */
export function featuresOf(trace: Trace): Features {
  return {
    text: damped(wordsOf(trace.description).map((word) => [word, 1])),
    tools: damped(trace.steps.map(({ act, times }) => [act, times ?? 1])),
    context: damped(contextOf(trace).map((feature) => [feature, 1])),
  };
}

/** Telling words of a description, repeats kept; where it has none, all of its words. */
export function wordsOf(description: string): readonly string[] {
  const terms = tokenize(description.slice(0, MAX_CHARACTERS));
  const telling = terms.filter((term) => !isStopWord(term));
  return telling.length > 0 ? telling : terms;
}

/** Where the work takes place, as features that no word can be: `language:rust`. */
export function contextOf(task: AskedTask): readonly string[] {
  const { taskType = 'other', language, framework, tags = [], directories = [] } = task;
  const features = [
    // "other" is the type of whatever nobody named one for.
    ...(taskType === 'other' ? [] : [`type:${taskType}`]),
    ...(language === undefined ? [] : [`language:${language.toLowerCase()}`]),
    ...(framework === undefined ? [] : [`framework:${framework.toLowerCase()}`]),
    ...tags.map((tag) => `tag:${tag}`),
    ...directories.map((directory) => `directory:${directory}`),
  ];
  return [...new Set(features)];
}

/** What lies behind says little more of what was asked. */
export const MAX_CHARACTERS = 4_000;

function damped(counted: readonly (readonly [string, number])[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const [feature, count] of counted) counts.set(feature, (counts.get(feature) ?? 0) + count);
  return new Map([...counts].map(([feature, count]) => [feature, 1 + Math.log(Math.max(1, count))]));
}
