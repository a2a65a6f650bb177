// Things that are counted, in the groups that they belong to: memory stays bounded, whatever they are called. Pure.
import type { Field, FieldValue } from './fields.ts';
import { type Counted, count, type Measure, measured, type Tally, tallyFor } from './measures.ts';

/** A group and what was measured of it. */
export interface AggregateGroup {
  /** What all in it say to the fields that were asked for; `null`: nothing. */
  readonly group: { readonly [F in Field]?: FieldValue };
  readonly count: number;
  /** `null` where nothing in the group tells it. */
  readonly measures: { readonly [M in Measure]?: number | null };
}

/** `group`: by what its things say, field by field. */
export type Order = 'group' | 'count' | Measure;

/** Groups that are told of all that were found. */
export interface Told {
  readonly measures: readonly Measure[];
  readonly minCount: number;
  readonly orderBy: Order;
  readonly isDescending: boolean;
  readonly limit: number;
}

/** Groups at a time: things of groups beyond them are not counted. */
export const MAX_GROUPS = 10_000;
/** Things counted, each once for every group that it is in: so many numbers are kept of what is measured. */
export const MAX_COUNTED = 1_000_000;

export interface Groups {
  /** Something could not be counted any more. */
  readonly isFull: boolean;
  /** Counts it once in each combination of what it says to the fields. */
  add(counted: Counted, values: readonly (readonly FieldValue[])[]): void;
  /** Those in the order that was asked for, ties by what they say, and how many others there are. */
  told(how: Told): { readonly groups: readonly AggregateGroup[]; readonly leftOut: number };
}

interface Found {
  readonly values: readonly FieldValue[];
  readonly tally: Tally;
}

export function groupsBy(fields: readonly Field[], measures: readonly Measure[]): Groups {
  const found = new Map<string, Found>();
  let counted = 0;
  let isFull = false;

  function groupOf(values: readonly FieldValue[]): Found | undefined {
    const key = JSON.stringify(values);
    const known = found.get(key);
    if (known !== undefined) return known;
    if (found.size >= MAX_GROUPS) return undefined;
    const group = { values, tally: tallyFor(measures) };
    found.set(key, group);
    return group;
  }

  return {
    get isFull() {
      return isFull;
    },
    add(thing, values) {
      for (const combination of combinations(values)) {
        const group = counted < MAX_COUNTED ? groupOf(combination) : undefined;
        if (group === undefined) {
          isFull = true;
          continue;
        }
        counted += 1;
        count(group.tally, thing);
      }
    },
    told(how) {
      const ranked = [...found.values()]
        .filter(({ tally }) => tally.count >= how.minCount)
        .map((group) => ({ ...group, place: placeOf(group.tally, how.orderBy) }))
        .sort(
          (a, b) => comparePlaces(a.place, b.place, how) || compareValues(a.values, b.values, isGroupDescending(how)),
        );
      const groups = ranked.slice(0, how.limit).map(({ values, tally }) => toldGroup({ fields, values, tally }, how));
      return { groups, leftOut: found.size - groups.length };
    },
  };
}

function* combinations(values: readonly (readonly FieldValue[])[]): Generator<readonly FieldValue[]> {
  const [first, ...others] = values;
  if (first === undefined) {
    yield [];
    return;
  }
  for (const rest of combinations(others)) for (const value of first) yield [value, ...rest];
}

function isGroupDescending({ orderBy, isDescending }: Told): boolean {
  return orderBy === 'group' && isDescending;
}

function placeOf(tally: Tally, order: Order): number | null {
  if (order === 'group') return null;
  return order === 'count' ? tally.count : measured(tally, order);
}

/** What was not measured comes last, in either direction. */
function comparePlaces(a: number | null, b: number | null, { isDescending }: Told): number {
  if (a === null || b === null) return Number(a === null) - Number(b === null);
  return isDescending ? b - a : a - b;
}

/** By code units, field by field; what says nothing last, in either direction. */
function compareValues(a: readonly FieldValue[], b: readonly FieldValue[], isDescending: boolean): number {
  for (let index = 0; index < a.length; index += 1) {
    const [one = null, other = null] = [a[index], b[index]];
    if (one === other) continue;
    if (one === null || other === null) return one === null ? 1 : -1;
    return one < other === isDescending ? 1 : -1;
  }
  return 0;
}

function toldGroup(
  { fields, values, tally }: Found & { readonly fields: readonly Field[] },
  { measures }: Told,
): AggregateGroup {
  return {
    group: Object.fromEntries(fields.map((field, index) => [field, values[index] ?? null])),
    count: tally.count,
    measures: Object.fromEntries(measures.map((measure) => [measure, measured(tally, measure)])),
  };
}
