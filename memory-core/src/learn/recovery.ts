// Errors that an episode made good, and how. Pure.
import { oneLine } from '../clip.ts';
import { type Recovery, resultText, type Step } from '../episode.ts';

/** Recoveries kept of one episode. */
const MAX_RECOVERIES = 20;
/** Steps told of one fix. */
const MAX_FIX_STEPS = 8;

/**
 * Each failed step paired with the next step that did the same thing and succeeded. "The same" is the same tool
 * with the same command, or where it has none the same action. Of several failures before one success the last
 * is taken: what lies between it and the success is the fix.
 */
export function recoveries(steps: readonly Step[]): readonly Recovery[] {
  const found: Recovery[] = [];
  const lastFailure = new Map<string, number>();
  steps.forEach((step, index) => {
    const doing = signature(step);
    if (step.result.type !== 'success') {
      lastFailure.set(doing, index);
      return;
    }
    const failure = lastFailure.get(doing);
    const failed = failure === undefined ? undefined : steps[failure];
    if (failure === undefined || failed === undefined) return;
    lastFailure.delete(doing);
    found.push(toRecovery(failed, step, steps.slice(failure + 1, index)));
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

/** The part of an output that says what went wrong: from the first line that names an error, else the last lines. */
export function errorExcerpt(output: string): string {
  const lines = output.split('\n').filter((line) => line.trim() !== '');
  const at = lines.findIndex((line) => ERROR_LINE.test(line));
  const telling = at >= 0 ? lines.slice(at, at + 6) : lines.slice(-6);
  return oneLine(telling.join(' '), 400);
}

/** A step in words, short enough for a list. */
export function stepText(step: Step): string {
  const why = step.rationale === undefined ? '' : ` (${oneLine(step.rationale, 160)})`;
  return `${step.tool}: ${oneLine(step.action, 200)}${why}`;
}

const ERROR_LINE =
  /\b[A-Z][A-Za-z]*(?:Error|Exception|Panic)\b|\berror(?:\[|:| TS| )|\bpanic(?:ked)?\b|\bfatal:|Traceback|AssertionError|✗|FAIL/u;

function signature(step: Step): string {
  const command = step.parameters.command;
  return `${step.tool}\n${typeof command === 'string' ? command : step.action}`;
}

function toRecovery(failed: Step, fixed: Step, between: readonly Step[]): Recovery {
  return {
    failedStep: failed.number,
    fixedStep: fixed.number,
    tool: failed.tool,
    action: oneLine(failed.action, 200),
    error: errorExcerpt(resultText(failed.result)),
    fix: between
      .filter((step) => step.result.type === 'success')
      .slice(-MAX_FIX_STEPS)
      .map(stepText),
  };
}
