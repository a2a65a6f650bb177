// Many agents at one memory: calls come when the schedule says, whether or not earlier ones were answered, and each
// waits from the moment it was due. A load that waits for answers would be slowed by a slow server, and not see it.
import { setTimeout as sleep } from 'node:timers/promises';
import { generatedEpisode, generatedQuery, generatedStep, seededRandom } from './corpus.ts';
import { timingOf } from './measure.ts';

/** What became of a call. `busy` is the server's own clear word that it takes no more. */
export type Outcome =
  | { readonly kind: 'ok'; readonly content: Readonly<Record<string, unknown>> }
  | { readonly kind: 'busy' }
  | { readonly kind: 'failed'; readonly reason: string };

/** Calls a tool as one client. Never rejects. */
export type CallTool = (tool: string, given: object) => Promise<Outcome>;

export interface LoadPlan {
  readonly ratePerS: number;
  readonly durationMs: number;
  /** Before it, at the same rate, for what is compiled as it runs; its calls do not count. */
  readonly warmUpMs: number;
  /** `mixed`: agents at work. Else this tool, without arguments. */
  readonly calls: 'mixed' | { readonly tool: string };
}

export interface LoadFigures {
  readonly count: number;
  readonly ok: number;
  readonly busy: number;
  readonly failed: number;
  /** Of the calls that succeeded; absent where there was none. */
  readonly byKind: Readonly<Partial<Record<CallKind, KindFigures>>>;
  /** How late calls were sent, the 99th percentile: the load's own fault, and in every figure. */
  readonly sentLateMs: number;
  /** What was said of calls that failed, each once. */
  readonly reasons: readonly string[];
}

/** `look`: one thing, a list, or how the server is. */
export type CallKind = 'read' | 'write' | 'look';

export interface KindFigures {
  readonly count: number;
  readonly medianMs: number;
  readonly p99Ms: number;
}

const MAX_REASONS = 8;

/** Runs the plan with one client for each of `callers`. `onBegin` is called where the calls begin to count. */
export async function runLoad(
  callers: readonly CallTool[],
  plan: LoadPlan,
  onBegin: () => Promise<void> = async () => undefined,
): Promise<LoadFigures> {
  const random = seededRandom(23);
  const ask = questions(random);
  const agents = await Promise.all(callers.map((call) => agentAt(call, { random, ask })));
  const next = (): Work => {
    const agent = agents[Math.floor(random() * agents.length)];
    if (agent === undefined) throw new Error('There is no client.');
    return plan.calls === 'mixed' ? agent.next() : agent.only(plan.calls.tool);
  };
  await arrivals({ ratePerS: plan.ratePerS, durationMs: plan.warmUpMs, random }, () => void next().run());
  await onBegin();
  const tally = new Tally();
  const pending: Promise<void>[] = [];
  await arrivals({ ratePerS: plan.ratePerS, durationMs: plan.durationMs, random }, (dueMs) => {
    const { kind, run } = next();
    tally.sent(performance.now() - dueMs);
    pending.push(run().then((outcome) => tally.ended(kind, outcome, performance.now() - dueMs)));
  });
  await Promise.all(pending);
  return tally.figures();
}

interface Schedule {
  readonly ratePerS: number;
  readonly durationMs: number;
  readonly random: () => number;
}

/** Calls `arrive` with the moment that each call was due: at random moments, as those of clients that do not know of each other. */
async function arrivals({ ratePerS, durationMs, random }: Schedule, arrive: (dueMs: number) => void): Promise<void> {
  const startMs = performance.now();
  let dueMs = startMs;
  for (;;) {
    dueMs += (-Math.log(1 - random()) * 1_000) / ratePerS;
    if (dueMs > startMs + durationMs) return;
    const waitMs = dueMs - performance.now();
    // A timer is a millisecond late at least: what is due within that goes together.
    if (waitMs > 0) await sleep(waitMs);
    arrive(dueMs);
  }
}

interface Work {
  readonly kind: CallKind;
  run(): Promise<Outcome>;
}

interface Agent {
  next(): Work;
  only(tool: string): Work;
}

/** What agents have in common. */
interface Chance {
  readonly random: () => number;
  /** The next question. */
  readonly ask: () => string;
}

interface OpenEpisode {
  readonly id: string;
  /** Steps on their way to it. */
  steps: number;
}

const FEWEST_OPEN = 3;
/** Shares of the calls: the rest of them look at things. */
const SHARES = { query: 0.6, step: 0.25, episode: 0.1 } as const;

/** Questions that all agents together have. */
const QUESTIONS = 2_000;

/**
 * Questions as agents ask them: the same few again and again, most of the others seldom. The rank of the next one falls
 * off as 1/rank (Zipf): of 2,000, the first is one question in eight, and the first hundred are six in ten.
 */
function questions(random: () => number): () => string {
  const known = Array.from({ length: QUESTIONS }, () => generatedQuery(random));
  return () => known[Math.floor((QUESTIONS + 1) ** random()) - 1] ?? generatedQuery(random);
}

/** One at work: it asks, records what it does, begins and ends episodes, and looks at things. */
async function agentAt(call: CallTool, { random, ask }: Chance): Promise<Agent> {
  const open: OpenEpisode[] = [];

  async function begin(): Promise<Outcome> {
    const { description, domain, language, tags } = generatedEpisode(random);
    const outcome = await call('create_episode', { task_description: description, domain, language, tags });
    const id = outcome.kind === 'ok' ? outcome.content.episode_id : undefined;
    if (typeof id === 'string') open.push({ id, steps: 0 });
    return outcome;
  }

  function end(episode: OpenEpisode): Promise<Outcome> {
    open.splice(open.indexOf(episode), 1);
    const outcome = { kind: 'success', verdict: 'All tests pass.' };
    return call('complete_episode', { episode_id: episode.id, outcome });
  }

  async function step(episode: OpenEpisode): Promise<Outcome> {
    const { tool, action, parameters, result } = generatedStep(random);
    episode.steps += 1;
    try {
      return await call('add_step', { episode_id: episode.id, tool, action, parameters, result });
    } finally {
      episode.steps -= 1;
    }
  }

  function look(): Promise<Outcome> {
    const choice = random() * 3;
    if (choice < 1) return call('list_episodes', { limit: 10 });
    const { id = '' } = open[0] ?? {};
    return choice < 2 ? call('get_episode', { episode_id: id }) : call('health_check', {});
  }

  for (let count = 0; count < FEWEST_OPEN; count += 1) {
    const begun = await begin();
    // The empty server has no episodes, and nobody asks it for any.
    if (begun.kind !== 'ok') break;
  }
  return {
    only: (tool) => ({ kind: 'look', run: () => call(tool, {}) }),
    next() {
      const choice = random();
      if (choice < SHARES.query) return { kind: 'read', run: () => call('query_memory', { query: ask() }) };
      if (choice < SHARES.query + SHARES.step) {
        const episode = open[Math.floor(random() * open.length)];
        return episode === undefined ? { kind: 'write', run: begin } : { kind: 'write', run: () => step(episode) };
      }
      if (choice >= SHARES.query + SHARES.step + SHARES.episode) return { kind: 'look', run: look };
      // One that a step is on its way to is not completed: the step would come too late.
      const done = open.length > FEWEST_OPEN ? open.find(({ steps }) => steps === 0) : undefined;
      return { kind: 'write', run: () => (done === undefined ? begin() : end(done)) };
    },
  };
}

class Tally {
  readonly #tookMs: { readonly [kind in CallKind]: number[] } = { read: [], write: [], look: [] };
  readonly #sentLateMs: number[] = [];
  readonly #reasons = new Set<string>();
  #busy = 0;
  #failed = 0;

  sent(lateMs: number): void {
    this.#sentLateMs.push(lateMs);
  }

  ended(kind: CallKind, outcome: Outcome, tookMs: number): void {
    if (outcome.kind === 'ok') this.#tookMs[kind].push(tookMs);
    else if (outcome.kind === 'busy') this.#busy += 1;
    else {
      this.#failed += 1;
      if (this.#reasons.size < MAX_REASONS) this.#reasons.add(outcome.reason);
    }
  }

  figures(): LoadFigures {
    const kinds = Object.entries(this.#tookMs).filter(([, samplesMs]) => samplesMs.length > 0);
    const byKind = kinds.map(([kind, samplesMs]) => [kind, { count: samplesMs.length, ...timingOf(samplesMs) }]);
    const ok = kinds.reduce((sum, [, samplesMs]) => sum + samplesMs.length, 0);
    return {
      count: ok + this.#busy + this.#failed,
      ok,
      busy: this.#busy,
      failed: this.#failed,
      byKind: Object.fromEntries(byKind),
      sentLateMs: timingOf(this.#sentLateMs).p99Ms,
      reasons: [...this.#reasons],
    };
  }
}
