// The best of many scored slots, in room for as many as are wanted. Pure.

export interface Best {
  readonly count: number;
  /** What a score has to be above to get in: with slots offered in rising order, an equal one comes too late. */
  readonly floor: number;
  offer(slot: number, score: number): void;
  /** Best first, equal ones by slot. Empties it. */
  take(): { readonly slots: Uint32Array; readonly scores: Float64Array };
}

/** A binary heap with the worst on top. */
export function best(wanted: number): Best {
  const slots = new Uint32Array(wanted);
  const scores = new Float64Array(wanted);
  let count = 0;

  const isWorse = (left: number, right: number): boolean => {
    const one = scores[left] ?? 0;
    const other = scores[right] ?? 0;
    return one === other ? (slots[left] ?? 0) > (slots[right] ?? 0) : one < other;
  };
  const swap = (left: number, right: number): void => {
    const slot = slots[left] ?? 0;
    const score = scores[left] ?? 0;
    slots[left] = slots[right] ?? 0;
    scores[left] = scores[right] ?? 0;
    slots[right] = slot;
    scores[right] = score;
  };
  const sink = (): void => {
    for (let at = 0; ; ) {
      let worst = at;
      if (2 * at + 1 < count && isWorse(2 * at + 1, worst)) worst = 2 * at + 1;
      if (2 * at + 2 < count && isWorse(2 * at + 2, worst)) worst = 2 * at + 2;
      if (worst === at) return;
      swap(at, worst);
      at = worst;
    }
  };

  return {
    get count() {
      return count;
    },
    get floor() {
      return count < wanted ? -Infinity : (scores[0] ?? Infinity);
    },
    offer(slot, score) {
      if (count < wanted) {
        slots[count] = slot;
        scores[count] = score;
        count += 1;
        for (let at = count - 1; at > 0 && isWorse(at, (at - 1) >>> 1); at = (at - 1) >>> 1) swap(at, (at - 1) >>> 1);
        return;
      }
      if (score < (scores[0] ?? Infinity) || (score === scores[0] && slot > (slots[0] ?? 0))) return;
      slots[0] = slot;
      scores[0] = score;
      sink();
    },
    take() {
      const found = count;
      while (count > 1) {
        count -= 1;
        swap(0, count);
        sink();
      }
      count = 0;
      return { slots: slots.slice(0, found), scores: scores.slice(0, found) };
    },
  };
}
