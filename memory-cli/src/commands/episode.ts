// episode create, step, complete, list, view, search, tag.
import {
  type Complexity,
  type Episode,
  isMemoryError,
  MemoryError,
  type OutcomeKind,
  type TaskType,
} from '@episodica/memory-core';
import {
  type Detail,
  type EpisodeDetailResult,
  type EpisodeResult,
  episodeDetailResult,
  episodeResult,
  evidenceResult,
  fixItem,
  fixLine,
  type HitItem,
  hitLines,
  hitsOf,
  legible,
  type OutcomeArguments,
  type QueryResult,
  qualityResult,
  queryResult,
  reflectionResult,
  restLines,
  rewardResult,
  type StepArguments,
  type StepResultShape,
  scoreText,
  summaryResult,
  sumText,
  toEpisodeInput,
  toOutcomeInput,
  toSearchQuery,
  toStepInput,
} from '@episodica/memory-core/wire';
import { type Invocation, useMemory } from '../open.ts';
import { exactLocalTime, heading, localTime, onOneLine, print, table, terminalWidth } from '../output.ts';
import { type FilterOptions, fromCursor, toCursor, toEpisodeFilter, toTime } from './filter.ts';
import { jsonFlag } from './json-flag.ts';
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
/** Lines of a step's output that are shown in words; `--format json` has them all. */
const MAX_OUTPUT_LINES = 8;

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

/** Flags of `episode list`. */
export interface ListOptions extends FilterOptions {
  readonly limit: number;
  readonly after?: string;
}

/** Lists episodes, newest first, and where the next page begins. */
export async function list(invocation: Invocation, options: ListOptions): Promise<number> {
  const { limit } = options;
  const after = options.after === undefined ? undefined : fromCursor(options.after);
  const { episodes, isMore, project } = await useMemory(invocation, async ({ memory, settings }) => {
    const filter = {
      ...toEpisodeFilter(options, settings.project),
      order: 'newest' as const,
      limit: limit + 1,
      ...(after === undefined ? {} : { after }),
    };
    const found: Episode[] = [];
    for await (const episode of memory.listEpisodes(filter, { signal: invocation.signal })) found.push(episode);
    return { episodes: found.slice(0, limit), isMore: found.length > limit, project: filter.visibleTo?.project };
  });
  const last = episodes.at(-1);
  const cursor = isMore && last !== undefined ? toCursor(last) : undefined;
  const result = {
    episodes: episodes.map(episodeResult),
    ...(cursor === undefined ? {} : { next_cursor: cursor }),
  };
  await print(invocation.format, result, () =>
    episodes.length === 0 ? nothingText(project) : listText(result.episodes, cursor),
  );
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
  const whole = await useMemory(invocation, async ({ memory }) => {
    const id = await wholeId(memory, given, signal);
    const steps = await memory.getSteps(id, { signal });
    const episode = await memory.getEpisode(id, { signal });
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
      .map(([field, value]) => `${field}: ${typeof value === 'string' ? legible(value) : JSON.stringify(value)}`)
      .join('\n'),
  );
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
  const { found, tookMs } = await useMemory(invocation, async ({ memory }) => {
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

function searchText(result: QueryResult & { readonly took_ms: number }): string {
  return [
    ...result.fixes.map((fix) => onOneLine(fixLine(fix))),
    ...hitsOf(result).map(hitText),
    ...restLines(result, '--max-tokens').map(onOneLine),
    `Took ${result.took_ms} ms.`,
  ].join('\n');
}

function hitText(hit: HitItem): string {
  return [`${scoreText(hit.score)}  ${headOf(hit)}`, ...hitLines(hit).map(onOneLine)].join('\n      ');
}

function headOf(hit: HitItem): string {
  if ('pattern_id' in hit) return `pattern ${hit.pattern_id}`;
  const started = typeof hit.started_at === 'string' ? `  ${localTime(hit.started_at)}` : '';
  const project = typeof hit.project === 'string' ? `  ${onOneLine(hit.project)}` : '';
  return `episode ${hit.episode_id}${started}${project}`;
}

/** Says which project was looked into: an empty list is no loss of data. */
function nothingText(project: string | undefined): string {
  if (project === undefined) return 'No episodes within these filters.';
  return `No episodes within these filters in project ${legible(project)}; --all-projects looks into every project.`;
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
  const more = cursor === undefined ? [] : [`More: --after ${cursor}`];
  return [table(columns, rows, terminalWidth()), ...more].join('\n');
}

function detailText(episode: EpisodeDetailResult): string {
  const { outcome, reward, reflection, quality, steps, metadata } = episode;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['episode', episode.episode_id],
    ['task', episode.task_description],
    ['status', episode.status],
    ['started', exactLocalTime(episode.started_at)],
    ['ended', episode.ended_at === undefined ? undefined : exactLocalTime(episode.ended_at)],
    ['project', episode.project],
    ['domain', episode.domain],
    ['type', episode.task_type],
    ['language', episode.language],
    ['framework', episode.framework],
    ['complexity', episode.complexity],
    ['repo', episode.repo],
    ['branch', episode.branch],
    ['files', episode.files?.join(', ')],
    ['tags', episode.tags.length === 0 ? undefined : episode.tags.join(', ')],
    ['metadata', Object.keys(metadata).length === 0 ? undefined : JSON.stringify(metadata)],
    ['source', Object.keys(episode.source).length === 0 ? undefined : JSON.stringify(episode.source)],
    ['outcome', outcome === undefined ? undefined : outcomeText(outcome)],
  ];
  const { evidence, summary, salient } = episode;
  const learning =
    reward && reflection && quality ? learningLines({ reward, evidence, reflection, quality, summary, salient }) : [];
  return [
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(11)}${legible(value)}`])),
    ...learning,
    heading(steps.length === 1 ? '1 step' : `${steps.length} steps`),
    ...steps.map(stepText),
  ].join('\n');
}

function outcomeText({ kind, ...rest }: NonNullable<EpisodeDetailResult['outcome']>): string {
  const parts = Object.entries(rest).flatMap(([name, value]: [string, string | readonly string[]]) => {
    if (typeof value === 'string') return [`${name}: ${value}`];
    return value.length === 0 ? [] : [`${name}: ${value.join(', ')}`];
  });
  return [kind, ...parts].join('; ');
}

interface Learnt extends Required<Pick<EpisodeDetailResult, 'reward' | 'reflection' | 'quality'>> {
  readonly evidence?: EpisodeDetailResult['evidence'];
  readonly summary?: EpisodeDetailResult['summary'];
  readonly salient?: EpisodeDetailResult['salient'];
}

/** What it taught, each thing once: the insights that stand out are among those of the reflection. */
function learningLines({ reward, evidence, reflection, quality, summary, salient }: Learnt): readonly string[] {
  return [
    ...(summary === undefined ? [] : [`summary    ${onOneLine(summary.text)}`]),
    ...(summary === undefined || summary.concepts.length === 0
      ? []
      : [`concepts   ${onOneLine(summary.concepts.join(', '))}`]),
    `reward     ${sumText(reward.total, reward.parts)}`,
    ...evidenceLines(evidence ?? []),
    `quality    ${quality.score.toFixed(2)}`,
    ...quality.reasons.map((reason) => `           ${onOneLine(reason)}`),
    ...(salient?.decisions ?? []).map((text) => `decided    ${onOneLine(text)}`),
    ...(salient?.tool_combinations ?? []).map((tools) => `together   ${onOneLine(tools.join(' → '))}`),
    ...reflection.insights.map((text) => `insight    ${onOneLine(text)}`),
    ...reflection.improvements.map((text) => `to improve ${onOneLine(text)}`),
    ...reflection.successes.map((text) => `went well  ${onOneLine(text)}`),
  ];
}

/** Checks shown beside the reward, the last ones. */
const MAX_EVIDENCE_LINES = 8;

function evidenceLines(evidence: NonNullable<EpisodeDetailResult['evidence']>): readonly string[] {
  const shown = evidence.slice(-MAX_EVIDENCE_LINES);
  const left = evidence.length - shown.length;
  return [
    ...(left === 0 ? [] : [`evidence   ${left} earlier ${left === 1 ? 'check' : 'checks'}`]),
    ...shown.map(({ step_number, kind, tool, is_passed, passed, failed }) => {
      const counts = [
        ...(passed === undefined ? [] : [`${passed} passed`]),
        ...(failed === undefined ? [] : [`${failed} failed`]),
      ];
      const told = counts.length === 0 ? '' : `, ${counts.join(', ')}`;
      return `evidence   step ${step_number}: ${kind}, ${onOneLine(tool)} ${is_passed ? 'passed' : 'failed'}${told}`;
    }),
  ];
}

function stepText(given: StepResultShape): string {
  const { type, ...rest } = given.result;
  const text = typeof rest.output === 'string' ? rest.output : typeof rest.message === 'string' ? rest.message : '';
  const facts = [
    String(type),
    ...(given.latency_ms === undefined ? [] : [`${given.latency_ms} ms`]),
    ...(given.tokens_used === undefined ? [] : [`${given.tokens_used} tokens`]),
    ...(given.step_key === undefined ? [] : [`key ${given.step_key}`]),
  ].join(', ');
  const parameters = Object.keys(given.parameters).length === 0 ? [] : [JSON.stringify(given.parameters)];
  const lines = text === '' ? [] : legible(text).trimEnd().split('\n');
  const hidden = lines.length - MAX_OUTPUT_LINES;
  return [
    `${String(given.step_number).padStart(4)}  ${localTime(given.at)}  ${onOneLine(given.tool)}: ${onOneLine(given.action)} (${onOneLine(facts)})`,
    ...(given.rationale === undefined ? [] : [`because ${onOneLine(given.rationale)}`]),
    ...parameters.map(onOneLine),
    ...lines.slice(0, MAX_OUTPUT_LINES),
    ...(hidden > 0 ? [`… ${hidden} more lines; --format json has them all`] : []),
  ].join('\n      ');
}
