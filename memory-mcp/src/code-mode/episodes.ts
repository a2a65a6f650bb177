// memory.episodes and memory.episode: what was tried.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type Episode, type Json, MemoryError } from '@episodica/memory-core';
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import { episodeDetailResult, episodeResult, queryShape, stepResult } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { cutTexts, maxCharacters } from './cut.ts';
import { idsIn, oneOrManyIds } from './ids.ts';
import { argument, type CodeModeBackend, type CodeModeMethod, json } from './method.ts';
import { fillingPage, MAX_PAGE_ROWS, pageBehind } from './pages.ts';
import { isSeen, notSeen, type PlaceOptions, placeShape, visible } from './place.ts';
import { episodeDetail, episodeFields, episodeRow } from './rows.ts';

const DEFAULT_EPISODES = 1_000;
const MAX_EPISODES = 10_000;

const fieldNames = Object.keys(episodeFields.shape);

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
  order: z.enum(['newest', 'oldest']).default('newest'),
  after: z.string().min(1).optional().describe('Go on behind this episode_id'),
  fields: z.array(z.enum(fieldNames)).min(1).optional().describe('Rows then have only these'),
  limit: z
    .int()
    .min(1)
    .max(MAX_EPISODES)
    .default(DEFAULT_EPISODES)
    .describe(`Default ${DEFAULT_EPISODES}, at most ${MAX_EPISODES}`),
  max_chars: maxCharacters,
});
type EpisodesArguments = z.output<typeof episodesArguments>;

const position = z.strictObject({ started_at: z.string(), episode_id: z.string() });
const from = z.strictObject({ after: position, left: z.int().min(1).max(MAX_EPISODES) });

/** Lists episodes in pages. */
export const episodes: CodeModeMethod = {
  name: 'episodes',
  effect: 'read',
  isPaged: true,
  doc: 'Lists episodes, the newest first. Without limit the newest 1,000: for more, give limit, or after to go on.',
  parameters: [{ name: 'filter', schema: episodesArguments, isOptional: true }],
  result: z.array(episodeRow),
  fieldsOf: episodeFields,
  example: "const failed = await memory.episodes({ outcome: 'failure', fields: ['episode_id', 'domain'] });",
  async call([filter, next], { backend, signal }) {
    const asked = argument(episodesArguments, filter ?? {}, 'memory.episodes');
    const continued = pageBehind(from, next);
    const opened = await backend();
    const after = continued?.after ?? (await positionOf(asked, { backend: opened, signal }));
    const left = continued?.left ?? asked.limit;
    const filtered = {
      ...toEpisodeFilter(asked, opened),
      limit: Math.min(left, MAX_PAGE_ROWS),
      ...startingBehind(after),
    };
    const page = fillingPage();
    let last: Episode | undefined;
    for await (const found of opened.memory.listEpisodes(filtered, { signal })) {
      page.add(cutTexts(rowOf(found, asked.fields), asked.max_chars));
      last = found;
      if (page.isFull) break;
    }
    const rest = left - page.size;
    if (last === undefined || !page.isFull || rest === 0) return page.ended(null);
    return page.ended({ after: { started_at: last.startedAt, episode_id: last.id }, left: rest });
  },
};

async function positionOf(
  { after, ...place }: EpisodesArguments,
  { backend, signal }: { readonly backend: CodeModeBackend; readonly signal: AbortSignal },
): Promise<z.output<typeof position> | undefined> {
  if (after === undefined) return undefined;
  const episode = await backend.memory.getEpisode(after, { signal });
  if (episode !== undefined && isSeen(episode, visible(place, backend))) {
    return { started_at: episode.startedAt, episode_id: episode.id };
  }
  throw new MemoryError(
    'NOT_FOUND',
    `memory.episodes: after: there is no episode ${JSON.stringify(after.slice(0, 100))} here; give the episode_id of the last row.`,
  );
}

function startingBehind(after: z.output<typeof position> | undefined): Pick<EpisodeFilter, 'after'> {
  return after === undefined ? {} : { after: { startedAt: after.started_at, id: after.episode_id } };
}

function toEpisodeFilter(asked: EpisodesArguments, backend: CodeModeBackend): EpisodeFilter {
  const { domain, task_type: taskType, outcome, tags, since, until, status, order } = asked;
  return {
    ...visible(asked, backend),
    ...(domain === undefined ? {} : { domain }),
    ...(taskType === undefined ? {} : { taskType }),
    ...(outcome === undefined ? {} : { outcome }),
    ...(tags === undefined ? {} : { tagsAll: tags }),
    ...(since === undefined ? {} : { since }),
    ...(until === undefined ? {} : { until }),
    ...(status === undefined ? {} : { status }),
    order,
  };
}

/** The listed form, or the fields that are asked for. */
function rowOf(found: Episode, fields: readonly string[] | undefined): Json {
  const listed = episodeResult(found);
  if (fields === undefined) return json(listed);
  // What stands only in details is made only where it is asked for: it is most of the work.
  const isListed = fields.every((field) => field in episodeRow.shape);
  const all = new Map<string, unknown>(Object.entries(isListed ? listed : allOf(found)));
  const row: Record<string, unknown> = {};
  for (const field of fields) {
    const value = all.get(field);
    if (value !== undefined) row[field] = value;
  }
  return json(row);
}

/** All but its steps. What a list has besides is here as it is there: one name is of one type everywhere. */
function allOf(found: Episode): object {
  const { outcome, reward, steps: _none, ...detail } = episodeDetailResult(found, []);
  const ending = outcome === undefined ? {} : { outcome_details: outcome, reward_parts: reward?.parts };
  return { ...detail, ...episodeResult(found), ...ending };
}

/** Episodes that are read at once; fewer where they are large. */
const CHUNK = 50;
/** Of the episodes that are read at once, as JSON. */
const MAX_CHUNK_BYTES = 524_288;
/** Of one episode as JSON: what the sandbox hands over at once. */
const MAX_EPISODE_BYTES = 2_000_000;

const placeArguments = z.strictObject(placeShape);

/** The options, and how many of the ids are answered. */
const answered = z.strictObject({ options: placeArguments, done: z.int().min(1) });

/** One episode, or several in one call. */
export const episode: CodeModeMethod = {
  name: 'episode',
  effect: 'read',
  isPaged: true,
  doc: 'One episode by its id, or several by an array of ids (at most 1,000): in their order, null where there is none.',
  parameters: [
    { name: 'id', schema: oneOrManyIds, isOptional: false },
    { name: 'options', schema: placeArguments, isOptional: true },
  ],
  result: z.union([episodeDetail, z.array(episodeDetail.nullable())]),
  example: 'const { outcome, steps } = await memory.episode(id);',
  async call([given, options], { backend, signal }) {
    const method = 'memory.episode';
    const behind = pageBehind(answered, options);
    const place = behind?.options ?? argument(placeArguments, options ?? {}, method);
    const ids = idsIn(given, method);
    const reading = { place, backend: await backend(), signal };
    if (Array.isArray(given)) return pageOf(ids, { ...reading, done: behind?.done ?? 0 });
    const details = await detailsOf(ids, { ...reading, maxBytes: MAX_EPISODE_BYTES });
    if (details === undefined) throw tooMuch(ids);
    const [only] = details;
    if (only === null || only === undefined) throw notSeen({ id: ids[0] ?? '', place, method }, reading.backend);
    // What comes behind makes text of all of it at once: it begins with a fresh turn.
    await nextTurn();
    return { items: only, next: null };
  },
};

interface Reading {
  readonly place: PlaceOptions;
  readonly backend: CodeModeBackend;
  readonly signal: AbortSignal;
}

/** The episodes behind the first `done`, as many as a page takes. */
async function pageOf(
  ids: readonly string[],
  { done: before, ...reading }: Reading & { readonly done: number },
): Promise<Json> {
  const page = fillingPage();
  let done = before;
  let size = CHUNK;
  while (done < ids.length && !page.isFull) {
    // One that is larger than a chunk has a page of its own.
    const maxBytes = size === 1 && page.size === 0 ? MAX_EPISODE_BYTES : MAX_CHUNK_BYTES;
    const chunk = ids.slice(done, done + size);
    const details = await detailsOf(chunk, { ...reading, maxBytes });
    if (details === undefined && size === 1) {
      if (page.size === 0) throw tooMuch(chunk);
      break;
    }
    for (const detail of details ?? []) page.add(detail);
    done += details?.length ?? 0;
    if (details === undefined) size = Math.ceil(size / 2);
  }
  return page.ended(done < ids.length ? json({ options: reading.place, done }) : null);
}

/** Nothing where they are larger: what is read is cut and counted step by step, and no more is held. */
async function detailsOf(
  ids: readonly string[],
  { place, backend, signal, maxBytes }: Reading & { readonly maxBytes: number },
): Promise<readonly Json[] | undefined> {
  const bounds = visible(place, backend);
  const read = new Map<string, { readonly row: object; readonly steps: Json[]; bytes: number }>();
  let bytes = 0;
  const fit = (id: string, value: object): Json => {
    const row = cutTexts(json(value), place.max_chars);
    const size = Buffer.byteLength(JSON.stringify(row));
    bytes += size;
    const entry = read.get(id);
    if (entry !== undefined) entry.bytes += size;
    return row;
  };
  for (const found of await backend.memory.getEpisodes([...new Set(ids)], { signal })) {
    if (found === undefined || !isSeen(found, bounds)) continue;
    const steps: Json[] = [];
    // What is cut keeps its form, which is an object.
    const row = fit(found.id, allOf(found)) as object;
    read.set(found.id, { row, steps, bytes: Buffer.byteLength(JSON.stringify(row)) });
  }
  if (read.size > 0) {
    for await (const step of backend.memory.listSteps({ episodeIds: [...read.keys()] }, { signal })) {
      read.get(step.episodeId)?.steps.push(fit(step.episodeId, stepResult(step)));
      if (bytes > maxBytes) return undefined;
    }
  }
  // One that is asked for twice is handed over twice.
  if (ids.reduce((sum, id) => sum + (read.get(id)?.bytes ?? 0), 0) > maxBytes) return undefined;
  return ids.map((id) => {
    const entry = read.get(id);
    return entry === undefined ? null : json({ ...entry.row, steps: entry.steps });
  });
}

function tooMuch([id = '']: readonly string[]): MemoryError {
  return new MemoryError(
    'LIMIT_EXCEEDED',
    `memory.episode: ${JSON.stringify(id.slice(0, 100))} is larger than ${MAX_EPISODE_BYTES} bytes. Give a smaller max_chars, or read it with memory.steps(id).`,
  );
}
