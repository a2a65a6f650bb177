// Builds a segment term by term, in the order of the terms. Pure.
import {
  BLOCK_POSTINGS,
  MAX_BLOCK_BYTES,
  type PostingBlock,
  type PostingCursor,
  postingBlock,
  writePostings,
} from './posting-block.ts';
import { emptySegment, type SegmentSizes, type SegmentViews, sealedSegment, type TermSegment } from './term-segment.ts';

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
}

/** Numbers copied at a time. */
const COPY_PIECE = 500_000;
/** Postings are gathered in pieces, each twice as large as the one before, up to the last of these sizes. */
const FIRST_CHUNK_BYTES = 4_096;
const CHUNK_BYTES = 2 ** 20;

export function segmentWriter(bounds: WriterBounds): SegmentWriter {
  const textStarts = new Uint32Array(bounds.terms + 1);
  const postingStarts = new Uint32Array(bounds.terms + 1);
  const frequencies = new Uint32Array(bounds.terms);
  const text = new Uint16Array(bounds.textUnits);
  const chunks: Uint8Array[] = [];
  let chunk = new Uint8Array(FIRST_CHUNK_BYTES);
  let chunkStart = 0;
  const cursor: PostingCursor = { at: 0, left: 0, next: 0 };
  const pending = postingBlock();
  let frequency = 0;
  let terms = 0;
  let textUnits = 0;
  let allPostings = 0;

  function writePending(): void {
    if (chunk.length - cursor.at < MAX_BLOCK_BYTES) endChunk();
    writePostings(chunk, cursor, pending);
    pending.count = 0;
  }

  function endChunk(): void {
    chunks.push(chunk.subarray(0, cursor.at));
    chunkStart += cursor.at;
    chunk = new Uint8Array(Math.min(2 * chunk.length, CHUNK_BYTES));
    cursor.at = 0;
  }

  return {
    add({ documents, frequencies, count }) {
      for (let index = 0; index < count; index += 1) {
        pending.documents[pending.count] = documents[index] ?? 0;
        pending.frequencies[pending.count] = frequencies[index] ?? 0;
        pending.count += 1;
        if (pending.count === BLOCK_POSTINGS) writePending();
      }
      frequency += count;
    },
    end(term) {
      if (frequency === 0) return undefined;
      if (pending.count > 0) writePending();
      textUnits = writeText(text, textUnits, term);
      frequencies[terms] = frequency;
      allPostings += frequency;
      terms += 1;
      textStarts[terms] = textUnits;
      postingStarts[terms] = chunkStart + cursor.at;
      cursor.next = 0;
      frequency = 0;
      return terms - 1;
    },
    *finish(documents) {
      endChunk();
      const sizes: SegmentSizes = {
        documents: documents.slots.length,
        terms,
        tellingTerms: documents.telling.length,
        textUnits,
        postings: allPostings,
        postingBytes: chunkStart,
      };
      const { bytes, views } = emptySegment(sizes);
      yield* copyViews({ ...documents, textStarts, postingStarts, frequencies, text }, views);
      yield* copyChunks(chunks, views.postings);
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

function* copyViews(from: Omit<SegmentViews, 'postings'>, to: SegmentViews): Generator<void, void> {
  const pairs: readonly (readonly [Uint16Array | Uint32Array, Uint16Array | Uint32Array])[] = [
    [from.slots, to.slots],
    [from.lengths, to.lengths],
    [from.tellingStarts, to.tellingStarts],
    [from.telling, to.telling],
    [from.textStarts, to.textStarts],
    [from.postingStarts, to.postingStarts],
    [from.frequencies, to.frequencies],
    [from.text, to.text],
  ];
  for (const [source, target] of pairs) {
    for (let at = 0; at < target.length; at += COPY_PIECE) {
      target.set(source.subarray(at, Math.min(at + COPY_PIECE, target.length)), at);
      if (target.length > COPY_PIECE) yield;
    }
  }
}

function* copyChunks(chunks: readonly Uint8Array[], to: Uint8Array): Generator<void, void> {
  let at = 0;
  for (const chunk of chunks) {
    if (at > 0) yield;
    to.set(chunk, at);
    at += chunk.length;
  }
}
