// A block as bytes: how long its mark is, the mark, and what it holds.
import type { Block } from '@episodica/memory-core/ports';

const LENGTH_BYTES = 4;

/** The bytes, in the parts that were there already and one before them. */
export function partsOf({ mark, bytes }: Block): readonly [head: Uint8Array, bytes: Uint8Array] {
  const markBytes = Buffer.from(mark);
  const head = Buffer.alloc(LENGTH_BYTES + markBytes.byteLength);
  head.writeUInt32LE(markBytes.byteLength);
  markBytes.copy(head, LENGTH_BYTES);
  return [head, bytes];
}

/** What `partsOf` took apart, over the same memory. */
export function blockIn(packed: Uint8Array): Block {
  const buffer = Buffer.from(packed.buffer, packed.byteOffset, packed.byteLength);
  const start = LENGTH_BYTES + buffer.readUInt32LE();
  // Plain bytes: of a `Buffer`, which is one too, a `slice` is no copy.
  const bytes = new Uint8Array(packed.buffer, packed.byteOffset + start, packed.byteLength - start);
  return { mark: buffer.toString('utf8', LENGTH_BYTES, start), bytes };
}
