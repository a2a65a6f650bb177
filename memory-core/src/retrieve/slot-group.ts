// The slots that have one thing in common, be they three or a million. Pure, but for the group itself.

/** A set of slots that changes: a few bytes for a few slots, a bit for each where they are many. */
export interface SlotGroup {
  readonly size: number;
  has(slot: number): boolean;
  /** Adding what is there, like deleting what is not, changes nothing. */
  add(slot: number): void;
  delete(slot: number): void;
  forEach(visit: (slot: number) => void): void;
  /** Sets the bit of each of its slots; `words` reaches to the last of them. */
  addTo(words: Uint32Array): void;
}

/**
 * Slots by their upper half; the lower halves are a sorted list while they are few, and bits from then on: the shape
 * of Roaring bitmaps (Chambi, Lemire, Kaser and Godin 2016).
 */
export function slotGroup(): SlotGroup {
  const chunks = new Map<number, Chunk>();
  let size = 0;
  return {
    get size() {
      return size;
    },
    has(slot) {
      const chunk = chunks.get(slot >>> 16);
      return chunk !== undefined && hasLow(chunk, slot & 0xffff);
    },
    add(slot) {
      const chunk = chunks.get(slot >>> 16) ?? { count: 0, lows: new Uint16Array(4), bits: undefined };
      if (chunk.count === 0) chunks.set(slot >>> 16, chunk);
      if (addLow(chunk, slot & 0xffff)) size += 1;
    },
    delete(slot) {
      const chunk = chunks.get(slot >>> 16);
      if (chunk === undefined || !deleteLow(chunk, slot & 0xffff)) return;
      size -= 1;
      if (chunk.count === 0) chunks.delete(slot >>> 16);
    },
    forEach(visit) {
      for (const [high, chunk] of chunks) forEachLow(chunk, (low) => visit(high * CHUNK_SLOTS + low));
    },
    addTo(words) {
      for (const [high, { bits, lows, count }] of chunks) {
        const part = words.subarray(high * CHUNK_WORDS, (high + 1) * CHUNK_WORDS);
        if (bits === undefined) for (const low of lows.subarray(0, count)) setBit(part, low);
        else for (let word = 0; word < part.length; word += 1) part[word] = (part[word] ?? 0) | (bits[word] ?? 0);
      }
    },
  };
}

/** Sets the bit of a slot. */
export function setBit(words: Uint32Array, slot: number): void {
  words[slot >>> 5] = (words[slot >>> 5] ?? 0) | (1 << (slot & 31));
}

/** Calls back with each bit that is set, in rising order. */
export function forEachBit(words: Uint32Array, visit: (slot: number) => void): void {
  for (let index = 0; index < words.length; index += 1) {
    for (let word = words[index] ?? 0; word !== 0; word &= word - 1) {
      visit(index * 32 + 31 - Math.clz32(word & -word));
    }
  }
}

const CHUNK_SLOTS = 65_536;
const CHUNK_WORDS = CHUNK_SLOTS / 32;
/** As a list they would take as much room as bits. */
const MAX_LISTED = 4_096;

/** The first `count` of `lows`, rising, or once there are bits, those. */
interface Chunk {
  count: number;
  lows: Uint16Array;
  bits: Uint32Array | undefined;
}

function hasLow({ bits, lows, count }: Chunk, low: number): boolean {
  if (bits !== undefined) return (((bits[low >>> 5] ?? 0) >>> (low & 31)) & 1) === 1;
  const index = indexOf(lows, count, low);
  return index < count && lows[index] === low;
}

/** Whether it was not there before. */
function addLow(chunk: Chunk, low: number): boolean {
  if (hasLow(chunk, low)) return false;
  if (chunk.bits === undefined && chunk.count === MAX_LISTED) {
    chunk.bits = new Uint32Array(CHUNK_WORDS);
    for (const listed of chunk.lows) setBit(chunk.bits, listed);
    chunk.lows = new Uint16Array(0);
  }
  if (chunk.bits === undefined) insert(chunk, low);
  else setBit(chunk.bits, low);
  chunk.count += 1;
  return true;
}

/** Whether it was there before. */
function deleteLow(chunk: Chunk, low: number): boolean {
  if (!hasLow(chunk, low)) return false;
  if (chunk.bits === undefined) {
    const index = indexOf(chunk.lows, chunk.count, low);
    chunk.lows.copyWithin(index, index + 1, chunk.count);
  } else {
    chunk.bits[low >>> 5] = (chunk.bits[low >>> 5] ?? 0) & ~(1 << (low & 31));
  }
  chunk.count -= 1;
  return true;
}

function insert(chunk: Chunk, low: number): void {
  if (chunk.count === chunk.lows.length) {
    const grown = new Uint16Array(chunk.count * 2);
    grown.set(chunk.lows);
    chunk.lows = grown;
  }
  const index = indexOf(chunk.lows, chunk.count, low);
  chunk.lows.copyWithin(index + 1, index, chunk.count);
  chunk.lows[index] = low;
}

/** Where `low` stands, or would stand, among the first `count`. New slots mostly come last. */
function indexOf(lows: Uint16Array, count: number, low: number): number {
  if (count === 0 || (lows[count - 1] ?? 0) < low) return count;
  let [first, last] = [0, count - 1];
  while (first < last) {
    const middle = (first + last) >>> 1;
    if ((lows[middle] ?? 0) < low) first = middle + 1;
    else last = middle;
  }
  return first;
}

function forEachLow({ bits, lows, count }: Chunk, visit: (low: number) => void): void {
  if (bits === undefined) for (const low of lows.subarray(0, count)) visit(low);
  else forEachBit(bits, visit);
}
