// eval: one program in the sandbox.
import { readFile } from 'node:fs/promises';
import { MemoryError } from '@episodica/memory-core';
import type { RunResult } from '@episodica/memory-mcp/sandbox';
import { PROGRAM_FAILED } from '../exit-codes.ts';
import type { Invocation } from '../open.ts';
import { harmless, note, print } from '../output.ts';
import { fileError } from './file-error.ts';
import { jsonFlag } from './json-flag.ts';

/** Flags of `eval`. */
export interface EvalOptions {
  readonly file?: string;
  readonly typescript?: boolean;
  readonly language?: 'javascript' | 'typescript';
  readonly timeoutMs?: number;
  readonly memoryMb?: number;
  readonly input?: string;
}

/** Runs a program in the sandbox, and tells its result, or how it failed. */
export async function evaluate(
  invocation: Invocation,
  code: string | undefined,
  options: EvalOptions,
): Promise<number> {
  const program = await programOf(code, options.file);
  const { timeoutMs, memoryMb, input } = options;
  const language = options.language ?? (options.typescript ? 'typescript' : languageOf(options.file));
  const request = {
    code: program,
    language,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(input === undefined ? {} : { input: jsonFlag('--input', input) }),
  };
  const { openSandbox, runResult } = await import('@episodica/memory-mcp/sandbox');
  const sandbox = openSandbox({ warmWorkers: 1, maxWorkers: 1 });
  try {
    const run = await sandbox.run(request, { signal: invocation.signal });
    if (invocation.format === 'human') await tell(run);
    else await print(invocation.format, runResult(run), () => '');
    return run.ok ? 0 : PROGRAM_FAILED;
  } finally {
    await sandbox.close();
  }
}

async function programOf(code: string | undefined, file: string | undefined): Promise<string> {
  if (code !== undefined && file !== undefined) {
    throw new MemoryError('INVALID_INPUT', 'CODE and --file exclude each other; give one of them.');
  }
  if (code !== undefined) return code;
  if (file === undefined) throw new MemoryError('INVALID_INPUT', 'CODE: is missing; give a program, or --file FILE.');
  try {
    return await readFile(file, 'utf8');
  } catch (cause) {
    throw fileError(file, cause);
  }
}

function languageOf(file: string | undefined): 'javascript' | 'typescript' {
  return file !== undefined && /\.[cm]?tsx?$/u.test(file) ? 'typescript' : 'javascript';
}

/** For people: the result on standard output, what the program logged beside it. */
async function tell(run: RunResult): Promise<void> {
  for (const { level, text } of run.logs) process.stderr.write(`${level}: ${harmless(text)}\n`);
  if (run.logsDropped !== undefined) note('warning', `${run.logsDropped} log lines were dropped`);
  if (run.ok) return print('human', run.result, () => resultText(run.result));
  const { code, name, message, line, excerpt } = run.error;
  const place = line === undefined ? '' : ` (line ${line})`;
  note(code, `${name}: ${message}${place}`);
  if (excerpt !== undefined) process.stderr.write(`${harmless(excerpt)}\n`);
}

function resultText(result: unknown): string {
  return typeof result === 'string' ? harmless(result) : JSON.stringify(result, null, 2);
}
