// list_episodes, get_episode, update_episode: what is stored, as it is stored.

import { inMemoryStore } from '@episodica/memory-core';
import { aCompletedEpisode, anEpisode, aStep, put } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { type InProcessClient, startInProcess } from './in-process.ts';

const HERE = { project: 'test/project' };

const idsOf = (episodes: readonly { readonly episode_id: string }[]): readonly string[] =>
  episodes.map(({ episode_id }) => episode_id);

/** Ids of all pages; fails where a page brings nothing. */
async function allPages(server: InProcessClient, given: Record<string, unknown>): Promise<readonly string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined; ; ) {
    const { structured } = await server.call('list_episodes', {
      ...given,
      ...(cursor === undefined ? {} : { cursor }),
    });
    expect(structured.episodes.length).toBeGreaterThan(0);
    ids.push(...idsOf(structured.episodes));
    cursor = structured.next_cursor;
    if (cursor === undefined) return ids;
  }
}

test('episodes are listed newest first, in pages that miss and repeat none, also where the page ends by size or its last one is forgotten [EP-05] [MC-01]', async () => {
  const store = inMemoryStore();
  const server = await startInProcess({ store });
  const startedAt = '2026-11-20T10:00:00.000Z';
  // Two thirds begin at the same moment: then the ids decide.
  const episodes = Array.from({ length: 30 }, (_, index) =>
    anEpisode({ ...HERE, description: 'x'.repeat(1_000), ...(index % 3 === 0 ? {} : { startedAt }) }),
  );
  await store.write(episodes.map((episode) => put('episode', episode)));
  const byNewest = [...episodes].sort((a, b) => (a.startedAt + a.id < b.startedAt + b.id ? 1 : -1)).map(({ id }) => id);
  expect(await allPages(server, { limit: 7 })).toEqual(byNewest);
  expect(await allPages(server, { max_tokens: 400 })).toEqual(byNewest);
  const first = await server.call('list_episodes', { limit: 7 });
  await server.call('forget', { episode_ids: [byNewest[6]] });
  const { structured } = await server.call('list_episodes', { limit: 1, cursor: first.structured.next_cursor });
  expect(idsOf(structured.episodes)).toEqual([byNewest[7]]);
});

test('episodes are listed by project, domain, type, status, outcome, tags and time [EP-05] [MC-01]', async () => {
  const store = inMemoryStore();
  const server = await startInProcess({ store });
  const open = anEpisode({ ...HERE, domain: 'auth', taskType: 'testing', startedAt: '2026-11-20T10:00:00.000Z' });
  const done = aCompletedEpisode({ ...HERE, tags: ['red', 'late'], startedAt: '2026-11-21T10:00:00.000Z' });
  const elsewhere = anEpisode({ project: 'other', startedAt: '2026-11-19T10:00:00.000Z' });
  await store.write([open, done, elsewhere].map((episode) => put('episode', episode)));
  const listed = async (given: Record<string, unknown>) =>
    idsOf((await server.call('list_episodes', given)).structured.episodes);
  expect(await listed({})).toEqual([done.id, open.id]);
  expect(await listed({ scope: 'all' })).toEqual([done.id, open.id, elsewhere.id]);
  expect(await listed({ project: 'other' })).toEqual([elsewhere.id]);
  expect(await listed({ domain: 'auth' })).toEqual([open.id]);
  expect(await listed({ task_type: 'testing' })).toEqual([open.id]);
  expect(await listed({ status: 'open' })).toEqual([open.id]);
  expect(await listed({ outcome: 'success' })).toEqual([done.id]);
  expect(await listed({ tags: ['RED', 'late'] })).toEqual([done.id]);
  expect(await listed({ tags: ['red', 'early'] })).toEqual([]);
  expect(await listed({ since: '2026-11-21T00:00:00Z' })).toEqual([done.id]);
  expect(await listed({ until: '2026-11-21T00:00:00Z' })).toEqual([open.id]);
});

test('an episode is read whole, its steps in pages, and a long text in full when asked for [EP-05] [MC-01]', async () => {
  const store = inMemoryStore();
  const server = await startInProcess({ store });
  const episode = aCompletedEpisode({ project: 'other', metadata: { ticket: 7 } });
  const output = `${'a😀'.repeat(20_000)}end`;
  const steps = Array.from({ length: 5 }, (_, index) =>
    aStep({ episodeId: episode.id, action: `act ${index + 1}`, result: { type: 'success', output } }),
  );
  await store.write([put('episode', episode), ...steps.map((step) => put('step', step))]);
  const episode_id = episode.id;
  const { structured, text } = await server.call('get_episode', { episode_id });
  expect(structured).toMatchObject({
    episode_id,
    project: 'other',
    metadata: { ticket: 7 },
    outcome: { kind: 'success' },
    reward: { total: 0.9 },
    reflection: { successes: [expect.any(String)] },
  });
  expect(structured.steps.map(({ action }: { action: string }) => action)).toEqual(steps.map(({ action }) => action));
  expect(structured).not.toHaveProperty('next_step');
  const cut = structured.steps[0].result.output;
  expect(cut).toMatch(/… \(\d+ more characters\)$/u);
  expect(cut).not.toMatch(/\p{Cs}/u);
  expect(text).toContain('act 5');
  const paged = await server.call('get_episode', { episode_id, steps_from: 2, steps_limit: 2 });
  expect(paged.structured.steps).toMatchObject([{ step_number: 2 }, { step_number: 3 }]);
  expect(paged.structured.next_step).toBe(4);
  expect(paged.text).toContain('steps_from 4');
  const small = await server.call('get_episode', { episode_id, max_tokens: 1_000 });
  expect(small.structured.steps.length).toBeLessThan(5);
  expect(small.structured.next_step).toBe(small.structured.steps.length + 1);
  const whole = await server.call('get_episode', {
    episode_id,
    steps_from: 5,
    max_chars: 100_000,
    max_tokens: 100_000,
  });
  expect(whole.structured.steps).toMatchObject([{ step_number: 5, result: { output } }]);
  const { note } = whole.structured;
  expect(note).toBeUndefined();
  // What does not fit is cut by as little as the size asks for, and whoever reads it is told which size that is.
  const less = await server.call('get_episode', { episode_id, steps_from: 5, max_chars: 100_000 });
  expect(JSON.stringify(less.structured).length).toBeGreaterThan(4_000);
  expect(less.structured.note).toBe('Texts are cut to fit max_tokens 4000; raise it to see more.');
  expect(less.text).toContain(less.structured.note);
  expect((await server.call('get_episode', { episode_id, steps_limit: 0 })).structured.steps).toEqual([]);
  const none = await server.call('get_episode', { episode_id: '0190a1b2-0000-7000-8000-000000000000' });
  expect(none).toMatchObject({ isError: true, text: expect.stringMatching(/^NOT_FOUND: .*list_episodes/u) });
});

test('description, tags and metadata of an episode are changed, and a change that is refused changes nothing [EP-05] [EP-08]', async () => {
  const store = inMemoryStore();
  const server = await startInProcess({ store });
  const episode = anEpisode({ ...HERE, tags: ['red'], metadata: { old: true } });
  await store.write([put('episode', episode)]);
  const episode_id = episode.id;
  const changed = await server.call('update_episode', {
    episode_id,
    task_description: 'Mend the parser',
    add_tags: ['Late'],
    remove_tags: ['red'],
    metadata: { ticket: 8 },
  });
  expect(changed.structured).toMatchObject({ episode_id, task_description: 'Mend the parser', tags: ['late'] });
  const [stored] = await store.getMany('episode', [episode_id]);
  expect(stored).toMatchObject({ description: 'Mend the parser', tags: ['late'], metadata: { ticket: 8 } });
  const refused = await server.call('update_episode', { episode_id, task_description: 'Other', set_tags: ['!'] });
  expect(refused).toMatchObject({ isError: true, text: expect.stringMatching(/^INVALID_INPUT: /u) });
  expect(await store.getMany('episode', [episode_id])).toEqual([stored]);
  const tags = { set_tags: ['blue'] };
  expect((await server.call('update_episode', { episode_id, ...tags })).structured.tags).toEqual(['blue']);
});

test('without a text the memory answers what the filters let through, newest first [RE-01] [MC-01]', async () => {
  const store = inMemoryStore();
  const server = await startInProcess({ store });
  const days = ['2026-11-18', '2026-11-20', '2026-11-19'];
  const episodes = days.map((day) =>
    aCompletedEpisode({ ...HERE, domain: 'auth', description: `Task of ${day}`, startedAt: `${day}T10:00:00.000Z` }),
  );
  await store.write(episodes.map((episode) => put('episode', episode)));
  const { structured } = await server.call('query_memory', { domain: 'auth' });
  expect(structured.episodes.map((hit: { started_at: string }) => hit.started_at.slice(0, 10))).toEqual(
    [...days].sort().reverse(),
  );
  const none = await server.call('query_memory', { limit: 3 });
  expect(none).toMatchObject({ isError: true, text: expect.stringMatching(/^INVALID_INPUT: .*filter/u) });
});

test('many steps in one call are one commit; repeated with a key they are stored once, and the rest is added [EP-13] [EP-02]', async () => {
  const store = inMemoryStore();
  const server = await startInProcess({ store });
  const { structured } = await server.call('create_episode', { task_description: 'Mend the login' });
  const { episode_id } = structured;
  const steps = ['a', 'b', 'c'].map((step_key) => ({ tool: 'bash', action: `run ${step_key}`, step_key }));
  let commits = 0;
  const { write } = store;
  store.write = async (batch, options) => {
    const receipt = await write.call(store, batch, options);
    commits += batch.some((one) => one.op === 'put' && one.kind === 'step') ? 1 : 0;
    return receipt;
  };
  const first = await server.call('add_step', { episode_id, steps: steps.slice(0, 2) });
  expect(first.structured.step_numbers).toEqual([1, 2]);
  expect(commits).toBe(1);
  const again = await server.call('add_step', { episode_id, steps });
  expect(again.structured.step_numbers).toEqual([1, 2, 3]);
  expect(commits).toBe(2);
  const bad = [
    { tool: 'bash', action: 'fine' },
    { tool: 'bash', action: '' },
  ];
  expect((await server.call('add_step', { episode_id, steps: bad })).isError).toBe(true);
  expect((await server.call('get_episode', { episode_id })).structured.steps).toHaveLength(3);
});
