// Places as numbers that can be compared: every directory above a place, the place, and its name alone. Pure.
import { placeWithin } from '../places.ts';

/** Directories above a place that count for it. */
const MAX_LEVELS = 12;

/**
 * A key for each directory above the place, from the root down, one for the place itself, and one for its last name:
 * who asks for `client.ts` means `src/api/client.ts`. Two things may share a key, so rarely that ranking bears it.
 */
export function placeKeys(place: string, project: string | undefined): readonly number[] {
  const path = placeWithin(place, project);
  const keys: number[] = [];
  let hash = PATH_SEED;
  for (let index = 0; index < path.length; index += 1) {
    const code = path.charCodeAt(index);
    if (code === SLASH && index > 0 && keys.length < MAX_LEVELS) keys.push(mixed(hash));
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  let name = NAME_SEED;
  for (let index = path.lastIndexOf('/') + 1; index < path.length; index += 1) {
    name = Math.imul(name ^ path.charCodeAt(index), FNV_PRIME);
  }
  keys.push(mixed(hash), mixed(name));
  return keys;
}

const SLASH = 0x2f;
const PATH_SEED = 0x811c9dc5;
const NAME_SEED = 0x2f0b4a27;
/** Of the hash by Fowler, Noll and Vo, in 32 bits. */
const FNV_PRIME = 0x01000193;

/** The last step of MurmurHash3: every bit of a hash then depends on every bit of the text. */
function mixed(hash: number): number {
  let value = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  value = Math.imul(value ^ (value >>> 13), 0xc2b2ae35);
  return (value ^ (value >>> 16)) >>> 0;
}
