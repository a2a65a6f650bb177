// What can be seen from a project, for listings and for single episodes.
import { type Episode, MemoryError } from '@episodica/memory-core';
import type { CallOptions, EpisodeFilter, PatternFilter } from '@episodica/memory-core/ports';
import { queryShape, type ShapeOf, unknownProjectText } from '@episodica/memory-core/wire';
import { maxCharacters } from './cut.ts';
import type { CodeModeBackend } from './method.ts';

/** What is asked for, by project. */
export interface Place {
  readonly project?: string | undefined;
  readonly scope?: 'project' | 'all' | undefined;
}

/** What goes beside an id. */
export interface PlaceOptions extends Place {
  readonly max_chars?: number | undefined;
}

/** The fields of these options. */
export const placeShape: ShapeOf<PlaceOptions> = {
  project: queryShape.project,
  scope: queryShape.scope,
  max_chars: maxCharacters,
};

/** What can be seen: as in a search, the project asked for or worked in, and what belongs to none. */
export function visible(
  { project, scope }: Place,
  backend: Pick<CodeModeBackend, 'project'>,
): Pick<EpisodeFilter & PatternFilter, 'visibleTo' | 'project'> {
  if (scope === 'all') return project === undefined ? {} : { project };
  const seen = project ?? backend.project;
  return { visibleTo: seen === undefined ? {} : { project: seen } };
}

/** That nothing is of the project that was asked for: what is answered then belongs to none, and the name may be misspelt. */
export async function placeNotes(
  { project, scope }: Place,
  { memory }: Pick<CodeModeBackend, 'memory'>,
  options: CallOptions,
): Promise<readonly string[]> {
  if (project === undefined) return [];
  for await (const _one of memory.listEpisodes({ project, limit: 1 }, options)) return [];
  return [unknownProjectText(project, { isOnly: scope === 'all' })];
}

/** What is listed to who names no project: all of the project worked in, or where there is none, as over a network, all. */
export function listedTo(backend: Pick<CodeModeBackend, 'project'>): ReturnType<typeof visible> {
  return visible(backend.project === undefined ? { scope: 'all' } : {}, backend);
}

/** Whether an episode is among what can be seen. */
export function isSeen(episode: Episode, bounds: ReturnType<typeof visible>): boolean {
  if (bounds.project !== undefined) return episode.project === bounds.project;
  if (bounds.visibleTo === undefined || episode.project === undefined) return true;
  return episode.project === bounds.visibleTo.project;
}

/** The same words whether it is missing or belongs elsewhere. */
export function notSeen(
  { id, place, method }: { readonly id: string; readonly place: Place; readonly method: string },
  backend: Pick<CodeModeBackend, 'project'>,
): MemoryError {
  // Without its name: that of the project worked in may be a path of the host.
  const asked = place.project === undefined ? 'this project' : 'the project asked for';
  const isBounded = place.scope !== 'all' && (place.project ?? backend.project) !== undefined;
  const here = isBounded ? ` in ${asked}` : '';
  const elsewhere = place.scope === 'all' ? '' : `, {scope: 'all'} as second argument looks into every project`;
  const what = `${method}: there is no episode ${JSON.stringify(id.slice(0, 100))}${here}`;
  return new MemoryError('NOT_FOUND', `${what}; memory.episodes() lists those there are${elsewhere}.`);
}
