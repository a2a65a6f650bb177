// Hits of a search as a model reads them: one short paragraph each, best first.
import type { EpisodeItem, FixItem, PatternItem } from '@episodica/memory-core/wire';
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

/** What made the asked error good before, for output schemas. */
export const fixItemSchema: z.ZodType = z.object({
  episode_id: z.string(),
  failed_step: z.number(),
  fix_steps: z.array(z.number()),
  text: z.string(),
  match: z.number(),
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

/** Fixes as lines: what an agent that sees this error wants to read before anything else. */
export function fixLines(fixes: readonly FixItem[]): readonly string[] {
  return fixes.map((fix) => `Known fix (episode ${fix.episode_id}): ${fix.text}`);
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
  const warning = typeof item.warning === 'string' ? 'WARNING, failed attempt: ' : '';
  const difference = typeof item.difference === 'string' ? `\n   - ${item.difference}` : '';
  return `${warning}${item.task_description}${project} — ${item.summary ?? ''} ${id}${difference}${lessons}`;
}
