// Which projects there are episodes of, and how lively each is.
import { turns } from '@episodica/memory-core';
import type { Backend } from '../services.ts';
import { PROJECTS_URI } from './address.ts';
import { defineResource, RECORD_TYPE, type Resource } from './resource.ts';

/** Episodes that are looked at, the newest; counts are of these. */
const MAX_SCANNED = 10_000;
const MAX_PROJECTS = 200;
const MAX_NAME_CHARACTERS = 200;

/** What is counted of a project. */
export interface ProjectCount {
  /** `null`: episodes that belong to every project. */
  readonly project: string | null;
  readonly episodes: number;
  readonly open: number;
  readonly succeeded: number;
  /** When its newest episode began. */
  readonly newest: string;
}

/** Those of the newest episodes, the liveliest first. */
export async function projectCounts(
  { memory }: Pick<Backend, 'memory'>,
  signal: AbortSignal,
): Promise<{ readonly projects: readonly ProjectCount[]; readonly scanned: number; readonly isComplete: boolean }> {
  const counts = new Map<string | null, ProjectCount>();
  const turn = turns();
  let scanned = 0;
  for await (const episode of memory.listEpisodes({ order: 'newest', limit: MAX_SCANNED + 1 }, { signal })) {
    if (scanned === MAX_SCANNED) return { projects: [...counts.values()], scanned, isComplete: false };
    await turn();
    scanned += 1;
    const project = episode.project ?? null;
    const before = counts.get(project) ?? { project, episodes: 0, open: 0, succeeded: 0, newest: episode.startedAt };
    counts.set(project, {
      ...before,
      episodes: before.episodes + 1,
      open: before.open + (episode.status === 'open' ? 1 : 0),
      succeeded: before.succeeded + (episode.status === 'completed' && episode.outcome.kind === 'success' ? 1 : 0),
    });
  }
  return { projects: [...counts.values()], scanned, isComplete: true };
}

/** The resource that tells them. */
export function projectsResource(backend: () => Promise<Backend>): Resource {
  return defineResource({
    uri: PROJECTS_URI,
    name: 'projects',
    title: 'Projects',
    description:
      'The projects that episodes are of, the one with the newest first: how many there are of each, how many of them ' +
      'are open and how many succeeded. Read it to choose project or scope of a question.',
    mimeType: RECORD_TYPE,
    priority: 0.5,
    async text(signal) {
      const opened = await backend();
      const { projects, scanned, isComplete } = await projectCounts(opened, signal);
      const lines = projects
        .slice(0, MAX_PROJECTS)
        .map((count) => JSON.stringify({ ...count, project: count.project?.slice(0, MAX_NAME_CHARACTERS) ?? null }));
      const own = JSON.stringify(opened.project ?? null);
      const leftOut = Math.max(0, projects.length - MAX_PROJECTS);
      return (
        `{\n"own_project": ${own},\n"projects": [\n${lines.join(',\n')}\n],\n` +
        `"left_out": ${leftOut},\n"episodes_scanned": ${scanned},\n"is_complete": ${isComplete}\n}`
      );
    },
  });
}
