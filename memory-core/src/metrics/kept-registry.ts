// A registry whose figures outlive its process: beside those since the start it holds what was not written yet, and
// writes that into a folder when a moment passes without more, each time as a file of its own that nobody changes any more.
import { type Logger, silentLogger } from '../ports/runtime.ts';
import { GAUGES, type GaugeName } from './catalogue.ts';
import { codeOf, type Disk, type FigureFolder, figureFolder, lifeName, partName } from './figure-folder.ts';
import { foldFigures } from './fold.ts';
import { snapshotText } from './kept-snapshot.ts';
import { forgetTheGone, HEARTBEAT_MS, type Identity, lifeText, ownIdentity } from './life.ts';
import { hourOf, msToNextHour, type Period } from './period.ts';
import { type MetricsRegistry, metricsRegistry } from './registry.ts';
import { type GaugeSeries, type MetricsSnapshot, mergedSnapshots } from './snapshot.ts';

/** How often is looked whether something was counted: what a process stands at is told no later. */
const LOOK_MS = 2_000;
/** Where it never pauses for as long as that, what was counted is written so often: with a look, ten seconds are lost at most. */
const WRITE_MS = 8_000;
/** So many files are folded by whoever writes the next. */
const PARTS_TO_FOLD = 32;
/** Where nobody can fold, so many are enough: what comes is held until there are fewer, or the process ends. */
const MAX_PARTS = 2_000;
/** Hours whose figures are held while they cannot be written; those of more are told as of the newest. */
const MAX_HOURS_OWED = 24;

/** A registry that is kept. What it answers itself is since the start. */
export interface KeptRegistry extends MetricsRegistry {
  /** Writes into this folder from now on, also what was counted before. Whatever goes wrong with it is nobody else's. */
  keepIn(folder: string, options?: KeepOptions): void;
  /** Writes the rest. Idempotent; never rejects. */
  close(): Promise<void>;
}

/** What tells of a folder that cannot be written. */
export interface KeepOptions {
  /** Of how the process is, others are told while it runs: for those that stay. @default false */
  readonly isServer?: boolean | undefined;
  /** Told once. @default silent */
  readonly logger?: Logger | undefined;
  readonly disk?: Disk | undefined;
}

/** Counts from nothing; `program` is the name under which it is kept. */
export function keptRegistry(program: string, clock: () => number = Date.now): KeptRegistry {
  const sinceStart = metricsRegistry();
  const history = metricsRegistry();
  const unwritten = unwrittenFigures(clock);
  let keeping: Keeping | undefined;
  let closing: Promise<void> | undefined;

  return {
    count(counter, labels, by) {
      sinceStart.count(counter, labels, by);
      unwritten.metrics().count(counter, labels, by);
    },
    time(timer, labels, ms) {
      sinceStart.time(timer, labels, ms);
      unwritten.metrics().time(timer, labels, ms);
    },
    gauge(name, read) {
      sinceStart.gauge(name, read);
      if (isKept(name)) history.gauge(name, read);
    },
    snapshot: () => sinceStart.snapshot(),
    counted: () => sinceStart.counted(),
    keepIn(path, { isServer = false, logger = silentLogger, disk } = {}) {
      keeping ??= keepingIn(figureFolder(path, disk), {
        program,
        clock,
        unwritten,
        isServer,
        logger,
        sinceStart,
        history,
      });
    },
    close() {
      closing ??= keeping?.close() ?? Promise.resolve();
      return closing;
    },
  };
}

function isKept(name: GaugeName): boolean {
  return 'isKept' in GAUGES[name];
}

interface Unwritten {
  /** Where what comes now goes. */
  metrics(): MetricsRegistry;
  /** Another number whenever something came. */
  records(): number;
  /** Whether the hour that it is counted to is over. */
  isLate(): boolean;
  /** Hands each hour's figures to `write`, and forgets those that it did not throw at. */
  writeAll(write: (period: Period, snapshot: MetricsSnapshot) => void, gauges: readonly GaugeSeries[]): void;
}

/** What is counted goes to the hour in which the counting was begun: it is written at the turn of each. */
function unwrittenFigures(clock: () => number): Unwritten {
  const owed = new Map<Period, MetricsSnapshot>();
  let counting = metricsRegistry();
  let since = hourOf(clock());
  let records = 0;

  function owe(period: Period, snapshot: MetricsSnapshot): void {
    const known = owed.get(period);
    owed.set(period, known === undefined ? snapshot : mergedSnapshots(known, snapshot));
  }

  function turn(gauges: readonly GaugeSeries[]): void {
    const counted = counting.counted();
    const period = since;
    counting = metricsRegistry();
    since = hourOf(clock());
    if (counted.counters.length + counted.timers.length === 0) return;
    owe(period, { ...counted, gauges });
    const [oldest] = owed;
    if (owed.size <= MAX_HOURS_OWED || oldest === undefined) return;
    owed.delete(oldest[0]);
    owe(period, oldest[1]);
  }

  return {
    metrics() {
      records += 1;
      return counting;
    },
    records: () => records,
    isLate: () => hourOf(clock()) !== since,
    writeAll(write, gauges) {
      turn(gauges);
      for (const [period, snapshot] of owed) {
        write(period, snapshot);
        owed.delete(period);
      }
    },
  };
}

interface Keeping {
  close(): Promise<void>;
}

interface Kept {
  readonly program: string;
  readonly clock: () => number;
  readonly unwritten: Unwritten;
  readonly isServer: boolean;
  readonly logger: Logger;
  readonly sinceStart: MetricsRegistry;
  /** The gauges whose past is kept. */
  readonly history: MetricsRegistry;
}

function keepingIn(folder: FigureFolder, kept: Kept): Keeping {
  const { program, clock, unwritten, isServer, history } = kept;
  const complain = complaining(kept.logger);
  const life = isServer ? lifeOf(folder, kept) : undefined;
  let timer: NodeJS.Timeout | undefined;
  let isClosed = false;
  let seen = 0;
  let written = 0;
  let writtenMs = clock();

  async function write(): Promise<void> {
    written = unwritten.records();
    writtenMs = clock();
    const { gauges } = await history.snapshot();
    const parts = folder.names().files.filter(({ kind }) => kind === 'part').length;
    if (parts < MAX_PARTS) {
      unwritten.writeAll((period, snapshot) => folder.write(partName(program, period), snapshotText(snapshot)), gauges);
    }
    if (parts < PARTS_TO_FOLD) return;
    foldFigures(folder, clock());
    forgetTheGone(folder, clock());
  }

  /** What a process stands at is told once more when nothing came any more. */
  async function look(): Promise<void> {
    const records = unwritten.records();
    const isQuiet = records === seen;
    seen = records;
    const isNew = records !== written;
    if (isNew || life?.isSilent() === true) await life?.tell();
    const isTime = clock() - writtenMs >= WRITE_MS || unwritten.isLate();
    if ((isNew && isQuiet) || isTime) await write();
  }

  function later(): void {
    if (isClosed) return;
    // Nobody who works has to know of a failure: what was not written is tried again.
    timer = setTimeout(() => void look().catch(complain).then(later), Math.min(LOOK_MS, msToNextHour(clock())));
    timer.unref();
  }

  later();
  void life?.tell().catch(complain);
  return {
    async close() {
      isClosed = true;
      clearTimeout(timer);
      await write().catch(complain);
      life?.end();
    },
  };
}

interface TellingLife {
  /** Whether nothing was told for so long that others may take it for gone. */
  isSilent(): boolean;
  tell(): Promise<void>;
  end(): void;
}

function lifeOf(folder: FigureFolder, { program, clock, sinceStart }: Kept): TellingLife {
  const name = lifeName(program);
  const identity: Identity = ownIdentity();
  const startedAtMs = Math.round(clock() - process.uptime() * 1_000);
  let toldMs = clock();
  let hasEnded = false;
  return {
    isSilent: () => clock() - toldMs >= HEARTBEAT_MS,
    async tell() {
      const { gauges } = await sinceStart.snapshot();
      if (hasEnded) return;
      toldMs = clock();
      folder.write(name, lifeText({ program, pid: identity.pid, startedAtMs, atMs: toldMs, gauges }, identity));
    },
    end() {
      hasEnded = true;
      try {
        folder.remove(name);
      } catch {
        // Whoever reads it finds that this process is gone.
      }
    },
  };
}

/** Once: a folder that cannot be written stays so mostly. */
function complaining(logger: Logger): (error: unknown) => void {
  let hasComplained = false;
  return (error) => {
    if (hasComplained) return;
    hasComplained = true;
    const code = codeOf(error);
    logger.info({ ...(code === undefined ? { error } : { code }) }, 'the figures of this process cannot be kept');
  };
}
