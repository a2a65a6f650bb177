// One episode, from the task to the question that finds it again.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore } from '@episodica/memory-storage-turso';

const folder = mkdtempSync(join(tmpdir(), 'episodica-'));
const store = await openTursoStore({ url: pathToFileURL(join(folder, 'memory.db')).href });
const cache = await openLmdbCache({ path: join(folder, 'cache') });
const memory = openMemory({ store, cache, project: 'shop' });

const { episode } = await memory.createEpisode({ description: 'Fix the login test', domain: 'auth' });
const error = 'TypeError: token is undefined';
await memory.addStep(episode.id, { tool: 'bash', action: 'npm test', result: { type: 'error', message: error } });
await memory.addStep(episode.id, { tool: 'edit', action: 'await the token in login.ts' });
await memory.addStep(episode.id, { tool: 'bash', action: 'npm test' });
const { reward, reflection } = await memory.completeEpisode(episode.id, { kind: 'success' });
console.log(`reward ${reward.total.toFixed(2)}; ${reflection.insights[0]}`);

const { episodes } = await memory.search({ text: error });
assert.equal(episodes[0]?.episode.id, episode.id);
console.log(`found "${episodes[0].episode.description}" because of`, episodes[0].why);
await memory.close();
