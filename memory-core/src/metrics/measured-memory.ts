// A memory whose verbs are timed and whose failures are counted, and that tells what came of them: episodes by outcome,
// questions by whether there was an answer.
import type { Memory } from '../memory.ts';
import type { Metrics } from '../ports/metrics.ts';
import { timed, timedStream, type Watch } from './timed.ts';

/** `memory` as it is, told to `metrics`. */
export function measuredMemory(memory: Memory, metrics: Metrics): Memory {
  const watch = (verb: Verb): Watch => ({
    done: (ms) => metrics.time('verb', { verb: NAMES[verb] }, ms),
    failed: (code) => metrics.count('verb_failures', { verb: NAMES[verb], code }),
  });
  const watched: Watched = (verb, call) => timed(call, watch(verb));
  return {
    ...recordingVerbs(memory, watched, metrics),
    ...experienceVerbs(memory, watched, metrics),
    getEpisode: (id, call) => watched('getEpisode', () => memory.getEpisode(id, call)),
    getEpisodes: (ids, call) => watched('getEpisodes', () => memory.getEpisodes(ids, call)),
    getSteps: (id, call) => watched('getSteps', () => memory.getSteps(id, call)),
    listSteps: (filter, call) => timedStream(memory.listSteps(filter, call), watch('listSteps')),
    listEpisodes: (filter, call) => timedStream(memory.listEpisodes(filter, call), watch('listEpisodes')),
    exportEpisodes: (filter, call) => timedStream(memory.exportEpisodes(filter, call), watch('exportEpisodes')),
    tagStats: (filter, call) => watched('tagStats', () => memory.tagStats(filter, call)),
    searchHealth: (call) => watched('searchHealth', () => memory.searchHealth(call)),
    learningHealth: (call) => watched('learningHealth', () => memory.learningHealth(call)),
    close: () => memory.close(),
  };
}

/** As they are told: like the tools and commands, in words with underscores. */
const NAMES = {
  createEpisode: 'create_episode',
  createEpisodes: 'create_episodes',
  addStep: 'add_step',
  addSteps: 'add_steps',
  completeEpisode: 'complete_episode',
  getEpisode: 'get_episode',
  getEpisodes: 'get_episodes',
  getSteps: 'get_steps',
  listSteps: 'list_steps',
  listEpisodes: 'list_episodes',
  updateEpisode: 'update_episode',
  renameTag: 'rename_tag',
  tagStats: 'tag_stats',
  forget: 'forget',
  search: 'search',
  aggregate: 'aggregate',
  listPatterns: 'list_patterns',
  getPattern: 'get_pattern',
  listClusters: 'list_clusters',
  recommend: 'recommend',
  advise: 'advise',
  recordFeedback: 'record_feedback',
  exportEpisodes: 'export_episodes',
  importEpisodes: 'import_episodes',
  learnPending: 'learn_pending',
  catchUp: 'catch_up',
  searchHealth: 'search_health',
  learningHealth: 'learning_health',
} as const satisfies Readonly<Record<Exclude<keyof Memory, 'close'>, string>>;

type Verb = keyof typeof NAMES;
type Watched = <T>(verb: Verb, call: () => Promise<T>) => Promise<T>;
type Verbs<K extends keyof Memory> = Pick<Memory, K>;

function recordingVerbs(
  memory: Memory,
  watched: Watched,
  metrics: Metrics,
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
  return {
    async createEpisode(input, call) {
      const created = await watched('createEpisode', () => memory.createEpisode(input, call));
      metrics.count('episodes_created');
      return created;
    },
    async createEpisodes(inputs, call) {
      const created = await watched('createEpisodes', () => memory.createEpisodes(inputs, call));
      metrics.count('episodes_created', {}, created.length);
      return created;
    },
    async addStep(id, input, call) {
      const added = await watched('addStep', () => memory.addStep(id, input, call));
      metrics.count('steps_added');
      return added;
    },
    async addSteps(id, inputs, call) {
      const added = await watched('addSteps', () => memory.addSteps(id, inputs, call));
      metrics.count('steps_added', {}, added.steps.length);
      return added;
    },
    async completeEpisode(id, outcome, call) {
      const completed = await watched('completeEpisode', () => memory.completeEpisode(id, outcome, call));
      metrics.count('episodes_completed', { outcome: completed.outcome.kind });
      return completed;
    },
    updateEpisode: (id, change, call) => watched('updateEpisode', () => memory.updateEpisode(id, change, call)),
    renameTag: (names, call) => watched('renameTag', () => memory.renameTag(names, call)),
    forget: (filter, call) => watched('forget', () => memory.forget(filter, call)),
    async importEpisodes(records, options) {
      const receipt = await watched('importEpisodes', () => memory.importEpisodes(records, options));
      if (receipt.imported > 0) metrics.count('episodes_imported', {}, receipt.imported);
      return receipt;
    },
  };
}

function experienceVerbs(
  memory: Memory,
  watched: Watched,
  metrics: Metrics,
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
> {
  return {
    async search(query, call) {
      const found = await watched('search', () => memory.search(query, call));
      const isEmpty = found.episodes.length + found.patterns.length + found.fixes.length === 0;
      metrics.count('searches', { answer: isEmpty ? 'nothing' : 'found' });
      return found;
    },
    aggregate: (query, call) => watched('aggregate', () => memory.aggregate(query, call)),
    listPatterns: (filter, call) => watched('listPatterns', () => memory.listPatterns(filter, call)),
    getPattern: (id, call) => watched('getPattern', () => memory.getPattern(id, call)),
    listClusters: (filter, call) => watched('listClusters', () => memory.listClusters(filter, call)),
    recommend: (query, call) => watched('recommend', () => memory.recommend(query, call)),
    advise: (query, call) => watched('advise', () => memory.advise(query, call)),
    recordFeedback: (feedback, call) => watched('recordFeedback', () => memory.recordFeedback(feedback, call)),
    learnPending: (call) => watched('learnPending', () => memory.learnPending(call)),
    catchUp: (call) => watched('catchUp', () => memory.catchUp(call)),
  };
}
