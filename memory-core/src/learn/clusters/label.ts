// What sets a kind of task apart from the others of its scope, in words that a person understands. Pure.
import { oneLine } from '../../clip.ts';
import { tokenize } from '../../retrieve/tokenize.ts';
import type { Trace } from '../../trace.ts';
import { type Features, MAX_CHARACTERS, type Part } from './task-features.ts';

/** One attempt of a kind. */
export interface Member {
  readonly trace: Trace;
  readonly features: Features;
}

/** Features of a kind with what they tell of it, the most telling first. */
export type Telling = readonly (readonly [feature: string, weight: number])[];

/**
 * What is telling of each group, by class-based tf–idf (Grootendorst 2022): share of the tasks of the group × ln(1 + 1 /
 * mean share over the groups). Shares of tasks: no text counts more for its length, no task for its many attempts.
 */
export function telling(groups: readonly (readonly Member[])[], part: Part): readonly Telling[] {
  const shares = groups.map((members) => sharesOf(members, part));
  const totals = new Map<string, number>();
  for (const counts of shares) {
    for (const [feature, share] of counts) totals.set(feature, (totals.get(feature) ?? 0) + share);
  }
  return shares.map((counts) =>
    [...counts]
      .filter(([, share]) => share >= MIN_SHARE)
      .map(([feature, share]) => [feature, share * Math.log(1 + groups.length / (totals.get(feature) ?? 1))] as const)
      .toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1))
      .slice(0, MAX_FEATURES),
  );
}

/** Terms as the descriptions have them most often: what is compared are only their stems. */
export function spelled(terms: readonly string[], members: readonly Member[]): readonly string[] {
  const spellings = new Map(terms.map((term) => [term, new Map<string, number>()]));
  for (const description of new Set(members.map(({ trace }) => trace.description))) {
    for (const word of new Set(description.slice(0, MAX_CHARACTERS).toLowerCase().match(WORD) ?? [])) {
      const [term = '', ...others] = tokenize(word);
      const counts = others.length === 0 ? spellings.get(term) : undefined;
      counts?.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return terms.map((term) => {
    const counts = [...(spellings.get(term) ?? [])].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return counts[0]?.[0] ?? term;
  });
}

/** As many as fit on one line of 60 characters, five at most. Numbers and codes are of cases: only where there is no else. */
export function labelOf(words: readonly string[]): string {
  const plain = words.filter((word) => !DIGIT.test(word));
  let label = '';
  for (const word of (plain.length > 0 ? plain : words).slice(0, MAX_LABEL_WORDS)) {
    const shown = oneLine(word.replace(/\p{C}+/gu, ' '), MAX_WORD_CHARACTERS);
    if (shown === '') continue;
    const longer = label === '' ? shown : `${label}, ${shown}`;
    if ([...longer].length > MAX_LABEL_CHARACTERS) break;
    label = longer;
  }
  return label === '' ? NAMELESS : label;
}

/** Of a kind whose episodes say nothing that could be seen. */
const NAMELESS = 'tasks without words';
const MAX_FEATURES = 24;
const MAX_LABEL_WORDS = 5;
const MAX_LABEL_CHARACTERS = 60;
const MAX_WORD_CHARACTERS = 28;
/** What fewer of its tasks have is of those tasks, not of the kind. */
const MIN_SHARE = 0.25;
const DIGIT = /\p{N}/u;
const WORD = /[\p{L}\p{M}\p{N}]+/gu;

/** The mean over the tasks of the share of their attempts that have a feature. */
function sharesOf(members: readonly Member[], part: Part): ReadonlyMap<string, number> {
  const attempts = new Map<string, number>();
  for (const { trace } of members) attempts.set(trace.task, (attempts.get(trace.task) ?? 0) + 1);
  const shares = new Map<string, number>();
  for (const { trace, features } of members) {
    const weight = 1 / ((attempts.get(trace.task) ?? 1) * attempts.size);
    for (const feature of features[part].keys()) shares.set(feature, (shares.get(feature) ?? 0) + weight);
  }
  return shares;
}
