// The spatiotemporal index: where and when each episode took place. Filters narrow hard; nearness weighs and never hides.
import type { OutcomeKind } from '../episode.ts';
import { type Here, type Standing, standing } from './nearness.ts';
import type { PackedPart, UnpackedParts } from './packed-part.ts';
import { type Facts, type SlotFacts, slotFacts, unpackedSlotFacts } from './slot-facts.ts';
import { type SlotFilter, selectedSlots, selectionKey } from './slot-selection.ts';
import type { SlotSet } from './slot-set.ts';

export type { Here } from './nearness.ts';
export type { Facts } from './slot-facts.ts';
export { canSelect, type SlotFilter } from './slot-selection.ts';

export interface PlaceAndTime {
  /** Slots that are known. */
  readonly count: number;
  /** Replaces what was known of the slot. */
  put(slot: number, facts: Facts): void;
  delete(slot: number): void;
  /**
   * The slots that the filter lets through, as `matchesEpisode` would; `undefined`: it lets all through. The set is
   * shared and not to be changed; it holds until the next `put` or `delete`.
   */
  select(filter: SlotFilter): SlotSet | undefined;
  /** `NaN` for a slot that is not known. */
  startedAtMs(slot: number): number;
  reward(slot: number): number | undefined;
  outcome(slot: number): OutcomeKind | undefined;
  /** How near the slot is to the asker, 0–1 each: `place` as `standing` says, `time` = ½^(age / 30 days). */
  nearness(slot: number, here: Here): { readonly place: number; readonly time: number };
  /** Slots that share a file or directory with the asker, the nearest in place first, then the newest. */
  nearest(
    here: Here,
    asked: { readonly count: number; readonly among?: SlotSet | undefined },
  ): readonly { readonly slot: number; readonly place: number }[];
  /** `prefix` is the beginning of each part's name. */
  parts(prefix: string): readonly PackedPart[];
}

/** An index that knows of nothing yet. */
export function placeAndTime(): PlaceAndTime {
  return indexOf(slotFacts());
}

/** The index whose parts were packed with this prefix; `undefined` where they are not all there, or are damaged. */
export function unpackedPlaceAndTime(parts: UnpackedParts, prefix: string): PlaceAndTime | undefined {
  const facts = unpackedSlotFacts(parts, prefix);
  return facts === undefined ? undefined : indexOf(facts);
}

/** Selections remembered until something changes: the same scope comes with every call. */
const MAX_SELECTIONS = 64;
/** Age at which nearness in time has fallen to one half. */
const HALF_LIFE_MS = 30 * 86_400_000;

function indexOf(facts: SlotFacts): PlaceAndTime {
  const selections = new Map<string, SlotSet | undefined>();
  let stand: { readonly here: Here; readonly standing: Standing } | undefined;

  function changed(): void {
    selections.clear();
    stand = undefined;
  }

  /** Every slot of one question is weighed from the same place. */
  function standingOf(here: Here): Standing {
    if (stand?.here !== here) stand = { here, standing: standing(facts, here) };
    return stand.standing;
  }

  return {
    get count() {
      return facts.count;
    },
    put(slot, known) {
      changed();
      facts.put(slot, known);
    },
    delete(slot) {
      changed();
      facts.delete(slot);
    },
    select(filter) {
      const key = selectionKey(filter);
      if (selections.has(key)) return selections.get(key);
      if (selections.size === MAX_SELECTIONS) selections.clear();
      const selected = selectedSlots(facts, filter);
      selections.set(key, selected);
      return selected;
    },
    startedAtMs: (slot) => facts.blocks.startedAtMs(slot),
    reward: (slot) => (Number.isNaN(facts.blocks.reward(slot)) ? undefined : facts.blocks.reward(slot)),
    outcome(slot) {
      const end = facts.end(slot);
      return end === 'open' || end === 'unknown' ? undefined : end;
    },
    nearness: (slot, here) => ({
      place: standingOf(here).place(slot),
      time: 0.5 ** (Math.max(0, here.nowMs - facts.blocks.startedAtMs(slot)) / HALF_LIFE_MS),
    }),
    nearest(here, { count, among }) {
      const from = standingOf(here);
      return from
        .touching(among)
        .map((slot) => ({ slot, place: from.place(slot), startedAtMs: facts.blocks.startedAtMs(slot) }))
        .sort((a, b) => b.place - a.place || b.startedAtMs - a.startedAtMs || b.slot - a.slot)
        .slice(0, count)
        .map(({ slot, place }) => ({ slot, place }));
    },
    parts: (prefix) => facts.parts(prefix),
  };
}
