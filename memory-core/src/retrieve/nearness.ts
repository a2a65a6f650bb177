// How near an episode is to where the asker is: the share of what is known of the one place that the other shares. Pure.
import type { TaskType } from '../episode.ts';
import { MAX_PLACES } from '../places.ts';
import { placeKeys } from './place-keys.ts';
import type { SlotFacts } from './slot-facts.ts';
import { forEachBit, type SlotGroup } from './slot-group.ts';
import type { SlotSet } from './slot-set.ts';

/** Where the asker is, as far as it is known. */
export interface Here {
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  readonly taskType?: TaskType | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  readonly places: readonly string[];
  readonly nowMs: number;
}

/** Nearness in place to one asker, until anything changes. */
export interface Standing {
  /** 0–1. */
  place(slot: number): number;
  /** Slots of `among`, or of all, that share a file or directory with the asker; see `MAX_TOUCHED`. */
  touching(among: SlotSet | undefined): readonly number[];
}

/**
 * Everything known of the asker's place counts by how much it tells, which is its information, ln((n + 1) / (k + ½))
 * where k of n episodes have it: nearness is the information that both share over that which the asker gave. Of a
 * file, the deepest directory that both know is what is shared, or the file (Resnik 1995 compares concepts so, by
 * their most informative common ancestor; Lin 1998 takes the share). What no episode has tells none apart, and counts
 * on neither side. Files are compared within one project, and with what belongs to none.
 */
export function standing(facts: SlotFacts, here: Here): Standing {
  const fields = fieldsOf(facts, here);
  const places = placesOf(facts, here);
  const paths = pathsByKey(places);
  const total =
    fields.reduce((sum, { information }) => sum + information, 0) +
    places.reduce((sum, keys) => sum + Math.max(0, ...keys.map(({ information }) => information)), 0);
  const own = here.project === undefined ? undefined : facts.named('project', here.project);
  const nobodys = facts.named('project', undefined);
  const best = new Float64Array(places.length);
  const isComparable = (slot: number): boolean =>
    here.project === undefined || own?.has(slot) === true || nobodys?.has(slot) === true;

  return {
    place(slot) {
      let shared = 0;
      for (const { group, information } of fields) if (group.has(slot)) shared += information;
      if (paths.size > 0 && isComparable(slot)) {
        best.fill(0);
        for (const key of facts.blocks.keys(slot)) {
          for (const { place, information } of paths.get(key) ?? [])
            best[place] = Math.max(best[place] ?? 0, information);
        }
        for (const information of best) shared += information;
      }
      return total === 0 ? 0 : Math.min(1, shared / total);
    },
    touching(among) {
      const keys = tellingKeys(places);
      if (keys.size === 0) return [];
      const isKey = filterOf(keys);
      const found: number[] = [];
      const look = (slot: number): void => {
        if (facts.blocks.hasAnyKey(slot, isKey) && isComparable(slot)) found.push(slot);
      };
      if (among === undefined) for (let slot = 0; slot < facts.blocks.end; slot += 1) look(slot);
      else forEachBit(among.words, look);
      return found;
    },
  };
}

/**
 * Slots that a search by place looks at: keys are taken from the rarest on while they stand for no more. A key for
 * more than that tells too little to find anybody by; it still counts for those who are found otherwise.
 */
const MAX_TOUCHED = 20_000;

interface Field {
  readonly group: SlotGroup;
  readonly information: number;
}

function fieldsOf(facts: SlotFacts, here: Here): readonly Field[] {
  const groups = (['project', 'domain', 'language', 'framework'] as const).map((field) =>
    here[field] === undefined ? undefined : facts.named(field, here[field]),
  );
  if (here.taskType !== undefined) groups.push(facts.ofType(here.taskType));
  return groups.flatMap((group) =>
    group === undefined || group.size === 0 ? [] : [{ group, information: informationOf(facts, group.size) }],
  );
}

interface Key {
  readonly key: number;
  /** Slots that have it. */
  readonly count: number;
  readonly information: number;
}

/** For each place of the asker its keys that any slot has. */
function placesOf(facts: SlotFacts, here: Here): readonly (readonly Key[])[] {
  return here.places.slice(0, MAX_PLACES).map((place) =>
    placeKeys(place, here.project)
      .map((key) => ({ key, count: facts.placed(key), information: informationOf(facts, facts.placed(key)) }))
      .filter(({ count }) => count > 0),
  );
}

function informationOf(facts: SlotFacts, count: number): number {
  return Math.log((facts.count + 1) / (Math.min(count, facts.count) + 0.5));
}

interface OfPlace {
  readonly place: number;
  readonly information: number;
}

function pathsByKey(places: readonly (readonly Key[])[]): ReadonlyMap<number, readonly OfPlace[]> {
  const paths = new Map<number, OfPlace[]>();
  for (const [place, keys] of places.entries()) {
    for (const { key, information } of keys) {
      const known = paths.get(key) ?? [];
      known.push({ place, information });
      paths.set(key, known);
    }
  }
  return paths;
}

function tellingKeys(places: readonly (readonly Key[])[]): ReadonlySet<number> {
  const taken = new Set<number>();
  let total = 0;
  for (const { key, count } of places.flat().sort((a, b) => a.count - b.count)) {
    if (taken.has(key)) continue;
    total += count;
    if (total > MAX_TOUCHED) break;
    taken.add(key);
  }
  return taken;
}

/** A set of keys that says no at the cost of one look at a table: nearly every key is none of them. */
function filterOf(keys: ReadonlySet<number>): (key: number) => boolean {
  const marks = new Uint8Array(65_536);
  for (const key of keys) marks[key & 0xffff] = 1;
  return (key) => marks[key & 0xffff] === 1 && keys.has(key);
}
