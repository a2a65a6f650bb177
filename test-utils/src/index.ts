export {
  baselines,
  clusterFilters,
  clusters,
  completedEpisodes,
  embeddings,
  episodeFilters,
  episodes,
  evidences,
  indexTerms,
  models,
  nastyText,
  openEpisodes,
  POOL_IDS,
  patternFilters,
  patterns,
  queryTerms,
  recommendations,
  stepFilters,
  steps,
  tombstones,
  writeBatches,
} from './arbitraries.ts';
export { type Attack, type AttackOutcome, THREATS, type Threat } from './attacks/attack.ts';
export { type AttackReport, attackFindings, toRequest, underAttack } from './attacks/attacked.ts';
export { attackedHost } from './attacks/boundary.ts';
export { ATTACKS, HONEST_PROGRAM, isRightOutcome } from './attacks/catalogue.ts';
export { attackTable } from './attacks/table.ts';
export {
  aBaseline,
  aCluster,
  aCompletedEpisode,
  aModel,
  anEmbedding,
  anEpisode,
  anEvidence,
  aPattern,
  aRecommendation,
  aStep,
  aTombstone,
  put,
  remove,
  requireOpen,
} from './builders.ts';
export { type CacheSubject, cacheSuite } from './cache-suite.ts';
export type { EmbeddingProtocol } from './embedding-protocols.ts';
export {
  EMBEDDING_FAULTS,
  type EmbeddingFault,
  type EmbeddingRequest,
  type EmbeddingServer,
  type EmbeddingServerOptions,
  startEmbeddingServer,
} from './embedding-server.ts';
export { type FakeEmbedder, type FakeEmbedderOptions, fakeEmbedder } from './fake-embedder.ts';
export {
  CACHE_FAULTS,
  type CacheFault,
  faultyStore,
  lossyCache,
  STORE_VERBS,
  type StoreFault,
  turns,
} from './faults.ts';
export {
  KINDS_OF_TASK,
  type LearnableEpisode,
  type LearnableOptions,
  type LearnableStep,
  learnableEpisodes,
  learnableRecords,
  learnableTraces,
  PLANTED,
  withShuffledOutcomes,
} from './learnable.ts';
export { type LibsqlServer, type LibsqlServerOptions, startLibsqlServer } from './libsql-server.ts';
export {
  type LibsqlServerProcess,
  type LibsqlServerProcessOptions,
  startLibsqlServerProcess,
} from './libsql-server-process.ts';
export { wordsIn, wordsInBytes } from './plaintext.ts';
export { type PrometheusFamily, readPrometheus } from './prometheus-text.ts';
export { type StoreSuiteSubject, storeSuite } from './store-suite.ts';
export { type FaultPlan, plannedFaults, WIRE_FAULTS, type WireFault, type WireFaults } from './wire-fault.ts';
