// How an episode ended, where its own steps show it: by the checks that ran behind the last edit. Pure.
import { oneLine } from '../clip.ts';
import type { Outcome } from '../episode.ts';
import { defined } from '../json.ts';
import { type CheckOptions, checkRuns } from '../learn/check-evidence.ts';
import { lineOf } from '../learn/doing.ts';
import { readSteps } from '../learn/read-step.ts';
import type { StepRecord } from './record.ts';

/** What is known of the tools that took the steps. */
export interface Telling extends CheckOptions {
  /** Whether the step changed a file. */
  readonly isEdit: (step: StepRecord) => boolean;
}

/** How far an outcome is to be trusted that nobody stated. */
export const INFERRED_CONFIDENCE = 0.7;

/**
 * Success where every check that ran behind the last edit passed, failure where every one failed. Nothing where nothing
 * was edited, nothing was checked behind it, or the checks disagree: a passing check says little of what it was not
 * made for. That a program ran through is no check, nor is a commit.
 */
export function evidentOutcome(steps: readonly StepRecord[], { isEdit, isExitTold }: Telling): Outcome | undefined {
  const lastEdit = steps.findLastIndex((step) => step.result?.type === 'success' && isEdit(step));
  if (lastEdit === -1) return undefined;
  const behind = steps.slice(lastEdit + 1).map((step, number) => {
    const { tool, action, parameters = {}, result } = step;
    return { tool, action, parameters, number, result: result === undefined ? UNTOLD : defined(result) };
  });
  const verdicts = new Map<string, { readonly step: number; readonly isPassed: boolean }>();
  for (const { step, kind, isPassed } of checkRuns(readSteps(behind), { isExitTold })) {
    const ran = behind[step];
    if (ran === undefined || kind === 'exit' || kind === 'commit' || kind === 'revert') continue;
    const command = lineOf(ran) ?? ran.tool;
    const before = verdicts.get(command);
    // Of several checks in one line all must have passed; of a line that ran twice the last time counts.
    verdicts.set(command, { step, isPassed: isPassed && (before?.step !== step || before.isPassed) });
  }
  const [first, ...others] = new Set([...verdicts.values()].map(({ isPassed }) => isPassed));
  if (first === undefined || others.length > 0) return undefined;
  const checks = [...verdicts.keys()].slice(0, MAX_CHECKS_TOLD).map((command) => `"${oneLine(command, 100)}"`);
  return first
    ? { kind: 'success', verdict: `Passed behind the last edit: ${checks.join(', ')}.`, artifacts: [] }
    : { kind: 'failure', reason: `Failed behind the last edit: ${checks.join(', ')}.` };
}

const MAX_CHECKS_TOLD = 3;
/** A step without a result tells nothing. */
const UNTOLD = { type: 'timeout' } as const;
