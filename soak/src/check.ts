// Compares a store with what its writers were told: nothing acknowledged is missing, nothing is half done, and what
// was learnt is the sum of what is there.
import {
  type CompletedEpisode,
  type Episode,
  embeddedTexts,
  embeddingId,
  leastKept,
  type Memory,
  type Step,
  textHash,
} from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { lexicalEmbedder } from '@episodica/memory-core/retrieval';
import { GONE, possibleStates, type Task, type TaskState } from './task.ts';
import { endWord } from './work.ts';

/** What is wrong, a sentence each. */
export interface Comparison {
  readonly findings: readonly string[];
  /** The tasks as they were found: a doubt is settled by what is there. */
  readonly settled: ReadonlyMap<string, Task>;
}

/** Compares every task with what the store holds. Episodes of nobody's task are a finding too. */
export async function compare(store: MemoryStore, tasks: ReadonlyMap<string, Task>): Promise<Comparison> {
  const findings: string[] = [];
  const stored = await storedTasks(store, (name) => void findings.push(`${name} is stored twice.`));
  const settled = new Map<string, Task>();
  for (const task of tasks.values()) {
    const found = stored.get(task.name);
    findings.push(...findingsAbout(task, found));
    const { doubt: _doubt, ...known } = task;
    const episodeId = found?.episode.id ?? task.episodeId;
    settled.set(task.name, {
      ...known,
      ...(episodeId === undefined ? {} : { episodeId }),
      state: found === undefined ? GONE : stateOf(found),
    });
  }
  for (const name of stored.keys()) if (!tasks.has(name)) findings.push(`${name} is stored and nobody began it.`);
  return { findings, settled };
}

/** What is wrong with how `tasks` are found by their words. */
export async function searchFindings(memory: Memory, tasks: Iterable<Task>): Promise<readonly string[]> {
  const findings: string[] = [];
  for (const { name, episodeId, state } of tasks) {
    for (const text of state.is === 'completed' ? [name, endWord(name)] : [name]) {
      const { episodes } = await memory.search({ text, limit: 1 });
      const isFound = episodes[0] !== undefined && episodes[0].episode.id === episodeId;
      if (isFound !== (state.is !== 'gone'))
        findings.push(`${name} is ${state.is}, and found by "${text}": ${isFound}.`);
    }
  }
  return findings;
}

/** What is wrong with the vectors. All is to have its own: the memory has caught up and nobody writes. */
export async function vectorFindings(store: MemoryStore): Promise<readonly string[]> {
  const findings: string[] = [];
  const { model } = lexicalEmbedder();
  const hashes = new Map<string, string>();
  for await (const embedding of store.scan('embedding', { model })) hashes.set(embedding.id, embedding.textHash);
  for (const kind of ['episode', 'pattern'] as const) {
    for await (const owner of store.scan(kind, {})) {
      const id = embeddingId(owner.id, model);
      const hash = hashes.get(id);
      if (hash === undefined) findings.push(`The ${kind} ${owner.id} has no vectors.`);
      else if (hash !== textHash(embeddedTexts(owner)))
        findings.push(`The ${kind} ${owner.id} has vectors of other texts.`);
      hashes.delete(id);
    }
  }
  for (const id of hashes.keys()) findings.push(`The vectors ${id} are nobody's.`);
  return findings;
}

/** What is wrong with what was learnt. Nothing may be owed: `learnPending` has run and nobody writes. */
export async function learningFindings(store: MemoryStore): Promise<readonly string[]> {
  const findings: string[] = [];
  const completed = new Map<string, CompletedEpisode>();
  const expected = new Map<string, { episodes: number; successes: number }>();
  for await (const episode of store.scan('episode', { status: 'completed' })) {
    if (episode.status !== 'completed') continue;
    if (episode.learningPending) findings.push(`Episode ${episode.id} was not learnt from.`);
    completed.set(episode.id, episode);
    if (episode.outcome.kind === 'abstained') continue;
    add(expected, JSON.stringify([episode.project, episode.domain]), episode.outcome.kind === 'success');
  }
  for await (const { scope, episodes, successes, learnt } of store.scan('baseline', {})) {
    if (learnt?.isStale !== undefined) findings.push(`The scope ${JSON.stringify(scope)} was not learnt from anew.`);
    const key = JSON.stringify([scope.project, scope.domain]);
    const is = JSON.stringify({ episodes, successes });
    const should = JSON.stringify(expected.get(key) ?? { episodes: 0, successes: 0 });
    if (is !== should) findings.push(`The base rate of ${key} counts ${is} where there are ${should}.`);
    expected.delete(key);
  }
  for (const key of expected.keys()) findings.push(`${key} has no base rate.`);
  return [...findings, ...(await evidenceFindings(store, completed))];
}

async function evidenceFindings(
  store: MemoryStore,
  completed: ReadonlyMap<string, CompletedEpisode>,
): Promise<readonly string[]> {
  const findings: string[] = [];
  const support = new Map<string, { episodes: number; successes: number }>();
  // Whether an error was made good is seen in the steps, and not in how the episode ended.
  const recoveries = new Set<string>();
  for await (const { id } of store.scan('pattern', { kind: 'error_recovery' })) recoveries.add(id);
  for await (const { patternId, episodeId, isSuccess } of store.scan('evidence', {})) {
    const episode = completed.get(episodeId);
    if (episode === undefined) findings.push(`Evidence rests on ${episodeId}, which does not count.`);
    else if (!recoveries.has(patternId) && (episode.outcome.kind === 'success') !== isSuccess) {
      findings.push(`Evidence of ${episodeId} is wrong.`);
    }
    add(support, patternId, isSuccess);
  }
  for await (const { id, support: episodes, successes, standing, kept } of store.scan('pattern', {})) {
    const found = support.get(id) ?? { episodes: 0, successes: 0 };
    const should = JSON.stringify(found);
    const is = JSON.stringify({ episodes, successes, kept });
    const isKept = found.episodes === kept?.episodes && found.successes === kept.successes;
    const isWithin = found.successes <= successes && found.episodes - found.successes <= episodes - successes;
    const least = standing === 'faded' ? 0 : Math.min(episodes, leastKept(standing));
    if (!isKept || !isWithin || found.episodes < least) {
      findings.push(`Pattern ${id} counts ${is} where the evidence is ${should}.`);
    }
    support.delete(id);
  }
  for (const id of support.keys()) findings.push(`Evidence rests on no pattern: ${id}.`);
  return findings;
}

function add(counts: Map<string, { episodes: number; successes: number }>, key: string, isSuccess: boolean): void {
  const { episodes, successes } = counts.get(key) ?? { episodes: 0, successes: 0 };
  counts.set(key, { episodes: episodes + 1, successes: successes + (isSuccess ? 1 : 0) });
}

interface Stored {
  readonly episode: Episode;
  readonly steps: readonly Step[];
}

const NAME = /^Repair (?<name>[a-z0-9]+):/u;

async function storedTasks(store: MemoryStore, onRepeat: (name: string) => void): Promise<ReadonlyMap<string, Stored>> {
  const steps = new Map<string, Step[]>();
  for await (const step of store.scan('step', {})) {
    const known = steps.get(step.episodeId);
    if (known === undefined) steps.set(step.episodeId, [step]);
    else known.push(step);
  }
  const stored = new Map<string, Stored>();
  for await (const episode of store.scan('episode', {})) {
    const name = NAME.exec(episode.description)?.groups?.name ?? episode.description;
    if (stored.has(name)) onRepeat(name);
    stored.set(name, { episode, steps: steps.get(episode.id) ?? [] });
    steps.delete(episode.id);
  }
  for (const [episodeId] of steps) throw new Error(`There are steps of ${episodeId}, which is not there.`);
  return stored;
}

function findingsAbout(task: Task, found: Stored | undefined): readonly string[] {
  const state = found === undefined ? GONE : stateOf(found);
  const possible = possibleStates(task).map((one) => JSON.stringify(normal(one)));
  const findings: string[] = [];
  if (!possible.includes(JSON.stringify(normal(state)))) {
    findings.push(`${task.name} should be ${possible.join(' or ')}, and is ${JSON.stringify(normal(state))}.`);
  }
  if (found === undefined) return findings;
  const { episode, steps } = found;
  if (task.episodeId !== undefined && task.episodeId !== episode.id) findings.push(`${task.name} has another id.`);
  steps.forEach(({ key = '', number }, index) => {
    if (number !== index + 1) findings.push(`${task.name}: step ${index + 1} has the number ${number}.`);
    const told = task.stepNumbers.get(key);
    if (told !== undefined && told !== number) findings.push(`${task.name}: ${key} is ${number}, told was ${told}.`);
  });
  if (episode.status === 'completed' && !isWhole(episode)) findings.push(`${task.name} is completed in part.`);
  return findings;
}

function isWhole(episode: CompletedEpisode): boolean {
  return Number.isFinite(episode.reward.total) && episode.endedAt >= episode.startedAt && episode.quality.score >= 0;
}

function stateOf({ episode, steps }: Stored): TaskState {
  return {
    is: episode.status,
    keys: steps.map(({ key = '' }) => key),
    tags: episode.tags,
    ...(episode.status === 'completed' ? { outcome: episode.outcome.kind } : {}),
  };
}

/** The same state as the same text. */
function normal({ is, keys, tags, outcome }: TaskState): object {
  return { is, keys, tags: [...tags].sort(), outcome: outcome ?? null };
}
