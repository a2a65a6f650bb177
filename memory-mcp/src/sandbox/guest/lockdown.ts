// What is taken away before a program begins: everything that is not the language, and what makes code out of text.
// Runs once, on the built-ins as they were; it may call methods.
import {
  defineAbsent,
  defineFixed,
  defineHidden,
  ErrorClass,
  ErrorPrototype,
  EvalErrorClass,
  FunctionPrototype,
  freeze,
  getPrototypeOf,
  InternalErrorPrototype,
  inheritedPrototype,
  isEngineError,
  isError,
  ObjectPrototype,
  objectPrototypeOf,
  parse,
  WeakSetClass,
  weakAdd,
  weakHas,
} from './primordials.ts';

/** What stays of the globals; another build of the engine may bring more. */
const LANGUAGE: readonly string[] = (
  'AggregateError Array ArrayBuffer BigInt BigInt64Array BigUint64Array Boolean DataView Date Error EvalError ' +
  'FinalizationRegistry Float16Array Float32Array Float64Array Infinity Int16Array Int32Array Int8Array Iterator JSON ' +
  'Map Math NaN Number Object Promise Proxy RangeError ReferenceError Reflect RegExp Set String Symbol SyntaxError ' +
  'TypeError URIError Uint16Array Uint32Array Uint8Array Uint8ClampedArray WeakMap WeakRef WeakSet decodeURI ' +
  'decodeURIComponent encodeURI encodeURIComponent escape globalThis isFinite isNaN parseFloat parseInt undefined unescape'
).split(' ');

const OFF = 'eval and Function are off in the sandbox; write the code out where it is needed.';

/** Whether the engine itself made this error: a program cannot make one that passes. */
export type IsByEngine = (error: unknown) => boolean;

/** Closes the realm. */
export function lockDown(): IsByEngine {
  for (const key of Reflect.ownKeys(globalThis)) {
    if (typeof key === 'string' && !LANGUAGE.includes(key)) Reflect.deleteProperty(globalThis, key);
  }
  closeFunctions();
  // Only the engine makes an InternalError: that is how its own "stack overflow" is told from one that a program throws.
  defineFixed(InternalErrorPrototype, 'constructor', ErrorClass);
  freeze(InternalErrorPrototype);
  hideEnginePrototype();
  // It would be called with the frames of our own functions, whenever an error is made.
  defineFixed(ErrorClass, 'prepareStackTrace', undefined);
  // Every `await` asks for it, that at the top of a program too: set on all objects it would answer in their place.
  defineAbsent(ObjectPrototype, 'then');
  const isOverflow = watchJsonParser();
  return (error) => isEngineError(error) || (isError(error) && isOverflow(error));
}

// In place of `Function` and its kin; no arrow function, because `new` must come to the same answer.
function noFunction(): never {
  throw new EvalErrorClass(OFF);
}

function closeFunctions(): void {
  defineFixed(noFunction, 'name', 'Function');
  defineFixed(noFunction, 'prototype', FunctionPrototype);
  const kinds = [() => {}, async () => {}, function* () {}, async function* () {}];
  for (const kind of kinds) {
    const prototype = getPrototypeOf(kind);
    if (prototype !== null) defineFixed(prototype, 'constructor', noFunction);
  }
  const noEval = (): never => {
    throw new EvalErrorClass(OFF);
  };
  defineHidden(globalThis, 'Function', freeze(noFunction));
  defineHidden(globalThis, 'eval', freeze(noEval));
}

// Whoever holds the prototype can give it to an error of their own. There are three ways to ask for one.
function hideEnginePrototype(): void {
  const seen = (prototype: object | null): object | null =>
    prototype === InternalErrorPrototype ? ErrorPrototype : prototype;
  const { getPrototypeOf: ofObject } = { getPrototypeOf: (value: unknown) => seen(objectPrototypeOf(value)) };
  const { getPrototypeOf: ofReflect } = { getPrototypeOf: (value: object) => seen(getPrototypeOf(value)) };
  defineHidden(Object, 'getPrototypeOf', ofObject);
  defineHidden(Reflect, 'getPrototypeOf', ofReflect);
  const inherited = {
    get(this: unknown): object | null {
      return seen(objectPrototypeOf(this));
    },
  };
  Reflect.defineProperty(ObjectPrototype, '__proto__', { ...inheritedPrototype, get: inherited.get });
}

// The JSON parser reports an overflow as a SyntaxError, which anybody can make: the real ones are remembered. A reviver
// and a text that is not a string are the program's own code, so what comes out of those is not.
function watchJsonParser(): IsByEngine {
  const overflows = new WeakSetClass<object>();
  const { parse: watched } = {
    parse(text: string, reviver?: (key: string, value: unknown) => unknown): unknown {
      if (typeof text !== 'string' || reviver !== undefined) return parse(text, reviver);
      try {
        return parse(text);
      } catch (error) {
        if (isError(error) && error.message === 'stack overflow') weakAdd(overflows, error);
        throw error;
      }
    },
  };
  defineHidden(JSON, 'parse', watched);
  return (error) => typeof error === 'object' && error !== null && weakHas(overflows, error);
}
