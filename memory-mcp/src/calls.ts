// How many calls run at the same time, and how many wait for their turn: past that the server says that it is busy.
import { isMemoryError, MemoryError } from '@episodica/memory-core';
import type { MetricsRegistry } from '@episodica/memory-core/metrics';

/**
 * What a call keeps busy, and so with whom it waits:
 * - `memory`: reads and writes. They wait for each other, never for a program.
 * - `program`: runs of the sandbox, which has workers, and a queue before them, of its own.
 * - `watch`: looking at the server itself, which works also when it is busy.
 */
export type CallLane = (typeof CALL_LANES)[number];

const CALL_LANES = ['memory', 'program', 'watch'] as const;

interface LaneLimits {
  readonly maxRunning: number;
  readonly maxWaiting: number;
  /** While one has waited longer than this for its turn, none is let in behind it. @default however long */
  readonly maxWaitMs?: number;
}

/**
 * A memory call takes under a millisecond mostly, so 32 at once are what group commit and the threads of the store can
 * use. Many that come at once may wait: 256 behind them. Where more comes than can be done, a queue that is allowed to
 * stay long makes everyone late and nobody more is served; so it takes no more while its first one has waited for a
 * second, which opening the memory does not take, and who is told so at once can do something else. The sandbox orders its runs by their memory and tells
 * how long each waited, so none waits here: this limit is above its own 20 workers and 100 places, and keeps what
 * comes in while it is still loading from piling up.
 */
export const CALL_LIMITS: { readonly [lane in CallLane]: LaneLimits } = {
  memory: { maxRunning: 32, maxWaiting: 256, maxWaitMs: 1_000 },
  program: { maxRunning: 128, maxWaiting: 0 },
  watch: { maxRunning: 8, maxWaiting: 64 },
};

/** What a queue holds at one moment. */
export interface CallCounts {
  readonly running: number;
  readonly waiting: number;
  /** So far. */
  readonly refused: number;
  /** Where a call would be refused now. */
  readonly fullLanes: readonly CallLane[];
}

/** Where calls of all connections wait for their turn. */
export interface CallQueue {
  /**
   * Runs `work` when it is its turn, in the order of the calls of its lane.
   * @throws `QUEUE_FULL` where too many wait, `ABORTED` where `signal` fires before its turn; nothing was done then
   */
  run<T>(work: () => Promise<T>, signal: AbortSignal, lane?: CallLane): Promise<T>;
  /** What there is now. */
  counts(): CallCounts;
}

/** A queue where nothing runs yet. */
export function callQueue(limits: { readonly [lane in CallLane]: LaneLimits } = CALL_LIMITS): CallQueue {
  const lanes = { memory: new Lane(limits.memory), program: new Lane(limits.program), watch: new Lane(limits.watch) };
  return {
    async run(work, signal, lane = 'memory') {
      const turns = lanes[lane];
      await turns.enter(signal);
      try {
        return await work();
      } finally {
        turns.leave();
      }
    },
    counts() {
      const all = Object.values(lanes);
      return {
        running: all.reduce((sum, { running }) => sum + running, 0),
        waiting: all.reduce((sum, { waiting }) => sum + waiting.size, 0),
        refused: all.reduce((sum, { refused }) => sum + refused, 0),
        fullLanes: CALL_LANES.filter((lane) => lanes[lane].isFull),
      };
    },
  };
}

/** `queue` as it is, told to `metrics`: how long calls waited, how many were refused, and what there is now. */
export function measuredQueue(queue: CallQueue, metrics: MetricsRegistry): CallQueue {
  metrics.gauge('calls_running', () => queue.counts().running);
  metrics.gauge('calls_waiting', () => queue.counts().waiting);
  return {
    counts: () => queue.counts(),
    async run(work, signal, lane = 'memory') {
      const askedMs = performance.now();
      let hasBegun = false;
      const begin: typeof work = () => {
        hasBegun = true;
        metrics.time('queue_wait', { lane }, performance.now() - askedMs);
        return work();
      };
      try {
        return await queue.run(begin, signal, lane);
      } catch (error) {
        if (!hasBegun && isMemoryError(error) && error.code === 'QUEUE_FULL') metrics.count('calls_refused');
        throw error;
      }
    },
  };
}

class Lane {
  readonly #limits: LaneLimits;
  /** What lets each in whose turn has not come, in their order, and since when it waits. */
  readonly waiting = new Map<() => void, number>();
  running = 0;
  refused = 0;

  constructor(limits: LaneLimits) {
    this.#limits = limits;
  }

  get isFull(): boolean {
    const { maxRunning, maxWaiting, maxWaitMs = Infinity } = this.#limits;
    if (this.running < maxRunning) return false;
    const [firstSinceMs = Infinity] = this.waiting.values();
    return this.waiting.size >= maxWaiting || performance.now() - firstSinceMs > maxWaitMs;
  }

  /** Comes back when it is one's turn. Whoever came in must leave. */
  async enter(signal: AbortSignal): Promise<void> {
    if (signal.aborted) throw cancelled(signal);
    if (this.running < this.#limits.maxRunning) {
      this.running += 1;
      return;
    }
    if (this.isFull) {
      this.refused += 1;
      throw this.#busy();
    }
    await new Promise<void>((resolve, reject) => {
      const giveUp = (): void => {
        this.waiting.delete(enter);
        reject(cancelled(signal));
      };
      const enter = (): void => {
        signal.removeEventListener('abort', giveUp);
        resolve();
      };
      this.waiting.set(enter, performance.now());
      signal.addEventListener('abort', giveUp, { once: true });
    });
  }

  /** The place goes to who waited longest, so nobody who comes later passes. */
  leave(): void {
    for (const enter of this.waiting.keys()) {
      this.waiting.delete(enter);
      enter();
      return;
    }
    this.running -= 1;
  }

  #busy(): MemoryError {
    const { running, waiting } = this;
    const waits = waiting.size === 0 ? '' : ` and ${waiting.size} wait`;
    return new MemoryError(
      'QUEUE_FULL',
      `the server is busy: ${running} calls run${waits}; nothing was done. Wait a second and try again.`,
      { retryable: true },
    );
  }
}

function cancelled({ reason }: AbortSignal): MemoryError {
  return new MemoryError('ABORTED', 'The call was cancelled before its turn came; nothing was done.', {
    cause: reason,
  });
}
