// execute_code: a program of the model's, run in the sandbox with the memory at hand.
import { MemoryError } from '@episodica/memory-core';
import * as z from 'zod';
import { shortDeclarations } from '../code-mode/declarations.ts';
import { QUOTED } from '../code-mode/examples.ts';
import { codeModeHost } from '../code-mode/host.ts';
import { type CodeModeRights, codeModeMethods } from '../code-mode/methods.ts';
import { DECLARATIONS_URI, EXAMPLES_URI } from '../resources/sandbox.ts';
import {
  DEFAULT_HOST_CALLS,
  DEFAULT_MEMORY_MB,
  DEFAULT_RESULT_BYTES,
  DEFAULT_TIMEOUT_MS,
  MAX_MEMORY_MB,
  MAX_TIMEOUT_MS,
  MIN_MEMORY_MB,
} from '../sandbox/limits.ts';
import type { RunLimits } from '../sandbox/protocol.ts';
import type { RunRequest, StartedRun } from '../sandbox/sandbox.ts';
import { defineTool, type Progress, type Tool } from '../tool.ts';
import { CAPTURED_FROM } from './episodes.ts';
import { runAnswer } from './run-answer.ts';

const executeCodeArguments = z.strictObject({
  code: z.string(),
  language: z.enum(['javascript', 'typescript']).optional().describe('Default: whichever it parses as'),
  input: z.unknown().optional().describe('Any JSON; the program sees it as input'),
  timeout_ms: z.number().min(0).optional().describe(`Default ${DEFAULT_TIMEOUT_MS}, at most ${MAX_TIMEOUT_MS}`),
  memory_mb: z
    .number()
    .min(0)
    .optional()
    .describe(`Default ${DEFAULT_MEMORY_MB}, from ${MIN_MEMORY_MB} to ${MAX_MEMORY_MB}`),
});

const hostCall = z.object({
  method: z.string(),
  effect: z.enum(['read', 'write']),
  status: z.enum(['done', 'failed', 'aborted', 'in_doubt']),
  took_ms: z.number(),
  code: z.string().optional(),
  answer: z.string().optional(),
});

/** What later versions add to it stays valid. */
const executeCodeResult = z.object({
  ok: z.boolean(),
  result: z.unknown().optional(),
  result_cut: z
    .object({ characters: z.number(), beginning: z.string(), advice: z.string() })
    .optional()
    .describe('In place of a result that is too large'),
  notes: z.array(z.string()).optional(),
  logs: z.array(z.object({ level: z.string(), text: z.string(), at_ms: z.number() })),
  logs_dropped: z.number().optional(),
  error: z
    .looseObject({
      code: z.string(),
      name: z.string(),
      message: z.string(),
      line: z.number().optional(),
      column: z.number().optional(),
      excerpt: z.string().optional(),
      stack: z.array(z.string()).optional(),
      hint: z.string().optional(),
      limit: z.object({ name: z.string(), value: z.number() }).optional(),
    })
    .optional(),
  files: z.array(z.object({ path: z.string(), bytes: z.number() })),
  files_left_out: z.number().optional(),
  host_calls: z.array(hostCall),
  host_calls_left_out: z.number().optional(),
  usage: z.object({
    wall_ms: z.number(),
    cpu_ms: z.number(),
    queued_ms: z.number(),
    memory_bytes: z.number(),
    host_calls: z.number(),
    host_bytes: z.number(),
    host_ms: z.number(),
  }),
  limits: z.object({
    timeout_ms: z.number(),
    cpu_ms: z.number(),
    memory_mb: z.number(),
    max_result_bytes: z.number(),
    max_host_calls: z.number(),
    max_host_bytes: z.number(),
    host_call_ms: z.number(),
  }),
  killed: z.boolean(),
});

/** Runs a program, which may do with the memory what `rights` say. */
export function executeCode(rights: CodeModeRights): Tool {
  const isReadOnly = !rights.allowWrites;
  return defineTool({
    name: 'execute_code',
    title: 'Execute code',
    description: () => descriptionFor(rights),
    input: executeCodeArguments,
    output: executeCodeResult,
    effects: { isReadOnly, isIdempotent: isReadOnly },
    lane: 'program',
    changesHolding: rights.allowWrites,
    async run(given, { services, connection, signal, clientName, progress }) {
      if (services.sandbox === undefined) throw new MemoryError('NOT_SUPPORTED', 'This server has no sandbox.');
      const sandbox = await services.sandbox.get();
      const { openEpisodes } = connection;
      const source = { agent: clientName, captured_from: CAPTURED_FROM };
      const host = codeModeHost(services.backend.get, { ...rights, openEpisodes, source });
      const clock = runClock(progress);
      try {
        const ran = await sandbox.run(toRunRequest(given, host), { signal, onStart: clock.start });
        return runAnswer(ran, limitNotes(given, ran.limits));
      } finally {
        clock.stop();
      }
    },
  });
}

/** A program that was given less than was asked for may have failed of it. */
function limitNotes({ timeout_ms, memory_mb }: z.output<typeof executeCodeArguments>, given: RunLimits): string[] {
  return [
    ...(timeout_ms !== undefined && timeout_ms > given.timeoutMs
      ? [`timeout_ms was lowered to ${given.timeoutMs}, which is the most there is.`]
      : []),
    ...(memory_mb !== undefined && memory_mb > given.memoryMb
      ? [`memory_mb was lowered to ${given.memoryMb}, which is the most there is.`]
      : []),
  ];
}

const CLOCK_MS = 500;

/** Tells how much of its time a run has used: nobody knows how far a program is. */
function runClock(progress: Progress): { start(started: StartedRun): void; stop(): void } {
  let timer: NodeJS.Timeout | undefined;
  return {
    start({ timeoutMs, hostCallCount }) {
      const startedMs = performance.now();
      timer = setInterval(() => {
        const elapsedMs = Math.min(Math.round(performance.now() - startedMs), timeoutMs);
        const calls = hostCallCount();
        const message = `running for ${elapsedMs} of at most ${timeoutMs} ms, ${calls} calls of memory so far`;
        progress(elapsedMs, { total: timeoutMs, message });
      }, CLOCK_MS);
    },
    stop: () => clearInterval(timer),
  };
}

const BYTES_PER_MB = 1_048_576;

/** Signatures come from the methods, limits from where they are kept. */
function descriptionFor({ allowWrites }: CodeModeRights): string {
  const access = allowWrites ? 'reads and writes' : 'read-only';
  return [
    'Runs JavaScript or TypeScript in an isolated sandbox with the memory at hand: no network, host files, timers or ' +
      'modules. Call it to search, group and compare many episodes and get back the answer alone, to compute, or to ' +
      'check an idea. The result is the last expression, return value or export default. A program that fails answers ' +
      'ok=false with error {code, message, line, excerpt, hint}: mend it and call again. Globals: input, console, fs ' +
      `(files of the run: readFile, writeFile, readdir …) and memory (${access}; await every call):`,
    ...shortDeclarations(codeModeMethods({ allowWrites })),
    `Limits: ${DEFAULT_TIMEOUT_MS / 1_000} s, ${DEFAULT_MEMORY_MB} MB, ${DEFAULT_HOST_CALLS} calls of memory, ` +
      `${DEFAULT_RESULT_BYTES / BYTES_PER_MB} MB of result.`,
    ...QUOTED.map((program) => `Example: ${program}`),
    `All types: resource ${DECLARATIONS_URI}; programs to start from: ${EXAMPLES_URI}.`,
  ].join('\n');
}

function toRunRequest(
  { code, language, input, timeout_ms, memory_mb }: z.output<typeof executeCodeArguments>,
  host: NonNullable<RunRequest['host']>,
): RunRequest {
  return {
    code,
    host,
    ...(language === undefined ? {} : { language }),
    ...(input === undefined ? {} : { input }),
    ...(timeout_ms === undefined ? {} : { timeoutMs: timeout_ms }),
    ...(memory_mb === undefined ? {} : { memoryMb: memory_mb }),
  };
}
