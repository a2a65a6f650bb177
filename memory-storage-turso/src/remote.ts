// A connection to a database over a network: a bounded number of calls at a time, each within its deadline, sent again
// where that is safe, and none where nothing can be reached.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Address, MemoryError } from '@episodica/memory-core/backend';
import { type Breaker, breaker, endAfter, pauseAfter } from '@episodica/memory-core/network';
import type { Client } from '@libsql/client';
import { BulkheadRejectedError, bulkhead, TaskCancelledError } from 'cockatiel';
import { type Connection, clientConnection } from './connection.ts';
import { isNotDone } from './errors.ts';
import { InDoubt, NetworkFailure } from './network-failure.ts';
import { type Endpoint, transportTo } from './transport.ts';

/** How a database is reached. */
export interface RemoteOptions extends Endpoint {
  /** For messages. */
  readonly place: string;
  /** Calls at the same time; others wait. */
  readonly poolSize: number;
  /** How long a call may take, with all its repetitions. */
  readonly deadlineMs: number;
  /** Aborting it gives up all calls under way: whoever closes may not want to wait for a host that does not answer. */
  readonly signal?: AbortSignal | undefined;
}

/** What a caller may say of how a host is reached. */
export interface HostOptions extends Partial<Pick<RemoteOptions, 'poolSize' | 'deadlineMs' | 'signal'>> {
  readonly authToken?: string | undefined;
}

/** A connection to the host at an address, whose own token counts where no other is given. */
export function connectHost(address: Extract<Address, { kind: 'remote' }>, options: HostOptions): Connection {
  const { authToken = address.authToken, poolSize = 10, deadlineMs = 20_000, signal } = options;
  return connectRemote({ url: address.url, place: address.place, authToken, poolSize, deadlineMs, signal });
}

/** Calls that wait for one of the pool: more would not be answered in time anyway. */
const MAX_WAITING = 1_000;
/** Share of the deadline that may be over before a call begins: with less it would only bring doubt. */
const MAX_WAIT_SHARE = 1 / 2;
/** Share of the deadline for which nobody tries when nothing could be reached several times in a row. */
const REST_SHARE = 1 / 4;

/**
 * Nothing is sent before the first call. Rejects with what the engine said, with a `NetworkFailure`, or with `InDoubt`
 * for a batch that may have been done.
 */
export function connectRemote(options: RemoteOptions): Connection {
  const { place, poolSize, deadlineMs, signal: givenUp } = options;
  const transport = transportTo(options);
  const guard = breaker(deadlineMs * REST_SHARE);
  const pool = bulkhead(poolSize, MAX_WAITING);
  const begun = new Set<Promise<unknown>>();
  let isClosed = false;

  async function call<T>(work: (connection: Connection) => Promise<T>, course: Course): Promise<T> {
    if (isClosed) throw new MemoryError('CLOSED', `The connection to ${place} is closed; open it again.`);
    const attempt = (signal: AbortSignal): Promise<T> =>
      transport.attempt((client: Client) => work(clientConnection(client, place)), signal);
    const isOver = new AbortController();
    const working = beforeDeadline(
      pool.execute(() => persevere(attempt, { course, guard }), isOver.signal),
      course,
    );
    begun.add(working);
    try {
      return await working;
    } catch (error) {
      if (error instanceof BulkheadRejectedError) throw new NetworkFailure('crowded');
      throw error instanceof TaskCancelledError ? new NetworkFailure('late') : error;
    } finally {
      // One that still waits for its turn is not begun any more.
      isOver.abort();
      begun.delete(working);
    }
  }

  /** `endsAtMs`: when a call that is made now has to be over. */
  function connectionUntil(endsAtMs: () => number): Connection {
    const courseOf = (isBatch: boolean): Course => ({
      endsAtMs: endsAtMs(),
      givenUp,
      isBatch,
      isSent: false,
      isInDoubt: false,
      last: undefined,
    });
    return {
      reach: 'network',
      place,
      access: 'read-write',
      execute: (statement) => call((connection) => connection.execute(statement), courseOf(false)),
      read: (statements) => call((connection) => connection.read(statements), courseOf(false)),
      batch: (statements, beforeCommit) =>
        call((connection) => connection.batch(statements, beforeCommit), courseOf(true)),
      withOneDeadline(sinceMs = performance.now()) {
        if (performance.now() - sinceMs > deadlineMs * MAX_WAIT_SHARE) throw new NetworkFailure('late');
        return connectionUntil(() => sinceMs + deadlineMs);
      },
      async close() {
        isClosed = true;
        await Promise.allSettled(begun);
        transport.close();
      },
    };
  }

  return connectionUntil(() => performance.now() + deadlineMs);
}

/** A call on its way, and what is known of it. */
interface Course {
  readonly endsAtMs: number;
  readonly givenUp: AbortSignal | undefined;
  readonly isBatch: boolean;
  /** An attempt is under way. */
  isSent: boolean;
  /** An attempt of a batch may have been done, and its answer did not come. */
  isInDoubt: boolean;
  /** How the last attempt ended. */
  last: unknown;
}

/** Why a call ends without an answer. */
function endOf({ givenUp, isBatch, isSent, isInDoubt, last }: Course): unknown {
  const known = givenUp?.aborted ? new NetworkFailure('given up') : last;
  const reason = known ?? new NetworkFailure(isSent ? 'silent' : 'late');
  return isInDoubt || (isBatch && isSent) ? new InDoubt(reason) : reason;
}

/** Also where the work waits for others. */
function beforeDeadline<T>(work: Promise<T>, course: Course): Promise<T> {
  return new Promise((resolve, reject) => {
    const end = (): void => reject(endOf(course));
    if (course.givenUp?.aborted) end();
    const timer = setTimeout(end, course.endsAtMs - performance.now());
    course.givenUp?.addEventListener('abort', end);
    work.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      course.givenUp?.removeEventListener('abort', end);
    });
  });
}

interface Setup {
  readonly course: Course;
  readonly guard: Breaker;
}

/** Attempts with pauses between them, until one is answered or the deadline is too near for another. */
async function persevere<T>(attempt: (signal: AbortSignal) => Promise<T>, setup: Setup): Promise<T> {
  const { course, guard } = setup;
  for (let failures = 0; ; ) {
    const restMs = guard.restMs();
    // Whoever knows that nothing was done says so at once; whoever doesn't, waits for a chance to find out.
    if (restMs > 0 && !course.isInDoubt) throw course.last ?? resting(restMs);
    if (restMs > 0) {
      await pause(restMs, course);
      continue;
    }
    const outcome = await tryOnce(attempt, { ...setup, isFirst: failures === 0 });
    if (outcome.isAnswered) return outcome.answer;
    failures += 1;
    await pause(Math.max(outcome.notBeforeMs, pauseAfter(failures)), course);
  }
}

function resting(restMs: number): NetworkFailure {
  return new NetworkFailure('resting', {
    detail: `the next attempt is made in ${Math.ceil(restMs / 1_000)} s`,
  });
}

/** Share of the deadline that the first attempt has, so that one dead connection does not take all of it. */
const FIRST_SHARE = 1 / 4;
/** Share of what is left that each later one has: more than the first, for an answer that takes its time. */
const LATER_SHARE = 1 / 2;
const MIN_ATTEMPT_MS = 250;

type Outcome<T> =
  | { readonly isAnswered: true; readonly answer: T }
  | { readonly isAnswered: false; readonly notBeforeMs: number };

/** Rejects where another attempt would make no difference. */
async function tryOnce<T>(
  attempt: (signal: AbortSignal) => Promise<T>,
  { course, guard, isFirst }: Setup & { readonly isFirst: boolean },
): Promise<Outcome<T>> {
  const leftMs = course.endsAtMs - performance.now();
  const shareMs = Math.max(leftMs * (isFirst ? FIRST_SHARE : LATER_SHARE), Math.min(leftMs, MIN_ATTEMPT_MS));
  const { answered, failed } = guard.begin();
  course.isSent = true;
  const over = endAfter(shareMs, course.givenUp);
  try {
    const answer = await attempt(over.signal);
    answered();
    return { isAnswered: true, answer };
  } catch (error) {
    course.isSent = false;
    course.last = error;
    if (!(error instanceof NetworkFailure)) {
      answered();
      if (isNotDone(error)) return { isAnswered: false, notBeforeMs: 0 };
      throw endOf(course);
    }
    const { isOutage, mayBeDone, passes } = error.nature;
    if (isOutage) failed();
    else answered();
    course.isInDoubt ||= course.isBatch && mayBeDone;
    if (!passes) throw endOf(course);
    return { isAnswered: false, notBeforeMs: error.retryAfterMs };
  } finally {
    over.end();
  }
}

/** Rejects at once where the deadline would pass meanwhile. */
async function pause(waitMs: number, course: Course): Promise<void> {
  if (course.givenUp?.aborted || performance.now() + waitMs >= course.endsAtMs) throw endOf(course);
  await sleep(waitMs, undefined, course.givenUp === undefined ? {} : { signal: course.givenUp });
}
