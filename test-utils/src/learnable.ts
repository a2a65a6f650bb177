// Episodes in which something can be learnt: kinds of task, tasks that are easier and harder, several attempts at each, and
// regularities that were planted with a known effect, beside ones that only look like it. The same for the same seed.
import type { EpisodeRecord, Trace, TraceStep } from '@episodica/memory-core';

export interface LearnableOptions {
  /** @default 1 */
  readonly seed?: number;
  /** @default 50 */
  readonly tasks?: number;
  /** Attempts at each task. @default 4 */
  readonly trials?: number;
  /** Spread of the tasks: standard deviation of the log odds that an attempt succeeds. @default 1 */
  readonly taskSpread?: number;
  /** Whether what was planted makes a difference; else it is there all the same, and means nothing. @default true */
  readonly hasEffects?: boolean;
  readonly project?: string;
  /** @default 'generated' */
  readonly domain?: string;
}

/** One attempt, and what only its maker knows. */
export interface LearnableEpisode {
  readonly id: string;
  /** Which task it is an attempt at: 0, 1, 2 … */
  readonly task: number;
  /** Which of `KINDS_OF_TASK` the task is of. */
  readonly kind: number;
  readonly description: string;
  readonly steps: readonly LearnableStep[];
  readonly isSuccess: boolean;
  readonly endedAt: string;
}

export interface LearnableStep {
  readonly tool: string;
  readonly does: TraceStep['does'];
  /** What it failed with; absent: it succeeded. */
  readonly error?: string;
  /** Of what failed: whether a later step showed that it is good now. */
  readonly isMadeGood?: boolean;
}

interface Planted {
  readonly helpfulPair: Effect & { readonly tools: readonly string[] };
  readonly harmfulPair: Effect & { readonly tools: readonly string[] };
  /** Behind `after` comes `good` or `bad`, and nothing else; the effect lies between the two. */
  readonly decision: Effect & { readonly after: string; readonly good: string; readonly bad: string };
  /** A check behind the last change; the effect lies between with and without. */
  readonly heuristic: Effect & { readonly change: string; readonly check: string };
  /** An error in the tool `retried`, and how often one way to deal with it and the other make it good. */
  readonly recovery: {
    readonly error: string;
    readonly retried: string;
    readonly share: number;
    readonly fix: string;
    readonly madeGood: number;
    readonly other: string;
    readonly madeGoodByOther: number;
  };
  /** Stands in every attempt at so many tasks, the easiest, and nowhere else: many successes, and no evidence for it. */
  readonly decoy: { readonly tools: readonly string[]; readonly tasks: number };
}

interface Effect {
  /** Of the attempts. */
  readonly share: number;
  /** By which it changes the log odds that an attempt succeeds. */
  readonly logOdds: number;
}

/** What was planted. Each part but the decoy stands in an attempt by chance alone, whatever the task. */
export const PLANTED: Planted = {
  helpfulPair: { tools: ['survey', 'outline'], share: 0.4, logOdds: 1.6 },
  harmfulPair: { tools: ['guess', 'overwrite'], share: 0.3, logOdds: -1.6 },
  decision: { after: 'fork_point', good: 'go_left', bad: 'go_right', share: 0.5, logOdds: 1.2 },
  heuristic: { change: 'edit', check: 'verify', share: 0.5, logOdds: 1.2 },
  recovery: {
    error: 'ConnectionResetError: port 5432 was closed by its peer',
    retried: 'query',
    share: 0.4,
    fix: 'restart_database',
    madeGood: 0.9,
    other: 'wait',
    madeGoodByOther: 0.2,
  },
  decoy: { tools: ['polish', 'sign'], tasks: 2 },
};

/** Words and tools that only tasks of one kind have. */
export const KINDS_OF_TASK: readonly { readonly words: readonly string[]; readonly tools: readonly string[] }[] = [
  { words: ['refund', 'invoice', 'ledger', 'customer', 'payment'], tools: ['open_ledger', 'post_entry'] },
  { words: ['sensor', 'voltage', 'firmware', 'antenna', 'battery'], tools: ['flash_board', 'read_meter'] },
  { words: ['chapter', 'footnote', 'manuscript', 'index', 'glossary'], tools: ['typeset', 'proofread'] },
  { words: ['glacier', 'rainfall', 'station', 'forecast', 'humidity'], tools: ['load_grid', 'interpolate'] },
];

/** Every attempt at every task, in the order of time: the first attempts at all of them, then the second … */
export function learnableEpisodes(options: LearnableOptions = {}): readonly LearnableEpisode[] {
  const { seed = 1, tasks = 50, trials = 4, taskSpread = 1 } = options;
  const random = seededRandom(seed);
  const given = Array.from({ length: tasks }, (_, task) => {
    const kind = task % KINDS_OF_TASK.length;
    return { task, kind, description: description({ task, kind }, random), ease: taskSpread * normal(random) };
  });
  const easiest = new Set(
    given.toSorted((a, b) => b.ease - a.ease).flatMap(({ task }, rank) => (rank < PLANTED.decoy.tasks ? [task] : [])),
  );
  return Array.from({ length: trials * tasks }, (_, index) => {
    const { ease, ...task } = given[index % tasks] ?? { task: 0, kind: 0, description: '', ease: 0 };
    const { steps, logOdds } = attempt({ kind: task.kind, isEasiest: easiest.has(task.task) }, random);
    const odds = Math.exp(BASE_LOG_ODDS + ease + (options.hasEffects === false ? 0 : logOdds));
    const isSuccess = random() < odds / (1 + odds) || easiest.has(task.task);
    return {
      ...task,
      id: idOf(seed, index),
      steps,
      isSuccess,
      endedAt: new Date(START_MS + index * 60_000).toISOString(),
    };
  });
}

/** The same attempts, with their outcomes dealt out anew: whoever still finds something in them has found nothing. */
export function withShuffledOutcomes(episodes: readonly LearnableEpisode[], seed: number): readonly LearnableEpisode[] {
  const random = seededRandom(seed);
  const outcomes = episodes.map(({ isSuccess }) => ({ isSuccess, at: random() })).sort((a, b) => a.at - b.at);
  return episodes.map((episode, index) => ({ ...episode, isSuccess: outcomes[index]?.isSuccess ?? false }));
}

/** As learning over many episodes sees them. */
export function learnableTraces(
  episodes: readonly LearnableEpisode[],
  { project, domain = DOMAIN }: LearnableOptions = {},
): readonly Trace[] {
  const scope = { ...(project === undefined ? {} : { project }), domain };
  return episodes.map((episode) => ({
    ...{ episodeId: episode.id, scope, taskType: 'other', tags: [], directories: [] },
    task: `task ${episode.task}`,
    description: episode.description,
    outcome: episode.isSuccess ? 'success' : 'failure',
    endedAt: episode.endedAt,
    steps: episode.steps.map(({ tool, does, error, isMadeGood = false }) =>
      error === undefined
        ? { act: tool, result: 'success', does }
        : { act: tool, result: 'error', does, error: { signature: error, excerpt: error }, isMadeGood },
    ),
  }));
}

/** As `importEpisodes` takes them. */
export function learnableRecords(
  episodes: readonly LearnableEpisode[],
  { project, domain = DOMAIN }: LearnableOptions = {},
): readonly EpisodeRecord[] {
  return episodes.map((episode) => ({
    ...{ episode_id: episode.id, task_description: episode.description, domain, metadata: metadataOf(episode) },
    ...(project === undefined ? {} : { project }),
    started_at: episode.endedAt,
    completed_at: episode.endedAt,
    outcome: episode.isSuccess ? { kind: 'success', artifacts: [] } : { kind: 'failure', reason: 'not accepted' },
    steps: episode.steps.map(({ tool, does, error }) => ({
      ...{ tool, action: ACTIONS[does](tool), parameters: {} },
      result: error === undefined ? { type: 'success', output: 'done' } : { type: 'error', message: error },
    })),
  }));
}

const DOMAIN = 'generated';
const START_MS = Date.UTC(2026, 10, 1);
/** A little less than half of all attempts succeed. */
const BASE_LOG_ODDS = -0.9;
/** Tools that every kind of task uses, and that mean nothing. */
const NOISE: readonly string[] = ['list', 'read', 'note', 'count', 'compare', 'sort'];
const NOISE_STEPS = 6;

/** An action from which can be read whether it looks, changes or checks. */
const ACTIONS: Readonly<Record<TraceStep['does'], (tool: string) => string>> = {
  look: (tool) => `read with ${tool}`,
  change: (tool) => `change with ${tool}`,
  check: () => 'npm test',
};

function metadataOf({ task }: LearnableEpisode): { readonly task_id: number } {
  return { task_id: task };
}

function description({ task, kind }: { readonly task: number; readonly kind: number }, random: () => number): string {
  const words = KINDS_OF_TASK[kind]?.words ?? [];
  const told = Array.from({ length: 3 }, () => pick(words, random));
  return `Put the ${told.join(' and the ')} in order, case ${task}`;
}

/** Blocks that stand together, among steps that mean nothing, in any order. */
function attempt(
  { kind, isEasiest }: { readonly kind: number; readonly isEasiest: boolean },
  random: () => number,
): { readonly steps: readonly LearnableStep[]; readonly logOdds: number } {
  const { helpfulPair, harmfulPair, decision, decoy, heuristic } = PLANTED;
  const blocks: LearnableStep[][] = Array.from({ length: NOISE_STEPS }, () => [look(pick(NOISE, random))]);
  let logOdds = 0;
  blocks.push((KINDS_OF_TASK[kind]?.tools ?? []).map(look));
  for (const { tools, share, logOdds: effect } of [helpfulPair, harmfulPair]) {
    if (random() >= share) continue;
    blocks.push(tools.map(look));
    logOdds += effect;
  }
  const isGood = random() < decision.share;
  blocks.push([look(decision.after), look(isGood ? decision.good : decision.bad)]);
  logOdds += isGood ? decision.logOdds / 2 : -decision.logOdds / 2;
  blocks.push(...recovery(random));
  if (isEasiest) blocks.push(decoy.tools.map(look));
  const isChecked = random() < heuristic.share;
  logOdds += isChecked ? heuristic.logOdds / 2 : -heuristic.logOdds / 2;
  const change: LearnableStep = { tool: heuristic.change, does: 'change' };
  const ending: readonly LearnableStep[] = isChecked ? [change, { tool: heuristic.check, does: 'check' }] : [change];
  return { steps: [...shuffled(blocks, random).flat(), ...ending], logOdds };
}

/** The error, one of two ways to deal with it, and the retry that shows whether it is good now. */
function recovery(random: () => number): readonly LearnableStep[][] {
  const { error, fix, other, retried, share, madeGood, madeGoodByOther } = PLANTED.recovery;
  if (random() >= share) return [];
  const isFixed = random() < 0.5;
  const isMadeGood = random() < (isFixed ? madeGood : madeGoodByOther);
  const retry: LearnableStep = isMadeGood ? look(retried) : { ...look(retried), error, isMadeGood: false };
  return [[{ ...look(retried), error, isMadeGood }, { tool: isFixed ? fix : other, does: 'change' }, retry]];
}

function look(tool: string): LearnableStep {
  return { tool, does: 'look' };
}

function pick<T>(choices: readonly T[], random: () => number): T {
  const choice = choices[Math.floor(random() * choices.length)];
  if (choice === undefined) throw new Error('There is nothing to pick from.');
  return choice;
}

function shuffled<T>(values: readonly T[], random: () => number): readonly T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .sort((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

function idOf(seed: number, index: number): string {
  const hex = (value: number, digits: number): string => value.toString(16).padStart(digits, '0');
  return `${hex(seed % 2 ** 32, 8)}-0000-7000-8000-${hex(index, 12)}`;
}

/** Box and Muller 1958. */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
}

/** Numbers in 0–1 that depend on the seed alone (xorshift32, Marsaglia 2003). */
function seededRandom(seed: number): () => number {
  let state = Math.imul(seed, 0x9e3779b1) | 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
