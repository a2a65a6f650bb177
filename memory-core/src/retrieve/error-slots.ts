// Which error of which episode has which slot: errors are searched one by one, and belong to an episode. Pure.
import type { PackedPart, UnpackedParts } from './packed-part.ts';
import { hasSlot, type SlotSet, slotsWhere } from './slot-set.ts';

/** The error with this number, from 0 on, among those that an episode made good. */
export interface ErrorPlace {
  readonly episodeSlot: number;
  readonly number: number;
}

export interface ErrorSlots {
  /** Gives an episode `count` slots. Those it has stay, as far as they go; `gone` are those it no longer has. */
  give(episodeSlot: number, count: number): { readonly given: readonly number[]; readonly gone: readonly number[] };
  /** The slots of an episode's errors, in their order. */
  of(episodeSlot: number): readonly number[];
  /** `undefined` for a slot that is nobody's. */
  placeOf(slot: number): ErrorPlace | undefined;
  /** The slots of the errors of these episodes. */
  among(episodes: SlotSet): SlotSet;
  parts(prefix: string): readonly PackedPart[];
}

export function errorSlots(): ErrorSlots {
  return slotsOver([]);
}

/** What was packed into this part; `undefined` where there is none, or it is damaged. */
export function unpackedErrorSlots(parts: UnpackedParts, prefix: string): ErrorSlots | undefined {
  const bytes = parts.get(`${prefix}-slots`);
  if (bytes === undefined || bytes.length % 8 !== 0) return undefined;
  const words = new Uint32Array(bytes.slice().buffer);
  const places = Array.from({ length: words.length / 2 }, (_, slot): ErrorPlace | undefined => {
    const [episodeSlot = NOBODY, number = 0] = words.subarray(2 * slot);
    return episodeSlot === NOBODY ? undefined : { episodeSlot, number };
  });
  return slotsOver(places);
}

const NOBODY = 0xffff_ffff;

function slotsOver(places: (ErrorPlace | undefined)[]): ErrorSlots {
  const slotsOf = new Map<number, readonly number[]>();
  let revision = 1;
  places.forEach((place, slot) => {
    if (place !== undefined) slotsOf.set(place.episodeSlot, [...(slotsOf.get(place.episodeSlot) ?? []), slot]);
  });

  return {
    give(episodeSlot, count) {
      const held = slotsOf.get(episodeSlot) ?? [];
      const [kept, gone] = [held.slice(0, count), held.slice(count)];
      const added = Array.from({ length: count - kept.length }, (_, index) => {
        return places.push({ episodeSlot, number: kept.length + index }) - 1;
      });
      for (const slot of gone) places[slot] = undefined;
      const given = [...kept, ...added];
      if (given.length === 0) slotsOf.delete(episodeSlot);
      else slotsOf.set(episodeSlot, given);
      if (added.length > 0 || gone.length > 0) revision += 1;
      return { given, gone };
    },
    of: (episodeSlot) => slotsOf.get(episodeSlot) ?? [],
    placeOf: (slot) => places[slot],
    among: (episodes) =>
      slotsWhere(places.length, (slot) => {
        const place = places[slot];
        return place !== undefined && hasSlot(episodes, place.episodeSlot);
      }),
    parts(prefix) {
      const words = places.flatMap((place) => [place?.episodeSlot ?? NOBODY, place?.number ?? 0]);
      return [{ name: `${prefix}-slots`, revision, bytes: () => new Uint8Array(Uint32Array.from(words).buffer) }];
    },
  };
}
