// storage rekey: another key for the store, its first one, or none.
import { resolve } from 'node:path';
import { MemoryError } from '@episodica/memory-core';
import type { RekeyPlan, RekeyReceipt } from '@episodica/memory-storage-turso';
import { type Invocation, readNewKey, useDatabaseFile } from '../open.ts';
import { print } from '../output.ts';
import { bytesText, countsText } from './amounts.ts';
import { confirm } from './confirm.ts';
import { withCopyProgress } from './copy-progress.ts';
import { deleteCaches } from './erase.ts';

/** Flags of `storage rekey`. */
export interface RekeyFlags {
  readonly newKeyFile?: string;
  readonly remove?: boolean;
  readonly deleteOldCopies?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/**
 * Writes the store anew with the new key, and deletes the caches that were kept of it: before, as nobody finds them any
 * more when this ends behind the exchange, and after, as others may have begun new ones meanwhile.
 */
export async function rekey(invocation: Invocation, flags: RekeyFlags): Promise<number> {
  const { planRekey, rekeyStore } = await import('@episodica/memory-storage-turso');
  return useDatabaseFile(invocation, async ({ url, cachePath, encryptionKey }) => {
    const newKey = await newKeyOf(flags, encryptionKey);
    const store = { url, encryptionKey, newKey, deleteOldCopies: flags.deleteOldCopies === true };
    if (flags.dryRun === true) {
      await printPlan(invocation, await planRekey(store));
      return 0;
    }
    const receipt = await withCopyProgress('rekey', (onProgress) =>
      rekeyStore({
        ...store,
        signal: invocation.signal,
        onProgress,
        async agree(plan) {
          // To give a key takes nothing away; the copies do not come back, and what is in plain text was read by then.
          const question = questionOf(plan, flags);
          if (question !== undefined) await confirm(question, { yes: flags.yes, signal: invocation.signal });
          // What cannot be deleted now is told at the end, if it still cannot be then.
          await deleteCaches(cachePath);
        },
      }),
    );
    // Each was made under the old key, or in plain text.
    const problem = await deleteCaches(cachePath);
    const advice = adviceOf(receipt, { isSet: newKey === encryptionKey, newKeyFile: flags.newKeyFile });
    await printReceipt(invocation, receipt, { advice, problem });
    return 0;
  });
}

/** A store that is plain although a key is set gets that one, unless another is given. */
async function newKeyOf(flags: RekeyFlags, encryptionKey: string | undefined): Promise<string | undefined> {
  const newKey = await readNewKey(flags.newKeyFile);
  if (flags.remove === true) {
    if (newKey === undefined) return undefined;
    throw new MemoryError(
      'INVALID_INPUT',
      '--remove: takes the key away, and a new one is given. Choose one of the two.',
    );
  }
  const key = newKey ?? encryptionKey;
  if (key !== undefined) return key;
  const advice =
    'name a file with --new-key-file, or set MEMORY_NEW_ENCRYPTION_KEY. Make one with: openssl rand -hex 32';
  throw new MemoryError('INVALID_INPUT', `There is no new key: ${advice}`);
}

function questionOf(plan: RekeyPlan, flags: RekeyFlags): string | undefined {
  const { ours } = plan.oldCopies;
  const lines = [
    ...(plan.wasEncrypted && !plan.isEncrypted ? [`The store ${plan.path} will lie there in plain text.`] : []),
    ...(flags.deleteOldCopies === true && ours.length > 0
      ? ['These copies will be deleted for good:', ...ours.map((path) => `  ${path}`)]
      : []),
  ];
  return lines.length === 0 ? undefined : `${lines.join('\n')}\nGo on?`;
}

async function printPlan({ format }: Invocation, plan: RekeyPlan): Promise<void> {
  const { path, wasEncrypted, isEncrypted, episodeCount, oldCopies } = plan;
  const copies = [...oldCopies.ours, ...oldCopies.others];
  const result = {
    dry_run: true,
    path,
    was_encrypted: wasEncrypted,
    encrypted: isEncrypted,
    episodes: episodeCount,
    old_copies: copies,
  };
  await print(format, result, () =>
    [`Would write the ${episodeCount} episodes of ${path} anew, ${stateText(plan)}.`, ...copiesText(copies)].join('\n'),
  );
}

interface Aftermath {
  /** What the user has to do now. */
  readonly advice: string;
  readonly problem: string | undefined;
}

async function printReceipt(
  { format }: Invocation,
  receipt: RekeyReceipt,
  { advice, problem }: Aftermath,
): Promise<void> {
  const { path, wasEncrypted, isEncrypted, identity, sizeBytes, schema, counts, oldCopies, deletedCopies } = receipt;
  const result = {
    path,
    was_encrypted: wasEncrypted,
    encrypted: isEncrypted,
    identity,
    size_bytes: sizeBytes,
    schema,
    counts,
    old_copies: oldCopies,
    deleted_copies: deletedCopies,
    ...(problem === undefined ? {} : { problem }),
    took_ms: Math.round(receipt.tookMs),
  };
  await print(format, result, () =>
    [
      `Wrote ${countsText(counts)} (${bytesText(sizeBytes)}) anew to ${path}, ${stateText(receipt)}.`,
      advice,
      ...deletedCopies.map((copy) => `Deleted ${copy}.`),
      ...copiesText(oldCopies),
      ...(problem === undefined ? [] : [problem]),
    ].join('\n'),
  );
}

/** `isSet`: whether the settings say already how the store is opened from now on. */
function adviceOf(
  { wasEncrypted, isEncrypted }: RekeyReceipt,
  { isSet, newKeyFile }: { readonly isSet: boolean; readonly newKeyFile: string | undefined },
): string {
  if (isSet && wasEncrypted === isEncrypted) return 'That is how it was: nothing has to be changed in the settings.';
  const restart = 'start every program that uses the store again.';
  if (!isEncrypted) return `Take the key out of the settings, and ${restart}`;
  if (isSet) return `That is the key that is set here: set it wherever the store is used, and ${restart}`;
  const file = newKeyFile === undefined ? 'a file with the new key' : resolve(newKeyFile);
  return `Set MEMORY_ENCRYPTION_KEY_FILE to ${file}, and ${restart}`;
}

function stateText({ isEncrypted }: Pick<RekeyPlan, 'isEncrypted'>): string {
  return isEncrypted ? 'encrypted' : 'in plain text';
}

function copiesText(copies: readonly string[]): readonly string[] {
  if (copies.length === 0) return [];
  const what = 'These copies do not have this key (--delete-old-copies deletes those that were made here):';
  return [what, ...copies.map((path) => `- ${path}`)];
}
