// Reads the figures that processes keep in a folder: each once, while others write and fold.
import { MemoryError } from '../errors.ts';
import { type Disk, type FigureFolder, type FigureNames, figureFolder, listName } from './figure-folder.ts';
import { countedFiles, type NewestList, newestList } from './fold.ts';
import { snapshotIn } from './kept-snapshot.ts';
import { type Life, lifeIn } from './life.ts';
import { type Period, spanOf } from './period.ts';
import { type MetricsSnapshot, mergedSnapshots, SNAPSHOT_VERSION } from './snapshot.ts';

/** What one program counted in one period. */
export interface KeptPeriod {
  readonly program: string;
  /** `2026-01-31T08` (an hour, UTC), `2026-01-31` (a day) or `before`. */
  readonly period: Period;
  readonly fromMs: number;
  readonly untilMs: number;
  readonly snapshot: MetricsSnapshot;
}

/** All that is kept. */
export interface KeptFigures {
  /** The oldest first. */
  readonly periods: readonly KeptPeriod[];
  /** Processes that are there, the oldest first. */
  readonly running: readonly Life[];
  /** Files whose figures are left out, and why. */
  readonly skipped: readonly { readonly name: string; readonly why: 'damaged' | 'unreadable' | 'newer' | 'foreign' }[];
}

/** How often it is read anew because files came and went meanwhile: that takes a fold during each. */
const MAX_ATTEMPTS = 50;

/**
 * What is kept in this folder; nothing where there is none.
 * @throws `STORE_FAILED` where the folder cannot be read
 */
export function keptFigures(path: string, options: { readonly nowMs: number; readonly disk?: Disk }): KeptFigures {
  try {
    return readAll(figureFolder(path, options.disk), options.nowMs);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MemoryError('STORE_FAILED', `The figures in ${path} cannot be read: ${reason}.`, { cause });
  }
}

/** One snapshot of several; gauges that are kept as the largest. */
export function sumOf(snapshots: Iterable<MetricsSnapshot>): MetricsSnapshot {
  let sum: MetricsSnapshot = { version: SNAPSHOT_VERSION, counters: [], timers: [], gauges: [] };
  for (const snapshot of snapshots) sum = mergedSnapshots(sum, snapshot);
  return sum;
}

function readAll(folder: FigureFolder, nowMs: number): KeptFigures {
  for (let attempt = 1; ; attempt += 1) {
    const names = folder.names();
    const newest = newestList(folder, names);
    if (newest === 'gone') {
      if (attempt < MAX_ATTEMPTS) continue;
      throw new Error('its lists come and go');
    }
    const read = readCounted(folder, { names, newest, nowMs });
    // What one list says is there stays as long as it is the newest; so all of this was so at one moment.
    const isOneMoment = folder.names().generations[0] === names.generations[0];
    if ((!isOneMoment || read.isGone) && attempt < MAX_ATTEMPTS) continue;
    const lives = readLives(folder, { names, nowMs });
    const foreign = names.foreign.map((name) => ({ name, why: 'foreign' as const }));
    return { periods: read.periods, running: lives.running, skipped: [...read.skipped, ...lives.skipped, ...foreign] };
  }
}

interface Reading {
  readonly names: FigureNames;
  readonly nowMs: number;
}

type Skipped = KeptFigures['skipped'];

function readCounted(
  folder: FigureFolder,
  { names, newest: { list, trouble }, nowMs }: Reading & { readonly newest: NewestList },
): { readonly periods: readonly KeptPeriod[]; readonly skipped: Skipped; readonly isGone: boolean } {
  const skipped: Skipped[number][] = [];
  const byPeriod = new Map<string, KeptPeriod>();
  let isGone = false;
  for (const { name, program, period } of countedFiles(names, list)) {
    const file = folder.read(name);
    const snapshot = typeof file === 'string' ? file : snapshotIn(file.text);
    if (snapshot === 'gone') {
      isGone = true;
    } else if (typeof snapshot === 'string') {
      skipped.push({ name, why: snapshot });
    } else {
      const key = `${program} ${period}`;
      const known = byPeriod.get(key);
      byPeriod.set(key, {
        program,
        period,
        ...spanOf(period, nowMs),
        snapshot: known === undefined ? snapshot : mergedSnapshots(known.snapshot, snapshot),
      });
    }
  }
  if (trouble !== undefined) skipped.push({ name: listName(names.generations[0] ?? 0), why: trouble });
  const periods = [...byPeriod.values()].sort(inOrder);
  return { periods, skipped, isGone };
}

function inOrder(a: KeptPeriod, b: KeptPeriod): number {
  return a.fromMs - b.fromMs || (a.program < b.program ? -1 : 1);
}

function readLives(
  folder: FigureFolder,
  { names, nowMs }: Reading,
): { readonly running: readonly Life[]; readonly skipped: Skipped } {
  const running: Life[] = [];
  const skipped: Skipped[number][] = [];
  for (const name of names.lives) {
    const file = folder.read(name);
    if (file === 'gone') continue;
    const life = file === 'unreadable' ? file : lifeIn(file.text, nowMs);
    if (life === 'damaged' || life === 'unreadable') skipped.push({ name, why: life });
    else if (life !== 'gone') running.push(life);
  }
  return { running: running.sort((a, b) => a.startedAtMs - b.startedAtMs), skipped };
}
