// What patterns, kinds of task and base rates lose with episodes that go, so that no count and no name of them stays.
// What only learning anew can tell, such as who else was in the same situation, the next run puts right.
import { type TaskCluster, withoutMembers } from '../cluster.ts';
import type { CompletedEpisode, Episode } from '../episode.ts';
import { type Baseline, baselineId, type Counts, isShown, type Pattern, type Scope } from '../pattern.ts';
import type { CallOptions, Delete, MemoryStore, Put, Write } from '../ports/store.ts';
import { completedIn, isInScope, scopeOf, scopeRows } from './scope-filter.ts';

/** Gathered some episodes at a time. Holds counts and ids, and no episode. */
export interface Unlearning {
  /** Adds episodes that are about to be deleted; answers how many pieces of evidence go with them. */
  add(episodes: readonly Episode[]): Promise<number>;
  /** Whether a pattern rests on one of them. */
  touches(patternId: string): boolean;
  /** What must be written beside the deletions. */
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

interface Tally {
  readonly count: number;
  readonly successes: number;
}

const NOTHING: Tally = { count: 0, successes: 0 };

export function unlearning(store: MemoryStore, options: CallOptions): Unlearning {
  const patterns = new Map<string, Tally>();
  const scopes = new Map<string, GoneOfScope>();
  return {
    async add(episodes) {
      const completed = episodes.filter((episode) => episode.status === 'completed');
      if (completed.length === 0) return 0;
      for (const episode of completed) {
        const id = baselineId(episode);
        const gone = scopes.get(id) ?? { scope: scopeOf(episode), episodes: [], counted: NOTHING };
        scopes.set(id, withEpisode(gone, episode));
      }
      let found = 0;
      const episodeIds = completed.map(({ id }) => id);
      for await (const { patternId, isSuccess } of store.scan('evidence', { episodeIds }, options)) {
        patterns.set(patternId, withOne(patterns.get(patternId), isSuccess));
        found += 1;
      }
      return found;
    },
    touches: (patternId) => patterns.has(patternId),
    async writes() {
      const left: Weakened[] = [];
      const ofScopes: Write[] = [];
      for (const gone of scopes.values()) {
        const [baseline, ofScope, clusters] = await Promise.all([
          baselineWrite(store, gone, options),
          scopeRows(store, 'pattern', gone.scope, options),
          scopeRows(store, 'cluster', gone.scope, options),
        ]);
        const most = mostLeft(baseline);
        for (const pattern of ofScope) {
          const now = patternWithout(pattern, { gone: patterns.get(pattern.id) ?? NOTHING, most });
          if (now !== pattern) left.push({ pattern, now });
        }
        ofScopes.push(
          ...clusters.flatMap((cluster) => clusterWrites(cluster, gone.episodes)),
          ...(baseline === undefined ? [] : [baseline]),
        );
      }
      const dying = left.filter(({ now }) => now.support <= 0);
      const weakened = left.filter(({ now }) => now.support > 0);
      return {
        writes: [
          ...dying.map(({ pattern: { id, version } }): Write => {
            return { op: 'delete', kind: 'pattern', id, ifVersion: version };
          }),
          ...weakened.map(weakenedPut),
          ...ofScopes,
        ],
        goneIds: dying.map(({ pattern }) => pattern.id),
        weakened: weakened.length,
        textEntries: left.filter(({ pattern, now }) => isShown(pattern) && !isShown(now)).length,
      };
    },
  };
}

interface GoneOfScope {
  readonly scope: Scope;
  readonly episodes: { readonly id: string; readonly hasEnded: boolean; readonly isSuccess: boolean }[];
  /** Those that its base rate counts: what owes its learning may not be in it yet. */
  readonly counted: Tally;
}

function withEpisode(gone: GoneOfScope, { id, outcome, learningPending }: CompletedEpisode): GoneOfScope {
  const hasEnded = outcome.kind !== 'abstained';
  const isSuccess = outcome.kind === 'success';
  gone.episodes.push({ id, hasEnded, isSuccess });
  return hasEnded && !learningPending ? { ...gone, counted: withOne(gone.counted, isSuccess) } : gone;
}

function withOne(tally: Tally = NOTHING, isSuccess: boolean): Tally {
  return { count: tally.count + 1, successes: tally.successes + (isSuccess ? 1 : 0) };
}

interface Weakened {
  readonly pattern: Pattern;
  readonly now: Pattern;
}

/** What no pattern of the scope can have more of, as far as the base rate knows: not while somebody learns from the scope. */
function mostLeft(baseline: Put<'baseline'> | Delete<'baseline'> | undefined): Tally | undefined {
  if (baseline?.op === 'delete') return NOTHING;
  if (baseline === undefined || baseline.value.lease !== undefined) return undefined;
  return { count: baseline.value.episodes, successes: baseline.value.successes };
}

/**
 * Without the evidence that goes. Episodes that hold a pattern and of which no evidence is kept, as they are old, are not
 * known here: what is left is at most what its scope has left.
 */
function patternWithout(
  pattern: Pattern,
  { gone, most }: { readonly gone: Tally; readonly most: Tally | undefined },
): Pattern {
  const { situation } = pattern;
  const kept = pattern.kept && {
    episodes: pattern.kept.episodes - gone.count,
    successes: pattern.kept.successes - gone.successes,
  };
  const left = { count: pattern.support - gone.count, successes: pattern.successes - gone.successes };
  // What is kept is there, whatever the base rate says: of very many episodes that counts the newest alone.
  const within = (count: number, least = 0, atMost = count): number => Math.max(least, Math.min(count, atMost));
  const isWhole = situation === undefined || most?.count === 0;
  const successes = within(left.successes, kept?.successes, isWhole ? most?.successes : undefined);
  const others = within(
    left.count - left.successes,
    kept && kept.episodes - kept.successes,
    isWhole && most !== undefined ? most.count - most.successes : undefined,
  );
  const support = successes + others;
  if (support === pattern.support && gone.count === 0) return pattern;
  return {
    ...pattern,
    version: pattern.version + 1,
    support,
    successes,
    tasks: Math.min(pattern.tasks, support),
    ...(situation === undefined ? {} : { situation: countsWithout(situation, gone) }),
    // Without its digest: the next run looks at what is there.
    ...(kept === undefined ? {} : { kept }),
  };
}

function countsWithout({ episodes, successes, tasks }: Counts, gone: Tally): Counts {
  const left = Math.max(0, episodes - gone.count);
  return { episodes: left, successes: Math.max(0, successes - gone.successes), tasks: Math.min(tasks, left) };
}

function weakenedPut({ pattern, now }: Weakened): Write {
  const put = { op: 'put', kind: 'pattern', value: now, ifVersion: pattern.version } as const;
  // What is no longer shown takes no room in the index, as before it was shown.
  return isShown(now) ? put : { ...put, terms: { title: [], body: [] } };
}

function clusterWrites(cluster: TaskCluster, gone: GoneOfScope['episodes']): readonly Write[] {
  const members = new Set(cluster.memberIds);
  const own = gone.filter(({ id }) => members.has(id));
  if (own.length === 0) return [];
  const { id, version: ifVersion } = cluster;
  const value = withoutMembers(cluster, own);
  if (value === undefined) return [{ op: 'delete', kind: 'cluster', id, ifVersion }];
  return [{ op: 'put', kind: 'cluster', value, ifVersion }];
}

/**
 * Always a write, so that nobody who learns from the scope meanwhile stores something of what goes. Where nothing
 * completed is left, the scope goes too.
 */
async function baselineWrite(
  store: MemoryStore,
  { scope, episodes, counted }: GoneOfScope,
  options: CallOptions,
): Promise<Put<'baseline'> | Delete<'baseline'> | undefined> {
  const gone = new Set(episodes.map((episode) => episode.id));
  const [[baseline], isLeft] = await Promise.all([
    store.getMany('baseline', [baselineId(scope)], options),
    isAnyLeft(store, { scope, gone }, options),
  ]);
  if (baseline === undefined) return undefined;
  const { id, version } = baseline;
  if (!isLeft) {
    return { op: 'delete', kind: 'baseline', id, ifVersion: version };
  }
  const value: Baseline = {
    ...baseline,
    version: version + 1,
    episodes: Math.max(0, baseline.episodes - counted.count),
    successes: Math.max(0, baseline.successes - counted.successes),
    learnt: { at: new Date(0).toISOString(), clustered: 0, ...baseline.learnt, isStale: true },
  };
  return { op: 'put', kind: 'baseline', value, ifVersion: version };
}

async function isAnyLeft(
  store: MemoryStore,
  { scope, gone }: { readonly scope: Scope; readonly gone: ReadonlySet<string> },
  options: CallOptions,
): Promise<boolean> {
  // Where the filter says all of the scope, one more than go has one that stays. Else others of the project are among them.
  const limit = scope.domain === undefined ? {} : { limit: gone.size + 1 };
  for await (const episode of store.scan('episode', { ...completedIn(scope), ...limit }, options)) {
    if (isInScope(episode, scope) && !gone.has(episode.id)) return true;
  }
  return false;
}
