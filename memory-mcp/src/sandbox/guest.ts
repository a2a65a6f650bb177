// What runs inside the guest before the user's program: the serialiser, console, fs, input and the bridge to the host.
// It takes every built-in it needs before user code can patch one, and nothing it holds is reachable from user code.
//
// Results are JSON. What JSON lacks is written as a mark, an object with one key:
//   {"$map": [[k, v]]}  {"$set": []}  {"$date": iso}  {"$bigint": digits}  {"$number": "NaN" | "Infinity" | …}
//   {"$undefined": true}  {"$typed": name, "values": []}  {"$function": name}  {"$symbol": text}
//   {"$error": {name, message}} (also in place of a property whose getter threw)  {"$regexp": "/a/g"}
//   {"$object": name} (a built-in with nothing to show: a promise, a weak map, a generator)
//   {"$ref": path} (a cycle, or a shared object too large to repeat; the path is into the encoded document)
// A guest object whose keys are exactly those of a mark is wrapped: {"$escaped": {…}}. `toJSON` is never called;
// symbol keys and properties that are not enumerable are left out, as JSON leaves them out.

/** Evaluates to a function `(hostLog, hostCall) => controls`; see `GuestControls` in `engine.ts`. */
export const GUEST_SOURCE: string = String.raw`(function (hostLog, hostCall) {
'use strict';

const uncurry = Function.prototype.bind.bind(Function.prototype.call);
const getter = (target, key) => uncurry(Object.getOwnPropertyDescriptor(target, key).get);
const ObjectPrototype = Object.prototype;
const objectKeys = Object.keys;
const objectToString = uncurry(ObjectPrototype.toString);
const getPrototypeOf = Reflect.getPrototypeOf;
const defineProperty = Reflect.defineProperty;
const freeze = Object.freeze;
const is = Object.is;
const isArray = Array.isArray;
const isError = Error.isError;
const quote = JSON.stringify;
const parse = JSON.parse;
const now = Date.now;
const ErrorClass = Error;
const TypeErrorClass = TypeError;
const EvalErrorClass = EvalError;
const MapClass = Map;
const PromiseClass = Promise;
const ProxyClass = Proxy;
const InternalErrorPrototype = InternalError.prototype;
const TypedArrayPrototype = getPrototypeOf(Uint8Array.prototype);
const mapGet = uncurry(Map.prototype.get);
const mapSet = uncurry(Map.prototype.set);
const mapHas = uncurry(Map.prototype.has);
const mapDelete = uncurry(Map.prototype.delete);
const mapForEach = uncurry(Map.prototype.forEach);
const mapSize = getter(Map.prototype, 'size');
const setForEach = uncurry(Set.prototype.forEach);
const setSize = getter(Set.prototype, 'size');
const dateTime = uncurry(Date.prototype.getTime);
const dateToIso = uncurry(Date.prototype.toISOString);
const weakAdd = uncurry(WeakSet.prototype.add);
const weakHas = uncurry(WeakSet.prototype.has);
const symbolToString = uncurry(Symbol.prototype.toString);
const numberValue = uncurry(Number.prototype.valueOf);
const stringValue = uncurry(String.prototype.valueOf);
const booleanValue = uncurry(Boolean.prototype.valueOf);
const regexpSource = getter(RegExp.prototype, 'source');
const regexpFlags = getter(RegExp.prototype, 'flags');
const regexpExec = uncurry(RegExp.prototype.exec);
const bufferLength = getter(ArrayBuffer.prototype, 'byteLength');
const viewLength = getter(DataView.prototype, 'byteLength');
const viewByte = uncurry(DataView.prototype.getUint8);
const typedName = getter(TypedArrayPrototype, Symbol.toStringTag);
const typedLength = getter(TypedArrayPrototype, 'length');
const Uint8ArrayClass = Uint8Array;
const slice = uncurry(String.prototype.slice);
const indexOf = uncurry(String.prototype.indexOf);
const lowerCase = uncurry(String.prototype.toLowerCase);
const arraySort = uncurry(Array.prototype.sort);

const isEngineError = (error) => isError(error) && getPrototypeOf(error) === InternalErrorPrototype;

const MARKS = {
  __proto__: null, $map: true, $set: true, $date: true, $bigint: true, $number: true, $undefined: true, $typed: true,
  $function: true, $symbol: true, $error: true, $ref: true, $regexp: true, $object: true, $escaped: true,
};
const REPEAT_CHARS = 256;
const TEXT_CHARS = 2000;
const IDENTIFIER = /^[A-Za-z_$][\w$]*$/;

// Thrown by the encoder when a budget is used up; never seen by user code.
const TOO_LARGE = freeze({ __proto__: null });
const TOO_DEEP = freeze({ __proto__: null });
// The encoder's refusals and the engine's (out of memory is sometimes a bare null) end the encoding; what a getter or
// a trap throws is only a mark in the place of its value.
const isOurs = (error) =>
  error === TOO_LARGE || error === TOO_DEEP || error === null || isEngineError(error);

const clip = (text, chars) =>
  text.length <= chars ? text : slice(text, 0, chars) + '… (' + (text.length - chars) + ' more characters)';

const textProperty = (value, key, otherwise) => {
  let text;
  try { text = value[key]; } catch { return otherwise; }
  return typeof text === 'string' ? clip(text, TEXT_CHARS) : otherwise;
};

const errorMark = (error) => {
  const known = isError(error);
  const name = known ? textProperty(error, 'name', 'Error') : typeof error;
  const message = known ? textProperty(error, 'message', '') : typeof error === 'string' ? clip(error, TEXT_CHARS) : '';
  return '{"$error":{"name":' + quote(name) + ',"message":' + quote(message) + '}}';
};

const step = (key) => {
  if (typeof key === 'number') return '[' + key + ']';
  return regexpExec(IDENTIFIER, key) === null ? '[' + quote(key) + ']' : '.' + key;
};

// True when reading does not throw, which is how a built-in tells its own kind.
const answers = (read, value) => {
  try { read(value); return true; } catch { return false; }
};

// budget: {chars, nodes, depth}. Lossless writes marks; otherwise a value that JSON lacks is refused with TypeError,
// undefined properties are left out, and a date is its ISO text.
const encode = (root, budget, lossless) => {
  const seen = new MapClass();
  let nodes = 0;
  let chars = 0;

  const take = (text) => {
    chars += text.length;
    if (chars > budget.chars) throw TOO_LARGE;
    return text;
  };
  const mark = (name, text, path, key) => {
    if (lossless) return take('{"' + name + '":' + text + '}');
    throw new TypeErrorClass('The value at ' + path + step(key) + ' cannot be handed over: ' + slice(name, 1) + ' has no JSON.');
  };

  const writeString = (value) => {
    if (value.length > budget.chars - chars) throw TOO_LARGE;
    return take(quote(value));
  };
  const writeNumber = (value, path, key) => {
    if (is(value, -0)) return lossless ? mark('$number', '"-0"') : take('0');
    if (value - value === 0) return take('' + value);
    return mark('$number', '"' + value + '"', path, key);
  };
  const writeItems = (length, itemAt, path, depth) => {
    if (length > budget.nodes - nodes) throw TOO_LARGE;
    let text = take('[');
    for (let index = 0; index < length; index += 1) {
      text += (index === 0 ? '' : take(',')) + writeRead(itemAt, index, path, depth);
    }
    return text + take(']');
  };
  // A read may run a getter or a proxy's trap, and may throw.
  const writeRead = (read, key, path, depth) => {
    let value;
    try { value = read(key); } catch (error) {
      if (!lossless || isOurs(error)) throw error;
      return take(errorMark(error));
    }
    return write(value, path, key, depth);
  };
  const writeMap = (map, path, depth) => {
    let text = take('{"$map":[');
    let index = 0;
    mapForEach(map, (value, key) => {
      const entry = path + '.$map[' + index + ']';
      text += take(index === 0 ? '[' : ',[') + write(key, entry, 0, depth) + take(',') + write(value, entry, 1, depth) + take(']');
      index += 1;
    });
    return text + take(']}');
  };
  const writeSet = (set, path, depth) => {
    let text = take('{"$set":[');
    let index = 0;
    setForEach(set, (value) => {
      text += (index === 0 ? '' : take(',')) + write(value, path + '.$set', index, depth);
      index += 1;
    });
    return text + take(']}');
  };
  const writeTyped = (name, length, itemAt, path, depth) =>
    take('{"$typed":"' + name + '","values":') + writeItems(length, itemAt, path + '.values', depth) + take('}');

  const writeFields = (value, path, depth) => {
    let keys;
    try { keys = objectKeys(value); } catch (error) {
      if (!lossless || isOurs(error)) throw error;
      return take(errorMark(error));
    }
    if (keys.length > budget.nodes - nodes) throw TOO_LARGE;
    const looksLikeMark = lossless &&
      ((keys.length === 1 && MARKS[keys[0]] === true) ||
        (keys.length === 2 && keys[0] === '$typed' && keys[1] === 'values'));
    const inner = looksLikeMark ? path + '.$escaped' : path;
    let text = take(looksLikeMark ? '{"$escaped":{' : '{');
    let written = 0;
    const read = (key) => value[key];
    for (let index = 0; index < keys.length; index += 1) {
      const key = keys[index];
      if (!lossless && value[key] === undefined) continue;
      text += (written === 0 ? '' : take(',')) + writeString(key) + take(':') + writeRead(read, key, inner, depth);
      written += 1;
    }
    return text + take(looksLikeMark ? '}}' : '}');
  };

  // The kinds whose content is not in their properties. undefined: it has none of these kinds.
  const writeBuiltIn = (value, path, key, here, depth) => {
    const typed = typedName(value);
    if (typed !== undefined) {
      if (!lossless) mark('$typed', '', path, key);
      return writeTyped(typed, typedLength(value), (index) => value[index], here, depth);
    }
    if (isError(value)) return lossless ? take(errorMark(value)) : take(slice(errorMark(value), 10, -1));
    if (answers(dateTime, value)) {
      const iso = dateTime(value) === dateTime(value) ? '"' + dateToIso(value) + '"' : '"Invalid Date"';
      return lossless ? mark('$date', iso) : take(iso);
    }
    if (answers(mapSize, value)) return lossless ? writeMap(value, here, depth) : mark('$map', '', path, key);
    if (answers(setSize, value)) return lossless ? writeSet(value, here, depth) : mark('$set', '', path, key);
    if (answers(numberValue, value)) return write(numberValue(value), path, key, depth);
    if (answers(stringValue, value)) return writeString(stringValue(value));
    if (answers(booleanValue, value)) return take(booleanValue(value) ? 'true' : 'false');
    if (answers(regexpSource, value)) return mark('$regexp', quote('/' + regexpSource(value) + '/' + regexpFlags(value)), path, key);
    if (answers(bufferLength, value)) {
      if (!lossless) mark('$typed', '', path, key);
      const bytes = new Uint8ArrayClass(value);
      return writeTyped('ArrayBuffer', bufferLength(value), (index) => bytes[index], here, depth);
    }
    if (answers(viewLength, value)) {
      if (!lossless) mark('$typed', '', path, key);
      return writeTyped('DataView', viewLength(value), (index) => viewByte(value, index), here, depth);
    }
    return undefined;
  };
  // Promises, weak collections, generators: known by the tag of their prototype, and with no property to show.
  const writeOther = (value, path, key, here, depth) => {
    let tag = '';
    try { tag = slice(objectToString(value), 8, -1); } catch { tag = 'Object'; }
    if (tag !== 'Object' && tag !== 'Arguments' && objectKeys(value).length === 0) return mark('$object', quote(clip(tag, 100)), path, key);
    return writeFields(value, here, depth);
  };

  const writeKind = (value, path, key, here, depth) => {
    if (isArray(value)) return writeItems(value.length, (index) => value[index], here, depth + 1);
    const prototype = getPrototypeOf(value);
    if (prototype === ObjectPrototype || prototype === null) return writeFields(value, here, depth + 1);
    const text = writeBuiltIn(value, path, key, here, depth + 1);
    return text === undefined ? writeOther(value, path, key, here, depth + 1) : text;
  };

  const writeObject = (value, path, key, depth) => {
    const here = path + (key === '' ? '' : step(key));
    const earlier = mapGet(seen, value);
    if (earlier !== undefined) {
      if (earlier.text !== undefined) return take(earlier.text);
      return mark('$ref', quote(earlier.path), path, key);
    }
    if (depth >= budget.depth) throw TOO_DEEP;
    const entry = { __proto__: null, path: here, text: undefined };
    mapSet(seen, value, entry);
    let text;
    try { text = writeKind(value, path, key, here, depth); } catch (error) {
      // A revoked proxy or a throwing trap; the encoder's own refusals pass.
      if (!lossless || isOurs(error)) throw error;
      text = take(errorMark(error));
    }
    if (text.length <= REPEAT_CHARS || !lossless) entry.text = text;
    return text;
  };

  const write = (value, path, key, depth) => {
    nodes += 1;
    if (nodes > budget.nodes) throw TOO_LARGE;
    switch (typeof value) {
      case 'string': return writeString(value);
      case 'number': return writeNumber(value, path, key);
      case 'boolean': return take(value ? 'true' : 'false');
      case 'bigint': return mark('$bigint', '"' + value + '"', path, key);
      case 'undefined': return lossless ? take('{"$undefined":true}') : take('null');
      case 'symbol': return mark('$symbol', quote(clip(symbolToString(value), TEXT_CHARS)), path, key);
      case 'function': return mark('$function', quote(textProperty(value, 'name', '')), path, key);
      default: return value === null ? take('null') : writeObject(value, path, key, depth);
    }
  };
  return write(root, '$', '', 0);
};

// One line about a value that is too large to show.
const describeSize = (value) => {
  if (typeof value === 'string') return 'a string of ' + value.length + ' characters';
  try {
    if (isArray(value)) return 'an array of ' + value.length + ' items';
    if (answers(mapSize, value)) return 'a map of ' + mapSize(value) + ' entries';
    if (answers(setSize, value)) return 'a set of ' + setSize(value) + ' values';
    if (typedName(value) !== undefined) return 'a typed array of ' + typedLength(value) + ' numbers';
    return 'an object of ' + objectKeys(value).length + ' properties';
  } catch { return 'a value'; }
};

// ---- console -------------------------------------------------------------------------------------------------------

const LINE_CHARS = 4096;
const LINE_BUDGET = freeze({ __proto__: null, chars: LINE_CHARS, nodes: 2000, depth: 20 });
const BATCH_LINES = 64;
const BATCH_CHARS = 16384;
let startedAt = 0;
let headLines = 500;
let headChars = 32768;
let batch = '';
let batchLines = 0;

const show = (value) => {
  if (typeof value === 'string') return value;
  if (isError(value)) return textProperty(value, 'name', 'Error') + ': ' + textProperty(value, 'message', '');
  try { return encode(value, LINE_BUDGET, true); } catch (error) {
    if (error === TOO_LARGE || error === TOO_DEEP) return '[' + describeSize(value) + ', too large to print]';
    throw error;
  }
};
const flush = () => {
  if (batchLines === 0) return;
  hostLog(batch);
  batch = '';
  batchLines = 0;
};
// The first lines cross one by one, so that they survive a kill; of a flood, batches cross and the host keeps the last.
const writeLine = (level, text) => {
  const line = '[' + level + ',' + (now() - startedAt) + ',' + quote(clip(text, LINE_CHARS)) + ']';
  if (headLines > 0 && headChars >= line.length) {
    headLines -= 1;
    headChars -= line.length;
    hostLog(line);
    return;
  }
  headLines = 0;
  batch += batchLines === 0 ? line : '\n' + line;
  batchLines += 1;
  if (batchLines >= BATCH_LINES || batch.length > BATCH_CHARS) flush();
};
const logger = (level) => (...values) => {
  if (values.length === 1 && typeof values[0] === 'string') return writeLine(level, values[0]);
  let text = '';
  for (let index = 0; index < values.length; index += 1) {
    text += (index === 0 ? '' : ' ') + show(values[index]);
    if (text.length > LINE_CHARS * 2) break;
  }
  return writeLine(level, text);
};

// ---- fs: files that live as long as the run --------------------------------------------------------------------------

const FILE_CHARS = 1048576;
const FILES = 100;
const TOTAL_CHARS = 8388608;
const PATH_CHARS = 512;
const files = new MapClass();
let totalChars = 0;

const fileError = (code, message) => {
  const error = new ErrorClass(code + ': ' + message);
  error.code = code;
  return error;
};
const normalPath = (path) => {
  if (typeof path !== 'string' || path.length === 0 || path.length > PATH_CHARS || indexOf(path, '\0') !== -1) {
    throw fileError('EINVAL', 'a path is a string of 1 to ' + PATH_CHARS + ' characters without NUL.');
  }
  let normal = '';
  let from = 0;
  while (from <= path.length) {
    let to = indexOf(path, '/', from);
    if (to === -1) to = path.length;
    const part = slice(path, from, to);
    if (part === '..') {
      let cut = normal.length - 1;
      while (cut > 0 && normal[cut] !== '/') cut -= 1;
      normal = slice(normal, 0, cut < 0 ? 0 : cut);
    } else if (part !== '' && part !== '.') normal += '/' + part;
    from = to + 1;
  }
  return normal === '' ? '/' : normal;
};
const known = (path) => {
  const normal = normalPath(path);
  if (!mapHas(files, normal)) throw fileError('ENOENT', 'there is no file ' + quote(normal) + '; the files of a run start empty.');
  return normal;
};
const isFolder = (normal) => {
  if (normal === '/') return true;
  let found = false;
  mapForEach(files, (text, name) => { if (indexOf(name, normal + '/') === 0) found = true; });
  return found;
};
const fs = {
  readFile: (path) => mapGet(files, known(path)),
  writeFile: (path, content) => {
    const normal = normalPath(path);
    if (typeof content !== 'string') throw fileError('EINVAL', 'the content of a file is a string; use JSON.stringify for other values.');
    if (isFolder(normal)) throw fileError('EISDIR', quote(normal) + ' is a folder.');
    const before = mapHas(files, normal) ? mapGet(files, normal).length : -1;
    if (content.length > FILE_CHARS) throw fileError('EFBIG', 'a file holds at most ' + FILE_CHARS + ' characters.');
    if (before === -1 && mapSize(files) >= FILES) throw fileError('ENOSPC', 'there may be at most ' + FILES + ' files.');
    const total = totalChars + content.length - (before === -1 ? 0 : before);
    if (total > TOTAL_CHARS) throw fileError('ENOSPC', 'all files together hold at most ' + TOTAL_CHARS + ' characters.');
    totalChars = total;
    mapSet(files, normal, content);
  },
  readdir: (path) => {
    const normal = normalPath(path === undefined ? '/' : path);
    if (!isFolder(normal)) throw fileError('ENOENT', 'there is no folder ' + quote(normal) + '.');
    const prefix = normal === '/' ? '/' : normal + '/';
    const unique = { __proto__: null };
    mapForEach(files, (text, name) => {
      if (indexOf(name, prefix) !== 0) return;
      const end = indexOf(name, '/', prefix.length);
      unique[slice(name, prefix.length, end === -1 ? name.length : end)] = true;
    });
    return arraySort(objectKeys(unique));
  },
  exists: (path) => {
    const normal = normalPath(path);
    return mapHas(files, normal) || isFolder(normal);
  },
  unlink: (path) => {
    const normal = known(path);
    totalChars -= mapGet(files, normal).length;
    mapDelete(files, normal);
  },
};

// ---- memory: the host's functions ------------------------------------------------------------------------------------

const CALL_BUDGET = freeze({ __proto__: null, chars: 1048576, nodes: 50000, depth: 64 });
const pending = new MapClass();
let nextCall = 1;

const encodeArguments = (method, values) => {
  try { return encode(values, CALL_BUDGET, false); } catch (error) {
    if (error === TOO_LARGE || error === TOO_DEEP) {
      throw new TypeErrorClass('The arguments of memory.' + method + ' are too large: at most 1 MB, 64 levels deep.');
    }
    throw error;
  }
};
const hostFunction = (method) => {
  const call = (...values) => new PromiseClass((resolve, reject) => {
    const id = nextCall;
    nextCall += 1;
    const text = encodeArguments(method, values);
    // The place of the call, for an error that comes back long after.
    mapSet(pending, id, { __proto__: null, resolve, reject, site: new ErrorClass('').stack });
    // Over the limit the run is over: this loop is where the interruption finds it at once.
    if (!hostCall(id, method, text)) for (;;);
  });
  defineProperty(call, 'name', { value: method });
  return freeze(call);
};
const settle = (id, succeeded, text) => {
  const call = mapGet(pending, id);
  if (call === undefined) return;
  mapDelete(pending, id);
  const answer = parse(text);
  if (succeeded) return call.resolve(answer);
  const error = new ErrorClass(answer.message);
  error.code = answer.code;
  error.stack = call.site;
  call.reject(error);
};
const distance = (left, right) => {
  const a = lowerCase(left);
  const b = lowerCase(right);
  let prefix = 0;
  while (prefix < a.length && prefix < b.length && a[prefix] === b[prefix]) prefix += 1;
  return a.length + b.length - 2 * prefix;
};
const unknownMember = (methods, key) => {
  let nearest = methods[0];
  let list = '';
  for (let index = 0; index < methods.length; index += 1) {
    list += (index === 0 ? '' : ', ') + methods[index];
    if (distance(key, methods[index]) < distance(key, nearest)) nearest = methods[index];
  }
  const hint = nearest === undefined ? '' : ' Did you mean memory.' + nearest + '? It has: ' + list + '.';
  return new TypeErrorClass('memory.' + clip(key, 100) + ' does not exist.' + hint);
};
const memoryObject = (methods) => {
  const target = { __proto__: null };
  for (let index = 0; index < methods.length; index += 1) {
    defineProperty(target, methods[index], { value: hostFunction(methods[index]), enumerable: true });
  }
  return new ProxyClass(freeze(target), {
    __proto__: null,
    get: (object, key) => {
      // Asked for by await and by conversion to text: they must find nothing, not an error.
      if (typeof key !== 'string' || key === 'then' || key === 'toString' || key === 'valueOf' || key === 'toJSON' || key === 'name') return object[key];
      if (object[key] === undefined) throw unknownMember(methods, key);
      return object[key];
    },
  });
};

// ---- what is taken away ------------------------------------------------------------------------------------------------

const OFF = 'eval and Function are off in the sandbox; write the code out where it is needed.';
const define = (name, value) => defineProperty(globalThis, name, { value, writable: true, configurable: true, enumerable: false });
const NoFunction = function Function() { throw new EvalErrorClass(OFF); };
defineProperty(NoFunction, 'prototype', { value: Function.prototype, writable: false });
const functionKinds = [function () {}, async function () {}, function* () {}, async function* () {}];
for (let index = 0; index < functionKinds.length; index += 1) {
  defineProperty(getPrototypeOf(functionKinds[index]), 'constructor', { value: NoFunction, writable: false, configurable: false });
}
const overflows = new WeakSet();
// The JSON parser reports an overflow as a SyntaxError, which anybody can make: the real ones are remembered. A reviver
// and a text that is not a string are the program's own code, so what comes out of those is not.
const parseJson = { parse(text, reviver) {
  if (typeof text !== 'string' || reviver !== undefined) return parse(text, reviver);
  try { return parse(text); } catch (error) {
    if (isError(error) && error.message === 'stack overflow') weakAdd(overflows, error);
    throw error;
  }
} }.parse;
defineProperty(JSON, 'parse', { value: parseJson, writable: true, configurable: true, enumerable: false });
define('Function', NoFunction);
define('eval', freeze(function () { throw new EvalErrorClass(OFF); }));
freeze(NoFunction);
// Only the engine makes an InternalError: that is how its own "stack overflow" is told from one that a program throws.
defineProperty(InternalErrorPrototype, 'constructor', { value: ErrorClass, writable: false, configurable: false });
freeze(InternalErrorPrototype);
delete globalThis.InternalError;
delete globalThis.SharedArrayBuffer;
delete globalThis.Atomics;

define('console', { log: logger(0), info: logger(1), warn: logger(2), error: logger(3), debug: logger(4) });
define('fs', freeze(fs));
define('input', undefined);

// ---- what the host calls -----------------------------------------------------------------------------------------------

let resultBudget;
return {
  __proto__: null,
  begin: (text) => {
    const config = parse(text);
    startedAt = now();
    resultBudget = { __proto__: null, chars: config.resultChars, nodes: 200000, depth: 200 };
    if (config.input !== undefined) define('input', config.input);
    if (config.methods !== undefined) define('memory', memoryObject(config.methods));
  },
  finish: (value) => {
    try { return 'R' + encode(value, resultBudget, true); } catch (error) {
      if (error === TOO_LARGE) return 'L' + describeSize(value);
      if (error === TOO_DEEP) return 'D' + describeSize(value);
      throw error;
    }
  },
  describe: (thrown) => {
    const known = isError(thrown);
    const byEngine = isEngineError(thrown) || (known && weakHas(overflows, thrown));
    const name = known ? textProperty(thrown, 'name', 'Error') : typeof thrown;
    const message = known ? textProperty(thrown, 'message', '') : clip(show(thrown), TEXT_CHARS);
    const stack = known ? textProperty(thrown, 'stack', '') : '';
    return '{"byEngine":' + byEngine + ',"empty":' + (thrown === null || thrown === undefined || (known && message === '')) +
      ',"name":' + quote(name) + ',"message":' + quote(message) + ',"stack":' + quote(stack) + '}';
  },
  settle,
  flush,
};
})`;
