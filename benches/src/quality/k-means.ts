// Textbook k-means, the floor of what groups are worth: k-means++ starts (Arthur & Vassilvitskii 2007), the best of ten.
import { seededRandom } from '../corpus.ts';

const STARTS = 10;
const MAX_ROUNDS = 100;

/** The group of each point. */
export function kMeans(points: readonly (readonly number[])[], count: number): readonly number[] {
  const runs = Array.from({ length: STARTS }, (_, seed) => oneRun(points, count, seededRandom(seed + 1)));
  return runs.reduce((best, next) => (next.spread < best.spread ? next : best)).groups;
}

/** The number of groups among `counts` with the highest mean silhouette (Rousseeuw 1987), and these groups. */
export function kMeansBySilhouette(
  points: readonly (readonly number[])[],
  counts: readonly number[],
): readonly number[] {
  const tried = counts.map((count) => {
    const groups = kMeans(points, count);
    return { groups, silhouette: silhouette(points, groups) };
  });
  return tried.reduce((best, next) => (next.silhouette > best.silhouette ? next : best)).groups;
}

interface Run {
  readonly groups: readonly number[];
  readonly spread: number;
}

function oneRun(points: readonly (readonly number[])[], count: number, random: () => number): Run {
  let centres = starts(points, count, random);
  let groups: readonly number[] = [];
  for (let round = 0; round < MAX_ROUNDS; round += 1) {
    const next = points.map((point) => nearestOf(point, centres));
    if (next.every((group, index) => group === groups[index])) break;
    groups = next;
    centres = centres.map((centre, group) => {
      const members = points.filter((_, index) => next[index] === group);
      return members.length === 0 ? centre : meanOf(members);
    });
  }
  const spread = points.reduce((sum, point, index) => sum + squared(point, centres[groups[index] ?? 0] ?? point), 0);
  return { groups, spread };
}

function starts(
  points: readonly (readonly number[])[],
  count: number,
  random: () => number,
): readonly (readonly number[])[] {
  const chosen = [points[Math.floor(random() * points.length)] ?? []];
  while (chosen.length < count) {
    const weights = points.map((point) => Math.min(...chosen.map((centre) => squared(point, centre))));
    let left = random() * weights.reduce((sum, weight) => sum + weight, 0);
    const index = weights.findIndex((weight) => {
      left -= weight;
      return left < 0;
    });
    chosen.push(points[index === -1 ? 0 : index] ?? []);
  }
  return chosen;
}

function nearestOf(point: readonly number[], centres: readonly (readonly number[])[]): number {
  const distances = centres.map((centre) => squared(point, centre));
  return distances.indexOf(Math.min(...distances));
}

function meanOf(points: readonly (readonly number[])[]): readonly number[] {
  return (points[0] ?? []).map(
    (_, place) => points.reduce((sum, point) => sum + (point[place] ?? 0), 0) / points.length,
  );
}

function squared(one: readonly number[], other: readonly number[]): number {
  return one.reduce((sum, value, place) => sum + (value - (other[place] ?? 0)) ** 2, 0);
}

function silhouette(points: readonly (readonly number[])[], groups: readonly number[]): number {
  const names = [...new Set(groups)];
  const sizes = names.map((name) => groups.filter((group) => group === name).length);
  const values = points.map((point, index) => {
    const sums = names.map(() => 0);
    for (const [other, group] of groups.entries()) {
      const place = names.indexOf(group);
      sums[place] = (sums[place] ?? 0) + Math.sqrt(squared(point, points[other] ?? point));
    }
    const own = names.indexOf(groups[index] ?? -1);
    if ((sizes[own] ?? 1) === 1) return 0;
    const within = (sums[own] ?? 0) / ((sizes[own] ?? 2) - 1);
    const without = Math.min(...sums.flatMap((sum, place) => (place === own ? [] : [sum / (sizes[place] ?? 1)])));
    return (without - within) / Math.max(within, without, Number.EPSILON);
  });
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
