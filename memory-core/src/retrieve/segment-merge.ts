// Several segments become one, without their dead, in pieces of work that are short. Pure.
import { type SegmentDocuments, type SegmentWriter, segmentWriter } from './segment-writer.ts';
import {
  hasBit,
  NONE,
  postingBlock,
  postingsOf,
  readPostings,
  renumberBlock,
  type TermSegment,
  tellingEntry,
  tellingFrequency,
  tellingOrdinal,
} from './term-segment.ts';

export interface MergeSource {
  readonly segment: TermSegment;
  /** Bits of documents that are not taken along. */
  readonly dead: Uint32Array | undefined;
}

/** Postings gone over between two pauses. */
const PIECE_POSTINGS = 20_000;
/** Documents gone over between two pauses. */
const PIECE_DOCUMENTS = 5_000;
/** What a term costs beside its postings, in postings. */
const TERM_COST = 8;

/** The documents that live when it starts, in the order of the sources. */
export function* mergedSegment(sources: readonly MergeSource[]): Generator<void, TermSegment> {
  const inputs: readonly Input[] = renumbered(sources);
  const sum = (of: (segment: TermSegment) => number): number =>
    sources.reduce((total, { segment }) => total + of(segment), 0);
  const terms = sum(({ sizes }) => sizes.terms);
  const writer = segmentWriter({
    terms,
    textUnits: sum(({ sizes }) => sizes.textUnits),
    // Only the first gap of each source's list can outgrow its place, to five bytes: where a document falls out, the gap
    // over it takes no more bytes than the two beside it did.
    postingBytes: sum(({ sizes }) => sizes.postingBytes) + 4 * terms,
  });
  yield* mergeTerms(inputs, writer);
  return yield* writer.finish(yield* mergedDocuments(inputs));
}

interface Input extends MergeSource {
  /** By old number: the new one. `NONE` for the dead. */
  readonly documents: Uint32Array;
  readonly living: number;
  /** By old number: the new one. */
  readonly ordinals: Uint32Array;
  /** The term that comes next. */
  ordinal: number;
}

function renumbered(sources: readonly MergeSource[]): readonly Input[] {
  let next = 0;
  return sources.map(({ segment, dead }) => {
    const documents = new Uint32Array(segment.sizes.documents);
    const first = next;
    for (let document = 0; document < documents.length; document += 1) {
      documents[document] = dead !== undefined && hasBit(dead, document) ? NONE : next++;
    }
    return {
      segment,
      dead,
      documents,
      living: next - first,
      ordinals: new Uint32Array(segment.sizes.terms),
      ordinal: 0,
    };
  });
}

function* mergeTerms(inputs: readonly Input[], writer: SegmentWriter): Generator<void, void> {
  const block = postingBlock();
  let work = 0;
  for (;;) {
    const holders = inputsWithLowestTerm(inputs);
    const [first] = holders;
    if (first === undefined) return;
    const [start, end] = termRange(first);
    for (const { segment, documents, ordinal } of holders) {
      work += TERM_COST;
      const cursor = postingsOf(segment, ordinal);
      while (readPostings(segment.postings, cursor, block)) {
        work += block.count;
        renumberBlock(block, documents);
        writer.add(block);
        if (work < PIECE_POSTINGS) continue;
        work = 0;
        yield;
      }
    }
    const ordinal = writer.end({ units: first.segment.text, start, end }) ?? NONE;
    for (const holder of holders) holder.ordinals[holder.ordinal++] = ordinal;
  }
}

/** Those whose next term is the lowest of all, in their order. */
function inputsWithLowestTerm(inputs: readonly Input[]): readonly Input[] {
  let holders: Input[] = [];
  for (const input of inputs) {
    if (input.ordinal === input.segment.sizes.terms) continue;
    const [lowest] = holders;
    const order = lowest === undefined ? 0 : compareTerms(input, lowest);
    if (order < 0) holders = [input];
    else if (order === 0) holders.push(input);
  }
  return holders;
}

function compareTerms(a: Input, b: Input): number {
  const [aStart, aEnd] = termRange(a);
  const [bStart, bEnd] = termRange(b);
  const shorter = Math.min(aEnd - aStart, bEnd - bStart);
  for (let index = 0; index < shorter; index += 1) {
    const difference = (a.segment.text[aStart + index] ?? 0) - (b.segment.text[bStart + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return aEnd - aStart - (bEnd - bStart);
}

function termRange({ segment, ordinal }: Input): readonly [number, number] {
  return [segment.textStarts[ordinal] ?? 0, segment.textStarts[ordinal + 1] ?? 0];
}

function* mergedDocuments(inputs: readonly Input[]): Generator<void, SegmentDocuments> {
  const living = inputs.reduce((sum, input) => sum + input.living, 0);
  const entries = inputs.reduce((sum, { segment }) => sum + segment.sizes.tellingTerms, 0);
  const slots = new Uint32Array(living);
  const lengths = new Uint32Array(living);
  const tellingStarts = new Uint32Array(living + 1);
  const telling = new Uint32Array(entries);
  let at = 0;
  for (const { segment, documents, ordinals } of inputs) {
    for (let old = 0; old < documents.length; old += 1) {
      const document = documents[old] ?? NONE;
      if (document === NONE) continue;
      slots[document] = segment.slots[old] ?? 0;
      lengths[document] = segment.lengths[old] ?? 0;
      const end = segment.tellingStarts[old + 1] ?? 0;
      for (let entry = segment.tellingStarts[old] ?? 0; entry < end; entry += 1) {
        const packed = segment.telling[entry] ?? 0;
        telling[at++] = tellingEntry(ordinals[tellingOrdinal(packed)] ?? 0, tellingFrequency(packed));
      }
      tellingStarts[document + 1] = at;
      if (document % PIECE_DOCUMENTS === 0) yield;
    }
  }
  return { slots, lengths, tellingStarts, telling: telling.subarray(0, at) };
}
