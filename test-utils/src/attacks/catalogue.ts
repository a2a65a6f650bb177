// The catalogue of attacks on the sandbox: data for tests, soak, benchmarks and documentation.
import type { Attack } from './attack.ts';
import { BOUNDARY_ATTACKS } from './boundary.ts';
import { REACH_ATTACKS } from './reach.ts';
import { SOURCE_ATTACKS } from './sources.ts';
import { SPACE_ATTACKS } from './space.ts';
import { TIME_ATTACKS } from './time.ts';
import { VALUE_ATTACKS } from './values.ts';

/** All attacks that are one program, in the order of the threat model. */
export const ATTACKS: readonly Attack[] = [
  ...TIME_ATTACKS,
  ...SPACE_ATTACKS,
  ...VALUE_ATTACKS,
  ...REACH_ATTACKS,
  ...SOURCE_ATTACKS,
  ...BOUNDARY_ATTACKS,
].toSorted((left, right) => rowOf(left) - rowOf(right));

/** Whether a run ended as it should: `ok`, or the code of its error. */
export function isRightOutcome({ outcome }: Attack, ended: string): boolean {
  return typeof outcome === 'string' ? outcome === ended : outcome.includes(ended);
}

/**
 * A program that shows whether its realm is fresh: its result is the same after every attack as in a sandbox that ran
 * nothing before.
 */
export const HONEST_PROGRAM: string = `
  const count = (value) => Reflect.ownKeys(value).length;
  [
    [1, 2].map((n) => n * 2), JSON.stringify({ a: [1] }), fs.readdir('/'), typeof input, typeof left,
    [globalThis, Object, Object.prototype, Array.prototype, Function.prototype, Map.prototype, Promise.prototype].map(count),
    Object.isFrozen(Object.prototype), await Promise.resolve('awaited'),
  ]`;

function rowOf({ threat }: Attack): number {
  return Number(threat.slice(1));
}
