// Several segments become one, without their dead, in pieces of work that are short. Pure.
import { hasBit, NONE, postingBlock, readPostings, renumberBlock } from './posting-block.ts';
import { type SegmentDocuments, type SegmentWriter, segmentWriter } from './segment-writer.ts';
import { postingsOf, type TermSegment, tellingEntry, tellingFrequency, tellingOrdinal } from './term-segment.ts';

export interface MergeSource {
  readonly segment: TermSegment;
  /** Bits of documents that are not taken along. */
  readonly dead: Uint32Array | undefined;
}

/** What a term, and a document, costs beside its postings, in postings. */
const TERM_COST = 8;
const DOCUMENT_COST = 8;

/** The documents that live when it starts, in the order of the sources. Pauses when it has gone over so many postings. */
export function* mergedSegment(sources: readonly MergeSource[], pieceSize: number): Generator<void, TermSegment> {
  const inputs: readonly Input[] = renumbered(sources);
  const sum = (of: (segment: TermSegment) => number): number =>
    sources.reduce((total, { segment }) => total + of(segment), 0);
  const terms = sum(({ sizes }) => sizes.terms);
  const writer = segmentWriter({
    terms,
    textUnits: sum(({ sizes }) => sizes.textUnits),
  });
  yield* mergeTerms(inputs, { writer, pieceSize });
  return yield* writer.finish(yield* mergedDocuments(inputs, pieceSize));
}

interface Input extends MergeSource {
  /** By old number: the new one. `NONE` for the dead. */
  readonly documents: Uint32Array;
  readonly living: number;
  /** By old number: the new one. */
  readonly ordinals: Uint32Array;
  /** The term that comes next, and where its text is. */
  ordinal: number;
  start: number;
  end: number;
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
      start: 0,
      end: segment.textStarts[1] ?? 0,
    };
  });
}

function* mergeTerms(
  inputs: readonly Input[],
  { writer, pieceSize }: { readonly writer: SegmentWriter; readonly pieceSize: number },
): Generator<void, void> {
  const block = postingBlock();
  let work = 0;
  for (;;) {
    const holders = inputsWithLowestTerm(inputs);
    const [first] = holders;
    if (first === undefined) return;
    for (const { segment, documents, ordinal } of holders) {
      work += TERM_COST;
      const cursor = postingsOf(segment, ordinal);
      while (readPostings(segment.postings, cursor, block)) {
        work += block.count;
        renumberBlock(block, documents);
        writer.add(block);
        if (work < pieceSize) continue;
        work = 0;
        yield;
      }
    }
    const merged = writer.end({ units: first.segment.text, start: first.start, end: first.end }) ?? NONE;
    for (const holder of holders) advance(holder, merged);
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
  const [aText, bText] = [a.segment.text, b.segment.text];
  const aLength = a.end - a.start;
  const bLength = b.end - b.start;
  const shorter = aLength < bLength ? aLength : bLength;
  for (let index = 0; index < shorter; index += 1) {
    const difference = (aText[a.start + index] ?? 0) - (bText[b.start + index] ?? 0);
    if (difference !== 0) return difference;
  }
  return aLength - bLength;
}

/** To the next term of the input; `merged` is the number that the one at hand has got. */
function advance(input: Input, merged: number): void {
  input.ordinals[input.ordinal++] = merged;
  input.start = input.end;
  input.end = input.segment.textStarts[input.ordinal + 1] ?? 0;
}

function* mergedDocuments(inputs: readonly Input[], pieceSize: number): Generator<void, SegmentDocuments> {
  const living = inputs.reduce((sum, input) => sum + input.living, 0);
  const entries = inputs.reduce((sum, { segment }) => sum + segment.sizes.tellingTerms, 0);
  const slots = new Uint32Array(living);
  const lengths = new Uint32Array(living);
  const tellingStarts = new Uint32Array(living + 1);
  const telling = new Uint32Array(entries);
  let at = 0;
  let work = 0;
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
      work += DOCUMENT_COST;
      if (work < pieceSize) continue;
      work = 0;
      yield;
    }
  }
  return { slots, lengths, tellingStarts, telling: telling.subarray(0, at) };
}
