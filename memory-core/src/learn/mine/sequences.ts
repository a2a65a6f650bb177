// What was done one after the other: directly in runs of two and three, or with other things in between. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import type { Group } from './comparison.ts';
import type { Act, Corpus } from './corpus.ts';
import { type Hypothesis, hypothesis } from './hypothesis.ts';

/** Different things done in one attempt that are looked at for what came before what. */
const MAX_ACTS = 32;

/** A sequence of acts by number, and the attempts that hold it. */
export interface Sequence {
  readonly acts: readonly number[];
  readonly holders: readonly number[];
}

/** Runs of so many different acts, one directly after the other, in three attempts or more. */
export function contiguousRuns(corpus: Corpus, length: number): readonly Sequence[] {
  return sequences(corpus, (work) => {
    const runs: (readonly number[])[] = [];
    for (let end = length; end <= work.length; end += 1) {
      const run = work.slice(end - length, end).map(({ act }) => act);
      if (!run.includes(-1)) runs.push(run);
    }
    return runs;
  });
}

/** Hypotheses of all sequences in a scope. */
export function sequenceHypotheses(corpus: Corpus, whole: Group): readonly Hypothesis[] {
  const contiguous = [2, 3].flatMap((length) => contiguousRuns(corpus, length));
  const propose = (isContiguous: boolean) => (sequence: Sequence) => {
    const tools = sequence.acts.map((act) => corpus.acts[act] ?? '');
    return hypothesis(
      {
        content: { kind: 'tool_sequence', tools, isContiguous },
        key: isContiguous ? tools : ['…', ...tools],
        holders: sequence.holders,
        group: whole,
        complexity: isContiguous ? tools.length : 2.5,
      },
      corpus,
    );
  };
  return [...contiguous.map(propose(true)), ...sequences(corpus, pairsInOrder).map(propose(false))];
}

/** One thing that was done somewhere before another. */
function pairsInOrder(work: readonly Act[]): readonly (readonly number[])[] {
  const first = new Map<number, number>();
  const last = new Map<number, number>();
  for (const [place, { act }] of work.entries()) {
    if (act === -1) continue;
    if (!first.has(act)) {
      if (first.size === MAX_ACTS) continue;
      first.set(act, place);
    }
    last.set(act, place);
  }
  return [...first].flatMap(([a, from]) => [...last].flatMap(([b, to]) => (a !== b && from < to ? [[a, b]] : [])));
}

function sequences(
  { ended, works, acts }: Corpus,
  sequencesIn: (work: readonly Act[]) => readonly (readonly number[])[],
): readonly Sequence[] {
  const found = new Map<number, { readonly acts: readonly number[]; readonly holders: number[] }>();
  for (const at of ended) {
    for (const sequence of sequencesIn(works[at] ?? [])) {
      const key = sequence.reduce((sum, act) => sum * acts.length + act, 0);
      const known = found.get(key);
      if (known === undefined) found.set(key, { acts: sequence, holders: [at] });
      else if (known.holders.at(-1) !== at) known.holders.push(at);
    }
  }
  return [...found.values()].filter(({ holders }) => holders.length >= MIN_SUPPORT);
}
