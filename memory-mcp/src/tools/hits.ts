// Hits of a search as a model reads them: one short paragraph each, best first.
import type { EpisodeItem, PatternItem } from '@episodica/memory-core/wire';
import { z } from 'zod';

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

/** Episodes and patterns in one list, best first. */
export function byScore(found: {
  readonly episodes: readonly EpisodeItem[];
  readonly patterns: readonly PatternItem[];
}): readonly (EpisodeItem | PatternItem)[] {
  return [...found.episodes, ...found.patterns].sort((a, b) => b.score - a.score);
}

/** Hits as numbered lines. */
export function hitLines(items: readonly (EpisodeItem | PatternItem)[]): readonly string[] {
  return items.map((item, index) => `${index + 1}. ${isPattern(item) ? patternLine(item) : episodeLine(item)}`);
}

function isPattern(item: EpisodeItem | PatternItem): item is PatternItem {
  return 'pattern_id' in item;
}

function patternLine(item: PatternItem): string {
  const id = `(pattern ${item.pattern_id}, score ${item.score})`;
  return typeof item.statement === 'string' ? `pattern: ${item.statement} ${id}` : id;
}

function episodeLine(item: EpisodeItem): string {
  const id = `(episode ${item.episode_id}, score ${item.score})`;
  if (typeof item.task_description !== 'string') return id;
  const lessons = Array.isArray(item.lessons) ? item.lessons.map((lesson) => `\n   - ${lesson}`).join('') : '';
  const project = typeof item.project === 'string' ? ` [${item.project}]` : '';
  return `${item.task_description}${project} — ${item.summary ?? ''} ${id}${lessons}`;
}
