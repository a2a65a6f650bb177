import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rarity, saturation } from '../src/retrieve/bm25.ts';
import type { UnpackedParts } from '../src/retrieve/packed-part.ts';
import { scores } from '../src/retrieve/scores.ts';
import type { SlotSet } from '../src/retrieve/slot-set.ts';
import { type TermIndex, termIndex, unpackedTermIndex, type WeightedTerm } from '../src/retrieve/term-index.ts';

const PREFIX = 'words';
const SLOTS = 24;
/** Words whose order differs between UTF-8 and UTF-16, halves of a pair, a prefix of another, an empty one. */
const WORDS = ['a', 'ab', 'abc', 'b', 'zéro', '検索', '\u{1d4b3}', '\ufb01', '\ud835', '', 'w1', 'w2', 'w3', 'w4'];
/** A segment holds a few documents and a piece of upkeep goes over a few postings, so that both happen all the time. */
const TINY = { recent: 12, piece: 3 };

/** What an index says, plainly. */
type Plain = ReadonlyMap<number, readonly string[]>;

const plainFrequency = (plain: Plain, term: string): number =>
  [...plain.values()].filter((terms) => terms.includes(term)).length;

function plainScores(plain: Plain, question: readonly WeightedTerm[]): ReadonlyMap<number, number> {
  const found = new Map<number, number>();
  const averageLength = [...plain.values()].reduce((sum, { length }) => sum + length, 0) / plain.size;
  for (const { term, weight } of question) {
    for (const [slot, terms] of plain) {
      const frequency = terms.filter((said) => said === term).length;
      if (frequency === 0) continue;
      const share = saturation(frequency, terms.length, averageLength);
      found.set(slot, (found.get(slot) ?? 0) + weight * rarity(plain.size, plainFrequency(plain, term)) * share);
    }
  }
  return found;
}

function scoresOf(index: TermIndex, question: readonly WeightedTerm[], among?: SlotSet): ReadonlyMap<number, number> {
  const found = scores();
  index.score(question, { scores: found, among });
  return new Map(Array.from(found.touched(), (slot) => [slot, found.of(slot)]));
}

function slotSet(slots: readonly number[]): SlotSet {
  const words = new Uint32Array(Math.ceil((Math.max(-1, ...slots) + 1) / 32));
  for (const slot of slots) words[slot >>> 5]! |= 1 << (slot & 31);
  return { size: new Set(slots).size, words };
}

const kept = (index: TermIndex): Map<string, Uint8Array> =>
  new Map(index.parts(PREFIX).map((part) => [part.name, part.bytes().slice()]));

function repacked(index: TermIndex): TermIndex {
  const unpacked = unpackedTermIndex(kept(index), PREFIX);
  if (unpacked === undefined) throw new Error('The parts were refused.');
  return unpacked;
}

function expectSame(index: TermIndex, { plain, question }: { plain: Plain; question: readonly WeightedTerm[] }): void {
  const slots = Array.from({ length: SLOTS }, (_, slot) => slot);
  const words = [...WORDS, 'unknown'];
  expect(index.documents).toBe(plain.size);
  expect(slots.map(index.has)).toEqual(slots.map((slot) => plain.has(slot)));
  expect(words.map(index.frequencyOf)).toEqual(words.map((word) => plainFrequency(plain, word)));
  const [found, wanted] = [scoresOf(index, question), plainScores(plain, question)];
  expect([...found.keys()].sort()).toEqual([...wanted.keys()].sort());
  const far = [...wanted].filter(([slot, score]) => Math.abs(found.get(slot)! - score) > 1e-6 * Math.max(1, score));
  expect(far).toEqual([]);
  const telling = [...plain.keys()].map((slot) => index.tellingTerms(slot, 12).map(({ term }) => term));
  expect(telling.map((terms) => new Set(terms).size)).toEqual(
    [...plain.values()].map((terms) => Math.min(12, new Set(terms).size)),
  );
  expect(telling.filter((terms, at) => terms.some((term) => ![...plain.values()][at]!.includes(term)))).toEqual([]);
}

type Change =
  | { readonly kind: 'put'; readonly slot: number; readonly terms: readonly string[] }
  | { readonly kind: 'delete'; readonly slot: number }
  | { readonly kind: 'tidy' }
  | { readonly kind: 'repack' };

const slotNumber = fc.nat(SLOTS - 1);
const said = fc.array(fc.constantFrom(...WORDS), { maxLength: 9 });
const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.oneof(
    { weight: 12, arbitrary: fc.record({ kind: fc.constant('put' as const), slot: slotNumber, terms: said }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('delete' as const), slot: slotNumber }) },
    { weight: 2, arbitrary: fc.record({ kind: fc.constant('tidy' as const) }) },
    { weight: 1, arbitrary: fc.record({ kind: fc.constant('repack' as const) }) },
  ),
  { maxLength: 120, size: 'max' },
);
const questions = fc.uniqueArray(
  fc.record({ term: fc.constantFrom(...WORDS, 'unknown'), weight: fc.double({ min: 0.01, max: 4, noNaN: true }) }),
  { maxLength: 6, selector: ({ term }) => term },
);

function applied(made: readonly Change[]): { readonly index: TermIndex; readonly plain: Plain } {
  let index = termIndex(TINY);
  const plain = new Map<number, readonly string[]>();
  for (const change of made) {
    if (change.kind === 'tidy') index.tidy();
    else if (change.kind === 'repack') index = repacked(index);
    else if (change.kind === 'delete') {
      index.delete(change.slot);
      plain.delete(change.slot);
    } else {
      index.put(change.slot, change.terms);
      plain.set(change.slot, change.terms);
    }
  }
  return { index, plain };
}

/** Documents of some hundred words; the lower the number of a word, the more documents say it. */
function grown(documents: number, sizes = { recent: 2_000, piece: 500 }): TermIndex {
  const index = termIndex(sizes);
  for (let slot = 0; slot < documents; slot += 1) {
    const words = Array.from({ length: 20 }, (_, place) => (place === 0 ? 'all' : `w${(slot * 7) % (place * 13)}`));
    index.put(slot, words);
  }
  return index;
}

describe('the inverted index', () => {
  test('says what a plain count over the same documents says, whatever was put, replaced, deleted, packed and merged [RE-01]', () => {
    fc.assert(
      fc.property(changes, questions, (made, question) => {
        const { index, plain } = applied(made);
        expectSame(index, { plain, question });
        while (index.tidy());
        expectSame(index, { plain, question });
        expectSame(repacked(index), { plain, question });
      }),
      { numRuns: 200 },
    );
  });

  test('scores only the slots that a filter lets through, and those as without it [RE-01]', () => {
    fc.assert(
      fc.property(changes, questions, fc.array(slotNumber), (made, question, slots) => {
        const { index } = applied(made);
        const all = scoresOf(index, question);
        const wanted = new Map([...all].filter(([slot]) => slots.includes(slot)));
        expect(scoresOf(index, question, slotSet(slots))).toEqual(wanted);
      }),
    );
  });

  test('answers nothing while it is empty, and nothing for what says nothing [RE-01]', () => {
    const index = termIndex();
    expect(scoresOf(index, [{ term: 'a', weight: 1 }])).toEqual(new Map());
    expect([index.documents, index.frequencyOf('a'), index.has(0), index.tidy()]).toEqual([0, 0, false, false]);
    expect(index.tellingTerms(0, 12)).toEqual([]);
    index.put(5, []);
    expect([index.documents, index.has(5), index.has(4)]).toEqual([1, true, false]);
    expect(scoresOf(repacked(index), [{ term: 'a', weight: 1 }])).toEqual(new Map());
    expect(repacked(index).has(5)).toBe(true);
    index.delete(5);
    index.delete(5);
    expect([index.documents, repacked(index).documents]).toEqual([0, 0]);
  });

  test('finds words of any script, each by exactly what it is [RE-09]', () => {
    const words = fc.uniqueArray(fc.string({ unit: 'binary', minLength: 1, maxLength: 64 }), {
      minLength: 1,
      maxLength: 20,
    });
    fc.assert(
      fc.property(words, (all) => {
        const index = termIndex(TINY);
        for (const [slot, word] of all.entries()) index.put(slot, [word]);
        while (index.tidy());
        for (const same of [index, repacked(index)]) {
          const found = all.map((term) => [...scoresOf(same, [{ term, weight: 1 }]).keys()]);
          expect(found).toEqual(all.map((_, slot) => [slot]));
          const told = all.map((_, slot) => same.tellingTerms(slot, 1).map(({ term }) => term));
          expect(told).toEqual(all.map((term) => [term]));
        }
      }),
    );
  });

  test('tells most what a document says often and few others say [RE-01]', () => {
    const index = termIndex();
    for (let slot = 0; slot < 50; slot += 1) index.put(slot, ['common', 'common', 'common', `only${slot}`]);
    index.put(50, ['common', 'rare', 'twice', 'twice']);
    for (const same of [index, repacked(index)]) {
      expect(same.tellingTerms(50, 12).map(({ term }) => term)).toEqual(['twice', 'rare', 'common']);
      expect(same.tellingTerms(50, 1).map(({ term }) => term)).toEqual(['twice']);
      const [first, second] = same.tellingTerms(50, 2);
      // Twice tells more than once, and less than twice as much.
      const ratio = (first?.weight ?? 0) / (second?.weight ?? 1);
      expect(ratio).toBeGreaterThan(1);
      expect(ratio).toBeLessThan(2);
    }
  });
});

describe('bounds', () => {
  test('reads no more postings than allowed, and leaves out the most frequent terms only [RE-10]', () => {
    fc.assert(
      fc.property(changes, questions, fc.nat(60), (made, question, maxPostings) => {
        const { index } = applied(made);
        while (index.tidy());
        const found = scores();
        const { leftOut } = index.score(question, { scores: found, maxPostings });
        const asked = question.filter(({ term }) => index.frequencyOf(term) > 0);
        const readTerms = asked.filter(({ term }) => !leftOut.includes(term));
        expect(scoresOf(index, readTerms)).toEqual(
          new Map(Array.from(found.touched(), (slot) => [slot, found.of(slot)])),
        );
        if (asked.length > 0) expect(readTerms.length).toBeGreaterThan(0);
      }),
    );
  });

  test('the most frequent term of a question is the one left out, and a question of that one alone is answered [RE-10]', () => {
    const index = grown(2_000);
    const question = ['all', 'w3', 'w150'].map((term) => ({ term, weight: 1 }));
    const [frequent = 0, middle = 0, rare = 0] = question.map(({ term }) => index.frequencyOf(term));
    expect(frequent).toBe(2_000);
    expect(frequent > middle && middle > rare && rare > 0).toBe(true);
    const leftOut = (maxPostings: number): readonly string[] =>
      index.score(question, { scores: scores(), maxPostings }).leftOut;
    expect(leftOut(frequent + middle + rare)).toEqual([]);
    expect(leftOut(frequent + middle + rare - 1)).toEqual(['all']);
    expect(leftOut(middle + rare)).toEqual(['all']);
    expect(leftOut(1)).toEqual(['w3', 'all']);
    const alone = scores();
    expect(index.score(question.slice(0, 1), { scores: alone, maxPostings: 1 }).leftOut).toEqual([]);
    expect(alone.touched()).toHaveLength(2_000);
  });

  test('a term that only dead documents hold does not stand in for one that is said [RE-10]', () => {
    const index = termIndex({ recent: 4, piece: 100_000 });
    for (let slot = 0; slot < 9; slot += 1) index.put(slot, slot === 0 ? ['gone', 'said'] : ['said']);
    index.delete(0);
    const question = ['gone', 'said'].map((term) => ({ term, weight: 1 }));
    const found = scores();
    expect(index.score(question, { scores: found, maxPostings: 1 }).leftOut).toEqual([]);
    expect(found.touched()).toHaveLength(8);
  });

  test('keeps few segments by what each put pays for, and the dead go [RE-10]', () => {
    const index = grown(5_000);
    expect(index.parts(PREFIX).length).toBeLessThan(16);
    const before = [...kept(index).values()].reduce((sum, { length }) => sum + length, 0);
    for (let slot = 0; slot < 4_900; slot += 1) index.delete(slot);
    while (index.tidy());
    expect([...kept(index).values()].reduce((sum, { length }) => sum + length, 0)).toBeLessThan(before / 10);
    expect(index.frequencyOf('all')).toBe(100);
  });

  test('a document that is replaced again and again does not fill the index [RE-10]', () => {
    const index = grown(100);
    const parts = index.parts(PREFIX).length;
    for (let time = 0; time < 2_000; time += 1) index.put(7, ['again', `time${time}`]);
    expect(index.parts(PREFIX).length).toBeLessThanOrEqual(parts + 1);
    expect([index.documents, index.frequencyOf('again'), index.frequencyOf('time5')]).toEqual([100, 1, 0]);
  });
});

describe('parts', () => {
  test('a part that is seen again under its name and revision has the same bytes [CA-05]', () => {
    fc.assert(
      fc.property(changes, changes, (first, second) => {
        const { index } = applied(first);
        const before = index
          .parts(PREFIX)
          .map(({ name, revision, bytes }) => ({ name, revision, bytes: bytes().slice() }));
        for (const change of second) {
          if (change.kind === 'put') index.put(change.slot, change.terms);
          else if (change.kind === 'delete') index.delete(change.slot);
          else index.tidy();
        }
        const after = index.parts(PREFIX);
        for (const { name, revision, bytes } of before) {
          const same = after.find((part) => part.name === name && part.revision === revision);
          if (same !== undefined) expect(Buffer.compare(same.bytes(), bytes)).toBe(0);
          const newer = after.find((part) => part.name === name);
          if (newer !== undefined) expect(newer.revision).toBeGreaterThanOrEqual(revision);
          expect(name).toMatch(/^[a-z0-9-]+$/u);
        }
      }),
    );
  });

  test('what is put after a pack is not in its parts, and changes none of their bytes [CA-05]', () => {
    const index = grown(1_000);
    const parts = index.parts(PREFIX);
    const documents = index.documents;
    for (let slot = 0; slot < 2_000; slot += 1) index.put(slot, ['later']);
    const unpacked = unpackedTermIndex(new Map(parts.map((part) => [part.name, part.bytes()])), PREFIX);
    expect([unpacked?.documents, unpacked?.frequencyOf('later')]).toEqual([documents, 0]);
  });

  test('once nothing is due, no part has a word that only a deleted slot ever said [EP-06]', () => {
    fc.assert(
      fc.property(changes, (all) => {
        let index = termIndex(TINY);
        const said = new Map<number, readonly string[]>();
        const forgotten: string[] = [];
        for (const [time, change] of all.entries()) {
          if (change.kind === 'put') {
            const own = `time${time}slot${change.slot}`;
            index.put(change.slot, [...change.terms, own]);
            said.set(change.slot, [...(said.get(change.slot) ?? []), own]);
          } else if (change.kind === 'delete') {
            index.delete(change.slot);
            forgotten.push(...(said.get(change.slot) ?? []));
            said.delete(change.slot);
          } else if (change.kind === 'tidy') index.tidy();
          else {
            while (index.tidy());
            index = repacked(index);
          }
        }
        while (index.tidy());
        const bytes = [...kept(index).values()].map((part) => Buffer.from(part));
        const holds = (word: string): boolean => bytes.some((part) => part.includes(word, 0, 'utf16le'));
        expect(forgotten.filter(holds)).toEqual([]);
        expect([...said.values()].filter((words) => !holds(words.at(-1)!))).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test('bytes that lie askew in memory are read as well [CA-05]', () => {
    const index = grown(500);
    const askew = new Map(
      [...kept(index)].map(([name, bytes]) => {
        const room = new Uint8Array(bytes.length + 1);
        room.set(bytes, 1);
        return [name, room.subarray(1)];
      }),
    );
    expect(unpackedTermIndex(askew, PREFIX)?.frequencyOf('all')).toBe(500);
  });

  test('parts that are missing, cut, changed in one bit or of another index are refused [CA-05]', () => {
    const parts = kept(grown(300, { recent: 1_000, piece: 500 }));
    expect(parts.size).toBeGreaterThan(2);
    expect(unpackedTermIndex(parts, PREFIX)?.documents).toBe(300);
    const refuses = (damaged: UnpackedParts): void => expect(unpackedTermIndex(damaged, PREFIX)).toBeUndefined();
    refuses(new Map());
    expect(unpackedTermIndex(parts, 'other')).toBeUndefined();
    const name = fc.constantFrom(...parts.keys());
    fc.assert(
      fc.property(name, fc.nat(), fc.nat(), (damaged, place, cut) => {
        const bytes = parts.get(damaged)!;
        const flipped = bytes.slice();
        flipped[place % bytes.length]! ^= 1 << (cut % 8);
        refuses(new Map([...parts, [damaged, flipped]]));
        refuses(new Map([...parts, [damaged, bytes.slice(0, cut % bytes.length)]]));
        refuses(new Map([...parts, [damaged, new Uint8Array([...bytes, 0, 0, 0, 0])]]));
        refuses(new Map([...parts].filter(([other]) => other !== damaged)));
      }),
    );
    const [first, second] = [...parts.keys()];
    refuses(new Map([...parts, [first!, parts.get(second!)!]]));
  });

  test('any bytes at all are refused without a throw [CA-05]', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 400 }), (bytes) => {
        expect(unpackedTermIndex(new Map([[`${PREFIX}-head`, bytes]]), PREFIX)).toBeUndefined();
      }),
    );
  });
});
