// A store of one's own: a text file to which every write is appended, over the in-memory store that knows the laws.
// It has no text index and does not date its answers, says so by leaving `text` and `dated` out, and core does without.
import { existsSync, readFileSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { inMemoryStore, MemoryError } from '@episodica/memory-core';
import type { MemoryStore, Write, WriteOptions, WriteReceipt } from '@episodica/memory-core/ports';

/** One line of the file. */
interface Entry {
  readonly atMs: number;
  readonly actor: string;
  /** Each as `withDigits` gives it. */
  readonly batch: readonly unknown[];
}

/** For small memories that a person wants to read: all is held in the process, and on disk there is a line a write. */
export async function openLogFileStore(path: string): Promise<MemoryStore> {
  let nowMs = 0;
  const { text: _text, dated: _dated, ...held } = inMemoryStore({ now: () => nowMs });
  const log = existsSync(path) ? readFileSync(path, 'utf8') : '';
  // What stands behind the last line break was cut off by a crash: nobody was told that it is stored.
  const whole = log.slice(0, log.lastIndexOf('\n') + 1);
  for (const line of whole.split('\n').slice(0, -1)) {
    const { atMs, actor, batch } = parseEntry(line, path);
    nowMs = atMs;
    await held.write(batch, { actor });
  }
  const file = await open(path, 'a');
  await file.truncate(Buffer.byteLength(whole));
  let failure: MemoryError | undefined;
  let last: Promise<unknown> = Promise.resolve();

  async function write(batch: readonly Write[], options: WriteOptions): Promise<WriteReceipt> {
    if (failure !== undefined) throw failure;
    nowMs = Date.now();
    const receipt = await held.write(batch, options);
    const entry: Entry = { atMs: nowMs, actor: options.actor ?? 'library', batch: batch.map(withDigits) };
    try {
      await file.appendFile(`${JSON.stringify(entry)}\n`);
      await file.datasync();
      return receipt;
    } catch (cause) {
      // What is held is now ahead of the file; nothing more may rest on it.
      failure = new MemoryError('STORE_FAILED', `Could not write to ${path}; open the store again.`, { cause });
      throw failure;
    }
  }

  return {
    ...held,
    name: 'log-file',
    // One write at a time, so that the file has the order in which they were taken.
    write(batch, options = {}) {
      const next = last.then(() => write(batch, options));
      last = next.catch(() => undefined);
      return next;
    },
    async close() {
      await last;
      await held.close();
      await file.close();
    },
  };
}

/** JSON has no vectors: on their line they stand as texts of their bytes. */
function withDigits(write: Write): unknown {
  if (write.op !== 'put' || write.kind !== 'embedding') return write;
  const vectors = write.value.vectors.map(({ buffer, byteOffset, byteLength }) =>
    Buffer.from(buffer, byteOffset, byteLength).toString('base64'),
  );
  return { ...write, value: { ...write.value, vectors } };
}

function withVectors(write: Write): Write {
  if (write.op !== 'put' || write.kind !== 'embedding') return write;
  const vectors = write.value.vectors.map(
    (text) => new Float32Array(Uint8Array.from(Buffer.from(String(text), 'base64')).buffer),
  );
  return { ...write, value: { ...write.value, vectors } };
}

function parseEntry(line: string, path: string): Entry & { readonly batch: readonly Write[] } {
  try {
    // The file is our own: each whole line is an entry.
    const entry = JSON.parse(line) as Entry & { readonly batch: readonly Write[] };
    return { ...entry, batch: entry.batch.map(withVectors) };
  } catch (cause) {
    throw new MemoryError('STORE_CORRUPT', `${path} holds a line that is no entry; restore it from a copy.`, { cause });
  }
}
