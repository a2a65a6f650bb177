// How much an episode can be learnt from. Flags and weighs, never rejects. Pure.
import { createHash } from 'node:crypto';
import {
  type CompletedEpisode,
  type Outcome,
  QUALITY_FLAGS,
  type Quality,
  type QualityFlag,
  type Step,
} from '../episode.ts';
import { type Attempt, lastChecks } from './attempt.ts';

/** Share of steps that say nothing new from which on an episode is called noise, and steps below which it is not. */
const NOISE_SHARE = 0.5;
const MIN_NOISE_STEPS = 4;

/**
 * `score` is the share of the checks below that hold: none weighs more than another, as nothing was measured that would
 * say so. `similar`: earlier attempts at such tasks.
 */
export function quality(attempt: Attempt, similar: readonly CompletedEpisode[]): Quality {
  const { description, outcome, steps, evidence } = attempt;
  const fingerprint = fingerprintOf(attempt);
  const twin = steps.length === 0 ? undefined : similar.find((episode) => episode.quality.fingerprint === fingerprint);
  const checks: Readonly<Record<QualityFlag, boolean>> = {
    no_steps: steps.length > 0,
    trivial: new Set(steps.map(doingKey)).size !== 1,
    noise: !isNoise(steps),
    duplicate: twin === undefined,
    no_evidence: evidence.length > 0,
    contradicted_outcome: !isContradicted(attempt),
    unexplained_outcome: isExplained(outcome),
    short_description: description.trim().split(/\s+/u).length >= 3 || [...description].length >= 20,
  };
  // `Object.entries` widens the keys that the record above names.
  const entries = Object.entries(checks) as [QualityFlag, boolean][];
  const flags = entries.filter(([, holds]) => !holds).map(([flag]) => flag);
  const score = 1 - flags.length / entries.length;
  return {
    score,
    flags,
    fingerprint,
    ...(twin === undefined ? {} : { duplicateOf: twin.quality.duplicateOf ?? twin.id }),
  };
}

/** When what an episode repeats is gone, it is the record of that attempt. */
export function withoutTwin({ duplicateOf: _gone, ...quality }: Quality): Quality {
  const flags = quality.flags.filter((flag) => flag !== 'duplicate');
  return { ...quality, flags, score: 1 - flags.length / QUALITY_FLAGS.length };
}

/** What was done, on what. */
function doingKey({ tool, action, parameters }: Step): string {
  return JSON.stringify([tool, action, parameters]);
}

/** The same for two records of one attempt: its task, and each step with what came of it. Nothing of it can be read back. */
function fingerprintOf({ description, outcome, steps }: Attempt): string {
  const hash = createHash('sha256').update(JSON.stringify([description.trim(), outcome.kind]));
  for (const { tool, action, parameters, result } of steps) {
    hash.update(JSON.stringify([tool, action, parameters, result]));
  }
  return hash.digest('hex').slice(0, FINGERPRINT_CHARACTERS);
}

/** 96 bits: of a billion episodes hardly any two have the same by chance. */
const FINGERPRINT_CHARACTERS = 24;

/** Whether most steps are the one before them again, with the same result, or name nothing and put nothing out. */
function isNoise(steps: readonly Step[]): boolean {
  if (steps.length < MIN_NOISE_STEPS) return false;
  let empty = 0;
  let before = '';
  for (const step of steps) {
    const said = JSON.stringify([step.tool, step.action, step.parameters, step.result]);
    if (said === before || isSilent(step)) empty += 1;
    before = said;
  }
  return empty / steps.length > NOISE_SHARE;
}

/** Neither what was done nor what came of it is told beyond the name of the tool. */
function isSilent({ tool, action, parameters, rationale, result }: Step): boolean {
  const text = result.type === 'success' ? result.output : result.message;
  const isNamed = action.trim() !== '' && action.trim() !== tool.trim();
  return !isNamed && rationale === undefined && Object.keys(parameters).length === 0 && (text ?? '').trim() === '';
}

/** A success beside a check that failed last, or a failure beside tests though every check passed last. */
function isContradicted(attempt: Attempt): boolean {
  const last = lastChecks(attempt).filter(({ kind }) => WORK_CHECKS.has(kind));
  switch (attempt.outcome.kind) {
    case 'success':
      return last.some(({ isPassed }) => !isPassed);
    case 'failure':
      return last.some(({ kind }) => kind === 'test') && last.every(({ isPassed }) => isPassed);
    case 'partial':
    case 'abstained':
      return false;
  }
}

/** Checks that say whether the work is right: a linter warns, and one run of a program may be meant to fail. */
const WORK_CHECKS: ReadonlySet<string> = new Set(['test', 'types', 'build']);

function isExplained(outcome: Outcome): boolean {
  switch (outcome.kind) {
    case 'success':
      return outcome.verdict !== undefined || outcome.artifacts.length > 0;
    case 'partial':
      return outcome.completed.length + outcome.failed.length > 0;
    case 'failure':
    case 'abstained':
      return outcome.reason !== undefined;
  }
}
