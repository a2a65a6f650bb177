// What a store offers to those who look after it: figures, verification, backups, and room given back.
import { MemoryError } from '@episodica/memory-core/backend';
import type { CallOptions } from '@episodica/memory-core/ports';
import { type BackupReceipt, type CopyOptions, createBackup } from './backup.ts';
import type { Connection } from './connection.ts';
import { clearLeftovers, otherCopiesOf } from './copies.ts';
import type { EraseReport, VacuumReport } from './erase.ts';
import type { StoreStats } from './inspect.ts';
import type { RunJob } from './jobs.ts';
import type { Verification } from './verify.ts';

/**
 * The verbs for looking after a store. Their cost grows with it, so each has a thread of its own, which ends soon with
 * `ABORTED` when the caller gives up; what it was at is then undone. What needs the file is
 * `NOT_SUPPORTED` for a store that is reached over a network.
 */
export interface StoreCare {
  stats(): Promise<StoreStats>;
  /** Checks everything that can be checked. Reads the whole store: its cost grows with it. */
  verify(options?: CallOptions): Promise<Verification>;
  /**
   * Makes every index anew from what it is an index of, the text indexes from the terms that they keep, and verifies.
   * @throws `STORE_CORRUPT` where more than indexes is damaged; nothing is changed then
   */
  repair(options?: CallOptions): Promise<Verification>;
  /**
   * Keeps all that is in the store in one new file, while others read and write. It is there, whole, verified and
   * durable, or there is nothing new.
   * @throws `INVALID_INPUT` when there is a file of that name, `STORE_CORRUPT` when the store is not whole,
   * `STORE_FAILED` when the place cannot be written, `ABORTED`
   */
  backup(path: string, options?: CopyOptions): Promise<BackupReceipt>;
  /** Gives free pages back. @throws `STORE_UNAVAILABLE` while others keep the store busy */
  vacuum(options?: CallOptions): Promise<VacuumReceipt>;
  /**
   * Leaves nothing of what was deleted in the file and its log; says so when it could not. Backups and other copies
   * are left as they are, and named.
   */
  erase(options?: CallOptions): Promise<EraseReceipt>;
  /** Writes something that changes nothing. @throws `STORE_UNAVAILABLE`, `STORE_FAILED` when nothing can be written */
  probe(): Promise<{ readonly writeMs: number }>;
}

/** Sizes of the file with its log. */
export type VacuumReceipt = VacuumReport & { readonly tookMs: number };

/** Whether nothing is left, and which other files may still hold it. */
export type EraseReceipt = EraseReport & { readonly tookMs: number; readonly otherCopies: readonly string[] };

/** What the verbs need of the store: `call` refuses when it is closed, and translates what the engine says. */
export interface CareSetup {
  readonly place: string;
  readonly reach: Connection['reach'];
  readonly run: RunJob;
  /** Of the file, if it has one. */
  readonly encryptionKey?: string | undefined;
  /** How long to wait for those who read from a log that is to be emptied. @default 5000 */
  readonly busyTimeoutMs?: number | undefined;
  call<T>(action: string, signal: CallOptions['signal'], work: () => Promise<T>): Promise<T>;
}

/** The verbs over the jobs of one store. */
export function careOf(setup: CareSetup): StoreCare {
  const { place, reach, run, call } = setup;
  return {
    stats: () => call('read', undefined, () => run('stats', undefined)),
    verify: (options) => call('verify', options?.signal, () => run('verify', undefined, options?.signal)),
    probe: () => call('write to', undefined, async () => ({ writeMs: await run('probeWrite', undefined) })),
    ...(reach === 'network' ? careElsewhere(place) : careOfFile(setup)),
  };
}

type FileCare = Pick<StoreCare, 'repair' | 'backup' | 'vacuum' | 'erase'>;

/** Who has the file does that. */
function careElsewhere(place: string): FileCare {
  const refuse = (what: string, advice: string) => async (): Promise<never> => {
    throw new MemoryError('NOT_SUPPORTED', `Cannot ${what} the store ${place}: it is not a file here. ${advice}.`);
  };
  const copy = '"memory-cli storage migrate --to file:PATH" makes a copy in a file here';
  return {
    repair: refuse('repair', `Restore it at its host; ${copy} of what can be read`),
    backup: refuse('back up', `Its host has backups of its own; ${copy}, and a whole one`),
    vacuum: refuse('vacuum', 'Its host looks after its room'),
    erase: refuse('erase what was deleted from', `What was forgotten is gone for every reader; ${copy} without it`),
  };
}

function careOfFile({ place, run, encryptionKey, busyTimeoutMs: waitMs = 5_000, call }: CareSetup): FileCare {
  return {
    repair: (options) => call('repair', options?.signal, () => run('repair', undefined, options?.signal)),
    backup: (path, options) =>
      call('back up', options?.signal, async () => {
        await clearLeftovers(place);
        return createBackup({ run, encryptionKey }, path, options);
      }),
    vacuum: ({ signal } = {}) => call('vacuum', signal, () => timed(() => run('vacuum', { waitMs }, signal))),
    erase: ({ signal } = {}) =>
      call('erase what was deleted from', signal, () =>
        timed(async () => {
          await clearLeftovers(place);
          const report = await run('erase', { waitMs }, signal);
          return { ...report, otherCopies: otherCopiesOf(place) };
        }),
      ),
  };
}

async function timed<T extends object>(work: () => Promise<T>): Promise<T & { readonly tookMs: number }> {
  const startedMs = performance.now();
  const result = await work();
  return { ...result, tookMs: performance.now() - startedMs };
}
