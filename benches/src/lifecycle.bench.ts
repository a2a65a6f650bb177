// What the verbs themselves cost: over a store that keeps nothing, so that no storage is in the figures.
import {
  type CompletedEpisode,
  type EpisodeInput,
  type OpenEpisode,
  openMemory,
  type Step,
  type StepInput,
} from '@episodica/memory-core';
import type { Entities, Kind, MemoryStore } from '@episodica/memory-core/ports';
import { type Timing, timeWithTinybench } from './measure.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const lifecycle: Suite = {
  name: 'lifecycle',
  about: 'The verbs over a store that keeps nothing, beside the bare object of the same fields.',
  run,
};

const TASK: EpisodeInput = {
  description: 'fix the session cache: it shows stale values after a logout, see src/session/cache.ts',
  domain: 'backend',
  taskType: 'debugging',
  language: 'typescript',
  tags: ['session', 'cache'],
};
const STEPS_PER_EPISODE = 20;
const OUTCOME = { kind: 'success', verdict: 'The cache is emptied at logout; all tests pass.' } as const;

async function run(): Promise<SuiteReport> {
  const open = await openEpisode();
  const steps = await recordedSteps(open);
  const completed = await openMemory({ store: nullStore({ episode: [open], step: steps }) }).completeEpisode(
    open.id,
    OUTCOME,
  );

  const empty = openMemory({ store: nullStore({}) });
  const begun = openMemory({ store: nullStore({ episode: [open] }) });
  const worked = openMemory({ store: nullStore({ episode: [open], step: steps }) });
  const ended = openMemory({ store: nullStore({ episode: [completed], step: steps }) });
  const timings = await timeWithTinybench({
    create: () => empty.createEpisodes([TASK]),
    'create, bare': () => bareEpisode(),
    step: () => begun.addStep(open.id, stepInput(1)),
    'step, bare': () => bareStep(open),
    complete: () => worked.completeEpisode(open.id, OUTCOME),
    'complete, bare': () => bareCompleted(open, completed),
    extract: () => ended.learnPending(),
  });
  return {
    rows: [
      toRow('create', timings, 2.5),
      toRow('step', timings, 0.5),
      toRow(`complete, ${STEPS_PER_EPISODE} steps`, timings, 3.8, 'complete'),
      toRow(`extract, ${STEPS_PER_EPISODE} steps`, timings, 10, 'extract'),
    ],
    notes: ['The targets are for the pure operation; a verb also checks its input, makes the id and awaits the store.'],
  };
}

function toRow(what: string, timings: ReadonlyMap<string, Timing>, limitUs: number, name: string = what): Row {
  const timing = timings.get(name);
  const bare = timings.get(`${name}, bare`);
  if (timing === undefined) throw new Error(`"${name}" was not measured.`);
  return {
    what,
    unit: 'µs',
    value: timing.medianMs * 1000,
    p99: timing.p99Ms * 1000,
    target: { bound: 'at most', of: 'value', limit: limitUs },
    ...(bare === undefined ? {} : { baseline: { name: 'bare object', value: bare.medianMs * 1000 } }),
  };
}

async function openEpisode(): Promise<OpenEpisode> {
  const [episode] = await openMemory({ store: nullStore({}) }).createEpisodes([TASK]);
  if (episode === undefined) throw new Error('The library did not answer with the new episode.');
  return episode;
}

async function recordedSteps(episode: OpenEpisode): Promise<readonly Step[]> {
  const inputs = Array.from({ length: STEPS_PER_EPISODE }, (_, index) => stepInput(index));
  const { steps } = await openMemory({ store: nullStore({ episode: [episode] }) }).addSteps(episode.id, inputs);
  return steps.map((step, index) => ({ ...step, number: index + 1 }));
}

const TOOLS = ['read', 'edit', 'test', 'grep'];

function stepInput(index: number): StepInput {
  const hasFailed = index % 8 === 2;
  return {
    tool: TOOLS[index % TOOLS.length] ?? 'read',
    action: index % 4 === 2 ? 'npm test' : `look at src/session/file-${index}.ts`,
    parameters: { path: `src/session/file-${index}.ts` },
    result: hasFailed
      ? { type: 'error', message: `TypeError: Cannot read properties of undefined (reading 'token')` }
      : { type: 'success', output: 'ok' },
    latencyMs: index,
  };
}

type Held = { readonly [K in Kind]: readonly Entities[K][] };

/** Answers every read from what it was made with, and every write as if it were stored. */
function nullStore(given: Partial<Held>): MemoryStore {
  const held: Held = {
    ...{ episode: [], step: [], pattern: [], evidence: [], baseline: [], recommendation: [], tombstone: [] },
    ...{ cluster: [], embedding: [], model: [] },
    ...given,
  };
  return {
    name: 'null',
    async getMany<K extends Kind>(kind: K, ids: readonly string[]) {
      const entities: readonly Entities[K][] = held[kind];
      return ids.map((id) => entities.find((entity) => entity.id === id));
    },
    async *scan<K extends Kind>(kind: K) {
      yield* held[kind];
    },
    async write(batch) {
      const steps = batch.filter((write) => write.op === 'put' && write.kind === 'step');
      return { seq: 1, stepNumbers: steps.map((_, index) => index + 1) };
    },
    async changes() {
      return { entries: [], seq: 0 };
    },
    async close() {},
  };
}

function bareEpisode(): object {
  return {
    id: crypto.randomUUID(),
    version: 1,
    status: 'open',
    description: TASK.description,
    domain: TASK.domain,
    taskType: TASK.taskType,
    context: { language: TASK.language },
    tags: [...(TASK.tags ?? [])],
    metadata: {},
    source: {},
    startedAt: new Date().toISOString(),
  };
}

function bareStep({ id }: OpenEpisode): object {
  const { tool, action, parameters, result, latencyMs } = stepInput(1);
  const at = new Date().toISOString();
  return {
    id: crypto.randomUUID(),
    version: 1,
    episodeId: id,
    number: 1,
    at,
    tool,
    action,
    parameters,
    result,
    latencyMs,
  };
}

function bareCompleted(open: OpenEpisode, { reward, reflection, recoveries, quality }: CompletedEpisode): object {
  const endedAt = new Date().toISOString();
  const ending = { status: 'completed', endedAt, outcome: OUTCOME, learningPending: true };
  return { ...open, ...ending, reward, reflection, recoveries, quality, version: open.version + 1 };
}
