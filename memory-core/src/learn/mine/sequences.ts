// What was done one after the other: directly in runs of two and three, or with other things in between. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import type { Group } from './comparison.ts';
import type { Act, Corpus } from './corpus.ts';
import type { Proposal } from './hypothesis.ts';

/** Different things done in one attempt that are looked at for what came before what. */
const MAX_ACTS = 32;

/** A sequence of acts by number, and the attempts that hold it. */
export interface Sequence {
  readonly acts: readonly number[];
  readonly holders: readonly number[];
}

/** Runs of so many different acts, one directly after the other, in three attempts or more. */
export function contiguousRuns(corpus: Corpus, length: number): readonly Sequence[] {
  return sequences(corpus, length, (work, found) => {
    for (let end = length; end <= work.length; end += 1) {
      let key = 0;
      for (let place = end - length; place < end && key >= 0; place += 1) {
        const act = work[place]?.act ?? -1;
        key = act < 0 ? -1 : key * corpus.acts.length + act;
      }
      if (key >= 0) found(key);
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
        holders: sequence.holders,
        group: whole,
        complexity: isContiguous ? tools.length : GAPPED,
      };
    };
  return [
    ...[...pairs, ...contiguousRuns(corpus, 3)].map(propose(true)),
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
  const frequent = [...holdersOf].filter(([, holders]) => holders.length >= MIN_SUPPORT);
  return frequent.map(([key, holders]) => ({ acts: actsOf(key, length, acts.length), holders }));
}

function actsOf(key: number, length: number, base: number): readonly number[] {
  const acts: number[] = [];
  for (let rest = key; acts.length < length; rest = Math.floor(rest / base)) acts.unshift(rest % base);
  return acts;
}
