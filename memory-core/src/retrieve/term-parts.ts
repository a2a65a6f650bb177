// A term index in parts: each segment is one that never changes, and a head says which belong to it and holds the rest. Pure.
import { type HeldSegment, heldSegment } from './held-segment.ts';
import type { PackedPart, UnpackedParts } from './packed-part.ts';
import { checksumOf, segmentOf, type TermSegment, wordsOf } from './term-segment.ts';
import type { TermIndexSizes } from './term-segments.ts';

export interface PackedIndex {
  /** Rises with every change. */
  readonly revision: number;
  readonly nextId: number;
  readonly sizes: TermIndexSizes;
  readonly segments: readonly HeldSegment[];
  /** What was not yet a segment of its own. */
  readonly recent: TermSegment;
}

const FORMAT = 0x5445_4801;
const HASHED_FROM_WORD = 2;
const HEAD_WORDS = 8;

/** All bytes are made now: what changes afterwards is not in them. */
export function packedParts(index: PackedIndex, prefix: string): readonly PackedPart[] {
  const head = headBytes(index);
  const segments = index.segments.map(({ id, segment }) => ({
    name: segmentName(prefix, { id, checksum: segment.checksum }),
    revision: 0,
    bytes: () => segment.bytes,
  }));
  return [...segments, { name: `${prefix}-head`, revision: index.revision, bytes: () => head }];
}

/** `undefined` where a part is missing or damaged. */
export function unpackedParts(parts: UnpackedParts, prefix: string): PackedIndex | undefined {
  const head = alignedWords(parts.get(`${prefix}-head`));
  if (head === undefined || head[0] !== FORMAT || head[1] !== checksumOf(head.subarray(HASHED_FROM_WORD)))
    return undefined;
  const [, , low = 0, high = 0, nextId = 0, recentSize = 0, piece = 0, segmentCount = 0] = head;
  const segments: HeldSegment[] = [];
  let at = HEAD_WORDS;
  for (let index = 0; index < segmentCount; index += 1) {
    const [id = 0, checksum = 0, deadCount = 0] = head.subarray(at, at + 3);
    at += 3;
    const bytes = parts.get(segmentName(prefix, { id, checksum }));
    const segment = bytes === undefined ? undefined : segmentOf(bytes);
    if (segment === undefined || segment.checksum !== checksum) return undefined;
    const held = heldSegment(id, segment);
    if (deadCount > 0) {
      const words = Math.ceil(segment.sizes.documents / 32);
      held.dead = head.slice(at, at + words);
      held.deadCount = deadCount;
      at += words;
    }
    segments.push(held);
  }
  if (at > head.length) return undefined;
  const recent = segmentOf(new Uint8Array(head.buffer, head.byteOffset + 4 * at, 4 * (head.length - at)));
  return recent === undefined
    ? undefined
    : { revision: low + high * 2 ** 32, nextId, sizes: { recent: recentSize, piece }, segments, recent };
}

/** Its sum is in the name, so that parts of two indexes under one prefix are not taken for each other. */
function segmentName(prefix: string, { id, checksum }: { readonly id: number; readonly checksum: number }): string {
  return `${prefix}-${id}-${checksum.toString(16)}`;
}

function headBytes({ revision, nextId, sizes, segments, recent }: PackedIndex): Uint8Array {
  const [low, high] = [revision % 2 ** 32, Math.floor(revision / 2 ** 32)];
  const words: number[] = [FORMAT, 0, low, high, nextId, sizes.recent, sizes.piece, segments.length];
  for (const { id, segment, dead, deadCount } of segments) {
    words.push(id, segment.checksum, deadCount);
    for (const word of dead ?? []) words.push(word);
  }
  const head = new Uint32Array(words.length + recent.bytes.length / 4);
  head.set(words);
  head.set(wordsOf(recent.bytes), words.length);
  head[1] = checksumOf(head.subarray(HASHED_FROM_WORD));
  return new Uint8Array(head.buffer);
}

function alignedWords(bytes: Uint8Array | undefined): Uint32Array | undefined {
  if (bytes === undefined || bytes.length % 4 !== 0) return undefined;
  return wordsOf(bytes.byteOffset % 4 === 0 ? bytes : bytes.slice());
}
