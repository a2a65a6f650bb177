// What is known of each slot, as columns of numbers in blocks that are packed one by one. Pure, but for the columns.
import type { PackedPart } from './packed-part.ts';
import { setBit } from './slot-group.ts';
import type { SlotSet } from './slot-set.ts';

/** What is known of one slot, in numbers. */
export interface FactNumbers {
  /** 1–255; what it says is the caller's. */
  readonly kind: number;
  readonly startedAtMs: number;
  /** `NaN`: none. */
  readonly reward: number;
  readonly names: readonly number[];
  readonly keys: readonly number[];
}

export interface FactBlocks {
  /** How many blocks there are. */
  readonly count: number;
  /** No slot from here on is known. */
  readonly end: number;
  /** The slot is not known. */
  put(slot: number, facts: FactNumbers): void;
  delete(slot: number): void;
  /** 0: the slot is not known. */
  kind(slot: number): number;
  /** `NaN` for a slot that is not known, like `reward`. */
  startedAtMs(slot: number): number;
  reward(slot: number): number;
  forEachName(slot: number, visit: (name: number) => void): void;
  /** Visits each slot that has the name. */
  forEachNamed(name: number, visit: (slot: number) => void): void;
  /** How many slots have each of so many names; `undefined` where one has a name beyond them. */
  nameCounts(names: number): Uint32Array | undefined;
  forEachKey(slot: number, visit: (key: number) => void): void;
  /** The slots, of `among` or of all, that have one of the keys. */
  slotsWithKey(keys: ReadonlySet<number>, among: SlotSet | undefined): readonly number[];
  /** Sets the bits of the slots with a reward from `least` to `most`. */
  addRewarded(words: Uint32Array, range: { readonly least: number; readonly most: number }): void;
  parts(prefix: string): readonly PackedPart[];
}

/** Blocks of earlier; `undefined` where one of them is none. */
export function unpackedFactBlocks(packed: readonly (Uint8Array | undefined)[]): FactBlocks | undefined {
  const blocks = packed.map((bytes) => (bytes === undefined ? undefined : unpackedBlock(bytes)));
  return blocks.every((block) => block !== undefined) ? factBlocks(blocks) : undefined;
}

export function factBlocks(known: readonly Block[] = []): FactBlocks {
  const blocks: Block[] = [...known];
  const at = (slot: number): Block | undefined => blocks[Math.floor(slot / BLOCK_SLOTS)];
  return {
    get count() {
      return blocks.length;
    },
    get end() {
      return blocks.length * BLOCK_SLOTS;
    },
    put(slot, facts) {
      while (blocks.length * BLOCK_SLOTS <= slot) blocks.push(emptyBlock());
      const block = at(slot);
      if (block !== undefined) putIn(block, slot % BLOCK_SLOTS, facts);
    },
    delete(slot) {
      const block = at(slot);
      if (block !== undefined) deleteIn(block, slot % BLOCK_SLOTS);
    },
    kind: (slot) => at(slot)?.kinds[slot % BLOCK_SLOTS] ?? 0,
    startedAtMs: (slot) => at(slot)?.startedAtMs[slot % BLOCK_SLOTS] ?? Number.NaN,
    reward: (slot) => at(slot)?.rewards[slot % BLOCK_SLOTS] ?? Number.NaN,
    forEachName(slot, visit) {
      const { listAt, nameCounts, lists } = at(slot) ?? NO_BLOCK;
      const start = listAt[slot % BLOCK_SLOTS] ?? 0;
      const end = start + (nameCounts[slot % BLOCK_SLOTS] ?? 0);
      for (let index = start; index < end; index += 1) visit(lists[index] ?? 0);
    },
    forEachNamed(name, visit) {
      for (const [index, block] of blocks.entries()) {
        for (let slot = 0; slot < BLOCK_SLOTS; slot += 1) {
          if (hasName(block, slot, name)) visit(index * BLOCK_SLOTS + slot);
        }
      }
    },
    nameCounts(names) {
      const counts = new Uint32Array(names);
      return blocks.every((block) => isCounted(block, counts)) ? counts : undefined;
    },
    forEachKey(slot, visit) {
      const { listAt, nameCounts, keyCounts, lists } = at(slot) ?? NO_BLOCK;
      const start = (listAt[slot % BLOCK_SLOTS] ?? 0) + (nameCounts[slot % BLOCK_SLOTS] ?? 0);
      const end = start + (keyCounts[slot % BLOCK_SLOTS] ?? 0);
      for (let index = start; index < end; index += 1) visit(lists[index] ?? 0);
    },
    slotsWithKey: (keys, among) => slotsWithKey(blocks, { keys, among }),
    addRewarded(words, { least, most }) {
      for (const [index, { rewards }] of blocks.entries()) {
        for (let slot = 0; slot < BLOCK_SLOTS; slot += 1) {
          const reward = rewards[slot] ?? Number.NaN;
          if (reward >= least && reward <= most) setBit(words, index * BLOCK_SLOTS + slot);
        }
      }
    },
    parts: (prefix) =>
      blocks.map((block, index) => ({
        name: `${prefix}-${index}`,
        revision: block.revision,
        bytes: () => packedBlock(block),
      })),
  };
}

/** Small enough to be written after a change, large enough to be few. */
const BLOCK_SLOTS = 4_096;
/** Bytes of a slot in the columns. */
const SLOT_BYTES = 8 + 8 + 4 + 2 + 2 + 1;
const HEADER_BYTES = 8;
const FORMAT = 1;
/** Waste of fewer numbers than these is not worth copying a block. */
const MIN_WASTE = 1_024;

/** `lists` holds names, then keys, of slot after slot; what a deleted slot left there is wasted until it is copied. */
interface Block extends Columns {
  revision: number;
  lists: Uint32Array;
  used: number;
  wasted: number;
}

interface Columns {
  readonly bytes: ArrayBuffer;
  readonly startedAtMs: Float64Array;
  readonly rewards: Float64Array;
  readonly listAt: Uint32Array;
  readonly nameCounts: Uint16Array;
  readonly keyCounts: Uint16Array;
  readonly kinds: Uint8Array;
}

function columns(bytes: ArrayBuffer): Columns {
  const count = bytes.byteLength / SLOT_BYTES;
  return {
    bytes,
    startedAtMs: new Float64Array(bytes, 0, count),
    rewards: new Float64Array(bytes, count * 8, count),
    listAt: new Uint32Array(bytes, count * 16, count),
    nameCounts: new Uint16Array(bytes, count * 20, count),
    keyCounts: new Uint16Array(bytes, count * 22, count),
    kinds: new Uint8Array(bytes, count * 24, count),
  };
}

function emptyBlock(slots: number = BLOCK_SLOTS): Block {
  const empty = columns(new ArrayBuffer(slots * SLOT_BYTES));
  empty.startedAtMs.fill(Number.NaN);
  empty.rewards.fill(Number.NaN);
  return { ...empty, revision: 1, lists: new Uint32Array(0), used: 0, wasted: 0 };
}

/** Stands where no slot is known. */
const NO_BLOCK: Block = emptyBlock(0);

const ALL_BITS = -1;
const MARKS = 65_536;

/** A table that says of nearly every key at one look that it is none of these. */
function marksOf(keys: ReadonlySet<number>): Uint8Array {
  const marks = new Uint8Array(MARKS);
  for (const key of keys) marks[key % MARKS] = 1;
  return marks;
}

function hasName(block: Block, index: number, name: number): boolean {
  const { listAt, nameCounts, lists } = block;
  const start = listAt[index] ?? 0;
  const end = start + (nameCounts[index] ?? 0);
  for (let at = start; at < end; at += 1) if (lists[at] === name) return true;
  return false;
}

/** Counts the names of a block; false where one is beyond those that are counted. */
function isCounted({ listAt, nameCounts, lists }: Block, counts: Uint32Array): boolean {
  for (let index = 0; index < BLOCK_SLOTS; index += 1) {
    const start = listAt[index] ?? 0;
    const end = start + (nameCounts[index] ?? 0);
    for (let at = start; at < end; at += 1) {
      const name = lists[at] ?? counts.length;
      if (name >= counts.length) return false;
      counts[name] = (counts[name] ?? 0) + 1;
    }
  }
  return true;
}

/** The slots, of `among` or of all, that have one of the keys. */
function slotsWithKey(
  blocks: readonly Block[],
  { keys, among }: { readonly keys: ReadonlySet<number>; readonly among: SlotSet | undefined },
): readonly number[] {
  const marks = marksOf(keys);
  const found: number[] = [];
  for (const [index, block] of blocks.entries()) {
    for (let word = 0; word < BLOCK_SLOTS / 32; word += 1) {
      const bits = among === undefined ? ALL_BITS : (among.words[(index * BLOCK_SLOTS) / 32 + word] ?? 0);
      for (let rest = bits; rest !== 0; rest &= rest - 1) {
        const slot = word * 32 + 31 - Math.clz32(rest & -rest);
        if (hasKey(block, slot, { keys, marks })) found.push(index * BLOCK_SLOTS + slot);
      }
    }
  }
  return found;
}

function hasKey(
  { listAt, nameCounts, keyCounts, lists }: Block,
  index: number,
  wanted: { readonly keys: ReadonlySet<number>; readonly marks: Uint8Array },
): boolean {
  const start = (listAt[index] ?? 0) + (nameCounts[index] ?? 0);
  const end = start + (keyCounts[index] ?? 0);
  for (let at = start; at < end; at += 1) {
    const key = lists[at] ?? 0;
    if (wanted.marks[key & (MARKS - 1)] === 1 && wanted.keys.has(key)) return true;
  }
  return false;
}

function putIn(block: Block, index: number, facts: FactNumbers): void {
  const length = facts.names.length + facts.keys.length;
  if (block.used + length > block.lists.length) {
    const grown = new Uint32Array(Math.max(256, (block.used + length) * 1.5));
    grown.set(block.lists.subarray(0, block.used));
    block.lists = grown;
  }
  block.lists.set(facts.names, block.used);
  block.lists.set(facts.keys, block.used + facts.names.length);
  block.listAt[index] = block.used;
  block.nameCounts[index] = facts.names.length;
  block.keyCounts[index] = facts.keys.length;
  block.startedAtMs[index] = facts.startedAtMs;
  block.rewards[index] = facts.reward;
  block.kinds[index] = facts.kind;
  block.used += length;
  block.revision += 1;
}

function deleteIn(block: Block, index: number): void {
  block.wasted += lengthIn(block, index);
  block.nameCounts[index] = 0;
  block.keyCounts[index] = 0;
  block.startedAtMs[index] = Number.NaN;
  block.rewards[index] = Number.NaN;
  block.kinds[index] = 0;
  block.revision += 1;
  if (block.wasted > MIN_WASTE && block.wasted > block.used / 2) dropWaste(block);
}

function lengthIn(block: Columns, index: number): number {
  return (block.nameCounts[index] ?? 0) + (block.keyCounts[index] ?? 0);
}

function dropWaste(block: Block): void {
  if (block.wasted === 0) return;
  const kept = new Uint32Array(block.used - block.wasted);
  let used = 0;
  block.listAt.forEach((start, index) => {
    const length = lengthIn(block, index);
    kept.set(block.lists.subarray(start, start + length), used);
    block.listAt[index] = used;
    used += length;
  });
  block.lists = kept;
  block.used = used;
  block.wasted = 0;
}

function packedBlock(block: Block): Uint8Array {
  dropWaste(block);
  const packed = new Uint8Array(HEADER_BYTES + block.bytes.byteLength + block.used * 4);
  new Uint32Array(packed.buffer, 0, 2).set([FORMAT, block.used]);
  packed.set(new Uint8Array(block.bytes), HEADER_BYTES);
  packed.set(new Uint8Array(block.lists.buffer, 0, block.used * 4), HEADER_BYTES + block.bytes.byteLength);
  return packed;
}

/** A copy of the bytes: they may be in nobody's hands to change. */
function unpackedBlock(packed: Uint8Array): Block | undefined {
  const listsAt = HEADER_BYTES + BLOCK_SLOTS * SLOT_BYTES;
  if (packed.length < listsAt || packed.length % 4 !== 0) return undefined;
  const [format, used] = new Uint32Array(packed.slice(0, HEADER_BYTES).buffer);
  const lists = new Uint32Array(packed.slice(listsAt).buffer);
  if (format !== FORMAT || used !== lists.length) return undefined;
  const known = columns(packed.slice(HEADER_BYTES, listsAt).buffer);
  const isWhole = known.listAt.every((start, index) => start + lengthIn(known, index) <= lists.length);
  return isWhole ? { ...known, revision: 1, lists, used, wasted: 0 } : undefined;
}
