// Places in the work where attempts went on in different ways. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import { countsOf, groupOf } from './comparison.ts';
import type { Act, Corpus } from './corpus.ts';
import { type Hypothesis, hypothesis } from './hypothesis.ts';

/** Other ways that are told of one place. */
const MAX_ALTERNATIVES = 5;

interface Place {
  readonly after: readonly Act[];
  readonly members: number[];
  readonly options: Map<number, number[]>;
}

/** Hypotheses of all ways to go on, at places where at least two ways were gone three times or more. */
export function decisionHypotheses(corpus: Corpus): readonly Hypothesis[] {
  return [1, 2].flatMap((length) => [...placesOf(corpus, length)].flatMap((place) => hypothesesAt(place, corpus)));
}

function placesOf({ ended, works, acts }: Corpus, length: number): Iterable<Place> {
  const places = new Map<number, Place>();
  for (const at of ended) {
    const work = works[at] ?? [];
    for (let next = length; next < work.length; next += 1) {
      const after = work.slice(next - length, next);
      const option = work[next]?.act ?? -1;
      if (after.some(({ act }) => act === -1)) continue;
      const key = after.reduce((sum, { act, isFailed }) => (sum * acts.length + act) * 2 + (isFailed ? 1 : 0), 0);
      const place: Place = places.get(key) ?? { after, members: [], options: new Map() };
      places.set(key, place);
      if (place.members.at(-1) !== at) place.members.push(at);
      if (option === -1) continue;
      const takers = place.options.get(option) ?? [];
      place.options.set(option, takers);
      if (takers.at(-1) !== at) takers.push(at);
    }
  }
  return places.values();
}

function hypothesesAt({ after, members, options }: Place, corpus: Corpus): readonly Hypothesis[] {
  const often = [...options].filter(([, takers]) => takers.length >= MIN_SUPPORT);
  if (often.length < 2) return [];
  const names = after.map(({ act, isFailed }) => `${corpus.acts[act] ?? ''}${isFailed ? ' (failed)' : ''}`);
  const nameOf = (act: number): string => corpus.acts[act] ?? '';
  const group = groupOf(members, corpus);
  const told = often
    .map(([act, takers]) => ({ action: nameOf(act), ...countsOf(takers, corpus) }))
    .sort((a, b) => b.episodes - a.episodes || (a.action < b.action ? -1 : 1));
  return often.map(([act, holders]) => {
    const action = nameOf(act);
    const alternatives = told.filter((other) => other.action !== action).slice(0, MAX_ALTERNATIVES);
    return hypothesis(
      {
        content: { kind: 'decision_point', after: names, action, alternatives },
        key: [JSON.stringify(names), action],
        holders,
        group,
        complexity: 10 + names.length,
        rivals: JSON.stringify(names),
      },
      corpus,
    );
  });
}
