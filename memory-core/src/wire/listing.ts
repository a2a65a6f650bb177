// Listing episodes and correcting one: what is asked for, and the page that is answered.
import * as z from 'zod';
import { oneLine } from '../clip.ts';
import { type Episode, OUTCOME_KINDS, type OutcomeKind, type TaskType } from '../episode.ts';
import { FIELDS } from '../input.ts';
import { defined, type JsonObject } from '../json.ts';
import type { EpisodeFilter } from '../ports/store.ts';
import type { EpisodeChangeInput } from '../revise.ts';
import { type EpisodeResult, episodeResult } from './episode.ts';
import { episodeIdField } from './ids.ts';
import type { ShapeOf } from './shape.ts';

/** Which episodes a list has, but for those that are hidden by their project. */
export interface ListedArguments {
  readonly domain?: string | undefined;
  readonly task_type?: TaskType | undefined;
  readonly status?: Episode['status'] | undefined;
  readonly outcome?: OutcomeKind | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
}

/** What `list_episodes` takes. */
export const listedShape: ShapeOf<ListedArguments> = {
  domain: FIELDS.name.optional(),
  task_type: FIELDS.taskType.optional(),
  status: z.enum(['open', 'completed']).optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  tags: FIELDS.tags.optional().describe('All of them'),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
};

/** Arguments of `list_episodes` as the library takes them. */
export function toListedFilter({ task_type, tags, ...same }: ListedArguments): EpisodeFilter {
  // `defined` leaves out what is not given, which the filter's types ask for.
  return defined({ ...same, taskType: task_type, tagsAll: tags });
}

/** Arguments of `update_episode`. */
export interface UpdateArguments {
  readonly episode_id: string;
  readonly task_description?: string | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly set_tags?: readonly string[] | undefined;
  readonly remove_tags?: readonly string[] | undefined;
  readonly add_tags?: readonly string[] | undefined;
}

/** What `update_episode` takes. */
export const updateShape: ShapeOf<UpdateArguments> = {
  episode_id: episodeIdField,
  task_description: FIELDS.description.optional(),
  metadata: FIELDS.metadata.optional().describe('Replaces all of it'),
  set_tags: FIELDS.tags.optional().describe('Replaces all tags'),
  remove_tags: FIELDS.tags.optional(),
  add_tags: FIELDS.tags.optional(),
};

/** Arguments of `update_episode` as the library takes them. */
export function toEpisodeChange({
  task_description,
  metadata,
  set_tags,
  remove_tags,
  add_tags,
}: UpdateArguments): EpisodeChangeInput {
  const tags = { set: set_tags, remove: remove_tags, add: add_tags };
  const hasTags = Object.values(tags).some((given) => given !== undefined);
  return { description: task_description, metadata, tags: hasTags ? tags : undefined };
}

/** Characters of a task in a list. */
const LISTED_CHARACTERS = 300;

/** An episode as a row of a list. */
export function listedEpisode(episode: Episode): EpisodeResult {
  const listed = episodeResult(episode);
  return { ...listed, task_description: oneLine(listed.task_description, LISTED_CHARACTERS) };
}

/**
 * The name of a project or domain, or a tag, where it stands in a line: whoever wrote the record chose its characters,
 * and they begin no line of their own.
 */
export function nameText(name: string): string {
  return oneLine(name, LISTED_CHARACTERS);
}

/** The same as a line. */
export function listedLine({
  episode_id,
  task_description,
  project,
  status,
  outcome,
  reward,
  tags,
  started_at,
}: EpisodeResult): string {
  const place = project === undefined ? '' : ` [${nameText(project)}]`;
  const end = outcome === undefined ? status : `${outcome}, reward ${reward}`;
  const marks = tags.length === 0 ? '' : ` #${tags.map(nameText).join(' #')}`;
  return `${episode_id}${place} ${started_at}, ${end}: ${task_description}${marks}`;
}
