// Which slot an id has, and which id a slot: 16 bytes an id, and 8 for finding it. Pure.
import type { PackedPart, UnpackedParts } from './packed-part.ts';

/**
 * Slots are given from 0 on and never given again: who remembers the slot of something that is gone finds nothing,
 * and never something else.
 */
export interface SlotTable {
  /** Ids that have a slot. */
  readonly count: number;
  /** Slots that were ever given. */
  readonly end: number;
  /** The slot of an id, which gets one if it has none. An id is a UUID in small letters. */
  give(id: string): number;
  slotOf(id: string): number | undefined;
  /** `undefined` for a slot that was never given, or whose id is gone. */
  idOf(slot: number): string | undefined;
  delete(id: string): void;
  /** The order of their ids, as text. */
  compare(a: number, b: number): number;
  parts(prefix: string): readonly PackedPart[];
}

const WORDS = 4;
const FIRST_SLOTS = 256;

export function slotTable(): SlotTable {
  return tableOver(new Uint32Array(0));
}

/** The table that was packed into this part; `undefined` where there is none, or it is damaged. */
export function unpackedSlotTable(parts: UnpackedParts, prefix: string): SlotTable | undefined {
  const bytes = parts.get(`${prefix}-ids`);
  if (bytes === undefined || bytes.length % (WORDS * 4) !== 0) return undefined;
  return tableOver(new Uint32Array(bytes.slice().buffer));
}

/** `given`: four words an id, in the order of slots; zeros where the id is gone, which no UUID is. */
function tableOver(given: Uint32Array): SlotTable {
  const held = heldIds(given);
  let revision = 1;
  return {
    get count() {
      return held.count();
    },
    get end() {
      return held.end();
    },
    slotOf: (id) => held.find(wordsOf(id)),
    give(id) {
      const words = wordsOf(id);
      const known = held.find(words);
      if (known !== undefined) return known;
      revision += 1;
      return held.add(words);
    },
    idOf(slot) {
      const words = held.at(slot);
      return isNone(words) ? undefined : textOf(words);
    },
    delete(id) {
      const slot = held.find(wordsOf(id));
      if (slot === undefined) return;
      held.remove(slot);
      revision += 1;
    },
    compare(a, b) {
      const [one, other] = [held.at(a), held.at(b)];
      const place = one.findIndex((word, index) => word !== other[index]);
      return place < 0 ? 0 : (one[place] ?? 0) - (other[place] ?? 0);
    },
    parts: (prefix) => [{ name: `${prefix}-ids`, revision, bytes: held.bytes }],
  };
}

interface HeldIds {
  count(): number;
  end(): number;
  find(id: Words): number | undefined;
  /** Zeros where there is none. */
  at(slot: number): Words;
  add(id: Words): number;
  remove(slot: number): void;
  bytes(): Uint8Array;
}

/**
 * Ids by slot, and slots by id: open addressing with linear probing (Knuth, TAOCP 3, §6.4). What is gone keeps its
 * place until the next growth, so that who was placed behind it is found.
 */
function heldIds(given: Uint32Array): HeldIds {
  let end = given.length / WORDS;
  let ids = given;
  // Slot + 1, or 0 where nobody is.
  let places = new Uint32Array(0);
  let count = 0;

  function placeOf(id: Words): number {
    const mask = places.length - 1;
    for (let place = hashOf(id) & mask; ; place = (place + 1) & mask) {
      const held = places[place] ?? 0;
      if (held === 0 || isAt(held - 1, id)) return place;
    }
  }

  function isAt(slot: number, [a, b, c, d]: Words): boolean {
    const at = slot * WORDS;
    return ids[at] === a && ids[at + 1] === b && ids[at + 2] === c && ids[at + 3] === d;
  }

  function at(slot: number): Words {
    const place = slot * WORDS;
    return [ids[place] ?? 0, ids[place + 1] ?? 0, ids[place + 2] ?? 0, ids[place + 3] ?? 0];
  }

  function makeRoom(slots: number): void {
    const room = new Uint32Array(slots * WORDS);
    room.set(ids.subarray(0, end * WORDS));
    ids = room;
    places = new Uint32Array(2 * slots);
    count = 0;
    for (let slot = 0; slot < end; slot += 1) {
      const id = at(slot);
      if (isNone(id)) continue;
      places[placeOf(id)] = slot + 1;
      count += 1;
    }
  }

  makeRoom(Math.max(FIRST_SLOTS, 2 ** Math.ceil(Math.log2(end + 1))));
  return {
    at,
    count: () => count,
    end: () => end,
    find(id) {
      const held = places[placeOf(id)] ?? 0;
      return held === 0 ? undefined : held - 1;
    },
    add(id) {
      if (end * WORDS === ids.length) makeRoom(2 * end);
      const slot = end++;
      places[placeOf(id)] = slot + 1;
      ids.set(id, slot * WORDS);
      count += 1;
      return slot;
    },
    remove(slot) {
      ids.fill(0, slot * WORDS, (slot + 1) * WORDS);
      count -= 1;
    },
    bytes: () => new Uint8Array(ids.slice(0, end * WORDS).buffer),
  };
}

type Words = readonly [number, number, number, number];

function wordsOf(id: string): Words {
  return [
    Number.parseInt(id.slice(0, 8), 16),
    Number.parseInt(id.slice(9, 13) + id.slice(14, 18), 16),
    Number.parseInt(id.slice(19, 23) + id.slice(24, 28), 16),
    Number.parseInt(id.slice(28), 16),
  ];
}

function textOf(id: Words): string {
  const hex = id.map((word) => word.toString(16).padStart(8, '0')).join('');
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join('-');
}

function isNone([a, b, c, d]: Words): boolean {
  return (a | b | c | d) === 0;
}

/** Multiplies by the golden ratio (Knuth, TAOCP 3, §6.4): ids of one moment differ in their last bits alone. */
function hashOf([a, b, c, d]: Words): number {
  const mixed = Math.imul(a ^ Math.imul(b, 0x9e3779b1) ^ Math.imul(c, 0x85ebca6b) ^ d, 0x9e3779b1);
  return mixed ^ (mixed >>> 15);
}
