// How an episode ended, where its own steps show it: by the checks that ran behind the last edit. Pure.
import { oneLine } from '../clip.ts';
import type { Outcome } from '../episode.ts';
import type { StepRecord } from './record.ts';

/** What is known of the tools that took the steps. */
export interface Telling {
  /** Whether the step changed a file. */
  readonly isEdit: (step: StepRecord) => boolean;
  /** Whether a step that succeeded is one whose command ended with exit code 0; otherwise only its output tells. */
  readonly isExitTold: boolean;
}

/** How far an outcome is to be trusted that nobody stated. */
export const INFERRED_CONFIDENCE = 0.7;

/**
 * Success where every check that ran behind the last edit passed, failure where every one failed. Nothing where nothing
 * was edited, nothing was checked behind it, or the checks disagree: a passing check says little of what it was not
 * made for.
 */
export function evidentOutcome(steps: readonly StepRecord[], telling: Telling): Outcome | undefined {
  const lastEdit = steps.findLastIndex((step) => step.result?.type === 'success' && telling.isEdit(step));
  if (lastEdit === -1) return undefined;
  const verdicts = new Map<string, boolean>();
  for (const step of steps.slice(lastEdit + 1)) {
    const command = commandOf(step);
    const hasPassed = passed(step, telling);
    if (hasPassed !== undefined) verdicts.set(command, hasPassed);
  }
  const [first, ...others] = new Set(verdicts.values());
  if (first === undefined || others.length > 0) return undefined;
  const checks = [...verdicts.keys()].slice(0, MAX_CHECKS_TOLD).map((command) => `"${oneLine(command, 100)}"`);
  return first
    ? { kind: 'success', verdict: `Passed behind the last edit: ${checks.join(', ')}.`, artifacts: [] }
    : { kind: 'failure', reason: `Failed behind the last edit: ${checks.join(', ')}.` };
}

const MAX_CHECKS_TOLD = 3;

function commandOf({ parameters }: StepRecord): string {
  return typeof parameters?.command === 'string' ? parameters.command : '';
}

/** Whether the check of a step passed; nothing where the step ran none, or where nothing tells how it ended. */
function passed(step: StepRecord, { isExitTold }: Telling): boolean | undefined {
  const run = checkIn(commandOf(step));
  const { result } = step;
  if (run === undefined || result === undefined || result.type === 'timeout') return undefined;
  const output = (result.type === 'success' ? result.output : result.message) ?? '';
  if (run.isExitHidden || !isExitTold) {
    if (FAILURES_COUNTED.test(output)) return false;
    const hasFailed = FAILED.test(output);
    return hasFailed === PASSED.test(output) ? undefined : !hasFailed;
  }
  if (result.type === 'success') return true;
  // What failed may be another command of the same line.
  return run.isLast ? false : undefined;
}

interface CheckRun {
  /** A later part of the line hides the exit code of the check. */
  readonly isExitHidden: boolean;
  /** Nothing runs behind the check. */
  readonly isLast: boolean;
}

/** The check among the commands of the last statement: only its exit code is that of the whole. */
function checkIn(command: string): CheckRun | undefined {
  const bare = command
    .replace(/'[^']*'|"(?:\\.|[^"\\])*"/gu, 'quoted')
    .replace(/\d?>&\d|&>>?\s*\S+|\d?>>?\s*\S+/gu, '')
    .trim();
  const statement = bare.split(/;|\n/u).at(-1) ?? '';
  if (/\|\||&\s*$/u.test(statement)) return undefined;
  const commands = statement.split('&&').map((text) => text.split('|').map((piped) => piped.trim()));
  const at = commands.findLastIndex(([first = '']) => CHECK.test(first.replace(WRAPPERS, '')));
  const found = commands[at];
  return found && { isExitHidden: found.length > 1, isLast: at === commands.length - 1 };
}

/** What may stand in front of a command. */
const WRAPPERS =
  /^(?:\w+=\S*\s+|(?:time|env|npx|bunx|timeout\s+\S+|(?:pnpm|yarn)\s+exec|(?:uv|poetry|pipenv)\s+run|bundle\s+exec|python3?\s+-m)\s+)+/u;

const CHECK = new RegExp(
  [
    String.raw`^(?:npm|pnpm|yarn|bun)\s+(?:run\s+)?(?:t|tests?|check|lint|types?|type-?check|tsc|build|verify)(?::\S+)?(?=\s|$)`,
    String.raw`^(?:vitest|jest|mocha|ava|tap|pytest|unittest|tox|nox|rspec|phpunit|ctest|tsc|vue-tsc|eslint|biome|ruff|mypy|pyright|rubocop|shellcheck|golangci-lint)(?=\s|$)`,
    String.raw`^(?:go|cargo|deno|dotnet|mix|swift|zig|mvn|\.?/?mvnw|gradle|\.?/?gradlew|make|just|bazel|rake|composer)\s+(?:-\S+\s+)*(?:test|check|vet|clippy|lint|verify|build)(?=\s|$)`,
    String.raw`^node\s+(?:-\S+\s+)*--test(?=\s|$)`,
  ].join('|'),
  'u',
);

/** What a test runner counts in the end, as nothing but a test runner puts it. */
const FAILURES_COUNTED = /\b[1-9]\d* (?:tests? )?fail(?:ed|ing|ures?)(?=\s*(?:[|,;)]|$|in\b))/mu;
const PASSED = /\b[1-9]\d* (?:tests? )?pass(?:ed|ing)\b|^ℹ pass [1-9]|\btest result: ok\b|^OK\b|^ok\s+\S/mu;
const FAILED =
  /\b[1-9]\d* (?:\w+ )?(?:fail(?:ed|ing|ures?)|errors?)\b|^ℹ fail [1-9]|\bFAIL(?:ED|URES?)?\b|^Traceback|\berror TS\d|\btest result: FAILED\b/mu;
