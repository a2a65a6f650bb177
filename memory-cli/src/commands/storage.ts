// storage stats, storage verify.
import { EXIT_CODES } from '@episodica/memory-core';
import type { LmdbCacheStats } from '@episodica/memory-storage-lmdb';
import { type Invocation, useMemory, useStore } from '../open.ts';
import { print } from '../output.ts';

/** Tells path, size and counts of the store, and what its cache has counted. */
export async function stats(invocation: Invocation): Promise<number> {
  const { path, sizeBytes, schema, counts, journalSeq, cache } = await useMemory(invocation, async (opened) => ({
    ...(await opened.store.stats()),
    cache: cacheFigures(await opened.cache.stats?.()),
  }));
  const result = { path, size_bytes: sizeBytes, schema, counts, journal_seq: journalSeq, cache };
  await print(invocation.format, result, () =>
    [
      `path     ${path}`,
      `size     ${sizeBytes.toLocaleString('en')} bytes`,
      `schema   ${schema}`,
      `journal  ${journalSeq} entries so far`,
      ...Object.entries(counts).map(
        ([kind, count]) => `${(kind === 'evidence' ? kind : `${kind}s`).padEnd(17)}${count}`,
      ),
      ...Object.entries(cache).map(([name, value]) => `${`cache ${name}`.padEnd(17)}${value}`),
    ].join('\n'),
  );
  return 0;
}

/** Counted over all processes; what nobody could count is said to be unavailable. */
function cacheFigures(stats: LmdbCacheStats | undefined): Readonly<Record<string, number | string>> {
  const known = { ...stats?.total, entries: stats?.entries, size_bytes: stats?.sizeBytes };
  const names = ['hits', 'misses', 'evictions', 'expired', 'entries', 'size_bytes'] as const;
  return {
    state: stats?.state ?? 'unavailable',
    ...Object.fromEntries(names.map((name) => [name, known[name] ?? 'unavailable'])),
  };
}

/** Asks the store to check itself; findings are an exit code of their own. */
export async function verify(invocation: Invocation): Promise<number> {
  const { ok, findings } = await useStore(invocation, (store) => store.verify());
  await print(invocation.format, { ok, findings }, () =>
    ok
      ? 'The store is sound.'
      : ['The store is damaged; restore a backup.', ...findings.map((finding) => `- ${finding}`)].join('\n'),
  );
  return ok ? 0 : EXIT_CODES.STORE_CORRUPT;
}
