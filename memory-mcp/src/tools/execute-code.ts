// execute_code: a program of the model's, run in the sandbox with the memory at hand.
import { MemoryError } from '@episodica/memory-core';
import { z } from 'zod';
import { hostApi } from '../host-api.ts';
import { MAX_MEMORY_MB, MAX_TIMEOUT_MS, MIN_MEMORY_MB } from '../sandbox/limits.ts';
import { runResult } from '../sandbox/run-result.ts';
import type { RunRequest, RunResult } from '../sandbox/sandbox.ts';
import { defineTool, type Tool } from '../tool.ts';

/** Characters of a result, and of each log line, in the text; the structured result has all. */
const MAX_TOLD_RESULT = 8_000;
const MAX_TOLD_LOGS = 50;

const executeCodeArguments = z.strictObject({
  code: z.string().describe('The result is the last expression, return value or export default, awaited'),
  language: z.enum(['javascript', 'typescript']).optional().describe('Default "javascript"'),
  input: z.unknown().optional().describe('Any JSON; the program sees it as input'),
  timeout_ms: z.number().min(1).optional().describe(`Default 5000, at most ${MAX_TIMEOUT_MS}`),
  memory_mb: z.number().min(1).optional().describe(`Default 64, from ${MIN_MEMORY_MB} to ${MAX_MEMORY_MB}`),
});

/** Runs a program. */
export const executeCode: Tool = defineTool({
  name: 'execute_code',
  title: 'Execute code',
  description:
    'Runs JavaScript or TypeScript in an isolated sandbox without network, files of this machine, timers or modules. ' +
    'Call it to compute, to check an idea, or to look through the memory in bulk. Globals: console, input, and memory ' +
    '(read-only, await each call): memory.search(query or {query, …}), memory.episodes({project, scope, domain, ' +
    'task_type, outcome, status, tags, since, until, limit}), memory.episode(id), memory.steps(id), ' +
    'memory.patterns({domain, …}). A program that fails is a result with ok=false and error.',
  input: executeCodeArguments,
  output: z.object({
    ok: z.boolean(),
    result: z.unknown().optional(),
    logs: z.array(z.object({ level: z.string(), text: z.string(), at_ms: z.number() })),
    logs_dropped: z.number().optional(),
    error: z
      .object({
        code: z.string(),
        name: z.string(),
        message: z.string(),
        line: z.number().optional(),
        column: z.number().optional(),
        excerpt: z.string().optional(),
      })
      .optional(),
    usage: z.object({
      wall_ms: z.number(),
      cpu_ms: z.number(),
      queued_ms: z.number(),
      memory_bytes: z.number(),
      host_calls: z.number(),
    }),
    limits: z.object({
      timeout_ms: z.number(),
      memory_mb: z.number(),
      max_result_bytes: z.number(),
      max_host_calls: z.number(),
    }),
  }),
  effects: { isReadOnly: true, isIdempotent: true },
  async run(given, { services, signal }) {
    if (services.sandbox === undefined) throw new MemoryError('NOT_SUPPORTED', 'This server has no sandbox.');
    const sandbox = await services.sandbox.get();
    const ran = await sandbox.run(toRunRequest(given, hostApi(services.backend.get)), { signal });
    return { structured: runResult(ran), text: runText(ran) };
  },
});

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

function runText(ran: RunResult): string {
  const logs = ran.logs.slice(0, MAX_TOLD_LOGS).map(({ level, text }) => `[${level}] ${shortened(text)}`);
  const untold = ran.logs.length - logs.length + (ran.logsDropped ?? 0);
  return [
    ran.ok ? `ok: ${shortened(JSON.stringify(ran.result))}` : errorText(ran.error),
    ...logs,
    ...(untold > 0 ? [`(${untold} more lines)`] : []),
  ].join('\n');
}

function errorText({ code, name, message, line, column, excerpt }: (RunResult & { ok: false })['error']): string {
  const place = line === undefined ? '' : ` at ${line}:${column ?? 1}`;
  return `failed (${code}): ${name}: ${message}${place}${excerpt === undefined ? '' : `\n${excerpt}`}`;
}

function shortened(text: string): string {
  return text.length <= MAX_TOLD_RESULT ? text : `${text.slice(0, MAX_TOLD_RESULT)}…`;
}
