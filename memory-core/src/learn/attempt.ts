// An episode that ended, with what was derived of it so far: what reflection, summary and salient features look at. Pure.
import { oneLine } from '../clip.ts';
import type { CheckEvidence, Outcome, Recovery, Step } from '../episode.ts';
import type { TraceStep } from '../trace.ts';
import { lineOf } from './doing.ts';
import type { ReadStep } from './read-step.ts';
import { stepText } from './recovery.ts';

export interface Attempt {
  readonly description: string;
  readonly outcome: Outcome;
  readonly steps: readonly ReadStep[];
  readonly recoveries: readonly Recovery[];
  /** Numbers of failed steps that a later one made good. */
  readonly recoveredSteps: ReadonlySet<number>;
  readonly evidence: readonly CheckEvidence[];
  readonly trace: readonly TraceStep[];
  /** Files and directories. */
  readonly touched: readonly string[];
}

/** One error that nothing made good, however often it came. */
export interface OpenFailure {
  readonly error: string;
  /** Steps that failed with it, in order. */
  readonly steps: readonly ReadStep[];
}

/** Errors kept apart in one episode. */
const MAX_OPEN = 50;

/** Errors that stayed, by the step in which each came last. Of one that came again and again the last words are told. */
export function openFailures({ steps, recoveredSteps }: Attempt): readonly OpenFailure[] {
  const found = new Map<string, OpenFailure>();
  for (const step of steps) {
    if (step.error === undefined || recoveredSteps.has(step.number)) continue;
    const { excerpt: error, signature } = step.error;
    const { types, codes, words, names } = signature;
    const key = JSON.stringify([step.tool, doneBy(step), step.result.type, types, codes, words, names]);
    const known = found.get(key);
    found.delete(key);
    found.set(key, { error, steps: [...(known?.steps ?? []), step] });
    const [oldest] = found.keys();
    if (found.size > MAX_OPEN && oldest !== undefined) found.delete(oldest);
  }
  return [...found.values()];
}

/** What makes a step another try of the same: its checks, else its whole line. */
function doneBy(step: ReadStep): string | undefined {
  if (!step.isVerification) return lineOf(step);
  return step.asked.map(({ program }) => program.tool).join('\n');
}

/** Steps that changed something and went well, checks left out, in order. */
export function changingSteps({ steps, evidence }: Attempt): readonly ReadStep[] {
  const checks = new Set(evidence.filter(isCheck).map(({ step }) => step));
  return steps.filter((step) => step.result.type === 'success' && !step.isLooking && !checks.has(step.number));
}

/** What the last of each check showed: that of `vitest`, that of `tsc`. */
export function lastChecks({ evidence }: Attempt): readonly CheckEvidence[] {
  const last = new Map<string, CheckEvidence>();
  for (const check of evidence) {
    if (!isCheck(check)) continue;
    last.delete(check.tool);
    last.set(check.tool, check);
  }
  return [...last.values()];
}

/** Whether it looked at the work: that a program ran to its end, or that the work was put somewhere, is less. */
export function isCheck({ kind }: CheckEvidence): boolean {
  return kind === 'test' || kind === 'types' || kind === 'lint' || kind === 'build';
}

/** A check in a few words: `vitest passed (12 passed)`. */
export function checkText({ tool, isPassed, passed, failed }: CheckEvidence): string {
  const counts = [
    ...(passed === undefined ? [] : [`${passed} passed`]),
    ...(failed === undefined || failed === 0 ? [] : [`${failed} failed`]),
  ];
  return `${oneLine(tool, 60)} ${isPassed ? 'passed' : 'failed'}${counts.length === 0 ? '' : ` (${counts.join(', ')})`}`;
}

/** Steps in words, each with its number, the same words once. */
export function stepsTold(steps: readonly Step[], characters: number): readonly string[] {
  const told = new Map<string, number>();
  for (const step of steps) told.set(oneLine(stepText(step), characters), step.number);
  return [...told].map(([text, number]) => `${text} (step ${number})`);
}

/** `step 3`, `steps 1, 3 and 7`; of many the first and the last. */
export function stepNumbers(steps: readonly Step[]): string {
  const numbers = steps.map(({ number }) => number);
  const [first] = numbers;
  const last = numbers.at(-1);
  if (numbers.length < 2) return `step ${first}`;
  if (numbers.length > 5) return `${numbers.length} steps from ${first} to ${last}`;
  return `steps ${numbers.slice(0, -1).join(', ')} and ${last}`;
}

/** A text of somebody else in a sentence of ours: on one line, shortened, in quotes. */
export function quoted(text: string, characters: number): string {
  return `"${oneLine(text, characters).replaceAll('"', "'")}"`;
}

/** A text of somebody else at the end of a sentence of ours, without its own full stop. */
export function ending(text: string, characters: number): string {
  return oneLine(text, characters).replace(/[.。]$/u, '');
}
