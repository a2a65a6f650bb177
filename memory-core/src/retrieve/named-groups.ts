// Groups of slots by name, such as all of one project or with one tag. Pure, but for the groups themselves.
import { type SlotGroup, slotGroup } from './slot-group.ts';

/** A name has a number for as long as a slot has it; the number may then be another name's. */
export interface NamedGroups {
  /** Rises when a name comes or goes. */
  readonly revision: number;
  /** The group of a name; `undefined` where no slot is in it. */
  group(name: string): SlotGroup | undefined;
  /** The number of the name, for a slot that does not have it yet. */
  add(name: string, slot: number): number;
  /** Of a slot that has it. */
  deleteByNumber(number: number, slot: number): void;
  /** Names by number; `null` where a number is free. */
  names(): readonly (string | null)[];
}

/** Names that slots have already. */
export interface KnownNames {
  /** By number; `null` where a number is free. */
  readonly names: readonly (string | null)[];
  /** By number: how many slots have it. */
  readonly counts: Uint32Array;
}

/** `forEachSlot` visits the slots that have a number: a group is made when it is first asked for. */
export function namedGroups(
  known: KnownNames,
  forEachSlot: (number: number, visit: (slot: number) => void) => void,
): NamedGroups {
  const names = [...known.names];
  const counts = [...known.counts];
  const groups: (SlotGroup | undefined)[] = [];
  const free = names.flatMap((name, number) => (name === null ? [number] : []));
  const numbers = new Map(names.flatMap((name, number) => (name === null ? [] : [[name, number] as const])));
  let revision = 1;

  function enter(name: string): number {
    const number = free.pop() ?? names.length;
    names[number] = name;
    counts[number] = 0;
    groups[number] = slotGroup();
    numbers.set(name, number);
    revision += 1;
    return number;
  }

  function leave(name: string, number: number): void {
    names[number] = null;
    groups[number] = undefined;
    numbers.delete(name);
    free.push(number);
    revision += 1;
  }

  function made(number: number): SlotGroup {
    const group = groups[number] ?? slotGroup();
    if (groups[number] === undefined) forEachSlot(number, group.add);
    groups[number] = group;
    return group;
  }

  return {
    get revision() {
      return revision;
    },
    group(name) {
      const number = numbers.get(name);
      return number === undefined ? undefined : made(number);
    },
    add(name, slot) {
      const number = numbers.get(name) ?? enter(name);
      counts[number] = (counts[number] ?? 0) + 1;
      groups[number]?.add(slot);
      return number;
    },
    deleteByNumber(number, slot) {
      const name = names[number];
      if (typeof name !== 'string') return;
      const count = (counts[number] ?? 0) - 1;
      counts[number] = count;
      groups[number]?.delete(slot);
      if (count === 0) leave(name, number);
    },
    names: () => names,
  };
}
