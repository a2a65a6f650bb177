// The library's front door: its verbs in one place, over one store.

import type { AggregateQuery } from './aggregate/query.ts';
import { type AggregateResult, aggregate } from './aggregate.ts';
import type { MemoryContext } from './context.ts';
import { embeddingQueue } from './embed/drain.ts';
import { lexicalEmbedder } from './embed/lexical.ts';
import type { CompletedEpisode, Episode, OpenEpisode, Step } from './episode.ts';
import { resultText } from './episode.ts';
import { errorExcerpt } from './error-text.ts';
import { isMemoryError, MemoryError } from './errors.ts';
import { checkedFilter } from './filter.ts';
import { type ForgetOptions, type ForgetReceipt, forget } from './forget.ts';
import { gatherPattern, gatherPatterns, withEvidenceIds } from './gather/gather.ts';
import { indexKeeper } from './gather/index-keeper.ts';
import { rememberedAnswers } from './gather/remembered-answers.ts';
import { gatherTaskKinds, type TaskKinds } from './gather/task-kinds.ts';
import { uuidV7Source } from './id.ts';
import type { EpisodeInput, OutcomeInput, StepInput } from './input.ts';
import {
  addSteps,
  beginEpisodes,
  completeEpisode,
  createEpisodes,
  newEpisodes,
  newSteps,
  renameTag,
  type StoredSteps,
  tagStats,
  updateEpisode,
} from './lifecycle.ts';
import { checkOptions, FLAG, FUNCTION, LOGGER, needed, type OptionRules, TEXT, withMethods } from './options.ts';
import type { Standing } from './pattern.ts';
import type { MemoryCache } from './ports/cache.ts';
import type { Embedder } from './ports/embedder.ts';
import type { Reflector } from './ports/reflector.ts';
import { type Clock, type IdSource, type Logger, silentLogger } from './ports/runtime.ts';
import type { CallOptions, ClusterFilter, EpisodeFilter, MemoryStore, PatternFilter } from './ports/store.ts';
import type { FeedbackInput, RecommendQuery, SearchQuery } from './query.ts';
import { type EpisodeReading, episodeReading, existing } from './reading.ts';
import { type Advised, advise, hintsForErrors, type Recommended, recommend, recordFeedback } from './recall.ts';
import type { Recommendation } from './recommendation.ts';
import { type ReflectionQueue, reflectionQueue } from './reflect/queue.ts';
import type { Hint } from './retrieve/hints.ts';
import { type PatternHit, rankListed, rankPatterns } from './retrieve/rank.ts';
import type { EpisodeChangeInput } from './revise.ts';
import { type SearchResult, search } from './search.ts';
import { type SearchHealth, searchHealth } from './search-health.ts';
import { cachedStore } from './stores/cached.ts';
import type { CompanionRecord } from './transfer/companion-record.ts';
import { exportEpisodes } from './transfer/export.ts';
import { type ImportOptions, type ImportReceipt, importEpisodes } from './transfer/import.ts';
import type { EpisodeRecord } from './transfer/record.ts';
import { learnScopeAside } from './upkeep/learn-thread.ts';
import { type LearningHealth, type LearningQueue, learningQueue } from './upkeep/learning-queue.ts';

/** What a memory is made of. All but the store may be left out. */
export interface MemoryOptions {
  /** The durable truth. Closed by `memory.close()`. */
  readonly store: MemoryStore;
  /**
   * Kept before the store's reads, and holds vectors and the index of what is searched from one start to the next.
   * Never needed. Closed with the store.
   */
  readonly cache?: MemoryCache | undefined;
  /**
   * Turns texts into vectors; `none`: words alone are searched. Closed with the store.
   * @default `lexicalEmbedder()`: offline, finds other forms and common synonyms of the same words
   */
  readonly embedder?: Embedder | 'none' | undefined;
  /**
   * Asked in the background what a completed episode teaches; what it says takes the place of the reflection of our own
   * rules. What it has not told when the memory is closed is not waited for.
   * @default none
   */
  readonly reflector?: Reflector | undefined;
  /**
   * Closing also learns what others left owed, where that is little. For programs that end soon; others call
   * `learnPending`.
   * @default false
   */
  readonly learnsOwed?: boolean | undefined;
  /** What counts where a call names no project. @default none: only what belongs to no project is seen and made */
  readonly project?: string | undefined;
  /**
   * Whether the memory is closed as soon as a call or two are done: what then would not be learnt in time is not begun,
   * and stays owed until a program that lives longer, or `learnPending`, sees to it.
   * @default false
   */
  readonly isShortLived?: boolean | undefined;
  /** Who writes, for the journal. @default 'library' */
  readonly actor?: string | undefined;
  /** @default Date.now */
  readonly clock?: Clock | undefined;
  /** @default UUID version 7 by `clock` */
  readonly newId?: IdSource | undefined;
  /** @default silent */
  readonly logger?: Logger | undefined;
}

/**
 * The memory of coding agents. Every verb rejects with a `MemoryError`; a write that resolved is durable; one that
 * rejected changed nothing, unless it says how far it came.
 */
export interface Memory extends EpisodeReading {
  /** Begins an episode; the answer carries the best prior experience with such tasks. */
  createEpisode(input: EpisodeInput, options?: CreateOptions): Promise<CreatedEpisode>;
  /** Begins up to 1,000 episodes in one commit. */
  createEpisodes(inputs: readonly EpisodeInput[], options?: CallOptions): Promise<readonly OpenEpisode[]>;
  /** Appends one step; on an error, the answer carries what fixed such an error before. */
  addStep(episodeId: string, input: StepInput, options?: CallOptions): Promise<AddedSteps & { readonly step: Step }>;
  /** Appends up to 1,000 steps in one commit. */
  addSteps(episodeId: string, inputs: readonly StepInput[], options?: CallOptions): Promise<AddedSteps>;
  /** Ends an episode: reward, reflection and quality are derived and stored in the same write. */
  completeEpisode(episodeId: string, outcome: OutcomeInput, options?: CallOptions): Promise<CompletedEpisode>;
  /** Changes description, metadata or tags; steps and outcome are history and stay. */
  updateEpisode(id: string, change: EpisodeChangeInput, options?: CallOptions): Promise<Episode>;
  /** Renames a tag of every episode that has it, one write an episode, and answers how many those were. */
  renameTag(names: { readonly from: string; readonly to: string }, options?: CallOptions): Promise<number>;
  /** How many of the episodes that match bear each tag, most frequent first. */
  tagStats(
    filter?: EpisodeFilter,
    options?: CallOptions,
  ): Promise<readonly { readonly tag: string; readonly count: number }[]>;
  /** Forgets every episode that matches, with all that came of them, in one commit. */
  forget(filter: EpisodeFilter, options?: ForgetOptions): Promise<ForgetReceipt>;
  /**
   * Experience for a task, a question, an error text, or filters alone.
   * @throws `INVALID_INPUT` where neither text nor filter is given; `EMBEDDER_FAILED` or `STORE_UNAVAILABLE` where nothing
   * was found and not all could be looked at
   */
  search(query: SearchQuery, options?: CallOptions): Promise<SearchResult>;
  /** Counts the newest 10,000 episodes, or their steps, in groups, and measures each group. */
  aggregate(query: AggregateQuery, options?: CallOptions): Promise<AggregateResult>;
  /** Patterns with enough support, the confirmed first, and of these those of most support. */
  listPatterns(filter?: ListedPatterns, options?: CallOptions): Promise<readonly PatternHit[]>;
  /** One pattern, of any standing and support, with its figures and evidence; `undefined` where there is none. */
  getPattern(id: string, options?: CallOptions): Promise<PatternHit | undefined>;
  /** Kinds of task, those of most episodes first, and how many episodes are in none. */
  listClusters(filter?: ClusterFilter, options?: CallOptions): Promise<TaskKinds>;
  /** A playbook for a task, kept so that feedback can name it. */
  recommend(query: RecommendQuery, options?: CallOptions): Promise<Recommended>;
  /** What `recommend` answers, without keeping anything of it: a read, which no feedback can name. */
  advise(query: RecommendQuery, options?: CallOptions): Promise<Advised>;
  /**
   * Tells, once, what came of a recommendation.
   * @throws `NOT_FOUND`; `INVALID_STATE` where that was told already, or the attempt is still open and nobody says how it
   * ended; `INVALID_INPUT` for an id that was not offered
   */
  recordFeedback(feedback: FeedbackInput, options?: CallOptions): Promise<Recommendation>;
  /**
   * One record an episode, with its steps; behind them recommendations and tombstones, which have a `type`. Importing
   * them elsewhere gives the same again.
   */
  exportEpisodes(filter?: EpisodeFilter, options?: CallOptions): AsyncIterable<EpisodeRecord | CompanionRecord>;
  /** Stores what is not there yet; what cannot be read is named in the receipt, and the rest is imported. */
  importEpisodes(records: AsyncIterable<unknown> | Iterable<unknown>, options?: ImportOptions): Promise<ImportReceipt>;
  /**
   * Learns now what completed episodes still owe, and answers how many those were. Runs by itself after each
   * completion; large scopes are learnt from less often then, so that it takes a tenth of one core at most.
   */
  learnPending(options?: CallOptions): Promise<number>;
  /**
   * Waits until a reflector has told what it was asked for, and until all that is stored has been learnt from, has
   * vectors and is in the index of what is searched. Nobody
   * needs to: it happens by itself, and what is not there yet is searched by its words.
   * @throws `EMBEDDER_FAILED` where that is what stands in the way
   */
  catchUp(options?: CallOptions): Promise<void>;
  /** How search stands: what is in its index, and what has no vector yet. */
  searchHealth(options?: CallOptions): Promise<SearchHealth>;
  /** How learning from many episodes stands: what is owed, what runs, and what the last run did. */
  learningHealth(options?: CallOptions): Promise<LearningHealth>;
  /**
   * Waits for the writes that have begun, and a moment for the learning, which then also takes small scopes that it was too
   * early for; then closes the store. Idempotent. Verbs under way may reject with `CLOSED`; each has then changed nothing more than its write that was done.
   */
  close(): Promise<void>;
}

/** What counts as prior experience of an episode that begins. */
export interface CreateOptions extends CallOptions {
  /** Ids of episodes, 100 at most, that are no prior experience: the asker is still at them. */
  readonly except?: readonly string[] | undefined;
}

/** The episode that begins, and what is known of such tasks. */
export interface CreatedEpisode {
  readonly episode: OpenEpisode;
  readonly related: SearchResult;
}

/** Which patterns are listed. */
export interface ListedPatterns extends PatternFilter {
  /** @default all but what has faded */
  readonly standings?: readonly Standing[] | undefined;
}

/** The steps as they are stored, and what helps with their errors. */
export interface AddedSteps extends StoredSteps {
  /** Fixes of earlier errors like those among these steps, in their order. */
  readonly hints: readonly Hint[];
}

const RELATED_HITS = 3;
const LISTED_PATTERNS = 10_000;
/** Evidence for each listed pattern that is told, and as much against it. */
const LISTED_EVIDENCE = 1_000;

const EMBEDDER = withMethods('"none" or an Embedder', 'embed');
const OPTIONS: OptionRules<MemoryOptions> = {
  store: needed(withMethods('a MemoryStore', 'getMany', 'scan', 'write', 'changes', 'close')),
  cache: withMethods('a MemoryCache', 'get', 'set', 'move', 'getBlock', 'setBlock', 'close'),
  embedder: { ...EMBEDDER, holds: (value) => value === 'none' || EMBEDDER.holds(value) },
  reflector: withMethods('a Reflector', 'reflect'),
  learnsOwed: FLAG,
  project: TEXT,
  isShortLived: FLAG,
  actor: TEXT,
  clock: FUNCTION,
  newId: FUNCTION,
  logger: LOGGER,
};

/**
 * A memory over `store`. Several memories in one process, or several processes on one store, do not disturb each other.
 * @throws `INVALID_INPUT` for an option that there is not, that is missing, or that is not what it must be
 */
export function openMemory(options: MemoryOptions): Memory {
  checkOptions('openMemory', options, OPTIONS);
  const context = contextOf(options);
  const { store, index, embedding } = context;
  const learning = learningQueue(
    { ...context, learn: learnScopeAside },
    {
      onLearnt: () => context.embedding?.soon(),
      learnsOwed: options.learnsOwed,
      isShortLived: options.isShortLived,
    },
  );
  const reflecting = options.reflector && reflectionQueue(context, options.reflector);
  let closing: Promise<void> | undefined;

  async function close(): Promise<void> {
    await reflecting?.close();
    await learning.close();
    await embedding?.close();
    await index.close();
    await store.close();
  }

  return {
    ...recordingVerbs(context, { learning, reflecting }),
    ...episodeReading(store),
    ...surveyVerbs(context),
    ...experienceVerbs(context, { learning, reflecting }),
    close() {
      closing ??= close();
      return closing;
    },
  };
}

type Verbs<K extends keyof Memory> = Pick<Memory, K>;

/** What changes episodes. Vectors and learning follow in the background. */
function recordingVerbs(
  context: MemoryContext,
  { learning, reflecting }: Background,
): Verbs<
  | 'createEpisode'
  | 'createEpisodes'
  | 'addStep'
  | 'addSteps'
  | 'completeEpisode'
  | 'updateEpisode'
  | 'renameTag'
  | 'forget'
  | 'importEpisodes'
> {
  const { embedding, index } = context;
  return {
    async createEpisode(input, call = {}) {
      const created = await createEpisode(context, input, call);
      embedding?.soon();
      return created;
    },
    async createEpisodes(inputs, call = {}) {
      const created = await createEpisodes(context, inputs, call);
      embedding?.soon();
      return created;
    },
    async addStep(episodeId, input, call = {}) {
      const added = await addStepsWithHints(context, episodeId, [input], call);
      const [step] = added.steps;
      if (step === undefined)
        throw new MemoryError('STORE_FAILED', `The store did not answer with the step of ${episodeId}.`);
      return { ...added, step };
    },
    addSteps: (episodeId, inputs, call = {}) => addStepsWithHints(context, episodeId, inputs, call),
    async completeEpisode(episodeId, outcome, call = {}) {
      const completed = await completeEpisode(context, episodeId, outcome, call);
      // What ended has more to be embedded than what began.
      embedding?.soon();
      learning.soon(completed);
      reflecting?.soon(episodeId);
      return completed;
    },
    async updateEpisode(id, change, call = {}) {
      const updated = await updateEpisode(context, id, change, call);
      if (change.description !== undefined) embedding?.soon();
      return updated;
    },
    renameTag: (names, call = {}) => renameTag(context, names, call),
    async forget(filter, call = {}) {
      const receipt = await forget(context, checkedFilter(filter), call);
      if (call.dryRun === true) return receipt;
      await index.forgotten();
      if (receipt.episodes > 0) learning.soon();
      return receipt;
    },
    async importEpisodes(records, call = {}) {
      const receipt = await importEpisodes(context, records, call);
      embedding?.soon();
      learning.soon();
      return receipt;
    },
  };
}

/** What looks at all that is stored. */
function surveyVerbs(context: MemoryContext): Verbs<'tagStats' | 'exportEpisodes'> {
  return {
    tagStats: async (filter = {}, call = {}) => tagStats(context, checkedFilter(filter), call),
    async *exportEpisodes(filter = {}, call = {}) {
      yield* exportEpisodes(context.store, checkedFilter(filter), call);
    },
  };
}

/** What gives experience back. */
function experienceVerbs(
  context: MemoryContext,
  { learning, reflecting }: Background,
): Verbs<
  | 'search'
  | 'aggregate'
  | 'listPatterns'
  | 'getPattern'
  | 'listClusters'
  | 'recommend'
  | 'advise'
  | 'recordFeedback'
  | 'learnPending'
  | 'catchUp'
  | 'searchHealth'
  | 'learningHealth'
> {
  const { store, embedding, index } = context;
  return {
    search: (query, call = {}) => search(context, query, call),
    aggregate: (query, call = {}) => aggregate(context, query, call),
    async listPatterns({ standings, ...filter } = {}, call = {}) {
      const asked = { terms: undefined, filter, standings, limit: LISTED_PATTERNS };
      const hits = rankListed(rankPatterns(await gatherPatterns(store, asked, call)));
      return withEvidenceIds(store, { hits, maxEvidence: LISTED_EVIDENCE }, call);
    },
    getPattern: (id, call = {}) => gatherPattern(store, { id, maxEvidence: LISTED_EVIDENCE }, call),
    listClusters: (filter = {}, call = {}) => gatherTaskKinds(store, filter, call),
    recommend: (query, call = {}) => recommend(context, query, call),
    advise: (query, call = {}) => advise(context, query, call),
    recordFeedback: (feedback, call = {}) => recordFeedback(context, feedback, call),
    learnPending: (call = {}) => learning.now(call),
    learningHealth: (call = {}) => learning.health(call),
    async catchUp(call = {}) {
      await reflecting?.settled();
      await learning.now(call);
      await embedding?.now(call);
      await index.ready(call);
    },
    searchHealth: (call = {}) => searchHealth(context, call),
  };
}

/** What every verb is given, from what the caller gave. */
function contextOf(options: MemoryOptions): MemoryContext {
  const clock = options.clock ?? Date.now;
  const newId = options.newId ?? uuidV7Source(clock);
  const { cache, logger = silentLogger, actor = 'library', project } = options;
  const store = cache === undefined ? options.store : cachedStore(options.store, cache, { logger });
  const embedder = options.embedder === 'none' ? undefined : (options.embedder ?? lexicalEmbedder());
  return {
    store,
    clock,
    newId,
    logger,
    actor,
    project,
    answers: rememberedAnswers(),
    index: indexKeeper({ store, cache, logger, model: embedder?.model }),
    embedding: embedder && embeddingQueue({ store, clock, newId, logger, actor }, embedder, { cache }),
  };
}

async function createEpisode(
  context: MemoryContext,
  input: EpisodeInput,
  { except, ...options }: CreateOptions,
): Promise<CreatedEpisode> {
  const episodes = await newEpisodes(context, [input]);
  const [episode] = episodes;
  if (episode === undefined) throw new MemoryError('STORE_FAILED', 'The new episode was lost; try again.');
  const [, related] = await sideBySide(
    beginEpisodes(context, episodes, options),
    priorExperience(context, { episode, except }, options),
  );
  return { episode, related };
}

/** What is known of such tasks. The episode itself may be stored by now, and is not part of it. */
async function priorExperience(
  context: MemoryContext,
  { episode, except }: Pick<CreateOptions, 'except'> & { readonly episode: OpenEpisode },
  options: CallOptions,
): Promise<SearchResult> {
  const { id, description, project, domain, taskType, context: place } = episode;
  const { language, framework, files } = place;
  const situation = { domain, taskType, language, framework, files };
  try {
    const text = description.slice(0, QUERY_CHARACTERS);
    const query = { text, project, limit: RELATED_HITS + 1, situation, except };
    const found = await search(context, query, options);
    const others = found.episodes.filter((hit) => hit.episode.id !== id);
    return { ...found, episodes: others.slice(0, RELATED_HITS), patterns: found.patterns.slice(0, RELATED_HITS) };
  } catch (error) {
    // The episode is stored: an answer without prior experience is better than none.
    if (!isMemoryError(error)) throw error;
    context.logger.warn({ code: error.code, episodeId: id }, 'no prior experience could be looked up');
    const degraded = [`prior experience could not be looked up (${error.code})`];
    return { episodes: [], patterns: [], fixes: [], isAbstained: false, degraded, notes: [] };
  }
}

/** Waits for both, then fails if one did: with the first, where both did. */
async function sideBySide<A, B>(first: Promise<A>, second: Promise<B>): Promise<readonly [A, B]> {
  await Promise.allSettled([first, second]);
  return [await first, await second];
}

/** Characters of a description that are asked for: within the limit of a query also where each takes four bytes. */
const QUERY_CHARACTERS = 2_000;

/** Different errors of one call for which fixes are looked up: the last ones, for the first may be mended already. */
const MAX_ERRORS_LOOKED_UP = 10;

function errorsIn(steps: readonly Step[]): readonly string[] {
  const failed = steps.filter((step) => step.result.type === 'error');
  const errors = new Set(failed.map((step) => errorExcerpt(resultText(step.result))));
  errors.delete('');
  return [...errors].slice(-MAX_ERRORS_LOOKED_UP);
}

async function addStepsWithHints(
  context: MemoryContext,
  episodeId: string,
  inputs: readonly StepInput[],
  options: CallOptions,
): Promise<AddedSteps> {
  const steps = await newSteps(context, episodeId, inputs);
  // Hints are those of the episode's project, which is asked for beside the write.
  const mayFail = steps.some((step) => step.result.type === 'error');
  const looking = mayFail ? existing(context, episodeId, options) : undefined;
  const [stored] = await sideBySide(
    addSteps(context, episodeId, steps, options),
    looking?.catch(() => undefined) ?? Promise.resolve(undefined),
  );
  const errors = errorsIn(stored.steps);
  if (errors.length === 0) return { ...stored, hints: [] };
  try {
    const { project } = await (looking ?? existing(context, episodeId, options));
    return { ...stored, hints: await hintsForErrors(context, errors, { project, exceptEpisode: episodeId }, options) };
  } catch (cause) {
    // The steps are stored: an answer without hints is better than none.
    if (!isMemoryError(cause)) throw cause;
    context.logger.warn({ code: cause.code, episodeId }, 'no hints could be looked up');
    return { ...stored, hints: [] };
  }
}

/** What goes on after a verb has answered. */
interface Background {
  readonly learning: LearningQueue;
  readonly reflecting: ReflectionQueue | undefined;
}
