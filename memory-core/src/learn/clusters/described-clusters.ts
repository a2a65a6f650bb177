// Groups of episodes as kinds of task: which of before they are, what they are called, what they come to. Pure.
import type { ClusterProfile, TaskCluster } from '../../cluster.ts';
import { contentId } from '../../id.ts';
import type { Scope } from '../../pattern.ts';
import type { Trace } from '../../trace.ts';
import { heirs } from './identity.ts';
import { labelOf, type Member, spelled, type Telling, telling } from './label.ts';
import { askedTerms, profileFit } from './nearest-cluster.ts';
import type { Nearby } from './shared-neighbours.ts';

/** Numbers of its members, and how near they are to each other. */
export interface Kind {
  readonly points: readonly number[];
  readonly radius: number;
}

interface Described {
  /** The newest first. */
  readonly members: readonly Member[];
  readonly nearby: readonly Nearby[];
  readonly known: { readonly scope: Scope; readonly clusters: readonly TaskCluster[] };
}

const MAX_MEMBERS = 2_000;
const MAX_KEYWORDS = 12;
const MAX_TOOLS = 20;
/** Terms of a profile, and the share of its own episodes that may fit a kind less well than a task that is taken for it. */
const MAX_TERMS = 24;
const UNFIT_SHARE = 0.1;

/** One cluster for each kind, in the same order. */
export function describedClusters(
  kinds: readonly Kind[],
  { members, nearby, known }: Described,
): readonly TaskCluster[] {
  const groups = kinds.map(({ points }) => points.flatMap((point) => members[point] ?? []));
  const ids = heirs(
    groups.map((group) => group.map(({ trace }) => trace.episodeId)),
    known.clusters,
  );
  const [words, tools, places] = [telling(groups, 'text'), telling(groups, 'tools'), telling(groups, 'context')];
  return kinds.map(({ points, radius }, index): TaskCluster => {
    const group = groups[index] ?? [];
    const medoid = members[medoidOf(points, nearby)]?.trace.episodeId ?? '';
    const heir = known.clusters.find(({ id }) => id === ids.get(index));
    const keywords = spelled(namesOf(words[index]).slice(0, MAX_KEYWORDS), group);
    const named = [keywords, namesOf(tools[index]), namesOf(places[index])].find(({ length }) => length > 0);
    return {
      id: heir?.id ?? newId(known.scope, medoid),
      version: heir?.version ?? 0,
      scope: known.scope,
      label: labelOf(named ?? ['tasks without words']),
      keywords,
      profile: profileOf([...(words[index] ?? []), ...(places[index] ?? [])], group),
      medoidId: medoid,
      memberIds: group
        .slice(0, MAX_MEMBERS)
        .map(({ trace }) => trace.episodeId)
        .toSorted(),
      radius,
      ...figuresOf(group.map(({ trace }) => trace)),
    };
  });
}

function newId({ project, domain }: Scope, medoidId: string): string {
  return contentId(JSON.stringify(['cluster', project ?? null, domain ?? null, medoidId]));
}

function namesOf(features: Telling = []): readonly string[] {
  return features.map(([feature]) => feature);
}

/** The member that shares most neighbours with the others, the newest of equal ones. */
function medoidOf(points: readonly number[], nearby: readonly Nearby[]): number {
  const own = new Set(points);
  let medoid = points[0] ?? 0;
  let most = Number.NEGATIVE_INFINITY;
  for (const point of points) {
    const { at, distances } = nearby[point] ?? { at: [], distances: [] };
    let likeness = 0;
    for (const [index, other] of at.entries()) if (own.has(other)) likeness += 1 - (distances[index] ?? 1);
    if (likeness <= most) continue;
    most = likeness;
    medoid = point;
  }
  return medoid;
}

function profileOf(features: Telling, group: readonly Member[]): ClusterProfile {
  const terms = features.toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MAX_TERMS);
  const fits = group.map(({ trace }) => profileFit(askedTerms(trace), terms)).toSorted((a, b) => a - b);
  return { terms, reach: fits[Math.floor(UNFIT_SHARE * fits.length)] ?? 1 };
}

function figuresOf(
  traces: readonly Trace[],
): Pick<TaskCluster, 'size' | 'ended' | 'successes' | 'tools' | 'firstSeen' | 'lastSeen'> {
  const ended = traces.filter(({ outcome }) => outcome !== 'abstained');
  const counts = new Map<string, number>();
  for (const { steps } of traces) {
    for (const act of new Set(steps.map((step) => step.act))) counts.set(act, (counts.get(act) ?? 0) + 1);
  }
  const tools = [...counts].toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MAX_TOOLS);
  return {
    size: traces.length,
    ended: ended.length,
    successes: ended.filter(({ outcome }) => outcome === 'success').length,
    tools: tools.map(([act]) => act),
    firstSeen: traces.at(-1)?.endedAt ?? '',
    lastSeen: traces.at(0)?.endedAt ?? '',
  };
}
