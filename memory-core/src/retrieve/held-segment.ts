// A segment and which of its documents are dead. Pure, but for itself.
import { hasBit, type PostingBlock, readPostings } from './posting-block.ts';
import { postingsOf, type TermSegment } from './term-segment.ts';

export interface HeldSegment {
  /** Never that of another segment of the same index. */
  readonly id: number;
  readonly segment: TermSegment;
  /** Bits of documents; nothing while all live. */
  dead: Uint32Array | undefined;
  deadCount: number;
  /** A document of it was taken out for good: its words are not to stay here until half of the others are dead too. */
  holdsForgotten: boolean;
  /** How many living documents hold a term, as it was counted since the last death. */
  readonly counted: Map<number, number>;
}

/** Counts kept at most. */
const COUNTED_TERMS = 4_096;

export function heldSegment(id: number, segment: TermSegment): HeldSegment {
  return { id, segment, dead: undefined, deadCount: 0, holdsForgotten: false, counted: new Map() };
}

export function kill(held: HeldSegment, document: number): void {
  held.dead ??= new Uint32Array(Math.ceil(held.segment.sizes.documents / 32));
  held.dead[document >>> 5] = (held.dead[document >>> 5] ?? 0) | (1 << (document & 31));
  held.deadCount += 1;
  held.counted.clear();
}

/** Living documents that hold the term. Reads its postings where some of them may be dead. */
export function livingFrequency(
  held: HeldSegment,
  asked: { readonly ordinal: number; readonly block: PostingBlock },
): number {
  const { segment, dead, counted } = held;
  const { ordinal, block } = asked;
  if (dead === undefined) return segment.frequencies[ordinal] ?? 0;
  const known = counted.get(ordinal);
  if (known !== undefined) return known;
  const cursor = postingsOf(segment, ordinal);
  let living = 0;
  while (readPostings(segment.postings, cursor, block)) {
    const { documents, count } = block;
    for (let index = 0; index < count; index += 1) if (!hasBit(dead, documents[index] ?? 0)) living += 1;
  }
  if (counted.size === COUNTED_TERMS) counted.clear();
  counted.set(ordinal, living);
  return living;
}
