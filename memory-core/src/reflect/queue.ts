// Better reflections in the background: an episode is stored with that of our rules, and afterwards somebody is asked who
// may know better. Best effort: what is not told before the memory is closed stays as it is.
import { collect, type MemoryContext, retryingConflicts } from '../context.ts';
import type { CompletedEpisode, Reflection } from '../episode.ts';
import { isMemoryError } from '../errors.ts';
import { similarEpisodes } from '../gather/similar-episodes.ts';
import { salientInsights } from '../learn/salient.ts';
import type { Reflector } from '../ports/reflector.ts';
import { requireAll } from '../retelling.ts';
import { episodeTerms } from '../retrieve/index-terms.ts';

export interface ReflectionQueue {
  /** Asks about this episode when those before it are done. */
  soon(episodeId: string): void;
  /** When nobody is waiting any more. */
  settled(): Promise<void>;
  /** Gives up what waits and what is under way. Idempotent. */
  close(): Promise<void>;
}

/** Episodes that wait: with more, the newest are left as they are. */
const MAX_WAITING = 100;

/** One episode after the other: a model on this machine has enough to do with one. */
export function reflectionQueue(context: MemoryContext, reflector: Reflector): ReflectionQueue {
  const stop = new AbortController();
  let last: Promise<void> = Promise.resolve();
  let waiting = 0;

  async function ask(id: string): Promise<void> {
    waiting -= 1;
    if (stop.signal.aborted) return;
    try {
      await reflectAnew(context, { reflector, id }, { signal: stop.signal });
    } catch (error) {
      if (stop.signal.aborted) return;
      const told = isMemoryError(error) ? { code: error.code, reason: error.message } : { error };
      context.logger.warn({ episodeId: id, ...told }, 'an episode keeps the reflection of the rules');
    }
  }

  return {
    soon(episodeId) {
      if (stop.signal.aborted) return;
      if (waiting === MAX_WAITING) {
        context.logger.warn({ episodeId, waiting }, 'an episode keeps the reflection of the rules: too many wait');
        return;
      }
      waiting += 1;
      last = last.then(() => ask(episodeId));
    },
    settled: () => last,
    async close() {
      stop.abort();
      await last;
    },
  };
}

async function reflectAnew(
  context: MemoryContext,
  { reflector, id }: { readonly reflector: Reflector; readonly id: string },
  options: { readonly signal: AbortSignal },
): Promise<void> {
  const { store } = context;
  const [episode] = await store.getMany('episode', [id], options);
  if (episode?.status !== 'completed') return;
  const steps = await collect(store.scan('step', { episodeIds: [id] }, options));
  const similar = await similarEpisodes(context, { episode, index: context.index.current(options) }, options);
  const told = await reflector.reflect({ episode, steps, similar }, options);
  // All that it was shown may be in what it says: earlier attempts, and what the rules had said of others.
  const of = [...new Set([...similar.map((other) => other.id), ...(episode.reflection.of ?? [])])];
  await retryingConflicts(async () => {
    // It may have been changed, or forgotten, while somebody thought about it; and so may those that it was shown.
    const [now, ...shown] = await store.getMany('episode', [id, ...of], options);
    if (now?.status !== 'completed' || shown.includes(undefined)) return;
    const value = withReflection(now, { ...told, by: reflector.name, ...(of.length === 0 ? {} : { of }) });
    await store.write(
      [
        ...requireAll(of),
        { op: 'put', kind: 'episode', value, ifVersion: now.version, terms: episodeTerms(value, steps) },
      ],
      { ...options, actor: context.actor },
    );
  });
}

function withReflection(episode: CompletedEpisode, reflection: Reflection): CompletedEpisode {
  const { salient } = episode;
  return {
    ...episode,
    version: episode.version + 1,
    reflection,
    ...(salient === undefined ? {} : { salient: { ...salient, insights: salientInsights(reflection) } }),
  };
}
