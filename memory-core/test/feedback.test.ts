import { inMemoryStore, type Memory, type OutcomeInput, openMemory, type Recommended } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { feedbackResult } from '@episodica/memory-core/wire';
import { aBaseline, aPattern, aRecommendation, put } from '@episodica/test-utils';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { baselineId } from '../src/pattern.ts';
import { wentWell, withoutMentions } from '../src/recommendation.ts';
import { rankPatterns, utilityOf } from '../src/retrieve/rank.ts';

const STRANGER = '01890000-0000-7000-8000-000000000000';
let store: MemoryStore;
let memory: Memory;
let patternId: string;
let episodeId: string;

beforeEach(async () => {
  store = inMemoryStore();
  // Of another scope than the attempts: learning from them leaves it as it is.
  const scope = { domain: 'releases' };
  const pattern = aPattern({ scope, standing: 'confirmed', support: 10, successes: 8 });
  patternId = pattern.id;
  await store.write([
    put('baseline', aBaseline({ id: baselineId(scope), scope, episodes: 100, successes: 50 })),
    put('pattern', pattern, { terms: { title: ['release'], body: ['release', 'notes'] } }),
  ]);
  memory = openMemory({ store });
  episodeId = await ended({ kind: 'success' });
});

async function ended(outcome: OutcomeInput): Promise<string> {
  const { episode } = await memory.createEpisode({ description: 'Edit the release notes' });
  await memory.completeEpisode(episode.id, outcome);
  return episode.id;
}

async function counts(): Promise<readonly [applied: number, successes: number]> {
  const [pattern] = await store.getMany('pattern', [patternId]);
  return [pattern?.applied ?? -1, pattern?.appliedSuccesses ?? -1];
}

const recommended = (forEpisode?: string): Promise<Recommended> =>
  memory.recommend({ description: 'edit the release notes', episodeId: forEpisode });

describe('feedback', () => {
  test('what was applied counts with how the attempt ended; what was offered alone does not [LE-10]', async () => {
    const { recommendationId, patterns, episodes } = await recommended();
    expect(patterns.map(({ pattern }) => pattern.id)).toEqual([patternId]);
    expect(episodes.map(({ episode }) => episode.id)).toEqual([episodeId]);
    expect(await counts()).toEqual([0, 0]);
    await memory.recordFeedback({ recommendationId, applied: [patternId], isSuccess: true });
    expect(await counts()).toEqual([1, 1]);
    const again = await recommended();
    await memory.recordFeedback({ recommendationId: again.recommendationId, ignored: [patternId], isSuccess: false });
    const unnamed = await recommended();
    await memory.recordFeedback({ recommendationId: unnamed.recommendationId, isSuccess: false });
    expect(await counts()).toEqual([1, 1]);
    await memory.close();
  });

  test('helped and hindered weigh more than how the attempt ended, and mean applied [LE-10]', async () => {
    const one = await recommended();
    const stored = await memory.recordFeedback({
      recommendationId: one.recommendationId,
      helped: [patternId],
      isSuccess: false,
    });
    expect(stored.feedback).toMatchObject({ applied: [patternId], helped: [patternId], isSuccess: false });
    expect(await counts()).toEqual([1, 1]);
    const two = await recommended();
    await memory.recordFeedback({ recommendationId: two.recommendationId, hindered: [patternId], isSuccess: true });
    expect(await counts()).toEqual([2, 1]);
    const three = await recommended();
    await memory.recordFeedback({ recommendationId: three.recommendationId, helped: [patternId] });
    expect(await counts()).toEqual([3, 2]);
    await memory.close();
  });

  test('utility rises with what went well and falls with what went badly [LE-10 RE-03]', async () => {
    const utility = async () => (await recommended()).patterns[0]?.why.utility ?? -1;
    const before = await utility();
    expect(await utility()).toBe(before);
    const good = await recommended();
    await memory.recordFeedback({ recommendationId: good.recommendationId, applied: [patternId], isSuccess: true });
    expect(await utility()).toBeGreaterThan(before);
    for (let times = 0; times < 2; times += 1) {
      const bad = await recommended();
      await memory.recordFeedback({ recommendationId: bad.recommendationId, applied: [patternId], isSuccess: false });
    }
    expect(await utility()).toBeLessThan(before * 2);
    await memory.close();
  });

  test.each([
    [{ kind: 'success' } as const, [1, 1]],
    [{ kind: 'failure', reason: 'no' } as const, [1, 0]],
    [{ kind: 'partial' } as const, [1, 0]],
    [{ kind: 'abstained' } as const, [0, 0]],
  ])('the outcome of its episode decides where nothing else is said: %j [LE-10]', async (outcome, expected) => {
    const { episode } = await memory.createEpisode({ description: 'Edit the release notes' });
    const { recommendationId } = await recommended(episode.id);
    const give = () => memory.recordFeedback({ recommendationId, applied: [patternId] });
    await expect(give()).rejects.toMatchObject({ code: 'INVALID_STATE', message: expect.stringContaining('open') });
    await memory.completeEpisode(episode.id, outcome);
    const stored = await give();
    expect(stored.episodeId).toBe(episode.id);
    expect(await counts()).toEqual(expected);
    await memory.close();
  });

  test('the episode may be named with the feedback, but not another than it was asked for [LE-10]', async () => {
    const failed = await ended({ kind: 'failure', reason: 'no' });
    const { recommendationId } = await recommended();
    const stored = await memory.recordFeedback({ recommendationId, applied: [patternId], episodeId: failed });
    expect(stored).toMatchObject({ episodeId: failed, feedback: { isSuccess: false } });
    const other = await recommended(failed);
    await expect(
      memory.recordFeedback({ recommendationId: other.recommendationId, applied: [patternId], episodeId }),
    ).rejects.toMatchObject({ code: 'INVALID_INPUT', message: expect.stringContaining('was asked for episode') });
    await memory.close();
  });

  test('is taken once, only for what was offered, without contradiction, and changes nothing when refused [LE-10]', async () => {
    const { recommendationId } = await recommended();
    const refused = async (given: object, code: string, field: string): Promise<void> => {
      const giving = memory.recordFeedback({ recommendationId, isSuccess: true, ...given });
      await expect(giving).rejects.toMatchObject({ code, message: expect.stringContaining(field) });
    };
    await refused({ recommendationId: STRANGER }, 'NOT_FOUND', STRANGER);
    await refused({ applied: [STRANGER] }, 'INVALID_INPUT', 'applied');
    await refused({ ignored: [STRANGER] }, 'INVALID_INPUT', 'ignored');
    await refused({ helped: [patternId], hindered: [patternId] }, 'INVALID_INPUT', 'helped');
    await refused({ applied: [patternId], ignored: [patternId] }, 'INVALID_INPUT', 'ignored');
    await refused({ helped: [patternId], ignored: [patternId] }, 'INVALID_INPUT', 'ignored');
    await refused({ applied: [patternId], isSuccess: undefined }, 'INVALID_INPUT', 'outcome');
    await refused({ applied: [patternId], isSuccess: undefined, episodeId: STRANGER }, 'NOT_FOUND', STRANGER);
    expect(await counts()).toEqual([0, 0]);
    const [stored] = await store.getMany('recommendation', [recommendationId]);
    expect(stored?.feedback).toBeUndefined();
    await memory.recordFeedback({ recommendationId, applied: [patternId], isSuccess: true });
    await refused({ applied: [patternId] }, 'INVALID_STATE', 'already');
    expect(await counts()).toEqual([1, 1]);
    await memory.close();
  });

  test('what was offered and not followed is not judged by how the attempt ended [LE-10]', () => {
    const feedback = { at: '2026-01-01T00:00:00.000Z', applied: ['a'], ignored: ['b'], isSuccess: true };
    expect(['a', 'b', 'c'].map((id) => wentWell(feedback, id))).toEqual([true, undefined, undefined]);
  });

  test('what was not named is told as ignored [LE-10]', async () => {
    const { recommendationId } = await recommended();
    const stored = await memory.recordFeedback({ recommendationId, applied: [patternId], isSuccess: true });
    expect(feedbackResult(stored)).toMatchObject({ applied: [patternId], ignored: [episodeId], is_success: true });
    await memory.close();
  });

  test('forgetting takes an episode out of every list that names it [LE-10 EP-06]', () => {
    const id = STRANGER;
    const feedback = { at: '2026-01-01T00:00:00.000Z', applied: [id], helped: [id], isSuccess: true };
    const given = aRecommendation({ episodeId: id, episodeIds: [id], feedback });
    expect(JSON.stringify(withoutMentions(given, (gone) => gone === id))).not.toContain(id);
  });
});

describe('utility', () => {
  test('lies in 0–1, rises with a success and falls with a failure, and many alike are surer than few [LE-10]', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), (successes, failures) => {
        const at = (more: number, worse: number) =>
          utilityOf({ applied: successes + failures + more + worse, appliedSuccesses: successes + more });
        expect(at(0, 0)).toBeGreaterThanOrEqual(0);
        expect(at(0, 0)).toBeLessThanOrEqual(1);
        expect(at(1, 0)).toBeGreaterThan(at(0, 0));
        expect(at(0, 1)).toBeLessThan(at(0, 0));
      }),
    );
    expect(utilityOf({ applied: 100, appliedSuccesses: 90 })).toBeGreaterThan(
      utilityOf({ applied: 10, appliedSuccesses: 9 }),
    );
  });

  test('of patterns that answer alike, what helped when applied comes first; the parts sum to the score [LE-10 RE-03]', () => {
    const figures = { successRate: 0.8, baseRate: 0.5 };
    const rest = { figures, statement: '', evidence: [], against: [], fused: { relevance: 0.5, parts: { text: 0.5 } } };
    const plain = aPattern({ standing: 'confirmed' });
    const useful = aPattern({ standing: 'confirmed', applied: 9, appliedSuccesses: 9 });
    const harmful = aPattern({ standing: 'confirmed', applied: 9, appliedSuccesses: 0 });
    const ranked = rankPatterns([harmful, plain, useful].map((pattern) => ({ pattern, ...rest })));
    expect(ranked.map(({ pattern }) => pattern.id)).toEqual([useful.id, plain.id, harmful.id]);
    for (const { score, why } of ranked) {
      expect(Object.values(why).reduce((total, part) => total + part, 0)).toBeCloseTo(score, 12);
      expect(score).toBeLessThanOrEqual(0.5);
    }
  });
});
