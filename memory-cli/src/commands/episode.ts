// episode create, step, complete, search, update, tag.
import { type Complexity, isMemoryError, MemoryError, type OutcomeKind, type TaskType } from '@episodica/memory-core';
import {
  type Detail,
  episodeResult,
  evidenceResult,
  fixItem,
  fixLine,
  type HitItem,
  hitLines,
  hitsOf,
  type OutcomeArguments,
  type QueryResult,
  qualityResult,
  queryResult,
  reflectionResult,
  restLines,
  rewardResult,
  type StepArguments,
  scoreText,
  summaryResult,
  toEpisodeInput,
  toOutcomeInput,
  toSearchQuery,
  toStepInput,
} from '@episodica/memory-core/wire';
import { type Invocation, useMemory, useMemoryToRead } from '../open.ts';
import { exactLocalTime, hangingLine, heading, localTime, onOneLine, print } from '../output.ts';
import { learningLines } from './episode-text.ts';
import type { FilterOptions } from './filter.ts';
import { jsonFlag } from './json-flag.ts';
import { toTime } from './since.ts';
import { wholeId } from './whole-id.ts';

/** Flags of `episode create`. */
export interface CreateOptions {
  readonly project?: string;
  readonly domain?: string;
  readonly type?: TaskType;
  readonly language?: string;
  readonly framework?: string;
  readonly complexity?: Complexity;
  readonly tag?: readonly string[];
  readonly meta?: readonly string[];
}

/** Tokens of prior experience that come with a new episode. */
const RELATED_TOKENS = 800;
const DEFAULT_MAX_TOKENS = 2_000;

/** Begins an episode, and tells related experience. */
export async function create(invocation: Invocation, description: string, options: CreateOptions): Promise<number> {
  const { type, tag, meta, ...same } = options;
  const metadata = meta === undefined ? undefined : keysAndValues(meta);
  const source = { captured_from: 'cli' };
  const input = toEpisodeInput({
    ...same,
    task_description: description,
    task_type: type,
    tags: tag,
    metadata,
    source,
  });
  const { signal, format } = invocation;
  const { episode, related } = await useMemory({ ...invocation, learnsOwed: true }, ({ memory }) =>
    memory.createEpisode(input, { signal }),
  );
  const found = queryResult(related, { detail: 'summary', maxTokens: RELATED_TOKENS });
  const result = {
    episode_id: episode.id,
    status: episode.status,
    started_at: episode.startedAt,
    fixes: found.fixes,
    related: hitsOf(found),
    degraded: found.degraded,
  };
  const lines = [...result.fixes.map((fix) => onOneLine(fixLine(fix))), ...result.related.map(hitText)];
  await print(format, result, () =>
    [
      `Episode ${episode.id} is open since ${exactLocalTime(episode.startedAt)}.`,
      ...(lines.length === 0 ? ['No related experience.'] : [heading('Related experience'), ...lines]),
      ...found.degraded.map((reason) => `Less complete than it could be: ${reason}.`),
    ].join('\n'),
  );
  return 0;
}

/** Flags of `episode step`. */
export interface StepOptions {
  readonly tool: string;
  readonly action: string;
  readonly params?: string;
  readonly result: 'success' | 'error' | 'timeout';
  readonly output?: string;
  readonly message?: string;
  readonly latencyMs?: number;
  readonly tokens?: number;
  readonly key?: string;
}

/** Appends a step, and tells known fixes of its error. */
export async function step(invocation: Invocation, given: string, options: StepOptions): Promise<number> {
  const { tool, action, params, latencyMs, tokens, key } = options;
  const input = toStepInput({
    tool,
    action,
    // The library checks that it is an object, and says so by name.
    parameters: (params === undefined ? undefined : jsonFlag('--params', params)) as StepArguments['parameters'],
    result: stepResultOf(options),
    latency_ms: latencyMs,
    tokens_used: tokens,
    step_key: key,
  });
  const { signal, format } = invocation;
  const { episodeId, added } = await useMemory(invocation, async ({ memory }) => {
    const id = await wholeId(memory, given, signal);
    return { episodeId: id, added: await memory.addStep(id, input, { signal }) };
  });
  const isOther = added.differing.length > 0;
  const hints = added.hints.map(fixItem);
  const result = {
    episode_id: episodeId,
    step_number: added.step.number,
    ...(isOther ? { differing: added.differing } : {}),
    hints,
  };
  await print(format, result, () =>
    [
      isOther
        ? `Step ${added.step.number} of episode ${episodeId} holds something else under this key, and stays as it was.`
        : `Step ${added.step.number} of episode ${episodeId} is stored.`,
      ...hints.map((hint) => onOneLine(fixLine(hint))),
    ].join('\n'),
  );
  return 0;
}

/** Flags of `episode complete`. Which go with which outcome, the library says. */
export interface CompleteOptions {
  readonly outcome: OutcomeKind;
  readonly verdict?: string;
  readonly artifact?: readonly string[];
  readonly completed?: readonly string[];
  readonly failed?: readonly string[];
  readonly reason?: string;
  readonly details?: string;
}

/** Ends an episode, and tells what it taught. */
export async function complete(invocation: Invocation, given: string, options: CompleteOptions): Promise<number> {
  const { outcome: kind, artifact, ...same } = options;
  const ending: OutcomeArguments = { kind, artifacts: artifact, ...same };
  const { signal, format } = invocation;
  const { id, reward, evidence, reflection, quality, summary } = await useMemory(invocation, async ({ memory }) =>
    memory.completeEpisode(await wholeId(memory, given, signal), toOutcomeInput(ending), { signal }),
  );
  const result = {
    episode_id: id,
    reward: rewardResult(reward),
    ...(evidence === undefined ? {} : { evidence: evidence.map(evidenceResult) }),
    reflection: reflectionResult(reflection),
    quality: qualityResult(quality),
    ...(summary === undefined ? {} : { summary: summaryResult(summary) }),
  };
  await print(format, result, () => [`Episode ${id} is completed: ${kind}.`, ...learningLines(result)].join('\n'));
  return 0;
}

/** Flags of `episode search`. */
export interface SearchOptions extends FilterOptions {
  readonly maxTokens?: number;
  readonly detail?: Detail;
  readonly file?: readonly string[];
  readonly language?: string;
  readonly framework?: string;
}

/** Searches episodes and patterns, as `query_memory` does. */
export async function search(
  invocation: Invocation,
  text: string | undefined,
  options: SearchOptions,
): Promise<number> {
  const { allProjects, project, domain, type, outcome, tag, since, until, limit, maxTokens, detail } = options;
  const { file, language, framework } = options;
  const query = toSearchQuery({
    query: text,
    project,
    scope: allProjects ? 'all' : undefined,
    domain,
    task_type: type,
    outcome,
    tags: tag,
    since: since === undefined ? undefined : toTime('--since', since),
    until: until === undefined ? undefined : toTime('--until', until),
    files: file,
    language,
    framework,
    limit,
  });
  const { found, tookMs } = await useMemoryToRead(invocation, async ({ memory }) => {
    const startedMs = performance.now();
    const answer = await memory.search(query, { signal: invocation.signal }).catch(inWordsOfTerminal);
    return { found: answer, tookMs: performance.now() - startedMs };
  });
  const packed = queryResult(found, { detail: detail ?? 'summary', maxTokens: maxTokens ?? DEFAULT_MAX_TOKENS });
  const notes = packed.notes.map((note) => note.replace('(scope "all")', '(--all-projects)'));
  const result = { ...packed, notes, took_ms: Math.round(tookMs * 100) / 100 };
  await print(invocation.format, result, () => searchText(result));
  return 0;
}

/** What the library calls the text of a question is QUERY here. */
function inWordsOfTerminal(error: unknown): never {
  if (!isMemoryError(error) || !error.message.startsWith('text: ')) throw error;
  const { code, message, retryable } = error;
  throw new MemoryError(code, message.replace(/^text/u, 'query'), { cause: error, retryable });
}

/** Flags of `episode tag`; without any, tags are added. */
export interface TagOptions {
  readonly remove?: boolean;
  readonly set?: boolean;
}

/** Changes the tags of an episode. */
export async function tag(
  invocation: Invocation,
  given: string,
  tags: readonly string[],
  { remove, set }: TagOptions,
): Promise<number> {
  if (remove && set) throw new MemoryError('INVALID_INPUT', '--remove and --set exclude each other; give one of them.');
  if (tags.length === 0 && !set) {
    throw new MemoryError('INVALID_INPUT', 'TAG: none is given; name one at least, or clear all of them with --set.');
  }
  const change = remove ? { remove: tags } : set ? { set: tags } : { add: tags };
  const { signal } = invocation;
  const episode = await useMemory(invocation, async ({ memory }) =>
    memory.updateEpisode(await wholeId(memory, given, signal), { tags: change }, { signal }),
  );
  const { id } = episode;
  await print(invocation.format, { episode_id: id, tags: episode.tags }, () =>
    episode.tags.length === 0 ? `Episode ${id} has no tags.` : `Episode ${id} has the tags ${episode.tags.join(', ')}.`,
  );
  return 0;
}

/** Flags of `episode update`. Steps, outcome and place are history, and stay. */
export interface UpdateOptions {
  readonly description?: string;
  readonly meta?: readonly string[];
  readonly unset?: readonly string[];
}

/** Corrects what was said of an episode. */
export async function update(invocation: Invocation, given: string, options: UpdateOptions): Promise<number> {
  const { description, meta, unset } = options;
  if (description === undefined && meta === undefined && unset === undefined) {
    throw new MemoryError('INVALID_INPUT', 'Say what is to change: --description, --meta or --unset.');
  }
  const keys = { remove: unset, set: meta === undefined ? undefined : keysAndValues(meta) };
  const change = { description, metadataKeys: meta === undefined && unset === undefined ? undefined : keys };
  const { signal } = invocation;
  const episode = await useMemory(invocation, async ({ memory }) =>
    memory.updateEpisode(await wholeId(memory, given, signal), change, { signal }),
  );
  const result = { ...episodeResult(episode), metadata: episode.metadata };
  await print(invocation.format, result, () =>
    [
      `Episode ${result.episode_id} now reads: ${onOneLine(result.task_description)}`,
      ...Object.entries(result.metadata).map(([key, value]) => onOneLine(`${key}: ${metadataText(value)}`)),
    ].join('\n'),
  );
  return 0;
}

function metadataText(value: unknown): string {
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function stepResultOf({ result: type, output, message }: StepOptions): NonNullable<StepArguments['result']> {
  if (type === 'success') {
    if (message === undefined) return { type, output };
    throw new MemoryError('INVALID_INPUT', '--message goes with an error or a timeout; use --output for a success.');
  }
  if (output === undefined) return { type, message };
  throw new MemoryError('INVALID_INPUT', `--output goes with a success; use --message for "${type}".`);
}

function keysAndValues(pairs: readonly string[]): Readonly<Record<string, string>> {
  return Object.fromEntries(
    pairs.map((pair) => {
      const at = pair.indexOf('=');
      if (at < 1) throw new MemoryError('INVALID_INPUT', `--meta: "${pair}" has no key and value; write KEY=VALUE.`);
      return [pair.slice(0, at), pair.slice(at + 1)];
    }),
  );
}

function searchText(result: QueryResult & { readonly took_ms: number }): string {
  return [
    ...result.fixes.map((fix) => hangingLine('', fixLine(fix))),
    ...hitsOf(result).map(hitText),
    ...restLines(result, '--max-tokens').map((text) => hangingLine('', text)),
    `Took ${result.took_ms} ms.`,
  ].join('\n');
}

function hitText(hit: HitItem): string {
  return [hangingLine(`${scoreText(hit.score)}  `, headOf(hit)), ...hitLines(hit).map(hitLine)].join('\n');
}

const hitLine = (text: string): string => hangingLine('      ', text);

function headOf(hit: HitItem): string {
  if ('pattern_id' in hit) return `pattern ${hit.pattern_id}`;
  const started = typeof hit.started_at === 'string' ? ` ${localTime(hit.started_at)}` : '';
  const project = typeof hit.project === 'string' ? ` ${onOneLine(hit.project)}` : '';
  return `episode ${hit.episode_id}${started}${project}`;
}
