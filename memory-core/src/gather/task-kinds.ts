// Kinds of task as a person looks at them: all of a place, and how many episodes are in none of them.
import type { TaskCluster } from '../cluster.ts';
import { collect } from '../context.ts';
import { type Baseline, baselineId, type Scope } from '../pattern.ts';
import type { CallOptions, ClusterFilter, MemoryStore } from '../ports/store.ts';
import { matchesScope } from '../stores/filters.ts';

/** Kinds of task of one or more scopes. */
export interface TaskKinds {
  /** Those of most episodes first. */
  readonly clusters: readonly TaskCluster[];
  /** Of each scope that kinds were looked for in: how many episodes ended, abstentions left out, and how many of them are in no kind. */
  readonly scopes: readonly {
    readonly scope: Scope;
    readonly ended: number;
    readonly inNone: number;
  }[];
}

/** Kinds of task read at most; one scope has a few dozen. */
const MAX_CLUSTERS = 2_000;
/** Scopes whose figures are read at most. */
const MAX_SCOPES = 10_000;

/** The kinds of task that the filter lets through. */
export async function gatherTaskKinds(
  store: MemoryStore,
  filter: ClusterFilter,
  options: CallOptions,
): Promise<TaskKinds> {
  const found = await collect(store.scan('cluster', filter, options), MAX_CLUSTERS);
  const baselines = await collect(store.scan('baseline', {}, options), MAX_SCOPES);
  const endedInKinds = new Map<string, number>();
  for (const { scope, ended } of found) {
    const id = baselineId(scope);
    endedInKinds.set(id, (endedInKinds.get(id) ?? 0) + ended);
  }
  const looked = baselines.filter(({ scope, learnt }) => learnt !== undefined && matchesScope(scope, filter));
  return {
    clusters: found.sort((a, b) => b.size - a.size || (a.id < b.id ? -1 : 1)),
    scopes: looked.map((baseline) => scopeFigures(baseline, endedInKinds.get(baseline.id) ?? 0)),
  };
}

function scopeFigures({ scope, episodes }: Baseline, inKinds: number): TaskKinds['scopes'][number] {
  return { scope, ended: episodes, inNone: Math.max(0, episodes - inKinds) };
}
