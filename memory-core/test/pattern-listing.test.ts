import { aBaseline, aCompletedEpisode, anEvidence, aPattern, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { gatherPattern } from '../src/gather/gather.ts';
import { baselineId, patternFigures } from '../src/pattern.ts';
import { rankListed } from '../src/retrieve/rank.ts';
import { inMemoryStore } from '../src/stores/in-memory.ts';

test('the newest for a pattern and the newest against it are told apart, however many newer the other side has [LE-06]', async () => {
  const store = inMemoryStore();
  const scope = { project: 'shop' };
  const pattern = aPattern({ scope, support: 40, successes: 35, standing: 'confirmed' });
  const idOf = (index: number): string => `00000000-0000-7000-8000-0000000000${10 + index}`;
  // The five failures are the oldest.
  const evidence = Array.from({ length: 40 }, (_, index) =>
    anEvidence({ patternId: pattern.id, episodeId: idOf(index), isSuccess: index >= 5 }),
  );
  const episodes = evidence.map(({ episodeId: id }) => put('episode', aCompletedEpisode({ id })));
  const baseline = aBaseline({ id: baselineId(scope), scope, episodes: 80, successes: 40 });
  await store.write([
    ...episodes,
    put('pattern', pattern),
    put('baseline', baseline),
    ...evidence.map((one) => put('evidence', one)),
  ]);
  const told = async (maxEvidence: number) => gatherPattern(store, { id: pattern.id, maxEvidence }, {});
  const oldest = [0, 1, 2, 3, 4].map(idOf);
  const few = await told(20);
  expect(few?.against).toEqual(oldest);
  expect(few?.evidence).toEqual(Array.from({ length: 20 }, (_, index) => idOf(20 + index)));
  expect((await told(2))?.against).toEqual(oldest.slice(-2));
  expect((await told(1_000))?.evidence).toHaveLength(35);
});

test('within a standing a list begins with what is least likely chance, then what is farthest from no difference, then what was seen most [LE-06]', () => {
  const baseline = { episodes: 200, successes: 100 };
  const hit = (name: string, counted: Partial<ReturnType<typeof aPattern>>) => {
    const pattern = aPattern({ pValue: 1, standing: 'candidate', ...counted });
    const figures = patternFigures(pattern, baseline);
    return { name, pattern, figures, statement: '', evidence: [], against: [], score: 1, why: {} };
  };
  const hits = [
    hit('even', { support: 60, successes: 30 }),
    hit('few', { support: 6, successes: 6 }),
    hit('harmful', { support: 30, successes: 1 }),
    hit('good', { support: 20, successes: 20 }),
    hit('unlikely chance', { support: 5, successes: 4, pValue: 0.2 }),
    hit('sure', { support: 20, successes: 14, pValue: 0.04, standing: 'confirmed' }),
    hit('faded', { support: 30, successes: 30, pValue: 0.001, standing: 'faded' }),
  ];
  const nameOf = new Map(hits.map(({ name, pattern }) => [pattern.id, name]));
  expect(rankListed(hits).map(({ pattern }) => nameOf.get(pattern.id))).toEqual([
    ...['sure', 'unlikely chance', 'harmful', 'good', 'few', 'even', 'faded'],
  ]);
});
