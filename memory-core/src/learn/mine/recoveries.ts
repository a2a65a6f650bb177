// Errors that attempts met, what they did then, and whether that made them good. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import type { Trace, TraceStep } from '../../trace.ts';
import { groupOf } from './comparison.ts';
import { type Corpus, order } from './corpus.ts';
import { type Hypothesis, hypothesis } from './hypothesis.ts';

/** Changes after an error that may have been meant for it. */
const MAX_CHANGES = 5;

/** An attempt that met an error. */
interface Meeting {
  readonly at: number;
  readonly isMadeGood: boolean;
  readonly error: string;
  /** What was done about it by act, with how it was told. */
  readonly fixes: ReadonlyMap<string, string>;
}

/** Of each error that three attempts met, hypotheses of all that was done about it three times or more. */
export function recoveryHypotheses(corpus: Corpus): readonly Hypothesis[] {
  const met = new Map<string, Meeting[]>();
  corpus.traces.forEach((trace, at) => {
    for (const [signature, meeting] of meetingsIn(trace, at)) {
      const meetings = met.get(signature) ?? [];
      met.set(signature, meetings);
      meetings.push(meeting);
    }
  });
  return [...met].flatMap(([signature, meetings]) =>
    meetings.length < MIN_SUPPORT ? [] : hypothesesOf(signature, meetings, corpus),
  );
}

/** Each error of an attempt once, as it was met last: what was tried before did not help. */
function meetingsIn({ steps }: Trace, at: number): ReadonlyMap<string, Meeting> {
  const last = new Map<string, number>();
  for (const [place, { error }] of steps.entries()) if (error !== undefined) last.set(error.signature, place);
  const meetings = new Map<string, Meeting>();
  for (const [signature, place] of last) {
    const step = steps[place];
    const meeting = { at, isMadeGood: step?.isMadeGood === true, error: step?.error?.excerpt ?? '' };
    meetings.set(signature, { ...meeting, fixes: fixesAfter(steps, place) });
  }
  return meetings;
}

/**
 * What was changed until that which failed was done again, whether it then worked or not: what came later cannot have
 * made it good. Where nothing was changed, doing it again is what was done.
 */
function fixesAfter(steps: readonly TraceStep[], place: number): ReadonlyMap<string, string> {
  const failed = steps[place]?.act;
  const fixes = new Map<string, string>();
  for (const { act, does, says } of steps.slice(place + 1)) {
    const isAgain = act === failed;
    if (isAgain && fixes.size > 0) break;
    if (isAgain || does === 'change') fixes.set(act, says ?? act);
    if (isAgain || fixes.size === MAX_CHANGES) break;
  }
  return fixes;
}

function hypothesesOf(signature: string, meetings: readonly Meeting[], corpus: Corpus): readonly Hypothesis[] {
  const isSuccess = new Uint8Array(corpus.traces.length);
  const holders = new Map<string, number[]>();
  for (const { at, isMadeGood, fixes } of meetings) {
    isSuccess[at] = isMadeGood ? 1 : 0;
    for (const fix of fixes.keys()) {
      const doers = holders.get(fix) ?? [];
      holders.set(fix, doers);
      doers.push(at);
    }
  }
  // Attempts at one task that meet the same error meet it for the same reason: each task has one vote.
  const outcome = { isSuccess, correlation: 1 };
  const group = groupOf(
    meetings.map(({ at }) => at),
    corpus,
    outcome,
  );
  return [...holders].flatMap(([fix, doers]) => {
    if (doers.length < MIN_SUPPORT) return [];
    const told = newest(meetings, { fix, isSuccess }, corpus);
    const content = { kind: 'error_recovery', signature, error: told.error, fix, example: told.example } as const;
    return hypothesis({ content, key: [signature, fix], holders: doers, group, complexity: 0 }, corpus);
  });
}

/** The error and the fix as the newest attempt tells them, of those that made it good if any did. */
function newest(
  meetings: readonly Meeting[],
  { fix, isSuccess }: { readonly fix: string; readonly isSuccess: Uint8Array },
  { traces }: Corpus,
): { readonly error: string; readonly example: string } {
  const endedAt = (at: number): string => traces[at]?.endedAt ?? '';
  const [best] = meetings
    .filter(({ fixes }) => fixes.has(fix))
    .sort((a, b) => {
      const byOutcome = (isSuccess[b.at] ?? 0) - (isSuccess[a.at] ?? 0);
      return byOutcome || order(endedAt(b.at), endedAt(a.at)) || a.at - b.at;
    });
  return { error: best?.error ?? '', example: best?.fixes.get(fix) ?? fix };
}
