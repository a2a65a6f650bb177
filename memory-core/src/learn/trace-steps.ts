// The steps of an episode as learning over many of them sees them: what was done, and how it ended. Pure.
import { oneLine } from '../clip.ts';
import type { Step } from '../episode.ts';
import type { TraceStep } from '../trace.ts';
import { lineOf } from './doing.ts';
import { type ReadStep, readSteps } from './read-step.ts';
import { recoveredSteps, stepText } from './recovery.ts';

/** Kept of one episode: half of them from its beginning, half from its end. */
export const MAX_TRACE_STEPS = 300;
/** Characters of an act and of the excerpt of an error. */
const ACT_CHARACTERS = 80;
const EXCERPT_CHARACTERS = 160;
/** Steps after a failure that may have been meant to make it good. */
const SAID_AFTER_FAILURE = 8;
/** Words that tell one error from another: what stands farther behind differs from case to case. */
const SIGNATURE_WORDS = 12;

/** Steps in order, with equal ones in a row folded into one, and the middle left out of very many. */
export function traceSteps(steps: readonly Step[]): readonly TraceStep[] {
  const read = readSteps(steps);
  return tracedSteps(read, recoveredSteps(read));
}

/** The same of steps that were read already. `madeGood`: numbers of the failed ones that a later one made good. */
export function tracedSteps(steps: readonly ReadStep[], madeGood: ReadonlySet<number>): readonly TraceStep[] {
  const folded: TraceStep[] = [];
  let sinceFailure = SAID_AFTER_FAILURE;
  for (const step of steps) {
    const next = traceStep(step, { madeGood, isSaid: sinceFailure < SAID_AFTER_FAILURE });
    sinceFailure = step.result.type === 'success' ? sinceFailure + 1 : 0;
    const last = folded.at(-1);
    if (last === undefined || !isEqual(last, next)) folded.push(next);
    else folded[folded.length - 1] = { ...last, times: (last.times ?? 1) + 1 };
  }
  if (folded.length <= MAX_TRACE_STEPS) return folded;
  const [first, ...tail] = folded.slice(-MAX_TRACE_STEPS / 2);
  return [
    ...folded.slice(0, MAX_TRACE_STEPS / 2),
    ...(first === undefined ? [] : [{ ...first, isAfterGap: true }]),
    ...tail,
  ];
}

function traceStep(
  step: ReadStep,
  { madeGood, isSaid }: { readonly madeGood: ReadonlySet<number>; readonly isSaid: boolean },
): TraceStep {
  const { type } = step.result;
  const does = doesOf(step);
  const says =
    (isSaid || type !== 'success') && does === 'change' ? { says: oneLine(stepText(step), EXCERPT_CHARACTERS) } : {};
  const base: TraceStep = { act: actOf(step), result: type, does, ...says };
  if (type === 'success') return base;
  const error = errorOf(step);
  return { ...base, ...(error === undefined ? {} : { error }), isMadeGood: madeGood.has(step.number) };
}

function isEqual(one: TraceStep, other: TraceStep): boolean {
  return (
    one.act === other.act &&
    one.result === other.result &&
    one.does === other.does &&
    one.error?.signature === other.error?.signature &&
    one.isMadeGood === other.isMadeGood &&
    // What failed in one way and was then tried in another is not the same.
    (one.result === 'success' || one.says === other.says)
  );
}

function doesOf({ isVerification, isLooking }: ReadStep): TraceStep['does'] {
  if (isVerification) return 'check';
  return isLooking ? 'look' : 'change';
}

/** The tool, and of one that runs commands what it ran. */
function actOf(step: Step): string {
  const tool = oneLine(step.tool, ACT_CHARACTERS);
  const ran = ranBy(lineOf(step) ?? '');
  return ran === '' ? tool : oneLine(`${tool}: ${ran}`, ACT_CHARACTERS);
}

/** Read of one command. */
const COMMAND_CHARACTERS = 1_000;
/** What starts a program without being it. */
const STARTERS: ReadonlySet<string> = new Set(['npx', 'bunx', 'exec', 'sudo', 'time', 'timeout', 'env', 'nohup', 'uv']);
/** What only says where, or what came out, when other commands stand beside it. */
const ASIDES: ReadonlySet<string> = new Set(['cd', 'echo', 'true', 'exit', 'sleep', 'export', 'set', 'source']);
/** A text between quotes says what a command is given, whatever marks stand in it. */
const QUOTED = /"[^"]*"|'[^']*'/gu;
/** Programs whose next word says what is done. */
const WITH_SUBCOMMANDS: ReadonlySet<string> = new Set(
  'apt apt-get brew bun bundle cargo composer conda deno docker dotnet gh git go gradle helm just kubectl make mvn npm pip pip3 pnpm poetry rails rake systemctl terraform yarn'.split(
    ' ',
  ),
);

/** The program of a command line, with its subcommand: `npm run build`, `git commit`, `grep`. */
function ranBy(line: string): string {
  const [beforeText = ''] = line.slice(0, COMMAND_CHARACTERS).split('<<');
  const commands = beforeText
    .replace(QUOTED, '""')
    .split(/&&|\|\||[;\n]/u)
    .map((command) => programOf(command.split('|')[0] ?? ''))
    .filter((program) => program !== '');
  return commands.findLast((program) => !ASIDES.has(program)) ?? commands.at(-1) ?? '';
}

function programOf(command: string): string {
  const words = command
    .trim()
    .split(/\s+/u)
    .filter((word) => !/^\w+=|^\d*[<>]/u.test(word));
  const [first = '', ...rest] = words.slice(
    Math.max(
      0,
      words.findIndex((word) => !isStarter(word)),
    ),
  );
  const program = (first.split('/').at(-1) ?? '').replace(/^[("'`{]+|["'`)]+$/gu, '');
  if (/^python\d?(?:\.\d+)?$/u.test(program)) return rest[0] === '-m' && rest[1] !== undefined ? rest[1] : 'python';
  if (!WITH_SUBCOMMANDS.has(program)) return program;
  const told = rest.filter((word) => /^[a-z][\w:-]*$/iu.test(word));
  return [program, ...told.slice(0, told[0] === 'run' ? 2 : 1)].join(' ');
}

/** A starter, or what belongs to one: its options and its limit of time. */
function isStarter(word: string): boolean {
  return STARTERS.has(word) || /^-|^\d+[smh]?$/u.test(word);
}

/** What failed without a word has no error to be known again by. */
function errorOf({ error, result: { type } }: ReadStep): TraceStep['error'] {
  if (error === undefined) return undefined;
  const { excerpt } = error;
  const { types, codes, words, names } = error.signature;
  const said = [...types, ...codes, ...words.slice(0, SIGNATURE_WORDS)];
  const signature = [...(type === 'timeout' ? ['timeout'] : []), ...(said.length > 0 ? said : names)].join(' ');
  return signature === '' ? undefined : { signature, excerpt: oneLine(excerpt, EXCERPT_CHARACTERS) };
}
