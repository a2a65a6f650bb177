// The best few of many slots. Pure.
import { best } from './best.ts';

/** The `count` slots with the highest scores, best first; equal ones by slot. Those with 0 are left out. */
export function bestSlots(
  slots: Uint32Array,
  { scoreOf, count }: { readonly scoreOf: (slot: number) => number; readonly count: number },
): readonly number[] {
  const found = best(Math.min(count, slots.length));
  for (let index = 0; index < slots.length; index += 1) {
    const slot = slots[index] ?? 0;
    const score = scoreOf(slot);
    if (score > 0 && score >= found.floor) found.offer(slot, score);
  }
  return [...found.take().slots];
}
