// What a method of `memory` is to a program in the sandbox, and how its arguments are checked.
import { isMemoryError, type Json, MemoryError } from '@episodica/memory-core';
import type { z } from 'zod';
import { checkedArguments, kindOf } from '../arguments.ts';
import type { OpenEpisodes } from '../connection.ts';
import type { Backend } from '../services.ts';
import { isPageBehind } from './pages.ts';

/** The memory that programs see, and the project that counts where they name none. */
export type CodeModeBackend = Pick<Backend, 'memory' | 'project'>;

/** What a call is given beside its arguments. */
export interface CodeModeCall {
  /** Opens the memory when it is first needed. */
  readonly backend: () => Promise<CodeModeBackend>;
  /** Aborts when the run ends before the answer. */
  readonly signal: AbortSignal;
  /** What the caller is at work on: a search leaves it out, and writes are noted in it. */
  readonly openEpisodes?: OpenEpisodes | undefined;
  /** Where an episode that a program begins came from. */
  readonly source?: { readonly agent?: string | undefined; readonly captured_from?: string | undefined } | undefined;
}

/** A method as it is described, called and checked: one table for programs, declarations and tests. */
export interface CodeModeMethod {
  readonly name: string;
  readonly effect: 'read' | 'write';
  /** It answers `{items, next}` and is called again with `[first argument, next]` until `next` is null; one thing alone is its `items`. */
  readonly isPaged: boolean;
  /** It only says why it is not to be had. @default false */
  readonly isRefused?: boolean;
  /** One or two sentences for whoever writes programs. */
  readonly doc: string;
  readonly parameters: readonly CodeModeParameter[];
  /** What the program gets; of a paged method the array of all its items. */
  readonly result: z.ZodType;
  /** All that a row can have, where the first argument chooses from it by `fields`; `result` is a row without that. */
  readonly fieldsOf?: z.ZodType;
  /** One line of a program. */
  readonly example: string;
  call(args: readonly Json[], call: CodeModeCall): Promise<Json>;
}

/** One argument by its place. */
export interface CodeModeParameter {
  readonly name: string;
  readonly schema: z.ZodType;
  readonly isOptional: boolean;
}

/**
 * An argument, checked.
 * @throws `INVALID_INPUT` or `LIMIT_EXCEEDED` that names the method, every field at fault and what to give
 */
export function argument<T>(schema: z.ZodType<T>, given: Json | undefined, method: string): T {
  try {
    return checkedArguments(schema, given, method);
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    throw new MemoryError(error.code, `${method}: ${error.message}`, { cause: error });
  }
}

/**
 * A text alone stands for the object that has it under `name`.
 * @throws `INVALID_INPUT` for what is neither
 */
export function asQuestion(
  given: Json | undefined,
  { parameter, name, method }: { readonly parameter: string; readonly name: string; readonly method: string },
): Json {
  if (typeof given === 'string') return { [name]: given };
  if (typeof given === 'object' && given !== null && !Array.isArray(given)) return given;
  const what = given === undefined || given === null ? 'missing' : kindOf(given);
  throw new MemoryError(
    'INVALID_INPUT',
    `${method}: ${parameter}: is ${what}; give a text, or an object with ${name}.`,
  );
}

/** @throws `INVALID_INPUT` where there are more arguments than the method takes */
export function refuseExtraArguments({ name, parameters, isPaged }: CodeModeMethod, args: readonly Json[]): void {
  const taken = isPaged && isPageBehind(args[1]) ? 2 : parameters.length;
  if (args.length <= taken) return;
  const names = parameters.map((parameter) => parameter.name).join(', ');
  throw new MemoryError('INVALID_INPUT', `memory.${name}: takes (${names}), not ${args.length} arguments.`);
}

/** The outward forms are JSON by construction; interfaces without an index signature cannot say so. */
export function json(value: object): Json {
  // See above.
  return value as unknown as Json;
}
