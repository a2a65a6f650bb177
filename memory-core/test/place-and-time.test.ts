// The spatiotemporal index against the plain meaning of filters, and the laws of nearness.
import { type Episode, type OutcomeKind, TASK_TYPES } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import { episodeFilters, episodes } from '@episodica/test-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { episodePlaces } from '../src/places.ts';
import {
  canSelect,
  type Facts,
  type Here,
  type PlaceAndTime,
  placeAndTime,
  unpackedPlaceAndTime,
} from '../src/retrieve/place-and-time.ts';
import { forEachBit } from '../src/retrieve/slot-group.ts';
import type { SlotSet } from '../src/retrieve/slot-set.ts';
import { matchesEpisode } from '../src/stores/filters.ts';

const NOW = Date.UTC(2026, 10, 21, 12);
const DAY_MS = 86_400_000;

function slotsOf(set: SlotSet | undefined): readonly number[] {
  const found: number[] = [];
  if (set !== undefined) forEachBit(set.words, (slot) => found.push(slot));
  expect(found.length).toBe(set?.size ?? 0);
  return found;
}

function factsOf(episode: Episode): Facts {
  const end = episode.status === 'completed' ? episode : undefined;
  const { project, domain, taskType, status, tags, context } = episode;
  return {
    project,
    domain,
    taskType,
    status,
    tags,
    outcome: end?.outcome.kind,
    reward: end?.reward.total,
    startedAtMs: Date.parse(episode.startedAt),
    language: context.language,
    framework: context.framework,
    places: episodePlaces(episode),
  };
}

function facts(known: Partial<Facts> = {}): Facts {
  return { taskType: 'debugging', status: 'completed', tags: [], startedAtMs: NOW, places: [], ...known };
}

function indexOf(...known: readonly Partial<Facts>[]): PlaceAndTime {
  const index = placeAndTime();
  for (const [slot, one] of known.entries()) index.put(slot, facts(one));
  return index;
}

function here(known: Partial<Here> = {}): Here {
  return { places: [], nowMs: NOW, ...known };
}

/** The fields that no slot can be selected by are left out. */
function selectable(filter: EpisodeFilter): EpisodeFilter {
  return Object.fromEntries(Object.entries(filter).filter(([field, value]) => canSelect({ [field]: value })));
}

/** Slots that end one word or chunk of bits and begin the next. */
const slot = fc.constantFrom(0, 1, 31, 32, 63, 4_095, 4_096, 65_535, 65_536);
const nearSlot = fc.constantFrom(0, 1, 31, 32, 63, 4_095, 4_096);
const changesOf = (
  slots: fc.Arbitrary<number>,
): fc.Arbitrary<{ readonly slot: number; readonly episode: Episode | undefined }[]> =>
  fc.array(fc.record({ slot: slots, episode: fc.option(episodes, { freq: 4, nil: undefined }) }), { maxLength: 25 });

function after(changed: readonly { readonly slot: number; readonly episode: Episode | undefined }[]): {
  readonly index: PlaceAndTime;
  readonly held: ReadonlyMap<number, Episode>;
} {
  const index = placeAndTime();
  const held = new Map<number, Episode>();
  for (const { slot, episode } of changed) {
    if (episode === undefined) {
      index.delete(slot);
      held.delete(slot);
    } else {
      index.put(slot, factsOf(episode));
      held.set(slot, episode);
    }
  }
  return { index, held };
}

function matching(held: ReadonlyMap<number, Episode>, filter: EpisodeFilter): readonly number[] {
  return [...held].flatMap(([slot, episode]) => (matchesEpisode(episode, filter) ? [slot] : [])).sort((a, b) => a - b);
}

describe('filters', () => {
  test('a filter lets through what it lets through of the episodes themselves, whatever was replaced or deleted [RE-02]', () => {
    fc.assert(
      fc.property(changesOf(slot), fc.array(episodeFilters, { maxLength: 6 }), (changed, filters) => {
        const { index, held } = after(changed);
        expect(index.count).toBe(held.size);
        for (const filter of filters.map(selectable)) {
          const selected = index.select(filter);
          // The second time it is remembered.
          expect(index.select(filter)).toBe(selected);
          if (selected === undefined) expect(matching(held, filter)).toEqual(matching(held, {}));
          else expect(slotsOf(selected)).toEqual(matching(held, filter));
        }
      }),
      { numRuns: 150 },
    );
  });

  test('an index that was packed answers as the one that was not, and goes on from there [RE-02]', () => {
    fc.assert(
      fc.property(
        changesOf(nearSlot),
        changesOf(nearSlot),
        fc.array(episodeFilters, { maxLength: 4 }),
        (before, later, filters) => {
          const { index } = after(before);
          const parts = new Map(index.parts('facts').map((part) => [part.name, part.bytes()]));
          const unpacked = unpackedPlaceAndTime(parts, 'facts');
          if (unpacked === undefined) throw new Error('The parts were refused.');
          for (const { slot, episode } of later) {
            if (episode === undefined) unpacked.delete(slot);
            else unpacked.put(slot, factsOf(episode));
          }
          const { index: same, held } = after([...before, ...later]);
          expect(unpacked.count).toBe(same.count);
          for (const filter of filters.map(selectable)) expect(unpacked.select(filter)).toEqual(same.select(filter));
          for (const slot of held.keys()) {
            expect(unpacked.reward(slot)).toBe(same.reward(slot));
            expect(unpacked.outcome(slot)).toBe(same.outcome(slot));
            expect(unpacked.startedAtMs(slot)).toBe(same.startedAtMs(slot));
          }
        },
      ),
      { numRuns: 100 },
    );
  });

  test('a range begins with its first millisecond and ends before its last, at midnight, month and year [RE-02]', () => {
    const edges = ['2025-12-31', '2026-01-01', '2026-01-31', '2026-02-01', '2024-02-29', '2026-11-21', '0099-03-01'];
    const times = edges.flatMap((day) => [-1, 0, 1].map((ms) => Date.parse(`${day}T00:00:00.000Z`) + ms));
    const index = indexOf(...times.map((startedAtMs) => ({ startedAtMs })));
    for (const sinceMs of times) {
      for (const untilMs of times) {
        const [since, until] = [new Date(sinceMs).toISOString(), new Date(untilMs).toISOString()];
        const inRange = times.flatMap((ms, at) => (ms >= sinceMs && ms < untilMs ? [at] : []));
        expect(slotsOf(index.select({ since, until }))).toEqual(inRange);
      }
    }
  });

  test('groups of many slots hold what was added and not deleted [RE-02]', () => {
    const count = 10_000;
    const index = indexOf(...Array.from({ length: count }, (_, at) => ({ domain: at % 2 === 0 ? 'even' : 'odd' })));
    for (let at = 0; at < count; at += 4) index.delete(at);
    index.put(1, facts({ domain: 'even' }));
    const even = Array.from({ length: count }, (_, at) => at).filter((at) => at % 4 === 2 || at === 1);
    expect(slotsOf(index.select({ domain: 'even' }))).toEqual(even);
    expect(slotsOf(index.select({ domain: 'even', taskType: 'debugging', minReward: 0 }))).toEqual([]);
    expect(slotsOf(index.select({ domain: 'even', taskType: 'debugging', status: 'completed' }))).toEqual(even);
    expect(slotsOf(index.select({ domain: 'even', status: 'open' }))).toEqual([]);
    expect(index.select({ domain: 'gone' })?.size).toBe(0);
  });

  test("another project's episodes are let through only by a filter that asks for them [RE-08]", () => {
    const index = indexOf({ project: 'mine' }, { project: 'theirs' }, {}, { project: '' });
    expect(slotsOf(index.select({ visibleTo: { project: 'mine' } }))).toEqual([0, 2]);
    expect(slotsOf(index.select({ visibleTo: {} }))).toEqual([2]);
    expect(slotsOf(index.select({ visibleTo: { project: '' } }))).toEqual([2, 3]);
    expect(slotsOf(index.select({ project: 'theirs' }))).toEqual([1]);
    expect(index.select({})).toBeUndefined();
  });

  test('the name of a project is forgotten with its last episode [RE-08]', () => {
    const index = indexOf({ project: 'secret', tags: ['hush'] }, { project: 'open' });
    index.delete(0);
    const kept = index.parts('facts').map((part) => new TextDecoder().decode(part.bytes()));
    expect(kept.join('\n')).not.toMatch(/secret|hush/u);
    expect(kept.join('\n')).toContain('open');
  });

  test('fields that no slot can be selected by are left to the caller [RE-12]', () => {
    expect(canSelect({ domain: 'auth', since: '2026-01-01T00:00:00.000Z', limit: 3, order: 'newest' })).toBe(true);
    expect(canSelect({ domain: 'auth', agent: 'a' })).toBe(false);
    expect(canSelect({ ids: [] })).toBe(false);
  });
});

describe('packed parts', () => {
  const known = [
    { project: 'mine', tags: ['a'], places: ['src/a.ts'] },
    { domain: 'auth', places: ['src/b.ts'] },
  ];
  const parts = (): Map<string, Uint8Array> =>
    new Map(
      indexOf(...known)
        .parts('facts')
        .map((part) => [part.name, part.bytes()]),
    );

  test('parts that are missing, cut, or of another format are no index [RE-02]', () => {
    expect(unpackedPlaceAndTime(parts(), 'facts')?.count).toBe(2);
    expect(unpackedPlaceAndTime(parts(), 'other')).toBeUndefined();
    for (const name of parts().keys()) {
      const without = parts();
      without.delete(name);
      expect(unpackedPlaceAndTime(without, 'facts')).toBeUndefined();
      for (const damage of [
        (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 1),
        (bytes: Uint8Array) => bytes.subarray(0, bytes.length - 4),
        (bytes: Uint8Array) => bytes.subarray(0, 3),
        () => new Uint8Array(0),
        (bytes: Uint8Array) => bytes.map((byte, at) => (at === 0 ? byte ^ 0xff : byte)),
      ]) {
        const damaged = parts();
        damaged.set(name, damage(parts().get(name) ?? new Uint8Array(0)));
        expect(unpackedPlaceAndTime(damaged, 'facts')).toBeUndefined();
      }
    }
  });

  test('only the parts that a change touches get a new revision [RE-02]', () => {
    const index = indexOf({ project: 'mine' });
    index.put(5_000, facts({ project: 'mine' }));
    const before = index.parts('facts').map(({ name, revision }) => ({ name, revision }));
    index.put(5_001, facts({ project: 'mine' }));
    const changed = index.parts('facts').filter(({ revision }, at) => revision !== before[at]?.revision);
    expect(changed.map(({ name }) => name)).toEqual(['facts-1']);
    index.put(5_002, facts({ project: 'new' }));
    expect(index.parts('facts')[0]?.revision).toBeGreaterThan(before[0]?.revision ?? 0);
  });
});

describe('nearness', () => {
  const project = 'github.com/team/parser';
  const place = (index: PlaceAndTime, asker: Partial<Here>): readonly number[] =>
    Array.from({ length: index.count }, (_, slot) => index.nearness(slot, here(asker)).place);

  test('the same file is nearer than its directory, that than the directory above, that than the project alone, that than another [RE-02]', () => {
    const index = indexOf(
      { project, places: ['src/api/client.ts'] },
      { project, places: ['src/api/server.ts'] },
      { project, places: ['src/store.ts'] },
      { project, places: ['docs/guide.md'] },
      { project: 'github.com/team/other', places: ['src/api/client.ts'] },
    );
    const near = place(index, { project, places: ['src/api/client.ts'] });
    expect(near).toEqual([...near].sort((a, b) => b - a));
    expect(new Set(near).size).toBe(5);
    expect(near[0]).toBeCloseTo(1);
    expect(near[4]).toBe(0);
  });

  test('a file that few touched brings nearer than one that nearly all touched [RE-02]', () => {
    const common = Array.from({ length: 8 }, () => ({ places: ['package.json'] }));
    const index = indexOf({ places: ['src/rare.ts'] }, ...common);
    const [rare = 0, usual = 0] = place(index, { places: ['src/rare.ts', 'package.json'] });
    expect(rare).toBeGreaterThan(usual);
    expect(usual).toBeGreaterThan(0);
  });

  test('domain, type, language and framework bring nearer, and what nobody has takes nothing away [RE-02]', () => {
    const index = indexOf(
      { domain: 'auth', taskType: 'testing', language: 'ts', framework: 'vitest' },
      { domain: 'auth', taskType: 'testing', language: 'ts', framework: 'jest' },
      { domain: 'auth', taskType: 'testing', language: 'go' },
      { domain: 'auth', taskType: 'refactoring' },
      { domain: 'billing', taskType: 'refactoring' },
    );
    const asker = { domain: 'auth', taskType: 'testing', language: 'ts', framework: 'vitest' } as const;
    const near = place(index, asker);
    expect(near).toEqual([...near].sort((a, b) => b - a));
    expect([near[0], near[4]]).toEqual([1, 0]);
    expect(place(index, { ...asker, places: ['nowhere/else.ts'], project: 'unheard of' })).toEqual(near);
  });

  test('nearness is mutual between places that equally many touched, and lies in 0 to 1 [RE-02]', () => {
    const file = fc.array(fc.constantFrom('src', 'api', 'a', 'b', 'c'), { minLength: 1, maxLength: 5 });
    fc.assert(
      fc.property(
        fc.uniqueArray(
          file.map((names) => `${names.join('/')}/it.ts`),
          { minLength: 2 },
        ),
        (files) => {
          const index = indexOf(...files.map((path) => ({ project, places: [path] })));
          files.forEach((from, a) => {
            const near = place(index, { project, places: [from] });
            expect(Math.max(...near)).toBe(near[a]);
            expect(Math.min(...near)).toBeGreaterThanOrEqual(0);
            files.forEach((to, b) => {
              expect(place(index, { project, places: [to] })[a]).toBeCloseTo(near[b] ?? -1);
            });
          });
        },
      ),
      { numRuns: 100 },
    );
  });

  test('an absolute path, one with other slashes and a bare name find the same file [RE-02]', () => {
    const index = indexOf(
      { project, places: ['/home/me/git/parser/src/api/client.ts'] },
      { project, places: ['src/x.ts'] },
    );
    for (const asked of ['src/api/client.ts', '/tmp/parser/src/api/client.ts', 'client.ts']) {
      expect(index.nearest(here({ project, places: [asked] }), { count: 1 })[0]?.slot).toBe(0);
    }
    expect(place(index, { project, places: ['src/api/client.ts'] })[0]).toBeCloseTo(1);
  });

  test('nearness in time halves in 30 days and hides nothing, however old [RE-02 RE-03]', () => {
    const index = indexOf(
      { places: ['src/a.ts'], startedAtMs: NOW },
      { places: ['src/a.ts'], startedAtMs: NOW - 30 * DAY_MS },
      { places: ['src/a.ts'], startedAtMs: Date.UTC(1999, 0) },
      { places: ['src/a.ts'], startedAtMs: NOW + DAY_MS },
    );
    const asker = here({ places: ['src/a.ts'] });
    const times = [0, 1, 2, 3].map((slot) => index.nearness(slot, asker).time);
    expect(times).toEqual([1, 0.5, times[2], 1]);
    expect(times[2]).toBeLessThan(0.001);
    expect(index.nearest(asker, { count: 10 }).map(({ slot }) => slot)).toEqual([3, 0, 1, 2]);
  });

  test('what touched a named file is found before what touched its directory, and nothing else is [RE-12]', () => {
    const index = indexOf(
      { project, places: ['src/api/server.ts'] },
      { project, places: ['docs/guide.md'] },
      { project, places: ['src/api/client.ts'] },
      { project: 'other', places: ['src/api/client.ts'] },
      { project, places: ['src/api/client.ts'], tags: ['ci'], startedAtMs: NOW - DAY_MS },
    );
    const asker = here({ project, places: ['src/api/client.ts'] });
    const slots = (among?: SlotSet): readonly number[] =>
      index.nearest(asker, { count: 10, among }).map(({ slot }) => slot);
    expect(slots()).toEqual([2, 4, 0]);
    expect(slots(index.select({ tagsAll: ['ci'] }))).toEqual([4]);
    expect(index.nearest(asker, { count: 1 })).toEqual([{ slot: 2, place: index.nearness(2, asker).place }]);
    expect(index.nearest(here({ project }), { count: 10 })).toEqual([]);
  });

  test('a change is seen by the next question from the same place [RE-02]', () => {
    const index = indexOf({ places: ['src/a.ts'] });
    const asker = here({ places: ['src/b.ts'] });
    expect(index.nearest(asker, { count: 1 })[0]?.slot).toBe(0);
    index.put(1, facts({ places: ['src/b.ts'] }));
    expect(index.nearest(asker, { count: 1 })[0]?.slot).toBe(1);
    index.delete(1);
    expect(index.nearest(asker, { count: 2 }).map(({ slot }) => slot)).toEqual([0]);
  });

  test('each slot tells its own numbers [RE-03]', () => {
    const outcomes: readonly OutcomeKind[] = ['success', 'partial', 'failure', 'abstained'];
    const known = TASK_TYPES.flatMap((taskType) => outcomes.map((outcome) => ({ taskType, outcome, reward: 0.7 })));
    const index = indexOf(...known, { status: 'open' });
    known.forEach(({ outcome }, slot) => {
      expect([index.outcome(slot), index.reward(slot), index.startedAtMs(slot)]).toEqual([outcome, 0.7, NOW]);
    });
    expect([index.outcome(known.length), index.reward(known.length)]).toEqual([undefined, undefined]);
    expect([index.outcome(9_999), index.reward(9_999), index.startedAtMs(9_999)]).toEqual([
      undefined,
      undefined,
      Number.NaN,
    ]);
  });
});
