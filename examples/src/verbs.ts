// The verbs of the library in the order in which one meets them. docs/library.md shows this program part by part.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const folder = mkdtempSync(join(tmpdir(), 'episodica-'));

// #region open
import { pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore } from '@episodica/memory-storage-turso';

const store = await openTursoStore({ url: pathToFileURL(join(folder, 'memory.db')).href });
const cache = await openLmdbCache({ path: join(folder, 'cache') });
const memory = openMemory({ store, cache, project: 'shop', actor: 'my-agent' });
// #endregion

// #region begin
const { episode, related } = await memory.createEpisode({
  description: 'Fix the login test',
  domain: 'auth',
  taskType: 'debugging',
  language: 'typescript',
  files: ['src/login.ts'],
});
// #endregion
assert.deepEqual(related.episodes, []);

// #region steps
const message = 'TypeError: token is undefined';
await memory.addStep(episode.id, { tool: 'bash', action: 'npm test', result: { type: 'error', message } });
await memory.addSteps(episode.id, [
  { tool: 'edit', action: 'await the token in login.ts', key: 'edit-1' },
  { tool: 'bash', action: 'npm test', result: { type: 'success', output: '12 passed' }, key: 'test-2' },
]);
// #endregion

// #region complete
const { reward, reflection } = await memory.completeEpisode(episode.id, {
  kind: 'success',
  verdict: 'The token is awaited.',
});
// #endregion
assert.ok(reward.total > 0.5);
console.log(`reward ${reward.total.toFixed(2)}; ${reflection.insights[0]}`);

// #region hint
const next = await memory.createEpisode({ description: 'Fix the test of the sign-up', domain: 'auth' });
const { hints } = await memory.addStep(next.episode.id, {
  tool: 'bash',
  action: 'npm test',
  result: { type: 'error', message: 'TypeError: token is undefined\n    at signUp (src/sign-up.ts:40:7)' },
});
// #endregion
assert.equal(hints[0]?.episodeId, episode.id);
console.log(`hint: ${hints[0].text}`);

// #region search
const found = await memory.search({
  text: 'login test fails, token is undefined',
  outcome: 'success',
  situation: { files: ['src/login.ts'] },
  limit: 3,
});
for (const hit of found.episodes) console.log(hit.score.toFixed(2), hit.episode.description, hit.why);
if (found.isAbstained) console.log('nothing that is remembered has to do with it');
for (const reason of found.degraded) console.log(`less complete than it could be: ${reason}`);
// #endregion
const [best] = found.episodes;
assert.equal(best?.episode.id, episode.id);
const sum = Object.values(best.why).reduce((total, part) => total + part, 0);
assert.ok(Math.abs(sum - best.score) < 1e-9);
assert.ok((await memory.search({ text: 'glacier sediment cores' })).isAbstained);

// #region look
const stored = await memory.getEpisode(episode.id);
const steps = await memory.getSteps(episode.id);
for await (const each of memory.listEpisodes({ domain: 'auth', order: 'newest', limit: 20 })) {
  console.log(each.startedAt, each.status, each.description);
}
// #endregion
assert.equal(stored?.status, 'completed');
assert.equal(steps.map(({ number }) => number).join(), '1,2,3');

// #region count
const { groups } = await memory.aggregate({ of: 'steps', groupBy: ['tool'], measures: ['error_rate'] });
// #endregion
assert.equal(groups.length, 2);

// #region change
await memory.updateEpisode(episode.id, { tags: { add: ['flaky'] } });
const planned = await memory.forget({ ids: [next.episode.id] }, { dryRun: true });
await memory.forget({ ids: [next.episode.id] }, { expected: planned.episodes });
// #endregion
assert.deepEqual((await memory.getEpisode(episode.id))?.tags, ['flaky']);
assert.equal(await memory.getEpisode(next.episode.id), undefined);
await memory.close();
