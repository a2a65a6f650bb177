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
  | { readonly is: 'failed'; readonly call: number; readonly code: string; readonly message: string }
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

/** What a process left behind; none when it ended before it wrote anything. */
export function readLedger(path: string): readonly Entry[] {
  const lines = readFileSync(path, 'utf8').split('\n');
  // Behind the last line end there is nothing, or a line that the kill cut: nothing had begun then.
  return lines.slice(0, -1).map((line): Entry => JSON.parse(line));
}
