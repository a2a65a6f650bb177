// What was done one after the other: directly in runs of two and three, or with other things in between. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import type { Group } from './comparison.ts';
import type { Act, Corpus } from './corpus.ts';
import type { Proposal } from './hypothesis.ts';

/** Different things done in one attempt that are looked at for what came before what. */
const MAX_ACTS = 32;

/** Sequences of one form that are looked at: those that most attempts hold. */
const MAX_SEQUENCES = 700;

/** A sequence of acts by number, and the attempts that hold it. */
export interface Sequence {
  readonly acts: readonly number[];
  readonly holders: readonly number[];
}

/** Two acts, one directly after the other, in three attempts or more. */
export function contiguousPairs(corpus: Corpus): readonly Sequence[] {
  return sequences(corpus, 2, (work, found) => {
    for (let second = 1; second < work.length; second += 1) {
      const [one, other] = [work[second - 1]?.act ?? -1, work[second]?.act ?? -1];
      if (one >= 0 && other >= 0) found(one * corpus.acts.length + other);
    }
  });
}

/** Three in a row; no more attempts can hold them than hold the pairs in them (Apriori: Agrawal & Srikant 1994). */
function contiguousTriples(corpus: Corpus, pairs: readonly Sequence[]): readonly Sequence[] {
  const base = corpus.acts.length;
  const known = new Set(pairs.map(({ acts: [one = 0, other = 0] }) => one * base + other));
  return sequences(corpus, 3, (work, found) => {
    for (let third = 2; third < work.length; third += 1) {
      const [a, b, c] = [work[third - 2]?.act ?? -1, work[third - 1]?.act ?? -1, work[third]?.act ?? -1];
      // Where one of them is −1, the numbers name no pair, or another one: none may be.
      const areTold = a >= 0 && b >= 0 && c >= 0;
      if (areTold && known.has(a * base + b) && known.has(b * base + c)) found((a * base + b) * base + c);
    }
  });
}

/** Proposals of all sequences in a scope. */
export function sequenceProposals(
  corpus: Corpus,
  { whole, pairs }: { readonly whole: Group; readonly pairs: readonly Sequence[] },
): readonly Proposal[] {
  const propose =
    (isContiguous: boolean) =>
    (sequence: Sequence): Proposal => {
      const tools = sequence.acts.map((act) => corpus.acts[act] ?? '');
      return {
        content: { kind: 'tool_sequence', tools, isContiguous },
        key: isContiguous ? tools : ['…', ...tools],
        ...sequence,
        group: whole,
        complexity: isContiguous ? tools.length : GAPPED,
      };
    };
  return [
    ...[...pairs, ...contiguousTriples(corpus, pairs)].map(propose(true)),
    ...sequences(corpus, 2, (work, found) => pairsInOrder(work, corpus, found)).map(propose(false)),
  ];
}

/** A pair with a gap says a little more than one without, and less than a run of three. */
const GAPPED = 2.5;

/** One thing that was done somewhere before another. */
function pairsInOrder(work: readonly Act[], { acts }: Corpus, found: (key: number) => void): void {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (const [place, { act }] of work.entries()) {
    if (act === -1 || (first.size === MAX_ACTS && !first.has(act))) continue;
    if (!first.has(act)) first.set(act, place);
    last.set(act, place);
  }
  for (const [before, from] of first) {
    for (const [after, to] of last) if (before !== after && from < to) found(before * acts.length + after);
  }
}

/** Sequences are told by one number each: their acts as the digits of it. */
function sequences(
  { ended, works, acts }: Corpus,
  length: number,
  look: (work: readonly Act[], found: (key: number) => void) => void,
): readonly Sequence[] {
  const holdersOf = new Map<number, number[]>();
  for (const at of ended) {
    look(works[at] ?? [], (key) => {
      const holders = holdersOf.get(key);
      if (holders === undefined) holdersOf.set(key, [at]);
      else if (holders.at(-1) !== at) holders.push(at);
    });
  }
  const frequent = [...holdersOf]
    .filter(([, holders]) => holders.length >= MIN_SUPPORT)
    .sort(([a, one], [b, other]) => other.length - one.length || a - b)
    .slice(0, MAX_SEQUENCES);
  return frequent.map(([key, holders]) => ({ acts: actsOf(key, length, acts.length), holders }));
}

function actsOf(key: number, length: number, base: number): readonly number[] {
  const acts: number[] = [];
  for (let rest = key; acts.length < length; rest = Math.floor(rest / base)) acts.unshift(rest % base);
  return acts;
}
