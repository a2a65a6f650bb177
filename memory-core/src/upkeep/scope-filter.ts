// What a store holds of one scope: its project and domain exactly, where filters only narrow to what is visible.
import type { CompletedEpisode, Episode } from '../episode.ts';
import type { Scope } from '../pattern.ts';
import type { CallOptions, Entities, EpisodeFilter, MemoryStore } from '../ports/store.ts';

/** As far as a filter can say it; `isInScope` says the rest. */
export function completedIn(scope: Scope): EpisodeFilter {
  return { status: 'completed', ...narrowedTo(scope) };
}

export function isInScope(episode: Episode, scope: Scope): episode is CompletedEpisode {
  return episode.status === 'completed' && isSameScope(episode, scope);
}

/** Patterns, or kinds of task, of the scope. They are few hundreds. */
export async function scopeRows<K extends 'pattern' | 'cluster'>(
  store: MemoryStore,
  kind: K,
  scope: Scope,
  options: CallOptions,
): Promise<readonly Entities[K][]> {
  const rows: Entities[K][] = [];
  for await (const row of store.scan(kind, narrowedTo(scope), options))
    if (isSameScope(row.scope, scope)) rows.push(row);
  return rows;
}

/** The same text for the same scope. */
export function scopeKey({ project, domain }: Scope): string {
  return JSON.stringify([project ?? null, domain ?? null]);
}

/** For people. */
export function scopeText({ project, domain }: Scope): string {
  return `${project ?? 'what belongs to no project'}${domain === undefined ? '' : ` (${domain})`}`;
}

/** Without what else it says. */
export function scopeOf({ project, domain }: Scope): Scope {
  return { ...(project === undefined ? {} : { project }), ...(domain === undefined ? {} : { domain }) };
}

function isSameScope(one: Scope, other: Scope): boolean {
  return one.project === other.project && one.domain === other.domain;
}

/** No project means those of none, and not those of all. */
function narrowedTo({ project, domain }: Scope): Pick<EpisodeFilter, 'project' | 'visibleTo' | 'domain'> {
  return {
    ...(project === undefined ? { visibleTo: {} } : { project }),
    ...(domain === undefined ? {} : { domain }),
  };
}
