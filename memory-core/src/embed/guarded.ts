// Patience and its end before an embedder that may fail or hang: batches as it takes them, so many calls at a time, a
// deadline over each, repetitions where they may help, and none where nothing can be reached.
import { setMaxListeners } from 'node:events';
import { setTimeout as sleep } from 'node:timers/promises';
import { isMemoryError, MemoryError, throwIfAborted } from '../errors.ts';
import { endAfter, pauseAfter } from '../network/attempt.ts';
import { type Breaker, breaker } from '../network/breaker.ts';
import { type Gate, gate } from '../network/gate.ts';
import type { Embedder, EmbedOptions } from '../ports/embedder.ts';
import { type Clock, type Logger, silentLogger } from '../ports/runtime.ts';
import { batchesOf, cut, type TextLimits } from './batches.ts';
import { ProviderFailure } from './provider-failure.ts';

/** How much patience there is with an embedder. */
export interface GuardOptions extends Partial<Omit<TextLimits, 'maxBatch'>> {
  /** How long a call for documents may take, with its waiting, attempts and pauses. @default 60_000 */
  readonly timeoutMs?: number;
  /** The same of a call for queries: somebody waits for it. @default 1_500 */
  readonly queryTimeoutMs?: number;
  /** Attempts at one batch. @default 3 */
  readonly attempts?: number;
  /** Batches at one time, of documents and of queries each. @default 4 */
  readonly concurrency?: number;
  /** For how long nobody tries when nothing could be reached several times in a row. @default 30_000 */
  readonly restingMs?: number;
  /** Counts milliseconds from anywhere, and never back. @default that of the process */
  readonly clock?: Clock;
  /** From 0 to 1. @default `Math.random` */
  readonly random?: () => number;
  readonly logger?: Logger;
}

/**
 * The same embedder, that takes any number of texts of any length, and answers or fails in time. A query that takes too
 * long is answered with the failure, and its attempt goes on for a while, so that a model that has to be loaded is there
 * for the next one.
 */
export function guardedEmbedder(embedder: Embedder, options: GuardOptions = {}): Embedder {
  const guard = { embedder, ...stateOf(options), ...limitsOf(embedder, options) };
  const courses = new Set<Course>();
  const closed = (): MemoryError =>
    new MemoryError('CLOSED', `The embedder ${embedder.model} is closed; open it again.`);
  let isClosed = false;

  return {
    model: embedder.model,
    isRemote: embedder.isRemote,
    noise: embedder.noise,
    trust: embedder.trust,
    maxBatch: embedder.maxBatch,
    async embed(texts, { purpose, signal }) {
      if (isClosed) throw closed();
      throwIfAborted(signal);
      const course = begin(guard, purpose);
      courses.add(course);
      const giveUp = (): void => course.stop();
      signal?.addEventListener('abort', giveUp, { once: true });
      try {
        const batches = batchesOf(texts, guard).map((batch) => vectorsOf(batch, { course, guard }));
        return (await withinBudget(Promise.all(batches), { course, guard })).flat();
      } catch (error) {
        throwIfAborted(signal);
        throw isClosed ? closed() : error;
      } finally {
        signal?.removeEventListener('abort', giveUp);
        courses.delete(course);
      }
    },
    async close() {
      isClosed = true;
      for (const course of courses) course.stop();
      guard.lingering?.stop();
      await embedder.close?.();
    },
  };
}

const MAX_WAITING = 1_000;
/** No token of a model is less than a byte: within the 8,192 tokens, and the 300,000 of a request, of OpenAI. */
const MAX_TEXT_BYTES = 8_000;
const MAX_BATCH_BYTES = 250_000;
/** A provider that takes no text of this length takes none. */
const MIN_TEXT_BYTES = 256;
/** A host may ask to be left alone for longer than anybody would wait. */
const MAX_RETRY_AFTER_MS = 600_000;
/** Share of the time for documents that one attempt has, so that one dead connection does not take all of it. */
const ATTEMPT_SHARE = 1 / 2;

interface Guard extends TextLimits, Required<Omit<GuardOptions, 'concurrency'>> {
  readonly embedder: Embedder;
  readonly breaker: Breaker;
  /** Queries don't wait behind documents. */
  readonly gates: Readonly<Record<EmbedOptions['purpose'], Gate>>;
  /** The call for a query that goes on without anybody who waits; one is enough. */
  lingering: Course | undefined;
  /** What holds for a while, as a key that was refused: it is not asked again meanwhile. */
  quiet: { readonly untilMs: number; readonly reason: MemoryError } | undefined;
}

/** One call on its way. */
interface Course {
  readonly purpose: EmbedOptions['purpose'];
  readonly endsAtMs: number;
  /** Aborted when nobody wants its answer any more. */
  readonly signal: AbortSignal;
  stop(): void;
  /** What is called when its budget is over, by the attempts that are under way. */
  readonly atEnd: Set<() => void>;
}

interface Place {
  readonly course: Course;
  readonly guard: Guard;
}

function limitsOf({ maxBatch }: Embedder, options: GuardOptions): TextLimits {
  const { maxTextBytes = MAX_TEXT_BYTES, maxBatchBytes = MAX_BATCH_BYTES } = options;
  return { maxBatch, maxTextBytes, maxBatchBytes };
}

function stateOf(options: GuardOptions): Omit<Guard, 'embedder' | keyof TextLimits> {
  const { timeoutMs = 60_000, queryTimeoutMs = 1_500, attempts = 3, concurrency = 4, restingMs = 30_000 } = options;
  const { clock = () => performance.now(), random = Math.random, logger = silentLogger } = options;
  const newGate = (): Gate => gate({ atOnce: concurrency, maxWaiting: MAX_WAITING });
  const gates = { document: newGate(), query: newGate() };
  const limits = { timeoutMs, queryTimeoutMs, attempts, restingMs };
  const state = { breaker: breaker(restingMs, clock), gates, lingering: undefined, quiet: undefined };
  return { ...limits, ...state, clock, random, logger };
}

function begin({ clock, timeoutMs, queryTimeoutMs }: Guard, purpose: EmbedOptions['purpose']): Course {
  const controller = new AbortController();
  // Each batch of the call listens to it, and leaves.
  setMaxListeners(0, controller.signal);
  return {
    purpose,
    endsAtMs: clock() + (purpose === 'query' ? queryTimeoutMs : timeoutMs),
    signal: controller.signal,
    stop: () => controller.abort(),
    atEnd: new Set(),
  };
}

/** Also where the embedder never answers and does not hear that it should stop. */
function withinBudget<T>(work: Promise<T>, { course, guard }: Place): Promise<T> {
  return new Promise((resolve, reject) => {
    const budgetMs = course.endsAtMs - guard.clock();
    const end = (): void => {
      reject(unanswered(guard, budgetMs));
      for (const tell of course.atEnd) tell();
      // What is still to be done of other batches is nothing for a query, which is one.
      if (course.purpose === 'document' || guard.lingering !== undefined) course.stop();
      else guard.lingering = course;
    };
    const stopped = (): void => reject(unanswered(guard, budgetMs));
    const timer = setTimeout(end, budgetMs);
    course.signal.addEventListener('abort', stopped, { once: true });
    const done = (): void => {
      clearTimeout(timer);
      course.signal.removeEventListener('abort', stopped);
      if (guard.lingering === course) guard.lingering = undefined;
    };
    work
      .finally(done)
      // One batch that fails is the end of the call; the others are not worth their price any more.
      .then(resolve, (error: unknown) => {
        reject(error);
        course.stop();
      });
  });
}

/** Where the provider takes no texts of this length, in halves, and at last the half of one. */
async function vectorsOf(texts: readonly string[], place: Place): Promise<readonly Float32Array[]> {
  try {
    return await persevere(texts, place);
  } catch (error) {
    if (failureIn(error)?.mishap !== 'too large') throw error;
    const [first = ''] = texts;
    const half = Math.ceil(texts.length / 2);
    const sizeBytes = Buffer.byteLength(first);
    if (texts.length === 1 && sizeBytes <= MIN_TEXT_BYTES) throw error;
    if (texts.length === 1) return vectorsOf([cut(first, Math.ceil(sizeBytes / 2))], place);
    const head = await vectorsOf(texts.slice(0, half), place);
    return [...head, ...(await vectorsOf(texts.slice(half), place))];
  }
}

async function persevere(texts: readonly string[], place: Place): Promise<readonly Float32Array[]> {
  const { course, guard } = place;
  for (let failures = 1; ; failures += 1) {
    await outlastQuiet(place);
    const leave = await guard.gates[course.purpose].enter(course.signal);
    if (leave === undefined) throw crowded(guard);
    try {
      // Nothing may come in between: of those who look at the same time, one is the probe.
      const restMs = guard.breaker.restMs();
      if (restMs > 0) throw resting(guard, restMs);
      return await attempt(texts, { ...place, leave });
    } catch (error) {
      if (!isMemoryError(error) || !error.retryable || failures >= guard.attempts) throw error;
      // Another one would wait for the end of the rest, and be late.
      if (guard.breaker.restMs() > 0) throw error;
      await pause(pauseAfter(failures, guard.random), { ...place, error });
    } finally {
      leave();
    }
  }
}

async function attempt(
  texts: readonly string[],
  { course, guard, leave }: Place & { leave(): void },
): Promise<readonly Float32Array[]> {
  const { embedder, timeoutMs, logger } = guard;
  const { answered, failed, abandoned } = guard.breaker.begin();
  const over = endAfter(timeoutMs * ATTEMPT_SHARE, course.signal);
  const tell = (): void => {
    // If an answer comes after all, that is said as well.
    failed();
    leave();
  };
  course.atEnd.add(tell);
  try {
    const working = embedder.embed(texts, { purpose: course.purpose, signal: over.signal });
    const vectors = await Promise.race([working, aborted(over.signal)]);
    answered();
    return vectors;
  } catch (error) {
    const isSilent = over.signal.aborted && !course.signal.aborted;
    const failure = isSilent ? unanswered(guard, timeoutMs * ATTEMPT_SHARE) : error;
    if (course.signal.aborted) abandoned();
    else if (isOutage(failure)) failed();
    else answered();
    keepQuiet(guard, failure);
    const fields = { model: embedder.model, texts: texts.length, error: failure };
    logger.debug(fields, 'an attempt gave no vectors');
    if (guard.breaker.restMs() > 0) logger.warn(fields, 'no vectors for a while: several attempts in a row failed');
    throw failure;
  } finally {
    course.atEnd.delete(tell);
    over.end();
  }
}

function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function failureIn(error: unknown): ProviderFailure | undefined {
  return isMemoryError(error) && error.cause instanceof ProviderFailure ? error.cause : undefined;
}

/** Of an embedder that says no more than that the same call may succeed later, the worst is supposed. */
function isOutage(error: unknown): boolean {
  return failureIn(error)?.nature.isOutage ?? (isMemoryError(error) && error.retryable);
}

function keepQuiet(guard: Guard, error: unknown): void {
  const failure = failureIn(error);
  if (failure === undefined || !isMemoryError(error)) return;
  const restMs = failure.nature.isOfSettings ? guard.restingMs : Math.min(failure.retryAfterMs, MAX_RETRY_AFTER_MS);
  if (restMs > 0) guard.quiet = { untilMs: guard.clock() + restMs, reason: error };
}

async function outlastQuiet(place: Place): Promise<void> {
  const { quiet, clock } = place.guard;
  if (quiet === undefined) return;
  const leftMs = quiet.untilMs - clock();
  if (leftMs <= 0) return;
  if (!quiet.reason.retryable) throw quiet.reason;
  await pause(leftMs, { ...place, error: quiet.reason });
}

/** Rejects at once where the budget would be over meanwhile. */
async function pause(waitMs: number, { course, guard, error }: Place & { readonly error: MemoryError }): Promise<void> {
  if (guard.clock() + waitMs >= course.endsAtMs) throw error;
  await sleep(waitMs, undefined, { signal: course.signal });
}

function unanswered({ embedder }: Guard, timeMs: number): MemoryError {
  const what = `${embedder.model} gave no vectors within ${seconds(timeMs)}`;
  return new MemoryError('EMBEDDER_FAILED', `${what}. See that its host is up and can be reached, and try again.`, {
    cause: new ProviderFailure('silent'),
    retryable: true,
  });
}

function resting({ embedder }: Guard, restMs: number): MemoryError {
  const what = `${embedder.model} could not be reached several times in a row`;
  const advice = `See that its host is up; the next attempt is made in ${seconds(restMs)}`;
  return new MemoryError('EMBEDDER_FAILED', `${what}. ${advice}.`, { retryable: true });
}

function crowded({ embedder }: Guard): MemoryError {
  const what = `${MAX_WAITING} calls wait for ${embedder.model}`;
  return new MemoryError('EMBEDDER_FAILED', `${what}. Try again when some are answered.`, { retryable: true });
}

function seconds(timeMs: number): string {
  return `${Number((timeMs / 1_000).toPrecision(2))} s`;
}
