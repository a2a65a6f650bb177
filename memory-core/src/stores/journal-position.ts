// Where a store stands, told so that two histories of one database are never taken for each other.
import type { Position } from '../ports/cache.ts';
import type { CallOptions, Changes, JournalEntry, MemoryStore } from '../ports/store.ts';

/** Before the first write; where a new cache stands. */
export const START: Position = { seq: 0, stamp: '' };

/** Where a store stands now, and how it came there from an earlier position. */
export interface Since {
  readonly to: Position;
  /** The changes in between; left out when the earlier position is not of this history, or too long ago. */
  readonly changed?: readonly JournalEntry[];
}

/** With more changes than this, catching up costs more than starting anew. */
const MAX_CHANGES = 1_000;

/** What happened in `store` since `from`. Nothing only when the store was exchanged while it was being asked. */
export async function since(store: MemoryStore, from: Position, call?: CallOptions): Promise<Since | undefined> {
  const { since: seq, limit } = pageFrom(from);
  const page = await store.changes(seq, { ...call, limit });
  const now = sinceIn(page, from);
  if (now !== undefined) return now;
  const to = await positionAt(store, page.seq, call);
  return to && { to };
}

/** A part of the journal. */
export interface ChangePage {
  readonly changed: readonly JournalEntry[];
  /** The position behind it. */
  readonly to: Position;
  readonly newestSeq: number;
}

/** One page of what happened since `from`; nothing when `from` is not of this history. */
export async function pageOfChanges(
  store: MemoryStore,
  from: Position,
  call?: CallOptions,
): Promise<ChangePage | undefined> {
  const { since: seq, limit } = pageFrom(from);
  const { entries, seq: newestSeq } = await store.changes(seq, { ...call, limit });
  if (from.seq === 0) return { changed: entries, to: positionOf(entries.at(-1)), newestSeq };
  const [first, ...changed] = entries;
  if (first === undefined || !isAt(first, from)) return undefined;
  return { changed, to: positionOf(entries.at(-1)), newestSeq };
}

/** The part of the journal that shows what happened since `from`. */
export function pageFrom(from: Position): { readonly since: number; readonly limit: number } {
  // From one before, so that the entry itself comes along and shows whether it is the one that `from` speaks of.
  return { since: Math.max(0, from.seq - 1), limit: MAX_CHANGES + 1 };
}

/** What that part says; nothing when `from` is not of this history, or too long ago. */
export function sinceIn(page: Changes, from: Position): Since | undefined {
  const [first] = page.entries;
  const isSameHistory = from.seq === 0 || (first !== undefined && isAt(first, from));
  const changed = from.seq === 0 ? page.entries : page.entries.slice(1);
  // Every number has one entry, so what is missing shows.
  if (!isSameHistory || from.seq + changed.length !== page.seq) return undefined;
  const last = changed.at(-1);
  return { to: last === undefined ? from : positionOf(last), changed };
}

/** Where `store` stands now. Nothing only when the store was exchanged while it was being asked. */
export async function newest(store: MemoryStore, call?: CallOptions): Promise<Position | undefined> {
  const { seq } = await store.changes(Number.MAX_SAFE_INTEGER, { ...call, limit: 1 });
  return positionAt(store, seq, call);
}

/** Whether `store` stands exactly at `at`. */
export async function standsAt(store: MemoryStore, at: Position, call?: CallOptions): Promise<boolean> {
  const page = await store.changes(Math.max(0, at.seq - 1), { ...call, limit: 1 });
  if (page.seq !== at.seq) return false;
  const [entry] = page.entries;
  return entry === undefined ? at.seq === 0 : isAt(entry, at);
}

/** Whether both are the same place in the same history. */
export function samePosition(a: Position, b: Position): boolean {
  return a.seq === b.seq && a.stamp === b.stamp;
}

/** A position as text, and back; nothing where the text is not one. */
export function positionText({ seq, stamp }: Position): string {
  return `${seq} ${stamp}`;
}

export function readPosition(text: string): Position | undefined {
  const [, seq, stamp] = /^(\d+) (.*)$/su.exec(text) ?? [];
  return seq === undefined || stamp === undefined ? undefined : { seq: Number(seq), stamp };
}

async function positionAt(store: MemoryStore, seq: number, call?: CallOptions): Promise<Position | undefined> {
  if (seq === 0) return START;
  const { entries } = await store.changes(seq - 1, { ...call, limit: 1 });
  return entries[0] && positionOf(entries[0]);
}

/** The position at which this entry is the newest; without one, before the first. */
export function positionOf(newest: JournalEntry | undefined): Position {
  if (newest === undefined) return START;
  const { seq, at, kind, id, op } = newest;
  return { seq, stamp: `${at}|${kind}|${id}|${op}` };
}

function isAt(entry: JournalEntry, { seq, stamp }: Position): boolean {
  return entry.seq === seq && positionOf(entry).stamp === stamp;
}
