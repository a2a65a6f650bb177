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

/** An error, from when it came to the next attempt of what failed. */
interface Meeting {
  readonly isMadeGood: boolean;
  readonly error: string;
  /** What was done about it by act, with how it was told. */
  readonly fixes: ReadonlyMap<string, string>;
}

/** All meetings of one attempt with one error, the first one first. */
interface Met {
  readonly at: number;
  readonly meetings: readonly [Meeting, ...Meeting[]];
}

/** Of each error that three attempts met, proposals of all that was done about it three times or more. */
export function recoveryProposals(corpus: Corpus): readonly Proposal[] {
  const found = new Map<string, Met[]>();
  corpus.traces.forEach((trace, at) => {
    for (const [signature, meetings] of meetingsIn(trace)) {
      const met = found.get(signature) ?? [];
      found.set(signature, met);
      met.push({ at, meetings });
    }
  });
  return [...found]
    .filter(([, met]) => met.length >= MIN_SUPPORT)
    .sort(([a, one], [b, other]) => other.length - one.length || order(a, b))
    .slice(0, MAX_ERRORS)
    .flatMap(([signature, met]) => proposalsOf(signature, met, corpus));
}

/** Errors by signature. Of what was never tried again nobody knows whether it would have worked. */
function meetingsIn({ steps }: Trace): ReadonlyMap<string, readonly [Meeting, ...Meeting[]]> {
  const found = new Map<string, [Meeting, ...Meeting[]]>();
  const gap = steps.findIndex(({ isAfterGap }) => isAfterGap);
  const nextOf = nextAttempts(steps);
  steps.forEach((failed, place) => {
    const next = nextOf[place] ?? -1;
    const retry = steps[next];
    if (failed.error === undefined || retry === undefined || (place < gap && gap <= next)) return;
    const { signature, excerpt: error } = failed.error;
    const isMadeGood = failed.isMadeGood === true && retry.result === 'success';
    const fixes = fixesOf({ failed, between: steps.slice(place + 1, next), retry });
    const known = found.get(signature);
    // What came several times in a row was first of all tried again as it was.
    const first = (failed.times ?? 1) > 1 ? { isMadeGood: false, error, fixes: new Map() } : undefined;
    if (known !== undefined) known.push({ isMadeGood, error, fixes });
    else if (first === undefined) found.set(signature, [{ isMadeGood, error, fixes }]);
    else found.set(signature, [first, { isMadeGood, error, fixes }]);
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

function proposalsOf(signature: string, met: readonly Met[], corpus: Corpus): readonly Proposal[] {
  const doers = new Map<string, Met[]>();
  for (const each of met) {
    for (const fix of new Set(each.meetings.flatMap(({ fixes }) => [...fixes.keys()]))) {
      const known = doers.get(fix) ?? [];
      doers.set(fix, known);
      known.push(each);
    }
  }
  const error = commonText(met.map(({ meetings: [{ error: excerpt }] }) => excerpt));
  return [...doers]
    .filter(([, those]) => those.length >= MIN_SUPPORT)
    .sort(([a, one], [b, other]) => other.length - one.length || order(a, b))
    .slice(0, MAX_FIXES)
    .map(([fix, those]): Proposal => {
      const example = exampleOf(fix, those, corpus);
      return {
        content: { kind: 'error_recovery', signature, error, fix, example },
        key: [signature, fix],
        holders: those.map(({ at }) => at),
        group: groupFor(fix, met, corpus),
        complexity: 0,
      };
    });
}

/**
 * Each attempt counts once: by its first meeting in which this was done, or where it never was, by its first one. To
 * count each by its last would credit what was done last with every success, and what did not help with no failure.
 */
function groupFor(fix: string, met: readonly Met[], corpus: Corpus): Proposal['group'] {
  const isSuccess = new Uint8Array(corpus.traces.length);
  for (const { at, meetings } of met) isSuccess[at] = meetingFor(fix, meetings).isMadeGood ? 1 : 0;
  // Attempts at one task that meet the same error meet it for the same reason: each task has one vote.
  const outcome = { isSuccess, correlation: 1 };
  return groupOf(
    met.map(({ at }) => at),
    corpus,
    outcome,
  );
}

function meetingFor(fix: string, meetings: readonly [Meeting, ...Meeting[]]): Meeting {
  return meetings.find(({ fixes }) => fixes.has(fix)) ?? meetings[0];
}

/** The fix as the newest attempt tells it, of those that made it good if any did. */
function exampleOf(fix: string, doers: readonly Met[], { traces }: Corpus): string {
  const [best] = doers
    .map(({ at, meetings }) => ({ at, ...meetingFor(fix, meetings) }))
    .sort((a, b) => {
      const byOutcome = Number(b.isMadeGood) - Number(a.isMadeGood);
      return byOutcome || order(traces[b.at]?.endedAt ?? '', traces[a.at]?.endedAt ?? '') || a.at - b.at;
    });
  return best?.fixes.get(fix) ?? fix;
}
