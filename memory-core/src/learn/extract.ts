// Patterns over many episodes, from those that have not been learnt from yet: the only input and output in this folder.
import { collect, retryingConflicts } from '../context.ts';
import type { CompletedEpisode } from '../episode.ts';
import { baselineId, MIN_SUPPORT, type Pattern } from '../pattern.ts';
import type { CallOptions, IndexTerms, MemoryStore, Write } from '../ports/store.ts';
import {
  evidence,
  scopeOf,
  toolSequenceId,
  toolSequences,
  withEpisodes,
  withEvidence,
  withoutEvidence,
} from './tool-sequence.ts';

export interface ExtractOptions extends CallOptions {
  readonly actor: string;
  /** What the text index holds of a pattern. */
  readonly termsOf: (pattern: Pattern) => IndexTerms;
}

/**
 * Learns from every completed episode that still bears the debt marker, and answers how many those were.
 * Counting an episode and clearing its marker are one write: running again changes nothing, a crash loses nothing,
 * and of two processes at the same episode one wins.
 */
export async function extractPatterns(store: MemoryStore, options: ExtractOptions): Promise<number> {
  let learnt = 0;
  for await (const { id } of store.scan('episode', { status: 'completed', learningPending: true }, options)) {
    if (await learnFrom(store, id, options)) learnt += 1;
  }
  return learnt;
}

/** What must be written beside the deletion of `episode`, so that no pattern rests on it any more. */
export async function forgetEvidence(
  store: MemoryStore,
  episode: CompletedEpisode,
  options: CallOptions,
): Promise<readonly Write[]> {
  const scope = scopeOf(episode);
  if (scope === undefined || episode.learningPending) return [];
  const patternIds: string[] = [];
  for await (const { patternId } of store.scan('evidence', { episodeId: episode.id }, options))
    patternIds.push(patternId);
  const isSuccess = episode.outcome.kind === 'success';
  const patterns = await store.getMany('pattern', patternIds, options);
  const writes = patterns.flatMap((known): readonly Write[] => {
    if (known === undefined) return [];
    const left = withoutEvidence(known, isSuccess);
    return left === undefined
      ? [{ op: 'delete', kind: 'pattern', id: known.id, ifVersion: known.version }]
      : [{ op: 'put', kind: 'pattern', value: left, ifVersion: known.version }];
  });
  const [baseline] = await store.getMany('baseline', [baselineId(scope)], options);
  if (baseline === undefined) return writes;
  const left = withEpisodes(baseline, scope, { episodes: -1, successes: isSuccess ? -1 : 0 });
  // Without episodes it would be no more than the names of a project and a domain.
  const change: Write =
    left.episodes === 0
      ? { op: 'delete', kind: 'baseline', id: left.id, ifVersion: baseline.version }
      : { op: 'put', kind: 'baseline', value: left, ifVersion: baseline.version };
  return [...writes, change];
}

/** Whether this process counted it: not when another was faster, or it was forgotten. */
async function learnFrom(store: MemoryStore, id: string, options: ExtractOptions): Promise<boolean> {
  return retryingConflicts(async () => {
    const [episode] = await store.getMany('episode', [id], options);
    if (episode?.status !== 'completed' || !episode.learningPending) return false;
    await store.write(await learningWrites(store, episode, options), options);
    return true;
  });
}

async function learningWrites(
  store: MemoryStore,
  episode: CompletedEpisode,
  options: ExtractOptions,
): Promise<readonly Write[]> {
  const settled: CompletedEpisode = { ...episode, version: episode.version + 1, learningPending: false };
  const done: Write = { op: 'put', kind: 'episode', value: settled, ifVersion: episode.version };
  const scope = scopeOf(episode);
  if (scope === undefined) return [done];

  const isSuccess = episode.outcome.kind === 'success';
  const [baseline] = await store.getMany('baseline', [baselineId(scope)], options);
  const counted = withEpisodes(baseline, scope, { episodes: 1, successes: isSuccess ? 1 : 0 });

  const sequences = toolSequences(await collect(store.scan('step', { episodeIds: [episode.id] }, options)));
  const ids = sequences.map((tools) => toolSequenceId(scope, tools));
  const known = await store.getMany('pattern', ids, options);
  const patterns = sequences.map((tools, index) =>
    withEvidence(known[index], { scope, tools, isSuccess, at: episode.endedAt }),
  );
  return [
    done,
    { op: 'put', kind: 'baseline', value: counted, ifVersion: counted.version - 1 },
    ...patterns.map((pattern): Write => {
      const put = { op: 'put', kind: 'pattern', value: pattern, ifVersion: pattern.version - 1 } as const;
      // Not before it can be shown does a pattern take room in the index.
      return pattern.support === MIN_SUPPORT ? { ...put, terms: options.termsOf(pattern) } : put;
    }),
    ...patterns.map((pattern): Write => {
      const value = evidence(pattern.id, episode.id, isSuccess);
      return { op: 'put', kind: 'evidence', value, ifVersion: 0 };
    }),
  ];
}
