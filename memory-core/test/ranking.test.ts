// From signals to an answer: what sources say together, attempts at one task, and an answer that is none.
import { inMemoryStore, openMemory } from '@episodica/memory-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CompletedEpisode, Outcome } from '../src/episode.ts';
import { corroborated, groupsOf, likenessAmong, type Supported, successFirst } from '../src/retrieve/attempts.ts';
import { differenceOf } from '../src/retrieve/difference.ts';
import { diversify } from '../src/retrieve/diversify.ts';
import { fuse, isRelevant, type Signals } from '../src/retrieve/fuse.ts';
import { ordered } from '../src/retrieve/order.ts';

const scale = { noise: 0.25, trust: 0.3, information: 20, documents: 200 };
const share = fc.double({ min: 0, max: 1, noNaN: true });
const maybe = fc.option(share, { nil: undefined });
const signals: fc.Arbitrary<Signals> = fc.record({ text: maybe, meaning: maybe, error: maybe, place: maybe });
const sumOf = (parts: Readonly<Record<string, number>>): number =>
  Object.values(parts).reduce((sum, part) => sum + part, 0);

const base: CompletedEpisode = {
  id: 'a',
  version: 2,
  status: 'completed',
  description: 'Rotate the signing keys',
  taskType: 'other',
  context: {},
  tags: [],
  metadata: {},
  source: {},
  startedAt: '2026-01-01T00:00:00.000Z',
  endedAt: '2026-01-01T01:00:00.000Z',
  outcome: { kind: 'success', artifacts: [] },
  learningPending: false,
  reward: { total: 0.8, parts: { outcome: 0.8, verification: 0, recovery: 0 } },
  reflection: { successes: [], improvements: [], insights: [] },
  recoveries: [],
  quality: { score: 1, flags: [] },
};
const attempt = (outcome: Outcome, rest: Partial<CompletedEpisode> = {}): CompletedEpisode => ({
  ...base,
  outcome,
  ...rest,
});
const success: Outcome = { kind: 'success', artifacts: [] };
const failure: Outcome = { kind: 'failure', reason: 'the quota ran dry' };

describe('fusing', () => {
  test('the parts of a candidate sum to its relevance, which lies in 0–1 [RE-03]', () => {
    fc.assert(
      fc.property(signals, (given) => {
        const { relevance, parts } = fuse(given, scale);
        expect(sumOf(parts)).toBeCloseTo(relevance, 12);
        expect(relevance).toBeGreaterThanOrEqual(0);
        expect(relevance).toBeLessThanOrEqual(1);
      }),
    );
  });

  test('more of any signal never makes a candidate less relevant [RE-01]', () => {
    fc.assert(
      fc.property(signals, fc.constantFrom('text', 'meaning', 'error', 'place'), share, (given, source, more) => {
        const raised = { ...given, [source]: Math.max(given[source as keyof Signals] ?? 0, more) };
        expect(fuse(raised, scale).relevance).toBeGreaterThanOrEqual(fuse(given, scale).relevance - 1e-12);
      }),
    );
  });

  test.each([
    ['text', { text: 0.9 }],
    ['meaning', { meaning: 0.95 }],
    ['error', { error: 0.9 }],
  ] as const)('what %s alone is sure of comes before what shares a chance word [RE-01]', (_, sure) => {
    expect(fuse(sure, scale).relevance).toBeGreaterThan(fuse({ text: 0.1, place: 1 }, scale).relevance);
  });

  test('a cosine that unrelated texts have counts nothing [RE-07]', () => {
    expect(fuse({ meaning: 0.25 }, scale)).toEqual({ relevance: 0, parts: {} });
  });
});

describe('abstaining', () => {
  test('noise of every source is no answer, and what stands above it is [RE-07]', () => {
    expect(isRelevant({ text: 0.05, meaning: 0.25, place: 1 }, scale)).toBe(false);
    expect(isRelevant({}, scale)).toBe(false);
    expect(isRelevant({ text: 0.2 }, scale)).toBe(true);
    expect(isRelevant({ meaning: 0.6 }, scale)).toBe(true);
    expect(isRelevant({ error: 0.1 }, scale)).toBe(true);
  });

  test('what words and vector each say too faintly is an answer where they say it together [RE-07]', () => {
    expect(isRelevant({ text: 0.1 }, scale)).toBe(false);
    expect(isRelevant({ meaning: 0.35 }, scale)).toBe(false);
    expect(isRelevant({ text: 0.1, meaning: 0.35 }, scale)).toBe(true);
  });

  test('the fewer things were searched, the less is needed, as chance finds less among them [RE-07]', () => {
    const isAnswer = (documents: number): boolean => isRelevant({ text: 0.08 }, { ...scale, documents });
    expect([2, 10, 100, 10_000].map(isAnswer)).toEqual([true, true, false, false]);
  });

  test('more of a signal never makes an answer none [RE-07]', () => {
    fc.assert(
      fc.property(signals, share, (given, more) => {
        fc.pre(isRelevant(given, scale));
        expect(isRelevant({ ...given, text: Math.max(given.text ?? 0, more) }, scale)).toBe(true);
      }),
    );
  });
});

const term = (name: string, weight = 1) => ({ term: name, weight });
/** Like when they begin with the same letter. */
const byLetter = (one: { readonly id: string }, other: { readonly id: string }): number =>
  one.id[0] === other.id[0] ? 1 : 0;

describe('attempts at one task', () => {
  test('hits are as alike as what they tell: 1 to themselves, 0 to what shares no term, the same both ways [RE-05]', () => {
    const told = [[term('mia'), term('jfk')], [term('mia'), term('sea')], [term('tar')], []];
    const alike = likenessAmong(told);
    expect(alike(0, 0)).toBeCloseTo(1);
    expect(alike(0, 1)).toBeCloseTo(0.5);
    expect(alike(1, 0)).toBeCloseTo(0.5);
    expect(alike(0, 2)).toBe(0);
    expect(alike(3, 3)).toBe(0);
  });

  test('an attempt told in other words gains by those the question fits, and the parts still sum [RE-05]', () => {
    const hits: readonly (Supported & { readonly id: string })[] = [
      { id: 'a1', relevance: 0.8, parts: { text: 0.8 } },
      { id: 'a2', relevance: 0.2, parts: { text: 0.1, place: 0.1 } },
      { id: 'b1', relevance: 0.5, parts: { text: 0.5 } },
    ];
    const [first, second, third] = corroborated(hits, byLetter);
    expect(second?.relevance).toBeGreaterThan(0.2);
    expect(second?.parts.attempts).toBeGreaterThan(0);
    expect(third).toEqual(hits[2]);
    for (const hit of [first, second]) expect(sumOf(hit?.parts ?? {})).toBeCloseTo(hit?.relevance ?? -1, 12);
  });

  test('of the places that attempts at one task have, what succeeded takes the first [RE-05]', () => {
    const hits = [
      { id: 'a1', score: 0.9, isSuccess: false },
      { id: 'b1', score: 0.85, isSuccess: true },
      { id: 'a2', score: 0.8, isSuccess: true },
      { id: 'a3', score: 0.1, isSuccess: true },
    ];
    expect(successFirst(hits, groupsOf(hits, byLetter)).map(({ id }) => id)).toEqual(['a2', 'b1', 'a1', 'a3']);
  });

  test('grouping loses nothing and repeats nothing [RE-05]', () => {
    const hit = fc.record({ id: fc.stringMatching(/^[a-c][0-9]{3}$/), score: share, isSuccess: fc.boolean() });
    fc.assert(
      fc.property(fc.uniqueArray(hit, { selector: ({ id }) => id }), (hits) => {
        const sorted = hits.toSorted((a, b) => b.score - a.score);
        const groups = groupsOf(sorted, byLetter);
        const found = successFirst(sorted, groups);
        expect(new Set(found)).toEqual(new Set(hits));
        expect(found).toHaveLength(hits.length);
        for (const [place, hit] of found.entries()) {
          const before = found.slice(0, place).filter((other) => groups.get(other) === groups.get(hit));
          if (hit.isSuccess) expect(before.every(({ isSuccess }) => isSuccess)).toBe(true);
          expect(groups.get(hit)).toBe(groups.get(sorted[place]!));
        }
      }),
    );
  });
});

describe('episodes of one place', () => {
  const BUCKET = 'aws s3 cp s3://acme-exports/daily.parquet --profile batch --endpoint-url minio --sse kms';

  test.each(['lexical', 'none'] as const)(
    'that share files and tools are attempts at one task only where their descriptions say so (embedder: %s) [RE-05]',
    async (embedder) => {
      const memory = openMemory({ store: inMemoryStore(), ...(embedder === 'none' ? { embedder } : {}) });
      const attemptAt = async (description: string, outcome: Outcome): Promise<string> => {
        const { episode } = await memory.createEpisode({ description });
        await memory.addSteps(episode.id, [{ tool: 'bash', action: BUCKET, result: { type: 'success' } }]);
        await memory.completeEpisode(episode.id, outcome);
        return episode.id;
      };
      const failed = await attemptAt('Upload the weekly report for finance', failure);
      const other = await attemptAt('Nightly job exports the orders', success);
      const done = await attemptAt('Upload the weekly report once more', success);
      await memory.catchUp();
      const { episodes } = await memory.search({ text: 's3 cp acme-exports daily.parquet' });
      expect(new Set(episodes.map(({ episode }) => episode.id))).toEqual(new Set([failed, other, done]));
      const attempts = new Map(
        episodes.map(({ episode, attempts }) => [episode.id, attempts.map(({ episodeId }) => episodeId)]),
      );
      expect(attempts.get(done)).toEqual([failed]);
      expect(attempts.get(other)).toEqual([]);
    },
  );
});

describe('what differed', () => {
  test('tools of one side alone, errors made good and reasons are one sentence [RE-05]', () => {
    const recovery = { failedStep: 1, fixedStep: 3, tool: 'bash', action: 'test', error: 'key expired', fix: [] };
    const sentence = differenceOf([
      attempt(success, { tools: ['read', 'rotate'], recoveries: [recovery] }),
      attempt(failure, { tools: ['read', 'delete'] }),
    ]);
    expect(sentence).toBe(
      'Of these attempts, what succeeded used rotate and made good "key expired"; what failed used delete and ended because: the quota ran dry.',
    );
  });

  test('nothing is said where one side is missing or nothing tells [RE-05]', () => {
    expect(differenceOf([attempt(success), attempt(success)])).toBeUndefined();
    expect(differenceOf([attempt(failure)])).toBeUndefined();
    expect(differenceOf([attempt(success), attempt({ kind: 'failure' })])).toBeUndefined();
  });

  test('an attempt whose tools are not known is no witness of what was not used [RE-05]', () => {
    const sentence = differenceOf([attempt(success, { tools: ['rotate'] }), attempt({ kind: 'failure' })]);
    expect(sentence).toBeUndefined();
  });
});

describe('ranking', () => {
  /** Candidates with the signals, of which every third succeeded and pairs are attempts at one task. */
  const orderOf = (
    given: readonly Signals[],
    order: (slots: readonly number[]) => readonly number[] = (slots) => slots,
    count?: number,
  ) =>
    ordered(
      order(given.map((_, slot) => slot)).map((slot) => ({ slot, signals: given[slot] ?? {} })),
      {
        scale,
        count,
        standingOf: (slot) => ({ reward: (slot % 5) / 5, time: (slot % 7) / 7, place: (slot % 3) / 3 }),
        tellingOf: (slot) => [{ term: `task ${slot >> 1}`, weight: 1 }],
        // But 6 and 7, which were described as different things.
        describedAlike: (slot) => (slot >> 1 === 3 ? 0 : 1),
        isSuccess: (slot) => slot % 3 === 0,
        idOf: (slot) => String(slot).padStart(4, '0'),
      },
    );

  test('each score is the sum of its parts, lies in 0–1, and the order is that of the scores [RE-03]', () => {
    fc.assert(
      fc.property(fc.array(signals, { maxLength: 60 }), (given) => {
        const hits = orderOf(given);
        expect(orderOf(given, (slots) => slots.toReversed())).toEqual(hits);
        for (const [place, { score, why }] of hits.entries()) {
          expect(sumOf(why)).toBeCloseTo(score, 12);
          expect(score).toBeGreaterThan(0);
          expect(score).toBeLessThanOrEqual(place === 0 ? 1 : (hits[place - 1]?.score ?? 0));
        }
      }),
    );
  });

  test('to ask for the first few gives the same first few as to ask for all [RE-11]', () => {
    // So many, and so near each other, that some which were not compared belong to the first.
    const near = fc.record({ text: fc.double({ min: 0.5, max: 0.6, noNaN: true }) });
    fc.assert(
      fc.property(
        fc.array(fc.oneof(near, signals), { maxLength: 120 }),
        fc.integer({ min: 1, max: 60 }),
        (given, count) => {
          expect(orderOf(given, undefined, count).slice(0, count)).toEqual(orderOf(given).slice(0, count));
        },
      ),
    );
  });

  test('of attempts at one task the successful one comes first, and brings the others along [RE-05]', () => {
    const hits = orderOf([{}, {}, { text: 0.9 }, { text: 0.85 }, { text: 0.7 }]);
    expect(hits.map(({ slot }) => slot)).toEqual([3, 2, 4]);
    expect(hits.map(({ group }) => group)).toEqual([0, 0, 1]);
  });

  test('what tells the same and was described as something else is no attempt at the task [RE-05]', () => {
    const given: Signals[] = Array.from({ length: 8 }, () => ({}));
    given[6] = { text: 0.85 };
    given[7] = { text: 0.9 };
    const hits = orderOf(given);
    expect(hits.map(({ slot }) => slot)).toEqual([7, 6]);
    expect(hits.map(({ group }) => group)).toEqual([0, 1]);
    expect(hits.some(({ why }) => 'attempts' in why)).toBe(false);
  });
});

describe('diversity', () => {
  test('what says the same again goes behind what says another thing [RE-04]', () => {
    const hits = [
      { id: 'a1', score: 0.9 },
      { id: 'a2', score: 0.88 },
      { id: 'b1', score: 0.87 },
    ];
    const order = (lambda: number) => diversify(hits, { alike: byLetter, lambda }).map(({ id }) => id);
    expect(order(0.7)).toEqual(['a1', 'b1', 'a2']);
    expect(order(1)).toEqual(['a1', 'a2', 'b1']);
  });

  test('the best stays the first and nothing is lost, whatever is alike [RE-04]', () => {
    fc.assert(
      fc.property(fc.array(share, { minLength: 1, maxLength: 8 }), share, share, (scores, likeness, lambda) => {
        const hits = scores.toSorted((a, b) => b - a).map((score, index) => ({ id: String(index), score }));
        const chosen = diversify(hits, { alike: () => likeness, lambda: Math.max(0.01, lambda) });
        expect(chosen[0]?.score).toBe(Math.max(...scores));
        expect(new Set(chosen)).toEqual(new Set(hits));
      }),
    );
  });
});
