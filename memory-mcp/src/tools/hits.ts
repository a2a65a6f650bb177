// Hits of a search as a model reads them, and what output schemas say of them.
import { fixLine, type HitItem, hitLines, nameText, type QueryResult, scoreText } from '@episodica/memory-core/wire';
import * as z from 'zod';

/** Any hit, for output schemas: later versions add fields. */
export const episodeItemSchema: z.ZodType = z.looseObject({
  episode_id: z.string(),
  score: z.number(),
  why: z.record(z.string(), z.number()),
});

/** Any pattern, for output schemas. */
export const patternItemSchema: z.ZodType = z.looseObject({
  pattern_id: z.string(),
  score: z.number(),
  why: z.record(z.string(), z.number()),
});

/** What made the asked error good before, for output schemas. */
export const fixItemSchema: z.ZodType = z.object({
  episode_id: z.string(),
  failed_step: z.number(),
  fix_steps: z.array(z.number()),
  text: z.string(),
  match: z.number(),
});

/** Fixes, a line each, then hits as numbered paragraphs. */
export function foundText({ fixes }: Pick<QueryResult, 'fixes'>, hits: readonly HitItem[]): readonly string[] {
  const paragraphs = hits.map((hit, index) => [`${index + 1}. ${headOf(hit)}`, ...hitLines(hit)].join('\n   '));
  return [...fixes.map(fixLine), ...paragraphs];
}

function headOf(hit: HitItem): string {
  if ('pattern_id' in hit) return `pattern ${hit.pattern_id}, score ${scoreText(hit.score)}`;
  const project = typeof hit.project === 'string' ? ` [${nameText(hit.project)}]` : '';
  return `episode ${hit.episode_id}${project}, score ${scoreText(hit.score)}`;
}
