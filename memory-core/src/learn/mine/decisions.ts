// Places in the work where attempts went on in different ways. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import { countsOf, groupOf } from './comparison.ts';
import type { Act, Corpus } from './corpus.ts';
import type { Proposal } from './hypothesis.ts';

/** Places of one scope that are looked at: those that most attempts came to. */
const MAX_PLACES = 500;
/** Other ways that are told of one place. */
const MAX_ALTERNATIVES = 5;

interface Place {
  readonly after: readonly Act[];
  readonly members: number[];
  readonly options: Map<number, number[]>;
}

/** Proposals of all ways to go on, at places where at least two ways were gone three times or more. */
export function decisionProposals(corpus: Corpus): readonly Proposal[] {
  const often = [1, 2]
    .flatMap((length) => [...visitsTo(corpus, length)].map(([key, { count }]) => ({ length, key, count })))
    .filter(({ count }) => count >= MIN_SUPPORT)
    .sort((a, b) => b.count - a.count || a.length - b.length || a.key - b.key)
    .slice(0, MAX_PLACES);
  return [1, 2].flatMap((length) => {
    const keys = new Set(often.flatMap((place) => (place.length === length ? [place.key] : [])));
    return [...placesOf(corpus, { length, keys })].flatMap((place) => proposalsAt(place, corpus));
  });
}

/** How many attempts came to each place. */
function visitsTo(
  corpus: Corpus,
  length: number,
): ReadonlyMap<number, { readonly count: number; readonly last: number }> {
  const visits = new Map<number, { count: number; last: number }>();
  for (const { at, key } of comings(corpus, length)) {
    const known = visits.get(key);
    if (known === undefined) visits.set(key, { count: 1, last: at });
    else if (known.last !== at) {
      known.count += 1;
      known.last = at;
    }
  }
  return visits;
}

function placesOf(
  corpus: Corpus,
  { length, keys }: { readonly length: number; readonly keys: ReadonlySet<number> },
): Iterable<Place> {
  const places = new Map<number, Place>();
  for (const { at, key, next } of comings(corpus, length)) {
    if (!keys.has(key)) continue;
    const work = corpus.works[at] ?? [];
    const place: Place = places.get(key) ?? { after: work.slice(next - length, next), members: [], options: new Map() };
    places.set(key, place);
    if (place.members.at(-1) !== at) place.members.push(at);
    const option = work[next]?.act ?? -1;
    if (option === -1) continue;
    const takers = place.options.get(option) ?? [];
    place.options.set(option, takers);
    if (takers.at(-1) !== at) takers.push(at);
  }
  return places.values();
}

/** Each time that an attempt had done so many things in a row and went on: a number for what they were, and where. */
function* comings(
  { ended, works, acts }: Corpus,
  length: number,
): Generator<{ readonly at: number; readonly key: number; readonly next: number }> {
  for (const at of ended) {
    const work = works[at] ?? [];
    for (let next = length; next < work.length; next += 1) {
      let key = 0;
      for (let place = next - length; place < next && key >= 0; place += 1) {
        const { act, isFailed } = work[place] ?? { act: -1, isFailed: false };
        key = act < 0 ? -1 : (key * acts.length + act) * 2 + (isFailed ? 1 : 0);
      }
      if (key >= 0) yield { at, key, next };
    }
  }
}

function proposalsAt({ after, members, options }: Place, corpus: Corpus): readonly Proposal[] {
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
    return {
      content: { kind: 'decision_point', after: names, action, alternatives },
      key: [JSON.stringify(names), action],
      holders,
      acts: [act],
      group,
      complexity: 10 + names.length,
      rivals: JSON.stringify(names),
    };
  });
}
