// The memory as a host of the sandbox.
import { isMemoryError, MemoryError } from '@episodica/memory-core';
import type { HostApi, HostFunction } from '../sandbox/sandbox.ts';
import { type CodeModeBackend, type CodeModeCall, type CodeModeMethod, refuseExtraArguments } from './method.ts';
import { answeringMethods, type CodeModeRights } from './methods.ts';

/** What programs may do, and for whom they run. */
export interface CodeModeHostOptions extends CodeModeRights, Pick<CodeModeCall, 'openEpisodes' | 'source'> {}

/** `memory.<method>()` for one run or many; the memory is opened by the first call. */
export function codeModeHost(openBackend: () => Promise<CodeModeBackend>, options: CodeModeHostOptions): HostApi {
  const { openEpisodes, source } = options;
  const called = { backend: openBackend, openEpisodes, source };
  return Object.fromEntries(answeringMethods(options).map((method) => [method.name, hostFunction(method, called)]));
}

function hostFunction(method: CodeModeMethod, called: Omit<CodeModeCall, 'signal'>): HostFunction {
  return {
    effect: method.effect,
    isPaged: method.isPaged,
    isOffered: method.isRefused !== true,
    async answer(args, { signal }) {
      refuseExtraArguments(method, args);
      return named(method.name, () => method.call(args, { ...called, signal }));
    },
  };
}

/** What the memory itself refuses of what was given is told by the name of the method, as what is checked before. */
async function named<T>(name: string, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    if (!isMemoryError(error) || !INPUT_CODES.has(error.code) || error.message.startsWith(`memory.${name}`))
      throw error;
    throw new MemoryError(error.code, `memory.${name}: ${error.message}`, { cause: error });
  }
}

const INPUT_CODES: ReadonlySet<string> = new Set(['INVALID_INPUT', 'LIMIT_EXCEEDED']);
