// Which records are listed as resources, page by page: the newest episodes, then patterns.
import type { Episode } from '@episodica/memory-core';
import { episodeResult, oneLine, scoreText } from '@episodica/memory-core/wire';
import type { Resource as ListedResource } from '@modelcontextprotocol/server';
import * as z from 'zod';
import { listedTo } from '../code-mode/place.ts';
import { invalidParams } from '../protocol-errors.ts';
import type { Backend } from '../services.ts';
import { addressOf } from './address.ts';
import { forModels, RECORD_TYPE } from './resource.ts';

/** A page is one question to the store, and no client shows more at once. */
const PAGE_RESOURCES = 50;
/** In all: a list is for choosing from. All others are found by questions and by completing an id. */
const MAX_LISTED_EPISODES = 500;
const MAX_LISTED_PATTERNS = 200;
const MAX_TITLE_CHARACTERS = 120;

/** Where the next page begins: behind what was told last, so that nothing is told twice whatever is written meanwhile. */
const cursorSchema = z.union([
  z.strictObject({
    of: z.literal('episodes'),
    told: z.int().min(0).max(MAX_LISTED_EPISODES),
    after: z.strictObject({ startedAt: z.string(), id: z.string() }).optional(),
  }),
  z.strictObject({
    of: z.literal('patterns'),
    after: z.string().optional(),
  }),
]);
type Place = z.output<typeof cursorSchema>;
type PlaceIn<Of extends Place['of']> = Extract<Place, { of: Of }>;

interface Page {
  readonly listed: readonly ListedResource[];
  readonly next: Place | undefined;
}

interface Reading {
  readonly backend: Backend;
  readonly signal: AbortSignal;
}

/** A page of records; without a cursor the first. @throws ProtocolError where no page ended there */
export async function listedRecords(
  cursor: string | undefined,
  reading: Reading,
): Promise<{ readonly resources: readonly ListedResource[]; readonly nextCursor?: string }> {
  let place: Place | undefined = cursor === undefined ? { of: 'episodes', told: 0 } : placeIn(cursor);
  const resources: ListedResource[] = [];
  while (place !== undefined && resources.length < PAGE_RESOURCES) {
    const room = PAGE_RESOURCES - resources.length;
    const page: Page =
      place.of === 'episodes' ? await episodes(place, room, reading) : await patterns(place, room, reading);
    resources.push(...page.listed);
    place = page.next;
  }
  return { resources, ...(place === undefined ? {} : { nextCursor: cursorOf(place) }) };
}

async function episodes(
  { told, after }: PlaceIn<'episodes'>,
  room: number,
  { backend, signal }: Reading,
): Promise<Page> {
  const limit = Math.min(room, MAX_LISTED_EPISODES - told);
  const listed: ListedResource[] = [];
  let last: PlaceIn<'episodes'>['after'];
  if (limit > 0) {
    const filter = {
      ...listedTo(backend),
      order: 'newest' as const,
      limit,
      ...(after === undefined ? {} : { after }),
    };
    for await (const episode of backend.memory.listEpisodes(filter, { signal })) {
      listed.push(listedEpisode(episode));
      last = { startedAt: episode.startedAt, id: episode.id };
    }
  }
  const isEnd = listed.length < room;
  return {
    listed,
    next: isEnd ? { of: 'patterns' } : { of: 'episodes', told: told + listed.length, after: last },
  };
}

/** In the order of their ids, which is there also when ranks change and when the one told last is forgotten. */
async function patterns(
  { after = '' }: PlaceIn<'patterns'>,
  room: number,
  { backend, signal }: Reading,
): Promise<Page> {
  const best = (await backend.memory.listPatterns(listedTo(backend), { signal })).slice(0, MAX_LISTED_PATTERNS);
  const left = best.filter(({ pattern }) => pattern.id > after).sort((a, b) => (a.pattern.id < b.pattern.id ? -1 : 1));
  const listed = left.slice(0, room).map(({ pattern, statement, figures }) => ({
    uri: addressOf('pattern', pattern.id),
    name: pattern.id,
    title: oneLine(statement, MAX_TITLE_CHARACTERS),
    description: `Pattern, ${pattern.standing}: ${pattern.support} episodes, success rate ${scoreText(figures.successRate)}.`,
    mimeType: RECORD_TYPE,
    annotations: forModels({ priority: pattern.standing === 'confirmed' ? 0.5 : 0.2, lastModified: pattern.lastSeen }),
  }));
  const last = left[listed.length - 1]?.pattern.id ?? after;
  return { listed, next: listed.length < left.length ? { of: 'patterns', after: last } : undefined };
}

function listedEpisode(episode: Episode): ListedResource {
  const { domain, outcome, reward, started_at } = episodeResult(episode);
  const ending = outcome === undefined ? 'open' : `${outcome}, reward ${scoreText(reward ?? 0)}`;
  const where = domain === undefined ? '' : ` in ${oneLine(domain, MAX_TITLE_CHARACTERS)}`;
  return {
    uri: addressOf('episode', episode.id),
    name: episode.id,
    title: oneLine(episode.description, MAX_TITLE_CHARACTERS),
    description: `Episode${where}, ${ending}, begun ${started_at}.`,
    mimeType: RECORD_TYPE,
    annotations: forModels({
      priority: 0.3,
      // While it is open, its last step changed it, and the list reads no steps.
      ...(episode.status === 'completed' ? { lastModified: episode.endedAt } : {}),
    }),
  };
}

function cursorOf(place: Place): string {
  return Buffer.from(JSON.stringify(place)).toString('base64url');
}

function placeIn(cursor: string): Place {
  try {
    return cursorSchema.parse(JSON.parse(Buffer.from(cursor, 'base64url').toString()));
  } catch {
    // Whatever is wrong with it, it is none of ours.
    throw invalidParams('cursor: no page ended there; ask without a cursor for the first page.');
  }
}
