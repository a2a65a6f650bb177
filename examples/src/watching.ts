// What a memory tells of itself: figures, messages, and how far its background work is.
import assert from 'node:assert/strict';
import { inMemoryCache, inMemoryStore, openMemory } from '@episodica/memory-core';

// #region figures
import { measuredCache, measuredStore, metricsRegistry, prometheusText } from '@episodica/memory-core/metrics';

const metrics = metricsRegistry();
metrics.gauge('resident_bytes', () => process.memoryUsage.rss());
const store = measuredStore(inMemoryStore(), metrics);
const cache = measuredCache(inMemoryCache(), metrics);

// #endregion

// #region messages
import type { Logger } from '@episodica/memory-core/ports';

const told: string[] = [];
const line = (level: string) => (fields: object, message: string) => {
  told.push(JSON.stringify({ level, message, ...fields }));
};
const logger: Logger = { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
const memory = openMemory({ store, cache, logger });
// #endregion

for (const description of ['Weigh the parcels', 'Weigh the pallets']) {
  const { episode } = await memory.createEpisode({ description });
  await memory.completeEpisode(episode.id, { kind: 'success' });
}
await memory.search({ text: 'weigh parcels' });

// #region health
await memory.learnPending();
const { pending } = await memory.learningHealth();
const { index, embedder } = await memory.searchHealth();
// #endregion
console.log({ pending, index, embedder });
assert.equal(pending, 0);

// #region snapshot
const snapshot = await metrics.snapshot();
const text = prometheusText(snapshot);
// #endregion
const writes = snapshot.timers.find(({ name, labels }) => name === 'store_operation' && labels.operation === 'write');
assert.ok(writes !== undefined && writes.count >= 4);
assert.match(text, /operation="write"/u);
console.log(`${writes.count} writes`);
assert.ok(told.every((each) => !each.includes('parcels')));
await memory.close();
