// What stays and what goes when there is no more room: S3-FIFO (Yang et al., SOSP 2023), over databases that several
// processes share. New keys wait in a small queue; those that were read meanwhile move on to the main queue, the others
// go, and their names are remembered for a while: who comes again belongs to the main queue. There, each read since
// the last turn (at most three) saves a key for one more turn. A read changes no order, so it needs no write of its own.
import type { AreaFiles, Notes } from './environment.ts';
import { keptBytes, noteText, readKept, readNote } from './records.ts';

export interface AreaFigures {
  readonly entries: number;
  readonly sizeBytes: number;
}

/** All but `get` must be called within one write transaction of the environment. */
export interface Area {
  /** The payload, and whether it was there and too old; nothing where it is not, or garbled. */
  get(key: string, oldestSeconds: number): { readonly payload: Uint8Array; readonly isExpired: boolean } | undefined;
  /** Answers how many others had to go. What is larger than an eighth of the area is not kept. */
  put(key: string, payload: Uint8Array, nowSeconds: number): number;
  remove(key: string): void;
  clear(): void;
  /** Says that these keys were read. */
  touch(keys: Iterable<string>): void;
  /** Looks at some keys behind `after` and removes what was stored before `oldestSeconds`. Answers where it stopped. */
  sweep(after: string, oldestSeconds: number): { readonly stoppedAt: string; readonly removed: number };
  figures(): AreaFigures;
}

/** What is counted of an area: in `notes`, as it changes with every write. */
interface Tally extends AreaFigures {
  readonly smallBytes: number;
  readonly forgotten: number;
  /** The next free place in the queues. */
  readonly place: number;
}

type Queue = 'small' | 'main' | 'forgotten';

interface Row {
  readonly queue: Queue;
  readonly place: number;
  readonly sizeBytes: number;
  readonly uses: number;
  readonly storedAtSeconds: number;
}

const NOTHING: Tally = { entries: 0, sizeBytes: 0, smallBytes: 0, forgotten: 0, place: 1 };
const SMALL_SHARE = 0.1;
const MAX_USES = 3;
/** What an entry takes beside key and value: its rows in ledger and queue, and the half-empty pages of B-trees. */
const OVERHEAD_BYTES = 250;
const SWEEP_KEYS = 8;

interface AreaOptions {
  readonly name: string;
  readonly files: AreaFiles;
  readonly notes: Notes;
  readonly maxSizeBytes: number;
}

export function openArea({ name, files, notes, maxSizeBytes }: AreaOptions): Area {
  const { values, ledger, queues } = files;
  const rows = rowsIn(files);
  const shrink = shrinker(values, rows, maxSizeBytes);
  const noteKey = `tally-${name}`;
  // `write` alone writes under this key.
  const tally = (): Tally => (notes.read(noteKey) as Tally | undefined) ?? NOTHING;
  const write = (next: Tally): void => notes.write(noteKey, next);

  function remove(key: string): void {
    const row = rows.rowOf(key);
    values.removeSync(key);
    if (row !== undefined) write(rows.leave(key, row, tally()));
  }

  return {
    get(key, oldestSeconds) {
      const bytes = values.getBinary(key);
      const kept = bytes && readKept(key, bytes);
      return kept && { payload: kept.payload, isExpired: kept.storedAtSeconds < oldestSeconds };
    },

    put(key, payload, storedAtSeconds) {
      const sizeBytes = key.length + payload.byteLength + OVERHEAD_BYTES;
      if (sizeBytes > maxSizeBytes / 8) {
        remove(key);
        return 0;
      }
      const known = rows.rowOf(key);
      values.putSync(key, keptBytes(key, { storedAtSeconds, payload }));
      const before = known === undefined ? tally() : rows.leave(key, known, tally());
      const queue = known === undefined || known.queue === 'small' ? 'small' : 'main';
      const uses = known?.queue === 'forgotten' ? 0 : (known?.uses ?? 0);
      const { now, evicted } = shrink(rows.enter(key, { queue, sizeBytes, uses, storedAtSeconds }, before));
      write(now);
      return evicted;
    },

    remove,

    clear() {
      for (const database of [values, ledger, queues]) database.clearSync();
      write(NOTHING);
    },

    touch(keys) {
      for (const key of keys) {
        const row = rows.rowOf(key);
        if (row === undefined || row.queue === 'forgotten' || row.uses >= MAX_USES) continue;
        ledger.putSync(key, noteText(key, { ...row, uses: row.uses + 1 } satisfies Row));
      }
    },

    sweep(after, oldestSeconds) {
      const keys = [...ledger.getKeys({ start: after, exclusiveStart: true, limit: SWEEP_KEYS })];
      const old = keys.filter((key) => (rows.rowOf(key)?.storedAtSeconds ?? 0) < oldestSeconds);
      for (const key of old) remove(key);
      return { stoppedAt: keys.at(-1) ?? '', removed: old.length };
    },

    figures() {
      const { entries, sizeBytes } = tally();
      return { entries, sizeBytes };
    },
  };
}

/** The keys of an area with what is known of each, every one in one queue. */
interface Rows {
  rowOf(key: string): Row | undefined;
  /** Puts the row of a key that stands in no queue at the end of one. */
  enter(key: string, row: Omit<Row, 'place'>, now: Tally): Tally;
  leave(key: string, row: Row, now: Tally): Tally;
  /** The first key of a queue with its row. What has no row, as after damage, is taken out of the queue. */
  firstOf(queue: Queue): readonly [string, Row] | undefined;
}

function rowsIn({ ledger, queues }: AreaFiles): Rows {
  function rowOf(key: string): Row | undefined {
    const text = ledger.get(key);
    // `enter` alone writes rows.
    return text === undefined ? undefined : (readNote(key, text) as Row | undefined);
  }

  function enter(key: string, row: Omit<Row, 'place'>, now: Tally): Tally {
    ledger.putSync(key, noteText(key, { ...row, place: now.place } satisfies Row));
    queues.putSync([row.queue, now.place], key);
    return counted(row, { ...now, place: now.place + 1 }, 1);
  }

  function leave(key: string, row: Row, now: Tally): Tally {
    queues.removeSync([row.queue, row.place]);
    ledger.removeSync(key);
    return counted(row, now, -1);
  }

  function firstOf(queue: Queue): readonly [string, Row] | undefined {
    for (const { key: place, value: key } of queues.getRange({ start: [queue, 0], end: [queue, Number.MAX_VALUE] })) {
      const row = rowOf(key);
      if (row?.queue === queue && row.place === place[1]) return [key, row];
      queues.removeSync(place);
    }
    return undefined;
  }

  return { rowOf, enter, leave, firstOf };
}

type Shrink = (start: Tally) => { readonly now: Tally; readonly evicted: number };

function shrinker(values: AreaFiles['values'], { enter, leave, firstOf }: Rows, maxSizeBytes: number): Shrink {
  /** Makes one step towards a smaller area: answers nothing when there is nothing left to go. */
  function step(now: Tally): { readonly now: Tally; readonly evicted: number } | undefined {
    const isSmallTurn = now.smallBytes > SMALL_SHARE * maxSizeBytes;
    const first = isSmallTurn ? (firstOf('small') ?? firstOf('main')) : (firstOf('main') ?? firstOf('small'));
    if (first === undefined) return undefined;
    const [key, row] = first;
    const rest = leave(key, row, now);
    if (row.uses > 0) {
      const uses = row.queue === 'main' ? row.uses - 1 : 0;
      return { now: enter(key, { ...row, queue: 'main', uses }, rest), evicted: 0 };
    }
    values.removeSync(key);
    if (row.queue === 'main') return { now: rest, evicted: 1 };
    return { now: forgetOldest(enter(key, { ...row, queue: 'forgotten' }, rest)), evicted: 1 };
  }

  function forgetOldest(now: Tally): Tally {
    if (now.forgotten <= Math.max(now.entries, 1)) return now;
    const oldest = firstOf('forgotten');
    return oldest === undefined ? { ...now, forgotten: 0 } : leave(...oldest, now);
  }

  return (start) => {
    let now = start;
    let evicted = 0;
    while (now.sizeBytes > maxSizeBytes) {
      const made = step(now);
      // The counts were wrong, as after damage: nothing is left, so they start again.
      if (made === undefined) return { now: { ...NOTHING, place: now.place }, evicted };
      now = made.now;
      evicted += made.evicted;
    }
    return { now, evicted };
  };
}

function counted({ queue, sizeBytes }: Omit<Row, 'place'>, now: Tally, sign: 1 | -1): Tally {
  if (queue === 'forgotten') return { ...now, forgotten: now.forgotten + sign };
  return {
    ...now,
    entries: now.entries + sign,
    sizeBytes: now.sizeBytes + sign * sizeBytes,
    smallBytes: now.smallBytes + (queue === 'small' ? sign * sizeBytes : 0),
  };
}
