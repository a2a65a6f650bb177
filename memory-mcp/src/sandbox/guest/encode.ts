// Values as JSON text. What JSON lacks is written as a mark, an object with one key:
//   {"$map": [[k, v]]}  {"$set": []}  {"$date": iso}  {"$bigint": digits}  {"$number": "NaN" | "Infinity" | …}
//   {"$undefined": true}  {"$typed": name, "values": []}  {"$function": name}  {"$symbol": text}
//   {"$error": {name, message, cause?, errors?}} (also in place of a property whose getter threw)  {"$regexp": "/a/g"}
//   {"$object": name} (a built-in with nothing to show: a promise, a weak map, a generator)
//   {"$ref": path} (a cycle, or a shared object too large to repeat; the path is into the encoded document)
// A guest object whose keys are exactly those of a mark is wrapped: {"$escaped": {…}}. A hole is undefined, a boxed
// value is its value. `toJSON` is never called; symbol keys and properties that are not enumerable are left out, as
// JSON leaves them out.
import {
  answers,
  type Bare,
  bigintValue,
  booleanValue,
  bufferLength,
  dateTime,
  dateToIso,
  freeze,
  getPrototypeOf,
  hasOwn,
  is,
  isArray,
  isEngineError,
  isError,
  isIdentifier,
  MapClass,
  mapForEach,
  mapGet,
  mapSet,
  mapSize,
  numberValue,
  ObjectPrototype,
  objectKeys,
  objectToString,
  quote,
  regexpFlags,
  regexpSource,
  setForEach,
  setSize,
  slice,
  stringValue,
  symbolToString,
  symbolValue,
  TypeErrorClass,
  typedLength,
  typedName,
  Uint8ArrayClass,
  viewByte,
  viewLength,
} from './primordials.ts';
import { clip } from './text.ts';

/** What an encoding may take. */
export interface Budget extends Bare {
  readonly chars: number;
  readonly nodes: number;
  readonly depth: number;
}

/** Thrown when a budget is used up; never seen by a program. */
export const TOO_LARGE: Bare = freeze({ __proto__: null });
/** Thrown when a value nests deeper than the budget; never seen by a program. */
export const TOO_DEEP: Bare = freeze({ __proto__: null });

/** Of texts inside of marks, and of what is shown of an error. */
const TEXT_CHARS = 2000;
/** A shared object is repeated when its text is no longer than this. */
const REPEAT_CHARS = 256;

/** JSON with marks for what JSON lacks. Throws `TOO_LARGE` or `TOO_DEEP`. */
export function encodeMarked(value: unknown, budget: Budget): string {
  return encode(value, budget, true);
}

/**
 * JSON alone: properties that are undefined are left out, a date is its ISO text, an error its name and message, and a
 * value that JSON lacks is a TypeError that says where. Throws `TOO_LARGE` or `TOO_DEEP` besides.
 */
export function encodePlain(value: unknown, budget: Budget): string {
  return encode(value, budget, false);
}

/** Whether the encoder refused a value for its size. */
export function isTooMuch(error: unknown): boolean {
  return error === TOO_LARGE || error === TOO_DEEP;
}

/** One line about a value that is too large to show. */
export function describeSize(value: unknown): string {
  if (typeof value === 'string') return 'a string of ' + value.length + ' characters';
  if (typeof value !== 'object' || value === null) return 'a value';
  try {
    if (isArray(value)) return 'an array of ' + lengthOf(value) + ' items';
    if (answers(mapSize, value)) return 'a map of ' + mapSize(value) + ' entries';
    if (answers(setSize, value)) return 'a set of ' + setSize(value) + ' values';
    if (typedName(value) !== undefined) return 'a typed array of ' + typedLength(value) + ' numbers';
    return 'an object of ' + objectKeys(value).length + ' properties';
  } catch {
    return 'a value';
  }
}

// A proxy of an array answers with what it likes.
function lengthOf(array: readonly unknown[]): number {
  const length: unknown = array.length;
  return typeof length === 'number' ? length : 0;
}

/** A property that should be text, cut; a getter or a trap behind it may throw. */
export function textProperty(value: object, key: string, otherwise: string): string {
  let text: unknown;
  try {
    text = (value as { readonly [key: string]: unknown })[key];
  } catch {
    return otherwise;
  }
  return typeof text === 'string' ? clip(text, TEXT_CHARS) : otherwise;
}

// ---- one encoding ----------------------------------------------------------------------------------------------------

// What is known of an object that was met before: where, and its text when that is short.
interface Seen extends Bare {
  readonly path: string;
  text: string | undefined;
}

interface Encoding extends Bare {
  readonly budget: Budget;
  readonly isMarked: boolean;
  readonly seen: Map<object, Seen>;
  nodes: number;
  chars: number;
}

// Where a value stands: the path of what holds it, its key there, and how deep that is.
interface Place extends Bare {
  readonly path: string;
  readonly key: string | number;
  readonly depth: number;
}

type Read = (key: number) => unknown;

const MARKS: { readonly [key: string]: boolean } = freeze({
  __proto__: null,
  $map: true,
  $set: true,
  $date: true,
  $bigint: true,
  $number: true,
  $undefined: true,
  $typed: true,
  $function: true,
  $symbol: true,
  $error: true,
  $ref: true,
  $regexp: true,
  $object: true,
  $escaped: true,
} as never);

function encode(root: unknown, budget: Budget, isMarked: boolean): string {
  const encoding: Encoding = { __proto__: null, budget, isMarked, seen: new MapClass(), nodes: 0, chars: 0 };
  return write(encoding, root, { __proto__: null, path: '$', key: '', depth: 0 });
}

function take(encoding: Encoding, text: string): string {
  encoding.chars += text.length;
  if (encoding.chars > encoding.budget.chars) throw TOO_LARGE;
  return text;
}

// The encoder's refusals and the engine's end the encoding; what a getter or a trap throws is only a mark in the place
// of its value. Out of memory is sometimes a bare null, which is anybody's: the host sees what it was.
function endsEncoding(encoding: Encoding, error: unknown): boolean {
  return !encoding.isMarked || isTooMuch(error) || isEngineError(error);
}

function write(encoding: Encoding, value: unknown, place: Place): string {
  encoding.nodes += 1;
  if (encoding.nodes > encoding.budget.nodes) throw TOO_LARGE;
  switch (typeof value) {
    case 'string':
      return writeString(encoding, value);
    case 'number':
      return writeNumber(encoding, value, place);
    case 'boolean':
      return take(encoding, value ? 'true' : 'false');
    case 'bigint':
      return mark(encoding, '$bigint', '"' + value + '"', place);
    case 'undefined':
      return take(encoding, encoding.isMarked ? '{"$undefined":true}' : 'null');
    case 'symbol':
      return mark(encoding, '$symbol', quote(clip(symbolToString(value), TEXT_CHARS)), place);
    case 'function':
      return mark(encoding, '$function', quote(textProperty(value, 'name', '')), place);
    default:
      return value === null ? take(encoding, 'null') : writeObject(encoding, value as object, place);
  }
}

function mark(encoding: Encoding, name: string, text: string, place: Place): string {
  if (encoding.isMarked) return take(encoding, '{"' + name + '":' + text + '}');
  const what = slice(name, 1);
  throw new TypeErrorClass('The value at ' + pathOf(place) + ' cannot be handed over: ' + what + ' has no JSON.');
}

function writeString(encoding: Encoding, text: string): string {
  if (text.length > encoding.budget.chars - encoding.chars) throw TOO_LARGE;
  return take(encoding, quote(text));
}

function writeNumber(encoding: Encoding, value: number, place: Place): string {
  if (is(value, -0)) return encoding.isMarked ? mark(encoding, '$number', '"-0"', place) : take(encoding, '0');
  if (value - value === 0) return take(encoding, '' + value);
  return mark(encoding, '$number', '"' + value + '"', place);
}

function writeObject(encoding: Encoding, value: object, place: Place): string {
  const here = pathOf(place);
  const earlier = mapGet(encoding.seen, value);
  if (earlier !== undefined) {
    if (earlier.text !== undefined) return take(encoding, earlier.text);
    return mark(encoding, '$ref', quote(earlier.path), place);
  }
  if (place.depth >= encoding.budget.depth) throw TOO_DEEP;
  const entry: Seen = { __proto__: null, path: here, text: undefined };
  mapSet(encoding.seen, value, entry);
  let text: string;
  try {
    text = writeKind(encoding, value, here, place);
  } catch (error) {
    // A revoked proxy or a throwing trap; the encoder's own refusals pass.
    if (endsEncoding(encoding, error)) throw error;
    text = take(encoding, thrownMark(error));
  }
  if (text.length <= REPEAT_CHARS || !encoding.isMarked) entry.text = text;
  return text;
}

function writeKind(encoding: Encoding, value: object, here: string, place: Place): string {
  const depth = place.depth + 1;
  if (isArray(value)) return writeItems(encoding, lengthOf(value), (index) => value[index], here, depth);
  const prototype = getPrototypeOf(value);
  if (prototype === ObjectPrototype || prototype === null) return writeFields(encoding, value, here, depth);
  return (
    writeBytes(encoding, value, here, place) ??
    writeBuiltIn(encoding, value, here, place) ??
    writeBoxed(encoding, value, place) ??
    writeOther(encoding, value, here, place)
  );
}

function writeItems(encoding: Encoding, length: number, itemAt: Read, path: string, depth: number): string {
  if (length > encoding.budget.nodes - encoding.nodes) throw TOO_LARGE;
  let text = take(encoding, '[');
  for (let index = 0; index < length; index += 1) {
    if (index > 0) text += take(encoding, ',');
    let item: unknown;
    // A read may run a getter or a proxy's trap, and may throw.
    try {
      item = itemAt(index);
    } catch (error) {
      if (endsEncoding(encoding, error)) throw error;
      text += take(encoding, thrownMark(error));
      continue;
    }
    text += write(encoding, item, { __proto__: null, path, key: index, depth });
  }
  return text + take(encoding, ']');
}

function writeFields(encoding: Encoding, value: object, path: string, depth: number): string {
  const keys = objectKeys(value);
  if (keys.length > encoding.budget.nodes - encoding.nodes) throw TOO_LARGE;
  const isEscaped = encoding.isMarked && looksLikeMark(keys);
  const inner = isEscaped ? path + '.$escaped' : path;
  let text = take(encoding, isEscaped ? '{"$escaped":{' : '{');
  let written = 0;
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    let field: unknown;
    let thrown = '';
    try {
      field = (value as { readonly [key: string]: unknown })[key];
    } catch (error) {
      if (endsEncoding(encoding, error)) throw error;
      thrown = thrownMark(error);
    }
    if (!encoding.isMarked && field === undefined) continue;
    if (written > 0) text += take(encoding, ',');
    written += 1;
    text += writeString(encoding, key) + take(encoding, ':');
    text +=
      thrown === '' ? write(encoding, field, { __proto__: null, path: inner, key, depth }) : take(encoding, thrown);
  }
  return text + take(encoding, isEscaped ? '}}' : '}');
}

function looksLikeMark(keys: readonly string[]): boolean {
  if (keys.length === 1) return MARKS[keys[0] ?? ''] === true;
  return keys.length === 2 && keys[0] === '$typed' && keys[1] === 'values';
}

// Numbers in a buffer; undefined when the value is nothing of that kind.
function writeBytes(encoding: Encoding, value: object, here: string, place: Place): string | undefined {
  const typed = typedName(value);
  if (typed !== undefined) {
    const numbers = value as { readonly [index: number]: unknown };
    return writeTyped(encoding, typed, typedLength(value), (index) => numbers[index], here, place);
  }
  if (answers(bufferLength, value)) {
    const bytes = new Uint8ArrayClass(value as ArrayBuffer);
    return writeTyped(encoding, 'ArrayBuffer', bufferLength(value), (index) => bytes[index], here, place);
  }
  if (answers(viewLength, value)) {
    return writeTyped(encoding, 'DataView', viewLength(value), (index) => viewByte(value, index), here, place);
  }
  return undefined;
}

function writeTyped(
  encoding: Encoding,
  name: string,
  length: number,
  itemAt: Read,
  here: string,
  place: Place,
): string {
  if (!encoding.isMarked) mark(encoding, '$typed', '', place);
  const head = take(encoding, '{"$typed":"' + name + '","values":');
  return head + writeItems(encoding, length, itemAt, here + '.values', place.depth + 1) + take(encoding, '}');
}

// The kinds whose content is not in their properties; undefined when the value is none of them.
function writeBuiltIn(encoding: Encoding, value: object, here: string, place: Place): string | undefined {
  if (isError(value)) return writeError(encoding, value, here, place);
  if (answers(dateTime, value)) {
    const time = dateTime(value);
    const text = time - time === 0 ? '"' + dateToIso(value) + '"' : '"Invalid Date"';
    return encoding.isMarked ? mark(encoding, '$date', text, place) : take(encoding, text);
  }
  if (answers(mapSize, value)) return writeMap(encoding, value, here, place);
  if (answers(setSize, value)) return writeSet(encoding, value, here, place);
  if (answers(regexpSource, value)) {
    return mark(encoding, '$regexp', quote('/' + regexpSource(value) + '/' + regexpFlags(value)), place);
  }
  return undefined;
}

function writeBoxed(encoding: Encoding, value: object, place: Place): string | undefined {
  if (answers(numberValue, value)) return write(encoding, numberValue(value), place);
  if (answers(stringValue, value)) return write(encoding, stringValue(value), place);
  if (answers(booleanValue, value)) return write(encoding, booleanValue(value), place);
  if (answers(bigintValue, value)) return write(encoding, bigintValue(value), place);
  if (answers(symbolValue, value)) return write(encoding, symbolValue(value), place);
  return undefined;
}

// Promises, weak collections, generators: known by the tag of their prototype, and with no property to show.
function writeOther(encoding: Encoding, value: object, here: string, place: Place): string {
  let tag = 'Object';
  try {
    tag = slice(objectToString(value), 8, -1);
  } catch {
    // A proxy or a getter that throws; its properties may still be there.
  }
  if (tag !== 'Object' && tag !== 'Arguments' && objectKeys(value).length === 0) {
    return mark(encoding, '$object', quote(clip(tag, 100)), place);
  }
  return writeFields(encoding, value, here, place.depth + 1);
}

function writeMap(encoding: Encoding, map: object, here: string, place: Place): string {
  if (!encoding.isMarked) mark(encoding, '$map', '', place);
  const depth = place.depth + 1;
  let text = take(encoding, '{"$map":[');
  let index = 0;
  mapForEach(map as Map<unknown, unknown>, (value, key) => {
    const path = here + '.$map[' + index + ']';
    text += take(encoding, index === 0 ? '[' : ',[') + write(encoding, key, { __proto__: null, path, key: 0, depth });
    text +=
      take(encoding, ',') + write(encoding, value, { __proto__: null, path, key: 1, depth }) + take(encoding, ']');
    index += 1;
  });
  return text + take(encoding, ']}');
}

function writeSet(encoding: Encoding, set: object, here: string, place: Place): string {
  if (!encoding.isMarked) mark(encoding, '$set', '', place);
  const path = here + '.$set';
  const depth = place.depth + 1;
  let text = take(encoding, '{"$set":[');
  let index = 0;
  setForEach(set, (value) => {
    if (index > 0) text += take(encoding, ',');
    text += write(encoding, value, { __proto__: null, path, key: index, depth });
    index += 1;
  });
  return text + take(encoding, ']}');
}

function writeError(encoding: Encoding, error: Error, here: string, place: Place): string {
  const head = '{"name":' + quote(textProperty(error, 'name', 'Error')) + ',"message":';
  const shown = head + quote(textProperty(error, 'message', ''));
  if (!encoding.isMarked) return take(encoding, shown + '}');
  const depth = place.depth + 1;
  const path = here + '.$error';
  let text = take(encoding, '{"$error":' + shown);
  for (let index = 0; index < ERROR_PARTS.length; index += 1) {
    const key = ERROR_PARTS[index] ?? '';
    if (!hasOwn(error, key)) continue;
    const part = (error as object as { readonly [key: string]: unknown })[key];
    text += take(encoding, ',"' + key + '":') + write(encoding, part, { __proto__: null, path, key, depth });
  }
  return text + take(encoding, '}}');
}

/** What an error may have besides, as its own: why it came about, and what it stands for together. */
const ERROR_PARTS: readonly string[] = freeze(['cause', 'errors']);

// What stands in place of a value that could not be read: what was thrown instead.
function thrownMark(error: unknown): string {
  const isKnown = isError(error);
  const name = isKnown ? textProperty(error, 'name', 'Error') : typeof error;
  const message = isKnown
    ? textProperty(error, 'message', '')
    : typeof error === 'string'
      ? clip(error, TEXT_CHARS)
      : '';
  return '{"$error":{"name":' + quote(name) + ',"message":' + quote(message) + '}}';
}

function pathOf(place: Place): string {
  const { key, path } = place;
  if (key === '') return path;
  if (typeof key === 'number') return path + '[' + key + ']';
  return isIdentifier(key) ? path + '.' + key : path + '[' + quote(key) + ']';
}
