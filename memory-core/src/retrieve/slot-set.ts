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
