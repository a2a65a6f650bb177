// Sets of slots. A slot is the small number by which the retrieval index knows one episode, pattern or error. Pure.

/** Slots as bits: slot `s` is bit `s & 31` of word `s >>> 5`. What lies behind the last word is not in it. */
export interface SlotSet {
  /** How many are in it. */
  readonly size: number;
  readonly words: Uint32Array;
}

/** The slots from 0 to `end` for which it holds. */
export function slotsWhere(end: number, isIn: (slot: number) => boolean): SlotSet {
  const words = new Uint32Array((end + 31) >>> 5);
  let size = 0;
  for (let slot = 0; slot < end; slot += 1) {
    if (!isIn(slot)) continue;
    words[slot >>> 5] = (words[slot >>> 5] ?? 0) | (1 << (slot & 31));
    size += 1;
  }
  return { size, words };
}

export function hasSlot({ words }: SlotSet, slot: number): boolean {
  return (((words[slot >>> 5] ?? 0) >>> (slot & 31)) & 1) === 1;
}

/** A set of its own: what others hold stays as it is. */
export function withoutSlots({ size, words }: SlotSet, slots: readonly number[]): SlotSet {
  const left = { size, words: words.slice() };
  for (const slot of slots) {
    if (!hasSlot(left, slot)) continue;
    left.words[slot >>> 5] = (left.words[slot >>> 5] ?? 0) & ~(1 << (slot & 31));
    left.size -= 1;
  }
  return left;
}
