// storage stats, storage verify.
import { EXIT_CODES } from '@episodica/memory-core';
import { type Invocation, useStore } from '../open.ts';
import { print } from '../output.ts';

/** Tells path, size and counts of the store. */
export async function stats(invocation: Invocation): Promise<number> {
  const { path, sizeBytes, schema, counts, journalSeq } = await useStore(invocation, (store) => store.stats());
  const result = { path, size_bytes: sizeBytes, schema, counts, journal_seq: journalSeq };
  await print(invocation.format, result, () =>
    [
      `path     ${path}`,
      `size     ${sizeBytes.toLocaleString('en')} bytes`,
      `schema   ${schema}`,
      `journal  ${journalSeq} entries so far`,
      ...Object.entries(counts).map(
        ([kind, count]) => `${(kind === 'evidence' ? kind : `${kind}s`).padEnd(17)}${count}`,
      ),
    ].join('\n'),
  );
  return 0;
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
