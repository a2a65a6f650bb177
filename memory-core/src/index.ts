export type { Field as AggregateField } from './aggregate/fields.ts';
export type { AggregateGroup, Order as AggregateOrder } from './aggregate/groups.ts';
export type { Measure as AggregateMeasure } from './aggregate/measures.ts';
export type { AggregateFilter, AggregateQuery } from './aggregate/query.ts';
export type { AggregateResult } from './aggregate.ts';
export { legible } from './clip.ts';
export type { TaskCluster } from './cluster.ts';
export { embedderOf } from './embed/choose.ts';
export {
  type EmbeddingQueue,
  type EmbeddingQueueOptions,
  embeddingQueue,
  type PendingEmbeddings,
} from './embed/drain.ts';
export { type GuardOptions, guardedEmbedder } from './embed/guarded.ts';
export {
  type EmbeddedKind,
  type Embedding,
  type EmbeddingModel,
  embeddedTexts,
  embeddingId,
  textHash,
} from './embedding.ts';
export { encryptionKeyOf, readEncryptionKey, readKeyFile } from './encryption-key.ts';
export {
  alreadyCompleted,
  COMPLEXITIES,
  type CompletedEpisode,
  type Complexity,
  type Context,
  type Episode,
  episodeNotFound,
  type Learning,
  type OpenEpisode,
  OUTCOME_KINDS,
  type Outcome,
  type OutcomeKind,
  QUALITY_FLAGS,
  type Quality,
  type QualityFlag,
  qualityReasons,
  type Recovery,
  type Reflection,
  type Reward,
  type Source,
  type Step,
  type StepResult,
  TASK_TYPES,
  type TaskType,
} from './episode.ts';
export {
  EXIT_CODES,
  type InputIssue,
  isInDoubt,
  isMemoryError,
  issuesText,
  MemoryError,
  type MemoryErrorCode,
  throwIfAborted,
} from './errors.ts';
export { makePrivateFolder } from './folder.ts';
export type { ForgetOptions, ForgetReceipt } from './forget.ts';
export type { TaskKinds } from './gather/task-kinds.ts';
export { contentId, isId, uuidV7Source } from './id.ts';
export type { EpisodeInput, OutcomeInput, StepInput } from './input.ts';
export type { Json, JsonObject } from './json.ts';
export type { Lease } from './lease.ts';
export { LEARNT_EPISODES, LIMITS } from './limits.ts';
export {
  type AddedSteps,
  type CreatedEpisode,
  type CreateOptions,
  type ListedPatterns,
  type Memory,
  type MemoryOptions,
  openMemory,
} from './memory.ts';
export {
  adviceOf,
  type Baseline,
  baselineId,
  type ContextPattern,
  type Counts,
  type DecisionPoint,
  type ErrorRecovery,
  type HeldOut,
  type Heuristic,
  isHelpful,
  type KeptEvidence,
  LIFT_DIGITS,
  leastKept,
  MIN_SUPPORT,
  PATTERN_KINDS,
  type Pattern,
  type PatternEvidence,
  type PatternFigures,
  type PatternKind,
  type PatternMoment,
  patternTools,
  type Scope,
  type Situation,
  STANDINGS,
  type Standing,
  type ToolSequence,
} from './pattern.ts';
export { readPrivateLine } from './private-line.ts';
export { projectConfigPath, projectOf, repositoryRoots } from './project.ts';
export type { FeedbackInput, RecommendQuery, SearchQuery } from './query.ts';
export { type EpisodeReading, episodeReading } from './reading.ts';
export type { Advised, Recommended } from './recall.ts';
export type {
  Feedback,
  Fit,
  KindOfTask,
  Playbook,
  PlaybookItem,
  Recommendation,
  Risk,
  Tombstone,
} from './recommendation.ts';
export { reflectorOf } from './reflect/choose.ts';
export { documentRelevance, relevance, type TermStatistics } from './retrieve/bm25.ts';
export {
  type ErrorSignature,
  errorSignature,
  looksLikeError,
  signatureMatch,
  signatureTerms,
} from './retrieve/error-signature.ts';
export { bestFixes, type Hint, type KnownFix } from './retrieve/hints.ts';
export type { EpisodeHit, PatternHit, Why } from './retrieve/rank.ts';
export type { EpisodeChangeInput, MetadataChange, TagChange } from './revise.ts';
export type { SearchResult } from './search.ts';
export { type SearchHealth, searchHealthText } from './search-health.ts';
export { type Address, addressOf, pathOf } from './store-address.ts';
export { type CachedStoreOptions, cachedStore } from './stores/cached.ts';
export { matchesEpisode } from './stores/filters.ts';
export { type CommitOptions, groupCommit } from './stores/group-commit.ts';
export { type InMemoryStoreOptions, inMemoryStore } from './stores/in-memory.ts';
export {
  type InMemoryCache,
  type InMemoryCacheOptions,
  type InMemoryCacheStats,
  inMemoryCache,
} from './stores/in-memory-cache.ts';
export { START, samePosition } from './stores/journal-position.ts';
export { layeredCache } from './stores/layered-cache.ts';
export {
  evidenceTaken,
  ownerNotFound,
  stepCountConflict,
  stepTaken,
  tooManyBytes,
  tooManySteps,
  versionConflict,
} from './stores/refusals.ts';
export type { Trace, TraceStep } from './trace.ts';
export { type ClaudeCodeOptions, readClaudeCode } from './transfer/claude-code.ts';
export { isClaudeCode } from './transfer/claude-code-event.ts';
export type {
  CompanionRecord,
  FeedbackRecord,
  LearningRecord,
  RecommendationRecord,
  TombstoneRecord,
} from './transfer/companion-record.ts';
export type { ImportOptions, ImportReceipt } from './transfer/import.ts';
export { readJsonLines } from './transfer/json-lines.ts';
export type { EpisodeRecord } from './transfer/record.ts';
export { isSweAgent, readSweAgent } from './transfer/swe-agent.ts';
export { isTauBench, readTauBench } from './transfer/tau-bench.ts';
export { mapInTurns, turns } from './turns.ts';
export { type LearningHealth, learningHealthText } from './upkeep/learning-queue.ts';
