// The retrieval index in pieces of bytes, as the cache keeps them from one start to the next. Pure.

/** Bytes that are the index itself: unpacking them is no more than looking at them. */
export interface PackedPart {
  /** Letters, digits and `-`; the same part has the same name each time. */
  readonly name: string;
  /** Rises with every change of the bytes: a part that did not change is not written again. */
  readonly revision: number;
  /** A copy, or bytes that are never changed again. */
  bytes(): Uint8Array;
}

/** Parts by name, as they were kept. */
export type UnpackedParts = ReadonlyMap<string, Uint8Array>;
