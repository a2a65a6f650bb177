// What sets a kind of task apart from the others, in words that a person understands. Pure.
import { oneLine } from '../../clip.ts';
import { tokenize } from '../../retrieve/tokenize.ts';
import type { TaskPoint } from './task-features.ts';

export interface Label {
  /** One line, at most 60 characters. */
  readonly label: string;
  /** The most telling first. */
  readonly keywords: readonly string[];
}

const MAX_KEYWORDS = 12;
const MAX_LABEL_WORDS = 5;
const MAX_LABEL_CHARACTERS = 60;
const MAX_WORD_CHARACTERS = 28;
/** A word of fewer of its tasks is of those, not of the kind. */
const MIN_SHARE = 0.25;

/**
 * A label for each group of points. Words are weighed by class-based tf–idf (Grootendorst 2022), share of the tasks of
 * the group × ln(1 + 1 / mean share over the groups): shares of tasks, so that no text counts more for its length.
 * Where no word is common to a group, what its tasks used stands for it, then where.
 */
export function labels(groups: readonly (readonly TaskPoint[])[]): readonly Label[] {
  const words = telling(groups, 'text');
  const tools = telling(groups, 'tools');
  const places = telling(groups, 'context');
  return groups.map((points, index) => {
    const keywords = spelled(words[index] ?? [], points);
    const named = [keywords, tools[index] ?? [], places[index] ?? []].find(({ length }) => length > 0);
    return { label: joined(named ?? ['tasks without words']), keywords };
  });
}

function telling(groups: readonly (readonly TaskPoint[])[], part: 'text' | 'tools' | 'context'): readonly string[][] {
  const shares = groups.map((points) => {
    const counts = new Map<string, number>();
    for (const { features } of points) {
      for (const feature of features[part].keys()) counts.set(feature, (counts.get(feature) ?? 0) + 1 / points.length);
    }
    return counts;
  });
  const totals = new Map<string, number>();
  for (const counts of shares) {
    for (const [feature, share] of counts) totals.set(feature, (totals.get(feature) ?? 0) + share);
  }
  return shares.map((counts) =>
    [...counts]
      .filter(([, share]) => share >= MIN_SHARE)
      .map(([feature, share]) => ({
        feature,
        weight: share * Math.log(1 + groups.length / (totals.get(feature) ?? 1)),
      }))
      .toSorted((a, b) => b.weight - a.weight || (a.feature < b.feature ? -1 : 1))
      .slice(0, MAX_KEYWORDS)
      .map(({ feature }) => feature),
  );
}

/** Terms as the descriptions have them most often: the index knows only their stems. */
function spelled(terms: readonly string[], points: readonly TaskPoint[]): readonly string[] {
  const spellings = new Map(terms.map((term) => [term, new Map<string, number>()]));
  for (const { traces } of points) {
    const words = new Set(traces[0]?.description.slice(0, MAX_READ).toLowerCase().match(WORD) ?? []);
    for (const word of words) {
      const [term, ...others] = tokenize(word);
      const counts = others.length === 0 ? spellings.get(term ?? '') : undefined;
      counts?.set(word, (counts.get(word) ?? 0) + 1);
    }
  }
  return terms.map((term) => {
    const counts = [...(spellings.get(term) ?? [])].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1));
    return counts[0]?.[0] ?? term;
  });
}
const WORD = /[\p{L}\p{M}\p{N}]+/gu;
const MAX_READ = 4_000;

/** As many as fit on a line. */
function joined(words: readonly string[]): string {
  let label = '';
  for (const word of words.slice(0, MAX_LABEL_WORDS)) {
    const next = label === '' ? shortened(word) : `${label}, ${shortened(word)}`;
    if ([...next].length > MAX_LABEL_CHARACTERS) break;
    label = next;
  }
  return label;
}

function shortened(word: string): string {
  return oneLine(word.replace(/[\p{C}\s]+/gu, ' '), MAX_WORD_CHARACTERS);
}
