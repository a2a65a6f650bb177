// memory.steps: what was done, over one episode or many.
import { stepResult } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { cutTexts } from './cut.ts';
import { idsIn, oneOrManyIds } from './ids.ts';
import { argument, type CodeModeMethod, json } from './method.ts';
import { fillingPage, pageBehind } from './pages.ts';
import { isSeen, notSeen, placeShape, visible } from './place.ts';
import { stepRow } from './rows.ts';

/** Episodes whose steps are read at once. */
const CHUNK = 100;

const stepsArguments = z.strictObject(placeShape);

/** The options, and behind which step to go on. */
const continued = z.strictObject({
  options: stepsArguments,
  from: z.strictObject({ episode_id: z.string(), step_number: z.int().min(0) }),
});

/** Lists steps in pages. */
export const steps: CodeModeMethod = {
  name: 'steps',
  effect: 'read',
  isPaged: true,
  doc: 'The steps of one episode, or of all in an array of ids (at most 1,000) as one list, the oldest episode first; of ids that are not there, none.',
  parameters: [
    { name: 'id', schema: oneOrManyIds, isOptional: false },
    { name: 'options', schema: stepsArguments, isOptional: true },
  ],
  result: z.array(stepRow),
  example: "const errors = (await memory.steps(ids)).filter(({ result }) => result.type === 'error');",
  async call([given, options], { backend, signal }) {
    const method = 'memory.steps';
    const behind = pageBehind(continued, options);
    const asked = behind?.options ?? argument(stepsArguments, options ?? {}, method);
    const from = behind?.from;
    const all = idsIn(given, method);
    const opened = await backend();
    const page = fillingPage();
    // In the order in which a store scans them, so that a page knows where it ended.
    const left = [...new Set(all)].sort().filter((id) => from === undefined || id >= from.episode_id);
    for (let done = 0; done < left.length; done += CHUNK) {
      const ids = await seenOf(left.slice(done, done + CHUNK));
      if (ids.length === 0 && !Array.isArray(given)) throw notSeen({ id: all[0] ?? '', place: asked, method }, opened);
      if (ids.length === 0) continue;
      for await (const step of opened.memory.listSteps({ episodeIds: ids }, { signal })) {
        if (step.episodeId === from?.episode_id && step.number <= from.step_number) continue;
        page.add(cutTexts(json({ episode_id: step.episodeId, ...stepResult(step) }), asked.max_chars));
        if (!page.isFull) continue;
        return page.ended(json({ options: asked, from: { episode_id: step.episodeId, step_number: step.number } }));
      }
    }
    return page.ended(null);

    async function seenOf(ids: readonly string[]): Promise<readonly string[]> {
      const bounds = visible(asked, opened);
      const found = await opened.memory.getEpisodes(ids, { signal });
      return found.flatMap((episode) => (episode !== undefined && isSeen(episode, bounds) ? [episode.id] : []));
    }
  },
};
