// eval: one program in the sandbox, with the memory at hand.
import { MemoryError } from '@episodica/memory-core';
import { legible } from '@episodica/memory-core/wire';
import { codeModeHost, codeModeMethods, declarations } from '@episodica/memory-mcp/code-mode';
import {
  furtherLinesBack,
  type HostCallRecord,
  measuredSandbox,
  openSandbox,
  type ProgramLanguage,
  type RunResult,
  runResult,
  type SandboxError,
} from '@episodica/memory-mcp/sandbox';
import { PROGRAM_FAILED } from '../exit-codes.ts';
import { figuresOf, type Invocation, type Opened, readSettings, useMemoryLater } from '../open.ts';
import { note, onOneLine, print, writeOut } from '../output.ts';
import { givenText } from './given-text.ts';
import { jsonFlag } from './json-flag.ts';

/** Flags of `eval`. */
export interface EvalOptions {
  readonly file?: string;
  readonly typescript?: boolean;
  readonly language?: ProgramLanguage;
  readonly timeoutMs?: number;
  readonly memoryMb?: number;
  readonly input?: string;
  readonly inputFile?: string;
  readonly allowWrites?: boolean;
  readonly types?: boolean;
  readonly verbose?: boolean;
}

/**
 * Runs a program in the sandbox, and tells its result, or how it failed. The memory is opened when it first asks.
 * @throws what kept the memory from being opened, where the program asked it and failed
 */
export async function evaluate(
  invocation: Invocation,
  code: string | undefined,
  options: EvalOptions,
): Promise<number> {
  const { values, notTaken } = await readSettings(invocation);
  const rights = {
    allowWrites: options.allowWrites ?? values.SANDBOX_ALLOW_WRITES,
    isProjectIgnored: notTaken.includes('SANDBOX_ALLOW_WRITES'),
  };
  if (options.types === true) {
    const types = declarations(codeModeMethods(rights));
    if (invocation.format === 'human') await writeOut(types);
    else await print(invocation.format, { types }, () => '');
    return 0;
  }
  const request = await requestOf(invocation, code, options);
  const sandbox = measuredSandbox(openSandbox({ warmWorkers: 1, maxWorkers: 1 }), await figuresOf(invocation));
  let unopened: unknown;
  try {
    const run = await useMemoryLater(invocation, (open) => {
      const backend = async () => {
        const { memory, settings } = await open().catch((error: unknown): Promise<Opened> => {
          unopened = error;
          throw error;
        });
        return { memory, project: settings.project };
      };
      const host = codeModeHost(backend, { ...rights, source: { captured_from: 'cli' } });
      return sandbox.run({ ...request, host }, { signal: invocation.signal });
    });
    if (invocation.format !== 'human') await print(invocation.format, runResult(run), () => '');
    else tellBeside(run, options);
    if (!run.ok && unopened !== undefined) throw unopened;
    if (invocation.format === 'human') await tellEnd(run);
    return run.ok ? 0 : PROGRAM_FAILED;
  } finally {
    await sandbox.close();
  }
}

async function requestOf({ signal }: Invocation, code: string | undefined, options: EvalOptions) {
  const { file, input, inputFile, timeoutMs, memoryMb } = options;
  if (code !== undefined && file !== undefined) {
    throw new MemoryError('INVALID_INPUT', 'CODE and --file exclude each other; give one of them.');
  }
  if (input !== undefined && inputFile !== undefined) {
    throw new MemoryError('INVALID_INPUT', '--input and --input-file exclude each other; give one of them.');
  }
  if (options.typescript === true && options.language === 'javascript') {
    throw new MemoryError(
      'INVALID_INPUT',
      '--typescript and --language javascript exclude each other; give one of them.',
    );
  }
  const source = code === '-' ? code : file;
  if (source === '-' && inputFile === '-') {
    throw new MemoryError(
      'INVALID_INPUT',
      'Program and input cannot both be standard input; put one of them into a file.',
    );
  }
  if (code === undefined && source === undefined) {
    throw new MemoryError('INVALID_INPUT', 'CODE: is missing; give a program, - for standard input, or --file FILE.');
  }
  const program = source === undefined ? code : await givenText(source, signal);
  const language = options.language ?? (options.typescript ? 'typescript' : languageOf(file));
  const given = inputFile === undefined ? input : await givenText(inputFile, signal);
  return {
    code: program ?? '',
    ...(language === undefined ? {} : { language }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
    ...(memoryMb === undefined ? {} : { memoryMb }),
    ...(given === undefined ? {} : { input: jsonFlag(inputFile === undefined ? '--input' : '--input-file', given) }),
  };
}

/** Other names say nothing: then it is whichever it parses as. */
function languageOf(file: string | undefined): ProgramLanguage | undefined {
  return file !== undefined && /\.[cm]?tsx?$/u.test(file) ? 'typescript' : undefined;
}

/** For people, beside the result: what the program logged, left and wrote. */
function tellBeside(run: RunResult, { verbose = false }: EvalOptions): void {
  for (const { level, text } of run.logs) line(`${level}: ${furtherLinesBack(text)}`);
  if (run.logsDropped !== undefined) note('warning', `${run.logsDropped} log lines were dropped`);
  for (const { path, bytes } of run.files) line(`file: ${onOneLine(path)} (${bytes} bytes), gone with the run`);
  for (const call of run.calls) if (verbose || call.effect === 'write') line(callText(call));
  if (run.calls.some(({ code, effect }) => effect === 'write' && code === 'NOT_SUPPORTED')) {
    note('hint', '--allow-writes lets this program write');
  }
  if (verbose) line(usageText(run));
  if (!run.ok && run.killed) note('hint', 'the run was ended from outside: what was written before stays');
}

async function tellEnd(run: RunResult): Promise<void> {
  if (!run.ok) return tellError(run.error);
  for (const remark of run.notes ?? []) note('warning', remark);
  const text = resultText(run.result);
  const isSilent = run.logs.length === 0 && run.notes === undefined;
  if (text !== undefined) await writeOut(`${text}\n`);
  else if (isSilent) note('hint', 'the program has no result: end it with an expression or a return');
}

function tellError({ code, name, message, line: at, excerpt, limit, hint, stack = [] }: SandboxError): void {
  note(code, `${name}: ${message}${at === undefined ? '' : ` (line ${at})`}`);
  if (excerpt !== undefined) line(excerpt);
  for (const caller of stack) line(`    ${onOneLine(caller)}`);
  if (limit !== undefined) note('hint', `the limit was ${limit.name} = ${limit.value}`);
  if (hint !== undefined) note('hint', hint);
}

function line(text: string): void {
  process.stderr.write(`${legible(text)}\n`);
}

/** A write says whether it is there: what was written stays, however the program ended. */
function callText({ method, effect, status, code, tookMs }: HostCallRecord): string {
  const fates: Readonly<Record<HostCallRecord['status'], string>> = {
    done: effect === 'write' ? 'committed' : 'done',
    failed: `refused${code === undefined ? '' : ` (${code})`}${effect === 'write' ? '; nothing was changed' : ''}`,
    aborted: effect === 'write' ? 'not committed, as the run ended first' : 'ended with the run',
    in_doubt: 'perhaps committed: look before you repeat it',
  };
  return `${effect}: memory.${onOneLine(method)} ${fates[status]}, ${Math.ceil(tookMs)} ms`;
}

function usageText({ usage, limits }: RunResult): string {
  return [
    `usage: ${Math.ceil(usage.wallMs)} of ${limits.timeoutMs} ms`,
    `${Math.ceil(usage.cpuMs)} ms of it computing`,
    `${Math.ceil(usage.memoryBytes / 1_048_576)} of ${limits.memoryMb} MB`,
    `${usage.hostCalls} of ${limits.maxHostCalls} calls of memory with ${usage.hostBytes} bytes`,
  ].join(', ');
}

/** Nothing for `undefined`. */
function resultText(result: unknown): string | undefined {
  if (typeof result === 'string') return legible(result);
  const text = JSON.stringify(result, null, 2);
  return text === UNDEFINED ? undefined : legible(text);
}

/** How the sandbox marks a result that is none. */
const UNDEFINED = JSON.stringify({ $undefined: true }, null, 2);
