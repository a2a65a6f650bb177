// What went wrong, as it is told: its code, one line of what happened in the words of the command line, and what to do.
import { EXIT_CODES, isMemoryError, issuesText, type MemoryError } from '@episodica/memory-core';
import { type Command, CommanderError } from 'commander';
import { INTERNAL_ERROR } from './exit-codes.ts';
import { type Format, jsonLine, note, onOneLine } from './output.ts';

/** An error in the form in which it is told. */
interface ToldError {
  /** Of the library, or `INTERNAL`. */
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  /** Whether the same command may succeed later. */
  readonly retryable: boolean;
}

/** How an error is told. */
interface Told {
  readonly format: Format;
  /** The one that had begun. */
  readonly command: Command | undefined;
  /** By which the log knows it. */
  readonly request: string | undefined;
}

/** Tells an error of `command`, where one had begun: as one line of JSON, or one for people and perhaps a hint. Answers the exit code. */
export function tellError(error: unknown, { format, command, request }: Told): number {
  const { exitCode, told } = described(error, command);
  // For people, help that stands in for a missing command has said everything.
  if (told === undefined || (isMissingCommand(error) && format !== 'json')) return exitCode;
  if (format === 'json') {
    process.stderr.write(jsonLine({ error: { ...told, message: onOneLine(told.message) } }));
    return exitCode;
  }
  note(told.code, told.message);
  if (told.hint !== undefined) note('hint', told.hint);
  if (told.code === 'INTERNAL' && request !== undefined) {
    note('hint', `where it happened: memory-cli logs search --request ${request}`);
  }
  return exitCode;
}

/** Nothing is told of help, which was asked for. */
function described(
  error: unknown,
  command: Command | undefined,
): { readonly exitCode: number; readonly told?: ToldError } {
  if (error instanceof CommanderError) {
    if (error.exitCode === 0) return { exitCode: 0 };
    return {
      exitCode: EXIT_CODES.INVALID_INPUT,
      told: { code: 'INVALID_INPUT', ...usageText(error), retryable: false },
    };
  }
  if (isMemoryError(error)) {
    const { code, retryable } = error;
    const hint = retryable ? { hint: 'the same command may succeed in a moment' } : {};
    return { exitCode: EXIT_CODES[code], told: { code, message: inFlags(error, command), ...hint, retryable } };
  }
  const message = error instanceof Error ? error.message : String(error);
  const hint = 'this is a mistake of the program; please report it';
  return { exitCode: INTERNAL_ERROR, told: { code: 'INTERNAL', message, hint, retryable: false } };
}

function isMissingCommand(error: unknown): boolean {
  return error instanceof CommanderError && error.code === 'commander.help';
}

function usageText(error: CommanderError): Pick<ToldError, 'message' | 'hint'> {
  if (isMissingCommand(error)) return { message: 'a command is missing', hint: '--help names all of them' };
  const [what = '', hint] = error.message.replace(/^error: /u, '').split('\n');
  return { message: what, ...(hint ? { hint: hint.replace(/^\((.*)\)$/u, '$1') } : {}) };
}

/** The library names what it was handed in by its own names: here it goes by the flags and arguments of the command. */
function inFlags({ issues = [], message }: MemoryError, command: Command | undefined): string {
  if (issues.length === 0 || command === undefined) return message;
  return issuesText(issues.map(({ path, problem }) => ({ path: flagOf(command, path), problem })));
}

function flagOf(command: Command, path: string): string {
  const parts = path.split('.').filter((part) => !/^\d+$/u.test(part));
  const [field = path] = parts.length > 1 && CONTAINERS.has(parts[0] ?? '') ? parts.slice(1) : parts;
  for (const name of [field, ...(FLAG_NAMES[field] ?? [])]) {
    const option = command.options.find((each) => each.attributeName() === name);
    if (option?.long) return option.long;
    if (command.registeredArguments.some((each) => each.name() === name)) return name.toUpperCase();
  }
  return path;
}

/** Parts of what is handed in that are flags only by what they hold. */
const CONTAINERS = new Set(['result', 'outcome', 'situation', 'context']);

/** Fields of the library that commands call otherwise. */
const FLAG_NAMES: Readonly<Record<string, readonly string[]>> = {
  description: ['task'],
  taskType: ['type'],
  tags: ['tag'],
  tagsAll: ['tag'],
  tagsAny: ['anyTag'],
  metadata: ['meta'],
  metadataKeys: ['meta'],
  parameters: ['params'],
  tokensUsed: ['tokens'],
  artifacts: ['artifact'],
  files: ['file'],
  text: ['query'],
  recommendationId: ['recommendation'],
  episodeId: ['episode'],
  isSuccess: ['outcome'],
};
