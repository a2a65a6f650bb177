// The memory as a program in the sandbox sees it: read-only, in the words and forms of the tools.
import { type Episode, type Json, type ListedPatterns, MemoryError, PATTERN_KINDS } from '@episodica/memory-core';
import type { EpisodeFilter, PatternFilter } from '@episodica/memory-core/ports';
import {
  episodeDetailResult,
  episodeResult,
  patternItem,
  queryResult,
  queryShape,
  stepResult,
  toSearchQuery,
} from '@episodica/memory-core/wire';
import { z } from 'zod';
import { checkedArguments } from './arguments.ts';
import type { HostApi } from './sandbox/sandbox.ts';
import type { Backend } from './services.ts';
import { DEFAULT_MAX_TOKENS } from './tools/search.ts';

/** Episodes, or patterns, of one answer. The sandbox bounds its bytes besides (`MAX_ANSWER_BYTES`). */
const MAX_LISTED = 1_000;

const listed = z.int().min(1).max(MAX_LISTED).default(MAX_LISTED);

const searchArguments = z.strictObject(queryShape);

const episodesArguments = z.strictObject({
  project: queryShape.project,
  scope: queryShape.scope,
  domain: queryShape.domain,
  task_type: queryShape.task_type,
  outcome: queryShape.outcome,
  tags: queryShape.tags,
  since: queryShape.since,
  until: queryShape.until,
  status: z.enum(['open', 'completed']).optional(),
  limit: listed,
});

const patternsArguments = z.strictObject({
  project: queryShape.project,
  scope: queryShape.scope,
  domain: queryShape.domain,
  kind: z.enum(PATTERN_KINDS).optional(),
  standing: z.enum(['confirmed', 'candidate', 'faded']).optional(),
  limit: listed,
});

const episodeId = z.string().min(1);

/**
 * `memory.search(query)`, `memory.episodes(filter)`, `memory.episode(id)`, `memory.steps(id)` and
 * `memory.patterns(filter)`; the memory is opened by the first call.
 */
export function hostApi(openBackend: () => Promise<Backend>): HostApi {
  return {
    async search([query], { signal }) {
      const given = typeof query === 'string' ? { query } : query;
      const asked = checkedArguments(searchArguments, given, 'memory.search');
      const { memory } = await openBackend();
      const found = await memory.search(toSearchQuery(asked), { signal });
      const maxTokens = asked.max_tokens ?? DEFAULT_MAX_TOKENS;
      return json(queryResult(found, { detail: asked.detail ?? 'summary', maxTokens }));
    },
    async episodes([filter], { signal }) {
      const asked = checkedArguments(episodesArguments, filter ?? {}, 'memory.episodes');
      const backend = await openBackend();
      const results: Json[] = [];
      for await (const episode of backend.memory.listEpisodes(toEpisodeFilter(asked, backend), { signal })) {
        results.push(json(episodeResult(episode)));
      }
      return results;
    },
    async episode([id], { signal }) {
      const backend = await openBackend();
      const episode = await existing(backend, checkedArguments(episodeId, id, 'memory.episode'), signal);
      return json(episodeDetailResult(episode, await backend.memory.getSteps(episode.id, { signal })));
    },
    async steps([id], { signal }) {
      const { memory } = await openBackend();
      const steps = await memory.getSteps(checkedArguments(episodeId, id, 'memory.steps'), { signal });
      return steps.map((step) => json(stepResult(step)));
    },
    async patterns([filter], { signal }) {
      const asked = checkedArguments(patternsArguments, filter ?? {}, 'memory.patterns');
      const backend = await openBackend();
      const hits = await backend.memory.listPatterns(toPatternFilter(asked, backend), { signal });
      return hits.slice(0, asked.limit).map((hit) => json(patternItem(hit, 'full')));
    },
  };
}

/** What is asked for, by project. */
export interface Place {
  readonly project?: string | undefined;
  readonly scope?: 'project' | 'all' | undefined;
}

/** What can be seen: as in a search, the project asked for or worked in, and what belongs to none. */
export function visible(
  { project, scope }: Place,
  backend: Pick<Backend, 'project'>,
): Pick<EpisodeFilter & PatternFilter, 'visibleTo' | 'project'> {
  if (scope === 'all') return project === undefined ? {} : { project };
  const seen = project ?? backend.project;
  return { visibleTo: seen === undefined ? {} : { project: seen } };
}

function toEpisodeFilter(asked: z.output<typeof episodesArguments>, backend: Backend): EpisodeFilter {
  const { domain, task_type: taskType, outcome, tags, since, until, status, limit } = asked;
  return {
    ...visible(asked, backend),
    ...(domain === undefined ? {} : { domain }),
    ...(taskType === undefined ? {} : { taskType }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(tags === undefined ? {} : { tagsAll: tags }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(status === undefined ? {} : { status }),
    order: 'newest',
    limit,
  };
}

function toPatternFilter(asked: z.output<typeof patternsArguments>, backend: Backend): ListedPatterns {
  return {
    ...visible(asked, backend),
    ...(asked.kind === undefined ? {} : { kind: asked.kind }),
    ...(asked.standing === undefined ? {} : { standings: [asked.standing] }),
    ...(asked.domain === undefined ? {} : { domain: asked.domain }),
  };
}

async function existing({ memory }: Backend, id: string, signal: AbortSignal): Promise<Episode> {
  const episode = await memory.getEpisode(id, { signal });
  if (episode === undefined) {
    throw new MemoryError('NOT_FOUND', `There is no episode ${id}; memory.episodes() lists those there are.`);
  }
  return episode;
}

function json(value: object): Json {
  // The outward forms are JSON by construction; interfaces without an index signature cannot say so.
  return value as unknown as Json;
}
