// Figures as they lie in a file, and as they are read back: whatever is there is looked at before it is believed.
import { COUNTERS, GAUGES, TIMERS } from './catalogue.ts';
import type { Spread } from './histogram.ts';
import { type Labels, type MetricsSnapshot, SNAPSHOT_VERSION } from './snapshot.ts';

/** Why a file is left out. */
export type Unreadable = 'damaged' | 'newer';

/** The text of a file that holds them. */
export function snapshotText(snapshot: MetricsSnapshot): string {
  return JSON.stringify(snapshot);
}

/** What the text holds, or why it cannot be told. Figures that this version does not know are left out. */
export function snapshotIn(text: string): MetricsSnapshot | Unreadable {
  const given = jsonIn(text);
  if (!isRecord(given) || typeof given.version !== 'number') return 'damaged';
  if (given.version > SNAPSHOT_VERSION) return 'newer';
  if (given.version !== SNAPSHOT_VERSION) return 'damaged';
  const { counters, timers, gauges } = given;
  if (!isListOf(counters, isCounter) || !isListOf(timers, isTimer) || !isListOf(gauges, isCounter)) return 'damaged';
  // Every field was looked at, and the names are those of the catalogue once the others are left out.
  return {
    version: SNAPSHOT_VERSION,
    counters: counters.filter(({ name }) => Object.hasOwn(COUNTERS, name)),
    timers: timers.filter(({ name }) => Object.hasOwn(TIMERS, name)),
    gauges: gauges.filter(({ name }) => Object.hasOwn(GAUGES, name)),
  } as MetricsSnapshot;
}

/** What a text is as JSON; nothing where it is none. */
export function jsonIn(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Whether it has fields. */
export function isRecord(given: unknown): given is Readonly<Record<string, unknown>> {
  return typeof given === 'object' && given !== null && !Array.isArray(given);
}

/** Whether it is a list of such things. */
export function isListOf<T>(given: unknown, isOne: (each: unknown) => each is T): given is readonly T[] {
  return Array.isArray(given) && given.every(isOne);
}

/** A name with labels and a number. */
export interface NumberSeries {
  readonly name: string;
  readonly labels: Labels;
  readonly value: number;
}

/** Whether it is a counter or a gauge. */
export function isCounter(given: unknown): given is NumberSeries {
  return isSeries(given) && isAmount(given.value);
}

function isTimer(given: unknown): given is Spread & { readonly name: string; readonly labels: Labels } {
  if (!isSeries(given) || !isAmount(given.count) || !isAmount(given.sumUs) || !isAmount(given.maxUs)) return false;
  return Array.isArray(given.buckets) && given.buckets.every((each) => Array.isArray(each) && each.every(isAmount));
}

function isSeries(given: unknown): given is Readonly<Record<string, unknown>> & { readonly name: string } {
  if (!isRecord(given) || typeof given.name !== 'string' || !isRecord(given.labels)) return false;
  return Object.values(given.labels).every((value) => typeof value === 'string');
}

function isAmount(given: unknown): given is number {
  return typeof given === 'number' && Number.isFinite(given) && given >= 0;
}
