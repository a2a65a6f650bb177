// The facts of every slot, and the groups of slots that have a fact in common. Pure, but for facts and groups.
import { OUTCOME_KINDS, type OutcomeKind, TASK_TYPES, type TaskType } from '../episode.ts';
import { MAX_PLACES } from '../places.ts';
import { type FactBlocks, factBlocks, unpackedFactBlocks } from './fact-blocks.ts';
import { type KnownNames, type NamedGroups, namedGroups } from './named-groups.ts';
import type { PackedPart, UnpackedParts } from './packed-part.ts';
import { placeKeys } from './place-keys.ts';
import { type SlotGroup, slotGroup } from './slot-group.ts';
import { type TimeGroups, timeGroups } from './time-groups.ts';

/** What is known of one episode beside its words. */
export interface Facts {
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  readonly taskType: TaskType;
  readonly status: 'open' | 'completed';
  readonly outcome?: OutcomeKind | undefined;
  readonly tags: readonly string[];
  readonly startedAtMs: number;
  readonly reward?: number | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  /** Files and directories that it worked on, as its steps and its context name them: the first 64 count. */
  readonly places: readonly string[];
}

export interface SlotFacts {
  readonly blocks: FactBlocks;
  readonly times: TimeGroups;
  /** Slots that are known. */
  readonly count: number;
  /** Replaces what was known of the slot. */
  put(slot: number, facts: Facts): void;
  delete(slot: number): void;
  /** The slots with that value, or with none; `undefined` where there is no such slot. */
  named(field: NamedField, value: string | undefined): SlotGroup | undefined;
  ofType(type: TaskType): SlotGroup;
  ended(end: End): SlotGroup;
  end(slot: number): End | undefined;
  /** How many slots have the place among theirs: never less, and more only where two places share a number. */
  placed(key: number): number;
  parts(prefix: string): readonly PackedPart[];
}

export type NamedField = 'project' | 'domain' | 'language' | 'framework' | 'tag';

/** `unknown`: completed, and nobody said how. */
export type End = OutcomeKind | 'open' | 'unknown';
const ENDS: readonly End[] = ['open', 'unknown', ...OUTCOME_KINDS];

/** No slot is known yet. */
export function slotFacts(): SlotFacts {
  return factsOf(held(factBlocks(), { names: [], counts: new Uint32Array(0) }));
}

/** What was packed under `prefix`; `undefined` where its parts are not all there, or are none. */
export function unpackedSlotFacts(parts: UnpackedParts, prefix: string): SlotFacts | undefined {
  const head = parts.get(`${prefix}-names`);
  const known = head === undefined ? undefined : unpackedHead(head);
  if (known === undefined) return undefined;
  const blocks = unpackedFactBlocks(
    Array.from({ length: known.blocks }, (_, index) => parts.get(`${prefix}-${index}`)),
  );
  if (blocks === undefined) return undefined;
  const counts = blocks.nameCounts(known.names.length);
  // A number has a name as long as a slot has it.
  if (counts === undefined || known.names.some((name, number) => (name === null) !== (counts[number] === 0))) {
    return undefined;
  }
  const all = held(blocks, { names: known.names, counts });
  for (let slot = 0; slot < blocks.end; slot += 1) {
    const kind = blocks.kind(slot);
    if (kind === 0) continue;
    if (kind > TASK_TYPES.length * ENDS.length || Number.isNaN(blocks.startedAtMs(slot))) return undefined;
    all.count += 1;
  }
  return factsOf(all);
}

/** Counts of places are kept for each of so many remainders of their keys. */
const COUNTERS = 2 ** 20;
const FORMAT = 1;

interface Held {
  readonly blocks: FactBlocks;
  readonly names: NamedGroups;
  count: number;
  /** What follows from the blocks is made when it is first asked for: many an opened memory never asks. */
  kinds: Kinds | undefined;
  placed: Uint32Array | undefined;
}

/** Slots by what is known of each. */
interface Kinds {
  readonly times: TimeGroups;
  readonly types: readonly SlotGroup[];
  readonly ends: readonly SlotGroup[];
}

function held(blocks: FactBlocks, known: KnownNames): Held {
  return { blocks, names: namedGroups(known, blocks.forEachNamed), count: 0, kinds: undefined, placed: undefined };
}

function factsOf(all: Held): SlotFacts {
  const { blocks, names } = all;
  const group = (groups: readonly SlotGroup[], index: number): SlotGroup => groups[index] ?? slotGroup();
  return {
    blocks,
    get times() {
      return kindsOf(all).times;
    },
    get count() {
      return all.count;
    },
    put(slot, facts) {
      leave(all, slot);
      blocks.put(slot, {
        kind: kindOf(facts),
        startedAtMs: facts.startedAtMs,
        reward: facts.reward ?? Number.NaN,
        names: [...new Set(namesOf(facts))].map((name) => names.add(name, slot)),
        keys: [...new Set(facts.places.slice(0, MAX_PLACES).flatMap((place) => placeKeys(place, facts.project)))],
      });
      all.count += 1;
      if (all.kinds !== undefined) enter(all.kinds, { blocks, slot });
      if (all.placed !== undefined) countKeys(all.placed, { blocks, slot, by: 1 });
    },
    delete: (slot) => leave(all, slot),
    named: (field, value) => names.group(nameOf(field, value)),
    ofType: (type) => group(kindsOf(all).types, TASK_TYPES.indexOf(type)),
    ended: (end) => group(kindsOf(all).ends, ENDS.indexOf(end)),
    end: (slot) => (blocks.kind(slot) === 0 ? undefined : ENDS[endIndex(blocks.kind(slot))]),
    placed: (key) => placedOf(all)[key % COUNTERS] ?? 0,
    parts: (prefix) => [headPart(all, `${prefix}-names`), ...blocks.parts(prefix)],
  };
}

function kindsOf(all: Held): Kinds {
  if (all.kinds !== undefined) return all.kinds;
  const made = { times: timeGroups(), types: TASK_TYPES.map(() => slotGroup()), ends: ENDS.map(() => slotGroup()) };
  for (let slot = 0; slot < all.blocks.end; slot += 1) {
    if (all.blocks.kind(slot) !== 0) enter(made, { blocks: all.blocks, slot });
  }
  all.kinds = made;
  return made;
}

function placedOf(all: Held): Uint32Array {
  if (all.placed !== undefined) return all.placed;
  const made = new Uint32Array(COUNTERS);
  for (let slot = 0; slot < all.blocks.end; slot += 1) countKeys(made, { blocks: all.blocks, slot, by: 1 });
  all.placed = made;
  return made;
}

function enter(
  { times, types, ends }: Kinds,
  { blocks, slot }: { readonly blocks: FactBlocks; readonly slot: number },
): void {
  types[typeIndex(blocks.kind(slot))]?.add(slot);
  ends[endIndex(blocks.kind(slot))]?.add(slot);
  times.add(slot, blocks.startedAtMs(slot));
}

function countKeys(
  placed: Uint32Array,
  { blocks, slot, by }: { readonly blocks: FactBlocks; readonly slot: number; readonly by: 1 | -1 },
): void {
  blocks.forEachKey(slot, (key) => {
    placed[key % COUNTERS] = (placed[key % COUNTERS] ?? 0) + by;
  });
}

function leave(all: Held, slot: number): void {
  const { blocks, names, kinds, placed } = all;
  const kind = blocks.kind(slot);
  if (kind === 0) return;
  blocks.forEachName(slot, (number) => names.deleteByNumber(number, slot));
  kinds?.types[typeIndex(kind)]?.delete(slot);
  kinds?.ends[endIndex(kind)]?.delete(slot);
  kinds?.times.delete(slot, blocks.startedAtMs(slot));
  if (placed !== undefined) countKeys(placed, { blocks, slot, by: -1 });
  blocks.delete(slot);
  all.count -= 1;
}

/** Type and end in one number above 0. */
function kindOf({ taskType, status, outcome }: Facts): number {
  const end: End = status === 'open' ? 'open' : (outcome ?? 'unknown');
  return 1 + TASK_TYPES.indexOf(taskType) * ENDS.length + ENDS.indexOf(end);
}

function typeIndex(kind: number): number {
  return Math.floor((kind - 1) / ENDS.length);
}

function endIndex(kind: number): number {
  return (kind - 1) % ENDS.length;
}

function namesOf({ project, domain, language, framework, tags }: Facts): readonly string[] {
  const named = [nameOf('project', project), nameOf('domain', domain)];
  if (language !== undefined) named.push(nameOf('language', language));
  if (framework !== undefined) named.push(nameOf('framework', framework));
  return [...named, ...tags.map((tag) => nameOf('tag', tag))];
}

function nameOf(field: NamedField, value: string | undefined): string {
  return value === undefined ? field : `${field}:${value}`;
}

function headPart({ blocks, names }: Held, name: string): PackedPart {
  const head: Head = { format: FORMAT, blocks: blocks.count, names: names.names() };
  // Both only grow, names by their coming and going.
  return { name, revision: names.revision + blocks.count, bytes: () => new TextEncoder().encode(JSON.stringify(head)) };
}

interface Head {
  readonly format: typeof FORMAT;
  readonly blocks: number;
  readonly names: readonly (string | null)[];
}

function unpackedHead(bytes: Uint8Array): Head | undefined {
  const head = parsed(new TextDecoder().decode(bytes));
  return isHead(head) ? head : undefined;
}

function parsed(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    // Damaged bytes are no JSON, which is all that is asked here.
    return undefined;
  }
}

function isHead(value: unknown): value is Head {
  if (typeof value !== 'object' || value === null) return false;
  const { format, blocks, names } = value as Partial<Record<keyof Head, unknown>>;
  if (format !== FORMAT || !Number.isSafeInteger(blocks) || !Array.isArray(names)) return false;
  const given = names.filter((name) => name !== null);
  return given.every((name) => typeof name === 'string') && new Set(given).size === given.length;
}
