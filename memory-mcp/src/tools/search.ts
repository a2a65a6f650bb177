// query_memory: what earlier attempts teach about a task, a question or an error.
import { hitsOf, queryResult, queryShape, restLines, toSearchQuery } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { defineTool, type Tool } from '../tool.ts';
import { episodeItemSchema, fixItemSchema, foundText, patternItemSchema } from './hits.ts';

/** Size of an answer where the caller names none. */
export const DEFAULT_MAX_TOKENS = 2_000;

/** Searches episodes and patterns. */
export const queryMemory: Tool = defineTool({
  name: 'query_memory',
  title: 'Query memory',
  description:
    'Finds earlier episodes (tasks with their outcome and lessons) and patterns that help with a task, a question or ' +
    'an error. Call it before planning a task, when an error looks like one seen before, or before repeating an ' +
    'approach. Put the task or the exact error text into query; narrow with filters; scope "all" looks beyond this ' +
    'project. abstained=true means that nothing stored matches: do not invent experience. Your own open episodes are left out.',
  input: z.strictObject(queryShape),
  output: z.object({
    fixes: z.array(fixItemSchema),
    episodes: z.array(episodeItemSchema),
    patterns: z.array(patternItemSchema),
    abstained: z.boolean(),
    degraded: z.array(z.string()),
    notes: z.array(z.string()),
    left_out: z.number(),
    took_ms: z.number(),
  }),
  effects: { isReadOnly: true, isIdempotent: true },
  async run(given, { services, connection, signal }) {
    const startedMs = performance.now();
    const { memory } = await services.backend.get();
    const query = { ...toSearchQuery(given), except: connection.openEpisodes.ids() };
    const found = await memory.search(query, { signal });
    const result = queryResult(found, {
      detail: given.detail ?? 'summary',
      maxTokens: given.max_tokens ?? DEFAULT_MAX_TOKENS,
    });
    const structured = { ...result, took_ms: Math.round((performance.now() - startedMs) * 100) / 100 };
    return { structured, text: [...foundText(result, hitsOf(result)), ...restLines(result, 'max_tokens')].join('\n') };
  },
});
