// Groups of slots by name, such as all of one project or with one tag. Pure, but for the groups themselves.
import { type SlotGroup, slotGroup } from './slot-group.ts';

/** A name has a number for as long as a slot is in its group; the number may then be another name's. */
export interface NamedGroups {
  /** Rises when a name comes or goes. */
  readonly revision: number;
  /** The group of a name; `undefined` where no slot is in it. */
  group(name: string): SlotGroup | undefined;
  /** The number of the name. */
  add(name: string, slot: number): number;
  /** False where no name has that number. */
  addByNumber(number: number, slot: number): boolean;
  deleteByNumber(number: number, slot: number): void;
  /** Names by number; `null` where a number is free. */
  names(): readonly (string | null)[];
}

/** Groups with these names in them, which are still empty. */
export function namedGroups(known: readonly (string | null)[] = []): NamedGroups {
  const names = [...known];
  const groups = known.map(() => slotGroup());
  const free = known.flatMap((name, number) => (name === null ? [number] : []));
  const numbers = new Map(known.flatMap((name, number) => (name === null ? [] : [[name, number] as const])));
  let revision = 1;

  function enter(name: string): number {
    const number = free.pop() ?? names.length;
    names[number] = name;
    groups[number] = slotGroup();
    numbers.set(name, number);
    revision += 1;
    return number;
  }

  function leave(name: string, number: number): void {
    names[number] = null;
    numbers.delete(name);
    free.push(number);
    revision += 1;
  }

  return {
    get revision() {
      return revision;
    },
    group(name) {
      const number = numbers.get(name);
      return number === undefined ? undefined : groups[number];
    },
    add(name, slot) {
      const number = numbers.get(name) ?? enter(name);
      groups[number]?.add(slot);
      return number;
    },
    addByNumber(number, slot) {
      const isKnown = typeof names[number] === 'string';
      if (isKnown) groups[number]?.add(slot);
      return isKnown;
    },
    deleteByNumber(number, slot) {
      const [name, group] = [names[number], groups[number]];
      if (typeof name !== 'string' || group === undefined) return;
      group.delete(slot);
      if (group.size === 0) leave(name, number);
    },
    names: () => names,
  };
}
