// A store whose operations are timed and whose failures are counted.
import type { Metrics } from '../ports/metrics.ts';
import type { DatedReads, MemoryStore, TextIndex } from '../ports/store.ts';
import { codeOf, timed } from './timed.ts';

/** `store` as it is, told to `metrics`. A read that is dated counts like one that is not. */
export function measuredStore(store: MemoryStore, metrics: Metrics): MemoryStore {
  const { text, dated } = store;
  const watched: Watched = (operation, work) =>
    timed(work, {
      done: (ms) => metrics.time('store_operation', { operation }, ms),
      failed: (code) => metrics.count('store_failures', { operation, code }),
    });
  return {
    // Answers of text searches are kept under it.
    name: store.name,
    getMany: (kind, ids, call) => watched('get_many', () => store.getMany(kind, ids, call)),
    scan: (kind, filter, call) => measuredScan(store.scan(kind, filter, call), metrics),
    write: (batch, call) => watched('write', () => store.write(batch, call)),
    changes: (since, call) => watched('changes', () => store.changes(since, call)),
    ...(text && { text: measuredText(text, watched) }),
    ...(dated && { dated: measuredReads(dated, watched) }),
    close: () => store.close(),
  };
}

type Operation = 'get_many' | 'write' | 'changes' | 'match' | 'terms';
type Watched = <T>(operation: Operation, work: () => Promise<T>) => Promise<T>;

function measuredText(text: TextIndex, watched: Watched): TextIndex {
  return {
    match: (query, call) => watched('match', () => text.match(query, call)),
    terms: (kind, ids, call) => watched('terms', () => text.terms(kind, ids, call)),
  };
}

function measuredReads(dated: DatedReads, watched: Watched): DatedReads {
  const { match } = dated;
  return {
    getMany: (asked, call) => watched('get_many', () => dated.getMany(asked, call)),
    ...(match && { match: (query, call) => watched('match', () => match(query, call)) }),
  };
}

const SCAN = { operation: 'scan' } as const;

/** Counts the time that the scan waits for the store, not what is done with the items in between. */
async function* measuredScan<T>(items: AsyncIterable<T>, metrics: Metrics): AsyncGenerator<T, void, undefined> {
  const iterator = items[Symbol.asyncIterator]();
  let spentMs = 0;
  let isDone = false;
  try {
    for (;;) {
      const askedMs = performance.now();
      const next = await iterator.next();
      spentMs += performance.now() - askedMs;
      if (next.done === true) break;
      yield next.value;
    }
    isDone = true;
  } catch (error) {
    isDone = true;
    metrics.count('store_failures', { ...SCAN, code: codeOf(error) });
    throw error;
  } finally {
    metrics.time('store_operation', SCAN, spentMs);
    // Who has seen enough lets go of what the scan holds.
    if (!isDone) await iterator.return?.();
  }
}
