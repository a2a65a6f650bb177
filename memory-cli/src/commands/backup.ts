// backup create, list, verify, restore, prune.
import { basename } from 'node:path';
import { EXIT_CODES, MemoryError } from '@episodica/memory-core';
import type { BackupEntry, Place, RestorePlan, RestoreReceipt } from '@episodica/memory-storage-turso';
import { type Invocation, readKey, useDatabaseFile, useStore } from '../open.ts';
import { localTime, print, table } from '../output.ts';
import { withElapsed } from '../progress.ts';
import { bytesText, countsText } from './amounts.ts';
import { confirm } from './confirm.ts';
import { withCopyProgress } from './copy-progress.ts';
import { deleteCaches } from './erase.ts';

/** A backup with another key than that of the store. */
export interface KeyFlags {
  readonly keyFile?: string;
}

/** Flags of `backup restore`. */
export interface RestoreFlags extends KeyFlags {
  readonly yes?: boolean;
  readonly force?: boolean;
  readonly dryRun?: boolean;
  readonly withForgotten?: boolean;
}

/** Flags of `backup prune`. */
export interface PruneFlags {
  readonly keep?: number;
  readonly olderThan?: number;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Keeps all that is stored in one verified file. */
export async function create(invocation: Invocation, file: string | undefined): Promise<number> {
  const { backupPathAt } = await import('@episodica/memory-storage-turso');
  const receipt = await useDatabaseFile(invocation, ({ path }) =>
    useStore(invocation, (store) =>
      withCopyProgress('backup', (onProgress) =>
        store.backup(file ?? backupPathAt(path, new Date()), { signal: invocation.signal, onProgress }),
      ),
    ),
  );
  const { path, sizeBytes, schema, journalSeq, counts, tookMs } = receipt;
  const result = {
    path,
    size_bytes: sizeBytes,
    schema,
    journal_seq: journalSeq,
    counts,
    verified: true,
    took_ms: tookMs,
  };
  await print(
    invocation.format,
    { ...result, took_ms: Math.round(tookMs) },
    () => `${path}\n${countsText(counts)} in ${bytesText(sizeBytes)}, verified.`,
  );
  return 0;
}

/** Lists the folder of backups, newest first. */
export async function list(invocation: Invocation): Promise<number> {
  const { listBackups, needsOtherKey } = await import('@episodica/memory-storage-turso');
  const entries = await useDatabaseFile(invocation, async ({ path, encryptionKey }) =>
    (await listBackups(path, { encryptionKey })).map((entry) => ({
      ...entry,
      isLocked: entry.held === undefined && needsOtherKey(entry.path, encryptionKey),
    })),
  );
  await print(invocation.format, { backups: entries.map(toListed) }, () => {
    if (entries.length === 0) return 'There are no backups yet. `memory-cli backup create` makes one.';
    const columns = [
      { heading: 'MADE' },
      { heading: 'SIZE', align: 'right' as const },
      { heading: 'EPISODES', align: 'right' as const },
      { heading: 'SCHEMA', align: 'right' as const },
      { heading: 'VERIFIED' },
      { heading: 'ENCRYPTED' },
      { heading: 'FILE' },
    ];
    return table(columns, entries.map(toRow), WHOLE_PATHS);
  });
  return 0;
}

/** Reads a backup from end to end; findings are an exit code of their own. */
export async function verify(invocation: Invocation, file: string, { keyFile }: KeyFlags): Promise<number> {
  const { verifyBackup } = await import('@episodica/memory-storage-turso');
  const { path, sizeBytes, ok, findings, stats, isSealed, isEncrypted } = await withElapsed('verify', async () =>
    verifyBackup(file, { encryptionKey: await readKey(invocation, keyFile), signal: invocation.signal }),
  );
  const held = stats && {
    schema: stats.schema,
    journal_seq: stats.journalSeq,
    counts: stats.counts,
    newest_episode_at: stats.newestEpisodeAt,
  };
  const result = {
    ok,
    findings,
    path,
    size_bytes: sizeBytes,
    ...held,
    verified_when_made: isSealed,
    encrypted: isEncrypted,
  };
  await print(invocation.format, result, () =>
    [
      ok ? `${path} is whole.` : `${path} is not whole, or cannot be read here:`,
      ...findings.map((finding) => `- ${finding}`),
      ...(stats === undefined ? [] : [`It holds ${countsText(stats.counts)}, schema ${stats.schema}.`]),
      ...(isEncrypted === true ? ['It is encrypted.'] : []),
      ...(stats?.newestEpisodeAt === undefined
        ? []
        : [`The newest episode began ${localTime(stats.newestEpisodeAt)}.`]),
    ].join('\n'),
  );
  return ok ? 0 : EXIT_CODES.STORE_CORRUPT;
}

/** Puts a backup in the place of the store in use. */
export async function restore(invocation: Invocation, file: string, flags: RestoreFlags): Promise<number> {
  const { planRestore, restoreBackup } = await import('@episodica/memory-storage-turso');
  return useDatabaseFile(invocation, async ({ url, cachePath, encryptionKey, primary }) => {
    if (primary !== undefined) throw isReplica(primary);
    const ends = { from: file, url, encryptionKey, backupKey: await readKey(invocation, flags.keyFile) };
    if (flags.dryRun === true) {
      await printPlan(invocation, await planRestore(ends));
      return 0;
    }
    const receipt = await withCopyProgress('restore', (onProgress) =>
      restoreBackup({
        ...ends,
        replace: flags.force === true,
        bringBackForgotten: flags.withForgotten === true,
        signal: invocation.signal,
        onProgress,
        async agree(plan) {
          if (isHolding(plan.place)) await confirm(questionOf(plan), { yes: flags.yes, signal: invocation.signal });
        },
      }),
    );
    // The restored store begins a cache of its own; that of the old one would lie there for good.
    await deleteCaches(cachePath);
    const isEncrypted = encryptionKey !== undefined;
    const otherKeyFile = isEncrypted && ends.backupKey !== encryptionKey ? flags.keyFile : undefined;
    await printReceipt(invocation, receipt, { isEncrypted, otherKeyFile });
    return 0;
  });
}

function isReplica(primary: string): MemoryError {
  const what = `The store is a replica: what it holds comes from ${primary}, which keeps its own backups`;
  return new MemoryError('NOT_SUPPORTED', `${what}. Unset TURSO_SYNC_URL and name a file as DATABASE_URL.`);
}

/** Deletes old backups. */
export async function prune(invocation: Invocation, flags: PruneFlags): Promise<number> {
  const { keep, olderThan } = flags;
  if (keep === undefined && olderThan === undefined) {
    throw new MemoryError('INVALID_INPUT', 'prune: say which may go, by --keep N, --older-than DAYS or both.');
  }
  const { deleteBackups, listBackups, staleBackups } = await import('@episodica/memory-storage-turso');
  const entries = await useDatabaseFile(invocation, ({ path, encryptionKey }) => listBackups(path, { encryptionKey }));
  const limits = {
    ...(keep === undefined ? {} : { keep }),
    ...(olderThan === undefined ? {} : { olderThanDays: olderThan }),
  };
  const stale = staleBackups(entries, limits, new Date());
  const locked = entries.filter(({ isOwn, isOpen }) => isOwn && !isOpen).map(({ path }) => path);
  const sizeBytes = stale.reduce((sum, entry) => sum + entry.sizeBytes, 0);
  const amount = `${stale.length} of ${entries.length} backups, ${bytesText(sizeBytes)}`;
  if (stale.length > 0 && flags.dryRun !== true) {
    const names = stale.map(({ path }) => `  ${path}`).join('\n');
    const question = `${names}\nDelete ${amount}? This cannot be undone.`;
    await confirm(question, { yes: flags.yes, signal: invocation.signal });
    await deleteBackups(stale);
  }
  const result = {
    dry_run: flags.dryRun === true,
    deleted: stale.map(({ path }) => path),
    locked,
    size_bytes: sizeBytes,
    kept: entries.length - stale.length,
  };
  await print(invocation.format, result, () => {
    const verb = flags.dryRun === true ? 'Would delete' : 'Deleted';
    const lines =
      stale.length === 0
        ? [`Nothing to delete: ${entries.length} backups stay.`]
        : [`${verb} ${amount}:`, ...stale.map(({ path }) => `  ${path}`)];
    return [...lines, ...lockedText(locked)].join('\n');
  });
  return 0;
}

function lockedText(paths: readonly string[]): readonly string[] {
  if (paths.length === 0) return [];
  const what = 'These do not open with the key that is set, if there is one, and stay';
  const advice = 'Set their key (MEMORY_ENCRYPTION_KEY_FILE) and prune again, or delete them by hand';
  return [`${what}. ${advice}:`, ...paths.map((path) => `  ${path}`)];
}

/** Paths are shown whole: a cut one cannot be copied. */
const WHOLE_PATHS = 10_000;

interface ListedBackup extends BackupEntry {
  /** It has another key than the store: no sign of damage. */
  readonly isLocked: boolean;
}

function toListed({ path, sizeBytes, at, wasVerified, held, problem, isLocked }: ListedBackup): object {
  const contents = held && {
    schema: held.schema,
    episodes: held.episodeCount,
    journal_seq: held.journalSeq,
    encrypted: held.isEncrypted,
  };
  const known = { name: basename(path), path, at, size_bytes: sizeBytes, verified_when_made: wasVerified, ...contents };
  return problem === undefined ? known : { ...known, ...(isLocked ? { encrypted: true } : {}), problem };
}

function toRow({ path, sizeBytes, at, wasVerified, held, problem, isLocked }: ListedBackup): readonly string[] {
  const unread = isLocked ? 'another key' : 'unreadable';
  const isVerified = problem === undefined ? (wasVerified ? 'when made' : 'no') : unread;
  const [episodes, schema] = held === undefined ? ['', ''] : [String(held.episodeCount), String(held.schema)];
  const encrypted = held === undefined && !isLocked ? '' : (held?.isEncrypted ?? isLocked) ? 'yes' : 'no';
  return [localTime(at), bytesText(sizeBytes), episodes, schema, isVerified, encrypted, path];
}

function isHolding(place: Place): boolean {
  return place.state === 'in use' || place.state === 'unreadable';
}

function placeText({ path, place }: RestorePlan): string {
  switch (place.state) {
    case 'missing':
      return `There is no store at ${path} yet.`;
    case 'empty':
      return `The store ${path} is empty.`;
    case 'in use':
      return `The store ${path} holds ${place.episodeCount} episodes; it will be kept under another name.`;
    case 'unreadable':
      return `The store ${path} cannot be read; it will be kept under another name.`;
  }
}

function questionOf(plan: RestorePlan): string {
  return `${placeText(plan)}\nReplace it by the ${plan.backup.stats?.counts.episode ?? 0} episodes of ${plan.backup.path}?`;
}

async function printPlan({ format }: Invocation, plan: RestorePlan): Promise<void> {
  const { backup, path, place } = plan;
  const needsForce = isHolding(place);
  const result = {
    dry_run: true,
    path,
    from: backup.path,
    episodes: backup.stats?.counts.episode,
    schema: backup.stats?.schema,
    place: place.state,
    needs_force: needsForce,
  };
  await print(format, result, () =>
    [
      `${backup.path} is whole and holds ${backup.stats?.counts.episode ?? 0} episodes.`,
      placeText(plan),
      ...(needsForce ? ['Only --force replaces it.'] : []),
    ].join('\n'),
  );
}

interface RestoredKey {
  readonly isEncrypted: boolean;
  /** Where a key of the backup is that is not the one of the store. */
  readonly otherKeyFile: string | undefined;
}

async function printReceipt(
  { format }: Invocation,
  receipt: RestoreReceipt,
  { isEncrypted, otherKeyFile }: RestoredKey,
): Promise<void> {
  const { path, from, identity, sizeBytes, schema, journalSeq, counts, replaced, forgottenAgain, tookMs } = receipt;
  const result = {
    path,
    from,
    identity,
    size_bytes: sizeBytes,
    schema,
    journal_seq: journalSeq,
    counts,
    replaced: replaced ?? null,
    forgotten_again: forgottenAgain,
    encrypted: isEncrypted,
    took_ms: Math.round(tookMs),
  };
  await print(format, result, () =>
    [
      `Restored ${countsText(counts)} to ${path}.`,
      ...(isEncrypted ? [restoredKeyText(otherKeyFile)] : []),
      ...(replaced === undefined ? [] : [`What was there is kept as ${replaced}.`]),
      ...forgottenText(forgottenAgain),
    ].join('\n'),
  );
}

function restoredKeyText(otherKeyFile: string | undefined): string {
  const what = 'It is encrypted with the key that is set';
  return otherKeyFile === undefined ? `${what}.` : `${what}, and no longer opens with the one in ${otherKeyFile}.`;
}

function forgottenText(count: RestoreReceipt['forgottenAgain']): readonly string[] {
  if (count === 'unknown') {
    return ['There was no store to read from what was forgotten since the backup: that may be back.'];
  }
  return count === 0
    ? []
    : [`${count} episodes that had been forgotten since were left out (--with-forgotten keeps them).`];
}
