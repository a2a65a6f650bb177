// Scores of slots while one question is answered. Pure, but for the scores themselves, which are written in place.

/** A number for each slot, and which have one: made once, cleared after each question at the cost of what was touched. */
export interface Scores {
  /** Adds to the score of a slot. `amount` is above 0. */
  add(slot: number, amount: number): void;
  /** Adds to so many slots: several times faster than one by one. */
  addAll(added: { readonly slots: Uint32Array; readonly amounts: Float32Array; readonly count: number }): void;
  /** 0 for a slot that has none. */
  of(slot: number): number;
  /** Slots that have a score, in no order. Valid until the next change. */
  touched(): Uint32Array;
  clear(): void;
}

const FIRST_CAPACITY = 1_024;

export function scores(): Scores {
  let values = new Float32Array(FIRST_CAPACITY);
  let slots = new Uint32Array(FIRST_CAPACITY);
  let count = 0;

  function grow(slot: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(slot + 1));
    const [oldValues, oldSlots] = [values, slots];
    values = new Float32Array(capacity);
    slots = new Uint32Array(capacity);
    values.set(oldValues);
    slots.set(oldSlots);
  }

  return {
    add(slot, amount) {
      if (slot >= values.length) grow(slot);
      const before = values[slot] ?? 0;
      if (before === 0) slots[count++] = slot;
      values[slot] = before + amount;
    },
    addAll({ slots: addedSlots, amounts, count: addedCount }) {
      // Held in variables of its own: a loop over what the closure holds takes twice as long.
      let [nowValues, nowSlots, end] = [values, slots, count];
      for (let index = 0; index < addedCount; index += 1) {
        const slot = addedSlots[index] ?? 0;
        if (slot >= nowValues.length) {
          grow(slot);
          [nowValues, nowSlots] = [values, slots];
        }
        const before = nowValues[slot] ?? 0;
        if (before === 0) nowSlots[end++] = slot;
        nowValues[slot] = before + (amounts[index] ?? 0);
      }
      count = end;
    },
    of: (slot) => values[slot] ?? 0,
    touched: () => slots.subarray(0, count),
    clear() {
      for (let index = 0; index < count; index += 1) values[slots[index] ?? 0] = 0;
      count = 0;
    },
  };
}
