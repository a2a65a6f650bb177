// A run as a model reads it: the result or what went wrong and where, then what was printed, kept and written, and what
// it cost. Bounded in bytes, because that is what tokens follow in every script; what is cut says so, and where all is.
import { StringDecoder } from 'node:string_decoder';
import { furtherLinesBack } from '../sandbox/run-result.ts';
import type { HostCallRecord, LogLine, RunResult, SandboxError } from '../sandbox/sandbox.ts';

const MAX_RESULT_BYTES = 8_000;
const MAX_MESSAGE_BYTES = 2_000;
const MAX_EXCERPT_BYTES = 1_000;
const MAX_LINE_BYTES = 1_000;
/** Of what was printed: half of it from the beginning, half from the end, where errors tend to be. */
const MAX_LOG_BYTES = 6_000;
const MAX_TOLD_FILES = 20;
const MAX_TOLD_WRITES = 20;
/** A shorter wait for a worker is no news. */
const MIN_TOLD_QUEUED_MS = 100;

/** The whole answer in words. */
export function runText(ran: RunResult, told: { readonly isResultWhole: boolean }): string {
  return [
    ...(ran.ok ? [resultText(ran, told), ...noteLines(ran.notes)] : failureLines(ran.error)),
    ...(ran.killed ? ['The run was ended from outside; what it printed and did until then is below.'] : []),
    ...logLines(ran),
    ...fileLines(ran),
    ...writeLines(ran),
    usageText(ran),
  ].join('\n');
}

function resultText(
  { result }: RunResult & { readonly ok: true },
  { isResultWhole }: { readonly isResultWhole: boolean },
): string {
  const text = JSON.stringify(result);
  if (text === '{"$undefined":true}') {
    return 'ok: undefined. To get a result, end with an expression, a return or export default.';
  }
  const { kept, totalBytes } = beginning(text, MAX_RESULT_BYTES);
  if (kept === text) return `ok: ${text}`;
  const rest = isResultWhole
    ? 'structuredContent.result has all. Return a part, a count or a summary to read less'
    : 'no answer is that long, and nothing of it is kept: run it again and return a part, such as rows.slice(0, 100), a count or a summary';
  return `ok: ${kept}…\n(${cutText({ kept, totalBytes })}; ${rest}.)`;
}

function noteLines(notes: readonly string[] = []): readonly string[] {
  return notes.map((note) => `Note: ${marked(note, MAX_LINE_BYTES)}`);
}

function failureLines(error: SandboxError): readonly string[] {
  const { code, name, message, line, column, excerpt, hint, limit, stack = [] } = error;
  const place = line === undefined ? '' : ` (line ${line}${column === undefined ? '' : `, column ${column}`})`;
  return [
    `failed: ${code}${place}: ${marked(`${name}: ${message}`, MAX_MESSAGE_BYTES)}`,
    ...(excerpt === undefined ? [] : [beginning(excerpt, MAX_EXCERPT_BYTES).kept]),
    ...stack.map((caller) => `  ${marked(caller, MAX_LINE_BYTES)}`),
    ...(limit === undefined ? [] : [`Limit: ${limit.name} = ${limit.value}.`]),
    ...(hint === undefined ? [] : [`Hint: ${hint}`]),
  ];
}

function logLines({ logs, logsDropped = 0 }: RunResult): readonly string[] {
  const lines = logs.map(lineText);
  const head = fittingCount(lines);
  const tail = fittingCount(lines.slice(head).reverse());
  const between = lines.length - head - tail;
  const untold = between + logsDropped;
  const gap = `(${untold} more lines${between === 0 ? '' : `; structuredContent.logs has ${between} of them`})`;
  return [...lines.slice(0, head), ...(untold === 0 ? [] : [gap]), ...lines.slice(lines.length - tail)];
}

function lineText({ level, text }: LogLine): string {
  return `[${level}] ${marked(text, MAX_LINE_BYTES)}`;
}

/** How many of the first lines fit into half of what is told. */
function fittingCount(lines: readonly string[]): number {
  let bytes = 0;
  const over = lines.findIndex((line) => {
    bytes += Buffer.byteLength(line) + 1;
    return bytes > MAX_LOG_BYTES / 2;
  });
  return over === -1 ? lines.length : over;
}

function fileLines({ files }: RunResult): readonly string[] {
  if (files.length === 0) return [];
  const told = files.slice(0, MAX_TOLD_FILES).map(({ path, bytes }) => `${JSON.stringify(path)} (${bytes} bytes)`);
  const more = files.length - told.length;
  return [`Files, gone with the run: ${told.join(', ')}${more === 0 ? '' : ` and ${more} more`}.`];
}

/** What a program wrote stays, also where the program failed behind it: so each write says whether it is there. */
function writeLines({ ok, calls }: RunResult): readonly string[] {
  const writes = calls.filter(({ effect }) => effect === 'write');
  const told = writes.slice(0, MAX_TOLD_WRITES).map((write) => `Wrote memory.${write.method}: ${fateText(write, ok)}`);
  const rest = writes.slice(told.length);
  if (rest.length === 0) return told;
  const done = rest.filter(({ status }) => status === 'done').length;
  return [...told, `and ${rest.length} more writes, ${done} of them committed.`];
}

function fateText({ status, code, answer }: HostCallRecord, isRunDone: boolean): string {
  switch (status) {
    case 'done':
      return `committed${isRunDone || answer === undefined ? '' : `; it answered ${answer}`}.`;
    case 'failed':
      return `refused${code === undefined ? '' : ` (${code})`}; nothing was changed.`;
    case 'aborted':
      return 'not committed: the run ended first.';
    case 'in_doubt':
      return 'perhaps committed, nobody knows: look before you repeat it.';
  }
}

function usageText({ usage }: RunResult): string {
  const { wallMs, cpuMs, queuedMs, memoryBytes, hostCalls } = usage;
  return [
    `${time(wallMs)} (${time(cpuMs)} computing)`,
    ...(queuedMs < MIN_TOLD_QUEUED_MS ? [] : [`${time(queuedMs)} waiting for a worker`]),
    ...(memoryBytes === 0 ? [] : [`${Math.ceil(memoryBytes / 1_048_576)} MB`]),
    `${hostCalls} ${hostCalls === 1 ? 'call' : 'calls'} of memory.`,
  ].join(', ');
}

function time(durationMs: number): string {
  return durationMs < 1_000 ? `${Math.ceil(durationMs)} ms` : `${(durationMs / 1_000).toFixed(1)} s`;
}

interface Beginning {
  readonly kept: string;
  readonly totalBytes: number;
}

/** The first `maxBytes` of UTF-8 without half a character at the end. */
function beginning(text: string, maxBytes: number): Beginning {
  const totalBytes = Buffer.byteLength(text);
  if (totalBytes <= maxBytes) return { kept: text, totalBytes };
  return { kept: new StringDecoder('utf8').write(Buffer.from(text).subarray(0, maxBytes)), totalBytes };
}

/** A text of the program's. Its further lines stand back, so that none passes for a line of ours. */
function marked(text: string, maxBytes: number): string {
  const { kept, totalBytes } = beginning(text, maxBytes);
  const told = furtherLinesBack(kept);
  return kept === text ? told : `${told}… (${cutText({ kept, totalBytes })})`;
}

function cutText({ kept, totalBytes }: Beginning): string {
  return `${totalBytes - Buffer.byteLength(kept)} of ${totalBytes} bytes are left out`;
}
