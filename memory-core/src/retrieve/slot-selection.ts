// Hard filters: which slots a filter lets through, at the cost of what its narrowest field lets through. Pure.
import { OUTCOME_KINDS } from '../episode.ts';
import type { EpisodeFilter } from '../ports/store.ts';
import type { SlotFacts } from './slot-facts.ts';
import { forEachBit, type SlotGroup, setBit } from './slot-group.ts';
import type { SlotSet } from './slot-set.ts';

/** The fields of an episode's filter that slots can be selected by. Times are in UTC, as they are stored. */
export type SlotFilter = Pick<EpisodeFilter, (typeof FIELDS)[number]>;

/** Whether `selectedSlots` looks at every field that is set; order, place in the list and limit are not looked at anywhere. */
export function canSelect(filter: EpisodeFilter): boolean {
  return Object.entries(filter).every(
    ([field, value]) => value === undefined || [...FIELDS, 'order', 'after', 'limit'].includes(field),
  );
}

/** The same for two filters that let the same through because they say the same. */
export function selectionKey(filter: SlotFilter): string {
  return JSON.stringify(FIELDS.map((field) => filter[field]));
}

/** The slots that the filter lets through, as `matchesEpisode` would; `undefined`: it lets all through. */
export function selectedSlots(facts: SlotFacts, filter: SlotFilter): SlotSet | undefined {
  const [first, ...others] = conditionsOf(facts, filter).sort((a, b) => a.size - b.size);
  if (first === undefined) return undefined;
  let words = new Uint32Array((facts.blocks.end + 31) >>> 5);
  first.addTo(words);
  let size = bitCount(words);
  for (const other of others) {
    if (size === 0) break;
    words = size < words.length ? checked(words, other) : shared(words, other);
    size = bitCount(words);
  }
  return { size, words };
}

const FIELDS = [
  'project',
  'visibleTo',
  'domain',
  'taskType',
  'status',
  'outcome',
  'tagsAll',
  'tagsAny',
  'since',
  'until',
  'minReward',
  'maxReward',
] as const;

/** What one field of a filter asks for. */
interface Condition {
  /** At most so many slots meet it. */
  readonly size: number;
  has(slot: number): boolean;
  addTo(words: Uint32Array): void;
}

function conditionsOf(facts: SlotFacts, filter: SlotFilter): Condition[] {
  const { project, visibleTo, domain, taskType, status, outcome, tagsAll = [], tagsAny } = filter;
  const conditions = tagsAll.map((tag) => inAny([facts.named('tag', tag)]));
  if (project !== undefined) conditions.push(inAny([facts.named('project', project)]));
  if (visibleTo !== undefined) conditions.push(visible(facts, visibleTo));
  if (domain !== undefined) conditions.push(inAny([facts.named('domain', domain)]));
  if (taskType !== undefined) conditions.push(inAny([facts.ofType(taskType)]));
  if (status === 'open') conditions.push(inAny([facts.ended('open')]));
  if (status === 'completed') {
    conditions.push(inAny(['unknown' as const, ...OUTCOME_KINDS].map((end) => facts.ended(end))));
  }
  if (outcome !== undefined) conditions.push(inAny([facts.ended(outcome)]));
  if (tagsAny !== undefined) conditions.push(inAny(tagsAny.map((tag) => facts.named('tag', tag))));
  if (filter.since !== undefined || filter.until !== undefined) conditions.push(began(facts, filter));
  if (filter.minReward !== undefined || filter.maxReward !== undefined) conditions.push(rewarded(facts, filter));
  return conditions;
}

function inAny(found: readonly (SlotGroup | undefined)[]): Condition {
  const groups = found.filter((group) => group !== undefined);
  return {
    size: sizeOf(groups),
    has: (slot) => groups.some((group) => group.has(slot)),
    addTo(words) {
      for (const group of groups) group.addTo(words);
    },
  };
}

/** What belongs to no project is everybody's. */
function visible(facts: SlotFacts, reader: { readonly project?: string }): Condition {
  const { project } = reader;
  return inAny([
    facts.named('project', undefined),
    project === undefined ? undefined : facts.named('project', project),
  ]);
}

function began(facts: SlotFacts, { since, until }: SlotFilter): Condition {
  const range = {
    sinceMs: since === undefined ? Number.NEGATIVE_INFINITY : Date.parse(since),
    untilMs: until === undefined ? Number.POSITIVE_INFINITY : Date.parse(until),
  };
  const { whole, edges } = facts.times.within(range);
  const has = (slot: number): boolean => {
    const startedAtMs = facts.blocks.startedAtMs(slot);
    return startedAtMs >= range.sinceMs && startedAtMs < range.untilMs;
  };
  return {
    size: sizeOf(whole) + sizeOf(edges),
    has,
    addTo(words) {
      for (const group of whole) group.addTo(words);
      for (const group of edges) {
        group.forEach((slot) => {
          if (has(slot)) setBit(words, slot);
        });
      }
    },
  };
}

function rewarded(facts: SlotFacts, { minReward, maxReward }: SlotFilter): Condition {
  const range = { least: minReward ?? Number.NEGATIVE_INFINITY, most: maxReward ?? Number.POSITIVE_INFINITY };
  return {
    // Rewards have no groups: every other field goes first.
    size: facts.count,
    has(slot) {
      const reward = facts.blocks.reward(slot);
      return reward >= range.least && reward <= range.most;
    },
    addTo: (words) => facts.blocks.addRewarded(words, range),
  };
}

function sizeOf(groups: readonly SlotGroup[]): number {
  return groups.reduce((total, { size }) => total + size, 0);
}

/** Few slots are looked at one by one … */
function checked(words: Uint32Array, condition: Condition): Uint32Array<ArrayBuffer> {
  const met = new Uint32Array(words.length);
  forEachBit(words, (slot) => {
    if (condition.has(slot)) setBit(met, slot);
  });
  return met;
}

/** … many all at once. */
function shared(words: Uint32Array, condition: Condition): Uint32Array<ArrayBuffer> {
  const met = new Uint32Array(words.length);
  condition.addTo(met);
  for (let index = 0; index < met.length; index += 1) met[index] = (met[index] ?? 0) & (words[index] ?? 0);
  return met;
}

function bitCount(words: Uint32Array): number {
  let count = 0;
  for (let word of words) {
    // Pairs, then fours, then bytes are summed side by side (Warren, Hacker's Delight, 5-1).
    word -= (word >>> 1) & 0x55555555;
    word = (word & 0x33333333) + ((word >>> 2) & 0x33333333);
    count += Math.imul((word + (word >>> 4)) & 0x0f0f0f0f, 0x01010101) >>> 24;
  }
  return count;
}
