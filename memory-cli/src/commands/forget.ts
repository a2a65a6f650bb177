// episode forget: shows what would go, asks, and takes it away.
import { once } from 'node:events';
import { createInterface } from 'node:readline/promises';
import { type Memory, MemoryError } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import { type ForgetResult, forgetResult, forgetText } from '@episodica/memory-core/wire';
import { type Invocation, useMemory } from '../open.ts';
import { print } from '../output.ts';
import { wholeId } from './episode-id.ts';
import { toTime } from './filter.ts';

/** Flags of `episode forget`. */
export interface ForgetOptions {
  readonly project?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly capturedFrom?: string;
  readonly before?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
}

/** Forgets episodes: those that are named, and of them or of all those that every flag describes. */
export async function forget(
  invocation: Invocation,
  given: readonly string[],
  options: ForgetOptions,
): Promise<number> {
  const { signal, format } = invocation;
  const bounds = boundsOf(options);
  if (given.length === 0 && Object.keys(bounds).length === 0) {
    throw new MemoryError(
      'INVALID_INPUT',
      'ID: none is given; name episodes, or give --project, --agent, --session, --captured-from or --before.',
    );
  }
  const isAsking = options.dryRun !== true && options.yes !== true;
  if (isAsking && !(process.stdin.isTTY && process.stderr.isTTY)) {
    throw new MemoryError(
      'INVALID_INPUT',
      '--yes: is needed where nobody can be asked; --dry-run tells what would be forgotten.',
    );
  }
  const result = await useMemory(invocation, async ({ memory }) => {
    const filter = await filterOf(memory, { given, bounds }, signal);
    if (isAsking) {
      const would = forgetResult(await memory.forget(filter, { signal, dryRun: true }));
      if (isNothing(would)) return would;
      if (!(await isConfirmed(would, signal))) return undefined;
    }
    return forgetResult(await memory.forget(filter, { signal, dryRun: options.dryRun }));
  });
  if (result === undefined) {
    throw new MemoryError('ABORTED', 'Nothing was forgotten.');
  }
  await print(format, result, () => forgetText(result));
  return 0;
}

function boundsOf({ project, agent, session, capturedFrom, before }: ForgetOptions): EpisodeFilter {
  return {
    ...(project === undefined ? {} : { project }),
    ...(agent === undefined ? {} : { agent }),
    ...(session === undefined ? {} : { session }),
    ...(capturedFrom === undefined ? {} : { capturedFrom }),
    ...(before === undefined ? {} : { until: toTime('--before', before) }),
  };
}

/** @throws `NOT_FOUND` for an episode that is named and not there: a slip must not look like a success */
async function filterOf(
  memory: Memory,
  { given, bounds }: { readonly given: readonly string[]; readonly bounds: EpisodeFilter },
  signal: AbortSignal,
): Promise<EpisodeFilter> {
  if (given.length === 0) return bounds;
  const ids: string[] = [];
  for (const text of given) ids.push(await wholeId(memory, text, signal));
  const found = await memory.getEpisodes(ids, { signal });
  const missing = ids.find((_, index) => found[index] === undefined);
  if (missing !== undefined)
    throw new MemoryError('NOT_FOUND', `There is no episode ${missing}; nothing was forgotten.`);
  return { ...bounds, ids };
}

function isNothing({ episodes, recommendations_gone }: ForgetResult): boolean {
  return episodes === 0 && recommendations_gone === 0;
}

/** Asks on the terminal; anything but yes is no, and so is Ctrl-C, or the end of the input. */
async function isConfirmed(would: ForgetResult, signal: AbortSignal): Promise<boolean> {
  const terminal = createInterface({ input: process.stdin, output: process.stderr });
  try {
    const question = `${forgetText(would)} This cannot be undone. Go on? [y/N] `;
    const answer = await Promise.race([
      terminal.question(question, { signal }),
      once(terminal, 'close').then(() => ''),
    ]);
    return /^y(?:es)?$/iu.test(answer.trim());
  } catch (cause) {
    if (cause instanceof Error && cause.name === 'AbortError') return false;
    throw cause;
  } finally {
    terminal.close();
  }
}
