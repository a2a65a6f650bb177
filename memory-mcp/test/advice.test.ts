// Recommendation, patterns and feedback, as an agent asks for them.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { baselineId } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { aBaseline, aPattern, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { remembered, startServer, temporaryFolder } from './client.ts';

const SCOPE = { project: 'test/project', domain: 'releases' };
const UNKNOWN = '0190a1b2-0000-7000-8000-000000000000';
const OTHER = { project: 'other/project', domain: 'releases' };

/** A server over a store that knows a helpful pattern, a harmful candidate, a faded one, and one of another project. */
async function startKnowing() {
  const dataDir = temporaryFolder();
  const store = await openTursoStore({ url: pathToFileURL(join(dataDir, 'memory.db')).href });
  const helpful = aPattern({
    scope: SCOPE,
    tools: ['build', 'publish'],
    standing: 'confirmed',
    support: 4,
    successes: 4,
  });
  const harmful = aPattern({ scope: SCOPE, tools: ['publish', 'build'], support: 4, successes: 0 });
  const faded = aPattern({ scope: SCOPE, tools: ['build', 'build'], standing: 'faded' });
  const elsewhere = aPattern({ scope: OTHER, tools: ['build', 'publish'] });
  const patterns = [helpful, harmful, faded, elsewhere];
  await store.write([
    put('baseline', aBaseline({ id: baselineId(SCOPE), scope: SCOPE, episodes: 10, successes: 5 })),
    put('baseline', aBaseline({ id: baselineId(OTHER), scope: OTHER, episodes: 10, successes: 5 })),
    ...patterns.map((value) => put('pattern', value, { terms: { title: value.tools, body: [...value.tools] } })),
  ]);
  await store.close();
  const ids = { helpful: helpful.id, harmful: harmful.id, faded: faded.id, elsewhere: elsewhere.id };
  return { server: await startServer(dataDir), ids };
}

const idsOf = (patterns: readonly { readonly pattern_id: string }[]): readonly string[] =>
  patterns.map(({ pattern_id }) => pattern_id);

test('a task is answered with a playbook, and feedback on it raises what helped [LE-10 LE-11 MC-02]', async () => {
  const { server, ids } = await startKnowing();
  const done = await remembered(server, { task_description: 'Publish the monthly build' });
  const { structured, text, isError } = await server.call('get_recommendation', {
    task_description: 'Publish the monthly build',
  });
  expect(isError).toBe(false);
  expect(structured).toMatchObject({
    recommendation_id: expect.any(String),
    playbook: { fit: { level: 'close' }, risk: { level: 'unknown' } },
    abstained: false,
  });
  expect(idsOf(structured.patterns)).toEqual([ids.helpful, ids.harmful]);
  expect(structured.playbook.steps).toMatchObject([{ standing: 'confirmed', pattern_ids: [ids.helpful] }]);
  expect(text).toMatch(/Fit: close\..*\nRisk: unknown\..*\nSteps:\n1\. .*confirmed, pattern/u);
  expect(text).toMatch(/WARNING: .*candidate/u);

  const feedback = await server.call('record_feedback', {
    recommendation_id: structured.recommendation_id,
    helped: [ids.helpful],
    is_success: true,
  });
  expect(feedback.structured).toEqual({
    recommendation_id: structured.recommendation_id,
    applied: [ids.helpful],
    helped: [ids.helpful],
    hindered: [],
    ignored: expect.arrayContaining([done, ids.harmful]),
    is_success: true,
  });
  expect(feedback.text).toContain('1 applied (1 helped)');
  const viewed = await server.call('list_patterns', { pattern_id: ids.helpful });
  expect(viewed.structured.patterns).toMatchObject([{ applied: 1, applied_successes: 1 }]);
});

test('a task that nothing is known of gets no steps, and says so [LE-11]', async () => {
  const server = await startServer(temporaryFolder());
  const { structured, text } = await server.call('get_recommendation', { task_description: 'Prune the orchard' });
  expect(structured).toMatchObject({ abstained: true, playbook: { steps: [], warnings: [], when_not: [] } });
  expect(text).toContain('Fit: none. Nothing is known of such a task.');
});

test('feedback that contradicts itself, or names what was not offered, is refused by its field [LE-10 MC-03]', async () => {
  const { server, ids } = await startKnowing();
  const { structured } = await server.call('get_recommendation', { task_description: 'Publish the monthly build' });
  const refusal = async (given: object): Promise<string> => {
    const { isError, text } = await server.call('record_feedback', {
      recommendation_id: structured.recommendation_id,
      ...given,
    });
    expect(isError).toBe(true);
    return text;
  };
  expect(await refusal({ helped: [ids.helpful], hindered: [ids.helpful] })).toMatch(/^INVALID_INPUT: helped/u);
  expect(await refusal({ applied: [ids.elsewhere], is_success: true })).toMatch(/^INVALID_INPUT: applied/u);
  expect(await refusal({ applied: [ids.helpful] })).toMatch(/^INVALID_INPUT: feedback: nobody says/u);
  expect(await refusal({ applied: 'all' })).toMatch(/^INVALID_INPUT: applied/u);
  expect(await refusal({ applied: ['not an id'] })).toMatch(/^INVALID_INPUT: applied/u);
});

test('patterns are listed by kind, standing, domain and project, and viewed with all that is known [LE-06 MC-02]', async () => {
  const { server, ids } = await startKnowing();
  const list = async (given: object = {}) => {
    const { structured } = await server.call('list_patterns', { ...given });
    return idsOf(structured.patterns);
  };
  expect(await list()).toEqual([ids.helpful, ids.harmful]);
  expect(await list({ standing: 'candidate' })).toEqual([ids.harmful]);
  expect(await list({ standing: 'faded' })).toEqual([ids.faded]);
  expect(await list({ kind: 'heuristic' })).toEqual([]);
  expect(await list({ domain: 'elsewhere' })).toEqual([]);
  expect(await list({ project: 'other/project' })).toEqual([ids.elsewhere]);
  expect(await list({ scope: 'all', project: 'other/project' })).toEqual([ids.elsewhere]);
  expect(await list({ scope: 'all' })).toHaveLength(3);
  const cut = await server.call('list_patterns', { limit: 1 });
  expect(cut.structured).toMatchObject({ patterns: [{ advice: 'do', standing: 'confirmed' }], left_out: 1 });
  expect(cut.text).toContain('1 more');
  const viewed = await server.call('list_patterns', { pattern_id: ids.harmful });
  expect(viewed.structured.patterns).toMatchObject([
    { pattern_id: ids.harmful, advice: 'avoid', history: [], is_contiguous: true, other_rate: expect.any(Number) },
  ]);
  const none = await server.call('list_patterns', { pattern_id: UNKNOWN });
  expect(none.text).toMatch(/^NOT_FOUND: There is no pattern "0190a1b2-/u);
});

test('a program in the sandbox sees the patterns of the project it names, whatever the scope [SB-01 RE-01]', async () => {
  const { server, ids } = await startKnowing();
  const { structured } = await server.call('execute_code', {
    code: `const ids = async (given) => (await memory.patterns(given)).map((pattern) => pattern.pattern_id);
      export default [await ids({ scope: 'all', project: 'other/project' }), await ids({ standing: 'confirmed' })];`,
  });
  expect(structured.result).toEqual([[ids.elsewhere], [ids.helpful]]);
});
