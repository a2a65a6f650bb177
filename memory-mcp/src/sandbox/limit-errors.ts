// What each limit of a run says when it is met: what happened, the limit in force, and what to do instead. The limits
// of time are in `timeout.ts`, because the pool tells of them too.
import { GUEST_STACK_KB, MAX_NESTING } from './limits.ts';
import type { RunLimits, SandboxError } from './protocol.ts';

/** Levels of objects in objects that a result may have; the guest's encoder counts them. */
const RESULT_DEPTH = 200;

/** The program was refused memory. */
export function memoryError({ memoryMb }: RunLimits): SandboxError {
  return {
    code: 'MEMORY',
    name: 'RangeError',
    message: `The program needs more than ${memoryMb} MB of memory.`,
    hint: 'Work in smaller pieces, keep only the fields you need, or raise memory_mb.',
    limit: { name: 'memory_mb', value: memoryMb },
  };
}

/** There was not even room for what the run is given. */
export function inputMemoryError(limits: RunLimits): SandboxError {
  return {
    ...memoryError(limits),
    message: `The input does not fit into ${limits.memoryMb} MB of memory beside the engine.`,
    hint: 'Hand in less as input, or raise memory_mb.',
  };
}

/** The program calls itself too deeply. */
export function stackError(): SandboxError {
  return {
    code: 'STACK',
    name: 'RangeError',
    message: 'The program calls itself too deeply.',
    hint: 'Use a loop, or a list of what is left to do.',
    limit: { name: 'stack_kb', value: GUEST_STACK_KB },
  };
}

/** The program's own text, or a value in it, nests too deeply for the engine. */
export function nestingError(): SandboxError {
  return {
    ...stackError(),
    message: 'The program nests too deeply for the engine.',
    hint: 'Flatten it: use early returns, functions and lists in place of brackets in brackets.',
  };
}

/** Too many brackets in brackets for the stripper, which is not asked then. */
export function bracketError(): SandboxError {
  return {
    code: 'STATIC_REJECTED',
    name: 'SyntaxError',
    message: `The program nests more than ${MAX_NESTING} brackets, too many to take the types off.`,
    hint: 'Flatten it, or send it as JavaScript.',
    limit: { name: 'max_nesting', value: MAX_NESTING },
  };
}

/** The result is more than `maxResultBytes` of JSON text; `what` says how much it is. */
export function resultSizeError(what: string, { maxResultBytes }: RunLimits): SandboxError {
  return {
    code: 'RESULT_TOO_LARGE',
    name: 'RangeError',
    message: `The result is too large: ${what}.`,
    hint: 'Return a count, a slice or a summary instead.',
    limit: { name: 'max_result_bytes', value: maxResultBytes },
  };
}

/** The result nests too deeply to be handed over. */
export function resultDepthError(what: string): SandboxError {
  return {
    code: 'RESULT_TOO_LARGE',
    name: 'RangeError',
    message: `The result is too large: ${what} that nests more than ${RESULT_DEPTH} levels.`,
    hint: 'Return a flat list, or only the part that matters.',
    limit: { name: 'max_result_depth', value: RESULT_DEPTH },
  };
}

/** One call of the host too many. */
export function hostCallsError({ maxHostCalls }: RunLimits): SandboxError {
  return {
    code: 'HOST_CALL_LIMIT',
    name: 'Error',
    message: `The program made more than ${maxHostCalls} calls of memory.`,
    hint: 'Ask for more in one call: lists of ids, larger limits, or memory.aggregate.',
    limit: { name: 'max_host_calls', value: maxHostCalls },
  };
}

/** Arguments and answers took too much together. */
export function hostBytesError({ maxHostBytes }: RunLimits): SandboxError {
  return {
    code: 'HOST_CALL_LIMIT',
    name: 'Error',
    message: `Arguments and answers of memory took more than ${maxHostBytes} bytes.`,
    hint: 'Ask for less, or for fewer fields.',
    limit: { name: 'max_host_bytes', value: maxHostBytes },
  };
}
