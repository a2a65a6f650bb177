// Which slots hold which words, and how well they answer a few of them: the inverted index of one field. Pure, but for itself.
import { rarity, saturation } from './bm25.ts';
import type { PackedPart, UnpackedParts } from './packed-part.ts';
import { BLOCK_POSTINGS, hasBit, type PostingBlock, readPostings } from './posting-block.ts';
import { heaviest, readRecent } from './recent-terms.ts';
import type { Scores } from './scores.ts';
import { hasSlot, type SlotSet } from './slot-set.ts';
import { packedParts, unpackedParts } from './term-parts.ts';
import { postingsOf } from './term-segment.ts';
import {
  emptySegments,
  forgetDocument,
  hasDocument,
  holdersOf,
  livingAmong,
  packedIndexOf,
  putDocument,
  saidAt,
  segmentsOf,
  type TermHolders,
  type TermIndexSizes,
  type TermSegments,
  tidySegments,
  type WeightedTerm,
} from './term-segments.ts';

export type { WeightedTerm } from './term-segments.ts';

export interface TermQuestion {
  readonly scores: Scores;
  /** Gets what each slot holds of the question at all: the sum of weight · rarity of the terms that it has. */
  readonly held?: Scores | undefined;
  /** Only these slots are scored. What a term says of itself is counted over all. */
  readonly among?: SlotSet | undefined;
  /** Entries of the index read at most; the rarest term that a document still says is read in any case. @default 200,000 */
  readonly maxPostings?: number | undefined;
}

export interface TermIndex {
  /** Documents in it. */
  readonly documents: number;
  /** What the slot says, in place of what it said. Repeats count as frequency. Slots are dense: memory goes by the highest. */
  put(slot: number, terms: readonly string[]): void;
  /** Forgets the slot. Once `tidy` says that nothing is due, no word that it alone ever said is in `parts`. */
  delete(slot: number): void;
  has(slot: number): boolean;
  /** How many documents hold the term. Exact. */
  frequencyOf(term: string): number;
  /** Adds weight · rarity · saturation (`bm25.ts`) of each term to the slots that hold it, rarest terms first; answers those left out. */
  score(terms: readonly WeightedTerm[], question: TermQuestion): { readonly leftOut: readonly string[] };
  /** The terms of a slot that tell most (`tellingWeight`), best first: 12 at most. */
  tellingTerms(slot: number, count: number): readonly WeightedTerm[];
  /** Does a piece of the upkeep that is due, a few milliseconds at most, and answers whether more is. Each `put` does its share too. */
  tidy(): boolean;
  /** All of it as bytes that stay as they are. A part whose name and revision were seen before has the same bytes. */
  parts(prefix: string): readonly PackedPart[];
}

const SIZES: TermIndexSizes = { recent: 16_384, piece: 20_000 };
/** Some milliseconds: what is left out of a large collection are the words that tell least. */
const MAX_POSTINGS = 200_000;

/**
 * An index without documents. It holds what came last as it came, and all else in immutable segments. As soon as four
 * of about one size are there, they are merged, a little with each `put`. So there are a handful of each size at most.
 */
export function termIndex(sizes: TermIndexSizes = SIZES): TermIndex {
  return indexOf(emptySegments(sizes));
}

/** The index that was packed into these parts; `undefined` where they are not such parts. Their bytes must stay as they are. */
export function unpackedTermIndex(parts: UnpackedParts, prefix: string): TermIndex | undefined {
  const packed = unpackedParts(parts, prefix);
  const segments = packed === undefined ? undefined : segmentsOf(packed);
  return segments === undefined ? undefined : indexOf(segments);
}

function indexOf(segments: TermSegments): TermIndex {
  return {
    get documents() {
      return segments.documents;
    },
    put: (slot, terms) => putDocument(segments, { slot, terms }),
    delete: (slot) => forgetDocument(segments, slot),
    has: (slot) => hasDocument(segments, slot),
    frequencyOf: (term) => livingAmong(segments, holdersOf(segments, term)),
    score: (terms, question) => scoreTerms(segments, { terms, ...question }),
    tellingTerms: (slot, count) => tellingTerms(segments, { slot, count }),
    tidy: () => tidySegments(segments),
    parts: (prefix) => packedParts(packedIndexOf(segments), prefix),
  };
}

/** A term of a question and who may hold it. */
interface Wanted extends WeightedTerm {
  readonly holders: TermHolders;
}

function scoreTerms(
  segments: TermSegments,
  {
    terms,
    scores,
    held,
    among,
    maxPostings = MAX_POSTINGS,
  }: TermQuestion & { readonly terms: readonly WeightedTerm[] },
): { readonly leftOut: readonly string[] } {
  const wanted: readonly Wanted[] = terms
    .map(({ term, weight }) => ({ term, weight, holders: holdersOf(segments, term) }))
    .filter(({ holders }) => holders.postings > 0)
    .sort((a, b) => a.holders.postings - b.holders.postings);
  const scoring: Scoring = {
    scores,
    held,
    among,
    averageLength: segments.totalLength / segments.documents,
    factor: 0,
    list: segments.recent,
    slots: new Uint32Array(BLOCK_POSTINGS),
    amounts: new Float32Array(BLOCK_POSTINGS),
    shares: new Float32Array(BLOCK_POSTINGS),
    count: 0,
  };
  const leftOut: string[] = [];
  let read = 0;
  let isAnswered = false;
  for (const { term, weight, holders } of wanted) {
    if (isAnswered && read + holders.postings > maxPostings) {
      leftOut.push(term);
      continue;
    }
    read += holders.postings;
    const living = livingAmong(segments, holders);
    if (living === 0) continue;
    isAnswered = true;
    scoring.factor = weight * rarity(segments.documents, living);
    scoring.shares.fill(scoring.factor);
    scoreHolders(segments, holders, scoring);
  }
  return { leftOut };
}

/** One for a question: changed from term to term and from list to list, and filled block by block. */
interface Scoring {
  readonly scores: Scores;
  readonly held: Scores | undefined;
  readonly among: SlotSet | undefined;
  readonly averageLength: number;
  factor: number;
  list: { readonly slots: Uint32Array; readonly lengths: Uint32Array; readonly dead: Uint32Array | undefined };
  readonly slots: Uint32Array;
  readonly amounts: Float32Array;
  readonly shares: Float32Array;
  count: number;
}

function scoreHolders({ block, recent }: TermSegments, holders: TermHolders, scoring: Scoring): void {
  for (const { held, ordinal } of holders.held) {
    const { slots, lengths, postings } = held.segment;
    scoring.list = { slots, lengths, dead: held.dead };
    const cursor = postingsOf(held.segment, ordinal);
    while (readPostings(postings, cursor, block)) scoreBlock(block, scoring);
  }
  if (holders.recent === undefined) return;
  scoring.list = recent;
  let place = readRecent(holders.recent, 0, block);
  while (place !== undefined) {
    scoreBlock(block, scoring);
    place = readRecent(holders.recent, place, block);
  }
}

function scoreBlock({ documents, frequencies, count }: PostingBlock, scoring: Scoring): void {
  const { scores, among, factor, averageLength, slots: keptSlots, amounts } = scoring;
  const { slots, lengths, dead } = scoring.list;
  let kept = 0;
  for (let index = 0; index < count; index += 1) {
    const document = documents[index] ?? 0;
    if (dead !== undefined && hasBit(dead, document)) continue;
    const slot = slots[document] ?? 0;
    if (among !== undefined && !hasSlot(among, slot)) continue;
    keptSlots[kept] = slot;
    amounts[kept] = factor * saturation(frequencies[index] ?? 0, lengths[document] ?? 0, averageLength);
    kept += 1;
  }
  scoring.count = kept;
  scores.addAll(scoring);
  scoring.held?.addAll({ slots: keptSlots, amounts: scoring.shares, count: kept });
}

function tellingTerms(
  segments: TermSegments,
  { slot, count }: { readonly slot: number; readonly count: number },
): readonly WeightedTerm[] {
  const said = saidAt(segments, slot);
  return heaviest(said.length, (index) => said[index]?.weight ?? 0)
    .slice(0, count)
    .flatMap((index) => said[index] ?? []);
}
