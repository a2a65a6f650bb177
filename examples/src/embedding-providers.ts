// Vectors by a provider instead of the built-in ones. What answers here is a server of our own that speaks as OpenAI
// does, so that this runs offline; with a real key and no OPENAI_BASE_URL the same settings ask OpenAI.
import assert from 'node:assert/strict';
import { embedderOf, inMemoryStore, openMemory } from '@episodica/memory-core';
import { resolveConfig } from '@episodica/memory-core/config';
import { startEmbeddingServer } from '@episodica/test-utils';

const synonyms = [
  ['flaky', 'unstable', 'intermittent'],
  ['checkout', 'till', 'purchase'],
];
const provider = await startEmbeddingServer({ protocol: 'openai', token: 'sk-example', synonyms });
const environment = {
  EMBEDDING_PROVIDER: 'openai',
  EMBEDDING_MODEL: 'test-model',
  OPENAI_BASE_URL: `${provider.url}/v1`,
  OPENAI_API_KEY: 'sk-example',
};
// As the programs read them: from files and the environment, strongest last.
const { values } = resolveConfig({ environment, platform: process.platform, home: '/' });
// A question waits this long for its vector, then its words alone are searched.
const embedder = await embedderOf(values, { queryTimeoutMs: 10_000 });
const memory = openMemory({ store: inMemoryStore(), embedder });

const { episode } = await memory.createEpisode({ description: 'Repair the flaky checkout' });
// Stored first, embedded later; this waits for it.
await memory.catchUp();
const { episodes } = await memory.search({ text: 'intermittent purchase' });
assert.equal(episodes[0]?.episode.id, episode.id);
console.log(`no word in common, and found all the same, because of`, episodes[0].why);

await provider.stop();
const byWords = await memory.search({ text: 'repair the checkout' });
assert.equal(byWords.episodes[0]?.episode.id, episode.id);
assert.match(byWords.degraded.join(), /only words were searched/u);
console.log('without the provider, by its words:', byWords.degraded.join());

const later = await memory.createEpisode({ description: 'Unstable till in the shop' });
assert.equal(later.episode.status, 'open');
const health = await memory.searchHealth();
assert.equal(health.embedder?.pending, 1);
console.log(
  `what was stored meanwhile waits for its vector: ${health.embedder.pending} of 2 by ${health.embedder.model}`,
);
await memory.close();
