// episode forget: shows what would go, asks, and takes it away.
import { type Memory, MemoryError } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import { type ForgetResult, forgetResult, forgetText } from '@episodica/memory-core/wire';
import { type Invocation, useDatabaseFile, useMemory } from '../open.ts';
import { print } from '../output.ts';
import { withElapsed } from '../progress.ts';
import { confirm, refuseUnasked } from './confirm.ts';
import { eraseExitCode, eraseText, eraseTraces } from './erase.ts';
import { toTime } from './since.ts';
import { wholeId } from './whole-id.ts';

/** Flags of `episode forget`. */
export interface ForgetOptions {
  readonly project?: string;
  readonly agent?: string;
  readonly session?: string;
  readonly capturedFrom?: string;
  readonly before?: string;
  readonly yes?: boolean;
  readonly dryRun?: boolean;
  readonly secure?: boolean;
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
  const { yes, dryRun } = options;
  // Before anything is forgotten: what a host keeps of it is out of our hands.
  if (options.secure === true) await useDatabaseFile(invocation, async () => undefined);
  const isAsking = dryRun !== true && yes !== true;
  if (isAsking) refuseUnasked();
  const result = await useMemory(invocation, async ({ memory, store }) => {
    // What others wrote since is to go as well, or it would seem that nothing is left.
    await store.replica?.sync();
    const filter = await filterOf(memory, { given, bounds }, signal);
    let expected: number | undefined;
    if (isAsking) {
      const would = forgetResult(await memory.forget(filter, { signal, dryRun: true }));
      if (isNothing(would)) return would;
      expected = would.episodes;
      await confirm(`${forgetText(would)} This cannot be undone. Go on?`, { yes, signal });
    }
    const receipt = forgetResult(
      await withElapsed('forget', () => memory.forget(filter, { signal, dryRun, expected })),
    );
    // Until then the text of a pattern, or the name of a kind of task, may hold words of what went.
    if (options.secure === true && dryRun !== true) {
      await withElapsed('learn', () => memory.learnPending({ signal }));
    }
    return receipt;
  });
  if (options.secure !== true || dryRun === true || isNothing(result)) {
    await print(format, result, () => forgetText(result));
    return 0;
  }
  const erased = await eraseTraces(invocation);
  await print(format, { ...result, ...erased }, () => `${forgetText(result)}\n${eraseText(erased)}`);
  return eraseExitCode(erased);
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
