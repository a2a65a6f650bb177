// The best few of many slots. Pure.

/** The `count` slots with the highest scores, best first; equal ones by slot. Those with 0 are left out. */
export function bestSlots(
  slots: Iterable<number>,
  { scoreOf, count }: { readonly scoreOf: (slot: number) => number; readonly count: number },
): readonly number[] {
  let kept: { readonly slot: number; readonly score: number }[] = [];
  // What a slot must have to be among the best, once there are enough.
  let least = 0;
  for (const slot of slots) {
    const score = scoreOf(slot);
    if (score === 0 || score < least) continue;
    kept.push({ slot, score });
    if (kept.length < 2 * count) continue;
    kept = bestOf(kept, count);
    least = kept.at(-1)?.score ?? 0;
  }
  return bestOf(kept, count).map(({ slot }) => slot);
}

function bestOf<S extends { readonly slot: number; readonly score: number }>(scored: S[], count: number): S[] {
  return scored.sort((a, b) => b.score - a.score || a.slot - b.slot).slice(0, count);
}
