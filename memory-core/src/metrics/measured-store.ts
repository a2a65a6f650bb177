// A store whose operations are timed and whose failures are counted.
import type { Metrics } from '../ports/metrics.ts';
import type { DatedReads, MemoryStore, TextIndex, Write } from '../ports/store.ts';
import { timed, timedStream, type Watch } from './timed.ts';

/** `store` as it is, told to `metrics`. A read that is dated counts like one that is not. */
export function measuredStore(store: MemoryStore, metrics: Metrics): MemoryStore {
  const { text, dated } = store;
  const watch = (operation: Operation | 'scan'): Watch => ({
    done: (ms) => metrics.time('store_operation', { operation }, ms),
    failed: (code) => metrics.count('store_failures', { operation, code }),
  });
  const watched: Watched = (operation, work) => timed(work, watch(operation));
  return {
    // Answers of text searches are kept under it.
    name: store.name,
    getMany: (kind, ids, call) => watched('get_many', () => store.getMany(kind, ids, call)),
    scan: (kind, filter, call) => timedStream(store.scan(kind, filter, call), watch('scan')),
    async write(batch, call) {
      const receipt = await watched('write', () => store.write(batch, call));
      countPatterns(batch, metrics);
      return receipt;
    },
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

/** What learning stores happens in the background of other verbs: here it is seen whoever does it. */
function countPatterns(batch: readonly Write[], metrics: Metrics): void {
  for (const write of batch) {
    if (write.op === 'put' && write.kind === 'pattern') {
      metrics.count('patterns_written', { standing: write.value.standing });
    }
  }
}
