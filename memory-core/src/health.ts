// How each part of a program over a memory is, asked now and told with where that is known from. A part that does not
// answer is told as such, in time, and keeps nobody from telling how the others are.
import { isMemoryError, MemoryError, type MemoryErrorCode, throwIfAborted } from './errors.ts';
import type { Memory } from './memory.ts';
import { searchHealthText } from './search-health.ts';
import { learningHealthText } from './upkeep/learning-queue.ts';

/** `unknown`: nobody asked it, for there is nothing to ask yet, or something before it does not work. */
export const COMPONENT_STATUSES = ['ok', 'degraded', 'down', 'unknown'] as const;

/**
 * Where a status is known from. `measured`: it was asked now, and answered. `estimated`: from how it did when it was last
 * used. `unavailable`: nobody could say.
 */
export const BASES = ['measured', 'estimated', 'unavailable'] as const;

/** One part, in its outward form. */
export interface Component {
  readonly name: string;
  readonly status: (typeof COMPONENT_STATUSES)[number];
  readonly basis: (typeof BASES)[number];
  /** What was found, or why nothing was. */
  readonly detail: string;
  /** Of the error that it answered with. */
  readonly code?: MemoryErrorCode;
  /** What to do; only of what is degraded or down. */
  readonly advice?: string;
}

/** The whole. */
export interface Health {
  /** Without the store `down`; without any other part there is less. */
  readonly status: 'ok' | 'degraded' | 'down';
  readonly components: readonly Component[];
}

/** What a part says; `ok` and `measured` where it says no more. */
export interface Answer extends Partial<Pick<Component, 'status' | 'basis' | 'code' | 'advice'>> {
  readonly detail: string;
}

/** Asks a part how it is. What it throws is its answer as well. */
export type Question = (signal: AbortSignal) => Promise<Answer>;

/** A memory that is open, and what is told beside it. */
export interface MemoryParts {
  readonly memory: Pick<Memory, 'listEpisodes' | 'learningHealth' | 'searchHealth'>;
  /** Where the store is and whether it is encrypted, for people; without credentials. */
  readonly place?: (() => string) | undefined;
  /** What is known of the store from before, where that is another than is here now. */
  readonly lost?: (() => Promise<Answer | undefined>) | undefined;
  /** Whether the store can be written, or only read. */
  readonly access?: (() => 'read-write' | 'read-only') | undefined;
  /** Of a file that follows a database; absent where it follows none. */
  readonly replica?: FollowedDatabase | undefined;
  /** Sequence number of the newest journal entry. */
  readonly journalSeq?: (() => Promise<number>) | undefined;
  /** Whether there is a cache, with what it counted, and why not. */
  readonly cache?: (() => Promise<{ readonly isOpen: boolean; readonly detail: string }>) | undefined;
}

/** In place of a memory: there is none to be asked, and asking makes none. It is `unknown` unless it says more. */
export interface NoMemory {
  readonly absent: Answer;
}

/** A file that follows a database elsewhere. */
export interface FollowedDatabase {
  sync(): Promise<unknown>;
  state(): Promise<{ readonly primary: string; readonly syncedAt?: string; readonly problem?: string }>;
}

/** How long is waited. */
export interface HealthOptions {
  readonly signal?: AbortSignal | undefined;
  /** How long each part may take; the opening of the memory goes before all others. @default 5000 */
  readonly timeoutMs?: number | undefined;
  /** Told of what a part failed of in a way that is not foreseen; people are told that it did. */
  readonly onFault?: ((fault: { readonly component: string; readonly error: unknown }) => void) | undefined;
}

/** A memory and the other parts of a program, by their names. */
export interface Parts extends HealthOptions {
  readonly open: () => Promise<MemoryParts | NoMemory>;
  readonly others?: Iterable<readonly [name: string, question: Question]>;
}

/** Asks all parts at the same time. @throws `ABORTED` */
export async function healthOf({ open, others = [], ...options }: Parts): Promise<Health> {
  const ask: Ask = (name, question) => asked({ name, question, statusWithout: 'degraded' }, options);
  const askStore: AskStore = (question) => asked({ name: 'store', question, statusWithout: 'down' }, options);
  const components = (
    await Promise.all([memoryComponents(open, { ask, askStore }), ...[...others].map((each) => ask(...each))])
  ).flat();
  throwIfAborted(options.signal);
  return healthFrom(components);
}

/** What the parts make together. `essential` names those without which nothing works. */
export function healthFrom(components: readonly Component[], essential: readonly string[] = ['store']): Health {
  const isDown = components.some(({ name, status }) => essential.includes(name) && status === 'down');
  const isLess = components.some(({ status }) => status === 'degraded' || status === 'down');
  return { status: isDown ? 'down' : isLess ? 'degraded' : 'ok', components };
}

/** The answer of a part on its own, by the same rules. Never rejects. */
export function componentOf(
  name: string,
  question: Question,
  { statusWithout = 'degraded', ...options }: HealthOptions & { readonly statusWithout?: 'down' | 'degraded' } = {},
): Promise<Component> {
  return asked({ name, question, statusWithout }, options);
}

/** What goes wrong while it is brought up to date is in its state. */
export async function replicaAnswer(replica: FollowedDatabase): Promise<Answer> {
  await replica.sync().catch(() => undefined);
  const { primary, syncedAt, problem } = await replica.state();
  const synced = syncedAt === undefined ? 'never synced' : `synced ${syncedAt}`;
  const detail = `follows ${primary}, ${synced}`;
  if (problem === undefined) return { detail };
  const advice = `Look whether ${primary} is up and the token is right; what is here can be read meanwhile.`;
  return { status: 'degraded', detail: `${detail}; ${problem}`, advice };
}

/** Never rejects. */
type Ask = (name: string, question: Question) => Promise<Component>;
type AskStore = (question: Question) => Promise<Component>;

/** What is not there while the memory is not open. */
const BEHIND_THE_STORE = ['journal', 'cache', 'learning', 'search'];

async function memoryComponents(
  open: Parts['open'],
  { ask, askStore }: { readonly ask: Ask; readonly askStore: AskStore },
): Promise<readonly Component[]> {
  let opened: MemoryParts | undefined;
  const opening = await askStore(async () => {
    const found = await open();
    if ('absent' in found) return { status: 'unknown', ...found.absent };
    opened = found;
    return { detail: 'open' };
  });
  const parts = opened;
  if (parts === undefined) return [opening, ...BEHIND_THE_STORE.map(notAsked)];
  const { memory, replica, journalSeq, cache } = parts;
  return Promise.all([
    askStore((signal) => storeAnswer(parts, signal)),
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

async function storeAnswer({ memory, place, access, lost }: MemoryParts, signal: AbortSignal): Promise<Answer> {
  const startedMs = performance.now();
  for await (const _newest of memory.listEpisodes({ order: 'newest', limit: 1 }, { signal }));
  const took = `read in ${(performance.now() - startedMs).toFixed(1)} ms`;
  const detail = place === undefined ? took : `${took}, ${place()}`;
  const loss = await lost?.();
  if (loss !== undefined) return { status: 'degraded', ...loss, detail: `${loss.detail}; ${detail}` };
  if (access?.() !== 'read-only') return { detail };
  const advice = 'Let this user write to the file and its folder (chmod, chown), or mount them for writing.';
  return { status: 'degraded', detail: `read-only: nothing can be written; ${detail}`, advice };
}

async function cacheAnswer(cache: NonNullable<MemoryParts['cache']>): Promise<Answer> {
  const { isOpen, detail } = await cache();
  if (isOpen) return { detail };
  return { status: 'degraded', detail, advice: 'Nothing is lost, answers come later: see LMDB_CACHE_PATH.' };
}

/** What could not be learnt from stays owed. That is known from the last attempt: nothing is learnt to see whether it works. */
async function learningAnswer(memory: MemoryParts['memory'], signal: AbortSignal): Promise<Answer> {
  const health = await memory.learningHealth({ signal });
  const detail = learningHealthText(health);
  const advice = 'memory-cli pattern extract';
  if (health.problem !== undefined) return { status: 'degraded', basis: 'estimated', detail, advice };
  return health.overdue === undefined ? { detail } : { status: 'degraded', detail, advice };
}

/** An embedder that fails leaves search by words. It is not asked: that may cost money. */
async function searchAnswer(memory: MemoryParts['memory'], signal: AbortSignal): Promise<Answer> {
  const health = await memory.searchHealth({ signal });
  const detail = searchHealthText(health);
  const { problem, hasAnswered } = health.embedder ?? {};
  if (problem !== undefined) {
    const advice = 'Search is by words meanwhile. "memory-cli doctor" asks the embedder and says what is wrong.';
    return { status: 'degraded', basis: 'estimated', detail, advice };
  }
  if (hasAnswered === undefined) return { detail };
  return hasAnswered ? { basis: 'estimated', detail } : { status: 'unknown', basis: 'unavailable', detail };
}

interface Asked {
  readonly name: string;
  readonly question: Question;
  /** What the whole is without the part. */
  readonly statusWithout: 'down' | 'degraded';
}

async function asked(
  { name, question, statusWithout: status }: Asked,
  { signal, timeoutMs = 5_000, onFault }: HealthOptions,
): Promise<Component> {
  const ending = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<Answer>((resolve) => {
    const detail = `no answer in ${timeoutMs / 1_000} s`;
    const answer: Answer = { status, basis: 'unavailable', detail, advice: BUSY };
    timer = setTimeout(resolve, timeoutMs, answer);
    // Nobody waits any more: whoever asked throws.
    const giveUp = (): void => resolve({ status, basis: 'unavailable', detail: 'not waited for' });
    if (signal?.aborted) giveUp();
    signal?.addEventListener('abort', giveUp, { signal: ending.signal });
  });
  try {
    return { name, status: 'ok', basis: 'measured', ...(await Promise.race([question(ending.signal), late])) };
  } catch (error) {
    if (isMemoryError(error)) {
      const { code, message } = error;
      return { name, status, basis: 'measured', detail: `${code}: ${message}`, code, ...adviceFor(code) };
    }
    onFault?.({ component: name, error });
    const detail = 'failed in a way that is not foreseen; the log says more';
    return { name, status, basis: 'unavailable', detail, advice: 'memory-cli logs tail' };
  } finally {
    clearTimeout(timer);
    // Who is late is not listened to any more.
    ending.abort(new MemoryError('ABORTED', `The question after the health of ${name} is over.`));
  }
}

const BUSY = 'Ask again in a moment; "memory-cli doctor" says who holds the database.';

/** What people can do about an error beyond what its message says. */
const ADVICE: Partial<Readonly<Record<MemoryErrorCode, string>>> = Object.freeze({
  STORE_UNAVAILABLE: BUSY,
  STORE_FAILED: '"memory-cli doctor" looks at folder, disk and permissions.',
  STORE_CORRUPT: 'memory-cli storage verify',
});

function adviceFor(code: MemoryErrorCode): Pick<Component, 'advice'> {
  const advice = ADVICE[code];
  return advice === undefined ? {} : { advice };
}
