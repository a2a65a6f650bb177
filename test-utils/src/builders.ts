// Valid entities for tests: each call a new one, with whatever the test is about put in its place.
import { randomUUID } from 'node:crypto';
import type {
  Baseline,
  CompletedEpisode,
  Embedding,
  EmbeddingModel,
  OpenEpisode,
  PatternEvidence,
  Recommendation,
  Step,
  TaskCluster,
  Tombstone,
  ToolSequence,
} from '@episodica/memory-core';
import type { Delete, Entities, Kind, Put, Require } from '@episodica/memory-core/ports';

/** An open episode. */
export function anEpisode(overrides: Partial<OpenEpisode> = {}): OpenEpisode {
  return {
    id: randomUUID(),
    version: 1,
    status: 'open',
    description: 'Make the parser accept trailing commas',
    taskType: 'code_generation',
    context: { language: 'typescript' },
    tags: [],
    metadata: {},
    source: { agent: 'tester' },
    startedAt: '2026-11-21T10:00:00.000Z',
    ...overrides,
  };
}

/** An episode that succeeded. */
export function aCompletedEpisode(overrides: Partial<CompletedEpisode> = {}): CompletedEpisode {
  return {
    ...anEpisode(),
    status: 'completed',
    version: 2,
    endedAt: '2026-11-21T10:30:00.000Z',
    outcome: { kind: 'success', verdict: 'all tests pass', artifacts: ['src/parser.ts'] },
    learningPending: true,
    reward: { total: 0.9, parts: { outcome: 0.6, verification: 0.3, recovery: 0 } },
    reflection: { successes: ['The parser was covered by tests first.'], improvements: [], insights: [] },
    recoveries: [],
    quality: { score: 1, flags: [] },
    ...overrides,
  };
}

/** A step that succeeded, of an episode of its own unless the test names one. */
export function aStep(overrides: Partial<Step> = {}): Step {
  return {
    id: randomUUID(),
    version: 1,
    episodeId: randomUUID(),
    number: 0,
    at: '2026-11-21T10:01:00.000Z',
    tool: 'bash',
    action: 'run the tests',
    parameters: { command: 'npm test' },
    result: { type: 'success', output: '12 passed' },
    ...overrides,
  };
}

/** A tool sequence that holds everywhere. */
export function aPattern(overrides: Partial<ToolSequence> = {}): ToolSequence {
  return {
    kind: 'tool_sequence',
    id: randomUUID(),
    version: 1,
    scope: {},
    tools: ['grep', 'edit', 'bash'],
    support: 5,
    successes: 4,
    firstSeen: '2026-11-01T00:00:00.000Z',
    lastSeen: '2026-11-20T00:00:00.000Z',
    tasks: 3,
    standing: 'candidate',
    pValue: 1,
    history: [],
    applied: 0,
    appliedSuccesses: 0,
    ...overrides,
  };
}

/** Links an episode and a pattern of its own, unless the test names them. */
export function anEvidence(overrides: Partial<PatternEvidence> = {}): PatternEvidence {
  return {
    id: randomUUID(),
    version: 1,
    patternId: randomUUID(),
    episodeId: randomUUID(),
    isSuccess: true,
    ...overrides,
  };
}

/** The base rate of what belongs to no project. */
export function aBaseline(overrides: Partial<Baseline> = {}): Baseline {
  return { id: randomUUID(), version: 1, scope: {}, episodes: 10, successes: 6, ...overrides };
}

/** A kind of task with two episodes of its own. */
export function aCluster(overrides: Partial<TaskCluster> = {}): TaskCluster {
  const memberIds = overrides.memberIds ?? [randomUUID(), randomUUID()];
  return {
    id: randomUUID(),
    version: 1,
    scope: {},
    label: 'lexer, tabs',
    keywords: ['lexer', 'tabs'],
    medoidId: memberIds[0] ?? randomUUID(),
    memberIds,
    size: memberIds.length,
    ended: memberIds.length,
    successes: 1,
    radius: 0.3,
    tools: ['edit', 'bash'],
    firstSeen: '2026-11-21T10:00:00.000Z',
    lastSeen: '2026-11-21T11:00:00.000Z',
    ...overrides,
  };
}

/** A recommendation without feedback. */
export function aRecommendation(overrides: Partial<Recommendation> = {}): Recommendation {
  return {
    id: randomUUID(),
    version: 1,
    at: '2026-11-21T11:00:00.000Z',
    description: 'Make the lexer accept tabs',
    episodeIds: [],
    patternIds: [],
    ...overrides,
  };
}

/** The trace of a forgotten episode. */
export function aTombstone(overrides: Partial<Tombstone> = {}): Tombstone {
  return { id: randomUUID(), version: 1, at: '2026-11-21T12:00:00.000Z', ...overrides };
}

/** Two vectors of an episode of its own, unless the test names one. Their id is theirs alone. */
export function anEmbedding(overrides: Partial<Embedding> = {}): Embedding {
  return {
    id: randomUUID(),
    version: 1,
    ownerKind: 'episode',
    ownerId: randomUUID(),
    model: 'test/1',
    dimensions: 3,
    textHash: randomUUID(),
    vectors: [new Float32Array([0.6, -0.8, 0]), new Float32Array([0, 0, 1])],
    ...overrides,
  };
}

/** A model that nobody embeds with now. */
export function aModel(overrides: Partial<EmbeddingModel> = {}): EmbeddingModel {
  return { id: `test/${randomUUID()}`, version: 1, dimensions: 3, ...overrides };
}

/** Writes an entity; `ifVersion` and `terms` as the port has them. */
export function put<K extends Kind>(
  kind: K,
  value: Entities[K],
  options: Pick<Put<K>, 'ifVersion' | 'terms'> = {},
): Put<K> {
  return { op: 'put', kind, value, ...options };
}

/** Deletes an entity. */
export function remove<K extends Kind>(kind: K, id: string, options: Pick<Delete<K>, 'ifVersion'> = {}): Delete<K> {
  return { op: 'delete', kind, id, ...options };
}

/** Demands that an episode is open, and more about its steps. */
export function requireOpen(id: string, demands: Pick<Require, 'stepCount' | 'maxSteps' | 'maxBytes'> = {}): Require {
  return { op: 'require', kind: 'episode', id, status: 'open', ...demands };
}
