// Identifiers: UUID version 7 for what is new, version 8 for what must get the same id each time it is imported.
import { createHash, randomBytes } from 'node:crypto';
import type { IdSource } from './ports/runtime.ts';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

/** Random bytes of an id, and of the supply they come from. */
const RANDOM_BYTES = 8;
const POOL_BYTES = 512 * RANDOM_BYTES;

/** Whether `text` is a lower-case UUID of any version. */
export function isId(text: string): boolean {
  return UUID.test(text);
}

/**
 * Time-ordered ids (UUID version 7, RFC 9562 §5.7, method 1: a 12-bit counter within the millisecond).
 * Ids of one source rise strictly, also when the clock stands still or steps back.
 */
export function uuidV7Source(now: () => number = Date.now): IdSource {
  let lastMs = 0;
  let counter = 0;
  // Asked of the system in one piece: each call costs ten times what an id does.
  let pool = randomBytes(0);
  let used = 0;
  return () => {
    const clockMs = Math.floor(now());
    if (clockMs > lastMs) {
      lastMs = clockMs;
      counter = 0;
    } else if (++counter > 0xfff) {
      lastMs += 1;
      counter = 0;
    }
    if (used === pool.length) {
      pool = randomBytes(POOL_BYTES);
      used = 0;
    }
    const random = pool.subarray(used, used + RANDOM_BYTES);
    used += RANDOM_BYTES;
    random[0] = ((random[0] ?? 0) & 0x3f) | 0x80;
    const hex = lastMs.toString(16).padStart(12, '0') + (0x7000 | counter).toString(16) + random.toString('hex');
    return dashed(hex);
  };
}

/** An id that depends on `text` alone (UUID version 8, RFC 9562 §5.8, from SHA-256): importing twice meets itself. */
export function contentId(text: string): string {
  const hash = createHash('sha256').update(text).digest().subarray(0, 16);
  hash[6] = ((hash[6] ?? 0) & 0x0f) | 0x80;
  hash[8] = ((hash[8] ?? 0) & 0x3f) | 0x80;
  return dashed(hash.toString('hex'));
}

function dashed(hex: string): string {
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
