// Groups of slots by the year, month and day (UTC) in which they began. Pure, but for the groups themselves.
import { type SlotGroup, slotGroup } from './slot-group.ts';

/** From `sinceMs` on, before `untilMs`. */
export interface TimeRange {
  readonly sinceMs: number;
  readonly untilMs: number;
}

export interface TimeGroups {
  add(slot: number, startedAtMs: number): void;
  delete(slot: number, startedAtMs: number): void;
  /**
   * Every slot within the range is in one of `whole` or of `edges`; of `edges`, the days in which the range begins or
   * ends, some may lie outside of it.
   */
  within(range: TimeRange): { readonly whole: readonly SlotGroup[]; readonly edges: readonly SlotGroup[] };
}

export function timeGroups(): TimeGroups {
  const years: Level = new Map();
  const months: Level = new Map();
  const days: Level = new Map();

  function monthsWithin(year: number, range: TimeRange, into: Within): void {
    for (let month = year * 12; month < year * 12 + 12; month += 1) {
      const group = months.get(month);
      if (group === undefined) continue;
      const fit = fitOf({ sinceMs: monthStart(month), untilMs: monthStart(month + 1) }, range);
      if (fit === 'inside') into.whole.push(group);
      if (fit === 'across') daysWithin(month, range, into);
    }
  }

  function daysWithin(month: number, range: TimeRange, into: Within): void {
    for (let day = dayOf(monthStart(month)); day < dayOf(monthStart(month + 1)); day += 1) {
      const group = days.get(day);
      if (group === undefined) continue;
      const fit = fitOf({ sinceMs: day * DAY_MS, untilMs: (day + 1) * DAY_MS }, range);
      if (fit === 'inside') into.whole.push(group);
      if (fit === 'across') into.edges.push(group);
    }
  }

  return {
    add(slot, startedAtMs) {
      const month = monthOf(startedAtMs);
      groupOf(years, Math.floor(month / 12)).add(slot);
      groupOf(months, month).add(slot);
      groupOf(days, dayOf(startedAtMs)).add(slot);
    },
    delete(slot, startedAtMs) {
      const month = monthOf(startedAtMs);
      leave(years, Math.floor(month / 12), slot);
      leave(months, month, slot);
      leave(days, dayOf(startedAtMs), slot);
    },
    within(range) {
      const into: Within = { whole: [], edges: [] };
      for (const [year, group] of years) {
        const fit = fitOf({ sinceMs: monthStart(year * 12), untilMs: monthStart(year * 12 + 12) }, range);
        if (fit === 'inside') into.whole.push(group);
        if (fit === 'across') monthsWithin(year, range, into);
      }
      return into;
    },
  };
}

type Level = Map<number, SlotGroup>;
interface Within {
  readonly whole: SlotGroup[];
  readonly edges: SlotGroup[];
}

const DAY_MS = 86_400_000;

function dayOf(ms: number): number {
  return Math.floor(ms / DAY_MS);
}

/** Months since the year 0. */
function monthOf(ms: number): number {
  const date = new Date(ms);
  return date.getUTCFullYear() * 12 + date.getUTCMonth();
}

function monthStart(month: number): number {
  // `Date.UTC` takes the years 0 to 99 for those of the last century.
  return new Date(0).setUTCFullYear(Math.floor(month / 12), month % 12, 1);
}

function fitOf(bucket: TimeRange, range: TimeRange): 'inside' | 'across' | 'outside' {
  if (bucket.sinceMs >= range.untilMs || bucket.untilMs <= range.sinceMs) return 'outside';
  return bucket.sinceMs >= range.sinceMs && bucket.untilMs <= range.untilMs ? 'inside' : 'across';
}

function groupOf(level: Level, key: number): SlotGroup {
  const group = level.get(key) ?? slotGroup();
  if (group.size === 0) level.set(key, group);
  return group;
}

function leave(level: Level, key: number, slot: number): void {
  const group = level.get(key);
  group?.delete(slot);
  if (group?.size === 0) level.delete(key);
}
