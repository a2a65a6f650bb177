// However much is stored and whatever it is, an answer is as long as a model can read.
import { baselineId, inMemoryStore } from '@episodica/memory-core';
import type { Write } from '@episodica/memory-core/ports';
import { estimatedTokens } from '@episodica/memory-core/wire';
import { aBaseline, aCompletedEpisode, anEvidence, aPattern, aStep, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { startInProcess } from './in-process.ts';

const SCOPE = { project: 'test/project', domain: 'releases' };
const LONG = 'Publish the build, then look at the log of the mirror. '.repeat(180);
const ERROR = `TypeError: Cannot read properties of undefined (reading 'mirror') at ${'publish.ts '.repeat(500)}`;

const episodes = Array.from({ length: 40 }, (_, index) =>
  aCompletedEpisode({
    ...SCOPE,
    id: `0190a1b2-0000-7000-8000-${String(index).padStart(12, '0')}`,
    description: `Publish the monthly build ${index}. ${LONG}`.slice(0, 10_000),
    tags: Array.from({ length: 32 }, (__, tag) => `tag-${tag}-${'x'.repeat(90)}`),
    metadata: Object.fromEntries(Array.from({ length: 1_000 }, (__, key) => [`key ${key}`, { a: ['x'.repeat(20)] }])),
    context: { files: Array.from({ length: 200 }, (__, file) => `${'deep/'.repeat(90)}${file}.ts`) },
    outcome: { kind: 'success', verdict: LONG, artifacts: Array.from({ length: 100 }, () => LONG) },
    reflection: {
      successes: Array.from({ length: 8 }, () => LONG.slice(0, 2_000)),
      improvements: Array.from({ length: 8 }, () => LONG.slice(0, 2_000)),
      insights: Array.from({ length: 8 }, () => LONG.slice(0, 2_000)),
    },
    recoveries: [
      {
        error: ERROR,
        tool: 'bash',
        action: LONG,
        failedStep: 1,
        fixedStep: 3,
        fixSteps: [2],
        fix: [LONG.slice(0, 2_000)],
      },
    ],
    learningPending: false,
  }),
);
const [first] = episodes;
const patterns = Array.from({ length: 60 }, (_, index) =>
  aPattern({
    scope: SCOPE,
    tools: [`build-${index}`, 'publish', ...Array.from({ length: 20 }, () => 'x'.repeat(200))],
    standing: 'confirmed',
    support: 40,
    successes: 40,
  }),
);

/** Each character takes six where it is shown. */
const TURNING = '\u202e'.repeat(9_000);
const turning = aCompletedEpisode({ project: 'turning', description: TURNING, tags: [TURNING.slice(0, 100)] });
const turningSteps = Array.from({ length: 20 }, () =>
  aStep({
    episodeId: turning.id,
    action: TURNING,
    parameters: { [TURNING.slice(0, 500)]: ['\u200b'.repeat(9_000)] },
    result: { type: 'error', message: TURNING },
  }),
);

async function startFull() {
  const store = inMemoryStore();
  const batch: Write[] = [
    ...episodes.map((episode) =>
      put('episode', episode, { terms: { title: ['publish', 'build'], body: ['publish'] } }),
    ),
    put('episode', turning),
    ...turningSteps.map((step) => put('step', step)),
    ...Array.from({ length: 50 }, () =>
      put('step', aStep({ episodeId: first!.id, action: LONG, result: { type: 'error', message: ERROR.repeat(10) } })),
    ),
    put('baseline', aBaseline({ id: baselineId(SCOPE), scope: SCOPE, episodes: 200, successes: 90 })),
    ...patterns.map((value) => put('pattern', value, { terms: { title: ['publish'], body: ['publish', 'build'] } })),
    ...patterns.flatMap((pattern) =>
      episodes.map((episode) => put('evidence', anEvidence({ patternId: pattern.id, episodeId: episode.id }))),
    ),
  ];
  await store.write(batch);
  return startInProcess({ store });
}

/** Tokens of each of the two forms of an answer, with what one item takes beyond what was asked for. */
const ANSWERS: readonly (readonly [name: string, given: Record<string, unknown>, maxTokens: number])[] = [
  ['create_episode', { task_description: `Publish the monthly build. ${ERROR}`.slice(0, 5_000) }, 2_500],
  ['query_memory', { query: 'Publish the monthly build' }, 3_000],
  ['query_memory', { query: 'Publish the monthly build', detail: 'full', limit: 100 }, 3_000],
  ['query_memory', { query: ERROR.slice(0, 5_000), max_tokens: 50 }, 1_000],
  ['get_recommendation', { task_description: 'Publish the monthly build', domain: 'releases' }, 3_000],
  ['get_recommendation', { task_description: 'Publish the monthly build', max_tokens: 1_000, limit: 100 }, 1_000],
  ['get_recommendation', { task_description: ERROR.slice(0, 5_000), max_tokens: 1_000, limit: 100 }, 1_000],
  ['list_patterns', { limit: 200 }, 2_300],
  ['list_patterns', { max_tokens: 50 }, 80],
  ['list_patterns', { max_tokens: 600 }, 650],
  ['list_patterns', { pattern_id: patterns[0]?.id }, 4_050],
  ['list_patterns', { pattern_id: patterns[0]?.id, max_tokens: 1_000 }, 1_050],
  ['list_patterns', { pattern_id: patterns[0]?.id, max_tokens: 50 }, 80],
  ['list_episodes', { limit: 200 }, 3_500],
  ['list_episodes', { max_tokens: 50 }, 1_500],
  ['get_episode', { episode_id: first?.id }, 4_000],
  ['get_episode', { episode_id: first?.id, max_tokens: 1_000 }, 1_000],
  ['get_episode', { episode_id: turning.id }, 4_000],
  ['get_episode', { episode_id: turning.id, max_tokens: 1_000 }, 1_000],
  ['get_episode', { episode_id: turning.id, max_chars: 100_000, max_tokens: 100_000 }, 100_000],
  ['list_episodes', { project: 'turning' }, 2_500],
  ['get_episode', { episode_id: first?.id, steps_limit: 0 }, 4_500],
  ['update_episode', { episode_id: first?.id, task_description: LONG.slice(0, 9_000) }, 1_500],
  ['forget', { project: 'test/project', dry_run: true }, 2_500],
  ['execute_code', { code: "'x'.repeat(1_000_000)" }, 3_500],
  ['execute_code', { code: "'x'.repeat(60_000)" }, 16_000],
  ['execute_code', { code: "for (let i = 0; i < 20_000; i += 1) console.log('x'.repeat(500)); 1" }, 10_000],
  ['execute_code', { code: "throw new Error('x'.repeat(500_000))" }, 5_000],
  ['execute_code', { code: "for (let i = 0; i < 500; i += 1) fs.writeFile('/' + 'f'.repeat(100) + i, ''); 1" }, 5_000],
  ['health_check', {}, 1_000],
];

test('answers are as long as was asked for, whatever is stored [MC-01] [MC-02]', async () => {
  const server = await startFull();
  for (const [name, given, maxTokens] of ANSWERS) {
    const { text, structured, isError } = await server.call(name, given);
    const call = `${name} ${JSON.stringify(given).slice(0, 100)}`;
    expect.soft(isError, `${call}: ${text.slice(0, 200)}`).toBe(false);
    expect.soft(Math.ceil(text.length / 4), `text of ${call}`).toBeLessThanOrEqual(maxTokens);
    expect.soft(estimatedTokens(structured), `result of ${call}`).toBeLessThanOrEqual(maxTokens);
  }
});

test('what an episode says of itself leaves half of the answer to its steps [MC-01]', async () => {
  const server = await startFull();
  for (const max_tokens of [1_000, 2_000, 4_000, 20_000]) {
    const { structured } = await server.call('get_episode', { episode_id: first?.id, max_tokens });
    const { steps, ...head } = structured;
    expect.soft(estimatedTokens(head), `${max_tokens}`).toBeLessThanOrEqual(max_tokens / 2 + 50);
    expect.soft(steps.length).toBeGreaterThan(0);
  }
});

test('a resource is as long as a model reads, whatever is stored and however it is shown [MC-04]', async () => {
  const { client } = await startFull();
  const kinds = { episodes: [first?.id, turning.id, `${turning.id}?steps_from=20`], patterns: [patterns[0]?.id] };
  for (const [kind, ids] of Object.entries(kinds)) {
    for (const id of ids) {
      const { contents } = await client.readResource({ uri: `memory://${kind}/${id}` });
      const [{ text }] = contents as unknown as [{ text: string }];
      expect.soft(text.length, id).toBeLessThanOrEqual(40_000);
      expect.soft(text).not.toMatch(/[\u200b\u202e]/u);
      const { steps, evidence } = JSON.parse(text);
      expect.soft((steps ?? evidence).length, id).toBeGreaterThan(0);
    }
  }
});

test('what answers an episode or a piece of feedback is as bounded, and says how much is left out [MC-01] [LE-10]', async () => {
  const server = await startFull();
  const created = await server.call('create_episode', { task_description: 'Publish the monthly build' });
  const { episode_id } = created.structured;
  const failing = { tool: 'bash', action: 'publish', result: { type: 'error', message: ERROR } };
  const added = await server.call('add_step', { episode_id, steps: Array.from({ length: 900 }, () => failing) });
  expect(JSON.stringify(added.structured).length / 4).toBeLessThan(4_000);
  const failed = Array.from({ length: 100 }, () => LONG);
  const ended = await server.call('complete_episode', { episode_id, outcome: { kind: 'partial', failed } });
  expect(JSON.stringify(ended.structured).length / 4).toBeLessThan(8_000);
  const asked = { task_description: 'Publish the monthly build', limit: 100 };
  const { structured } = await server.call('get_recommendation', asked);
  const { recommendation_id } = structured;
  const feedback = await server.call('record_feedback', { recommendation_id, is_success: true });
  expect(feedback.structured.ignored).toHaveLength(30);
  expect(feedback.structured.more_ignored).toBeGreaterThan(5);
  expect(feedback.text).toContain(`${30 + feedback.structured.more_ignored} ignored`);
});

test('a result that no answer holds is told by how it begins and how to get the rest [SB-07] [MC-02]', async () => {
  const server = await startInProcess();
  const { structured, text } = await server.call('execute_code', { code: "'x'.repeat(100_000)" });
  expect(structured).toMatchObject({ ok: true, result_cut: { characters: 100_002, advice: expect.any(String) } });
  expect(structured).not.toHaveProperty('result');
  expect(text).toContain('run it again and return a part');
  expect(text).not.toContain('structuredContent.result has all');
});
