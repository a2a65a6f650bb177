// The steps of an episode as learning over many of them sees them: what was done, and how it ended. Pure.
import { oneLine } from '../clip.ts';
import type { Step } from '../episode.ts';
import type { ErrorSignature } from '../retrieve/error-signature.ts';
import type { TraceStep } from '../trace.ts';
import { ranBy } from './ran-by.ts';
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
export function actOf(step: Pick<Step, 'tool' | 'action' | 'parameters'>): string {
  const tool = oneLine(step.tool, ACT_CHARACTERS);
  const ran = ranBy(step);
  return ran === '' ? tool : oneLine(`${tool}: ${ran}`, ACT_CHARACTERS);
}

/** What failed without a word has no error to be known again by. */
function errorOf({ error, result: { type } }: ReadStep): TraceStep['error'] {
  if (error === undefined) return undefined;
  const signature = errorKey(type, error.signature);
  return signature === '' ? undefined : { signature, excerpt: oneLine(error.excerpt, EXCERPT_CHARACTERS) };
}

/** A key that is the same for the same error; empty where nothing was said. */
export function errorKey(
  type: Step['result']['type'],
  { types, codes, words, names }: Omit<ErrorSignature, 'frames'>,
): string {
  const said = [...types, ...codes, ...words.slice(0, SIGNATURE_WORDS)];
  return [...(type === 'timeout' ? ['timeout'] : []), ...(said.length > 0 ? said : names)].join(' ');
}
