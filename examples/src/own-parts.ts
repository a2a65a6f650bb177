// Parts of one's own in place of those that come with it: who makes vectors, who reflects, what is kept near, whose time.
import assert from 'node:assert/strict';
import { guardedEmbedder, inMemoryCache, inMemoryStore, MemoryError, openMemory } from '@episodica/memory-core';

// #region embedder
import type { Embedder } from '@episodica/memory-core/ports';

const SUBJECTS = [
  ['login', 'sign-in', 'password'],
  ['invoice', 'bill', 'payment'],
];
/** Knows two subjects and their synonyms; a model would know more. */
const subjects: Embedder = {
  model: 'subjects/1',
  isRemote: false,
  maxBatch: 100,
  noise: 0.5,
  async embed(texts) {
    return texts.map((text) => {
      const counts = SUBJECTS.map((words) => words.filter((word) => text.toLowerCase().includes(word)).length);
      // A direction of its own for what is about neither, so that it is near to nothing.
      const vector = [...counts, counts.some((count) => count > 0) ? 0 : 1];
      const length = Math.hypot(...vector);
      return Float32Array.from(vector, (value) => value / length);
    });
  },
};

// #endregion

// #region reflector
import type { Reflector } from '@episodica/memory-core/ports';

const reviewer: Reflector = {
  name: 'reviewer/1',
  async reflect({ episode, steps }) {
    if (steps.length === 0)
      throw new MemoryError('REFLECTOR_FAILED', `Episode ${episode.id} has no steps to reflect on.`);
    const tools = steps.map(({ tool }) => tool).join(', ');
    return { successes: [], improvements: [], insights: [`A reviewer says: ${tools} was the way.`] };
  },
};
// #endregion

// #region open
const clock = (): number => Date.parse('2031-05-01T12:00:00Z');
const memory = openMemory({
  store: inMemoryStore({ now: clock }),
  cache: inMemoryCache({ maxEntries: 1_000 }),
  embedder: guardedEmbedder(subjects, { timeoutMs: 10_000 }),
  reflector: reviewer,
  clock,
});
// #endregion

const { episode } = await memory.createEpisode({ description: 'Let people reset the password' });
await memory.addStep(episode.id, { tool: 'edit', action: 'reset.ts' });
const completed = await memory.completeEpisode(episode.id, { kind: 'success' });
assert.equal(completed.endedAt, '2031-05-01T12:00:00.000Z');

// #region catch-up
// Vectors and a reflector's lessons come behind the answer; nobody has to wait for them, and this does.
await memory.catchUp();
// #endregion
const told = await memory.getEpisode(episode.id);
assert.ok(told?.status === 'completed');
assert.equal(told.reflection.by, 'reviewer/1');
console.log(told.reflection.insights[0]);

const { episodes } = await memory.search({ text: 'sign-in' });
assert.equal(episodes[0]?.episode.id, episode.id);
console.log('found by its subject, without a word in common:', episodes[0].why);
assert.ok((await memory.search({ text: 'glacier sediment cores' })).isAbstained);
await memory.close();
