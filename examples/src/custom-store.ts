// A memory over a store of one's own: see log-file-store.ts. That it keeps every law of the port is a test's matter.
import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openMemory } from '@episodica/memory-core';
import { openLogFileStore } from './log-file-store.ts';

const path = join(mkdtempSync(join(tmpdir(), 'episodica-')), 'memory.jsonl');
const memory = openMemory({ store: await openLogFileStore(path) });
const { episode } = await memory.createEpisode({ description: 'Teach the importer to skip blank lines' });
await Promise.all(['read', 'edit', 'test'].map((tool) => memory.addStep(episode.id, { tool, action: `${tool} it` })));
await memory.completeEpisode(episode.id, { kind: 'success', verdict: 'Blank lines are skipped.' });
await assert.rejects(memory.addStep(episode.id, { tool: 'edit', action: 'once more' }), { code: 'INVALID_STATE' });
await memory.close();
await assert.rejects(memory.search({ text: 'importer' }), { code: 'CLOSED' });

const reopened = openMemory({ store: await openLogFileStore(path) });
const { episodes, degraded } = await reopened.search({ text: 'importer blank lines' });
const steps = await reopened.getSteps(episode.id);
await reopened.close();
assert.equal(episodes[0]?.episode.id, episode.id);
assert.deepEqual(episodes[0].episode.status, 'completed');
assert.deepEqual(
  steps.map(({ number }) => number),
  [1, 2, 3],
);
assert.match(degraded.join(), /no text index/u);
console.log(`${path} holds ${readFileSync(path, 'utf8').trim().split('\n').length} writes and gave everything back`);
console.log(`the search says what it could not do: ${degraded.join()}`);
