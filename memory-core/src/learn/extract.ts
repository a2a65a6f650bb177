// Patterns over many episodes: counts in those that have not been learnt from yet, and takes out those that are
// forgotten. The only input and output in this folder.
import { collect, retryingConflicts } from '../context.ts';
import type { CompletedEpisode, Episode } from '../episode.ts';
import { type Baseline, baselineId, MIN_SUPPORT, type Pattern, type PatternEvidence, type Scope } from '../pattern.ts';
import type { CallOptions, IndexTerms, MemoryStore, Write } from '../ports/store.ts';
import { evidence, scopeOf, toolSequenceId, toolSequences, withEpisodes, withEvidence } from './tool-sequence.ts';

export interface ExtractOptions extends CallOptions {
  readonly actor: string;
  /** What the text index holds of a pattern. */
  readonly termsOf: (pattern: Pattern) => IndexTerms;
}

/** Runs of tools that an episode holds, by the id of the episode. */
export type SequencesByEpisode = ReadonlyMap<string, readonly (readonly string[])[]>;

/** Episodes learnt from in one write, and the pieces of evidence after which no other is begun. */
const BATCH_EPISODES = 64;
const BATCH_EVIDENCE = 1_000;

/**
 * Learns from every completed episode that still bears the debt marker, and answers how many those were.
 * Counting episodes and clearing their markers are one write: running again changes nothing, a crash loses nothing,
 * and of two processes at the same episode one wins.
 */
export async function extractPatterns(store: MemoryStore, options: ExtractOptions): Promise<number> {
  let learnt = 0;
  let ids: string[] = [];
  for await (const { id } of store.scan('episode', { status: 'completed', learningPending: true }, options)) {
    ids.push(id);
    if (ids.length < BATCH_EPISODES) continue;
    learnt += await learnFrom(store, { ids }, options);
    ids = [];
  }
  return learnt + (await learnFrom(store, { ids }, options));
}

/**
 * Learns from those of these episodes that bear the debt marker, and answers how many those were. `sequences` stands
 * in place of what their steps would show.
 */
export async function learnFrom(
  store: MemoryStore,
  from: { readonly ids: readonly string[]; readonly sequences?: SequencesByEpisode },
  options: ExtractOptions,
): Promise<number> {
  let learnt = 0;
  for (let ids = from.ids; ids.length > 0; ) {
    const done = await retryingConflicts(async () => {
      const pending = { ids, status: 'completed', learningPending: true } as const;
      const episodes = (await collect(store.scan('episode', pending, options))).filter(isCompleted);
      const sequences = from.sequences ?? (await sequencesOf(store, episodes, options));
      const taken = firstOf(episodes, sequences);
      if (taken.length > 0) await store.write(await learningWrites(store, taken, sequences, options), options);
      return { taken: new Set(taken.map(({ id }) => id)), isAll: taken.length === episodes.length };
    });
    learnt += done.taken.size;
    // Those that another process was faster with drop out by themselves.
    ids = done.isAll ? [] : ids.filter((id) => !done.taken.has(id));
  }
  return learnt;
}

/** What the patterns lose with episodes that go, gathered some episodes at a time. */
export interface Unlearning {
  /** Adds episodes that are about to be deleted; answers how many pieces of evidence go with them. */
  add(episodes: readonly Episode[]): Promise<number>;
  /** Whether a pattern rests on one of them. */
  touches(patternId: string): boolean;
  /** What must be written beside the deletions, so that patterns and base rates are as if these had never been. */
  writes(): Promise<Unlearnt>;
}

/** Patterns as they will be, and what brings them there. */
export interface Unlearnt {
  readonly writes: readonly Write[];
  /** Patterns that no evidence is left for. */
  readonly goneIds: readonly string[];
  /** Patterns that lose some of their evidence. */
  readonly weakened: number;
  /** Patterns that leave the text index, because they are gone or are no longer shown. */
  readonly textEntries: number;
}

/** Gathers what `writes` must take back. Holds counts, and no episode. */
export function unlearning(store: MemoryStore, options: CallOptions): Unlearning {
  const patterns = new Map<string, Tally>();
  const scopes = new Map<string, Tally & { readonly scope: Scope }>();
  return {
    async add(episodes) {
      const learnt: string[] = [];
      for (const episode of episodes.filter(isCompleted)) {
        const scope = scopeOf(episode);
        if (scope === undefined || episode.learningPending) continue;
        const id = baselineId(scope);
        scopes.set(id, { scope, ...withOne(scopes.get(id), episode.outcome.kind === 'success') });
        learnt.push(episode.id);
      }
      let found = 0;
      if (learnt.length === 0) return found;
      for await (const { patternId, isSuccess } of store.scan('evidence', { episodeIds: learnt }, options)) {
        patterns.set(patternId, withOne(patterns.get(patternId), isSuccess));
        found += 1;
      }
      return found;
    },
    touches: (patternId) => patterns.has(patternId),
    async writes() {
      const left: { readonly pattern: Pattern; readonly gone: Tally; readonly support: number }[] = [];
      const [known, baselines] = await Promise.all([
        store.getMany('pattern', [...patterns.keys()], options),
        store.getMany('baseline', [...scopes.keys()], options),
      ]);
      for (const pattern of known) {
        const gone = patterns.get(pattern?.id ?? '');
        if (pattern === undefined || gone === undefined) continue;
        left.push({ pattern, gone, support: pattern.support - gone.count });
      }
      const dying = left.filter(({ support }) => support <= 0);
      const weakened = left.filter(({ support }) => support > 0);
      const hidden = left.filter(({ pattern, support }) => pattern.support >= MIN_SUPPORT && support < MIN_SUPPORT);
      return {
        writes: [
          ...[...dying, ...weakened].map(({ pattern, gone }) => patternWithout(pattern, gone)),
          ...baselines.flatMap((baseline) => baselineWithout(baseline, baseline && scopes.get(baseline.id))),
        ],
        goneIds: dying.map(({ pattern }) => pattern.id),
        weakened: weakened.length,
        textEntries: hidden.length,
      };
    },
  };
}

/** Episodes, and how many of them succeeded. */
interface Tally {
  readonly count: number;
  readonly successes: number;
}

function withOne(tally: Tally = { count: 0, successes: 0 }, isSuccess: boolean): Tally {
  return { count: tally.count + 1, successes: tally.successes + (isSuccess ? 1 : 0) };
}

function patternWithout(pattern: Pattern, gone: Tally): Write {
  const support = pattern.support - gone.count;
  if (support <= 0) return { op: 'delete', kind: 'pattern', id: pattern.id, ifVersion: pattern.version };
  const successes = pattern.successes - gone.successes;
  const value = { ...pattern, version: pattern.version + 1, support, successes };
  const put = { op: 'put', kind: 'pattern', value, ifVersion: pattern.version } as const;
  // What is no longer shown takes no room in the index, as before it was shown.
  return support < MIN_SUPPORT ? { ...put, terms: { title: [], body: [] } } : put;
}

function baselineWithout(
  baseline: Baseline | undefined,
  gone: (Tally & { readonly scope: Scope }) | undefined,
): readonly Write[] {
  if (baseline === undefined || gone === undefined) return [];
  const value = withEpisodes(baseline, gone.scope, { episodes: -gone.count, successes: -gone.successes });
  return value.episodes <= 0
    ? [{ op: 'delete', kind: 'baseline', id: baseline.id, ifVersion: baseline.version }]
    : [{ op: 'put', kind: 'baseline', value, ifVersion: baseline.version }];
}

function isCompleted(episode: Episode): episode is CompletedEpisode {
  return episode.status === 'completed';
}

async function sequencesOf(
  store: MemoryStore,
  episodes: readonly CompletedEpisode[],
  options: CallOptions,
): Promise<SequencesByEpisode> {
  const tools = new Map(episodes.map(({ id }) => [id, [] as { readonly tool: string }[]]));
  // Of the steps, only the names of their tools are kept: outputs can be large.
  for await (const { episodeId, tool } of store.scan('step', { episodeIds: [...tools.keys()] }, options)) {
    tools.get(episodeId)?.push({ tool });
  }
  return new Map([...tools].map(([id, used]) => [id, toolSequences(used)]));
}

/** As many of them, from the first, as one write should hold. */
function firstOf(episodes: readonly CompletedEpisode[], sequences: SequencesByEpisode): readonly CompletedEpisode[] {
  let count = 0;
  const end = episodes.findIndex(({ id }) => {
    const isFull = count >= BATCH_EVIDENCE;
    count += sequences.get(id)?.length ?? 0;
    return isFull;
  });
  return end === -1 ? episodes : episodes.slice(0, end);
}

async function learningWrites(
  store: MemoryStore,
  episodes: readonly CompletedEpisode[],
  sequences: SequencesByEpisode,
  options: ExtractOptions,
): Promise<readonly Write[]> {
  return [
    ...episodes.map((episode): Write => {
      const value: CompletedEpisode = { ...episode, version: episode.version + 1, learningPending: false };
      return { op: 'put', kind: 'episode', value, ifVersion: episode.version };
    }),
    ...(await countingWrites(store, { episodes, sequences }, options)),
  ];
}

/**
 * What must be written beside episodes that lose their debt marker in the same write: each pattern and each base rate
 * that they count for, once.
 */
export async function countingWrites(
  store: MemoryStore,
  { episodes, sequences }: { readonly episodes: readonly CompletedEpisode[]; readonly sequences: SequencesByEpisode },
  options: Omit<ExtractOptions, 'actor'>,
): Promise<readonly Write[]> {
  if (episodes.length === 0) return [];
  const seen = episodes.flatMap((episode) => {
    const scope = scopeOf(episode);
    const isSuccess = episode.outcome.kind === 'success';
    return scope === undefined ? [] : [{ id: episode.id, at: episode.endedAt, scope, isSuccess }];
  });
  const sightings = seen.flatMap((episode) =>
    (sequences.get(episode.id) ?? []).map((tools) => {
      return { ...episode, tools, patternId: toolSequenceId(episode.scope, tools) };
    }),
  );
  const baselineIds = [...new Set(seen.map(({ scope }) => baselineId(scope)))];
  const patternIds = [...new Set(sightings.map(({ patternId }) => patternId))];
  const [knownBaselines, knownPatterns] = await Promise.all([
    store.getMany('baseline', baselineIds, options),
    store.getMany('pattern', patternIds, options),
  ]);
  const baselines = folded(baselineIds, knownBaselines, {
    items: seen.map((item) => ({ ...item, id: baselineId(item.scope) })),
    add: (known, { scope, isSuccess }) => withEpisodes(known, scope, { episodes: 1, successes: isSuccess ? 1 : 0 }),
  });
  const patterns = folded(patternIds, knownPatterns, {
    items: sightings.map((item) => ({ ...item, id: item.patternId })),
    add: withEvidence,
  });
  return [
    ...baselines.map(({ before, value }): Write => {
      return { op: 'put', kind: 'baseline', value, ifVersion: before?.version ?? 0 };
    }),
    ...patterns.map(({ before, value }): Write => {
      const put = { op: 'put', kind: 'pattern', value, ifVersion: before?.version ?? 0 } as const;
      // Not before it can be shown does a pattern take room in the index.
      const isShown = (before?.support ?? 0) < MIN_SUPPORT && value.support >= MIN_SUPPORT;
      return isShown ? { ...put, terms: options.termsOf(value) } : put;
    }),
    ...sightings.map(({ patternId, id, isSuccess }): Write => {
      const value: PatternEvidence = evidence(patternId, id, isSuccess);
      return { op: 'put', kind: 'evidence', value, ifVersion: 0 };
    }),
  ];
}

/** Items added to what is stored under their ids; what is new comes first. The version rises by one in all. */
function folded<T extends { readonly version: number }, I extends { readonly id: string }>(
  ids: readonly string[],
  stored: readonly (T | undefined)[],
  { items, add }: { readonly items: readonly I[]; readonly add: (known: T | undefined, item: I) => T },
): readonly { readonly before: T | undefined; readonly value: T }[] {
  const values = new Map(ids.map((id, index) => [id, stored[index]]));
  for (const item of items) values.set(item.id, add(values.get(item.id), item));
  const changed = ids.flatMap((id, index) => {
    const before = stored[index];
    const value = values.get(id);
    return value === undefined ? [] : [{ before, value: { ...value, version: (before?.version ?? 0) + 1 } }];
  });
  // Neighbours that are new, or not, are done by one statement.
  return [
    ...changed.filter(({ before }) => before === undefined),
    ...changed.filter(({ before }) => before !== undefined),
  ];
}
