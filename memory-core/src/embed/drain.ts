// Store first, embed later: gives vectors to what has none yet, in the background, and keeps the debt for as long as
// that fails. Nothing of it is ever in the way of a write.
import { collect, type MemoryContext } from '../context.ts';
import { eitherSignal } from '../either-signal.ts';
import { type EmbeddingModel, embeddingId, textHash } from '../embedding.ts';
import { isMemoryError, MemoryError, throwIfAborted } from '../errors.ts';
import { defined } from '../json.ts';
import type { MemoryCache, Position } from '../ports/cache.ts';
import type { Embedder } from '../ports/embedder.ts';
import type { CallOptions, Put } from '../ports/store.ts';
import { DEFAULT_TRUST } from '../retrieve/fuse.ts';
import { type DueBatch, type DueOwner, dueSince, inBatches } from './due.ts';
import { noiseOf, UNRELATED_TEXTS } from './noise.ts';
import { type TextVectors, textVectors } from './text-vectors.ts';

/** What of the world it needs. */
export type EmbeddingContext = Pick<MemoryContext, 'store' | 'clock' | 'newId' | 'logger' | 'actor'>;

/** How long the queue rests after a failure, and where it keeps what it paid for. */
export interface EmbeddingQueueOptions {
  /** Keeps answers of a remote embedder. Closed by whoever opened it. */
  readonly cache?: MemoryCache | undefined;
  /** Longest pauses after the first failure and after many. @default one second and five minutes */
  readonly pauses?: { readonly firstMs: number; readonly maxMs: number } | undefined;
  /** How long nobody else embeds, from the last sign of life of a process with a remote embedder. @default a minute */
  readonly leaseMs?: number | undefined;
  /** From 0 to 1. @default Math.random */
  readonly random?: (() => number) | undefined;
}

/** Vectors of what is stored, made in the background, and of what is asked. */
export interface EmbeddingQueue {
  /** As `Embedder.model`. */
  readonly model: string;
  /** The cosine that hardly two texts reach that have nothing to do with each other; measured before the first vector is stored. */
  noise(options: CallOptions): Promise<number>;
  /** How far a full cosine is to be believed, 0–1. */
  readonly trust: number;
  /** Embeds in the background what is due, unless that runs already or waits for another attempt. */
  soon(): void;
  /**
   * Embeds what is due, and answers of how many things. Nothing is left but what another process is at.
   * @throws `EMBEDDER_FAILED`, and what the store throws; what was stored by then stays
   */
  now(options: CallOptions): Promise<number>;
  /** How much is due, and what stands in the way. */
  pending(options: CallOptions): Promise<PendingEmbeddings>;
  /** Why the last attempt failed; absent when it did not. */
  failure(): MemoryError | undefined;
  embedQuery: TextVectors['embedQuery'];
  forget: TextVectors['forget'];
  /** Waits for the runs that have begun, and not for later attempts. */
  settled(): Promise<void>;
  /**
   * Tries no more, and closes the embedder. What has begun ends behind its last whole batch where the embedder is
   * remote; a local one gets done, as a process may be too short for its vectors otherwise. Idempotent.
   */
  close(): Promise<void>;
}

/** What has no vector yet, and why. */
export interface PendingEmbeddings {
  /** Episodes and patterns; counted up to 1,000. */
  readonly count: number;
  /** Why the last attempt failed; absent when it did not. */
  readonly failure?: MemoryError;
  /** As `TextVectors.hasAnswered`. */
  readonly hasAnswered?: boolean;
}

/** Owners whose vectors are one write. */
const MAX_OWNERS = 100;
const MAX_COUNTED = 1_000;
const PAUSES = { firstMs: 1_000, maxMs: 300_000 };
const LEASE_MS = 60_000;
/** Whether another process is still at it is looked at as often as this: it is mostly done long before its lease ends. */
const MAX_HELD_MS = 2_000;
/** Of a model of which nothing is known yet: what most models give to unrelated texts lies below. */
const UNKNOWN_NOISE = 0.5;

/**
 * One run at a time in this process. Vectors of other models stay in the store, so that going back to one costs
 * nothing. An owner that changes while it is embedded is simply due again.
 */
export function embeddingQueue(
  context: EmbeddingContext,
  embedder: Embedder,
  options: EmbeddingQueueOptions = {},
): EmbeddingQueue {
  const { pauses = PAUSES, leaseMs = LEASE_MS, random = Math.random, cache } = options;
  const vectors = textVectors({ embedder, cache, logger: context.logger });
  const run = drainRun(context, { embedder, vectors, leaseMs });
  const stop = new AbortController();
  const again = laterAttempts({ pauses, random, attempt: soon });
  let last: Promise<unknown> = Promise.resolve();
  let isScheduled = false;

  async function attempt(call: CallOptions): Promise<number> {
    try {
      const { count, heldForMs } = await run(call);
      again.succeeded();
      if (heldForMs !== undefined) again.tryIn(Math.min(heldForMs, MAX_HELD_MS));
      return count;
    } catch (error) {
      if (call.signal?.aborted !== true) again.failed(error);
      throw error;
    }
  }

  async function inBackground(): Promise<void> {
    isScheduled = false;
    try {
      await attempt({ signal: stop.signal });
    } catch (error) {
      if (stop.signal.aborted) return;
      // What is due stays due. A warning the first time: an embedder may be away for days.
      const level = again.failures() > 1 ? 'debug' : 'warn';
      context.logger[level]({ error }, 'what is new could not be embedded; it is tried again');
    }
  }

  function soon(): void {
    if (isScheduled || again.isWaiting() || stop.signal.aborted) return;
    isScheduled = true;
    last = last.then(inBackground);
  }

  return {
    model: embedder.model,
    trust: embedder.trust ?? DEFAULT_TRUST,
    noise: noiseIn(context, embedder),
    soon,
    now({ signal }) {
      const either = eitherSignal(signal, stop.signal);
      const running = last.then(() => attempt({ signal: either.signal })).finally(either.end);
      last = running.catch(() => undefined);
      return running;
    },
    async pending(call) {
      return { count: await dueCount(context, embedder.model, call), ...standing(again, vectors) };
    },
    failure: again.failure,
    embedQuery: vectors.embedQuery,
    forget: vectors.forget,
    settled: () => last.then(() => undefined),
    async close() {
      again.stop();
      if (!embedder.isRemote) await last;
      stop.abort();
      await last;
      await embedder.close?.();
    },
  };
}

/** As the embedder says, or its row. */
function noiseIn({ store }: EmbeddingContext, { model, noise }: Embedder): EmbeddingQueue['noise'] {
  let known = noise;
  return async (call) => {
    known ??= (await store.getMany('model', [model], call))[0]?.noise;
    return known ?? UNKNOWN_NOISE;
  };
}

async function dueCount(context: EmbeddingContext, model: string, call: CallOptions): Promise<number> {
  const { owners } = await dueSince(context, model, { ...call, from: undefined });
  return (await collect(owners, MAX_COUNTED)).length;
}

/** What is known of the embedder without asking it. */
function standing(again: LaterAttempts, vectors: TextVectors): Pick<PendingEmbeddings, 'failure' | 'hasAnswered'> {
  return defined({ failure: again.failure(), hasAnswered: vectors.hasAnswered() });
}

interface LaterAttempts {
  /** Tries again, later each time, until it succeeds. */
  failed(error: unknown): void;
  succeeded(): void;
  tryIn(pauseMs: number): void;
  isWaiting(): boolean;
  failures(): number;
  failure(): MemoryError | undefined;
  stop(): void;
}

/** Pauses stop growing long before numbers do. */
const MAX_DOUBLINGS = 30;

function laterAttempts(setup: {
  readonly pauses: { readonly firstMs: number; readonly maxMs: number };
  readonly random: () => number;
  attempt(): void;
}): LaterAttempts {
  const { pauses, random, attempt } = setup;
  let timer: NodeJS.Timeout | undefined;
  let failures = 0;
  let failure: MemoryError | undefined;
  let isStopped = false;

  function cancel(): void {
    clearTimeout(timer);
    timer = undefined;
  }

  /** Processes that failed together don't come back together. */
  function tryIn(pauseMs: number): void {
    cancel();
    if (isStopped) return;
    timer = setTimeout(
      () => {
        timer = undefined;
        attempt();
      },
      pauseMs + random() * Math.min(pauseMs, pauses.firstMs),
    );
    // A process is not kept alive by what the next one can do as well.
    timer.unref();
  }

  return {
    tryIn,
    failed(error) {
      failures += 1;
      failure = isMemoryError(error)
        ? error
        : new MemoryError('EMBEDDER_FAILED', `Embedding failed: ${String(error)}.`, { cause: error });
      tryIn(Math.min(pauses.maxMs, pauses.firstMs * 2 ** Math.min(failures - 1, MAX_DOUBLINGS)));
    },
    succeeded() {
      failures = 0;
      failure = undefined;
      cancel();
    },
    isWaiting: () => timer !== undefined,
    failures: () => failures,
    failure: () => failure,
    stop() {
      isStopped = true;
      cancel();
    },
  };
}

interface Drained {
  /** Episodes and patterns that were given their vectors. */
  readonly count: number;
  /** For how long another process may be at it. */
  readonly heldForMs?: number;
}

interface DrainSetup {
  readonly embedder: Embedder;
  readonly vectors: TextVectors;
  readonly leaseMs: number;
}

/** A function that embeds all that is due, once; it remembers up to where nothing is. */
function drainRun(context: EmbeddingContext, setup: DrainSetup): (options: CallOptions) => Promise<Drained> {
  const { embedder, vectors } = setup;
  const model = modelRow(context, setup);
  let doneUpTo: Position | undefined;

  return async (options) => {
    let due = await dueSince(context, embedder.model, { ...options, from: doneUpTo });
    let count = 0;
    try {
      if (embedder.isRemote && (await isAny(due.owners))) {
        const heldForMs = await model.take(options);
        if (heldForMs > 0) return { count, heldForMs };
        // Whoever was at it until now may have embedded what was due.
        due = await dueSince(context, embedder.model, { ...options, from: doneUpTo });
      }
      for await (const batch of inBatches(due.owners, { maxOwners: MAX_OWNERS, maxTexts: embedder.maxBatch })) {
        throwIfAborted(options.signal);
        if (count === 0 && !embedder.isRemote) await model.take(options);
        if (count === 0) await model.measureNoise(options);
        const embedded = await embeddedBatch(vectors, batch, options);
        // What was paid for is stored, also when the caller has given up meanwhile.
        if (!(await model.store(embedded, batch.isLast))) return { count, heldForMs: setup.leaseMs };
        count += batch.owners.length;
      }
      doneUpTo = due.at;
      return { count };
    } finally {
      await model.release();
    }
  };
}

async function isAny(owners: AsyncIterable<DueOwner>): Promise<boolean> {
  for await (const _owner of owners) return true;
  return false;
}

interface Embedded {
  readonly owner: DueOwner;
  /** None where one of its texts was turned down for good. */
  readonly vectors: readonly Float32Array[];
}

async function embeddedBatch(
  vectors: TextVectors,
  { owners }: DueBatch,
  options: CallOptions,
): Promise<readonly Embedded[]> {
  const found = await vectors.embed(
    owners.flatMap(({ texts }) => texts),
    options,
  );
  let next = 0;
  return owners.map((owner) => {
    const own = found.slice(next, next + owner.texts.length);
    next += owner.texts.length;
    const whole = own.filter((vector) => vector !== undefined);
    return { owner, vectors: whole.length === own.length ? whole : [] };
  });
}

interface ModelRow {
  /** Reads the row, and keeps others away where the embedder is remote. Answers for how long another may be at it. */
  take(options: CallOptions): Promise<number>;
  /** Measures what the row is to say of the model, where it does not yet. */
  measureNoise(options: CallOptions): Promise<void>;
  /** One write, which also tells the others that this one is alive. Answers whether this one may go on. */
  store(embedded: readonly Embedded[], isLast: boolean): Promise<boolean>;
  /** Lets the others in, where that has not been done. Never rejects. */
  release(): Promise<void>;
}

/** How long the vectors of the model are, and who embeds now: as it stands in the store, to our knowledge. */
function knownRow({ store, actor }: EmbeddingContext, model: string): KnownRow {
  let row: EmbeddingModel = { id: model, version: 0 };
  return {
    now: () => row,
    async read(options) {
      const [found] = await store.getMany('model', [model], options);
      row = found ?? { id: model, version: 0 };
    },
    async write(puts, next) {
      const { version } = row;
      const value = next && { ...next, version: version + 1 };
      const change = value === undefined ? [] : [{ op: 'put', kind: 'model', value, ifVersion: version } as const];
      await store.write([...puts, ...change], { actor });
      row = value ?? row;
    },
  };
}

interface KnownRow {
  now(): EmbeddingModel;
  read(options: CallOptions): Promise<void>;
  /** Beside embeddings, where there are some; the row only as long as nobody else changed it. */
  write(puts: readonly Put<'embedding'>[], next: Omit<EmbeddingModel, 'version'> | undefined): Promise<void>;
}

function modelRow(context: EmbeddingContext, { embedder, vectors, leaseMs }: DrainSetup): ModelRow {
  const holder = context.newId();
  const row = knownRow(context, embedder.model);
  let noise: number | undefined;
  const isHeld = (): boolean => row.now().lease?.holder === holder;
  const newLease = (): Pick<EmbeddingModel, 'lease'> => ({
    lease: { holder, until: new Date(context.clock() + leaseMs).toISOString() },
  });

  /** Answers whether this one may go on. */
  async function tryStore(embedded: readonly Embedded[], isLast: boolean): Promise<boolean | 'again'> {
    const puts = embedded.map((each) => putOf(embedder.model, each));
    const dimensions = checkedDimensions(puts, row.now());
    const { lease: _lease, ...rest } = row.now();
    const known = defined({ dimensions, noise: rest.noise ?? noise });
    const isNews = known.dimensions !== rest.dimensions || known.noise !== rest.noise;
    const next = { ...rest, ...known, ...(isHeld() && !isLast ? newLease() : {}) };
    try {
      await row.write(puts, isHeld() || isNews ? next : undefined);
      return true;
    } catch (error) {
      if (!isConflict(error)) throw error;
    }
    const wasHeld = isHeld();
    await row.read({});
    if (!wasHeld || isHeld()) return 'again';
    // Another one took over, as this one was silent for too long. What was paid for is worth storing all the same.
    checkedDimensions(puts, row.now());
    await row.write(puts, undefined);
    return false;
  }

  return {
    async take(options) {
      for (;;) {
        await row.read(options);
        if (!embedder.isRemote) return 0;
        const { lease } = row.now();
        const leftMs = lease === undefined || isHeld() ? 0 : Date.parse(lease.until) - context.clock();
        if (leftMs > 0) return leftMs;
        try {
          await row.write([], { ...row.now(), ...newLease() });
          return 0;
        } catch (error) {
          if (!isConflict(error)) throw error;
        }
      }
    },
    async measureNoise(options) {
      noise ??= embedder.noise;
      if (noise !== undefined || row.now().noise !== undefined) return;
      const found = await vectors.embed(UNRELATED_TEXTS, options);
      noise = noiseOf(found.filter((vector) => vector !== undefined));
    },
    store: (embedded, isLast) => forLiving(context, { embedded, store: (living) => tryStore(living, isLast) }),
    async release() {
      if (!isHeld()) return;
      const { lease: _lease, ...rest } = row.now();
      // Where this fails, it ends by itself.
      await row
        .write([], rest)
        .catch((error: unknown) => context.logger.debug({ error }, 'the lease of the embedder was not given back'));
    },
  };
}

function isConflict(error: unknown): boolean {
  return isMemoryError(error) && error.code === 'CONFLICT';
}

function putOf(model: string, { owner, vectors }: Embedded): Put<'embedding'> {
  const value = {
    id: embeddingId(owner.id, model),
    version: 1,
    ownerKind: owner.kind,
    ownerId: owner.id,
    model,
    dimensions: vectors[0]?.length ?? 0,
    textHash: textHash(owner.texts),
    vectors,
  };
  return { op: 'put', kind: 'embedding', value };
}

/** How long the vectors are, and those in the store. @throws `EMBEDDER_FAILED` where that is not one number */
function checkedDimensions(puts: readonly Put<'embedding'>[], { id, dimensions }: EmbeddingModel): number | undefined {
  const lengths = new Set(puts.flatMap(({ value }) => value.vectors.map(({ length }) => length)));
  const [found = dimensions] = lengths;
  if (lengths.size <= 1 && (dimensions === undefined || found === dimensions)) return found;
  const told = [...lengths].join(' and ');
  const what = `The embedder ${id} gives vectors of ${told} numbers, and those in the store have ${dimensions ?? 'another length'}`;
  const advice = 'Another model answers under its name: set back what it was, or give the new one another name';
  throw new MemoryError('EMBEDDER_FAILED', `${what}; nothing was stored. ${advice}.`);
}

/** Stores what still has an owner, and again where others changed the row. */
async function forLiving(
  context: EmbeddingContext,
  order: { readonly embedded: readonly Embedded[]; store(living: readonly Embedded[]): Promise<boolean | 'again'> },
): Promise<boolean> {
  for (let living = order.embedded; ; ) {
    try {
      const mayGoOn = await order.store(living);
      if (mayGoOn !== 'again') return mayGoOn;
    } catch (error) {
      if (!isMemoryError(error) || error.code !== 'NOT_FOUND') throw error;
      living = await livingOf(context, living, error);
    }
  }
}

/** Those of them whose owners are still there. @throws `gone` where all are */
async function livingOf(
  { store }: EmbeddingContext,
  embedded: readonly Embedded[],
  gone: MemoryError,
): Promise<readonly Embedded[]> {
  const living = new Set<string>();
  for (const kind of ['episode', 'pattern'] as const) {
    const ids = embedded.filter(({ owner }) => owner.kind === kind).map(({ owner }) => owner.id);
    for (const found of await store.getMany(kind, ids)) if (found !== undefined) living.add(found.id);
  }
  const left = embedded.filter(({ owner }) => living.has(owner.id));
  if (left.length === embedded.length) throw gone;
  return left;
}
