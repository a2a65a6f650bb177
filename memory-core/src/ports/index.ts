// Everything an implementor of a port needs, and nothing else.
export type { Block, CacheMove, CacheRead, MemoryCache, Position } from './cache.ts';
export type { Embedder, EmbedOptions } from './embedder.ts';
export type { Metrics } from './metrics.ts';
export { NO_METRICS } from './metrics.ts';
export type { Reflector, ReflectorInput } from './reflector.ts';
export type { Clock, IdSource, Logger } from './runtime.ts';
export { silentLogger } from './runtime.ts';
export type {
  CallOptions,
  Changes,
  ClusterFilter,
  Dated,
  DatedReads,
  Delete,
  EmbeddingFilter,
  Entities,
  EpisodeFilter,
  Filters,
  IndexedKind,
  IndexTerms,
  JournalEntry,
  Kind,
  MemoryStore,
  PatternFilter,
  Put,
  Require,
  StepFilter,
  TextIndex,
  TextMatches,
  TextQuery,
  Write,
  WriteOptions,
  WriteReceipt,
} from './store.ts';
