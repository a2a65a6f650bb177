// The documents that came last, as they can still be changed, until they are packed into a segment. Pure, but for itself.
import { rarity, tellingWeight } from './bm25.ts';
import { hasBit, NONE, type PostingBlock, postingBlock, renumberBlock } from './posting-block.ts';
import { type SegmentDocuments, segmentWriter } from './segment-writer.ts';
import { MAX_TELLING_TERMS, type TermSegment, tellingEntry } from './term-segment.ts';

export interface RecentTerms {
  /** By document, as it was added; longer than there are documents. Read anew after each `add`. */
  slots: Uint32Array;
  lengths: Uint32Array;
  dead: Uint32Array;
  readonly said: RecentDocument[];
  readonly terms: Map<string, RecentTerm>;
  /** Documents and postings, dead ones too: what it takes. */
  size: number;
  living: number;
  livingSize: number;
}

export interface RecentDocument {
  readonly terms: readonly RecentTerm[];
  readonly frequencies: readonly number[];
}

export interface RecentTerm {
  readonly text: string;
  readonly start: number;
  /** A document, how often it says the term, the next document … */
  readonly postings: number[];
  /** Living documents that say it. */
  living: number;
  /** The last document among its postings. */
  lastDocument: number;
  /** While it is packed: its number, and its weight among these documents. */
  ordinal: number;
  weight: number;
}

const FIRST_CAPACITY = 64;

export function recentTerms(): RecentTerms {
  return {
    slots: new Uint32Array(FIRST_CAPACITY),
    lengths: new Uint32Array(FIRST_CAPACITY),
    dead: new Uint32Array(FIRST_CAPACITY / 32),
    said: [],
    terms: new Map(),
    size: 0,
    living: 0,
    livingSize: 0,
  };
}

/** The number of the new document. The slot may have no other living one here. */
export function addRecent(
  recent: RecentTerms,
  { slot, terms }: { readonly slot: number; readonly terms: readonly string[] },
): number {
  const document = recent.said.length;
  const distinct: RecentTerm[] = [];
  for (const text of terms) {
    let term = recent.terms.get(text);
    if (term === undefined) {
      term = { text, start: startOf(text), postings: [], living: 0, lastDocument: NONE, ordinal: 0, weight: 0 };
      recent.terms.set(text, term);
    }
    const { postings } = term;
    if (term.lastDocument === document) {
      postings[postings.length - 1] = (postings.at(-1) ?? 0) + 1;
      continue;
    }
    postings.push(document, 1);
    term.lastDocument = document;
    term.living += 1;
    distinct.push(term);
  }
  if (document === recent.slots.length) grow(recent);
  recent.slots[document] = slot;
  recent.lengths[document] = terms.length;
  recent.said.push({ terms: distinct, frequencies: distinct.map(({ postings }) => postings.at(-1) ?? 0) });
  recent.size += distinct.length + 1;
  recent.living += 1;
  recent.livingSize += distinct.length + 1;
  return document;
}

function grow(recent: RecentTerms): void {
  const { slots, lengths, dead } = recent;
  recent.slots = new Uint32Array(2 * slots.length);
  recent.slots.set(slots);
  recent.lengths = new Uint32Array(2 * lengths.length);
  recent.lengths.set(lengths);
  recent.dead = new Uint32Array(2 * dead.length);
  recent.dead.set(dead);
}

export function killRecent(recent: RecentTerms, document: number): void {
  const { terms } = recent.said[document] ?? { terms: [] };
  for (const term of terms) term.living -= 1;
  recent.dead[document >>> 5] = (recent.dead[document >>> 5] ?? 0) | (1 << (document & 31));
  recent.living -= 1;
  recent.livingSize -= terms.length + 1;
}

/** The same documents without the dead, in their order. */
export function withoutDead(recent: RecentTerms): RecentTerms {
  const living = recentTerms();
  for (const [document, { terms, frequencies }] of recent.said.entries()) {
    if (hasBit(recent.dead, document)) continue;
    const repeated = terms.flatMap(({ text }, index) => Array<string>(frequencies[index] ?? 0).fill(text));
    addRecent(living, { slot: recent.slots[document] ?? 0, terms: repeated });
  }
  return living;
}

/** Fills the block from this place in the postings on, dead documents too; the place where to go on, `undefined` at the end. */
export function readRecent(term: RecentTerm, place: number, block: PostingBlock): number | undefined {
  const { postings } = term;
  const { documents, frequencies } = block;
  let at = place;
  let count = 0;
  for (; at < postings.length && count < documents.length; at += 2) {
    documents[count] = postings[at] ?? 0;
    frequencies[count] = postings[at + 1] ?? 0;
    count += 1;
  }
  block.count = count;
  return count === 0 ? undefined : at;
}

/** The living documents as a segment, in their order. */
export function packedRecent(recent: RecentTerms): TermSegment {
  const terms = [...recent.terms.values()].sort(inOrder);
  let textUnits = 0;
  let ordinal = 0;
  for (const term of terms) {
    if (term.living === 0) continue;
    term.ordinal = ordinal++;
    term.weight = rarity(recent.living, term.living);
    textUnits += term.text.length;
  }
  const writer = segmentWriter({ terms: terms.length, textUnits });
  const numbers = new Uint32Array(recent.said.length);
  const documents = recentDocuments(recent, numbers);
  const block = postingBlock();
  for (const term of terms) {
    let place: number | undefined = 0;
    for (;;) {
      place = readRecent(term, place, block);
      if (place === undefined) break;
      renumberBlock(block, numbers);
      writer.add(block);
    }
    writer.end(term.text);
  }
  const packing = writer.finish(documents);
  for (;;) {
    const { done, value } = packing.next();
    if (done === true) return value;
  }
}

/** The first three units as a number: to compare those takes half as long as to compare texts. */
function startOf(text: string): number {
  const [first, second, third] = [text.charCodeAt(0), text.charCodeAt(1), text.charCodeAt(2)];
  return ((first || 0) * 65_536 + (second || 0)) * 65_536 + (third || 0);
}

/** The order of a segment's terms. */
function inOrder(a: RecentTerm, b: RecentTerm): number {
  return a.start - b.start || (a.text < b.text ? -1 : 1);
}

/** What a segment says of each document that lives. Writes their new numbers. */
function recentDocuments(recent: RecentTerms, numbers: Uint32Array): SegmentDocuments {
  const slots = new Uint32Array(recent.living);
  const lengths = new Uint32Array(recent.living);
  const tellingStarts = new Uint32Array(recent.living + 1);
  const telling: number[] = [];
  let number = 0;
  for (const [document, said] of recent.said.entries()) {
    if (hasBit(recent.dead, document)) {
      numbers[document] = NONE;
      continue;
    }
    numbers[document] = number;
    slots[number] = recent.slots[document] ?? 0;
    lengths[number] = recent.lengths[document] ?? 0;
    pushTelling(said, telling);
    number += 1;
    tellingStarts[number] = telling.length;
  }
  return { slots, lengths, tellingStarts, telling: Uint32Array.from(telling) };
}

function pushTelling({ terms, frequencies }: RecentDocument, telling: number[]): void {
  const best = heaviest(terms.length, (index) => tellingWeight(frequencies[index] ?? 0, terms[index]?.weight ?? 0));
  for (const index of best) telling.push(tellingEntry(terms[index]?.ordinal ?? 0, frequencies[index] ?? 0));
}

/** Up to `MAX_TELLING_TERMS` of so many things, heaviest first; of equals the first ones. */
export function heaviest(count: number, weightOf: (index: number) => number): readonly number[] {
  const best: number[] = [];
  const weights: number[] = [];
  for (let index = 0; index < count; index += 1) {
    const weight = weightOf(index);
    if (best.length === MAX_TELLING_TERMS && weight <= (weights.at(-1) ?? 0)) continue;
    let place = Math.min(best.length, MAX_TELLING_TERMS - 1);
    for (; place > 0 && (weights[place - 1] ?? 0) < weight; place -= 1) {
      best[place] = best[place - 1] ?? 0;
      weights[place] = weights[place - 1] ?? 0;
    }
    best[place] = index;
    weights[place] = weight;
  }
  return best;
}
