// The host's side of `memory.<method>()`: text in, text out, and nothing of the host's inside in an error.
import { isMemoryError, type Json } from '@episodica/memory-core';
import { MAX_ANSWER_BYTES } from './limits.ts';
import type { HostAnswer, HostCall } from './protocol.ts';

/**
 * Functions that a program may call as `await memory.<method>(...)`. Arguments and answers are JSON. A function's
 * `signal` aborts when the run ends before the answer. What it throws reaches the program as an `Error` with a
 * message: that of a `MemoryError`, or a general one.
 */
export interface HostApi {
  readonly [method: string]: (args: readonly Json[], options: { readonly signal: AbortSignal }) => Promise<Json>;
}

/** Answers one call. Never rejects. */
export async function answerCall(host: HostApi, call: HostCall, signal: AbortSignal): Promise<HostAnswer> {
  const answer = (ok: boolean, text: string): HostAnswer => {
    return { kind: 'answer', runId: call.runId, callId: call.callId, ok, text };
  };
  const refused = (code: string, message: string): HostAnswer => answer(false, JSON.stringify({ code, message }));
  const method = Object.hasOwn(host, call.method) ? host[call.method] : undefined;
  if (method === undefined) return refused('NOT_FOUND', `memory.${call.method} does not exist.`);
  try {
    const text = JSON.stringify((await method(parseArguments(call.arguments), { signal })) ?? null);
    if (Buffer.byteLength(text) <= MAX_ANSWER_BYTES) return answer(true, text);
    const message = `The answer of memory.${call.method} is larger than ${MAX_ANSWER_BYTES} bytes. Ask for less.`;
    return refused('LIMIT_EXCEEDED', message);
  } catch (error) {
    if (isMemoryError(error)) return refused(error.code, withoutPaths(error.message));
    return refused('HOST_FAILED', `memory.${call.method} could not be done.`);
  }
}

// An own key "__proto__" is inert until somebody merges the object: it is left out before anybody can.
function parseArguments(text: string): readonly Json[] {
  const parsed: unknown = text.includes('"__proto__"')
    ? JSON.parse(text, (key, value: unknown) => (key === '__proto__' ? undefined : value))
    : JSON.parse(text);
  // The guest's encoder writes the array of arguments, and JSON text has JSON in it.
  return parsed as readonly Json[];
}

function withoutPaths(message: string): string {
  return message.replace(/(?:file:\/\/|[A-Za-z]:\\|(?<![\w.:/])\/)[^\s"'`,;)]*[\\/][^\s"'`,;)]*/g, '(path)');
}
