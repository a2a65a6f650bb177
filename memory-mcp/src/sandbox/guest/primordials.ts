// The built-ins that our code in the guest uses, taken before a program can patch one. The only module that names a
// global, and with `lockdown.ts` the only one that calls a method: after the program began, everything that is looked
// up at the time of a call (a method, an iterator, a setter of an index) may be the program's own.

/** What every record of ours begins with: nothing that a program puts on `Object.prototype` shows in it. */
export interface Bare {
  readonly __proto__: null;
}

// Not in the library's types: the engine's own class of errors, and a test that Node does not have yet.
declare const InternalError: ErrorConstructor;
interface WithIsError {
  isError(value: unknown): value is Error;
}

type AnyMethod = (...values: never[]) => unknown;
const bind = Function.prototype.bind;
// Makes of a method a function that takes what the method is called on as its first argument.
const uncurry: (method: AnyMethod) => never = bind.bind(Function.prototype.call) as (method: AnyMethod) => never;
// The descriptors of built-ins are there by the language's definition.
const getter = (target: object, key: PropertyKey): never =>
  uncurry(Object.getOwnPropertyDescriptor(target, key)?.get as AnyMethod);

export const FunctionPrototype: object = Function.prototype;
export const ObjectPrototype: object = Object.prototype;
export const ErrorClass: ErrorConstructor = Error;
export const TypeErrorClass: TypeErrorConstructor = TypeError;
export const EvalErrorClass: EvalErrorConstructor = EvalError;
export const MapClass: MapConstructor = Map;
export const WeakSetClass: WeakSetConstructor = WeakSet;
export const PromiseClass: PromiseConstructor = Promise;
export const ProxyClass: ProxyConstructor = Proxy;
export const Uint8ArrayClass: Uint8ArrayConstructor = Uint8Array;
export const InternalErrorPrototype: object = InternalError.prototype;
export const ErrorPrototype: object = Error.prototype;

export const objectKeys: (value: object) => string[] = Object.keys;
export const hasOwn: (value: object, key: PropertyKey) => boolean = Object.hasOwn;
export const freeze: <Value>(value: Value) => Readonly<Value> = Object.freeze;
export const is: (left: unknown, right: unknown) => boolean = Object.is;
export const isArray: (value: unknown) => value is readonly unknown[] = Array.isArray;
// The engine has it.
export const isError: (value: unknown) => value is Error = (Error as unknown as WithIsError).isError;
export const getPrototypeOf: (value: object) => object | null = Reflect.getPrototypeOf;
export const objectPrototypeOf: (value: unknown) => object | null = Object.getPrototypeOf;
export const inheritedPrototype: PropertyDescriptor | undefined = Object.getOwnPropertyDescriptor(
  Object.prototype,
  '__proto__',
);
export const quote: (text: string) => string = JSON.stringify;
export const parse: (text: string, reviver?: (key: string, value: unknown) => unknown) => unknown = JSON.parse;
export const now: () => number = Date.now;
export const percentEncoded: (text: string) => string = encodeURIComponent;
export const unescaped: (text: string) => string = unescape;
export const characterOf: (code: number) => string = String.fromCharCode;

export const objectToString: (value: object) => string = uncurry(Object.prototype.toString);
export const mapGet: <Key, Value>(map: Map<Key, Value>, key: Key) => Value | undefined = uncurry(Map.prototype.get);
export const mapSet: <Key, Value>(map: Map<Key, Value>, key: Key, value: Value) => void = uncurry(Map.prototype.set);
export const mapDelete: <Key>(map: Map<Key, unknown>, key: Key) => void = uncurry(Map.prototype.delete);
export const mapForEach: <Key, Value>(map: Map<Key, Value>, visit: (value: Value, key: Key) => void) => void = uncurry(
  Map.prototype.forEach,
);
export const mapSize: (map: object) => number = getter(Map.prototype, 'size');
export const setForEach: (set: object, visit: (value: unknown) => void) => void = uncurry(Set.prototype.forEach);
export const setSize: (set: object) => number = getter(Set.prototype, 'size');
export const dateTime: (date: object) => number = uncurry(Date.prototype.getTime);
export const dateToIso: (date: object) => string = uncurry(Date.prototype.toISOString);
export const weakAdd: (set: WeakSet<object>, value: object) => void = uncurry(WeakSet.prototype.add);
export const weakHas: (set: WeakSet<object>, value: object) => boolean = uncurry(WeakSet.prototype.has);
export const symbolToString: (value: symbol) => string = uncurry(Symbol.prototype.toString);
export const numberValue: (value: object) => number = uncurry(Number.prototype.valueOf);
export const stringValue: (value: object) => string = uncurry(String.prototype.valueOf);
export const booleanValue: (value: object) => boolean = uncurry(Boolean.prototype.valueOf);
export const bigintValue: (value: object) => bigint = uncurry(BigInt.prototype.valueOf);
export const symbolValue: (value: object) => symbol = uncurry(Symbol.prototype.valueOf);
export const regexpSource: (value: object) => string = getter(RegExp.prototype, 'source');
export const regexpFlags: (value: object) => string = getter(RegExp.prototype, 'flags');
const regexpExec: (expression: RegExp, text: string) => RegExpExecArray | null = uncurry(RegExp.prototype.exec);
export const bufferLength: (value: object) => number = getter(ArrayBuffer.prototype, 'byteLength');
export const viewLength: (value: object) => number = getter(DataView.prototype, 'byteLength');
export const viewByte: (value: object, index: number) => number = uncurry(DataView.prototype.getUint8);
const TypedArrayPrototype: object = Object.getPrototypeOf(Uint8Array.prototype);
/** Undefined: no typed array. */
export const typedName: (value: object) => string | undefined = getter(TypedArrayPrototype, Symbol.toStringTag);
export const typedLength: (value: object) => number = getter(TypedArrayPrototype, 'length');
export const typedSet: (target: Uint8Array, from: Uint8Array, at: number) => void = uncurry(Uint8Array.prototype.set);
export const slice: (text: string, from: number, to?: number) => string = uncurry(String.prototype.slice);
export const indexOf: (text: string, part: string, from?: number) => number = uncurry(String.prototype.indexOf);
export const codeAt: (text: string, index: number) => number = uncurry(String.prototype.charCodeAt);
export const lowerCase: (text: string) => string = uncurry(String.prototype.toLowerCase);
export const repeat: (text: string, count: number) => string = uncurry(String.prototype.repeat);
export const arraySort: (list: string[]) => string[] = uncurry(Array.prototype.sort);

const InternalErrorClass: ErrorConstructor = InternalError;
const defineProperty = Reflect.defineProperty;
const descriptorOf = Reflect.getOwnPropertyDescriptor;

/** Gives an object a property, past all setters. */
export function define(target: object, key: PropertyKey, value: unknown): void {
  const descriptor = { __proto__: null, value, writable: true, enumerable: true, configurable: true };
  defineProperty(target, key, descriptor);
}

/** The same, but the property does not show, as those of the language do not. */
export function defineHidden(target: object, key: PropertyKey, value: unknown): void {
  const descriptor = { __proto__: null, value, writable: true, enumerable: false, configurable: true };
  defineProperty(target, key, descriptor);
}

/** The same, and nobody can change it. */
export function defineFixed(target: object, key: PropertyKey, value: unknown): void {
  const descriptor = { __proto__: null, value, writable: false, enumerable: false, configurable: false };
  defineProperty(target, key, descriptor);
}

/** A property that is always undefined where it stands; setting it on what inherits it gives that its own. */
export function defineAbsent(target: object, key: PropertyKey): void {
  const descriptor = {
    __proto__: null,
    set(this: unknown, value: unknown): void {
      if (typeof this === 'object' && this !== null && this !== target) define(this, key, value);
      else if (typeof this === 'function') define(this, key, value);
    },
    enumerable: false,
    configurable: false,
  };
  defineProperty(target, key, descriptor);
}

/** Appends to a list of ours: an assignment to an index would ask for setters on `Array.prototype`. */
export function push<Item>(list: Item[], item: Item): void {
  define(list, list.length, item);
}

const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;
const BEYOND_ASCII = /[^\0-\x7f]/;

/** Whether a key may stand behind a dot. */
export function isIdentifier(text: string): boolean {
  return regexpExec(IDENTIFIER, text) !== null;
}

/** Whether every character is one byte of UTF-8. */
export function isAscii(text: string): boolean {
  return regexpExec(BEYOND_ASCII, text) === null;
}

/** Made by the engine itself. `lockdown.ts` takes away everything that could make another. */
export function isEngineError(error: unknown): boolean {
  return isError(error) && getPrototypeOf(error) === InternalErrorPrototype;
}

/** The error with which the engine says that there is no room. */
export function outOfMemory(): Error {
  return new InternalErrorClass('out of memory');
}

/** A property of the object's own that is no getter; undefined where there is none. */
export function ownData(value: object, key: string): unknown {
  const descriptor = descriptorOf(value, key);
  return descriptor !== undefined && hasOwn(descriptor, 'value') ? descriptor.value : undefined;
}

/** True when reading does not throw, which is how a built-in tells its own kind. */
export function answers(read: (value: object) => unknown, value: object): boolean {
  try {
    read(value);
    return true;
  } catch {
    return false;
  }
}
