// What a cache does while its files are open. All calls of LMDB are synchronous: they take microseconds, and lmdb's
// asynchronous transactions, whose callback is called from a thread of its own, were seen to never call it. LMDB lets
// one transaction write at a time over all processes, and gives readers a snapshot; the laws of the port rest on these.
import { MemoryError, START, samePosition } from '@episodica/memory-core/backend';
import type { Block, CacheMove, CacheRead, Entities, Kind, Position } from '@episodica/memory-core/ports';
import { type Area, type AreaFigures, openArea } from './area.ts';
import { codec, type ShapeStore } from './codec.ts';
import { type Counts, NO_COUNTS, sum } from './counts.ts';
import { type Environment, type Notes, openEnvironment } from './environment.ts';
import { type Fingerprint, fingerprint } from './files.ts';
import { blockIn, partsOf } from './packed-block.ts';
import { sealedNotes } from './sealed-notes.ts';
import type { Seal } from './sealing.ts';

/** Rises with every change to what is stored or how. A cache of another format is emptied by who opens it. */
const FORMAT = 3;

export interface SessionOptions {
  readonly folder: string;
  readonly seal: Seal;
  readonly maxEntitiesBytes: number;
  readonly maxBlocksBytes: number;
  readonly nowSeconds: () => number;
  readonly ttlSeconds: number;
  /** Told of everything that is counted. */
  readonly onCounted: (counts: Counts) => void;
}

export interface Session {
  get<K extends Kind>(kind: K, ids: readonly string[]): CacheRead<K>;
  set<K extends Kind>(kind: K, values: readonly Entities[K][], at: Position): void;
  move(step: CacheMove): void;
  getBlock(key: string): Block | undefined;
  setBlock(key: string, block: Block): void;
  removeBlock(key: string): void;
  /** Adds to what was counted and is not written yet. */
  count(counts: Partial<Counts>): void;
  /** What is kept now, and what all processes have counted, this one's newest included. */
  figures(): AreaFigures & { readonly counts: Counts };
  /** Whether the files that it works on are still those under its path. */
  isInPlace(): boolean;
  /** Answers how it left the files, if nobody but this process changed them since it opened them. */
  close(): Promise<Fingerprint | undefined>;
}

/** Reads whose keys are remembered before they are written down together. */
const MAX_TOUCHED = 256;

/** Opens or makes the files. @throws what LMDB says */
export function openSession({ folder, seal, ...options }: SessionOptions): Session {
  const environment = openSealed(folder, seal);
  const { root, notes } = environment;
  const { entities, blocks } = openAreas(environment, options);
  const { write, isInPlace, leave } = writerOf(root, folder);
  write(() => beginAnew(notes, [entities, blocks]));
  const { encode, decode } = codec(shapesIn(notes, write));
  const uses = usage({ entities, blocks, notes, seal, options });

  return {
    get<K extends Kind>(kind: K, ids: readonly string[]) {
      // lmdb renews its snapshot between turns of the event loop, and nothing in here waits: one snapshot for all.
      const at = positionIn(notes);
      const values = ids.map((id) => {
        const payload = uses.read('entities', seal.hide(keyOf(kind, id)));
        // `set` alone writes under this key, after checking that the bytes read as what it was given.
        return payload && (decode(payload) as Entities[K]);
      });
      if (uses.areMany()) write(uses.writeDown);
      return { at, values };
    },

    set(kind, values, at) {
      const encoded = values.map((value) => ({ key: seal.hide(keyOf(kind, value.id)), bytes: encode(value) }));
      write(() => {
        if (!samePosition(positionIn(notes), at)) return;
        // First, so that what was just read is not what has to go.
        uses.writeDown();
        for (const { key, bytes } of encoded) if (bytes !== undefined) uses.keep(entities, key, bytes);
      });
    },

    move({ from, to, changed }) {
      write(() => {
        if (!samePosition(positionIn(notes), from)) return;
        if (changed === undefined) entities.clear();
        else for (const { kind, id } of changed) entities.remove(seal.hide(keyOf(kind, id)));
        keepPosition(notes, to);
      });
    },

    getBlock(key) {
      const payload = uses.read('blocks', seal.hide(key));
      if (uses.areMany()) write(uses.writeDown);
      return payload && blockIn(payload);
    },

    setBlock(key, block) {
      write(() => {
        uses.writeDown();
        uses.keep(blocks, seal.hide(key), Buffer.concat(partsOf(block)));
      });
    },

    removeBlock: (key) => write(() => blocks.remove(seal.hide(key))),
    count: uses.count,
    figures() {
      const [a, b] = [entities.figures(), blocks.figures()];
      return { entries: a.entries + b.entries, sizeBytes: a.sizeBytes + b.sizeBytes, counts: uses.counts() };
    },

    isInPlace,

    async close() {
      if (isInPlace()) write(uses.writeDown);
      await root.close();
      return leave();
    },
  };
}

function openSealed(folder: string, seal: Seal): Environment {
  const environment = openEnvironment(folder);
  return { ...environment, notes: sealedNotes(environment.notes, seal) };
}

function openAreas(
  { areas, notes }: Environment,
  { maxEntitiesBytes, maxBlocksBytes }: Pick<SessionOptions, 'maxEntitiesBytes' | 'maxBlocksBytes'>,
): { readonly entities: Area; readonly blocks: Area } {
  return {
    entities: openArea({ name: 'entities', files: areas.entities, notes, maxSizeBytes: maxEntitiesBytes }),
    blocks: openArea({ name: 'blocks', files: areas.blocks, notes, maxSizeBytes: maxBlocksBytes }),
  };
}

/** Empties what another version of this program left. */
function beginAnew(notes: Notes, areas: readonly Area[]): void {
  if (hasOurFormat(notes)) return;
  for (const area of areas) area.clear();
  keepPosition(notes, START);
}

interface Writer {
  /** One transaction; and a look whether anybody else changed the file since this process did. */
  write<T>(work: () => T): T;
  isInPlace(): boolean;
  /** How the files are left, if nobody but this process changed them. */
  leave(): Fingerprint | undefined;
}

function writerOf(root: Environment['root'], folder: string): Writer {
  const opened = fingerprint(folder);
  let changedNs = opened?.changedNs;
  let isAlone = opened !== undefined;
  return {
    write(work) {
      const result = root.transactionSync(() => {
        if (fingerprint(folder)?.changedNs !== changedNs) isAlone = false;
        return work();
      });
      changedNs = fingerprint(folder)?.changedNs;
      return result;
    },
    isInPlace() {
      const now = fingerprint(folder);
      return now?.data === opened?.data && now?.lock === opened?.lock;
    },
    leave() {
      const left = fingerprint(folder);
      return isAlone && left?.data === opened?.data && left?.changedNs === changedNs ? left : undefined;
    },
  };
}

interface Usage {
  /** The payload, counted as a hit or a miss. */
  read(area: 'entities' | 'blocks', key: string): Uint8Array | undefined;
  keep(area: Area, key: string, payload: Uint8Array): void;
  count(counts: Partial<Counts>): void;
  counts(): Counts;
  areMany(): boolean;
  /** Writes down what was read and counted, and looks for what is too old. Within a transaction. */
  writeDown(): void;
}

interface UsageOptions {
  readonly entities: Area;
  readonly blocks: Area;
  readonly notes: Notes;
  readonly seal: Seal;
  readonly options: Pick<SessionOptions, 'nowSeconds' | 'ttlSeconds' | 'onCounted'>;
}

/** What was read and counted: written down in batches, so that a read is no write. */
function usage({ entities, blocks, notes, seal, options }: UsageOptions): Usage {
  const { nowSeconds, ttlSeconds, onCounted } = options;
  const areas = { entities, blocks };
  const touched = { entities: new Set<string>(), blocks: new Set<string>() };
  const swept = { entities: '', blocks: '' };
  let pending = NO_COUNTS;
  const count = (some: Partial<Counts>): void => {
    const counts = { ...NO_COUNTS, ...some };
    pending = sum(pending, counts);
    onCounted(counts);
  };
  // `writeDown` alone writes this note.
  const written = (): Counts => (notes.read('counts') as Counts | undefined) ?? NO_COUNTS;

  return {
    count,
    counts: () => sum(written(), pending),
    areMany: () => touched.entities.size + touched.blocks.size >= MAX_TOUCHED,

    read(name, key) {
      const found = areas[name].get(key, nowSeconds() - ttlSeconds);
      const payload = found?.isExpired === false ? seal.open(key, found.payload) : undefined;
      if (payload === undefined) {
        count({ misses: 1 });
        return undefined;
      }
      count({ hits: 1 });
      touched[name].add(key);
      return payload;
    },

    keep: (area, key, payload) => count({ evictions: area.put(key, seal.seal(key, payload), nowSeconds()) }),

    writeDown() {
      for (const name of ['entities', 'blocks'] as const) {
        areas[name].touch(touched[name]);
        touched[name].clear();
        const { stoppedAt, removed } = areas[name].sweep(swept[name], nowSeconds() - ttlSeconds);
        swept[name] = stoppedAt;
        count({ expired: removed });
      }
      if (Object.values(pending).every((counted) => counted === 0)) return;
      notes.write('counts', sum(written(), pending));
      pending = NO_COUNTS;
    },
  };
}

/**
 * Shapes are kept per format, and never deleted: another process may have read them long ago. Without a way to `write`
 * they are only read.
 */
export function shapesIn(notes: Notes, write?: (work: () => boolean) => boolean): ShapeStore {
  const key = `shapes-${FORMAT}`;
  // Written by `replace` alone.
  const read = (): readonly (readonly string[])[] | undefined =>
    notes.read(key) as readonly (readonly string[])[] | undefined;
  return {
    read,
    replace(shapes, isExpected) {
      if (write === undefined) return false;
      return write(() => {
        if (!isExpected(read())) return false;
        notes.write(key, shapes);
        return true;
      });
    },
  };
}

function keyOf(kind: Kind, id: string): string {
  return `${kind}/${id}`;
}

interface State {
  readonly format: number;
  readonly at: Position;
}

function stateIn(notes: Notes): State | undefined {
  // `keepPosition` alone writes this note; formats of the future keep `format` where it is.
  return notes.read('state') as State | undefined;
}

function hasOurFormat(notes: Notes): boolean {
  try {
    return stateIn(notes)?.format === FORMAT;
  } catch {
    // Written by another version, in a way that this one cannot read.
    return false;
  }
}

/** @throws when a program with another format has taken the cache over: this one cannot use it any more. */
function positionIn(notes: Notes): Position {
  const state = stateIn(notes);
  if (state?.format !== FORMAT) {
    throw new MemoryError(
      'STORE_FAILED',
      'The cache belongs to another version of this program now; restart this one.',
    );
  }
  return state.at;
}

function keepPosition(notes: Notes, at: Position): void {
  notes.write('state', { format: FORMAT, at } satisfies State);
}
