// Turns vectors so that each of their numbers says as much as the others. Then few bits of each are enough. Pure.

/**
 * A fixed rotation: random signs and a Walsh-Hadamard transform, twice. Lengths and angles stay. Vectors of hashed words
 * are mostly zeros, those of some models have a few numbers far larger than the rest; turned, the numbers of either are
 * spread as in a random direction, so that a byte loses little and the sign alone tells the angle (Charikar 2002; the
 * transform in place of a random matrix: Ailon and Chazelle 2006).
 */
export interface Rotation {
  /** Numbers of a turned vector: the dimensions, filled up to a multiple of 64. */
  readonly width: number;
  /** Valid until the next call. */
  turn(vector: Float32Array): Float32Array;
}

export function rotation(dimensions: number): Rotation {
  const width = widthOf(dimensions);
  // The transform needs a power of 2: the numbers go through it in blocks of the largest that divides them, and are
  // dealt out anew in between, so that each block gets some of all.
  const block = width & -width;
  const blocks = width / block;
  const signs = [randomSigns(width, 1), randomSigns(width, 2)] as const;
  const first = new Float32Array(width);
  const second = new Float32Array(width);
  return {
    width,
    turn(vector) {
      first.fill(0);
      first.set(vector);
      flip(first, signs[0]);
      transform(first, block);
      for (let index = 0; index < width; index += 1) {
        second[index] = first[(index % blocks) * block + Math.floor(index / blocks)] ?? 0;
      }
      flip(second, signs[1]);
      transform(second, block);
      return second;
    },
  };
}

/** Numbers of a turned vector of so many dimensions. */
export function widthOf(dimensions: number): number {
  return Math.ceil(dimensions / 64) * 64;
}

/** The same for each machine and time: packed vectors are kept. The generator is xorshift32 (Marsaglia 2003). */
function randomSigns(count: number, seed: number): Float32Array {
  let state = seed * 0x9e3779b9;
  return Float32Array.from({ length: count }, () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state & 0x10000) === 0 ? 1 : -1;
  });
}

function flip(numbers: Float32Array, signs: Float32Array): void {
  for (let index = 0; index < numbers.length; index += 1) numbers[index] = (numbers[index] ?? 0) * (signs[index] ?? 1);
}

/** The fast Walsh-Hadamard transform of each block, scaled to keep lengths. */
function transform(numbers: Float32Array, block: number): void {
  for (let half = 1; half < block; half *= 2) {
    for (let start = 0; start < numbers.length; start += 2 * half) {
      for (let index = start; index < start + half; index += 1) {
        const left = numbers[index] ?? 0;
        const right = numbers[index + half] ?? 0;
        numbers[index] = left + right;
        numbers[index + half] = left - right;
      }
    }
  }
  const scale = 1 / Math.sqrt(block);
  for (let index = 0; index < numbers.length; index += 1) numbers[index] = (numbers[index] ?? 0) * scale;
}
