// A program: one process that does one thing to an episode when it is told to, at the same time as another.
import type { OutcomeInput } from '@episodica/memory-core';
import { isMemoryError } from '@episodica/memory-core';
import { openPlace } from './place.ts';

export interface Race {
  readonly episodeId: string;
  readonly deed: 'step' | 'complete';
  /** Turns of its event loop before it begins, so that now one process is the first and now the other. */
  readonly headStart: number;
  readonly outcome: OutcomeInput;
}

/** What came of it: the error's code, or nothing. */
export interface Finish {
  readonly code?: string;
}

const [, , folder = ''] = process.argv;
const { memory } = await openPlace(folder);

process.on('message', async (race: Race) => {
  for (let turn = 0; turn < race.headStart; turn += 1) await new Promise((resolve) => setImmediate(resolve));
  process.send?.(await run(race));
});
process.on('disconnect', () => process.exit(0));
process.send?.({});

async function run({ episodeId, deed, outcome }: Race): Promise<Finish> {
  try {
    if (deed === 'step') await memory.addStep(episodeId, { tool: 'bash', action: 'npm test' });
    else await memory.completeEpisode(episodeId, outcome);
    return {};
  } catch (error) {
    return { code: isMemoryError(error) ? error.code : String(error) };
  }
}
