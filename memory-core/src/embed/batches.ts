// Texts as a provider takes them: none empty, none too long, not too many at a time.

export interface TextLimits {
  /** Texts in a batch. */
  readonly maxBatch: number;
  /** Of one text; what is longer loses its end. */
  readonly maxTextBytes: number;
  /** Of all texts of a batch. */
  readonly maxBatchBytes: number;
}

/** Providers refuse a text of nothing, and each text has a vector. */
const NOTHING = '-';

/** The texts in their order, in as few batches as the limits allow. */
export function batchesOf(texts: readonly string[], limits: TextLimits): readonly (readonly string[])[] {
  const batches: string[][] = [];
  let sizeBytes = 0;
  for (const whole of texts) {
    const text = whole.trim() === '' ? NOTHING : cut(whole, limits.maxTextBytes);
    const bytes = Buffer.byteLength(text);
    const batch = batches.at(-1);
    const fits = batch !== undefined && batch.length < limits.maxBatch && sizeBytes + bytes <= limits.maxBatchBytes;
    if (fits) batch.push(text);
    else batches.push([text]);
    sizeBytes = fits ? sizeBytes + bytes : bytes;
  }
  return batches;
}

/** The beginning of a text, of whole characters, in at most `maxBytes` of UTF-8. Halves of characters are replaced. */
export function cut(text: string, maxBytes: number): string {
  const bytes = Buffer.from(text).subarray(0, maxBytes);
  // A decoder that expects more leaves out the beginning of a character at the end.
  return new TextDecoder().decode(bytes, { stream: true });
}
