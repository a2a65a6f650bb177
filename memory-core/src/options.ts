// What a program hands to what it opens: refused by name where it cannot be meant, also for who writes plain JavaScript.
// Plain checks, as whatever starts goes through here.
import { closeName } from './config/nearest-name.ts';
import { MemoryError } from './errors.ts';

/** What an option must be. */
export interface OptionRule {
  /** Follows "must be". */
  readonly kind: string;
  readonly holds: (value: unknown) => boolean;
  /** It cannot be left out. */
  readonly isNeeded?: boolean;
}

/** A rule for each option that there is. */
export type OptionRules<O> = { readonly [K in keyof Required<O>]: OptionRule };

/** One letter in so many may be wrong; further from a name, nobody meant it. */
const LETTERS_FOR_AN_EDIT = 3;

/**
 * Lets options pass of which each is known, is what it must be, and none is missing.
 * @throws `INVALID_INPUT` with the first that is not, and the name that may have been meant
 */
export function checkOptions<O extends object>(opener: string, options: O, rules: OptionRules<O>): void {
  const given: unknown = options;
  if (typeof given !== 'object' || given === null)
    throw new MemoryError('INVALID_INPUT', `${opener} takes an object with its options, not ${kindOf(given)}.`);
  for (const name of Object.keys(given)) if (!Object.hasOwn(rules, name)) throw unknownOption(opener, name, rules);
  for (const [name, rule] of Object.entries<OptionRule>(rules)) {
    const value: unknown = Reflect.get(given, name);
    if (value === undefined && rule.isNeeded === true)
      throw new MemoryError('INVALID_INPUT', `${opener} needs the option "${name}": ${rule.kind}.`);
    if (value !== undefined && !rule.holds(value))
      throw new MemoryError('INVALID_INPUT', `"${name}" of ${opener} must be ${rule.kind}, not ${kindOf(value)}.`);
  }
}

/** A text, also an empty one. */
export const TEXT: OptionRule = { kind: 'a string', holds: (value) => typeof value === 'string' };
/** How much or how long, also without end. */
export const AMOUNT: OptionRule = {
  kind: 'a number that is not negative',
  holds: (value) => typeof value === 'number' && value >= 0,
};
/** Yes or no. */
export const FLAG: OptionRule = { kind: 'true or false', holds: (value) => typeof value === 'boolean' };
/** What is called. */
export const FUNCTION: OptionRule = { kind: 'a function', holds: (value) => typeof value === 'function' };
/** Where messages go. */
export const LOGGER: OptionRule = withMethods('a Logger', 'debug', 'info', 'warn', 'error');

/** What is known by what it can do. */
export function withMethods(what: string, ...methods: readonly string[]): OptionRule {
  return {
    kind: `${what}, which has ${methods.join(', ')}`,
    holds: (value) =>
      typeof value === 'object' &&
      value !== null &&
      methods.every((name) => typeof Reflect.get(value, name) === 'function'),
  };
}

/** The same rule for what cannot be left out. */
export function needed(rule: OptionRule): OptionRule {
  return { ...rule, isNeeded: true };
}

function unknownOption(opener: string, name: string, rules: object): MemoryError {
  const names = Object.keys(rules);
  const close = closeName(name, names, Math.floor(name.length / LETTERS_FOR_AN_EDIT));
  const advice = close === undefined ? `It has: ${names.join(', ')}.` : `Did you mean "${close}"?`;
  return new MemoryError('INVALID_INPUT', `${opener} has no option "${name}". ${advice}`);
}

/** Never the value: it may be a key or a token. */
function kindOf(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (Array.isArray(value)) return 'a list';
  if (Number.isNaN(value)) return 'NaN';
  if (typeof value === 'number') return String(value);
  return typeof value === 'object' ? 'such an object' : `a ${typeof value}`;
}
