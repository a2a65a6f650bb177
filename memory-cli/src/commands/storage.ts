// storage stats, storage verify, storage repair.
import { EXIT_CODES } from '@episodica/memory-core';
import type { Verification } from '@episodica/memory-storage-turso';
import { type Invocation, useStore, verifyFile } from '../open.ts';
import { print } from '../output.ts';

/** Tells path, size and counts of the store. */
export async function stats(invocation: Invocation): Promise<number> {
  const { path, access, sizeBytes, schema, counts, journalSeq } = await useStore(invocation, (store) => store.stats());
  const result = { path, access, size_bytes: sizeBytes, schema, counts, journal_seq: journalSeq };
  await print(invocation.format, result, () =>
    [
      `path     ${path}`,
      `access   ${access}`,
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

/** Checks the file as it lies there, whatever state it is in; findings are an exit code of their own. */
export async function verify(invocation: Invocation): Promise<number> {
  return told(invocation, await verifyFile(invocation));
}

/** Makes the indexes anew; what is still found then is told like by `verify`. */
export async function repair(invocation: Invocation): Promise<number> {
  return told(invocation, await useStore(invocation, (store) => store.repair()));
}

async function told(invocation: Invocation, { ok, findings }: Verification): Promise<number> {
  await print(invocation.format, { ok, findings }, () =>
    ok ? 'The store is sound.' : ['The store is damaged.', ...findings.map((finding) => `- ${finding}`)].join('\n'),
  );
  return ok ? 0 : EXIT_CODES.STORE_CORRUPT;
}
