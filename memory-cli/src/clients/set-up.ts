// Adding the server to a client and taking it out again: what would change in which file, and then the change.
import { isDeepStrictEqual } from 'node:util';
import { MemoryError } from '@episodica/memory-core';
import type { Client, Server, Target } from './client.ts';
import { commandOf, recordOf, type Scope, type Surroundings, startsOurServer } from './entry.ts';
import { withInstructions, withoutInstructions } from './instructions.ts';
import { withoutValueAt, withValueAt } from './json-edit.ts';
import { jsonOf } from './json-file.ts';
import { type KeptFile, readKept, replaceKept, unmarked } from './kept-file.ts';
import { type Receipt, type Receipts, receiptOf, undone } from './receipt.ts';

/** Which entry of which client. */
export interface Subject {
  readonly client: Client;
  readonly place: Surroundings;
  readonly scope: Scope;
  readonly name: string;
  readonly receipts: Receipts;
}

/** What becomes of a file. */
export interface Change {
  readonly file: KeptFile;
  /** Nothing: the file goes. */
  readonly after: string | undefined;
  /** By which its receipt is found. */
  readonly subject: readonly string[];
  /** Kept once it is done; without one, that of before goes. */
  readonly receipt?: Receipt | undefined;
}

/** What adding the server changes; files that say it already are left out. @throws `INVALID_INPUT`, `CONFLICT` */
export async function additions(
  subject: Subject,
  { server, withText }: { readonly server: Server; readonly withText: boolean },
): Promise<readonly Change[]> {
  const target = await subject.client.target(subject.place, subject);
  const entry = await addedEntry(subject, target, server);
  const text = withText ? await addedText(subject, target) : undefined;
  return [entry, text].filter((change) => change !== undefined);
}

/** What taking the server out changes. The text stays while another entry of ours needs it. @throws `INVALID_INPUT` */
export async function removals(subject: Subject, withText: boolean): Promise<readonly Change[]> {
  const target = await subject.client.target(subject.place, subject);
  const entry = await removedEntry(subject, target);
  const isNeeded = (await othersThere(subject)).length > 0;
  const text = withText && !isNeeded ? await removedText(subject, target) : undefined;
  return [entry, text].filter((change) => change !== undefined);
}

/** The variables that the entry sets as it is now. @throws `INVALID_INPUT` */
export async function variablesThere(subject: Subject): Promise<Readonly<Record<string, string>>> {
  const target = await subject.client.target(subject.place, subject);
  return subject.client.envOf(recordOf(await valueThere(target)));
}

/** Names of other entries beside it that start the server. @throws `INVALID_INPUT` */
export async function othersThere({ client, place, ...of }: Subject): Promise<readonly string[]> {
  const target = await client.target(place, of);
  const all = Object.entries(recordOf(await valueThere({ ...target, keys: target.keys.slice(0, -1) })));
  return all.filter(([name, value]) => name !== of.name && isOurs(value)).map(([name]) => name);
}

async function valueThere(target: Target): Promise<unknown> {
  const { text } = unmarked((await readKept(target.path)).text ?? '');
  return valueAt(checked(text, target), target);
}

/** @throws `CONFLICT`, which may be repeated from the planning on, where a file was changed meanwhile */
export async function make({ file, after, subject, receipt }: Change, receipts: Receipts): Promise<void> {
  // First what undoes it: of what did not happen, a receipt matches no file.
  if (receipt !== undefined) await receipts.write(subject, receipt);
  await replaceKept(file, after);
  if (receipt === undefined) await receipts.remove(subject);
}

async function addedEntry({ client, receipts }: Subject, target: Target, server: Server): Promise<Change | undefined> {
  const { path, keys, newText } = target;
  const file = await readKept(path);
  const { text, mark } = unmarked(file.text ?? '');
  const before = valueAt(checked(text, target), target);
  if (before !== undefined && !isOurs(before)) throw foreignEntry(target);
  const value = client.valueOf(server, recordOf(before));
  if (isDeepStrictEqual(before, value)) return undefined;
  const after = withValueAt(text.trim() === '' ? newText : text, keys, value);
  if (!isDeepStrictEqual(valueAt(checked(after, target), target), value)) throw twiceTheSameKey(target);
  const subject = [path, ...keys];
  const receipt = receiptOf(mark + after, await originOf(file, { before, target, receipts }));
  return { file, after: mark + after, subject, receipt };
}

/** What undoing leads to. Of an entry that is brought up to date, that is what was there before there was any of ours. */
async function originOf(
  { text }: KeptFile,
  { before, target, receipts }: { before: unknown; target: Target; receipts: Receipts },
): Promise<Parameters<typeof receiptOf>[1]> {
  const { path, keys } = target;
  if (before === undefined) return { before: text, keysBefore: keysThere(unmarked(text ?? '').text, target) };
  const made = await receipts.read([path, ...keys]);
  // Nobody but the user wrote it.
  if (made === undefined) return { before: text, keysBefore: keys.length, own: before };
  return { before: withoutEntry(text ?? '', target, made), keysBefore: made.keysBefore, own: made.own };
}

async function removedEntry({ receipts }: Subject, target: Target): Promise<Change | undefined> {
  const file = await readKept(target.path);
  if (file.text === undefined) return undefined;
  const value = valueAt(checked(unmarked(file.text).text, target), target);
  if (value === undefined) return undefined;
  if (!isOurs(value)) throw foreignEntry(target);
  const subject = [target.path, ...target.keys];
  return { file, after: withoutEntry(file.text, target, await receipts.read(subject)), subject };
}

/** The text before there was an entry of ours: exactly, where that is known; nothing where there was no file. */
function withoutEntry(marked: string, target: Target, receipt: Receipt | undefined): string | undefined {
  const known = undone(marked, receipt);
  if (known !== undefined) return known.before;
  const { text, mark } = unmarked(marked);
  const { keys } = target;
  if (receipt?.own !== undefined) return mark + withValueAt(text, keys, receipt.own);
  let left = withoutValueAt(text, keys);
  const isEmpty = (value: unknown) => isDeepStrictEqual(value, {});
  for (let depth = keys.length - 1; depth > (receipt?.keysBefore ?? keys.length - 1); depth -= 1) {
    const outer = { ...target, keys: keys.slice(0, depth) };
    if (isEmpty(valueAt(checked(left, target), outer))) left = withoutValueAt(left, outer.keys);
  }
  const value = checked(left, target);
  if (valueAt(value, target) !== undefined) throw twiceTheSameKey(target);
  const isAsNew = isEmpty(value) || isDeepStrictEqual(value, checked(target.newText, target));
  return isAsNew && receipt?.wasThere === false ? undefined : mark + left;
}

async function addedText({ receipts }: Subject, { instructions: path }: Target): Promise<Change | undefined> {
  const file = await readKept(path);
  const text = file.text ?? '';
  const after = withInstructions(text, path);
  if (after === text) return undefined;
  const subject = [path];
  const isNew = withoutInstructions(text, path) === text;
  const before = isNew ? file.text : withoutText(text, path, await receipts.read(subject));
  return { file, after, subject, receipt: receiptOf(after, { before }) };
}

async function removedText({ receipts }: Subject, { instructions: path }: Target): Promise<Change | undefined> {
  const file = await readKept(path);
  if (file.text === undefined || withoutInstructions(file.text, path) === file.text) return undefined;
  const subject = [path];
  return { file, after: withoutText(file.text, path, await receipts.read(subject)), subject };
}

function withoutText(text: string, path: string, receipt: Receipt | undefined): string | undefined {
  const known = undone(text, receipt);
  if (known !== undefined) return known.before;
  const left = withoutInstructions(text, path);
  return left.trim() === '' && receipt?.wasThere === false ? undefined : left;
}

/** What a text says. @throws `INVALID_INPUT` for one that cannot be understood */
function checked(text: string, { path, kind }: Target): unknown {
  const json = jsonOf(text, kind);
  if (json.status === 'read') return json.value === undefined ? {} : json.value;
  throw new MemoryError('INVALID_INPUT', `${path}: ${json.problem}; mend it there. Nothing was changed.`);
}

/** @throws `INVALID_INPUT` where something else than an object is on the way */
function valueAt(value: unknown, { path, keys }: Pick<Target, 'path' | 'keys'>): unknown {
  let current = value;
  for (const [depth, key] of keys.entries()) {
    if (current === undefined) return undefined;
    if (typeof current !== 'object' || current === null || Array.isArray(current)) {
      const what = depth === 0 ? 'the file' : `"${keys.slice(0, depth).join('.')}"`;
      throw new MemoryError('INVALID_INPUT', `${path}: ${what} is no object; mend it there. Nothing was changed.`);
    }
    current = recordOf(current)[key];
  }
  return current;
}

function keysThere(text: string, target: Target): number {
  const value = checked(text, target);
  const isMissing = (depth: number) => valueAt(value, { ...target, keys: target.keys.slice(0, depth) }) === undefined;
  const missing = target.keys.findIndex((_, index) => isMissing(index + 1));
  return missing === -1 ? target.keys.length : missing;
}

function isOurs(value: unknown): boolean {
  const { command, args } = recordOf(value);
  return startsOurServer(commandOf(command, args));
}

function foreignEntry({ path, keys }: Target): MemoryError {
  const what = `${path}: "${keys.at(-1)}" is the entry of another server`;
  return new MemoryError('CONFLICT', `${what}; choose another name with --name, or take it out. Nothing was changed.`);
}

function twiceTheSameKey({ path, keys }: Target): MemoryError {
  const what = `${path}: a key that leads to "${keys.join('.')}" is there twice`;
  return new MemoryError('INVALID_INPUT', `${what}; keep one of them. Nothing was changed.`);
}
