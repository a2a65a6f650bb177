// Errors that an episode made good, and how. Pure.
import { oneLine } from '../clip.ts';
import { type Recovery, resultText, type Step } from '../episode.ts';

/** Recoveries kept of one episode. */
const MAX_RECOVERIES = 20;
/** Steps told of one fix. */
const MAX_FIX_STEPS = 8;

/**
 * Each error of an action that later succeeded, with what was done in between. The same action is the same tool with
 * the same command, or where it has none the same words. An error that came several times counts from its last time
 * on: what was tried before did not help. Of errors that followed each other each one counts: a change may only have
 * turned the one into the other.
 */
export function recoveries(steps: readonly Step[]): readonly Recovery[] {
  const found: Recovery[] = [];
  const unrecovered = new Map<string, Map<string, number>>();
  steps.forEach((step, index) => {
    const doing = signature(step);
    const errors = unrecovered.get(doing) ?? new Map<string, number>();
    if (step.result.type !== 'success') {
      unrecovered.set(doing, errors.set(errorExcerpt(resultText(step.result)), index));
      return;
    }
    unrecovered.delete(doing);
    for (const [error, failure] of errors) {
      const failed = steps[failure];
      if (failed === undefined) continue;
      found.push(toRecovery({ failed, fixed: step, error, between: steps.slice(failure + 1, index) }));
    }
  });
  return found.slice(0, MAX_RECOVERIES);
}

/** Numbers of the failed steps that a later success of the same action made good. */
export function recoveredSteps(steps: readonly Step[]): ReadonlySet<number> {
  const recovered = new Set<number>();
  const succeededLater = new Set<string>();
  for (const step of steps.toReversed()) {
    if (step.result.type === 'success') succeededLater.add(signature(step));
    else if (succeededLater.has(signature(step))) recovered.add(step.number);
  }
  return recovered;
}

/**
 * The part of an output that says what went wrong: from the line that names an exception or an error, else from the
 * first that marks a failure, else the last lines. Frames of a stack and counts of a test runner are left out.
 */
export function errorExcerpt(output: string): string {
  const lines = headAndTail(output)
    .split('\n')
    .map((line) => line.slice(0, LINE_CHARACTERS))
    .filter((line) => line.trim() !== '' && !NOISE.test(line));
  const named = lines.findIndex((line) => NAMED_ERROR.test(line));
  const at = named >= 0 ? named : lines.findIndex((line) => FAILURE_MARK.test(line));
  const telling = at >= 0 ? lines.slice(at, at + EXCERPT_LINES) : lines.slice(-EXCERPT_LINES);
  return oneLine(telling.join(' '), EXCERPT_CHARACTERS);
}

/** A step in words, short enough for a list. */
export function stepText(step: Step): string {
  const why = step.rationale === undefined ? '' : ` (${oneLine(step.rationale, 160)})`;
  return `${step.tool}: ${oneLine(step.action, 200)}${why}`;
}

/** Read of one output: what went wrong stands where it began or where it ended. */
const SEARCHED_CHARACTERS = 16_000;

function headAndTail(output: string): string {
  if (output.length <= SEARCHED_CHARACTERS) return output;
  const half = SEARCHED_CHARACTERS / 2;
  return `${output.slice(0, half)}\n${output.slice(-half)}`;
}

/** Read of one line: what names an error stands at its beginning, and a search must not take the square of its length. */
const LINE_CHARACTERS = 1_000;
const EXCERPT_LINES = 3;
const EXCERPT_CHARACTERS = 300;
const NAMED_ERROR =
  /\b[A-Z][A-Za-z]*(?:Error|Exception|Panic)\b|\berror(?:\[|:| TS)|\bpanic(?:ked)?\b|\bfatal:|\b(?:command|module|file) not found\b/u;
const FAILURE_MARK = /\bFAIL(?:ED)?\b|[✗✖×]|\berror\b/iu;
const NOISE =
  /^\s*at\s|^\s*File ".*", line \d+|node:internal|^\s*\.{3}(?:\s|$)|^\s*[\^~]+\s*$|^\s*ℹ|^\s*[{}[\]]+,?\s*$|^Traceback|^#\s/u;

function signature(step: Step): string {
  const command = step.parameters.command;
  return `${step.tool}\n${typeof command === 'string' ? command : step.action}`;
}

function toRecovery(made: {
  readonly failed: Step;
  readonly fixed: Step;
  readonly error: string;
  readonly between: readonly Step[];
}): Recovery {
  const { failed, fixed, error, between } = made;
  return {
    failedStep: failed.number,
    fixedStep: fixed.number,
    tool: failed.tool,
    action: oneLine(failed.action, 200),
    error,
    fix: between
      .filter((step) => step.result.type === 'success')
      .slice(-MAX_FIX_STEPS)
      .map(stepText),
  };
}
