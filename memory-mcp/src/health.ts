// How each part of the server is, asked now and told with where that is known from. A part that does not answer is told
// as such, in time, and keeps nobody from telling how the others are.
import {
  isMemoryError,
  learningHealthText,
  MemoryError,
  searchHealthText,
  throwIfAborted,
} from '@episodica/memory-core';
import type { SandboxMetrics } from './sandbox/sandbox.ts';
import type { Backend, Services } from './services.ts';

/** `unknown`: nobody asked it, for there is nothing to ask yet, or something before it does not work. */
export const COMPONENT_STATUSES = ['ok', 'degraded', 'down', 'unknown'] as const;

/**
 * Where a status is known from. `measured`: it was asked now, and answered. `estimated`: from how it did when it was last
 * used. `unavailable`: nobody could say.
 */
export const BASES = ['measured', 'estimated', 'unavailable'] as const;

export interface Component {
  readonly name: string;
  readonly status: (typeof COMPONENT_STATUSES)[number];
  readonly basis: (typeof BASES)[number];
  /** What was found, or why nothing was. */
  readonly detail: string;
}

export interface Health {
  /** Without its store the server is `down`; without any other part it does less. */
  readonly status: 'ok' | 'degraded' | 'down';
  readonly components: readonly Component[];
}

export interface HealthOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long each part may take; the opening of the memory goes before all others. @default 5000 */
  readonly timeoutMs?: number;
}

/** Asks all parts at the same time. @throws `ABORTED` */
export async function healthOf(services: Services, { signal, timeoutMs = 5_000 }: HealthOptions = {}): Promise<Health> {
  const ask: Ask = (name, question, statusWithout = 'degraded') =>
    asked({ name, question, statusWithout }, { signal, timeoutMs, services });
  const components = (
    await Promise.all([
      memoryComponents(services, ask),
      ask('queue', async () => queueAnswer(services)),
      services.sandbox === undefined ? [] : ask('sandbox', () => sandboxAnswer(services.sandbox)),
      ...[...services.parts].map(([name, answer]) => ask(name, async () => answer())),
    ])
  ).flat();
  throwIfAborted(signal);
  return { status: overall(components), components };
}

/** How a part of its own is, known at once. */
export interface PartHealth {
  readonly status: 'ok' | 'degraded';
  readonly detail: string;
}

/** What a part says; `ok` and `measured` where it says no more. */
interface Answer extends Partial<Pick<Component, 'status' | 'basis'>> {
  readonly detail: string;
}

type Question = (signal: AbortSignal) => Promise<Answer>;

/** Never rejects. `statusWithout`: what the server is without the part. */
type Ask = (name: string, question: Question, statusWithout?: 'down' | 'degraded') => Promise<Component>;

/** What is not there while the memory is not open. */
const BEHIND_THE_STORE = ['journal', 'cache', 'learning', 'search'];

async function memoryComponents(services: Services, ask: Ask): Promise<readonly Component[]> {
  let backend: Backend | undefined;
  const opening = await ask(
    'store',
    async () => {
      backend = await services.backend.get();
      return { detail: 'open' };
    },
    'down',
  );
  const opened = backend;
  if (opened === undefined) return [opening, ...BEHIND_THE_STORE.map(notAsked)];
  const { memory, replica, journalSeq, cache } = opened;
  return Promise.all([
    ask('store', (signal) => storeAnswer(opened, signal), 'down'),
    ...(replica === undefined ? [] : [ask('replica', () => replicaAnswer(replica))]),
    ...(journalSeq === undefined
      ? []
      : [ask('journal', async () => ({ detail: `newest entry ${await journalSeq()}` }))]),
    ...(cache === undefined ? [] : [ask('cache', () => cacheAnswer(cache))]),
    ask('learning', (signal) => learningAnswer(memory, signal)),
    ask('search', (signal) => searchAnswer(memory, signal)),
  ]);
}

function notAsked(name: string): Component {
  return { name, status: 'unknown', basis: 'unavailable', detail: 'not asked: the store is not open' };
}

async function storeAnswer({ memory, place, access }: Backend, signal: AbortSignal): Promise<Answer> {
  const startedMs = performance.now();
  for await (const _newest of memory.listEpisodes({ order: 'newest', limit: 1 }, { signal }));
  const took = `read in ${(performance.now() - startedMs).toFixed(1)} ms`;
  const detail = place === undefined ? took : `${took}, ${place()}`;
  if (access?.() !== 'read-only') return { detail };
  return { status: 'degraded', detail: `read-only: nothing can be written; ${detail}` };
}

async function replicaAnswer(replica: NonNullable<Backend['replica']>): Promise<Answer> {
  // What goes wrong is in its state.
  await replica.sync().catch(() => undefined);
  const { primary, syncedAt, problem } = await replica.state();
  const synced = syncedAt === undefined ? 'never synced' : `synced ${syncedAt}`;
  const detail = `follows ${primary}, ${synced}`;
  return problem === undefined ? { detail } : { status: 'degraded', detail: `${detail}; ${problem}` };
}

async function cacheAnswer(cache: NonNullable<Backend['cache']>): Promise<Answer> {
  const { isOpen, detail } = await cache();
  return { status: isOpen ? 'ok' : 'degraded', detail };
}

/** What could not be learnt from stays owed. That is known from the last attempt: nothing is learnt to see whether it works. */
async function learningAnswer(memory: Backend['memory'], signal: AbortSignal): Promise<Answer> {
  const health = await memory.learningHealth({ signal });
  const detail = learningHealthText(health);
  if (health.problem !== undefined) return { status: 'degraded', basis: 'estimated', detail };
  return { status: health.overdue === undefined ? 'ok' : 'degraded', detail };
}

/** An embedder that fails leaves search by words. It is not asked: that may cost money. */
async function searchAnswer(memory: Backend['memory'], signal: AbortSignal): Promise<Answer> {
  const health = await memory.searchHealth({ signal });
  const detail = searchHealthText(health);
  const { problem, hasAnswered } = health.embedder ?? {};
  if (problem !== undefined) return { status: 'degraded', basis: 'estimated', detail };
  if (hasAnswered === undefined) return { detail };
  return hasAnswered ? { basis: 'estimated', detail } : { status: 'unknown', basis: 'unavailable', detail };
}

function queueAnswer({ calls }: Services): Answer {
  const { running, waiting, refused, fullLanes } = calls.counts();
  // The call that asks is one of them.
  const detail = `${running} calls running, ${waiting} waiting, ${refused} refused since the start`;
  if (fullLanes.length === 0) return { detail };
  return { status: 'degraded', detail: `full: calls of ${fullLanes.join(' and ')} are refused now; ${detail}` };
}

async function sandboxAnswer(sandbox: Services['sandbox']): Promise<Answer> {
  if (sandbox?.isOpen) {
    const metrics = (await sandbox.get()).metrics();
    const detail = sandboxText(metrics);
    if (!metrics.isCrashing) return { detail };
    return { status: 'degraded', basis: 'estimated', detail: `the worker of the newest run crashed; ${detail}` };
  }
  const problem = sandbox?.problem;
  if (problem !== undefined) {
    const reason = problem instanceof Error ? problem.message : String(problem);
    return { status: 'degraded', basis: 'estimated', detail: `could not be loaded when it was last needed: ${reason}` };
  }
  return { status: 'unknown', basis: 'unavailable', detail: 'not loaded yet; loads on first use' };
}

/** Programs that fail are their own doing: they are told, and nothing here is degraded by them. */
function sandboxText({ succeeded, failed, killed, cancelled, ...now }: SandboxMetrics): string {
  const codes = Object.entries(failed);
  const failedCount = codes.reduce((sum, [, count]) => sum + count, 0);
  const runs = succeeded + failedCount;
  const byCode = codes.length === 0 ? '' : ` (${codes.map(([code, count]) => `${code} ${count}`).join(', ')})`;
  return [
    `loaded; ${runs} runs, ${failedCount} failed${byCode}`,
    `${killed} killed`,
    `${cancelled} cancelled`,
    ...(runs === 0 ? [] : [`p50 ${now.wallMs.p50.toFixed(1)} ms`, `p95 ${now.wallMs.p95.toFixed(1)} ms`]),
    `${now.workers} workers`,
    `${now.running} running`,
    `${now.waiting} waiting`,
  ].join(', ');
}

function overall(components: readonly Component[]): Health['status'] {
  if (components.some(({ name, status }) => name === 'store' && status === 'down')) return 'down';
  return components.some(({ status }) => status === 'degraded' || status === 'down') ? 'degraded' : 'ok';
}

interface Asked {
  readonly name: string;
  readonly question: Question;
  readonly statusWithout: 'down' | 'degraded';
}

interface Asking {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
  readonly services: Pick<Services, 'logger'>;
}

async function asked(
  { name, question, statusWithout: status }: Asked,
  { signal, timeoutMs, services }: Asking,
): Promise<Component> {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    const detail = `no answer in ${timeoutMs / 1_000} s`;
    timer = setTimeout(resolve, timeoutMs, { status, basis: 'unavailable', detail });
    // Nobody waits any more: whoever asked throws.
    const giveUp = (): void => resolve({ status, basis: 'unavailable', detail: 'not waited for' });
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { signal: ending.signal });
  });
  try {
    return { name, status: 'ok', basis: 'measured', ...(await Promise.race([question(ending.signal), late])) };
  } catch (error) {
    if (isMemoryError(error)) return { name, status, basis: 'measured', detail: `${error.code}: ${error.message}` };
    services.logger.error({ component: name, error }, 'a part could not say how it is');
    const detail = 'failed in a way that is not foreseen; the log of the server says more';
    return { name, status, basis: 'unavailable', detail };
  } finally {
    clearTimeout(timer);
    // Who is late is not listened to any more.
    ending.abort(new MemoryError('ABORTED', `The question after the health of ${name} is over.`));
  }
}
