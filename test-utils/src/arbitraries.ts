// Arbitraries of fast-check for entities, filters and writes: any value the types allow, the nasty ones more often.
import {
  type Baseline,
  COMPLEXITIES,
  type CompletedEpisode,
  type Counts,
  type Embedding,
  type EmbeddingModel,
  type Episode,
  type JsonObject,
  type OpenEpisode,
  type Outcome,
  type Pattern,
  type PatternEvidence,
  type Recommendation,
  type Standing,
  type Step,
  type StepResult,
  TASK_TYPES,
  type TaskCluster,
  type Tombstone,
} from '@episodica/memory-core';
import type {
  ClusterFilter,
  Entities,
  EpisodeFilter,
  IndexTerms,
  Kind,
  PatternFilter,
  StepFilter,
  Write,
} from '@episodica/memory-core/ports';
import fc from 'fast-check';
import { put, remove, requireOpen } from './builders.ts';

/** Texts that have broken programs before: empty, large, control characters, half characters, quotes, wildcards. */
export const nastyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 20 }),
  fc.string({ unit: 'binary', maxLength: 20 }),
  fc.constantFrom(
    '',
    ' ',
    '\0',
    'a\0b',
    'a\0c',
    '\ud800',
    '\udfff',
    '\u001b0000',
    '\ufeff',
    '\u202e',
    '%_',
    '?1',
    '$.a',
  ),
  fc.constantFrom(
    "'; DROP TABLE episode; --",
    '"quoted"',
    '\\',
    '{"a":1}',
    'null',
    '👩‍👩‍👧',
    'İ',
    'ß',
    '日本語',
    '1e400',
  ),
  fc.constantFrom('long '.repeat(5_000)),
);

/** An id; few of them, so that things meet. */
const poolId = (prefix: string, count: number): fc.Arbitrary<string> =>
  fc.integer({ min: 1, max: count }).map((index) => `${prefix}0000000-0000-4000-8000-00000000000${index}`);
const freshId: fc.Arbitrary<string> = fc.uuid({ version: [4, 7] });
const time: fc.Arbitrary<string> = fc
  .integer({ min: 0, max: 50 })
  .map((minutes) => new Date(Date.UTC(2026, 10, 21, 10, minutes)).toISOString());
const share: fc.Arbitrary<number> = fc.oneof(
  fc.constantFrom(0, 0.1, 1 / 3, 0.7, 1),
  fc.double({ min: 0, max: 1, noNaN: true }),
);
const count: fc.Arbitrary<number> = fc.integer({ min: 0, max: 5 });
const version: fc.Arbitrary<number> = fc.integer({ min: 1, max: 3 });
const texts: fc.Arbitrary<string[]> = fc.array(nastyText, { maxLength: 3 });
/** Names come from a small pool with nasty ones in it, so that filters find some and not others. */
const name: fc.Arbitrary<string> = fc.constantFrom('web', 'Web', 'we', 'w\0a', 'w\0b', '\ud800', '\ud801', '', 'über');
const tag: fc.Arbitrary<string> = fc.constantFrom('flaky', 'ci', 'größe', 'タグ', 'a_b');

/** Any object that JSON carries, as JSON carries it. */
const metadata: fc.Arbitrary<JsonObject> = fc
  .dictionary(nastyText, fc.jsonValue(), { maxKeys: 3 })
  .map((value) => JSON.parse(JSON.stringify(value)));

const scope: fc.Arbitrary<Pattern['scope']> = fc.record({ project: name, domain: name }, { requiredKeys: [] });

const open = {
  id: freshId,
  version,
  status: fc.constant<'open'>('open'),
  description: nastyText,
  project: name,
  domain: name,
  taskType: fc.constantFrom(...TASK_TYPES),
  context: fc.record(
    {
      language: nastyText,
      framework: nastyText,
      complexity: fc.constantFrom(...COMPLEXITIES),
      repo: nastyText,
      branch: nastyText,
      files: texts,
    },
    { requiredKeys: [] },
  ),
  tags: fc.uniqueArray(tag, { maxLength: 3 }),
  metadata,
  source: fc.record({ agent: name, session: name, capturedFrom: name, confidence: share }, { requiredKeys: [] }),
  startedAt: time,
};

const baseKeys = [
  'id',
  'version',
  'status',
  'description',
  'taskType',
  'context',
  'tags',
  'metadata',
  'source',
  'startedAt',
] as const;

/** Open episodes, each field at its worst. */
export const openEpisodes: fc.Arbitrary<OpenEpisode> = fc.record(open, { requiredKeys: [...baseKeys] });

const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  fc.record(
    { kind: fc.constant<'success'>('success'), verdict: nastyText, artifacts: texts },
    { requiredKeys: ['kind', 'artifacts'] },
  ),
  fc.record(
    { kind: fc.constant<'partial'>('partial'), verdict: nastyText, completed: texts, failed: texts },
    { requiredKeys: ['kind', 'completed', 'failed'] },
  ),
  fc.record(
    { kind: fc.constant<'failure'>('failure'), reason: nastyText, details: nastyText },
    { requiredKeys: ['kind'] },
  ),
  fc.record({ kind: fc.constant<'abstained'>('abstained'), reason: nastyText }, { requiredKeys: ['kind'] }),
);

/** Completed episodes with any outcome. */
export const completedEpisodes: fc.Arbitrary<CompletedEpisode> = fc.record(
  {
    ...open,
    status: fc.constant<'completed'>('completed'),
    endedAt: time,
    outcome,
    learningPending: fc.boolean(),
    reward: fc.record(
      {
        total: share,
        parts: fc.record(
          { outcome: share, verification: share, efficiency: share, recovery: share },
          { requiredKeys: ['outcome', 'verification', 'recovery'] },
        ),
        waste: share,
      },
      { requiredKeys: ['total', 'parts'] },
    ),
    evidence: fc.array(
      fc.record(
        {
          step: count,
          kind: fc.constantFrom('test', 'types', 'lint', 'build', 'commit', 'revert', 'exit'),
          tool: nastyText,
          isPassed: fc.boolean(),
          passed: count,
          failed: count,
        },
        { requiredKeys: ['step', 'kind', 'tool', 'isPassed'] },
      ),
      { maxLength: 2 },
    ),
    reflection: fc.record(
      { successes: texts, improvements: texts, insights: texts, of: fc.array(poolId('e', 4), { maxLength: 2 }) },
      { requiredKeys: ['successes', 'improvements', 'insights'] },
    ),
    recoveries: fc.array(
      fc.record(
        {
          failedStep: count,
          fixedStep: count,
          tool: nastyText,
          action: nastyText,
          error: nastyText,
          fix: texts,
          fixSteps: fc.array(count, { maxLength: 3 }),
        },
        { requiredKeys: ['failedStep', 'fixedStep', 'tool', 'action', 'error', 'fix'] },
      ),
      { maxLength: 2 },
    ),
    quality: fc.record(
      { score: share, flags: fc.subarray(['no_steps', 'no_evidence'] as const), duplicateOf: poolId('e', 4) },
      { requiredKeys: ['score', 'flags'] },
    ),
    touched: texts,
    tools: texts,
  },
  {
    requiredKeys: [
      ...baseKeys,
      'endedAt',
      'outcome',
      'learningPending',
      'reward',
      'reflection',
      'recoveries',
      'quality',
    ],
  },
);

/** Episodes in any state. */
export const episodes: fc.Arbitrary<Episode> = fc.oneof(openEpisodes, completedEpisodes);

const result: fc.Arbitrary<StepResult> = fc.oneof(
  fc.record(
    { type: fc.constant<'success'>('success'), output: nastyText, originalBytes: count },
    { requiredKeys: ['type'] },
  ),
  fc.record(
    { type: fc.constantFrom<('error' | 'timeout')[]>('error', 'timeout'), message: nastyText, originalBytes: count },
    { requiredKeys: ['type'] },
  ),
);

/** Steps, each of an episode of its own. */
export const steps: fc.Arbitrary<Step> = fc.record(
  {
    id: freshId,
    version: fc.constant<1>(1),
    episodeId: freshId,
    number: count,
    key: name,
    at: time,
    tool: nastyText,
    action: nastyText,
    rationale: nastyText,
    parameters: metadata,
    result,
    latencyMs: count,
    tokensUsed: count,
  },
  { requiredKeys: ['id', 'version', 'episodeId', 'number', 'at', 'tool', 'action', 'parameters', 'result'] },
);

const rate = fc.double({ min: 0, max: 1, noNaN: true });
const standing = fc.constantFrom<Standing[]>('confirmed', 'candidate', 'faded');
const counts: fc.Arbitrary<Counts> = fc.record({ episodes: count, successes: count, tasks: count });

/** What every kind of pattern has, with scopes from the pool of names. */
const patternBase = {
  id: freshId,
  version,
  scope,
  support: count,
  successes: count,
  tasks: count,
  standing,
  pValue: rate,
  history: fc.array(fc.record({ at: time, standing, support: count, successes: count, pValue: rate }), {
    maxLength: 3,
  }),
  firstSeen: time,
  lastSeen: time,
  applied: count,
  appliedSuccesses: count,
};

/** Patterns of every kind. */
export const patterns: fc.Arbitrary<Pattern> = fc.oneof(
  fc.record({ ...patternBase, kind: fc.constant<'tool_sequence'>('tool_sequence'), tools: texts }),
  fc.record({
    ...patternBase,
    kind: fc.constant<'decision_point'>('decision_point'),
    situation: counts,
    after: texts,
    action: nastyText,
    alternatives: fc.array(
      counts.chain((seen) => nastyText.map((action) => ({ ...seen, action }))),
      { maxLength: 3 },
    ),
  }),
  fc.record({
    ...patternBase,
    kind: fc.constant<'error_recovery'>('error_recovery'),
    situation: counts,
    signature: freshId,
    error: nastyText,
    fix: nastyText,
    example: nastyText,
  }),
  fc.record({
    ...patternBase,
    kind: fc.constant<'context'>('context'),
    heldOut: fc.record({ with: counts, without: counts, agrees: fc.boolean() }),
    where: fc.oneof(
      fc.record({ kind: fc.constant<'cluster'>('cluster'), clusterId: freshId, label: nastyText }),
      fc.record({ kind: fc.constantFrom<('language' | 'tag')[]>('language', 'tag'), value: nastyText }),
    ),
    approach: texts,
  }),
  fc.record({ ...patternBase, kind: fc.constant<'heuristic'>('heuristic'), condition: nastyText, action: nastyText }),
);

/** Evidence between ids that nobody else has. */
export const evidences: fc.Arbitrary<PatternEvidence> = fc.record({
  id: freshId,
  version,
  patternId: freshId,
  episodeId: freshId,
  isSuccess: fc.boolean(),
});

/** Base rates of any scope. */
export const baselines: fc.Arbitrary<Baseline> = fc.record({
  id: freshId,
  version,
  scope,
  episodes: count,
  successes: count,
});

/** Kinds of task of any scope. */
export const clusters: fc.Arbitrary<TaskCluster> = fc.record({
  id: freshId,
  version,
  scope,
  label: nastyText,
  keywords: texts,
  medoidId: freshId,
  memberIds: fc.array(freshId, { maxLength: 3 }),
  size: count,
  ended: count,
  successes: count,
  radius: share,
  tools: texts,
  firstSeen: time,
  lastSeen: time,
});

/** Recommendations with and without feedback. */
export const recommendations: fc.Arbitrary<Recommendation> = fc.record(
  {
    id: freshId,
    version,
    at: time,
    description: nastyText,
    project: name,
    domain: name,
    episodeId: freshId,
    episodeIds: fc.array(freshId, { maxLength: 2 }),
    patternIds: fc.array(freshId, { maxLength: 2 }),
    feedback: fc.record(
      {
        at: time,
        applied: fc.array(freshId, { maxLength: 2 }),
        ignored: fc.array(freshId, { maxLength: 2 }),
        helped: fc.array(freshId, { maxLength: 2 }),
        hindered: fc.array(freshId, { maxLength: 2 }),
        isSuccess: fc.boolean(),
        note: nastyText,
      },
      { requiredKeys: ['at', 'applied'] },
    ),
  },
  { requiredKeys: ['id', 'version', 'at', 'description', 'episodeIds', 'patternIds'] },
);

/** Traces of forgotten episodes. */
export const tombstones: fc.Arbitrary<Tombstone> = fc.record({ id: freshId, version, at: time });

/** Names of models: few of them, so that filters find some. */
const model: fc.Arbitrary<string> = fc.constantFrom('lexical/1', 'openai/größe', 'a');

/** Embeddings with no vector, or a few of any numbers there are. */
export const embeddings: fc.Arbitrary<Embedding> = fc.integer({ min: 1, max: 4 }).chain((dimensions) =>
  fc.record({
    id: freshId,
    version,
    ownerKind: fc.constantFrom<('episode' | 'pattern')[]>('episode', 'pattern'),
    ownerId: freshId,
    model,
    dimensions: fc.constant(dimensions),
    textHash: fc.constantFrom('of these words', 'of those words'),
    vectors: fc.array(fc.float32Array({ minLength: dimensions, maxLength: dimensions }), { maxLength: 3 }),
  }),
);

/** Models with and without a lease. */
export const models: fc.Arbitrary<EmbeddingModel> = fc.record(
  {
    id: freshId,
    version,
    dimensions: count,
    lease: fc.record({ holder: freshId, until: time }),
    noise: share,
  },
  { requiredKeys: ['id', 'version'] },
);

const some = <T>(values: fc.Arbitrary<T>): fc.Arbitrary<T[]> => fc.array(values, { maxLength: 3 });

/** Filters that use a few fields each, over the same small pools that entities are made from. */
export const episodeFilters: fc.Arbitrary<EpisodeFilter> = fc.record(
  {
    idPrefix: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 2 }),
    project: name,
    visibleTo: scope.map(({ project }) => (project === undefined ? {} : { project })),
    domain: name,
    taskType: fc.constantFrom(...TASK_TYPES),
    status: fc.constantFrom<Episode['status'][]>('open', 'completed'),
    outcome: fc.constantFrom<Outcome['kind'][]>('success', 'partial', 'failure', 'abstained'),
    tagsAll: some(tag),
    tagsAny: some(tag),
    since: time,
    until: time,
    minReward: share,
    maxReward: share,
    agent: name,
    session: name,
    capturedFrom: name,
    minConfidence: share,
    learningPending: fc.boolean(),
    embeddingDue: model,
    speaksOf: some(poolId('e', 4)),
    order: fc.constantFrom<('oldest' | 'newest')[]>('oldest', 'newest'),
    after: fc.record({ startedAt: time, id: freshId }),
    limit: count,
  },
  { requiredKeys: [] },
);

/** Filters of patterns, over the pool of names. */
export const patternFilters: fc.Arbitrary<PatternFilter> = fc.record(
  {
    idPrefix: fc.string({ unit: fc.constantFrom(...'0123456789abcdef'), minLength: 1, maxLength: 2 }),
    kind: fc.constant<'tool_sequence'>('tool_sequence'),
    visibleTo: scope.map(({ project }) => (project === undefined ? {} : { project })),
    domain: name,
    minSupport: count,
    embeddingDue: model,
  },
  { requiredKeys: [] },
);

/** Filters of kinds of task, over the pool of names. */
export const clusterFilters: fc.Arbitrary<ClusterFilter> = fc.record(
  {
    project: name,
    visibleTo: scope.map(({ project }) => (project === undefined ? {} : { project })),
    domain: name,
  },
  { requiredKeys: [] },
);

const episodeId = poolId('e', 4);
const stepId = poolId('5', 6);
const patternId = poolId('a', 3);
const otherId = poolId('b', 3);

/** Filters of steps, over the pool of ids. */
export const stepFilters: fc.Arbitrary<StepFilter> = fc.record(
  { episodeIds: some(episodeId), key: name, afterNumber: count },
  { requiredKeys: [] },
);

/** Words as the tokenizer makes them. */
export const indexTerms: fc.Arbitrary<IndexTerms> = fc.record({ title: some(words()), body: some(words()) });

/** Words of a small vocabulary, some of them in scripts that a tokenizer may fold. */
function words(): fc.Arbitrary<string> {
  return fc.constantFrom('parse', 'retry', 'lock', 'cache', '42', 'straße', 'λόγος', 'größe', '日本');
}

/** Terms of a question: what is indexed, what is not, and the same one twice. */
export const queryTerms: fc.Arbitrary<string[]> = fc.array(fc.oneof(words(), fc.constant('unheard')), { maxLength: 5 });

/** Ids of each kind that `writeBatches` speaks of. */
export const POOL_IDS: Readonly<Record<Kind, readonly string[]>> = {
  episode: idsOf('e', 4),
  step: idsOf('5', 6),
  pattern: idsOf('a', 3),
  evidence: idsOf('b', 3),
  baseline: idsOf('b', 3),
  cluster: idsOf('b', 3),
  recommendation: idsOf('b', 3),
  tombstone: idsOf('b', 3),
  embedding: idsOf('b', 3),
  model: idsOf('b', 3),
};

function idsOf(prefix: string, length: number): readonly string[] {
  return Array.from({ length }, (_, index) => `${prefix}0000000-0000-4000-8000-00000000000${index + 1}`);
}

/** Mostly no demand: most batches should come far enough to do something. */
const ifVersion = fc.oneof(
  { weight: 8, arbitrary: fc.constant({}) },
  { weight: 1, arbitrary: fc.constant({ ifVersion: 0 }) },
  { weight: 1, arbitrary: fc.record({ ifVersion: version }) },
);
const maybeTerms = fc.record({ terms: indexTerms }, { requiredKeys: [] });
const guardAndTerms = fc.tuple(ifVersion, maybeTerms).map(([guard, given]) => ({ ...guard, ...given }));

function putOf<K extends Kind>(
  kind: K,
  entities: fc.Arbitrary<Entities[K]>,
  ids: fc.Arbitrary<Partial<Entities[K]>>,
): fc.Arbitrary<Write> {
  return (
    fc
      .tuple(entities, ids, kind === 'episode' || kind === 'pattern' ? guardAndTerms : ifVersion)
      // Spreading loses the kind: `ids` only replaces fields of the same entity. A `Put<K>` is one of `Write`.
      .map(([entity, parts, options]) => put(kind, { ...entity, ...parts }, options) as Write)
  );
}

const write: fc.Arbitrary<Write> = fc.oneof(
  { weight: 4, arbitrary: putOf('episode', openEpisodes, fc.record({ id: episodeId })) },
  putOf('episode', completedEpisodes, fc.record({ id: episodeId })),
  { weight: 8, arbitrary: putOf('step', steps, fc.record({ id: stepId, episodeId })) },
  { weight: 2, arbitrary: putOf('pattern', patterns, fc.record({ id: patternId })) },
  { weight: 3, arbitrary: putOf('evidence', evidences, fc.record({ id: otherId, patternId, episodeId })) },
  putOf('baseline', baselines, fc.record({ id: otherId })),
  putOf('cluster', clusters, fc.record({ id: otherId })),
  putOf('recommendation', recommendations, fc.record({ id: otherId })),
  putOf('tombstone', tombstones, fc.record({ id: otherId })),
  {
    weight: 2,
    arbitrary: putOf('embedding', embeddings, fc.record({ id: otherId, ownerId: fc.oneof(episodeId, patternId) })),
  },
  putOf('model', models, fc.record({ id: otherId })),
  fc.tuple(episodeId, ifVersion).map(([id, options]) => remove('episode', id, options)),
  fc.tuple(stepId, ifVersion).map(([id, options]) => remove('step', id, options)),
  fc.tuple(patternId, ifVersion).map(([id, options]) => remove('pattern', id, options)),
  fc.tuple(otherId, ifVersion).map(([id, options]) => remove('evidence', id, options)),
  fc.tuple(otherId, ifVersion).map(([id, options]) => remove('embedding', id, options)),
  fc.tuple(otherId, ifVersion).map(([id, options]) => remove('baseline', id, options)),
  fc.tuple(otherId, ifVersion).map(([id, options]) => remove('cluster', id, options)),
  {
    weight: 4,
    arbitrary: fc
      .tuple(
        episodeId,
        fc.record(
          { stepCount: count, maxSteps: count, maxBytes: fc.integer({ min: 200, max: 60_000 }) },
          { requiredKeys: [] },
        ),
      )
      .map(([id, demands]) => requireOpen(id, demands)),
  },
  {
    weight: 2,
    arbitrary: episodeId.map((id): Write => ({ op: 'require', kind: 'episode', id, status: 'completed' })),
  },
);

/** Batches over few ids: they meet, depend on each other, and often have to be turned down. */
export const writeBatches: fc.Arbitrary<Write[]> = fc.array(write, { maxLength: 5 });
