// Builds a segment term by term, in the order of the terms. Pure.
import {
  emptySegment,
  type PostingBlock,
  type SegmentSizes,
  type SegmentViews,
  sealedSegment,
  type TermSegment,
} from './term-segment.ts';

export interface SegmentWriter {
  /** Documents that hold the term at hand, numbers rising from block to block. */
  add(block: PostingBlock): void;
  /** Ends the term at hand, which reads so; its number. A term that no document holds is left out and has none. */
  end(term: string | TermText): number | undefined;
  /** The segment, pausing after each piece of work. */
  finish(documents: SegmentDocuments): Generator<void, TermSegment>;
}

/** UTF-16 units from `start` to `end`. */
export interface TermText {
  readonly units: Uint16Array;
  readonly start: number;
  readonly end: number;
}

export type SegmentDocuments = Pick<SegmentViews, 'slots' | 'lengths' | 'tellingStarts' | 'telling'>;

/** What will be written at most. Memory that is not written to is not taken. */
export interface WriterBounds {
  readonly terms: number;
  readonly textUnits: number;
  readonly postingBytes: number;
}

/** The most that one posting takes: two numbers of 32 bits. */
export const MAX_POSTING_BYTES = 10;
const COPY_WORDS = 1_000_000;

export function segmentWriter(bounds: WriterBounds): SegmentWriter {
  const textStarts = new Uint32Array(bounds.terms + 1);
  const postingStarts = new Uint32Array(bounds.terms + 1);
  const frequencies = new Uint32Array(bounds.terms);
  const text = new Uint16Array(bounds.textUnits);
  const postings = new Uint8Array(bounds.postingBytes);
  const list = { at: 0, next: 0, count: 0 };
  let terms = 0;
  let textUnits = 0;
  let allPostings = 0;

  return {
    add: (block) => writePostings(postings, list, block),
    end(term) {
      if (list.count === 0) return undefined;
      textUnits = writeText(text, textUnits, term);
      frequencies[terms] = list.count;
      allPostings += list.count;
      terms += 1;
      textStarts[terms] = textUnits;
      postingStarts[terms] = list.at;
      list.next = 0;
      list.count = 0;
      return terms - 1;
    },
    *finish(documents) {
      const sizes: SegmentSizes = {
        documents: documents.slots.length,
        terms,
        tellingTerms: documents.telling.length,
        textUnits,
        postings: allPostings,
        postingBytes: list.at,
      };
      const { bytes, views } = emptySegment(sizes);
      const written: SegmentViews = { ...documents, textStarts, postingStarts, frequencies, text, postings };
      yield* copyViews(written, views);
      return yield* sealedSegment(bytes, sizes);
    },
  };
}

/** Where the text ends then. */
function writeText(text: Uint16Array, at: number, term: string | TermText): number {
  if (typeof term === 'string') {
    for (let index = 0; index < term.length; index += 1) text[at + index] = term.charCodeAt(index);
    return at + term.length;
  }
  const { units, start, end } = term;
  for (let index = start; index < end; index += 1) text[at + index - start] = units[index] ?? 0;
  return at + end - start;
}

function* copyViews(from: SegmentViews, to: SegmentViews): Generator<void, void> {
  const pairs: readonly (readonly [Uint8Array | Uint16Array | Uint32Array, Uint8Array | Uint16Array | Uint32Array])[] =
    [
      [from.slots, to.slots],
      [from.lengths, to.lengths],
      [from.tellingStarts, to.tellingStarts],
      [from.telling, to.telling],
      [from.textStarts, to.textStarts],
      [from.postingStarts, to.postingStarts],
      [from.frequencies, to.frequencies],
      [from.text, to.text],
      [from.postings, to.postings],
    ];
  for (const [source, target] of pairs) {
    for (let at = 0; at < target.length; at += COPY_WORDS) {
      target.set(source.subarray(at, Math.min(at + COPY_WORDS, target.length)), at);
      if (target.length > COPY_WORDS) yield;
    }
  }
}

/** Where the list at hand ends, the document that comes next if the gap is 0, and how many are in it. */
interface ListEnd {
  at: number;
  next: number;
  count: number;
}

function writePostings(postings: Uint8Array, list: ListEnd, block: PostingBlock): void {
  const { documents, frequencies, count } = block;
  let { at, next } = list;
  for (let index = 0; index < count; index += 1) {
    const document = documents[index] ?? 0;
    const frequency = frequencies[index] ?? 1;
    let rest = ((document - next) << 1) | (frequency === 1 ? 1 : 0);
    for (; rest > 127; rest >>>= 7) postings[at++] = (rest & 127) | 128;
    postings[at++] = rest;
    if (frequency !== 1) {
      for (rest = frequency; rest > 127; rest >>>= 7) postings[at++] = (rest & 127) | 128;
      postings[at++] = rest;
    }
    next = document + 1;
  }
  list.at = at;
  list.next = next;
  list.count += count;
}
