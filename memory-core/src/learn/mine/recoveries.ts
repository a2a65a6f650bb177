// Errors that attempts met, what was changed until that which failed was tried again, and whether it then worked. Pure.
import { MIN_SUPPORT } from '../../pattern.ts';
import type { Trace, TraceStep } from '../../trace.ts';
import { groupOf } from './comparison.ts';
import { type Corpus, order } from './corpus.ts';
import { commonText } from './error-words.ts';
import type { Proposal } from './hypothesis.ts';

/** Changes after an error that may have been meant for it. */
const MAX_CHANGES = 5;
/** Errors of one scope, and things done about one of them: those that most attempts met and did. */
const MAX_ERRORS = 200;
const MAX_FIXES = 16;

/** An error, from when an attempt first met it to the next attempt of what failed. */
interface Meeting {
  readonly at: number;
  readonly isMadeGood: boolean;
  readonly error: string;
  /** What was done about it by act, with how it was told. */
  readonly fixes: ReadonlyMap<string, string>;
}

/** Of each error that three attempts met, proposals of all that was done about it three times or more. */
export function recoveryProposals(corpus: Corpus): readonly Proposal[] {
  const found = new Map<string, Meeting[]>();
  corpus.traces.forEach((trace, at) => {
    for (const [signature, meeting] of meetingsIn(trace, at)) {
      const met = found.get(signature) ?? [];
      found.set(signature, met);
      met.push(meeting);
    }
  });
  return [...found]
    .filter(([, met]) => met.length >= MIN_SUPPORT)
    .sort(([a, one], [b, other]) => other.length - one.length || order(a, b))
    .slice(0, MAX_ERRORS)
    .flatMap(([signature, met]) => proposalsOf(signature, met, corpus));
}

/**
 * Each error as it was met first. Those who meet it again are those for whom it is hard to make good: to count them for
 * what they did then would blame it. Of what was never tried again nobody knows whether it would have worked.
 */
function meetingsIn({ steps }: Trace, at: number): ReadonlyMap<string, Meeting> {
  const found = new Map<string, Meeting>();
  const gap = steps.findIndex(({ isAfterGap }) => isAfterGap);
  const nextOf = nextAttempts(steps);
  steps.forEach((failed, place) => {
    const next = nextOf[place] ?? -1;
    const retry = steps[next];
    if (failed.error === undefined || retry === undefined || (place < gap && gap <= next)) return;
    const { signature, excerpt: error } = failed.error;
    if (found.has(signature)) return;
    // What came several times in a row was first of all tried again as it was.
    const isRepeated = (failed.times ?? 1) > 1;
    const isMadeGood = !isRepeated && failed.isMadeGood === true && retry.result === 'success';
    const between = isRepeated ? [] : steps.slice(place + 1, next);
    found.set(signature, {
      at,
      isMadeGood,
      error,
      fixes: fixesOf({ failed, between, retry: isRepeated ? failed : retry }),
    });
  });
  return found;
}

/** Of each step the place of the next one with the same act; −1 where there is none. */
function nextAttempts(steps: readonly TraceStep[]): readonly number[] {
  const latest = new Map<string, number>();
  const next = steps.map(() => -1);
  for (let place = steps.length - 1; place >= 0; place -= 1) {
    const act = steps[place]?.act ?? '';
    next[place] = latest.get(act) ?? -1;
    latest.set(act, place);
  }
  return next;
}

/**
 * What was changed in between. To do the failed act again is no fix, as that is what shows whether it is one; but where
 * nothing else was changed and it was done in another way, that is.
 */
function fixesOf(met: {
  readonly failed: TraceStep;
  readonly between: readonly TraceStep[];
  readonly retry: TraceStep;
}): ReadonlyMap<string, string> {
  const { failed, between, retry } = met;
  const fixes = new Map<string, string>();
  for (const { act, does, says } of between) {
    if (does === 'change') fixes.set(act, says ?? act);
    if (fixes.size === MAX_CHANGES) break;
  }
  const isSaidAnew = failed.says !== undefined && retry.says !== undefined && failed.says !== retry.says;
  return fixes.size === 0 && isSaidAnew ? new Map([[retry.act, retry.says]]) : fixes;
}

function proposalsOf(signature: string, meetings: readonly Meeting[], corpus: Corpus): readonly Proposal[] {
  const isSuccess = new Uint8Array(corpus.traces.length);
  const doers = new Map<string, Meeting[]>();
  for (const meeting of meetings) {
    isSuccess[meeting.at] = meeting.isMadeGood ? 1 : 0;
    for (const fix of meeting.fixes.keys()) {
      const known = doers.get(fix) ?? [];
      doers.set(fix, known);
      known.push(meeting);
    }
  }
  const error = commonText(meetings.map((meeting) => meeting.error));
  // Attempts at one task that meet the same error meet it for the same reason: each task has one vote.
  // How much an attempt did in all says nothing of what was done between the error and the retry.
  const outcome = { isSuccess, correlation: 1, lengths: new Int32Array(corpus.traces.length) };
  const group = groupOf(
    meetings.map(({ at }) => at),
    corpus,
    outcome,
  );
  return [...doers]
    .filter(([, those]) => those.length >= MIN_SUPPORT)
    .sort(([a, one], [b, other]) => other.length - one.length || order(a, b))
    .slice(0, MAX_FIXES)
    .map(([fix, those]): Proposal => {
      const content = {
        kind: 'error_recovery',
        signature,
        error,
        fix,
        example: exampleOf(fix, those, corpus),
      } as const;
      return { content, key: [signature, fix], holders: those.map(({ at }) => at), acts: [], group, complexity: 0 };
    });
}

/** The fix as the newest attempt tells it, of those that made it good if any did. */
function exampleOf(fix: string, doers: readonly Meeting[], { traces }: Corpus): string {
  const endedAt = ({ at }: Meeting): string => traces[at]?.endedAt ?? '';
  const [best] = [...doers].sort(
    (a, b) => Number(b.isMadeGood) - Number(a.isMadeGood) || order(endedAt(b), endedAt(a)) || a.at - b.at,
  );
  return best?.fixes.get(fix) ?? fix;
}
