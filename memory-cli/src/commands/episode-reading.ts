// episode list, view.
import { type Episode, episodeReading, legible, MemoryError } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import {
  type EpisodeDetailResult,
  type EpisodeResult,
  episodeDetailResult,
  episodeResult,
} from '@episodica/memory-core/wire';
import { type Invocation, type OpenedStore, useReading } from '../open.ts';
import { hangingLine, localTime, print, table, terminalWidth } from '../output.ts';
import { detailText } from './episode-text.ts';
import { type FilterOptions, fromCursor, toCursor, toEpisodeFilter } from './filter.ts';
import { wholeId } from './whole-id.ts';

/** Flags of `episode list`. */
export interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly after?: string;
}

/** Lists episodes, newest first, and where the next page begins. */
export async function list(invocation: Invocation, options: ListOptions): Promise<number> {
  const { limit } = options;
  const after = options.after === undefined ? undefined : fromCursor(options.after);
  const { episodes, isMore, nothing } = await useReading(invocation, async ({ store, settings }) => {
    const filter = {
      ...toEpisodeFilter(options, settings.project),
      order: 'newest' as const,
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
    };
    const found: Episode[] = [];
    for await (const episode of episodeReading(store).listEpisodes(filter, { signal: invocation.signal }))
      found.push(episode);
    const nothing = found.length > 0 ? '' : await nothingText(store, { options, filter, signal: invocation.signal });
    return { episodes: found.slice(0, limit), isMore: found.length > limit, nothing };
  });
  const last = episodes.at(-1);
  const cursor = isMore && last !== undefined ? toCursor(last) : undefined;
  const result = {
    episodes: episodes.map(episodeResult),
    ...(cursor === undefined ? {} : { next_cursor: cursor }),
  };
  await print(invocation.format, result, () => (episodes.length === 0 ? nothing : listText(result.episodes, cursor)));
  return 0;
}

/** The names that `view --fields` takes. */
const VIEW_FIELDS = [
  'episode_id',
  'task_description',
  'project',
  'domain',
  'task_type',
  'status',
  'tags',
  'started_at',
  'ended_at',
  'language',
  'framework',
  'complexity',
  'repo',
  'branch',
  'files',
  'metadata',
  'source',
  'outcome',
  'reward',
  'evidence',
  'reflection',
  'quality',
  'salient',
  'summary',
  'steps',
] as const satisfies readonly (keyof EpisodeDetailResult)[];

/** Shows an episode with its steps, or the chosen fields of it. */
export async function view(
  invocation: Invocation,
  given: string,
  options: { readonly fields?: string },
): Promise<number> {
  const fields = options.fields === undefined ? undefined : checkedFields(options.fields);
  const { signal, format } = invocation;
  const whole = await useReading(invocation, async ({ store }) => {
    const reading = episodeReading(store);
    const id = await wholeId(reading, given, signal);
    const steps = await reading.getSteps(id, { signal });
    const episode = await reading.getEpisode(id, { signal });
    // Forgotten between the two reads.
    if (episode === undefined) throw new MemoryError('NOT_FOUND', `There is no episode ${id} any more.`);
    return episodeDetailResult(episode, steps);
  });
  if (fields === undefined) {
    await print(format, whole, () => detailText(whole));
    return 0;
  }
  const chosen = Object.fromEntries(fields.filter((field) => field in whole).map((field) => [field, whole[field]]));
  await print(format, chosen, () =>
    Object.entries(chosen)
      .map(([field, value]) => `${field}: ${legible(typeof value === 'string' ? value : JSON.stringify(value))}`)
      .join('\n'),
  );
  return 0;
}

function checkedFields(text: string): readonly (typeof VIEW_FIELDS)[number][] {
  return text.split(',').map((part) => {
    const field = VIEW_FIELDS.find((known) => known === part.trim());
    if (field !== undefined) return field;
    throw new MemoryError(
      'INVALID_INPUT',
      `--fields: there is no field "${part.trim()}"; choose from ${VIEW_FIELDS.join(', ')}.`,
    );
  });
}

/** Says what was looked at: an empty list is no loss of data. */
async function nothingText(
  store: OpenedStore['store'],
  {
    options,
    filter,
    signal,
  }: { readonly options: ListOptions; readonly filter: EpisodeFilter; readonly signal: AbortSignal },
): Promise<string> {
  const { limit: _limit, project: _project, allProjects: _all, ...narrowing } = options;
  const what = Object.keys(narrowing).length > 0 ? 'No episodes within these filters' : 'No episodes yet';
  const project = filter.visibleTo?.project;
  if (project === undefined) return `${what}.`;
  const where = `${what} in project ${legible(project)}`;
  const { visibleTo: _visibleTo, after: _cursor, ...everywhere } = filter;
  for await (const _ of episodeReading(store).listEpisodes({ ...everywhere, limit: 1 }, { signal })) {
    return `${where}; --all-projects shows those of others.`;
  }
  return `${where}, and none in others.`;
}

function listText(episodes: readonly EpisodeResult[], cursor: string | undefined): string {
  const rows = episodes.map((episode) => [
    episode.episode_id,
    localTime(episode.started_at),
    episode.outcome ?? episode.status,
    episode.reward?.toFixed(2) ?? '',
    episode.task_description,
  ]);
  const columns = [
    { heading: 'EPISODE' },
    { heading: 'STARTED' },
    { heading: 'OUTCOME' },
    { heading: 'REWARD', align: 'right' as const },
    { heading: 'TASK' },
  ];
  const more = cursor === undefined ? [] : [hangingLine('', `More: --after ${cursor}`)];
  return [table(columns, rows, terminalWidth()), ...more].join('\n');
}
