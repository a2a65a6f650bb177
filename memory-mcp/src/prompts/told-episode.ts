// An episode in lines for a prompt: what it was about, what went wrong, what was done last.
import type { Episode, Step } from '@episodica/memory-core';
import { nameText, oneLine } from '@episodica/memory-core/wire';
import { listedTo } from '../code-mode/place.ts';
import { invalidParams } from '../protocol-errors.ts';
import type { PromptCall } from './prompt.ts';

const DESCRIPTION_CHARACTERS = 2_000;
const ACTION_CHARACTERS = 200;
const ERROR_CHARACTERS = 300;

/** An episode with all its steps. */
export interface ToldEpisode {
  readonly episode: Episode;
  readonly steps: readonly Step[];
}

interface Asking extends PromptCall {
  /** Whether an episode that was begun elsewhere will do. */
  readonly others: boolean;
}

/**
 * The episode that is asked for; else the newest open one of this connection, else, where `others` may have begun it,
 * the newest open one of the project. @throws ProtocolError where there is none
 */
export async function askedEpisode(id: string | undefined, asking: Asking): Promise<ToldEpisode> {
  const { others, backend, signal } = asking;
  const { memory } = backend;
  const episode =
    id === undefined ? await newestOpen(asking) : await memory.getEpisode(id.trim().toLowerCase(), { signal });
  if (episode !== undefined) return { episode, steps: await memory.getSteps(episode.id, { signal }) };
  if (id !== undefined) {
    throw invalidParams(
      `episode_id: there is no episode ${JSON.stringify(id.slice(0, 100))}; ${others ? 'list_episodes {status: "open"} has those that are open' : 'list_episodes has those there are'}.`,
    );
  }
  const where = others ? 'in this project' : 'that was begun over this connection';
  throw invalidParams(`There is no open episode ${where}; give episode_id, or begin one with create_episode.`);
}

/** What was begun here may have been ended or forgotten elsewhere. */
async function newestOpen({ others, backend, connection, signal }: Asking): Promise<Episode | undefined> {
  const { memory } = backend;
  for (const id of connection.isShared ? [] : connection.openEpisodes.ids().toReversed()) {
    const begun = await memory.getEpisode(id, { signal });
    if (begun?.status === 'open') return begun;
  }
  if (!others) return undefined;
  const open = { ...listedTo(backend), status: 'open', order: 'newest', limit: 1 } as const;
  for await (const newest of memory.listEpisodes(open, { signal })) return newest;
  return undefined;
}

/** What it is about, and how it stands. */
export function headLines({ episode, steps }: ToldEpisode): readonly string[] {
  const { id, project, domain, startedAt } = episode;
  const failed = steps.filter(({ result }) => result.type !== 'success').length;
  const place = [project, domain].filter((name) => name !== undefined).map(nameText);
  return [
    `Episode ${id}${place.length === 0 ? '' : ` [${place.join(', ')}]`}, ${episode.status}, begun ${startedAt}, ` +
      `${steps.length} steps, ${failed} of them failed`,
    `Task: ${oneLine(episode.description, DESCRIPTION_CHARACTERS)}`,
  ];
}

/** A line for each of the last `count` steps, and how many there were before. */
export function stepLines(steps: readonly Step[], count: number): readonly string[] {
  const before = steps.length - count;
  return [...(before <= 0 ? [] : [`(${before} earlier steps)`]), ...steps.slice(-count).map(stepLine)];
}

/** The steps that failed and that no later step with the same tool and action made good. */
export function unresolved(steps: readonly Step[]): readonly Step[] {
  const open = new Map<string, Step>();
  for (const step of steps) {
    const deed = JSON.stringify([step.tool, step.action]);
    if (step.result.type === 'success') open.delete(deed);
    else open.set(deed, step);
  }
  return [...open.values()];
}

function stepLine({ number, tool, action, result }: Step): string {
  const done = `${number}. ${oneLine(tool, ACTION_CHARACTERS)}: ${oneLine(action, ACTION_CHARACTERS)}`;
  if (result.type === 'success') return done;
  const message = oneLine(result.message ?? '', ERROR_CHARACTERS);
  return `${done} (${result.type}${message === '' ? '' : `: ${message}`})`;
}
