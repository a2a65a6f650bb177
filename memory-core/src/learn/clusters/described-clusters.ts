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
  readonly members: readonly Member[];
  readonly nearby: readonly Nearby[];
  readonly known: { readonly scope: Scope; readonly clusters: readonly TaskCluster[] };
}

const MAX_MEMBERS = 2_000;
const MAX_KEYWORDS = 12;
const MAX_TOOLS = 20;
const MAX_TERMS = 24;
/** Share of the episodes of other kinds that fit a kind better than a task must that is taken for it. */
const STRAY_SHARE = 0.05;
/** Episodes that profiles are judged by: enough to tell one in twenty. */
const MAX_JUDGES = 1_000;

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
  const knownIds = new Set(known.clusters.map(({ id }) => id));
  const [words, tools, places] = [telling(groups, 'text'), telling(groups, 'tools'), telling(groups, 'context')];
  const asked = members.slice(0, MAX_JUDGES).map(({ trace }) => askedTerms(trace));
  return kinds.map(({ points, radius }, index): TaskCluster => {
    const own = new Set(points);
    const others = asked.filter((_, point) => !own.has(point));
    const group = groups[index] ?? [];
    const medoid = members[medoidOf(points, nearby)]?.trace.episodeId ?? '';
    const heir = known.clusters.find(({ id }) => id === ids.get(index));
    const keywords = spelled(namesOf(words[index]).slice(0, MAX_KEYWORDS), group);
    const named = [keywords, namesOf(tools[index]), namesOf(places[index])].find(({ length }) => length > 0);
    return {
      id: heir?.id ?? newId(medoid, { scope: known.scope, knownIds }),
      version: heir?.version ?? 0,
      scope: known.scope,
      label: labelOf(named ?? []),
      keywords,
      profile: profileOf([...(words[index] ?? []), ...(places[index] ?? [])], others),
      medoidId: medoid,
      memberIds: group
        .toSorted((a, b) => (a.trace.endedAt > b.trace.endedAt ? -1 : Number(a.trace.endedAt < b.trace.endedAt)))
        .slice(0, MAX_MEMBERS)
        .map(({ trace }) => trace.episodeId)
        .toSorted(),
      radius,
      ...figuresOf(group.map(({ trace }) => trace)),
    };
  });
}

/** Of no kind that is known: one that had this medoid once may live on with another, and ids are not taken over. */
function newId(
  medoidId: string,
  { scope: { project, domain }, knownIds }: { readonly scope: Scope; readonly knownIds: ReadonlySet<string> },
): string {
  const naming = ['cluster', project ?? null, domain ?? null, medoidId];
  for (let attempt = 0; ; attempt += 1) {
    const id = contentId(JSON.stringify(attempt === 0 ? naming : [...naming, attempt]));
    if (!knownIds.has(id)) return id;
  }
}

function namesOf(features: Telling = []): readonly string[] {
  return features.map(([feature]) => feature);
}

/** The member that shares most neighbours with the others, the first of equal ones. */
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

/** What a kind is known by, judged by the episodes that are not of it. */
function profileOf(features: Telling, others: readonly ReadonlySet<string>[]): ClusterProfile {
  const terms = features.toSorted((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).slice(0, MAX_TERMS);
  const fits = others.map((asked) => profileFit(asked, terms)).toSorted((a, b) => b - a);
  return { terms, reach: fits[Math.floor(STRAY_SHARE * fits.length)] ?? 0 };
}

function figuresOf(
  traces: readonly Trace[],
): Pick<TaskCluster, 'size' | 'ended' | 'successes' | 'tools' | 'firstSeen' | 'lastSeen'> {
  const times = traces.map(({ endedAt }) => endedAt).toSorted();
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
    firstSeen: times.at(0) ?? '',
    lastSeen: times.at(-1) ?? '',
  };
}
