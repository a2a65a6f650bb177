// health check: what works now, each part asked and not assumed.
import { type Answer, type Health, healthOf, type MemoryParts } from '@episodica/memory-core/health';
import type { CacheState } from '../memory-over-store.ts';
import { type Invocation, type Opened, readSettings, useMemoryLater } from '../open.ts';
import { print } from '../output.ts';
import { absentStore } from './absent-store.ts';
import { componentsText, encryptionText, exitCodeOf } from './components.ts';

/** Answers the exit code of the store's error when the store is down. */
export async function check(invocation: Invocation, version: string): Promise<number> {
  const health = await lookAt(invocation);
  const { status, components } = health;
  const result = { status, version, uptime_ms: Math.round(process.uptime() * 1_000), components };
  await print(invocation.format, result, () => `${status} (memory-cli ${version})\n${componentsText(components)}`);
  return exitCodeOf(health);
}

/** The store that a watch began with, as it last was. */
export interface KnownStore {
  readonly identity: string;
  readonly journalSeq: number;
  /** What became of it, once it was found to be another; that holds until the watch is begun anew. */
  readonly loss?: string;
}

/** For each part. All of them begin anew for a look, which on a machine at work takes longer than in a server. */
const LONGEST_MS = 20_000;

/** Remembers what one look after the other finds. */
export interface Memento {
  store?: KnownStore;
}

/**
 * What a program that begins now finds: everything is opened for this look, and closed behind it. A store
 * that is not there is not made.
 * @throws what is wrong with the settings, which is the user's to correct; `ABORTED`
 */
export async function lookAt(invocation: Invocation, memento: Memento = {}): Promise<Health> {
  await readSettings(invocation);
  return useMemoryLater(invocation, (open) =>
    healthOf({
      open: async () => {
        const path = await absentStore(invocation);
        return path === undefined ? partsOf(await open(), memento) : { absent: absentAnswer(path, memento) };
      },
      others: [['sandbox', sandboxAnswer]],
      signal: invocation.signal,
      timeoutMs: LONGEST_MS,
      onFault: ({ component, error }) => invocation.warn(`${component}: ${faultText(error)}`),
    }),
  );
}

function absentAnswer(path: string, { store }: Memento): Answer {
  if (store === undefined) return { detail: `no store yet at ${path}: the first episode makes it` };
  return { status: 'down', detail: `the store is gone from ${path}`, advice: BRING_BACK };
}

const BRING_BACK = 'Bring it back ("memory-cli backup list"), or begin the watch anew if this was meant.';

/** Another store under the same name, or an older state of the same, is told once and for all. */
async function lossOf({ store }: Opened, memento: Memento): Promise<Answer | undefined> {
  const { identity } = store;
  const journalSeq = (await store.changes(0, { limit: 1 })).seq;
  const known = memento.store;
  const isOther = known !== undefined && known.identity !== identity;
  const isOlder = known !== undefined && known.journalSeq > journalSeq;
  const wentBack = `its journal went back from ${known?.journalSeq} to ${journalSeq}`;
  const loss = known?.loss ?? (isOther ? 'another store has taken its place' : isOlder ? wentBack : undefined);
  memento.store = { identity, journalSeq, ...(loss === undefined ? {} : { loss }) };
  return loss === undefined ? undefined : { detail: loss, advice: BRING_BACK };
}

function partsOf(opened: Opened, memento: Memento): MemoryParts {
  const { memory, store, cache } = opened;
  return {
    memory,
    lost: () => lossOf(opened, memento),
    place: () => `${store.place}, ${encryptionText(opened)}`,
    access: () => store.access,
    replica: store.replica,
    journalSeq: async () => (await store.changes(0, { limit: 1 })).seq,
    cache: () => cacheState(cache),
  };
}

async function cacheState({ path, problem, stats: count }: CacheState) {
  const stats = await count?.();
  if (stats === undefined) return { isOpen: false, detail: problem ?? `not open, ${path}` };
  const { statsText } = await import('@episodica/memory-storage-lmdb');
  const isOpen = stats.state === 'open' || stats.state === 'examining';
  return { isOpen, detail: `${statsText(stats)}, ${path}` };
}

const REINSTALL = 'Install memory-cli again; "memory-cli eval 1+1" shows whether programs run then.';

async function sandboxAnswer(): Promise<Answer> {
  const startedMs = performance.now();
  try {
    const { openSandbox } = await import('@episodica/memory-mcp/sandbox');
    const sandbox = openSandbox({ warmWorkers: 1, maxWorkers: 1 });
    try {
      const run = await sandbox.run({ code: '1 + 1' });
      const tookMs = performance.now() - startedMs;
      if (run.ok) return { detail: `first program ran in ${tookMs.toFixed(0)} ms` };
      return { status: 'down', detail: `${run.error.code}: ${run.error.message}`, advice: REINSTALL };
    } finally {
      await sandbox.close();
    }
  } catch (error) {
    return { status: 'down', detail: faultText(error), advice: REINSTALL };
  }
}

function faultText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
