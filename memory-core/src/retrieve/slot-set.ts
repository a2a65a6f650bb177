// Sets of slots. A slot is the small number by which the retrieval index knows one episode, pattern or error. Pure.

/** Slots as bits: slot `s` is bit `s & 31` of word `s >>> 5`. What lies behind the last word is not in it. */
export interface SlotSet {
  /** How many are in it. */
  readonly size: number;
  readonly words: Uint32Array;
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
