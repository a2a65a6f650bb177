// A store over a file that follows a remote database: reads are answered by the file, writes go to the database.
import { setTimeout as sleep } from 'node:timers/promises';
import { isMemoryError, MemoryError } from '@episodica/memory-core/backend';
import type { Kind, Logger, Write, WriteOptions, WriteReceipt } from '@episodica/memory-core/ports';
import type { Connection } from './connection.ts';
import { beginFollowing, readFollowing, refuseOwnMemory } from './following.ts';
import type { TursoStore } from './store.ts';
import { isForked, type Syncing, syncing } from './syncing.ts';

/** What a store offers that follows a remote database. */
export interface Replica {
  /**
   * Brings the file up to where the database is now.
   * @throws `STORE_UNAVAILABLE` while it is away; `INVALID_STATE` where the file is not a copy of it, or it was put back
   */
  sync(): Promise<SyncReceipt>;
  state(): Promise<ReplicaState>;
}

/** What was brought over, and up to which entry of the journal. */
export interface SyncReceipt {
  readonly changes: number;
  readonly seq: number;
  readonly tookMs: number;
}

/** How the file stands to the database that it follows. */
export interface ReplicaState {
  /** Its address, without credentials. */
  readonly primary: string;
  /** When the file was last known to hold all that the database did; absent until it was filled. */
  readonly syncedAt?: string;
  /** Why it could not be brought up to it the last time this was tried. */
  readonly problem?: string;
}

/** The two ends, and how they are kept together. */
export interface ReplicaSetup {
  /** The store in the file. It is closed with the replica. */
  readonly local: TursoStore;
  /** A connection to the same file. */
  readonly file: Connection;
  /** The address of the database, without credentials. */
  readonly primary: string;
  /** Rejects while it is away; the next call tries again. Aborting the signal gives up all that is asked of it. */
  openPrimary(signal: AbortSignal): Promise<Primary>;
  readonly intervalMs: number;
  readonly logger: Logger;
}

/** The database, once it was reached. */
export interface Primary {
  readonly connection: Connection;
  readonly store: TursoStore;
}

/**
 * Opens with what the file has; one that is empty, or was not brought up to the database for longer than the interval,
 * gets a few seconds for that first.
 *
 * A write that resolved is durable in the database and seen by the next read here. Reads cost no round trip, but for
 * an id that the file does not know. While the database is away, they are answered with what is there, and writes
 * reject with `STORE_UNAVAILABLE`. Until the file was filled for the first time, reads reject too.
 * @throws `INVALID_STATE` for a file with a memory of its own, and for one that follows another database
 */
export async function openReplica(setup: ReplicaSetup): Promise<TursoStore> {
  const { file, intervalMs } = setup;
  const replica = replicaStore(setup);
  try {
    await refuseOwnMemory(file);
    if (!(await isFresh(file, intervalMs))) await replica.bringUp(OPENING_PATIENCE_MS);
    const { problem, isFilled } = replica.follower;
    if (isForked(problem) || (problem?.retryable === false && !(await isFilled()))) throw problem;
    replica.start();
    return replica.store;
  } catch (error) {
    await replica.store.close();
    throw error;
  }
}

/** How long opening waits for the database. */
const OPENING_PATIENCE_MS = 3_000;
/** How long a read waits for it, where it may be needed. */
const READING_PATIENCE_MS = 2_000;
/** How long a write that is done waits until the file has it. */
const WRITING_PATIENCE_MS = 5_000;
/** Longest time between two attempts of reads that want the database while it is away. */
const MAX_PAUSE_MS = 5_000;

/**
 * Of these, who asks by id has heard of it, maybe from another machine: what the file does not know is asked for. So is
 * whether something was forgotten elsewhere, as an import would bring it back.
 * The others are asked for to see whether they are there, and mostly they are not; a write that is wrong about it is
 * turned down by the database.
 */
const IS_HEARD_OF: Readonly<Record<Kind, boolean>> = {
  episode: true,
  step: true,
  recommendation: true,
  pattern: false,
  evidence: false,
  baseline: false,
  cluster: false,
  tombstone: true,
  embedding: false,
  model: false,
};

interface ReplicaStore {
  readonly store: TursoStore;
  readonly follower: Syncing;
  readonly bringUp: BringUp;
  /** Syncs from now on in intervals. */
  start(): void;
}

function replicaStore(setup: ReplicaSetup): ReplicaStore {
  const { local, file, primary, intervalMs, logger } = setup;
  const pauseMs = Math.min(MAX_PAUSE_MS, intervalMs);
  const reached = reachedOnce(setup);
  const follower = syncing({
    file,
    pauseMs,
    logger,
    async primary() {
      const { connection, store } = await reached.use();
      return { connection, identity: store.identity };
    },
  });
  const { bringUp, reads } = readingSide(setup, follower);
  const begun = new Set<Promise<unknown>>();
  let isClosed = false;
  let timer: Repeated | undefined;

  /** Refuses when it is closed; closing waits for it. */
  async function call<T>(work: () => Promise<T>): Promise<T> {
    if (isClosed) throw new MemoryError('CLOSED', `The store ${file.place} is closed; open it again.`);
    const working = work();
    begun.add(working);
    return working.finally(() => begun.delete(working));
  }

  return {
    follower,
    bringUp,
    start() {
      timer = repeated(
        () => (follower.problem === undefined ? intervalMs : pauseMs),
        async () => {
          if (!(await isFresh(file, intervalMs / 2))) await follower.sync();
        },
      );
    },
    store: {
      ...local,
      get identity() {
        return local.identity;
      },
      get access() {
        return local.access;
      },
      ...reads,
      probe: () => call(async () => (await reached.use()).store.probe()),
      write: (batch, options) => call(() => writeThrough({ batch, options, reached, follower, bringUp })),
      replica: {
        sync: () => call(() => timedSync(follower)),
        state: () => call(() => stateOf(primary, { file, follower })),
      },
      async close() {
        isClosed = true;
        timer?.stop();
        await Promise.allSettled(begun);
        await Promise.all([follower.stop(), reached.close()]);
        await local.close();
      },
    },
  };
}

/** What was written is seen by the next read here, and so is what a write was turned down by. */
async function writeThrough(order: {
  readonly batch: readonly Write[];
  readonly options: WriteOptions | undefined;
  readonly reached: Reached;
  readonly follower: Syncing;
  readonly bringUp: BringUp;
}): Promise<WriteReceipt> {
  const { batch, options, reached, follower, bringUp } = order;
  const { store } = await reached.use();
  if (isForked(follower.problem)) await follower.sync();
  try {
    const receipt = await store.write(batch, options);
    follower.owe(receipt.seq);
    await bringUp(WRITING_PATIENCE_MS, () => follower.syncTo(receipt.seq));
    return receipt;
  } catch (error) {
    if (isUndone(error)) throw error;
    // What may be done all the same is to be seen, and what it was turned down by: whoever tries again reads first.
    follower.owe();
    if (!isUnavailable(error)) await bringUp(WRITING_PATIENCE_MS);
    throw error;
  }
}

/** The verbs that read, and what they do before. */
function readingSide(
  { local, file, primary }: ReplicaSetup,
  follower: Syncing,
): { readonly bringUp: BringUp; readonly reads: Pick<TursoStore, 'getMany' | 'scan' | 'changes' | 'text' | 'dated'> } {
  const bringUp: BringUp = async (patienceMs, work = follower.sync) => {
    const patience = new AbortController();
    const isTooSlow = sleep(patienceMs, true, { signal: patience.signal }).catch(() => false);
    // What goes wrong is in `follower.problem`.
    const isOver = work().then(
      () => false,
      () => false,
    );
    if (await Promise.race([isOver, isTooSlow])) follower.pause();
    patience.abort();
  };

  /** What is owed to a read is fetched if that can be had; what would be wrong is not answered. */
  async function prepare(): Promise<void> {
    // Then the store says so.
    if (follower.isStopped) return;
    const isWanted = follower.isOwed || isForked(follower.problem) || !(await follower.isFilled());
    if (isWanted && !follower.isPausing) await bringUp(READING_PATIENCE_MS);
    if (isForked(follower.problem)) throw follower.problem;
    if (!(await follower.isFilled())) throw notFilled({ file: file.place, primary, follower });
  }

  /** What the file does not know may have been written elsewhere since it was brought up. */
  async function mayFindMore(kind: Kind, found: readonly unknown[]): Promise<boolean> {
    if (!IS_HEARD_OF[kind] || !found.includes(undefined) || follower.isPausing) return false;
    await bringUp(READING_PATIENCE_MS);
    return true;
  }

  return {
    bringUp,
    reads: {
      async getMany(kind, ids, options) {
        await prepare();
        const found = await local.getMany(kind, ids, options);
        return (await mayFindMore(kind, found)) ? local.getMany(kind, ids, options) : found;
      },
      async *scan(kind, filter, options) {
        await prepare();
        yield* local.scan(kind, filter, options);
      },
      async changes(since, options) {
        await prepare();
        return local.changes(since, options);
      },
      text: textBehind(local, prepare),
      dated: {
        async getMany(asked, options) {
          await prepare();
          const found = await local.dated.getMany(asked, options);
          return (await mayFindMore(asked.kind, found.answer)) ? local.dated.getMany(asked, options) : found;
        },
        async match(query, options) {
          await prepare();
          return local.dated.match(query, options);
        },
      },
    },
  };
}

function textBehind({ text }: Pick<TursoStore, 'text'>, prepare: () => Promise<void>): TursoStore['text'] {
  return {
    async match(query, options) {
      await prepare();
      return text.match(query, options);
    },
    async terms(kind, ids, options) {
      await prepare();
      return text.terms(kind, ids, options);
    },
  };
}

/** Tries to sync, and waits no longer than this for it. */
type BringUp = (patienceMs: number, work?: () => Promise<unknown>) => Promise<void>;

interface Reached {
  use(): Promise<Primary>;
  close(): Promise<void>;
}

/** Opens the database with the first call that succeeds. It is the one that the file follows, or follows from now on. */
function reachedOnce({ file, primary, openPrimary }: ReplicaSetup): Reached {
  const giveUp = new AbortController();
  let opening: Promise<Primary> | undefined;

  async function open(): Promise<Primary> {
    const opened = await openPrimary(giveUp.signal);
    try {
      await beginFollowing(file, { primary: opened.store.identity, place: primary });
      return opened;
    } catch (error) {
      await opened.store.close();
      throw error;
    }
  }

  return {
    use() {
      opening ??= open().catch((error: unknown) => {
        opening = undefined;
        throw error;
      });
      return opening;
    },
    async close() {
      // Writes were waited for. What else is under way changes nothing there.
      giveUp.abort();
      const opened = await opening?.catch(() => undefined);
      await opened?.store.close();
    },
  };
}

/** Whether the file was brought up to the database so lately, by whichever process. */
async function isFresh(file: Connection, ageMs: number): Promise<boolean> {
  const { syncedAt } = (await readFollowing(file)) ?? {};
  if (syncedAt === undefined) return false;
  const age = Date.now() - Date.parse(syncedAt);
  // A time that is to come says nothing: a clock was set back.
  return age >= 0 && age < ageMs;
}

async function timedSync(follower: Syncing): Promise<SyncReceipt> {
  const startedMs = performance.now();
  const { changes, seq } = await follower.sync();
  return { changes, seq, tookMs: performance.now() - startedMs };
}

async function stateOf(
  primary: string,
  { file, follower }: { readonly file: Connection; readonly follower: Syncing },
): Promise<ReplicaState> {
  const { syncedAt } = (await readFollowing(file)) ?? {};
  const problem = follower.problem?.message;
  return {
    primary,
    ...(syncedAt === undefined ? {} : { syncedAt }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Certainly not done, and nothing can be learnt from it. */
function isUndone(error: unknown): boolean {
  return isMemoryError(error) && (error.retryable || error.code === 'ABORTED' || error.code === 'CLOSED');
}

function isUnavailable(error: unknown): boolean {
  return isMemoryError(error) && error.code === 'STORE_UNAVAILABLE';
}

function notFilled(of: { readonly file: string; readonly primary: string; readonly follower: Syncing }): MemoryError {
  const { progress, problem } = of.follower;
  const state = progress === undefined ? 'is empty' : `is not complete (${progress.seq} of ${progress.newest} changes)`;
  const waiting = progress === undefined ? 'the database has not answered yet' : 'it is being filled';
  const reason = problem?.message ?? waiting;
  const what = `The replica ${of.file} of ${of.primary} ${state} and cannot be read yet: ${reason}`;
  return new MemoryError('STORE_UNAVAILABLE', what.endsWith('.') ? what : `${what}. Try again in a moment.`, {
    cause: problem,
    retryable: true,
  });
}

interface Repeated {
  stop(): void;
}

/** Does it again and again, each time after a pause, which differs a little: of several processes one comes first. */
function repeated(pauseMs: () => number, work: () => Promise<unknown>): Repeated {
  let timer: NodeJS.Timeout;
  let isStopped = false;
  function wait(): void {
    if (isStopped) return;
    timer = setTimeout(() => void work().then(wait, wait), pauseMs() * (0.75 + Math.random() / 2)).unref();
  }
  wait();
  return {
    stop() {
      isStopped = true;
      clearTimeout(timer);
    },
  };
}
