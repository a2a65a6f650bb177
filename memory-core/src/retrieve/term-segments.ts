// All that a term index holds: its recent documents, its segments, and where each slot is. Pure, but for itself.
import { rarity, tellingWeight } from './bm25.ts';
import { type HeldSegment, heldSegment, kill, livingFrequency } from './held-segment.ts';
import { hasBit, type PostingBlock, postingBlock } from './posting-block.ts';
import {
  addRecent,
  killRecent,
  packedRecent,
  type RecentTerm,
  type RecentTerms,
  recentTerms,
  withoutDead,
} from './recent-terms.ts';
import { mergedSegment } from './segment-merge.ts';
import type { PackedIndex } from './term-parts.ts';
import {
  MAX_SEGMENT_BYTES,
  ordinalOf,
  type TermSegment,
  tellingFrequency,
  tellingOrdinal,
  termAt,
} from './term-segment.ts';

/** A word that is asked for, and how much it counts. */
export interface WeightedTerm {
  readonly term: string;
  /** Above 0. */
  readonly weight: number;
}

export interface TermIndexSizes {
  /** Documents and their distinct terms that are held as they came, until they become a segment. @default 16,384 */
  readonly recent: number;
  /** Postings that a piece of upkeep goes over, about. @default 20,000 */
  readonly piece: number;
}

export interface TermSegments {
  readonly sizes: TermIndexSizes;
  recent: RecentTerms;
  /** By place; the first ones stand for "nowhere" and "recent". */
  readonly held: (HeldSegment | undefined)[];
  /** By slot: the place where its living document is. */
  places: Uint16Array;
  /** By slot: the document's number there. */
  numbers: Uint32Array;
  documents: number;
  /** Terms of all living documents, repeats counted. */
  totalLength: number;
  nextId: number;
  revision: number;
  /** The work that makes one segment of some, and their places. */
  merging: { readonly places: readonly number[]; readonly work: Generator<void, TermSegment> } | undefined;
  /** Postings that upkeep may go over: each `put` pays for some. */
  credit: number;
  /** What was recent at this revision, packed. */
  packed: { readonly revision: number; readonly recent: TermSegment } | undefined;
  /** For reading postings, one term at a time. */
  readonly block: PostingBlock;
}

const NOWHERE = 0;
const RECENT = 1;
const FIRST_CAPACITY = 1_024;
/** Segments of about one size that are merged into one. Higher: less to merge, more to search. */
const FAN_IN = 4;
/** Segments merged at once: more of a size may wait while a long merge goes on. */
const MAX_FAN_IN = 16;
/**
 * Postings of upkeep that a `put` pays for, for each of its own. A posting is merged about log₄(all / recent) times, six
 * times at a million documents, and costs with the terms around it two to five postings each time.
 */
const UPKEEP_SHARE = 24;

export function emptySegments(sizes: TermIndexSizes): TermSegments {
  return {
    sizes,
    recent: recentTerms(),
    held: [undefined, undefined],
    places: new Uint16Array(FIRST_CAPACITY),
    numbers: new Uint32Array(FIRST_CAPACITY),
    documents: 0,
    totalLength: 0,
    nextId: 1,
    revision: 0,
    merging: undefined,
    credit: 0,
    packed: undefined,
    block: postingBlock(),
  };
}

/** What was packed, `undefined` where a slot is in it twice. */
export function segmentsOf(packed: PackedIndex): TermSegments | undefined {
  const all = emptySegments(packed.sizes);
  all.nextId = packed.nextId;
  all.revision = packed.revision;
  for (const held of packed.segments) if (!isSettled(all, held)) return undefined;
  if (packed.recent.sizes.documents === 0) return all;
  return isSettled(all, heldSegment(all.nextId++, packed.recent)) ? all : undefined;
}

export function packedIndexOf(all: TermSegments): PackedIndex {
  const { revision, nextId, sizes } = all;
  if (all.packed?.revision !== revision) all.packed = { revision, recent: packedRecent(all.recent) };
  const segments = all.held.filter((held) => held !== undefined);
  return { revision, nextId, sizes, segments, recent: all.packed.recent };
}

export function hasDocument({ places }: TermSegments, slot: number): boolean {
  return (places[slot] ?? NOWHERE) !== NOWHERE;
}

export function putDocument(
  all: TermSegments,
  put: { readonly slot: number; readonly terms: readonly string[] },
): void {
  deleteDocument(all, put.slot);
  if (put.slot >= all.places.length) growSlots(all, put.slot);
  const before = all.recent.size;
  all.numbers[put.slot] = addRecent(all.recent, put);
  all.places[put.slot] = RECENT;
  all.documents += 1;
  all.totalLength += put.terms.length;
  all.revision += 1;
  all.credit = Math.min(all.credit + UPKEEP_SHARE * (all.recent.size - before), 2 * all.sizes.piece);
  if (all.recent.size >= all.sizes.recent) settleRecent(all);
  for (; all.credit >= all.sizes.piece; all.credit -= all.sizes.piece) tidySegments(all);
}

export function deleteDocument(all: TermSegments, slot: number): void {
  const place = all.places[slot] ?? NOWHERE;
  if (place === NOWHERE) return;
  const number = all.numbers[slot] ?? 0;
  const held = all.held[place];
  if (held === undefined) killRecent(all.recent, number);
  else kill(held, number);
  all.totalLength -= (held?.segment ?? all.recent).lengths[number] ?? 0;
  all.places[slot] = NOWHERE;
  all.documents -= 1;
  all.revision += 1;
}

/** Also has upkeep take out what the slot ever said, which a document that is replaced leaves behind for a while. */
export function forgetDocument(all: TermSegments, slot: number): void {
  deleteDocument(all, slot);
  for (const held of all.held) {
    if (held?.holdsForgotten === false) held.holdsForgotten = held.segment.slots.includes(slot);
  }
}

function growSlots(all: TermSegments, slot: number): void {
  const capacity = 2 ** Math.ceil(Math.log2(slot + 1));
  const { places, numbers } = all;
  all.places = new Uint16Array(capacity);
  all.places.set(places);
  all.numbers = new Uint32Array(capacity);
  all.numbers.set(numbers);
}

/** Who holds a term, the dead among them too. */
export interface TermHolders {
  readonly held: readonly { readonly held: HeldSegment; readonly ordinal: number }[];
  readonly recent: RecentTerm | undefined;
  /** What there is to read. */
  readonly postings: number;
}

export function holdersOf(all: TermSegments, term: string): TermHolders {
  const found: { readonly held: HeldSegment; readonly ordinal: number }[] = [];
  const recent = all.recent.terms.get(term);
  let postings = recent === undefined ? 0 : recent.postings.length / 2;
  for (const held of all.held) {
    if (held === undefined) continue;
    const ordinal = ordinalOf(held.segment, term);
    if (ordinal === undefined) continue;
    found.push({ held, ordinal });
    postings += held.segment.frequencies[ordinal] ?? 0;
  }
  return { held: found, recent, postings };
}

export function livingAmong({ block }: TermSegments, holders: TermHolders): number {
  let living = holders.recent?.living ?? 0;
  for (const { held, ordinal } of holders.held) living += livingFrequency(held, { ordinal, block });
  return living;
}

/**
 * What a slot says, or the most telling of it, by frequency · rarity: counted where it stands and in the largest
 * segment. A term of either is about as rare in all of them, and to ask all would cost a search of each.
 */
export function saidAt(all: TermSegments, slot: number): readonly WeightedTerm[] {
  const place = all.places[slot] ?? NOWHERE;
  if (place === NOWHERE) return [];
  const number = all.numbers[slot] ?? 0;
  const own = all.held[place]?.segment;
  const largest = largestBut(all, own);
  const documents = (own?.sizes.documents ?? all.recent.living) + (largest?.sizes.documents ?? 0);
  const weighted = (term: string, said: { readonly frequency: number; readonly holders: number }): WeightedTerm => {
    const ordinal = largest === undefined ? undefined : ordinalOf(largest, term);
    const others = ordinal === undefined ? 0 : (largest?.frequencies[ordinal] ?? 0);
    return { term, weight: tellingWeight(said.frequency, rarity(documents, said.holders + others)) };
  };
  if (own === undefined) {
    const { terms = [], frequencies = [] } = all.recent.said[number] ?? {};
    return terms.map(({ text, living }, index) =>
      weighted(text, { frequency: frequencies[index] ?? 0, holders: living }),
    );
  }
  const said: WeightedTerm[] = [];
  const end = own.tellingStarts[number + 1] ?? 0;
  for (let index = own.tellingStarts[number] ?? 0; index < end; index += 1) {
    const entry = own.telling[index] ?? 0;
    const ordinal = tellingOrdinal(entry);
    const holders = own.frequencies[ordinal] ?? 0;
    said.push(weighted(termAt(own, ordinal), { frequency: tellingFrequency(entry), holders }));
  }
  return said;
}

/** The largest segment, unless it is this one. */
function largestBut({ held }: TermSegments, own: TermSegment | undefined): TermSegment | undefined {
  let largest: TermSegment | undefined;
  for (const candidate of held) {
    if (candidate !== undefined && candidate.segment.sizes.documents > (largest?.sizes.documents ?? 0)) {
      largest = candidate.segment;
    }
  }
  return largest === own ? undefined : largest;
}

/** What was recent becomes a segment, unless half of it is dead: then only the dead go. */
function settleRecent(all: TermSegments): void {
  if (2 * all.recent.livingSize < all.sizes.recent) {
    all.recent = withoutDead(all.recent);
    for (let number = 0; number < all.recent.living; number += 1) all.numbers[all.recent.slots[number] ?? 0] = number;
    return;
  }
  const settled = heldSegment(all.nextId++, packedRecent(all.recent));
  const place = freePlace(all);
  all.held[place] = settled;
  all.recent = recentTerms();
  const { slots } = settled.segment;
  for (let number = 0; number < slots.length; number += 1) moveSlot(all, { slot: slots[number] ?? 0, place, number });
}

function moveSlot(
  { places, numbers }: TermSegments,
  { slot, place, number }: { readonly slot: number; readonly place: number; readonly number: number },
): void {
  places[slot] = place;
  numbers[slot] = number;
}

function freePlace({ held }: TermSegments): number {
  const place = held.indexOf(undefined, RECENT + 1);
  return place === -1 ? held.length : place;
}

/** Takes in a segment that was packed: false where one of its living documents is elsewhere too. */
function isSettled(all: TermSegments, held: HeldSegment): boolean {
  const place = freePlace(all);
  const { slots, lengths } = held.segment;
  const highest = slots.reduce((high, slot) => Math.max(high, slot), 0);
  if (highest >= all.places.length) growSlots(all, highest);
  for (let number = 0; number < slots.length; number += 1) {
    if (held.dead !== undefined && hasBit(held.dead, number)) continue;
    const slot = slots[number] ?? 0;
    if (all.places[slot] !== NOWHERE) return false;
    moveSlot(all, { slot, place, number });
    all.documents += 1;
    all.totalLength += lengths[number] ?? 0;
  }
  all.held[place] = held;
  return true;
}

/** Does a piece of a merge, if one is due; answers whether more is. */
export function tidySegments(all: TermSegments): boolean {
  if (all.merging === undefined) {
    const places = placesToMerge(all);
    if (places.length === 0) return false;
    const sources = places.flatMap((place) => all.held[place] ?? []);
    // What is dead by now is left out. What is forgotten from now on is in the merged one, and has to leave that.
    for (const source of sources) source.holdsForgotten = false;
    all.merging = { places, work: mergedSegment(sources, all.sizes.piece) };
  }
  const { places, work } = all.merging;
  const { done, value } = work.next();
  if (done !== true) return true;
  settleMerged(all, { places, segment: value });
  all.merging = undefined;
  return placesToMerge(all).length > 0;
}

/** The merged segment takes the place of its sources. Who died in them meanwhile is dead in it. */
function settleMerged(
  all: TermSegments,
  merged: { readonly places: readonly number[]; readonly segment: TermSegment },
): void {
  const held = heldSegment(all.nextId++, merged.segment);
  const place = freePlace(all);
  const { slots } = merged.segment;
  for (let number = 0; number < slots.length; number += 1) {
    const slot = slots[number] ?? 0;
    // Nothing moves into a segment, so a slot that is still at one of these places is the document that was merged.
    if (merged.places.includes(all.places[slot] ?? NOWHERE)) moveSlot(all, { slot, place, number });
    else kill(held, number);
  }
  held.holdsForgotten = merged.places.some((old) => all.held[old]?.holdsForgotten);
  for (const old of merged.places) all.held[old] = undefined;
  if (slots.length > 0) all.held[place] = held;
  all.revision += 1;
}

/** Enough segments of about one size, the smallest first; or one of which half is dead, or that holds what is forgotten. */
function placesToMerge({ held, sizes }: TermSegments): readonly number[] {
  const tiers = new Map<number, number[]>();
  for (const [place, candidate] of held.entries()) {
    if (candidate === undefined) continue;
    const { segment, deadCount, holdsForgotten } = candidate;
    if (holdsForgotten || 2 * deadCount > segment.sizes.documents) return [place];
    if (segment.bytes.length * FAN_IN > MAX_SEGMENT_BYTES) continue;
    const size = segment.sizes.documents + segment.sizes.postings;
    const tier = Math.max(0, Math.floor(Math.log(size / sizes.recent) / Math.log(FAN_IN)));
    tiers.set(tier, [...(tiers.get(tier) ?? []), place]);
  }
  const full = [...tiers].filter(([, places]) => places.length >= FAN_IN).sort(([a], [b]) => a - b)[0];
  return full?.[1].slice(0, MAX_FAN_IN) ?? [];
}
