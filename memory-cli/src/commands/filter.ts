// Filter flags that several commands share, as the library wants them.
import { MemoryError, type OutcomeKind, type TaskType } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import { toTime } from './since.ts';

/** Filter flags, as they were given. */
export interface FilterOptions {
  readonly project?: string;
  readonly allProjects?: boolean;
  readonly domain?: string;
  readonly type?: TaskType;
  readonly status?: 'open' | 'completed';
  readonly outcome?: OutcomeKind;
  readonly tag?: readonly string[];
  readonly anyTag?: readonly string[];
  readonly since?: string;
  readonly until?: string;
  readonly limit?: number;
}

/** The filter that the flags ask for. `project` counts where no flag names one; without any, every project does. */
export function toEpisodeFilter(options: FilterOptions, project: string | undefined): EpisodeFilter {
  const { domain, type, status, outcome, tag, anyTag, since, until } = options;
  const seenFrom = options.allProjects ? undefined : (options.project ?? project);
  return {
    ...(seenFrom === undefined ? {} : { visibleTo: { project: seenFrom } }),
    ...(domain === undefined ? {} : { domain }),
    ...(type === undefined ? {} : { taskType: type }),
    ...(status === undefined ? {} : { status }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(tag === undefined ? {} : { tagsAll: tag }),
    ...(anyTag === undefined ? {} : { tagsAny: anyTag }),
    ...(since === undefined ? {} : { since: toTime('--since', since) }),
    ...(until === undefined ? {} : { until: toTime('--until', until) }),
  };
}

/** Where the next page of a listing begins. */
export function toCursor(last: { readonly startedAt: string; readonly id: string }): string {
  return `${last.startedAt}_${last.id}`;
}

/** @throws `INVALID_INPUT` for what no listing gave out */
export function fromCursor(cursor: string): { readonly startedAt: string; readonly id: string } {
  const [startedAt = '', id = ''] = cursor.split('_');
  if (Number.isNaN(Date.parse(startedAt)) || !/^[0-9a-f-]{36}$/u.test(id)) {
    throw new MemoryError('INVALID_INPUT', `--after: "${cursor}" is no cursor; pass the next_cursor of a listing.`);
  }
  return { startedAt, id };
}
