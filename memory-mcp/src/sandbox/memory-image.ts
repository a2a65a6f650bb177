// What some work changed in a memory, kept so that it can be put into other memories of the same kind in place of doing
// the work again.

/** The blocks that changed, in order. */
export type MemoryImage = readonly Block[];

interface Block {
  readonly start: number;
  readonly before: Buffer;
  readonly after: Buffer;
}

const BLOCK_BYTES = 4 * 1024;

/** What differs between the memory as it is and a copy that was made of it before. Undefined when it has grown since. */
export function imageOf(memory: WebAssembly.Memory, copy: ArrayBuffer): MemoryImage | undefined {
  const before = Buffer.from(copy);
  const after = Buffer.from(memory.buffer);
  if (after.length !== before.length) return undefined;
  const blocks: Block[] = [];
  for (let start = 0; start < before.length; start += BLOCK_BYTES) {
    const end = start + BLOCK_BYTES;
    if (before.compare(after, start, end, start, end) === 0) continue;
    // Copies, which hold neither of the two.
    const block = { before: Buffer.from(before.subarray(start, end)), after: Buffer.from(after.subarray(start, end)) };
    blocks.push({ start, ...block });
  }
  return blocks;
}

/**
 * Puts the image into another memory. False, and nothing has changed, where that is not byte for byte what the first was
 * before: an instance that is not built the same way must not be given what belongs to another.
 */
export function restoreImage(image: MemoryImage, memory: WebAssembly.Memory): boolean {
  const bytes = Buffer.from(memory.buffer);
  const isSame = image.every(({ start, before }) => before.compare(bytes, start, start + BLOCK_BYTES) === 0);
  if (isSame) for (const { start, after } of image) bytes.set(after, start);
  return isSame;
}
