// Documents of one term in blocks of bytes, each as narrow as its widest number, so that reading one takes no decisions. Pure.

/** Some documents of one term, and how often each says it. Filled again and again. */
export interface PostingBlock {
  readonly documents: Uint32Array;
  readonly frequencies: Uint32Array;
  count: number;
}

/** Postings in each block of a term but its last. */
export const BLOCK_POSTINGS = 64;
/** Two numbers of four bytes each, and the byte that says so. */
export const MAX_BLOCK_BYTES: number = 1 + 8 * BLOCK_POSTINGS;
/** The number of a document that is not there. */
export const NONE = 0xffff_ffff;

export function postingBlock(): PostingBlock {
  return { documents: new Uint32Array(BLOCK_POSTINGS), frequencies: new Uint32Array(BLOCK_POSTINGS), count: 0 };
}

/** Where a term's next block is, how many postings are left, and the document that comes next if the gap to it is 0. */
export interface PostingCursor {
  at: number;
  left: number;
  next: number;
}

/**
 * Fills the block with what comes next; false where nothing does. In bytes it is one that says how many bytes a gap and
 * a frequency take, then the gaps from each document to the one before, then the frequencies, unless all are 1.
 */
export function readPostings(bytes: Uint8Array, cursor: PostingCursor, block: PostingBlock): boolean {
  const { at, left } = cursor;
  const count = left < BLOCK_POSTINGS ? left : BLOCK_POSTINGS;
  block.count = count;
  if (count === 0) return false;
  const widths = bytes[at] ?? 0;
  const gapWidth = widths & 7;
  const frequencyWidth = widths >>> 3;
  const frequenciesAt = at + 1 + gapWidth * count;
  readNumbers(bytes, { at: at + 1, width: gapWidth, count }, block.documents);
  readNumbers(bytes, { at: frequenciesAt, width: frequencyWidth, count }, block.frequencies);
  cursor.next = sumGaps(block, cursor.next);
  cursor.at = frequenciesAt + frequencyWidth * count;
  cursor.left = left - count;
  return true;
}

function sumGaps({ documents, count }: PostingBlock, first: number): number {
  let next = first;
  for (let index = 0; index < count; index += 1) {
    next += documents[index] ?? 0;
    documents[index] = next;
    next += 1;
  }
  return next;
}

/** Numbers of so many bytes each, the low one first. Of no bytes each: ones. */
interface Numbers {
  readonly at: number;
  readonly width: number;
  readonly count: number;
}

function readNumbers(bytes: Uint8Array, { at, width, count }: Numbers, target: Uint32Array): void {
  if (width === 0) {
    for (let index = 0; index < count; index += 1) target[index] = 1;
  } else if (width === 1) {
    for (let index = 0; index < count; index += 1) target[index] = bytes[at + index] ?? 0;
  } else if (width === 2) {
    for (let index = 0, from = at; index < count; index += 1, from += 2) {
      target[index] = (bytes[from] ?? 0) | ((bytes[from + 1] ?? 0) << 8);
    }
  } else {
    for (let index = 0, from = at; index < count; index += 1, from += width) {
      let number = 0;
      for (let byte = width - 1; byte >= 0; byte -= 1) number = (number << 8) | (bytes[from + byte] ?? 0);
      target[index] = number;
    }
  }
}

/** Appends the block at the cursor and moves it there. Only the last block of a term may hold fewer than `BLOCK_POSTINGS`. */
export function writePostings(postings: Uint8Array, cursor: PostingCursor, block: PostingBlock): void {
  const { documents, frequencies, count } = block;
  let { next } = cursor;
  let widestGap = 0;
  let allFrequencies = 0;
  for (let index = 0; index < count; index += 1) {
    const document = documents[index] ?? 0;
    widestGap |= document - next;
    allFrequencies |= frequencies[index] ?? 1;
    next = document + 1;
  }
  const gaps = { at: cursor.at + 1, width: Math.max(1, bytesOf(widestGap)), count };
  const width = allFrequencies === 1 ? 0 : bytesOf(allFrequencies);
  const counts = { at: gaps.at + gaps.width * count, width, count };
  postings[cursor.at] = gaps.width | (width << 3);
  next = cursor.next;
  for (let index = 0; index < count; index += 1) {
    const document = documents[index] ?? 0;
    writeNumber(postings, gaps.at + gaps.width * index, { number: document - next, width: gaps.width });
    writeNumber(postings, counts.at + width * index, { number: frequencies[index] ?? 1, width });
    next = document + 1;
  }
  cursor.at = counts.at + width * count;
  cursor.next = next;
}

function bytesOf(number: number): number {
  return Math.ceil((32 - Math.clz32(number)) / 8);
}

function writeNumber(
  bytes: Uint8Array,
  at: number,
  { number, width }: { readonly number: number; readonly width: number },
): void {
  for (let byte = 0; byte < width; byte += 1) bytes[at + byte] = number >>> (8 * byte);
}

/** Gives the documents of the block their numbers in another order; those that have none go. */
export function renumberBlock(block: PostingBlock, numbers: Uint32Array): void {
  const { documents, frequencies } = block;
  let kept = 0;
  for (let index = 0; index < block.count; index += 1) {
    const document = numbers[documents[index] ?? 0] ?? NONE;
    if (document === NONE) continue;
    documents[kept] = document;
    frequencies[kept] = frequencies[index] ?? 1;
    kept += 1;
  }
  block.count = kept;
}

/** Bits of documents, or of slots. */
export function hasBit(bits: Uint32Array, number: number): boolean {
  return (((bits[number >>> 5] ?? 0) >>> (number & 31)) & 1) === 1;
}
