// Terms of many documents as one piece of bytes that is searched as it stands: nothing is parsed, nothing is copied. Pure.
import type { PostingCursor } from './posting-block.ts';

/** Documents are numbered from 0 in the order of their arrival, terms by their UTF-16 order. Little-endian, as all of today's platforms. */
export interface TermSegment extends SegmentViews {
  readonly bytes: Uint8Array;
  readonly checksum: number;
  readonly sizes: SegmentSizes;
}

export interface SegmentSizes {
  readonly documents: number;
  readonly terms: number;
  /** Telling terms of all documents together. */
  readonly tellingTerms: number;
  /** UTF-16 units of all terms together. */
  readonly textUnits: number;
  /** Pairs of document and term. */
  readonly postings: number;
  readonly postingBytes: number;
}

export interface SegmentViews {
  /** By document. */
  readonly slots: Uint32Array;
  /** By document: how many terms, repeats counted. */
  readonly lengths: Uint32Array;
  /** By document, and one more: where its telling terms start. */
  readonly tellingStarts: Uint32Array;
  /** Each is a term and how often the document says it: `tellingEntry`. */
  readonly telling: Uint32Array;
  /** By term, and one more. */
  readonly textStarts: Uint32Array;
  /** By term, and one more. */
  readonly postingStarts: Uint32Array;
  /** By term: documents that hold it, dead ones too. */
  readonly frequencies: Uint32Array;
  readonly text: Uint16Array;
  /** By term, its documents in blocks, as `posting-block.ts` writes them. */
  readonly postings: Uint8Array;
}

/** Bytes of the largest segment: more are not merged into one. Keeps ordinals within what `tellingEntry` can hold. */
export const MAX_SEGMENT_BYTES: number = 2 ** 28;
/** Telling terms kept of one document. */
export const MAX_TELLING_TERMS = 12;

const FORMAT = 0x5445_5201;
const HEADER_WORDS = 8;
const HASHED_FROM_WORD = 2;
const TELLING_FREQUENCY_BITS = 6;
const MAX_TELLING_FREQUENCY = 2 ** TELLING_FREQUENCY_BITS - 1;

/** The segment that these bytes are, `undefined` where they are none. They are copied only if they lie askew in memory. */
export function segmentOf(unaligned: Uint8Array): TermSegment | undefined {
  if (unaligned.length < HEADER_WORDS * 4 || unaligned.length % 4 !== 0) return undefined;
  const bytes = unaligned.byteOffset % 4 === 0 ? unaligned : unaligned.slice();
  const words = wordsOf(bytes);
  const [
    format,
    checksum = 0,
    documents = 0,
    terms = 0,
    tellingTerms = 0,
    textUnits = 0,
    postings = 0,
    postingBytes = 0,
  ] = words;
  const sizes = { documents, terms, tellingTerms, textUnits, postings, postingBytes };
  if (format !== FORMAT || segmentBytes(sizes) !== bytes.length) return undefined;
  if (checksumOf(words.subarray(HASHED_FROM_WORD)) !== checksum) return undefined;
  return { bytes, checksum, sizes, ...viewsOf(bytes, sizes) };
}

/** Room for a segment of these sizes. It is one as soon as its views are filled and `sealedSegment` has gone over it. */
export function emptySegment(sizes: SegmentSizes): { readonly bytes: Uint8Array; readonly views: SegmentViews } {
  const bytes = new Uint8Array(segmentBytes(sizes));
  const { documents, terms, tellingTerms, textUnits, postings, postingBytes } = sizes;
  wordsOf(bytes).set([FORMAT, 0, documents, terms, tellingTerms, textUnits, postings, postingBytes]);
  return { bytes, views: viewsOf(bytes, sizes) };
}

/** Counts the checksum, pausing after each piece. */
export function* sealedSegment(bytes: Uint8Array, sizes: SegmentSizes): Generator<void, TermSegment> {
  const words = wordsOf(bytes);
  let checksum = CHECKSUM_START;
  for (let from = HASHED_FROM_WORD; from < words.length; from += SEAL_WORDS) {
    checksum = checksumOf(words.subarray(from, from + SEAL_WORDS), checksum);
    if (words.length > SEAL_WORDS) yield;
  }
  words[1] = checksum;
  return { bytes, checksum, sizes, ...viewsOf(bytes, sizes) };
}
const SEAL_WORDS = 500_000;

/** Any one word that differs gives another sum: rotation, addition without carry and an odd factor lose nothing. */
export function checksumOf(words: Uint32Array, start: number = CHECKSUM_START): number {
  let sum = start;
  for (let index = 0; index < words.length; index += 1) {
    sum = Math.imul(((sum << 5) | (sum >>> 27)) ^ (words[index] ?? 0), 0x9e37_79b1);
  }
  return sum >>> 0;
}
const CHECKSUM_START = 0x811c_9dc5;

/** Bytes that are aligned, as words. */
export function wordsOf(bytes: Uint8Array): Uint32Array {
  return new Uint32Array(bytes.buffer, bytes.byteOffset, bytes.length >>> 2);
}

function segmentBytes({ documents, terms, tellingTerms, textUnits, postingBytes }: SegmentSizes): number {
  const words = HEADER_WORDS + 3 * documents + 1 + tellingTerms + 3 * terms + 2;
  return 4 * (words + Math.ceil(textUnits / 2) + Math.ceil(postingBytes / 4));
}

function viewsOf(bytes: Uint8Array, sizes: SegmentSizes): SegmentViews {
  const { documents, terms, tellingTerms, textUnits, postingBytes } = sizes;
  let at = bytes.byteOffset + 4 * HEADER_WORDS;
  const words = (length: number): Uint32Array => {
    const view = new Uint32Array(bytes.buffer, at, length);
    at += 4 * length;
    return view;
  };
  const slots = words(documents);
  const lengths = words(documents);
  const tellingStarts = words(documents + 1);
  const telling = words(tellingTerms);
  const textStarts = words(terms + 1);
  const postingStarts = words(terms + 1);
  const frequencies = words(terms);
  const text = new Uint16Array(bytes.buffer, at, textUnits);
  const postings = new Uint8Array(bytes.buffer, at + 4 * Math.ceil(textUnits / 2), postingBytes);
  return { slots, lengths, tellingStarts, telling, textStarts, postingStarts, frequencies, text, postings };
}

/** The number of a term, `undefined` where no document holds it. */
export function ordinalOf(segment: TermSegment, term: string): number | undefined {
  let from = 0;
  let to = segment.sizes.terms;
  while (from < to) {
    const middle = (from + to) >>> 1;
    const order = compareText(segment, middle, term);
    if (order === 0) return middle;
    if (order < 0) from = middle + 1;
    else to = middle;
  }
  return undefined;
}

function compareText({ text, textStarts }: TermSegment, ordinal: number, term: string): number {
  const start = textStarts[ordinal] ?? 0;
  const length = (textStarts[ordinal + 1] ?? 0) - start;
  const shorter = Math.min(length, term.length);
  for (let index = 0; index < shorter; index += 1) {
    const difference = (text[start + index] ?? 0) - term.charCodeAt(index);
    if (difference !== 0) return difference;
  }
  return length - term.length;
}

export function termAt({ text, textStarts }: TermSegment, ordinal: number): string {
  // Spread out as arguments, it takes three times as long.
  return Reflect.apply(String.fromCharCode, undefined, text.subarray(textStarts[ordinal], textStarts[ordinal + 1]));
}

/** A frequency beyond what its bits can hold is kept as the highest that they can. */
export function tellingEntry(ordinal: number, frequency: number): number {
  return ((ordinal << TELLING_FREQUENCY_BITS) | Math.min(frequency, MAX_TELLING_FREQUENCY)) >>> 0;
}

export function tellingOrdinal(entry: number): number {
  return entry >>> TELLING_FREQUENCY_BITS;
}

export function tellingFrequency(entry: number): number {
  return entry & MAX_TELLING_FREQUENCY;
}

export function postingsOf({ postingStarts, frequencies }: TermSegment, ordinal: number): PostingCursor {
  return { at: postingStarts[ordinal] ?? 0, left: frequencies[ordinal] ?? 0, next: 0 };
}
