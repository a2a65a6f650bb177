// What both transports of a libSQL server for tests share: the database, who is let in, and what goes wrong when.
import { setTimeout as sleep } from 'node:timers/promises';
import type { HranaStreams } from './hrana.ts';
import { LATE_MS, noFaults, type WireFault, type WireFaults } from './wire-fault.ts';

export interface LibsqlDesk {
  readonly streams: HranaStreams;
  readonly retryAfterSeconds: number;
  /** Questions so far. */
  readonly roundTrips: number;
  faults: WireFaults;
  latencyMs: number;
  isWelcome(token: string | null | undefined): boolean;
  /** What will happen to the next question. */
  readonly upcoming: WireFault;
  /** Counts a question; answers what happens to it. */
  next(): WireFault;
  /** Waits as long as the answer is kept back. */
  delay(fault: WireFault): Promise<void>;
}

export interface DeskOptions {
  readonly token: string | undefined;
  readonly retryAfterSeconds: number;
}

export function libsqlDesk(streams: HranaStreams, { token, retryAfterSeconds }: DeskOptions): LibsqlDesk {
  let faults = noFaults;
  let roundTrips = 0;
  /** Where `faults` begins to count. */
  let origin = 0;
  return {
    streams,
    retryAfterSeconds,
    latencyMs: 0,
    get roundTrips() {
      return roundTrips;
    },
    get faults() {
      return faults;
    },
    set faults(changed) {
      faults = changed;
      origin = roundTrips;
    },
    isWelcome: (presented) => token === undefined || presented === token,
    get upcoming() {
      return faults(roundTrips + 1 - origin);
    },
    next() {
      roundTrips += 1;
      return faults(roundTrips - origin);
    },
    async delay(fault) {
      const delayMs = this.latencyMs + (fault === 'late' ? LATE_MS : 0);
      if (delayMs > 0) await sleep(delayMs);
    },
  };
}
