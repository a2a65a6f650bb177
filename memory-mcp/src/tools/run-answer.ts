// A run as the tool answers it: small enough for a model to read, whatever the program returned or printed.
import type { Json } from '@episodica/memory-core';
import { fittedObject, shortened } from '../fit.ts';
import { runResult } from '../sandbox/run-result.ts';
import type { LogLine, RunResult } from '../sandbox/sandbox.ts';
import type { ToolAnswer } from '../tool.ts';
import { runText } from './run-text.ts';

/** Of a result as JSON; a longer one is not answered, only how it begins. */
const MAX_RESULT_CHARACTERS = 64_000;
const BEGINNING_CHARACTERS = 4_000;
/** Of all lines together, half of them the first and half the last. */
const MAX_LOG_CHARACTERS = 32_000;
const MAX_ERROR_TOKENS = 4_000;
const MAX_FILES = 100;

/** What a program returned that is too large to be answered. */
interface CutResult {
  readonly characters: number;
  readonly beginning: string;
  readonly advice: string;
}

/** The answer of `execute_code`. `remarks`: what is to be said of the run beside what it says of itself. */
export function runAnswer(ran: RunResult, remarks: readonly string[]): ToolAnswer<object> {
  const told = { ...ran, ...boundedLogs(ran) };
  const cut = ran.ok ? cutResult(ran.result) : undefined;
  const { result, error, files: _files, ...rest }: RunFields = runResult(told);
  const files = ran.files.slice(0, MAX_FILES);
  const more = ran.files.length - files.length;
  const notes = [...(ran.ok ? (ran.notes ?? []) : []), ...remarks];
  const structured = {
    ...rest,
    ...(notes.length === 0 ? {} : { notes }),
    ...(cut === undefined && result !== undefined ? { result } : {}),
    ...(cut === undefined ? {} : { result_cut: cut }),
    ...(error === undefined ? {} : { error: fittedObject(error, { maxTokens: MAX_ERROR_TOKENS }) }),
    files,
    ...(more === 0 ? {} : { files_left_out: more }),
  };
  const text = [runText(told, { isResultWhole: cut === undefined }), ...remarks.map((remark) => `Note: ${remark}`)];
  return { structured, text: text.join('\n') };
}

interface RunFields {
  readonly result?: Json;
  readonly error?: object;
  readonly files?: unknown;
}

function cutResult(result: Json): CutResult | undefined {
  const text = JSON.stringify(result);
  if (text.length <= MAX_RESULT_CHARACTERS) return undefined;
  return {
    characters: text.length,
    beginning: shortened(text, BEGINNING_CHARACTERS),
    advice: RETURN_LESS,
  };
}

const RETURN_LESS =
  `An answer holds ${MAX_RESULT_CHARACTERS} characters of result. Nothing of it is kept: run it again and return a ` +
  'part of it, such as rows.slice(0, 100), then the next one; or a count or a summary.';

function boundedLogs({ logs, logsDropped = 0 }: RunResult): Pick<RunResult, 'logs' | 'logsDropped'> {
  const head = fittingCount(logs);
  const tail = fittingCount(logs.slice(head).reverse());
  const dropped = logs.length - head - tail;
  if (dropped === 0) return { logs, ...(logsDropped === 0 ? {} : { logsDropped }) };
  return { logs: [...logs.slice(0, head), ...logs.slice(logs.length - tail)], logsDropped: logsDropped + dropped };
}

function fittingCount(lines: readonly LogLine[]): number {
  let characters = 0;
  const over = lines.findIndex((line) => {
    characters += JSON.stringify(line).length;
    return characters > MAX_LOG_CHARACTERS / 2;
  });
  return over === -1 ? lines.length : over;
}
