// list_episodes, get_episode, update_episode: what is stored, as it is stored.
import { type Episode, type Json, MemoryError, type Step } from '@episodica/memory-core';
import {
  episodeDetailResult,
  episodeIdField,
  estimatedTokens,
  fitting,
  listedEpisode,
  listedLine,
  listedShape,
  oneLine,
  queryShape,
  stepResult,
  toEpisodeChange,
  toListedFilter,
  updateShape,
} from '@episodica/memory-core/wire';
import * as z from 'zod';
import { placeNotes, visible } from '../code-mode/place.ts';
import { fittedObject } from '../fit.ts';
import { defineTool, type Tool } from '../tool.ts';
import { DEFAULT_MAX_TOKENS } from './search.ts';

const DEFAULT_LISTED = 20;
const MAX_LISTED = 200;

const MAX_TOKENS = 100_000;

const listed = z.object({
  episode_id: z.string(),
  task_description: z.string(),
  project: z.string().optional(),
  domain: z.string().optional(),
  task_type: z.string(),
  status: z.enum(['open', 'completed']),
  outcome: z.string().optional(),
  reward: z.number().optional(),
  tags: z.array(z.string()),
  started_at: z.string(),
  ended_at: z.string().optional(),
});

/** Lists episodes by filters alone. */
export const listEpisodes: Tool = defineTool({
  name: 'list_episodes',
  title: 'List episodes',
  description:
    'Lists episodes, the newest first, by filters alone: what was done lately, what is still open. To find what helps ' +
    'with a task call query_memory instead. next_cursor leads to the next page.',
  input: z.strictObject({
    project: queryShape.project,
    scope: queryShape.scope,
    ...listedShape,
    limit: z.int().min(1).max(MAX_LISTED).optional().describe(`Default ${DEFAULT_LISTED}`),
    cursor: z.string().optional().describe('next_cursor of the page before'),
    max_tokens: z.int().min(50).max(MAX_TOKENS).optional().describe(`Default ${DEFAULT_MAX_TOKENS}`),
  }),
  output: z.object({ episodes: z.array(listed), next_cursor: z.string().optional(), notes: z.array(z.string()) }),
  effects: { isReadOnly: true, isIdempotent: true },
  needs: 'episodes',
  async run({ project, scope, limit = DEFAULT_LISTED, cursor, max_tokens, ...filter }, { services, signal }) {
    const after = cursor === undefined ? {} : { after: positionIn(cursor) };
    const backend = await services.backend.get();
    const bounds = visible({ project, scope }, backend);
    const asked = { ...bounds, ...toListedFilter(filter), ...after, order: 'newest', limit: limit + 1 } as const;
    const found: Episode[] = [];
    for await (const episode of backend.memory.listEpisodes(asked, { signal })) found.push(episode);
    const episodes = fitting(found.slice(0, limit).map(listedEpisode), {
      maxTokens: max_tokens ?? DEFAULT_MAX_TOKENS,
      lesser: () => [],
    });
    const last = found[episodes.length - 1];
    const next = found.length > episodes.length && last !== undefined ? cursorBehind(last) : undefined;
    const notes = await placeNotes({ project, scope }, backend, { signal });
    return {
      structured: { episodes, ...(next === undefined ? {} : { next_cursor: next }), notes },
      text: [
        ...(episodes.length === 0 ? ['No such episode is stored.'] : episodes.map(listedLine)),
        ...(next === undefined ? [] : [`There are more; cursor ${JSON.stringify(next)} goes on.`]),
        ...notes,
      ].join('\n'),
    };
  },
});

/** Where a page ends: it stays true when that episode is forgotten. */
function cursorBehind({ startedAt, id }: Episode): string {
  return `${startedAt}/${id}`;
}

const CURSOR = /^(?<startedAt>\d{4}-\d\d-\d\dT[\d:.]+Z)\/(?<id>[0-9a-f-]{36})$/u;

function positionIn(cursor: string): { readonly startedAt: string; readonly id: string } {
  const { startedAt, id } = CURSOR.exec(cursor)?.groups ?? {};
  if (startedAt !== undefined && id !== undefined && !Number.isNaN(Date.parse(startedAt))) return { startedAt, id };
  const given = JSON.stringify(oneLine(cursor, 100));
  throw new MemoryError(
    'INVALID_INPUT',
    `cursor: is ${given}; give next_cursor as list_episodes answered it, or leave it out to begin with the newest.`,
  );
}

const DEFAULT_READ_TOKENS = 4_000;
/** In less there is no room for each field of an episode and of a step, however short they are cut. */
const MIN_READ_TOKENS = 1_000;
const DEFAULT_STEPS = 100;
const MAX_STEPS = 1_000;
const DEFAULT_TEXT_CHARACTERS = 1_000;
const MAX_TEXT_CHARACTERS = 100_000;

/** Reads one episode with its steps. */
export const getEpisode: Tool = defineTool({
  name: 'get_episode',
  title: 'Get episode',
  description:
    'Reads one episode of any project: task, outcome, reflection, and its steps in order. Call it when a hit looks ' +
    'useful and you want to see how it was done. Long texts are cut: more max_chars with more max_tokens takes more. next_step says where to go on.',
  input: z.strictObject({
    episode_id: episodeIdField,
    steps_from: z.int().min(1).max(MAX_STEPS).optional().describe('Default 1'),
    steps_limit: z.int().min(0).max(MAX_STEPS).optional().describe(`Default ${DEFAULT_STEPS}`),
    max_chars: z
      .int()
      .min(40)
      .max(MAX_TEXT_CHARACTERS)
      .optional()
      .describe(`Of each text. Default ${DEFAULT_TEXT_CHARACTERS}`),
    max_tokens: z.int().min(MIN_READ_TOKENS).max(MAX_TOKENS).optional().describe(`Default ${DEFAULT_READ_TOKENS}`),
  }),
  // What later versions add to it stays valid.
  output: z.looseObject({
    episode_id: z.string(),
    task_description: z.string(),
    task_type: z.string(),
    status: z.enum(['open', 'completed']),
    tags: z.array(z.string()),
    started_at: z.string(),
    steps: z.array(
      z.looseObject({
        step_number: z.number(),
        at: z.string(),
        tool: z.string(),
        action: z.string(),
        result: z.looseObject({ type: z.enum(['success', 'error', 'timeout']) }),
      }),
    ),
    note: z.string().optional(),
    next_step: z.number().optional(),
  }),
  effects: { isReadOnly: true, isIdempotent: true },
  needs: 'episodes',
  async run(given, { services, signal }) {
    const { episode_id, steps_from = 1, steps_limit = DEFAULT_STEPS, max_tokens = DEFAULT_READ_TOKENS } = given;
    const { memory } = await services.backend.get();
    const episode = await memory.getEpisode(episode_id, { signal });
    if (episode === undefined) {
      throw new MemoryError(
        'NOT_FOUND',
        `There is no episode ${episode_id}; list_episodes and query_memory name those there are.`,
      );
    }
    const found: Step[] = [];
    const asked = { episodeIds: [episode_id], afterNumber: steps_from - 1 };
    for await (const step of memory.listSteps(asked, { signal })) {
      found.push(step);
      if (found.length > steps_limit) break;
    }
    const maxTextCharacters = given.max_chars ?? DEFAULT_TEXT_CHARACTERS;
    const structured = detailOf(episode, { found, steps_limit, maxTextCharacters, maxTokens: max_tokens });
    const text = detailText(structured);
    const isBeyond = steps_from > 1 && found.length === 0;
    return { structured, text: isBeyond ? `${text}\nThere is no step ${steps_from} or later.` : text };
  },
});

interface Asked {
  /** One more than is asked for, where there are more. */
  readonly found: readonly Step[];
  readonly steps_limit: number;
  readonly maxTextCharacters: number;
  readonly maxTokens: number;
}

interface Detail {
  readonly [field: string]: Json | undefined;
  readonly steps: readonly Json[];
  /** Where texts are shorter than was asked for. */
  readonly note?: string;
  readonly next_step?: number;
}

/** For what stands behind the steps. */
const FRAME_TOKENS = 50;

/** What the episode itself says takes half of the space at most where steps are asked for, and they the rest. */
function detailOf(episode: Episode, { found, steps_limit, maxTextCharacters, maxTokens }: Asked): Detail {
  const { steps: _none, ...told } = episodeDetailResult(episode, []);
  const room = maxTokens - FRAME_TOKENS;
  const headTokens = steps_limit === 0 ? room : room / 2;
  const head = fittedObject(told, { maxTextCharacters, maxTokens: headTokens });
  const left = Math.max(room - estimatedTokens(head), 0);
  const rows = found.slice(0, steps_limit).map(stepResult);
  const asked = rows.map((row) => fittedObject(row, { maxTextCharacters, maxTokens: Infinity }));
  const steps = fitting(asked, {
    maxTokens: left,
    lesser: () => rows.slice(0, 1).map((row) => fittedObject(row, { maxTextCharacters, maxTokens: left })),
  });
  const askedHead = fittedObject(told, { maxTextCharacters, maxTokens: Infinity });
  const isCut = steps[0] !== asked[0] || estimatedTokens(askedHead) > headTokens;
  const next = found[steps.length];
  return {
    ...head,
    steps,
    ...(isCut ? { note: `Texts are cut to fit max_tokens ${maxTokens}; raise it to see more.` } : {}),
    ...(next === undefined || steps_limit === 0 ? {} : { next_step: next.number }),
  };
}

/** A line for each field, then one for each step. */
function detailText({ steps, note, next_step, ...head }: Detail): string {
  const fields = Object.entries(head).filter(([, value]) => value !== undefined);
  return [
    ...fields.map(([name, value]) => `${name}: ${typeof value === 'string' ? lineOf(value) : JSON.stringify(value)}`),
    ...(steps.length === 0 ? [] : ['Steps:', ...steps.map((step) => JSON.stringify(step))]),
    ...(note === undefined ? [] : [note]),
    ...(next_step === undefined ? [] : [`There are more steps; steps_from ${next_step} goes on.`]),
  ].join('\n');
}

function lineOf(text: string): string {
  return oneLine(text, Infinity);
}

/** Corrects what was said of an episode. */
export const updateEpisode: Tool = defineTool({
  name: 'update_episode',
  title: 'Update episode',
  description:
    'Corrects task_description, tags or metadata of an episode, open or completed; steps and outcome are history and ' +
    'stay. Call it to label an episode, or when its description misleads.',
  input: z.strictObject(updateShape),
  output: listed,
  effects: { isReadOnly: false, isIdempotent: true },
  needs: 'episodes',
  async run(given, { services, signal }) {
    const change = toEpisodeChange(given);
    if (Object.values(change).every((part) => part === undefined)) {
      throw new MemoryError(
        'INVALID_INPUT',
        'arguments: say what to change: task_description, metadata, set_tags, add_tags or remove_tags.',
      );
    }
    const { memory } = await services.backend.get();
    const structured = listedEpisode(await memory.updateEpisode(given.episode_id, change, { signal }));
    return { structured, text: `Changed: ${listedLine(structured)}` };
  },
});
