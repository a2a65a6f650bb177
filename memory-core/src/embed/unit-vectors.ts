// Vectors as a provider tells them, checked and brought to length 1.
import { LIMITS } from '../limits.ts';

/** One vector of length 1 for each of `count` texts, all of one dimension; nothing where they are no such vectors. */
export function unitVectors(told: readonly unknown[], count: number): readonly Float32Array[] | undefined {
  if (told.length !== count) return undefined;
  const vectors: Float32Array[] = [];
  for (const numbers of told) {
    const vector = unitVector(numbers);
    if (vector === undefined || vector.length !== (vectors[0] ?? vector).length) return undefined;
    vectors.push(vector);
  }
  return vectors;
}

/** In double precision until the end: a square of what a Float32Array can hold may be more than it can. */
function unitVector(numbers: unknown): Float32Array | undefined {
  if (!Array.isArray(numbers) && !(numbers instanceof Float32Array)) return undefined;
  if (numbers.length === 0 || numbers.length > LIMITS.vectorDimensions) return undefined;
  let largest = 0;
  for (const value of numbers) {
    if (!Number.isFinite(value)) return undefined;
    largest = Math.max(largest, Math.abs(value));
  }
  // A vector of zeros has no direction.
  if (largest === 0) return undefined;
  let squares = 0;
  for (const value of numbers) squares += (value / largest) ** 2;
  const length = Math.sqrt(squares);
  return Float32Array.from(numbers, (value) => value / largest / length);
}
