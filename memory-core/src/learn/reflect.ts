// What one episode teaches, in sentences that name the actual tool, error and step. Pure, offline, deterministic.
import { oneLine } from '../clip.ts';
import { fixText, type Outcome, type Recovery, type Reflection, resultText, type Step } from '../episode.ts';
import { errorExcerpt } from '../error-text.ts';
import { stepText } from './recovery.ts';
import { isVerification } from './verification.ts';

/** Sentences in each of the three lists. */
const MAX_SENTENCES = 8;

export interface ReflectionInput {
  readonly outcome: Outcome;
  readonly steps: readonly Step[];
  readonly recoveries: readonly Recovery[];
  readonly recoveredSteps: ReadonlySet<number>;
}

/** An empty list means that there is nothing to say, not that something was left out. */
export function reflect(input: ReflectionInput): Reflection {
  return {
    successes: successes(input).slice(0, MAX_SENTENCES),
    improvements: improvements(input).slice(0, MAX_SENTENCES),
    insights: insights(input).slice(0, MAX_SENTENCES),
  };
}

function successes({ outcome, steps, recoveries }: ReflectionInput): readonly string[] {
  const sentences: string[] = [];
  if (outcome.kind === 'success' && outcome.verdict !== undefined) sentences.push(oneLine(outcome.verdict, 300));
  if (outcome.kind === 'partial') {
    sentences.push(...outcome.completed.map((item) => `Completed: ${oneLine(item, 200)}`));
  }
  const verified = steps.findLast(isVerification);
  if (verified?.result.type === 'success') {
    sentences.push(`Step ${verified.number} confirmed the work: ${stepText(verified)}.`);
  }
  for (const { tool, action, failedStep, fixedStep } of recoveries) {
    sentences.push(`"${tool}: ${action}" failed in step ${failedStep} and succeeded in step ${fixedStep}.`);
  }
  return sentences;
}

function improvements({ outcome, steps, recoveredSteps }: ReflectionInput): readonly string[] {
  const sentences: string[] = [];
  if (outcome.kind === 'failure' || outcome.kind === 'abstained') {
    if (outcome.reason !== undefined) sentences.push(`Ended because: ${oneLine(outcome.reason, 300)}`);
  }
  if (outcome.kind === 'partial') {
    sentences.push(...outcome.failed.map((item) => `Left undone: ${oneLine(item, 200)}`));
  }
  for (const step of steps) {
    if (step.result.type === 'success' || recoveredSteps.has(step.number)) continue;
    const error = errorExcerpt(resultText(step.result));
    const how = step.result.type === 'timeout' ? 'timed out' : 'failed';
    sentences.push(
      `Step ${step.number} (${stepText(step)}) ${how}${error === '' ? '' : ` with "${error}"`} and stayed so.`,
    );
  }
  return sentences;
}

function insights({ steps, recoveries }: ReflectionInput): readonly string[] {
  const fixes = recoveries.map(fixText).filter((sentence) => sentence !== undefined);
  return [...fixes, ...repeatedErrors(steps)];
}

function repeatedErrors(steps: readonly Step[]): readonly string[] {
  const counts = new Map<string, number>();
  for (const step of steps) {
    if (step.result.type === 'success') continue;
    const error = errorExcerpt(resultText(step.result));
    if (error !== '') counts.set(error, (counts.get(error) ?? 0) + 1);
  }
  return [...counts]
    .filter(([, count]) => count >= 3)
    .map(([error, count]) => `The same error came ${count} times: "${error}". Change the approach after the second.`);
}
