// A store gets another key, its first one, or none: written anew beside the old file, and put in its place in one step.
import { rm } from 'node:fs/promises';
import { dirname } from 'node:path';
import { MemoryError, pathOf, throwIfAborted } from '@episodica/memory-core/backend';
import type { Kind } from '@episodica/memory-core/ports';
import { type CopyOptions, copying, describeDatabase, notWhole, onFile } from './backup.ts';
import { clearLeftovers, isNamedByUs, otherCopiesOf } from './copies.ts';
import type { DatabaseContents } from './copy.ts';
import { checkedKey } from './encryption-key.ts';
import { fits, fittingKey } from './engine.ts';
import { exchange, type LockedFile, removeUnfinishedAsides, whileLocked } from './exchange.ts';
import { realPathOf, sizeAt } from './file-state.ts';
import { discard, fileFailure, newFileFor, syncFile, syncFolder } from './new-file.ts';

/** Which store, and what it is to be encrypted with. */
export interface RekeyOptions extends CopyOptions {
  /** `file:` URL of the store. */
  readonly url: string;
  /** What it is encrypted with. A store that is plain is taken as it is. */
  readonly encryptionKey?: string | undefined;
  /** What it is encrypted with from now on; `undefined`: with nothing. */
  readonly newKey: string | undefined;
  /** Delete the copies that do not have the new key, as far as their names tell that they are ours. @default false */
  readonly deleteOldCopies?: boolean;
  /** Asked when the store has been looked at; when it rejects, all is left as it is. */
  readonly agree?: (plan: RekeyPlan) => Promise<void>;
  /** How long to wait for others that use the store. @default 5000 */
  readonly waitMs?: number;
}

/** What changing the key would do. */
export interface RekeyPlan {
  readonly path: string;
  readonly wasEncrypted: boolean;
  readonly isEncrypted: boolean;
  readonly episodeCount: number;
  /** Other files here that hold what the store holds or held, and don't open with the new key. */
  readonly oldCopies: OldCopies;
}

/** Copies by whether their names tell that this program made them of this store: only those are ever deleted. */
export interface OldCopies {
  readonly ours: readonly string[];
  readonly others: readonly string[];
}

/** What is in place now. */
export interface RekeyReceipt {
  readonly path: string;
  readonly wasEncrypted: boolean;
  readonly isEncrypted: boolean;
  /** The name that the store goes by. It is a new one: a cache that was kept under the old one is not used again. */
  readonly identity: string;
  readonly sizeBytes: number;
  readonly schema: number;
  readonly counts: Readonly<Record<Kind, number>>;
  /** Copies that don't have the new key and are still there. */
  readonly oldCopies: readonly string[];
  readonly deletedCopies: readonly string[];
  readonly tookMs: number;
}

/**
 * Looks at the store and its copies, and changes nothing.
 * @throws `NOT_FOUND`, `STORE_CORRUPT` also for a key that does not fit
 */
export async function planRekey(options: Omit<RekeyOptions, 'agree'>): Promise<RekeyPlan> {
  const path = realPathOf(pathOf(options.url));
  const newKey = checkedKey(options.newKey);
  if (sizeAt(path) === 0) {
    throw new MemoryError(
      'NOT_FOUND',
      `There is no store at ${path}; one that is made with a key has it from the start.`,
    );
  }
  const { encryptionKey } = options;
  const { isEncrypted: wasEncrypted, episodeCount } = await describeDatabase(path, { use: 'looking', encryptionKey });
  return { path, wasEncrypted, isEncrypted: newKey !== undefined, episodeCount, oldCopies: oldCopiesOf(options) };
}

/**
 * Writes the store anew with the new key. Whatever happens, and when, the old file or the new one is there, whole; then
 * nothing is left of the old one and its log. Writers are held up from beginning to end, and processes that have the
 * store open write nothing more: they have to be started again with the new key. The same key may be given again.
 * @throws `STORE_UNAVAILABLE` while others keep the store busy, `STORE_CORRUPT` when it is not whole, and what
 * `planRekey` throws
 */
export async function rekeyStore(options: RekeyOptions): Promise<RekeyReceipt> {
  const startedMs = performance.now();
  const plan = await planRekey(options);
  const { path, wasEncrypted, isEncrypted } = plan;
  await options.agree?.(plan);
  const known = checkedKey(options.encryptionKey);
  const encryptionKey = known === undefined ? undefined : fittingKey(path, [known]);
  const newKey = checkedKey(options.newKey);
  try {
    for (const place of placesOf(options.url)) await clearLeftovers(place);
    const old = { path, encryptionKey, waitMs: options.waitMs ?? DEFAULT_WAIT_MS };
    const { stats, identity } = await writeAnew(old, newKey, options);
    const { ours, others } = oldCopiesOf(options);
    const deletedCopies = options.deleteOldCopies === true ? ours : [];
    await deleteCopies(deletedCopies);
    return {
      path,
      wasEncrypted,
      isEncrypted,
      identity,
      sizeBytes: stats.sizeBytes,
      schema: stats.schema,
      counts: stats.counts,
      oldCopies: [...ours.filter((copy) => !deletedCopies.includes(copy)), ...others],
      deletedCopies,
      tookMs: performance.now() - startedMs,
    };
  } catch (error) {
    throw fileFailure(error, `change the key of the store ${path}`);
  }
}

const DEFAULT_WAIT_MS = 5_000;

type Whole = Required<Pick<DatabaseContents, 'stats' | 'identity'>>;

/** Nothing is written to the old file from the moment of the copy: what is acknowledged is in the new one. */
async function writeAnew(old: LockedFile, newKey: string | undefined, options: CopyOptions): Promise<Whole> {
  const { path, encryptionKey, waitMs } = old;
  const file = await newFileFor(path);
  try {
    return await whileLocked(old, async () => {
      const order = { to: file, encryption: { key: newKey } };
      const report = await onFile({ path, use: 'looking', encryptionKey }, (run) => copying(run, order, options));
      const copy = { path: file, use: 'alone', encryptionKey: newKey } as const;
      const contents = await onFile(copy, (run) => run('renew', report, options.signal));
      const { ok, stats, identity } = contents;
      if (!ok || stats === undefined || identity === undefined) {
        throw notWhole(`The store ${path} is left as it is: what was written anew`, contents);
      }
      await syncFile(file);
      throwIfAborted(options.signal);
      // A second name would keep the old file.
      await removeUnfinishedAsides(path);
      await exchange(file, { path, encryptionKey: newKey, waitMs });
      return { stats, identity };
    });
  } finally {
    await discard(file);
  }
}

/** A log is no database, and goes or stays with the one it belongs to. */
function oldCopiesOf({ url, newKey }: Pick<RekeyOptions, 'url' | 'newKey'>): OldCopies {
  const places = placesOf(url);
  const files = [...new Set(places.flatMap(otherCopiesOf))].filter((file) => !places.includes(file));
  const databaseOf = (file: string): string => {
    const database = file.replace(/-(?:wal|shm|journal)$/u, '');
    return files.includes(database) ? database : file;
  };
  const isOurs = (file: string): boolean => places.some((place) => isNamedByUs(place, databaseOf(file)));
  const key = checkedKey(newKey);
  const old = files.filter((file) => !fits(databaseOf(file), key));
  return { ours: old.filter(isOurs), others: old.filter((file) => !isOurs(file)) };
}

/** Copies lie beside the name that a store is used by, which may be a link, and beside its file. */
function placesOf(url: string): readonly string[] {
  const path = pathOf(url);
  return [...new Set([path, realPathOf(path)])];
}

async function deleteCopies(paths: readonly string[]): Promise<void> {
  for (const path of paths) await rm(path, { force: true });
  for (const folder of new Set(paths.map((path) => dirname(path)))) await syncFolder(folder);
}
