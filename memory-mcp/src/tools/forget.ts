// forget: takes episodes out of the memory, with all that came of them.
import { MemoryError } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import { episodeIdField, forgetResult, forgetText } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { defineTool, type Tool } from '../tool.ts';

/** Ids in one answer; the counts are of all. */
const MAX_TOLD_IDS = 50;
/** Ids in one call. */
const MAX_IDS = 1_000;

const fields = z.strictObject({
  episode_ids: z.array(episodeIdField).min(1).max(MAX_IDS).optional(),
  project: z.string().min(1).optional().describe('All of that project'),
  agent: z.string().min(1).optional(),
  session: z.string().min(1).optional(),
  captured_from: z.string().min(1).optional(),
  before: z.iso.datetime({ offset: true }).optional().describe('Started before this ISO time'),
  dry_run: z.boolean().optional().describe('Only tell what would go'),
});

/** Forgets episodes. */
export const forget: Tool = defineTool({
  name: 'forget',
  title: 'Forget',
  description:
    'Forgets episodes for good: by id, project, source or time; what is given must all hold. Their steps, text, ' +
    'evidence, recommendations and words in reflections of others go with them, in one commit. Call it only when the user asks for it, first with ' +
    'dry_run, and tell what would go.',
  input: fields,
  output: z.object({
    dry_run: z.boolean(),
    episodes: z.number(),
    episode_ids: z.array(z.string()).describe(`The first ${MAX_TOLD_IDS}`),
    steps: z.number(),
    evidence: z.number(),
    patterns_gone: z.number(),
    pattern_ids: z.array(z.string()),
    patterns_weakened: z.number(),
    recommendations_gone: z.number(),
    recommendations_changed: z.number(),
    reflections_changed: z.number(),
    text_entries: z.number(),
    vectors: z.number(),
  }),
  effects: { isReadOnly: false, isIdempotent: true, isDestructive: true },
  needs: 'episodes',
  changesHolding: true,
  async run(given, { services, signal }) {
    const { memory, replica } = await services.backend.get();
    // What others wrote since is to go as well, or it would seem that nothing is left.
    await replica?.sync();
    const result = forgetResult(await memory.forget(toFilter(given), { signal, dryRun: given.dry_run }));
    const { episode_ids, pattern_ids } = result;
    const structured = {
      ...result,
      episode_ids: episode_ids.slice(0, MAX_TOLD_IDS),
      pattern_ids: pattern_ids.slice(0, MAX_TOLD_IDS),
    };
    return { structured, text: forgetText(result) };
  },
});

function toFilter({
  episode_ids,
  captured_from,
  before,
  dry_run: _dryRun,
  ...same
}: z.output<typeof fields>): EpisodeFilter {
  const given = Object.entries({ ids: episode_ids, capturedFrom: captured_from, until: before, ...same });
  const filter = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  if (Object.keys(filter).length === 0) {
    throw new MemoryError(
      'INVALID_INPUT',
      'forget: name what to forget: episode_ids, project, agent, session, captured_from or before.',
    );
  }
  return filter;
}
