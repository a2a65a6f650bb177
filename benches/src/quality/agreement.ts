// How well two ways to group the same things agree.

/** 1 where they are the same, 0 where they agree as much as chance does (Hubert & Arabie 1985). */
export function adjustedRandIndex(one: readonly string[], other: readonly string[]): number {
  const { cells, rows, columns } = tableOf(one, other);
  const pairs = (counts: ReadonlyMap<string, number>): number =>
    [...counts.values()].reduce((sum, count) => sum + (count * (count - 1)) / 2, 0);
  const all = (one.length * (one.length - 1)) / 2;
  const expected = (pairs(rows) * pairs(columns)) / all;
  return (pairs(cells) - expected) / ((pairs(rows) + pairs(columns)) / 2 - expected);
}

/** The harmonic mean of homogeneity and completeness, 0–1 (Rosenberg & Hirschberg 2007). It is kind to many small groups. */
export function vMeasure(truth: readonly string[], found: readonly string[]): number {
  const { cells, rows, columns } = tableOf(truth, found);
  const entropy = (counts: ReadonlyMap<string, number>): number =>
    -[...counts.values()].reduce((sum, count) => sum + (count / truth.length) * Math.log(count / truth.length), 0);
  const [joint, ofTruth, ofFound] = [entropy(cells), entropy(rows), entropy(columns)];
  const homogeneity = ofTruth === 0 ? 1 : 1 - (joint - ofFound) / ofTruth;
  const completeness = ofFound === 0 ? 1 : 1 - (joint - ofTruth) / ofFound;
  return homogeneity + completeness === 0 ? 0 : (2 * homogeneity * completeness) / (homogeneity + completeness);
}

interface Table {
  readonly cells: ReadonlyMap<string, number>;
  readonly rows: ReadonlyMap<string, number>;
  readonly columns: ReadonlyMap<string, number>;
}

function tableOf(one: readonly string[], other: readonly string[]): Table {
  return {
    cells: countsOf(one.map((name, index) => JSON.stringify([name, other[index]]))),
    rows: countsOf(one),
    columns: countsOf(other),
  };
}

function countsOf(names: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const name of names) counts.set(name, (counts.get(name) ?? 0) + 1);
  return counts;
}
