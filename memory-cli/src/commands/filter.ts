// Filter flags that several commands share, as the library wants them.
import { MemoryError, type OutcomeKind, type TaskType } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';

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

/** A day or a time with its zone, as an ISO time in UTC. @throws `INVALID_INPUT` */
export function toTime(flag: string, text: string): string {
  const isDay = /^\d{4}-\d{2}-\d{2}$/u.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/u.test(text);
  const time = new Date(text);
  if ((!isDay && !isTime) || !isInCalendar(text) || Number.isNaN(time.getTime())) {
    throw new MemoryError(
      'INVALID_INPUT',
      `${flag}: "${text}" is no time; write 2026-01-31 (from midnight UTC) or 2026-01-31T08:00:00Z.`,
    );
  }
  return time.toISOString();
}

/** Whether the month has that day: `Date` counts the 31st of February on into March. */
function isInCalendar(text: string): boolean {
  const day = text.slice(0, 10);
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
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
