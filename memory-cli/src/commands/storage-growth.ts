// How a store grows: episodes by day as its rows tell, bytes as they were seen before, and what lies beside it.
import { readdir, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { figuresIn } from '@episodica/memory-core/config';
import { type Invocation, isUnicodeTerminal, type Opened } from '../open.ts';
import { bytesText, countText } from './amounts.ts';
import { readFigures } from './monitor-figures.ts';
import { sparkline } from './sparkline.ts';

const DAY_MS = 86_400_000;
const DAYS = 30;
const WEEK_DAYS = 7;
/** Of fewer, most of the file is what an empty one has too. */
const LEAST_EPISODES = 100;

/** `null`: nobody measured it. */
export interface Growth {
  /** Episodes that began on each of the last 30 days, in UTC, today last. */
  readonly episodes_by_day: readonly (number | null)[];
  /** Of each of the last four times seven days, the present ones last. */
  readonly episodes_by_week: readonly (number | null)[];
  /** Of 100 episodes or more. */
  readonly bytes_per_episode: number | null;
  /** How much the file grew in so many of those days. */
  readonly bytes: { readonly grown: number; readonly days: number } | null;
  /** On this disk. */
  readonly disk_bytes: Readonly<Record<'cache' | 'backups' | 'logs' | 'figures', number>>;
}

/** What is open tells its rows; what was seen before is in the kept figures. */
export async function growthOf(invocation: Invocation, { memory, store, settings, cache }: Opened): Promise<Growth> {
  const nowMs = Date.now();
  const { path, sizeBytes, freeBytes, counts } = await store.stats();
  const days = await episodesByDay(memory, { nowMs, signal: invocation.signal });
  const folder = settings.values.MEMORY_DATA_DIR;
  const [cacheBytes, backups, logs, figures] = await Promise.all(
    [
      dirname(cache.path),
      join(store.reach === 'file' ? dirname(path) : folder, 'backups'),
      join(folder, 'logs'),
      figuresIn(folder),
    ].map(folderBytes),
  );
  return {
    episodes_by_day: days,
    episodes_by_week: [3, 2, 1, 0].map((back) => {
      const week = days.slice(DAYS - (back + 1) * WEEK_DAYS, DAYS - back * WEEK_DAYS);
      return week.reduce<number | null>((sum, day) => (sum === null || day === null ? null : sum + day), 0);
    }),
    bytes_per_episode: counts.episode < LEAST_EPISODES ? null : Math.round((sizeBytes - freeBytes) / counts.episode),
    // The store is told of also where its figures cannot be read.
    bytes: await grownBytes(invocation, nowMs).catch(() => null),
    disk_bytes: { cache: cacheBytes ?? 0, backups: backups ?? 0, logs: logs ?? 0, figures: figures ?? 0 },
  };
}

/** In the lines of `storage stats`. */
export function growthLines({ episodes_by_day: days, ...told }: Growth): readonly string[] {
  const known = days.filter((day) => day !== null);
  const missing = days.length - known.length;
  const bars = sparkline(known, isUnicodeTerminal() ? 'unicode' : 'ascii');
  const total = known.reduce((sum, day) => sum + day, 0);
  const weeks = told.episodes_by_week.map((week) => week?.toLocaleString('en') ?? 'unavailable').join(', ');
  const { grown, days: seen } = told.bytes ?? { grown: 0, days: 0 };
  return [
    `growth   ${bars}  ${countText(total, 'episode')} in ${countText(known.length, 'day')}${missing === 0 ? '' : ', of earlier ones unavailable'}`,
    `weeks    ${weeks} episodes, the last seven days last`,
    `bytes    ${told.bytes === null ? 'growth unavailable: no figures of earlier days' : `${grown < 0 ? '-' : '+'}${bytesText(Math.abs(grown))} in ${countText(seen, 'day')}`}`,
    `         ${told.bytes_per_episode === null ? `an episode: unavailable below ${LEAST_EPISODES} episodes` : `${bytesText(told.bytes_per_episode)} an episode`}`,
    `beside   ${Object.entries(told.disk_bytes)
      .map(([name, bytes]) => `${name} ${bytesText(bytes)}`)
      .join(', ')}`,
  ];
}

/** Where there are more episodes than are looked at, the days before the newest of them are nobody's to tell. */
async function episodesByDay(
  memory: Opened['memory'],
  { nowMs, signal }: { readonly nowMs: number; readonly signal: AbortSignal },
): Promise<readonly (number | null)[]> {
  const names = Array.from({ length: DAYS }, (_, index) => dayOf(nowMs - (DAYS - 1 - index) * DAY_MS));
  const since = `${names[0]}T00:00:00.000Z`;
  const { groups, isComplete } = await memory.aggregate(
    { where: { scope: 'all', since }, groupBy: ['day'], measures: ['ended'], orderBy: 'group' },
    { signal },
  );
  const counts = new Map(groups.map(({ group, count }) => [group.day, count]));
  // The oldest day that was reached may have more.
  const reached = groups.map(({ group }) => group.day ?? '').sort()[0] ?? '';
  return names.map((day) => (!isComplete && day <= reached ? null : (counts.get(day) ?? 0)));
}

async function grownBytes(invocation: Invocation, nowMs: number): Promise<Growth['bytes']> {
  const { periods } = await readFigures(invocation, nowMs);
  const byDay = new Map<string, number>();
  for (const { fromMs, snapshot } of periods) {
    const value = snapshot.gauges.find(({ name }) => name === 'store_bytes')?.value;
    if (value === undefined || fromMs < nowMs - DAYS * DAY_MS) continue;
    byDay.set(dayOf(fromMs), Math.max(value, byDay.get(dayOf(fromMs)) ?? 0));
  }
  const [first, ...others] = [...byDay].sort(([a], [b]) => (a < b ? -1 : 1));
  const last = others.at(-1);
  if (first === undefined || last === undefined) return null;
  return { grown: last[1] - first[1], days: Math.round((Date.parse(last[0]) - Date.parse(first[0])) / DAY_MS) };
}

function dayOf(ms: number): string {
  return new Date(ms).toISOString().slice(0, 10);
}

/** 0 where there is no such folder. */
async function folderBytes(folder: string): Promise<number> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  let sum = 0;
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    // It may be gone by now.
    sum += (await stat(join(entry.parentPath, entry.name)).catch(() => undefined))?.size ?? 0;
  }
  return sum;
}
