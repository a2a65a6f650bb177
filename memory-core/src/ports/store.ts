// What a durable store must do. The conformance suite `storeSuite` in test-utils says the same, as tests.
import type { TaskCluster } from '../cluster.ts';
import type { EmbeddedKind, Embedding, EmbeddingModel } from '../embedding.ts';
import type { Episode, OutcomeKind, Step, TaskType } from '../episode.ts';
import type { Baseline, Pattern, PatternEvidence, PatternKind } from '../pattern.ts';
import type { Recommendation, Tombstone } from '../recommendation.ts';

/** The kinds of things a store holds. Each has a unique `id` within its kind, and a `version`. */
export interface Entities {
  episode: Episode;
  step: Step;
  pattern: Pattern;
  evidence: PatternEvidence;
  baseline: Baseline;
  cluster: TaskCluster;
  recommendation: Recommendation;
  tombstone: Tombstone;
  embedding: Embedding;
  model: EmbeddingModel;
}

/** The name of a kind of thing. */
export type Kind = keyof Entities;

/** What every call takes. */
export interface CallOptions {
  /** Aborting rejects with `ABORTED`; a write that has begun is finished all the same. */
  readonly signal?: AbortSignal | undefined;
}

/**
 * The durable truth. Every method rejects with a `MemoryError`, and with `CLOSED` after `close()`.
 * What it returns belongs to the caller; what it is given, it does not change.
 */
export interface MemoryStore {
  readonly name: string;

  /** The entities with these ids, in the same order; `undefined` where there is none. */
  getMany<K extends Kind>(
    kind: K,
    ids: readonly string[],
    options?: CallOptions,
  ): Promise<readonly (Entities[K] | undefined)[]>;

  /**
   * Every entity that matches, each once, in the order of `Filters`. Memory stays bounded however many there are.
   * What is written while the scan runs may or may not be in it.
   */
  scan<K extends Kind>(kind: K, filter: Filters[K], options?: CallOptions): AsyncIterable<Entities[K]>;

  /**
   * All of the batch or nothing. When it resolves, it is durable.
   *
   * Laws: a `require` that does not hold, an `ifVersion` that differs, or a second step with the same key in an
   * episode rejects and changes nothing. The store numbers steps 1, 2, 3 … within their episode as it commits.
   * Deleting an episode also deletes its steps, its evidence, its text and its embeddings; deleting a pattern its text
   * and its embeddings. An embedding whose owner is not there rejects with `NOT_FOUND`. Every write adds one journal entry per
   * operation, in the order of the batch, in the same commit.
   */
  write(batch: readonly Write[], options?: WriteOptions): Promise<WriteReceipt>;

  /** The journal after `since`, oldest first, without gap or repeat; at most `limit` entries. */
  changes(since: number, options?: CallOptions & { readonly limit?: number }): Promise<Changes>;

  /** Full-text search. Absent where the store has none; core then ranks by a scan. */
  readonly text?: TextIndex;

  /** Reads with their date. Absent where the store cannot tell it; a cache then asks before and behind each read. */
  readonly dated?: DatedReads;

  /** Idempotent. Waits for writes that have begun. */
  close(): Promise<void>;
}

/** One operation of a batch. */
export type Write = { [K in Kind]: Put<K> | Delete<K> }[Kind] | Require;

/** Stores an entity, in place of the one with its id. */
export interface Put<K extends Kind> {
  readonly op: 'put';
  readonly kind: K;
  readonly value: Entities[K];
  /** The version it must have now; 0: it must not exist. Else `CONFLICT`. Left out: whatever is there is replaced. */
  readonly ifVersion?: number;
  /** Terms for the text index, for kinds that have one. Left out: what the index holds for it stays. */
  readonly terms?: IndexTerms;
}

/** Takes an entity out with what belongs to it; where there is none, the journal alone tells of it. */
export interface Delete<K extends Kind> {
  readonly op: 'delete';
  readonly kind: K;
  readonly id: string;
  readonly ifVersion?: number;
}

/** Checked at its place in the batch: after the operations before it, before those behind it. */
export interface Require {
  readonly op: 'require';
  readonly kind: 'episode';
  readonly id: string;
  /**
   * `open`: the episode exists (else `NOT_FOUND`) and is open (else `INVALID_STATE`). `completed`: it exists and is
   * completed, else `CONFLICT`, as what was read of it is no more.
   */
  readonly status: 'open' | 'completed';
  /** It has this many steps, else `CONFLICT`. */
  readonly stepCount?: number;
  /** It has at most this many steps, else `LIMIT_EXCEEDED`. */
  readonly maxSteps?: number;
  /** Its steps, as JSON in UTF-8, have at most this many bytes together, else `LIMIT_EXCEEDED`. */
  readonly maxBytes?: number;
}

/** Words as `retrieve/tokenize.ts` makes them: lower-case, letters and digits only, repeats kept. */
export interface IndexTerms {
  /** The few words that name what it is about. */
  readonly title: readonly string[];
  /** All its words, those of the title among them. */
  readonly body: readonly string[];
}

/** Who writes, and a way to give up before it begins. */
export interface WriteOptions extends CallOptions {
  /** Who wrote it, for the journal. @default 'library' */
  readonly actor?: string;
}

/** What the store gave as it committed. */
export interface WriteReceipt {
  /** Sequence number of the last journal entry of this write. */
  readonly seq: number;
  /** Numbers given to the steps of the batch, in its order. */
  readonly stepNumbers: readonly number[];
}

/** That something was put or deleted, when, and by whom. */
export interface JournalEntry {
  /** 1, 2, 3 … over the life of the store. */
  readonly seq: number;
  readonly at: string;
  readonly kind: Kind;
  readonly id: string;
  readonly op: 'put' | 'delete';
  readonly actor: string;
}

/** A stretch of the journal. */
export interface Changes {
  readonly entries: readonly JournalEntry[];
  /** The newest sequence number of the store: larger than the last entry's when `limit` cut the list. */
  readonly seq: number;
}

/** Finds entities by their words. */
export interface TextIndex {
  /**
   * The entities whose terms match any of `terms`, best first, at most `limit`. Rare terms are asked first; a store
   * may leave out the most frequent ones where that costs too much, and then says how many it left out.
   */
  match<K extends IndexedKind>(query: TextQuery<K>, options?: CallOptions): Promise<TextMatches>;

  /** The terms that are indexed of these entities, in the same order; `undefined` where there is no such entity. */
  terms(kind: IndexedKind, ids: readonly string[], options?: CallOptions): Promise<readonly (IndexTerms | undefined)[]>;
}

/** Reads that also say where the journal stood when their answer was true, in one round trip where a read is one. */
export interface DatedReads {
  /**
   * As `getMany`, with the journal after `since` as `changes` tells it. What is too large for one answer is answered
   * for the first of the ids: the answer is shorter then.
   */
  getMany<K extends Kind>(
    asked: { readonly kind: K; readonly ids: readonly string[]; readonly since: number; readonly limit: number },
    options?: CallOptions,
  ): Promise<Dated<readonly (Entities[K] | undefined)[]> & { readonly changes: Changes }>;

  /** As `text.match`, and absent where that is. */
  match?<K extends IndexedKind>(query: TextQuery<K>, options?: CallOptions): Promise<Dated<TextMatches>>;
}

/** An answer, and the newest journal entry at the moment of which it is. */
export interface Dated<T> {
  readonly answer: T;
  /** Nothing before the first write. */
  readonly newest: JournalEntry | undefined;
}

/** The kinds that the text index knows. */
export type IndexedKind = 'episode' | 'pattern';

/** Words that are looked for in entities of one kind. */
export interface TextQuery<K extends IndexedKind> {
  readonly kind: K;
  readonly terms: readonly string[];
  readonly limit: number;
  readonly filter?: Filters[K];
}

/** What was found, and what was not asked. */
export interface TextMatches {
  readonly hits: readonly {
    readonly id: string /** 0–1: `documentRelevance` in `retrieve/bm25.ts`. */;
    readonly relevance: number;
  }[];
  readonly termsLeftOut: number;
}

/** What a scan can be narrowed by. A field that is left out does not narrow. */
export interface Filters {
  episode: EpisodeFilter;
  step: StepFilter;
  pattern: PatternFilter;
  evidence: EvidenceFilter;
  baseline: Record<never, never>;
  cluster: ClusterFilter;
  recommendation: Record<never, never>;
  tombstone: Record<never, never>;
  embedding: EmbeddingFilter;
  model: Record<never, never>;
}
// Order of scans: episodes as `EpisodeFilter.order` says; steps by episode id, then number; evidence by episode id
// backwards, so that the newest of a pattern are had without reading all; all others by id.

/** Which episodes, in which order. A field that is left out does not narrow. */
export interface EpisodeFilter {
  readonly ids?: readonly string[];
  /** The id begins so. */
  readonly idPrefix?: string;
  /** That project alone. */
  readonly project?: string;
  /** That project and what belongs to none; `{}`: only what belongs to none. */
  readonly visibleTo?: { readonly project?: string };
  readonly domain?: string;
  readonly taskType?: TaskType;
  readonly status?: Episode['status'];
  readonly outcome?: OutcomeKind;
  readonly tagsAll?: readonly string[];
  readonly tagsAny?: readonly string[];
  /** Started at or after. */
  readonly since?: string;
  /** Started before. */
  readonly until?: string;
  readonly minReward?: number;
  readonly maxReward?: number;
  readonly agent?: string;
  readonly session?: string;
  readonly capturedFrom?: string;
  readonly minConfidence?: number;
  readonly learningPending?: boolean;
  /** Has no embedding by this model, or one of texts that it had before. */
  readonly embeddingDue?: string;
  /** Completed, none of these, and with words of one of these in its reflection, or a duplicate of one. */
  readonly speaksOf?: readonly string[];
  /** By start, then id. @default 'oldest' */
  readonly order?: 'oldest' | 'newest';
  /** Continue behind this episode, in the given order. It need not exist any more. */
  readonly after?: { readonly startedAt: string; readonly id: string };
  /** At most this many. */
  readonly limit?: number;
}

/** Which steps. A field that is left out does not narrow. */
export interface StepFilter {
  readonly episodeIds?: readonly string[];
  readonly key?: string;
  /** Steps with a larger number. */
  readonly afterNumber?: number;
}

export interface EvidenceFilter {
  readonly patternId?: string;
  readonly episodeIds?: readonly string[];
}

/** Which patterns. A field that is left out does not narrow. */
export interface PatternFilter {
  /** The id begins so. */
  readonly idPrefix?: string;
  readonly kind?: PatternKind;
  /** That project alone. */
  readonly project?: string;
  readonly visibleTo?: { readonly project?: string };
  readonly domain?: string;
  readonly minSupport?: number;
  /** As that of episodes. */
  readonly embeddingDue?: string;
}

/** Which kinds of task. A field that is left out does not narrow. */
export interface ClusterFilter {
  /** That project alone. */
  readonly project?: string;
  readonly visibleTo?: { readonly project?: string };
  readonly domain?: string;
}

/** Which embeddings. A field that is left out does not narrow. */
export interface EmbeddingFilter {
  readonly ownerKind?: EmbeddedKind;
  readonly ownerIds?: readonly string[];
  readonly model?: string;
}
