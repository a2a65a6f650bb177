// What a process meant to do and what it was told is done, in a file that outlives it: lines are handed to the kernel
// before the next thing happens, so that `kill -9` takes none of them.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

/** One call of a verb. A task is a word that stands in one episode's description and nowhere else. */
export type Intent =
  | { readonly verb: 'create'; readonly task: string }
  | { readonly verb: 'steps'; readonly task: string; readonly keys: readonly string[] }
  | { readonly verb: 'complete'; readonly task: string; readonly outcome: OutcomeKind }
  | { readonly verb: 'tag'; readonly task: string; readonly tag: string }
  | { readonly verb: 'forget'; readonly task: string };

export type OutcomeKind = 'success' | 'partial' | 'failure' | 'abstained';

export type Entry =
  | { readonly is: 'begun'; readonly call: number; readonly intent: Intent }
  /** The verb resolved: from now on this must be found. */
  | {
      readonly is: 'done';
      readonly call: number;
      readonly episodeId?: string;
      readonly stepNumbers?: readonly number[];
    }
  /** The verb rejected. */
  | {
      readonly is: 'failed';
      readonly call: number;
      readonly code: string;
      readonly message: string;
      readonly retryable: boolean;
    }
  /** A read answered what it must not. */
  | { readonly is: 'wrong'; readonly finding: string };

export interface Ledger {
  /** Answers the number of the call. */
  begin(intent: Intent): number;
  add(entry: Exclude<Entry, { readonly is: 'begun' }>): void;
  close(): void;
}

/** A ledger that is appended to `path`. */
export function openLedger(path: string): Ledger {
  const file = openSync(path, 'a');
  return { ...recording((entry) => void writeSync(file, `${JSON.stringify(entry)}\n`)), close: () => closeSync(file) };
}

/** A ledger that hands each entry to `record`. */
export function recording(record: (entry: Entry) => void): Ledger {
  let calls = 0;
  return {
    begin(intent) {
      calls += 1;
      record({ is: 'begun', call: calls, intent });
      return calls;
    },
    add: record,
    close: () => undefined,
  };
}

/** Whether nobody may know if a call took effect: it was refused, and must not be repeated. */
export function isInDoubt({ code, retryable }: Entry & { readonly is: 'failed' }): boolean {
  return code === 'STORE_UNAVAILABLE' && !retryable;
}

/**
 * The calls that may have taken effect, where refusals are taken at their word: every other one has done nothing.
 */
export function believed(entries: readonly Entry[]): readonly Entry[] {
  const undone = new Set(entries.flatMap((entry) => (entry.is === 'failed' && !isInDoubt(entry) ? [entry.call] : [])));
  return entries.filter((entry) => entry.is === 'wrong' || !undone.has(entry.call));
}

/** What a process left behind; none when it ended before it wrote anything. */
export function readLedger(path: string): readonly Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // Behind the last line end there is nothing, or a line that the kill cut: nothing had begun then.
  return lines.slice(0, -1).map((line): Entry => JSON.parse(line));
}
