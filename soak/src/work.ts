// What agents do all day, at random: begin tasks, record steps, end, tag and forget them, look things up. Each call is
// in the ledger before it is made.
import { setTimeout as sleep } from 'node:timers/promises';
import { type Episode, isMemoryError, type Memory, type OutcomeInput } from '@episodica/memory-core';
import type { Intent, Ledger, OutcomeKind } from './ledger.ts';
import type { Random } from './random.ts';

export interface OpenTask {
  readonly name: string;
  readonly episodeId: string;
}

/** A task as it must be found from now on. */
export interface Shown extends OpenTask {
  readonly is: 'open' | 'completed';
  readonly tags: readonly string[];
}

export interface WorkOptions {
  readonly memory: Memory;
  readonly ledger: Ledger;
  readonly random: Random;
  /** Begins the name of every task, so that no two lanes of any process meet. Lower-case letters and digits. */
  readonly lane: string;
  /** Open episodes that somebody else left, to go on with. */
  readonly inherited?: readonly OpenTask[];
  /** Time between two calls. @default none */
  readonly pauseMs?: number;
  readonly isOver: () => boolean;
  /** A call that was refused with an error that may be repeated is made again as often. @default 0 */
  readonly repeats?: number;
  /** Time before it is made again. @default none */
  readonly repeatPauseMs?: number;
  /** An error that may be repeated says that nothing was done: a repetition must not find it done. */
  readonly believes?: boolean;
}

/** Works until it is over; what it was refused or answered wrongly is in the ledger. Answers how many calls it made. */
export async function work(options: WorkOptions): Promise<number> {
  const { random, isOver, pauseMs = 0 } = options;
  let names = 0;
  const lane: Lane = {
    ...options,
    open: [...(options.inherited ?? [])],
    ended: [],
    newName(prefix) {
      names += 1;
      return `${prefix}${names}`;
    },
  };
  let calls = 0;
  while (!isOver()) {
    await random.pick(deedsFor(lane))(lane);
    calls += 1;
    if (pauseMs > 0) await sleep(pauseMs);
  }
  return calls;
}

/** The word that stands in nothing but what was said at the end of this task. */
export function endWord(task: string): string {
  return `${task}end`;
}

interface Lane extends WorkOptions {
  open: OpenTask[];
  ended: OpenTask[];
  newName(prefix: string): string;
}

type Deed = (lane: Lane) => Promise<void>;

const MAX_OPEN = 4;
const MAX_STEPS_AT_ONCE = 5;
const TOOLS = ['read', 'edit', 'bash', 'grep', 'test'];
const OUTCOMES: readonly OutcomeKind[] = ['success', 'success', 'failure', 'partial', 'abstained'];

/** Steps are most of what agents do. */
function deedsFor(lane: Lane): readonly Deed[] {
  if (lane.open.length === 0) return [create];
  const deeds = [addSteps, addSteps, addSteps, addSteps, addStepsAtOnce, complete, complete, tag, read, read];
  return [
    ...deeds,
    ...(lane.open.length < MAX_OPEN ? [create, create] : []),
    ...(lane.ended.length > 0 ? [forget] : []),
  ];
}

async function create(lane: Lane): Promise<void> {
  const name = lane.newName(`${lane.lane}n`);
  const episodeId = await begin({ ...lane, name, what: 'totals are wrong after an update' });
  if (episodeId !== undefined) lane.open.push({ name, episodeId });
}

/** Begins a task; `undefined` when that was refused: a create has no key, so nobody knows its episode then. */
async function begin(
  task: Patience & {
    readonly memory: Memory;
    readonly name: string;
    readonly what: string;
    readonly random?: Random;
  },
): Promise<string | undefined> {
  const { memory, name, what, random } = task;
  const domain = random?.pick(['shop', 'search']);
  const answer = await attempt({ ...task, repeats: 0 }, { verb: 'create', task: name }, async () => {
    const { episode } = await memory.createEpisode({ description: `Repair ${name}: ${what}`, domain });
    return { episodeId: episode.id };
  });
  return answer?.episodeId;
}

const addSteps: Deed = (lane) => addSome(lane, 1);
const addStepsAtOnce: Deed = (lane) => addSome(lane, 2 + lane.random.below(MAX_STEPS_AT_ONCE - 1));

async function addSome(lane: Lane, count: number): Promise<void> {
  const { name, episodeId } = lane.random.pick(lane.open);
  const keys = Array.from({ length: count }, () => lane.newName(`${name}k`));
  const isError = lane.random.isLikely(0.2);
  const inputs = keys.map((key) => ({
    key,
    tool: lane.random.pick(TOOLS),
    action: `look at ${key}`,
    parameters: { path: `src/${key}.ts`, limit: 200 },
    result: isError
      ? ({ type: 'error', message: 'TypeError: total is undefined' } as const)
      : ({ type: 'success', output: 'one of the totals is wrong; '.repeat(4) } as const),
  }));
  await attemptIn(lane, { verb: 'steps', task: name, keys }, async () => {
    const [first] = inputs;
    if (count > 1 || first === undefined) {
      const { steps } = await lane.memory.addSteps(episodeId, inputs);
      return { stepNumbers: steps.map((step) => step.number) };
    }
    const { step } = await lane.memory.addStep(episodeId, first);
    return { stepNumbers: [step.number] };
  });
}

async function complete(lane: Lane): Promise<void> {
  const task = lane.random.pick(lane.open);
  const kind = lane.random.pick(OUTCOMES);
  const done = await attemptIn(lane, { verb: 'complete', task: task.name, outcome: kind }, async () => {
    await lane.memory.completeEpisode(task.episodeId, outcomeOf(kind, endWord(task.name)));
    return {};
  });
  lane.open = lane.open.filter((open) => open !== task);
  if (done !== undefined) lane.ended.push(task);
}

function outcomeOf(kind: OutcomeKind, word: string): OutcomeInput {
  if (kind === 'success' || kind === 'partial') return { kind, verdict: `seen: ${word}` };
  return { kind, reason: `given up: ${word}` };
}

async function tag(lane: Lane): Promise<void> {
  const { name, episodeId } = lane.random.pick([...lane.open, ...lane.ended]);
  const label = lane.random.pick(['red', 'green', 'blue']);
  await attemptIn(lane, { verb: 'tag', task: name, tag: label }, async () => {
    await lane.memory.updateEpisode(episodeId, { tags: { add: [label] } });
    return {};
  });
}

async function forget(lane: Lane): Promise<void> {
  const task = lane.random.pick(lane.ended);
  lane.ended = lane.ended.filter((ended) => ended !== task);
  await attemptIn(lane, { verb: 'forget', task: task.name }, async () => {
    await lane.memory.forget({ ids: [task.episodeId] });
    return {};
  });
}

/** What this lane wrote is what it reads: by id, by a list and by a search. */
async function read(lane: Lane): Promise<void> {
  const { name, episodeId } = lane.random.pick(lane.open);
  try {
    const finding = await lane.random.pick([findingById, findingByList, findingBySearch])(lane.memory, name, episodeId);
    if (finding !== undefined) lane.ledger.add({ is: 'wrong', finding });
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    // Where faults are injected, reads may be refused too; they are not repeated.
    if (error.retryable && lane.repeats !== undefined) return;
    lane.ledger.add({ is: 'wrong', finding: `reading ${name}: ${error.code}: ${error.message}` });
  }
}

/** What is wrong when an episode that was acknowledged is read by its id; `undefined` when nothing is. */
async function findingById(memory: Memory, name: string, episodeId: string): Promise<string | undefined> {
  const episode = await memory.getEpisode(episodeId);
  if (episode === undefined) return `${name} is not there by its id`;
  return episode.description.includes(name) ? undefined : `${name} is another episode: ${episode.description}`;
}

async function findingByList(memory: Memory, name: string, episodeId: string): Promise<string | undefined> {
  for await (const episode of memory.listEpisodes({ ids: [episodeId] })) {
    if (episode.id === episodeId) return undefined;
  }
  return `${name} is not in the list`;
}

async function findingBySearch(memory: Memory, name: string, episodeId: string): Promise<string | undefined> {
  const { episodes } = await memory.search({ text: name, limit: 1 });
  return episodes[0]?.episode.id === episodeId ? undefined : `${name} is not found by a search`;
}

/** What is wrong with a task that somebody shows, read in every way there is. */
export async function findingsOf(memory: Memory, shown: Shown): Promise<readonly string[]> {
  const { name, episodeId, is, tags } = shown;
  const state = (episode: Pick<Episode, 'status' | 'tags'>): string => JSON.stringify([episode.status, episode.tags]);
  const should = state({ status: is, tags });
  const found: Record<string, string | undefined> = {};
  const byId = await memory.getEpisode(episodeId);
  found['by its id'] = byId && state(byId);
  for await (const episode of memory.listEpisodes({ ids: [episodeId] })) found['in a list'] = state(episode);
  const words = is === 'completed' ? endWord(name) : name;
  const [hit] = (await memory.search({ text: words, limit: 1 })).episodes;
  found['by a search'] = hit?.episode.id === episodeId ? state(hit.episode) : undefined;
  return ['by its id', 'in a list', 'by a search'].flatMap((way) =>
    found[way] === should ? [] : [`${name} should be ${should}, and is ${found[way] ?? 'not there'} ${way}`],
  );
}

/** One task from its beginning to its end: what must be found after each call that was acknowledged. */
export async function* lifeOf(
  task: Patience & { readonly memory: Memory; readonly name: string },
): AsyncIterable<Shown> {
  const { memory, name, ...patience } = task;
  const episodeId = await begin({ ...task, what: 'seen by a neighbour at once' });
  if (episodeId === undefined) return;
  yield { name, episodeId, is: 'open', tags: [] };
  const tagged = await attempt(patience, { verb: 'tag', task: name, tag: 'shown' }, async () => {
    await memory.updateEpisode(episodeId, { tags: { add: ['shown'] } });
    return {};
  });
  if (tagged === undefined) return;
  yield { name, episodeId, is: 'open', tags: ['shown'] };
  const completed = await attempt(patience, { verb: 'complete', task: name, outcome: 'success' }, async () => {
    await memory.completeEpisode(episodeId, outcomeOf('success', endWord(name)));
    return {};
  });
  if (completed !== undefined) yield { name, episodeId, is: 'completed', tags: ['shown'] };
}

interface Answer {
  readonly episodeId?: string;
  readonly stepNumbers?: readonly number[];
}

/** Makes a call of a lane; a task whose call was refused to the end is left alone. */
async function attemptIn(lane: Lane, intent: Intent, call: () => Promise<Answer>): Promise<Answer | undefined> {
  const answer = await attempt(lane, intent, call);
  if (answer !== undefined) return answer;
  // It took effect or it did not: nobody touches this task again, so that there is one doubt about it at most.
  lane.open = lane.open.filter(({ name }) => name !== intent.task);
  lane.ended = lane.ended.filter(({ name }) => name !== intent.task);
  return undefined;
}

type Patience = Pick<WorkOptions, 'ledger' | 'repeats' | 'repeatPauseMs' | 'believes'>;

/** Makes a call with its entries in the ledger; `undefined` when it was refused to the end. */
async function attempt(
  { ledger, repeats = 0, repeatPauseMs, believes = false }: Patience,
  intent: Intent,
  call: () => Promise<Answer>,
): Promise<Answer | undefined> {
  for (let left = repeats; ; left -= 1) {
    const number = ledger.begin(intent);
    try {
      const answer = await call();
      ledger.add({ is: 'done', call: number, ...answer });
      return answer;
    } catch (error) {
      if (!isMemoryError(error)) throw error;
      const { code, message, retryable } = error;
      // Repeating a completion that took effect after all: the refusal says so, and that is an answer too.
      if (intent.verb === 'complete' && left < repeats && code === 'INVALID_STATE' && !believes) {
        ledger.add({ is: 'done', call: number });
        return {};
      }
      ledger.add({ is: 'failed', call: number, code, message, retryable });
      if (repeatPauseMs !== undefined) await sleep(repeatPauseMs);
      if (!retryable || left <= 0) return undefined;
    }
  }
}
