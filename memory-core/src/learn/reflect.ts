// What one episode teaches, in sentences that name the actual tool, error, file and step. Pure, offline, deterministic.
import { oneLine } from '../clip.ts';
import { type CompletedEpisode, fixText, isUnknown, type Reflection } from '../episode.ts';
import {
  type Attempt,
  changingSteps,
  checkText,
  ending,
  isCheck,
  lastChecks,
  type OpenFailure,
  openFailures,
  quoted,
  stepNumbers,
  stepsTold,
} from './attempt.ts';
import { compare } from './compare.ts';
import { stepText } from './recovery.ts';

/** Sentences in each of the three lists, and characters of one. */
const MAX_SENTENCES = 8;
const SENTENCE_CHARACTERS = 600;
/** Steps told in one sentence, and characters of each. */
const MAX_STEPS = 3;
const STEP_CHARACTERS = 120;
/** Failures told that stayed: the last ones, which the episode ended with. */
const MAX_FAILURES = 4;

/**
 * An empty list means that there is nothing to say, not that something was left out. `similar`: earlier attempts at such
 * tasks, the most alike first.
 */
export function reflect(attempt: Attempt, similar: readonly CompletedEpisode[]): Reflection {
  const { differences, next, of } = compare(attempt, similar);
  return {
    successes: sentences(successes(attempt)),
    improvements: sentences([...improvements(attempt), ...next]),
    insights: sentences([...insights(attempt), ...differences]),
    ...(of.length === 0 ? {} : { of }),
  };
}

function sentences(told: readonly string[]): readonly string[] {
  return [...new Set(told.map((sentence) => oneLine(sentence, SENTENCE_CHARACTERS)))].slice(0, MAX_SENTENCES);
}

function successes(attempt: Attempt): readonly string[] {
  const { outcome } = attempt;
  const said = outcome.kind === 'success' || outcome.kind === 'partial' ? outcome.verdict : undefined;
  const completed = outcome.kind === 'partial' ? outcome.completed : [];
  const passed = lastChecks(attempt).filter(({ isPassed }) => isPassed);
  const told = passed.map(
    ({ step, ...check }) => `${checkText({ step, ...check })} in step ${step}${before(attempt, step)}.`,
  );
  const isWork = outcome.kind === 'success' || outcome.kind === 'partial';
  return [
    ...(said === undefined || said.trim() === '' ? [] : [oneLine(said, 300)]),
    ...completed.slice(0, MAX_SENTENCES).map((item) => `Completed: ${ending(item, 200)}.`),
    ...told,
    ...(isWork && passed.length === 0 ? workDone(attempt) : []),
  ];
}

/** What had been changed when a check passed, since the check before it. */
function before(attempt: Attempt, number: number): string {
  const checked = attempt.evidence.findLast((check) => check.step < number && isCheck(check))?.step ?? 0;
  const changes = changingSteps(attempt).filter((step) => step.number > checked && step.number < number);
  if (changes.length === 0) return '';
  return `, after ${stepsTold(changes.slice(-MAX_STEPS), STEP_CHARACTERS).join('; ')}`;
}

/** Where no check says what worked, what was done. */
function workDone(attempt: Attempt): readonly string[] {
  const changes = changingSteps(attempt).slice(-MAX_STEPS);
  return changes.length === 0 ? [] : [`What was done last: ${stepsTold(changes, STEP_CHARACTERS).join('; ')}.`];
}

function improvements(attempt: Attempt): readonly string[] {
  const { outcome } = attempt;
  const reason = outcome.kind === 'failure' || outcome.kind === 'abstained' ? outcome.reason : undefined;
  const undone = outcome.kind === 'partial' ? outcome.failed : [];
  const failures = openFailures(attempt);
  // That nothing was found is seldom what went wrong.
  const telling = failures.filter(({ steps }) => !steps.every(({ isLooking }) => isLooking));
  const told = (telling.length > 0 ? telling : failures).slice(-MAX_FAILURES);
  const failedSteps = new Set(failures.flatMap(({ steps }) => steps.map(({ number }) => number)));
  const red = lastChecks(attempt).filter(({ isPassed, step }) => !isPassed && !failedSteps.has(step));
  return [
    ...(reason === undefined || reason.trim() === '' || isUnknown(outcome)
      ? []
      : [`Ended because: ${ending(reason, 300)}.`]),
    ...undone.slice(0, MAX_SENTENCES).map((item) => `Left undone: ${ending(item, 200)}.`),
    ...told.map((failure) => failureText(attempt, failure)),
    ...red.map((check) => `${checkText(check)} in step ${check.step}, and nothing after it shows that it passes.`),
  ];
}

function failureText(attempt: Attempt, { error, steps }: OpenFailure): string {
  const last = steps.at(-1);
  if (last === undefined) return '';
  const how = last.result.type === 'timeout' ? 'timed out' : 'failed';
  const what = error === '' ? '' : ` with ${quoted(error, 300)}`;
  const where = `${oneLine(stepText(last), 200)} ${how} in ${stepNumbers(steps)}${what}`;
  const tried =
    steps.length === 1
      ? ''
      : triedBetween(
          attempt,
          steps.map(({ number }) => number),
        );
  return `${where} and stayed so${tried}.`;
}

/** What was changed between the first and the last time of an error, in vain. */
function triedBetween(attempt: Attempt, numbers: readonly number[]): string {
  const [first = 0] = numbers;
  const last = numbers.at(-1) ?? 0;
  const changes = changingSteps(attempt).filter(({ number }) => number > first && number < last);
  if (changes.length === 0) return ', tried again without a change';
  return `, in spite of ${stepsTold(changes.slice(-MAX_STEPS), STEP_CHARACTERS).join('; ')}`;
}

function insights({ recoveries }: Attempt): readonly string[] {
  return recoveries.flatMap((recovery) => {
    const fix = fixText(recovery);
    if (fix !== undefined) return [fix];
    const { tool, action, error, failedStep, fixedStep } = recovery;
    if (error === '') return [];
    const what = quoted(`${tool}: ${action}`, 200);
    return [
      `${what} failed in step ${failedStep} with ${quoted(error, 300)} and went well in step ${fixedStep} with nothing changed: it may come and go.`,
    ];
  });
}
