// Which groups of attempts are one kind, however well a detail sets them apart: those more alike than apart. Pure.
import { MIN_POINTS } from './density.ts';
import { type Features, PARTS, type Part } from './task-features.ts';

/**
 * The groups, those put together that are one kind, with the attempts of no group that are of it; where there is no
 * group, those that are like all attempts taken together. Rarity sets apart, and among attempts of one kind only
 * details are rare: here each feature weighs the same.
 */
export function sameKinds(
  points: readonly Features[],
  groups: readonly (readonly number[])[],
): readonly (readonly number[])[] {
  const own = points.map(toSum);
  const largestFirst = groups.toSorted((a, b) => b.length - a.length || (a[0] ?? 0) - (b[0] ?? 0));
  const kinds: Kind[] = [];
  for (const of of largestFirst.length > 0 ? largestFirst : [typical(own)]) {
    const sum = totalOf(of.map((point) => own[point] ?? NOTHING));
    const same = kinds.find((kind) => isAlike(kind.sum, sum));
    if (same === undefined) kinds.push({ points: [...of], sum, isJoined: false });
    else {
      same.points.push(...of);
      same.sum = totalOf([same.sum, sum]);
      same.isJoined = true;
    }
  }
  // Only where density has shown to set apart what is of one kind, or found nothing to set apart, is it not believed.
  const open = kinds.filter(({ isJoined }) => isJoined || kinds.length === 1);
  const grouped = new Set(kinds.flatMap((kind) => kind.points));
  for (const [point, sum] of own.entries()) {
    if (!grouped.has(point)) open.find((kind) => isAlike(kind.sum, sum))?.points.push(point);
  }
  return kinds
    .filter((kind) => kind.points.length >= MIN_POINTS)
    .map((kind) => kind.points.toSorted((a, b) => a - b))
    .toSorted((a, b) => (a[0] ?? 0) - (b[0] ?? 0));
}

/** Mean cosine of two groups from which on they have more in common than apart. */
const MIN_ALIKE = 0.5;

interface Kind {
  readonly points: number[];
  sum: Sum;
  isJoined: boolean;
}

/** Of each part the sum of the vectors of length 1 of those that have it, and how many have it. */
type Sum = Readonly<Record<Part, { readonly having: number; readonly total: ReadonlyMap<string, number> }>>;

const NONE = { having: 0, total: new Map<string, number>() };
const NOTHING: Sum = { text: NONE, tools: NONE, context: NONE };

function toSum(features: Features): Sum {
  const unit = (part: Part): Sum[Part] => {
    const length = Math.hypot(...features[part].values());
    const total = new Map([...features[part]].map(([feature, weight]) => [feature, weight / length]));
    return { having: total.size > 0 ? 1 : 0, total };
  };
  return { text: unit('text'), tools: unit('tools'), context: unit('context') };
}

function totalOf(sums: readonly Sum[]): Sum {
  const of = (part: Part): Sum[Part] => {
    const total = new Map<string, number>();
    for (const sum of sums) {
      for (const [feature, weight] of sum[part].total) total.set(feature, (total.get(feature) ?? 0) + weight);
    }
    return { having: sums.reduce((count, sum) => count + sum[part].having, 0), total };
  };
  return { text: of('text'), tools: of('tools'), context: of('context') };
}

/**
 * Whether they were asked alike, and are alike in each other part that both have. Words alone do not say it: with them
 * the groups of tau-bench, its steps taken away, lost half of what they told.
 */
function isAlike(a: Sum, b: Sum): boolean {
  const common = PARTS.filter((part) => a[part].having > 0 && b[part].having > 0);
  return (
    common.includes('text') &&
    common.length > 1 &&
    common.every((part) => product(a[part].total, b[part].total) >= MIN_ALIKE * a[part].having * b[part].having)
  );
}

/** The sum of the cosines of all pairs of the two. */
function product(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  const [fewer, more] = a.size < b.size ? [a, b] : [b, a];
  let sum = 0;
  for (const [feature, weight] of fewer) sum += weight * (more.get(feature) ?? 0);
  return sum;
}

function typical(own: readonly Sum[]): readonly number[] {
  const all = totalOf(own);
  return own.flatMap((sum, point) => (isAlike(all, sum) ? [point] : []));
}
