// What the steps of an episode show of how well the work was done: the checks that ran, and what became of the work. Pure.
import { oneLine } from '../clip.ts';
import { type CheckEvidence, resultText } from '../episode.ts';
import { checkedLines, exitCodeIn, type Summary, summariesIn } from './checks/output.ts';
import type { Program } from './checks/program.ts';
import { revertedSteps } from './checks/revert.ts';
import type { Asked, Reading, ToldStep } from './read-step.ts';

/** A piece of evidence with what the check was told to check, without options. */
export interface CheckRun extends CheckEvidence {
  readonly targets: readonly string[];
  /** A script or a named tool that did not say what it ran. */
  readonly isScript: boolean;
}

/** Kept of one episode: the newest. */
export const MAX_EVIDENCE = 64;
const TOOL_CHARACTERS = 60;
/** No run has more tests: what an output counts may be any number. */
const MAX_COUNT = 1_000_000;

/** What is kept with the episode of what its steps show. */
export function keptEvidence(runs: readonly CheckRun[]): readonly CheckEvidence[] {
  return runs.slice(-MAX_EVIDENCE).map(({ targets: _, isScript: __, ...evidence }) => evidence);
}

export interface CheckOptions {
  /** Whether a step that succeeded is one whose command ended with exit code 0; otherwise only its output tells. */
  readonly isExitTold: boolean;
}

/** Every check that tells how it ended, every commit, and every time that own work was thrown away. */
export function checkRuns(
  steps: readonly (ToldStep & Reading)[],
  options: CheckOptions = { isExitTold: true },
): readonly CheckRun[] {
  const reverted = revertedSteps(steps);
  return steps.flatMap((step) =>
    reverted.has(step.number)
      ? [{ step: step.number, kind: 'revert', tool: 'git', isPassed: false, targets: [], isScript: false } as const]
      : runsOf(step, options),
  );
}

function runsOf(step: ToldStep & Reading, { isExitTold }: CheckOptions): readonly CheckRun[] {
  const programs = step.asked;
  if (programs.length === 0 || step.result.type === 'timeout') return [];
  const lines = checkedLines(resultText(step.result));
  const summaries = summariesIn(lines);
  const told = exitCodeIn(lines);
  const isKnown = told !== undefined || isExitTold || step.result.type === 'error';
  const runs: CheckRun[] = [];
  for (const { program, exit } of programs) {
    const own = summariesOf(program, { summaries, isOnly: programs.length === 1 });
    const isExitZero = exit === 'own' && isExitTold && step.result.type === 'success';
    const summary = ownSummary(own, isExitZero ? true : step.result.type === 'error' ? false : undefined);
    // Where the exit code is that of the program and it counted that all went well, another one is only quoted.
    const isQuoted = isExitZero && summary?.failed === 0;
    const hasWorked = isKnown ? step.result.type === 'success' && (isQuoted || (told ?? 0) === 0) : undefined;
    const code = exit === 'echoed' ? (told === undefined ? undefined : told === 0) : hasWorked;
    const isBelieved = !isExitZero || isSaidByItself(program, summary);
    const isPassed = verdict({
      program,
      exit,
      summary: isBelieved ? summary : undefined,
      isEmpty: lines.length === 0,
      hasWorked: code,
    });
    if (isPassed !== undefined)
      runs.push(runOf(step.number, { program, summary: isBelieved ? summary : undefined, isPassed }));
    // What stands behind it in the chain did not run.
    if (isPassed === false && exit === 'chained') break;
  }
  return runs;
}

/** What the tool itself counted, in order. A script may run any tool, a program of the work any tests. */
function summariesOf(
  program: Program,
  { summaries, isOnly }: { readonly summaries: readonly Summary[]; readonly isOnly: boolean },
): readonly Summary[] {
  return summaries.filter(({ kind, tool }) => {
    if (program.kind === 'exit' || program.kind === 'commit') return program.kind === 'exit' && kind === 'test';
    if (program.isScript) return isOnly || kind === program.kind;
    return (
      tool === program.tool || BUILT_BY.get(program.tool) === tool || (program.kind === 'test' && tool === 'junit')
    );
  });
}

/**
 * The outermost stands last; what is counted before it may be of a run within the run. Where the exit code is known, it is
 * the last that agrees with it. Tests go before all else, as one is what the others are for.
 */
function ownSummary(own: readonly Summary[], hasWorked: boolean | undefined): Summary | undefined {
  const tests = own.filter(({ kind }) => kind === 'test');
  if (hasWorked === undefined) return own.at(-1);
  const agrees = ({ failed }: Summary): boolean => (failed === 0) === hasWorked;
  return tests.findLast(agrees) ?? own.findLast(agrees) ?? tests.at(-1) ?? own.at(-1);
}

/**
 * A wrapper may have lost the exit code, so that 0 does not outweigh what a tool counted of itself. That a script of tests
 * shows a fault of another sort, as one that a type checker names, may be what it tests.
 */
function isSaidByItself(program: Program, summary: Summary | undefined): boolean {
  return summary === undefined || summary.failed === 0 || summary.kind === 'test' || summary.kind === program.kind;
}

/** These build first, and tell in these words that it failed. */
const BUILT_BY: ReadonlyMap<string, string> = new Map([
  ['cargo test', 'cargo build'],
  ['cargo check', 'cargo build'],
  ['clippy', 'cargo build'],
]);

function runOf(
  step: number,
  {
    program,
    summary,
    isPassed,
  }: { readonly program: Program; readonly summary: Summary | undefined; readonly isPassed: boolean },
): CheckRun {
  const isTest = summary?.kind === 'test';
  // What ran goes by the words of its command, unless it may run anything and a tool shows itself.
  const isShown = isTest && summary.isInCommonWords !== true;
  const tool = isShown && (program.isScript || program.kind === 'exit') ? summary.tool : program.tool;
  return {
    step,
    kind: isTest ? 'test' : program.kind,
    tool: oneLine(tool, TOOL_CHARACTERS),
    isPassed,
    ...(isTest && summary.passed !== undefined ? { passed: Math.min(MAX_COUNT, summary.passed) } : {}),
    ...(summary === undefined ? {} : { failed: Math.min(MAX_COUNT, summary.failed) }),
    targets: program.targets,
    isScript: program.isScript && !isShown,
  };
}

/** What a tool said itself goes first: a wrapper may have lost its exit code. */
function verdict(asked: {
  readonly program: Program;
  readonly exit: Asked['exit'];
  readonly summary: Summary | undefined;
  readonly isEmpty: boolean;
  /** Whether the exit code was 0; `undefined` where it is not known. */
  readonly hasWorked: boolean | undefined;
}): boolean | undefined {
  const { program, exit, summary, isEmpty, hasWorked } = asked;
  if (program.kind === 'commit') return hasWorked === true && exit !== 'hidden' ? true : undefined;
  if (summary !== undefined && summary.failed > 0) return false;
  const isKnown = exit === 'own' || exit === 'echoed';
  // That nothing went wrong where nothing was tested shows nothing.
  if (hasRunNothing(summary)) return isKnown && hasWorked === false ? false : undefined;
  if (isKnown && hasWorked !== undefined) return hasWorked;
  if ((exit === 'chained' && hasWorked === true) || summary !== undefined) return true;
  // These say nothing where there is nothing to say.
  return isEmpty && program.kind === 'types' && hasWorked === true ? true : undefined;
}

function hasRunNothing(summary: Summary | undefined): boolean {
  return summary?.kind === 'test' && summary.passed === 0 && summary.failed === 0;
}
