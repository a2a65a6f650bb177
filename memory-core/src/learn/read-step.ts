// What is read of a step, once for all that learn from it: what it ran, what that checks, and what went wrong. Pure.
import { resultText, type Step } from '../episode.ts';
import { errorExcerpt } from '../error-text.ts';
import { type ErrorSignature, errorSignature } from '../retrieve/error-signature.ts';
import { type Command, commandsIn } from './checks/command-line.ts';
import { namedTool, type Program, programOf } from './checks/program.ts';
import { isLooking, isShell, lineOf } from './doing.ts';

/** All that is read of. */
export type ToldStep = Pick<Step, 'number' | 'tool' | 'action' | 'parameters' | 'result'>;

/** A program that checks, and what the exit code of its line says of it. */
export interface Asked {
  readonly program: Program;
  readonly exit: Command['exit'];
}

export interface Reading {
  /** Of its line of shell, in order; none where its tool is no shell and was given none. */
  readonly commands: readonly (readonly string[])[];
  /** What it checks, whether or not it tells how that ended. */
  readonly asked: readonly Asked[];
  /** It only looks, or thinks. */
  readonly isLooking: boolean;
  /** It checks the work: tests, types, lint, a build. */
  readonly isVerification: boolean;
  /** Of what did not succeed. */
  readonly error?: { readonly excerpt: string; readonly signature: ErrorSignature };
}

export type ReadStep = Step & Reading;

/** Each step with its reading. */
export function readSteps<S extends ToldStep>(steps: readonly S[]): readonly (S & Reading)[] {
  return steps.map((step) => ({ ...step, ...reading(step) }));
}

function reading(step: ToldStep): Reading {
  const line = lineOf(step);
  const commands = line === undefined ? [] : commandsIn(line);
  const asked = askedBy(step, commands);
  const read = {
    commands: commands.map(({ words }) => words),
    asked,
    isLooking: isLooking(step, line),
    isVerification: asked.some(({ program: { kind } }) => kind !== 'exit' && kind !== 'commit'),
  };
  if (step.result.type === 'success') return read;
  const excerpt = errorExcerpt(resultText(step.result));
  return { ...read, error: { excerpt, signature: errorSignature(excerpt) } };
}

function askedBy(step: ToldStep, commands: readonly Command[]): readonly Asked[] {
  const found = commands.flatMap(({ words, exit }) => {
    const program = programOf(words);
    return program === undefined ? [] : [{ program, exit }];
  });
  if (found.length > 0 || isShell(step)) return found;
  const program = namedTool(step.tool);
  if (program === undefined) return [];
  const targets = Object.values(step.parameters).filter((value) => typeof value === 'string');
  return [{ program: { ...program, targets }, exit: 'own' }];
}
