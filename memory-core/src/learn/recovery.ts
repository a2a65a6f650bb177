// Errors that an episode made good, and how. Pure.
import { oneLine } from '../clip.ts';
import type { Recovery, Step } from '../episode.ts';
import type { JsonObject } from '../json.ts';
import { type Coverage, coverageOf, coversAll } from './checks/coverage.ts';
import { filesOf, lineGiven, lineOf } from './doing.ts';
import type { ReadStep } from './read-step.ts';

/** Recoveries kept of one episode. */
const MAX_RECOVERIES = 20;
/** Steps told of one fix. */
const MAX_FIX_STEPS = 8;
/** Parameters told of one step, and characters of each. */
const MAX_PARAMETERS = 4;
const PARAMETER_CHARACTERS = 100;
/** What alone tells a step, best first. */
const TELLING = ['file_path', 'path', 'file', 'filename'];

/**
 * Each error of an action that was made good, with what was done for that in between. An error that came several times
 * counts from its last time on: what was tried before did not help. Of errors that followed each other each one counts:
 * a change may only have turned the one into the other.
 */
export function recoveries(
  steps: readonly ReadStep[],
  good: readonly MadeGood[] = madeGood(steps),
): readonly Recovery[] {
  const found = new Map<string, Recovery>();
  for (const { failed: failure, fixed: success } of good) {
    const [failed, fixed] = [steps[failure], steps[success]];
    if (failed === undefined || fixed === undefined) continue;
    const error = failed.error?.excerpt ?? '';
    const between = steps.slice(failure + 1, success);
    const fix = fixingSteps({ failed, between, fixed }).slice(-MAX_FIX_STEPS);
    found.set(`${success}\n${doingOf(failed).key}\n${error}`, {
      failedStep: failed.number,
      fixedStep: fixed.number,
      tool: failed.tool,
      action: oneLine(failed.action, 200),
      error,
      fix: fix.map((step) => stepText(step, failed)),
      fixSteps: fix.map(({ number }) => number),
    });
  }
  return [...found.values()].slice(0, MAX_RECOVERIES);
}

/** Numbers of the failed steps that a later success made good. */
export function recoveredSteps(
  steps: readonly ReadStep[],
  good: readonly MadeGood[] = madeGood(steps),
): ReadonlySet<number> {
  return new Set(good.map(({ failed }) => steps[failed]?.number ?? 0));
}

/**
 * A step in words, short enough for a list: what it was for, and on what it was done. Where it did again what `before` did,
 * what it did otherwise comes first.
 */
export function stepText(step: Step, before?: Step): string {
  const why = step.rationale === undefined || step.rationale.trim() === '' ? '' : ` (${oneLine(step.rationale, 160)})`;
  const said = oneLine(step.action, 200);
  const then = before?.tool === step.tool ? before.parameters : undefined;
  const told = tellingParameters(step.parameters, then).filter((text) => !said.includes(text));
  // An action that only repeats the name of its tool says nothing.
  const parts = [...(said === step.tool || said === '' ? [] : [said]), ...told];
  return `${step.tool}${parts.length === 0 ? '' : `: ${parts.join(', ')}`}${why}`;
}

/**
 * The command, else the file, else what is short enough to be told whole: what files hold is not. Of two calls alike what
 * is not as it was `then` alone tells them apart.
 */
function tellingParameters(parameters: JsonObject, then: JsonObject | undefined): readonly string[] {
  for (const value of [lineGiven(parameters), ...TELLING.map((name) => parameters[name])]) {
    if (typeof value === 'string' && value.trim() !== '') return [oneLine(value, PARAMETER_CHARACTERS * 2)];
  }
  const isAsThen = ([name, value]: readonly [string, unknown]): boolean =>
    then !== undefined && JSON.stringify(then[name]) === JSON.stringify(value);
  return Object.entries(parameters)
    .sort((a, b) => Number(isAsThen(a)) - Number(isAsThen(b)))
    .map(([name, value]) => `${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`)
    .filter((text) => text.length <= PARAMETER_CHARACTERS && !text.includes('\n'))
    .slice(0, MAX_PARAMETERS);
}

/** What a step did, to recognise it when it is done again. */
interface Doing {
  /** The tool with its command, or where it has none the words of the action, and the files that it names. */
  readonly key: string;
  /** Of a check: what it looks at. */
  readonly checked: readonly Coverage[];
}

interface Failure {
  readonly at: number;
  readonly step: ReadStep;
  readonly doing: Doing;
}

/** The index of a failed step, and that of the first later one which shows that it is good now. */
export interface MadeGood {
  readonly failed: number;
  readonly fixed: number;
}

/** By the step that shows it. */
export function madeGood(steps: readonly ReadStep[]): readonly MadeGood[] {
  const found: MadeGood[] = [];
  const open = stillOpen();
  let lastChange = -1;
  steps.forEach((step, at) => {
    const changedBefore = lastChange;
    if (!step.isLooking) lastChange = at;
    const doing = doingOf(step);
    if (step.result.type !== 'success') {
      open.add({ at, step, doing });
      return;
    }
    // Only what failed last can have been said better, and only where nothing was changed meanwhile.
    const last = open.last();
    const isSaidBetter = last !== undefined && changedBefore <= last.at && isCorrection(step, last.step);
    const good = [...open.takeCovered(doing), ...(isSaidBetter && open.take(last) ? [last] : [])];
    for (const failure of good.sort((one, other) => one.at - other.at)) found.push({ failed: failure.at, fixed: at });
  });
  return found;
}

/** Checks of different targets that are open at once: of more the oldest stay as they are. */
const MAX_OPEN_CHECKS = 50;

/** Failures that are not made good yet, found by what was done. */
function stillOpen() {
  const byKey = new Map<string, Failure[]>();
  /** One of each key that checks something, the oldest first. */
  const checks = new Map<string, Doing>();
  /** In order, with those that were taken since. */
  const all: Failure[] = [];
  const taken = new Set<Failure>();

  function takeKey(key: string): readonly Failure[] {
    const failures = byKey.get(key) ?? [];
    byKey.delete(key);
    checks.delete(key);
    for (const failure of failures) taken.add(failure);
    return failures;
  }

  return {
    last(): Failure | undefined {
      for (;;) {
        const last = all.at(-1);
        if (last === undefined || !taken.has(last)) return last;
        all.pop();
      }
    },
    add(failure: Failure): void {
      all.push(failure);
      const { key, checked } = failure.doing;
      const same = byKey.get(key);
      if (same === undefined) byKey.set(key, [failure]);
      else same.push(failure);
      if (checked.length === 0) return;
      checks.delete(key);
      checks.set(key, failure.doing);
      const [oldest] = checks.keys();
      if (checks.size > MAX_OPEN_CHECKS && oldest !== undefined) checks.delete(oldest);
    },
    /** What the success of a step shows to be good: the same action, or checks of the same or of less. */
    takeCovered({ key, checked }: Doing): readonly Failure[] {
      const covered =
        checked.length === 0 ? [] : [...checks.values()].filter((check) => covers(checked, check.checked));
      return [key, ...covered.map((check) => check.key).filter((other) => other !== key)].flatMap(takeKey);
    },
    /** Whether it was still open. */
    take(failure: Failure): boolean {
      if (taken.has(failure)) return false;
      taken.add(failure);
      const { key } = failure.doing;
      const others = (byKey.get(key) ?? []).filter((other) => other !== failure);
      if (others.length > 0) byKey.set(key, others);
      else takeKey(key);
      return true;
    },
  };
}

function doingOf(step: ReadStep): Doing {
  const key = [step.tool, lineOf(step) ?? step.action, ...filesOf(step)].join('\n');
  const checks = step.isVerification ? step.asked.map(({ program }) => program) : [];
  return { key, checked: checks.filter(({ kind }) => kind !== 'exit' && kind !== 'commit').map(coverageOf) };
}

/** Each check that failed, or may have, is one by the same program that looked at the same or at less. */
function covers(success: readonly Coverage[], failure: readonly Coverage[]): boolean {
  return failure.every((then) => success.some((now) => now.tool === then.tool && coversAll(now, then)));
}

/** The same command with words added or left out, which is then the fix itself. A check that checks less fixes nothing. */
function isCorrection(success: ReadStep, failure: ReadStep): boolean {
  const [now, then] = [lineOf(success), lineOf(failure)];
  if (now === undefined || then === undefined || now === then || success.tool !== failure.tool) return false;
  if (success.isVerification || failure.isVerification) return false;
  const [more, less] = [wordPieces(now), wordPieces(then)].sort((a, b) => b.length - a.length);
  return more?.[0] === less?.[0] && (less?.length ?? 0) > 1 && less?.every((piece) => more?.includes(piece)) === true;
}

/** A correction is its own fix; else what changed something in between, or the same action done otherwise. */
function fixingSteps(asked: {
  readonly failed: ReadStep;
  readonly between: readonly ReadStep[];
  readonly fixed: ReadStep;
}): readonly ReadStep[] {
  const { failed, between, fixed } = asked;
  if (isCorrection(fixed, failed)) return [fixed];
  const changes = between.filter((step) => step.result.type === 'success' && !step.isLooking);
  if (changes.length > 0) return changes;
  return JSON.stringify(fixed.parameters) === JSON.stringify(failed.parameters) ? [] : [fixed];
}

function wordPieces(line: string): readonly string[] {
  return line
    .slice(0, COMMAND_CHARACTERS)
    .split(/[\s/:.]+/u)
    .filter((piece) => piece !== '');
}

/** Read of one command. */
const COMMAND_CHARACTERS = 1_000;
