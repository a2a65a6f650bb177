// A store with as many episodes as are asked for, each with its steps, made fast: a thousand in a batch.
import { type Memory, uuidV7Source } from '@episodica/memory-core';
import type { MemoryStore, Put } from '@episodica/memory-core/ports';
import { generatedEpisode, generatedStep, seededRandom } from './corpus.ts';

const BATCH = 1_000;
const STEPS_EACH = 3;

/** `count` more episodes in `store`, which `memory` is over, indexed as well; answers some of their ids. */
export async function fill(store: MemoryStore, memory: Memory, count: number): Promise<readonly string[]> {
  const random = seededRandom(count);
  const newId = uuidV7Source(Date.now);
  const at = new Date().toISOString();
  let ids: readonly string[] = [];
  for (let made = 0; made < count; made += BATCH) {
    const inputs = Array.from({ length: Math.min(BATCH, count - made) }, () => generatedEpisode(random));
    ids = (await memory.createEpisodes(inputs)).map(({ id }) => id);
    const puts = ids.flatMap((episodeId) =>
      Array.from({ length: STEPS_EACH }, (): Put<'step'> => {
        const { tool, action } = generatedStep(random);
        const result = { type: 'success', output: `${action}: done` } as const;
        const value = {
          id: newId(),
          version: 1,
          episodeId,
          number: 0,
          at,
          tool,
          action,
          parameters: {},
          result,
        } as const;
        return { op: 'put', kind: 'step', value };
      }),
    );
    await store.write(puts);
  }
  // So that nothing is learnt, embedded and indexed while something else is timed.
  await memory.catchUp();
  return ids;
}
