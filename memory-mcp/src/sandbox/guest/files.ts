// `fs`: files in memory that live as long as the run. Names and codes are those of Node, every function answers at
// once (with or without `Sync`, `await` or not), folders come into being with what is written into them, and a file
// gives back what it was given: text for text, a copy of the bytes for a Uint8Array; with 'utf8' always text.
import { type Member, withMembers } from './members.ts';
import {
  arraySort,
  type Bare,
  define,
  ErrorClass,
  indexOf,
  MapClass,
  mapDelete,
  mapForEach,
  mapGet,
  mapSet,
  mapSize,
  objectKeys,
  push,
  quote,
  slice,
  typedLength,
  typedName,
  typedSet,
  Uint8ArrayClass,
} from './primordials.ts';
import { byteLength, clip, fromBytes, isCutPair, toBytes } from './text.ts';

/** The files of a run. */
export interface GuestFiles extends Bare {
  /** What a program sees as `fs`. */
  readonly object: object;
  /** JSON text: `[{path, bytes}]`, sorted by path. */
  list(): string;
}

const FILE_BYTES = 1048576;
const TOTAL_BYTES = 8388608;
/** Files and folders together. */
const ENTRIES = 100;
const DEPTH = 16;
const PATH_CHARS = 512;

type Content = string | Uint8Array;

// A folder has no content.
interface Entry extends Bare {
  readonly content: Content | undefined;
  readonly bytes: number;
}

// All entries by their normal path: `/`, then names with `/` between them. The root is not among them.
interface Disk extends Bare {
  readonly entries: Map<string, Entry>;
  totalBytes: number;
}

// The options that a function knows, and whether they are its second argument or its third.
interface Options extends Bare {
  readonly place: 1 | 2;
  readonly names: readonly string[];
}

const FOLDER: Entry = { __proto__: null, content: undefined, bytes: 0 };

/** An empty disk. */
export function openFiles(): GuestFiles {
  const disk: Disk = { __proto__: null, entries: new MapClass(), totalBytes: 0 };
  const members: Member[] = [];
  const offer = (name: string, known: Options, act: (path: unknown, second: unknown) => unknown): void => {
    const value = (path: unknown, second: unknown, third: unknown): unknown => {
      if (typeof second === 'function' || typeof third === 'function') {
        throw fileError('EINVAL', 'fs.' + name + ' takes no callback: it answers at once.');
      }
      checkOptions(name, known, known.place === 1 ? second : third);
      return act(path, second);
    };
    define(value, 'name', name);
    push(members, { __proto__: null, name, value, isOffered: true });
    push(members, { __proto__: null, name: name + 'Sync', value, isOffered: false });
  };
  offer('readFile', { __proto__: null, place: 1, names: ['encoding'] }, (path, options) =>
    readFile(disk, path, options),
  );
  offer('writeFile', { __proto__: null, place: 2, names: ['encoding'] }, (path, content) =>
    writeFile(disk, normalPath(path), contentOf(content)),
  );
  offer('appendFile', { __proto__: null, place: 2, names: ['encoding'] }, (path, content) =>
    appendFile(disk, normalPath(path), contentOf(content)),
  );
  offer('readdir', { __proto__: null, place: 1, names: ['encoding'] }, (path) =>
    readdir(disk, normalPath(path === undefined ? '/' : path)),
  );
  offer('exists', { __proto__: null, place: 1, names: [] }, (path) => entryAt(disk, normalPath(path)) !== undefined);
  offer('stat', { __proto__: null, place: 1, names: [] }, (path) => stat(disk, normalPath(path)));
  offer('mkdir', { __proto__: null, place: 1, names: ['recursive'] }, (path, options) =>
    mkdir(disk, normalPath(path), isAsked(options, 'recursive')),
  );
  offer('rm', { __proto__: null, place: 1, names: ['recursive', 'force'] }, (path, options) =>
    rm(disk, normalPath(path), options),
  );
  offer('rmdir', { __proto__: null, place: 1, names: [] }, (path) => rmdir(disk, normalPath(path)));
  offer('unlink', { __proto__: null, place: 1, names: [] }, (path) => unlink(disk, normalPath(path)));
  offer('rename', { __proto__: null, place: 2, names: [] }, (from, to) =>
    rename(disk, normalPath(from), normalPath(to)),
  );
  return { __proto__: null, object: withMembers('fs', members), list: () => list(disk) };
}

function list(disk: Disk): string {
  const paths: string[] = [];
  mapForEach(disk.entries, (entry, path) => {
    if (entry.content !== undefined) push(paths, path);
  });
  arraySort(paths);
  let text = '[';
  for (let index = 0; index < paths.length; index += 1) {
    const path = paths[index] ?? '';
    text +=
      (index === 0 ? '' : ',') +
      '{"path":' +
      quote(path) +
      ',"bytes":' +
      (mapGet(disk.entries, path)?.bytes ?? 0) +
      '}';
  }
  return text + ']';
}

// ---- what a program may do -------------------------------------------------------------------------------------------

function readFile(disk: Disk, path: unknown, options: unknown): Content {
  const content = fileAt(disk, normalPath(path)).content ?? '';
  const isText =
    isEncoding(options) || (typeof options === 'object' && options !== null && isEncoding(option(options, 'encoding')));
  if (typeof content === 'string') return content;
  return isText ? fromBytes(content) : new Uint8ArrayClass(content);
}

function writeFile(disk: Disk, path: string, content: Content): void {
  put(disk, path, { __proto__: null, content, bytes: sizeOf(content) });
}

function put(disk: Disk, path: string, entry: Entry): void {
  const { bytes } = entry;
  if (bytes > FILE_BYTES) throw fileError('EFBIG', 'a file holds at most ' + FILE_BYTES + ' bytes, this is more.');
  const before = entryAt(disk, path);
  if (before === FOLDER) throw fileError('EISDIR', quote(path) + ' is a folder.');
  const totalBytes = disk.totalBytes + bytes - (before?.bytes ?? 0);
  if (totalBytes > TOTAL_BYTES) {
    throw fileError('ENOSPC', 'all files together hold at most ' + TOTAL_BYTES + ' bytes; remove some.');
  }
  if (before === undefined) makeRoom(disk, path, 1);
  disk.totalBytes = totalBytes;
  mapSet(disk.entries, path, entry);
}

function appendFile(disk: Disk, path: string, content: Content): void {
  const entry = entryAt(disk, path);
  const before = entry?.content;
  if (entry === undefined || before === undefined) writeFile(disk, path, content);
  else if (typeof before !== 'string' || typeof content !== 'string') {
    writeFile(disk, path, joined(asBytes(before), asBytes(content)));
  } else {
    // Only what is added is counted; two halves of a pair, three bytes each, become one sign of four.
    const text = before + content;
    const bytes = entry.bytes + sizeOf(content) - (isCutPair(text, before.length) ? 2 : 0);
    put(disk, path, { __proto__: null, content: text, bytes });
  }
}

function readdir(disk: Disk, path: string): string[] {
  folderAt(disk, path);
  const prefix = path === '/' ? '/' : path + '/';
  const names: string[] = [];
  mapForEach(disk.entries, (_entry, name) => {
    if (isBelow(name, prefix) && indexOf(name, '/', prefix.length) === -1) push(names, slice(name, prefix.length));
  });
  return arraySort(names);
}

function stat(disk: Disk, path: string): object {
  const entry = entryAt(disk, path);
  if (entry === undefined) throw missing(path);
  const isFolder = entry === FOLDER;
  return { __proto__: null, size: entry.bytes, isFile: () => !isFolder, isDirectory: () => isFolder };
}

function mkdir(disk: Disk, path: string, isRecursive: boolean): void {
  const before = entryAt(disk, path);
  if (before === undefined) {
    makeRoom(disk, path, 1);
    mapSet(disk.entries, path, FOLDER);
  } else if (before !== FOLDER || !isRecursive) throw fileError('EEXIST', quote(path) + ' is there already.');
}

function rm(disk: Disk, path: string, options: unknown): void {
  const entry = entryAt(disk, path);
  if (entry === undefined) {
    if (isAsked(options, 'force')) return;
    throw missing(path);
  }
  if (entry === FOLDER && !isAsked(options, 'recursive')) {
    throw fileError('EISDIR', quote(path) + ' is a folder; remove it with { recursive: true }.');
  }
  const below = pathsBelow(disk, path);
  for (let index = 0; index < below.length; index += 1) remove(disk, below[index] ?? '');
  remove(disk, path);
}

function rmdir(disk: Disk, path: string): void {
  folderAt(disk, path);
  if (pathsBelow(disk, path).length > 0) {
    throw fileError('ENOTEMPTY', quote(path) + ' is not empty; remove it with fs.rm and { recursive: true }.');
  }
  remove(disk, path);
}

function unlink(disk: Disk, path: string): void {
  fileAt(disk, path);
  remove(disk, path);
}

function rename(disk: Disk, from: string, to: string): void {
  const entry = entryAt(disk, from);
  if (entry === undefined) throw missing(from);
  if (from === to) return;
  if (from === '/' || isBelow(to, from + '/')) throw fileError('EINVAL', quote(from) + ' cannot move into itself.');
  const target = entryAt(disk, to);
  if (entry !== FOLDER && target === FOLDER) throw fileError('EISDIR', quote(to) + ' is a folder.');
  if (entry === FOLDER && target !== undefined) throw fileError('EEXIST', quote(to) + ' is there already.');
  const below = entry === FOLDER ? pathsBelow(disk, from) : [];
  for (let index = 0; index < below.length; index += 1) normalPath(to + slice(below[index] ?? '', from.length));
  if (target === undefined) makeRoom(disk, to, 0);
  else remove(disk, to);
  move(disk, from, to);
  for (let index = 0; index < below.length; index += 1) {
    const path = below[index] ?? '';
    move(disk, path, to + slice(path, from.length));
  }
}

// ---- the disk --------------------------------------------------------------------------------------------------------

function entryAt(disk: Disk, path: string): Entry | undefined {
  return path === '/' ? FOLDER : mapGet(disk.entries, path);
}

function fileAt(disk: Disk, path: string): Entry {
  const entry = entryAt(disk, path);
  if (entry === undefined) throw missing(path);
  if (entry === FOLDER) throw fileError('EISDIR', quote(path) + ' is a folder.');
  return entry;
}

function folderAt(disk: Disk, path: string): void {
  const entry = entryAt(disk, path);
  if (entry === undefined) throw missing(path);
  if (entry !== FOLDER) throw fileError('ENOTDIR', quote(path) + ' is a file.');
}

// Makes the folders above a path, or nothing at all when there is no room for them and what is added there.
function makeRoom(disk: Disk, path: string, added: number): void {
  const above: string[] = [];
  for (let at = indexOf(path, '/', 1); at !== -1; at = indexOf(path, '/', at + 1)) {
    const folder = slice(path, 0, at);
    const entry = entryAt(disk, folder);
    if (entry === undefined) push(above, folder);
    else if (entry !== FOLDER) throw fileError('ENOTDIR', quote(folder) + ' is a file.');
  }
  if (mapSize(disk.entries) + above.length + added > ENTRIES) {
    throw fileError('ENOSPC', 'there may be at most ' + ENTRIES + ' files and folders; remove some.');
  }
  for (let index = 0; index < above.length; index += 1) mapSet(disk.entries, above[index] ?? '', FOLDER);
}

function remove(disk: Disk, path: string): void {
  disk.totalBytes -= entryAt(disk, path)?.bytes ?? 0;
  mapDelete(disk.entries, path);
}

function move(disk: Disk, from: string, to: string): void {
  const entry = mapGet(disk.entries, from);
  if (entry === undefined) return;
  mapDelete(disk.entries, from);
  mapSet(disk.entries, to, entry);
}

function pathsBelow(disk: Disk, folder: string): string[] {
  const prefix = folder === '/' ? '/' : folder + '/';
  const paths: string[] = [];
  mapForEach(disk.entries, (_entry, path) => {
    if (isBelow(path, prefix)) push(paths, path);
  });
  return paths;
}

function isBelow(path: string, prefix: string): boolean {
  return path.length > prefix.length && slice(path, 0, prefix.length) === prefix;
}

// ---- paths, contents and options ---------------------------------------------------------------------------------------

// From the root, without `.`, `..` and empty parts; `..` at the root stays there.
function normalPath(path: unknown): string {
  if (typeof path !== 'string' || path === '' || path.length > PATH_CHARS || indexOf(path, '\0') !== -1) {
    throw fileError('EINVAL', 'a path is a string of 1 to ' + PATH_CHARS + ' characters without NUL.');
  }
  let normal = '';
  let depth = 0;
  for (let from = 0; from <= path.length; ) {
    const found = indexOf(path, '/', from);
    const to = found === -1 ? path.length : found;
    const part = slice(path, from, to);
    if (part === '..') {
      normal = parentOf(normal);
      depth -= depth === 0 ? 0 : 1;
    } else if (part !== '' && part !== '.') {
      normal += '/' + part;
      depth += 1;
    }
    from = to + 1;
  }
  if (depth > DEPTH) throw fileError('EINVAL', 'a path has at most ' + DEPTH + ' parts.');
  return normal === '' ? '/' : normal;
}

function parentOf(normal: string): string {
  let cut = normal.length - 1;
  while (cut > 0 && normal[cut] !== '/') cut -= 1;
  return slice(normal, 0, cut < 0 ? 0 : cut);
}

function contentOf(content: unknown): Content {
  if (typeof content === 'string') return content;
  if (typeof content === 'object' && content !== null && typedName(content) === 'Uint8Array') {
    // A copy, of no more than may be kept: the program goes on with its own.
    if (typedLength(content) > FILE_BYTES) throw fileError('EFBIG', 'a file holds at most ' + FILE_BYTES + ' bytes.');
    return new Uint8ArrayClass(content as Uint8Array);
  }
  throw fileError('EINVAL', 'the content of a file is a string or a Uint8Array; use JSON.stringify for other values.');
}

// No text has fewer bytes than characters, so what is surely too large is not counted.
function sizeOf(content: Content): number {
  if (typeof content !== 'string') return typedLength(content);
  return content.length > FILE_BYTES ? content.length : byteLength(content);
}

function asBytes(content: Content): Uint8Array {
  return typeof content === 'string' ? toBytes(content) : content;
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8ArrayClass(typedLength(first) + typedLength(second));
  typedSet(bytes, first, 0);
  typedSet(bytes, second, typedLength(first));
  return bytes;
}

// What is not done is refused: a program must not go on as if a flag that it gave had been followed.
function checkOptions(name: string, { names }: Options, options: unknown): void {
  if (options === undefined || options === null) return;
  if (typeof options !== 'object') {
    checkEncoding(name, names, options);
    return;
  }
  const keys = objectKeys(options);
  for (let index = 0; index < keys.length; index += 1) {
    const key = keys[index] ?? '';
    const value = option(options, key);
    if (value === undefined || value === null || value === false) continue;
    if (!isIn(names, key)) throw unknownOption(name, names, quote(clip(key, 100)));
    if (key === 'encoding') checkEncoding(name, names, value);
  }
}

function checkEncoding(name: string, names: readonly string[], value: unknown): void {
  if (isIn(names, 'encoding') && isEncoding(value)) return;
  throw unknownOption(name, names, typeof value === 'string' ? quote(clip(value, 100)) : 'a ' + typeof value);
}

function unknownOption(name: string, names: readonly string[], what: string): Error {
  let list = '';
  for (let index = 0; index < names.length; index += 1) list += (index === 0 ? '' : ', ') + (names[index] ?? '');
  const known = list === '' ? 'it takes no options' : 'it knows: ' + list + (isIn(names, 'encoding') ? ' (utf8)' : '');
  return fileError('EINVAL', 'fs.' + name + ' does not know the option ' + what + '; ' + known + '.');
}

function isIn(names: readonly string[], name: string): boolean {
  for (let index = 0; index < names.length; index += 1) if (names[index] === name) return true;
  return false;
}

function isEncoding(value: unknown): boolean {
  return value === 'utf8' || value === 'utf-8';
}

function isAsked(options: unknown, name: string): boolean {
  return typeof options === 'object' && options !== null && option(options, name) === true;
}

function option(options: object, name: string): unknown {
  return (options as { readonly [key: string]: unknown })[name];
}

function missing(path: string): Error {
  return fileError('ENOENT', 'there is no ' + quote(path) + '; the files of a run start empty.');
}

function fileError(code: string, message: string): Error {
  const error = new ErrorClass(code + ': ' + message);
  define(error, 'code', code);
  return error;
}
