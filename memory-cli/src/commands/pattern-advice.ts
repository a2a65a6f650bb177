// pattern recommend, playbook and feedback: what helps with a task, and what came of it.
import { isId, type Memory, MemoryError, type Recommended, type TaskType } from '@episodica/memory-core';
import {
  feedbackResult,
  feedbackText,
  fixLine,
  type HitItem,
  hitLines,
  hitsOf,
  type PlaybookItemResult,
  type PlaybookResult,
  type RecommendationResult,
  recommendationResult,
  restLines,
  scoreText,
} from '@episodica/memory-core/wire';
import { type Invocation, useMemory } from '../open.ts';
import { heading, onOneLine, print, terminalWidth } from '../output.ts';
import { percent, wrapped } from './pattern-text.ts';
import { wholeId, wholeOfferedId } from './whole-id.ts';

/** Flags of `pattern recommend` and `pattern playbook`: the domain restricts, the others rank. */
export interface TaskOptions {
  readonly project?: string;
  readonly domain?: string;
  readonly type?: TaskType;
  readonly language?: string;
  readonly framework?: string;
  readonly file?: readonly string[];
  readonly episode?: string;
  readonly limit?: number;
}

const MAX_TOKENS = 4_000;

/** What is known about such tasks: the playbook, and the episodes and patterns behind it. */
export async function recommend(invocation: Invocation, task: string, options: TaskOptions): Promise<number> {
  const found = await recommended(invocation, task, options);
  const result = recommendationResult(found, { detail: 'summary', maxTokens: MAX_TOKENS });
  await print(invocation.format, result, () =>
    [
      ...playbookText(result.playbook),
      '',
      // What the playbook rests on is named with each of its lines.
      heading('Found for it'),
      ...result.fixes.map((fix) => onOneLine(fixLine(fix))),
      ...hitsOf(result).map(hitText),
      ...restLines(result, '--limit').map(onOneLine),
      ...feedbackHint(result.recommendation_id, [...idsIn(result.playbook), ...idsFound(result)]),
    ].join('\n'),
  );
  return 0;
}

/** How to go about a task, in steps, with what to beware of. */
export async function playbook(invocation: Invocation, task: string, options: TaskOptions): Promise<number> {
  const found = await recommended(invocation, task, options);
  const { recommendation_id, playbook: told } = recommendationResult(found, { detail: 'ids', maxTokens: MAX_TOKENS });
  await print(invocation.format, { recommendation_id, ...told }, () =>
    [...playbookText(told), ...feedbackHint(recommendation_id, idsIn(told))].join('\n'),
  );
  return 0;
}

/** Flags of `pattern feedback`. */
export interface FeedbackOptions {
  readonly applied?: readonly string[];
  readonly ignored?: readonly string[];
  readonly helped?: readonly string[];
  readonly hindered?: readonly string[];
  readonly outcome?: 'success' | 'failure';
  readonly episode?: string;
  readonly note?: string;
}

/** Tells what came of a recommendation; what was applied gains or loses by it. */
export async function feedback(
  invocation: Invocation,
  recommendationId: string,
  options: FeedbackOptions,
): Promise<number> {
  const { outcome, episode, note } = options;
  const { signal, format } = invocation;
  const id = recommendationId.trim().toLowerCase();
  if (!isId(id)) {
    const what = `"${onOneLine(recommendationId)}" is no id of a recommendation`;
    throw new MemoryError('INVALID_INPUT', `RECOMMENDATION: ${what}; give it whole, as recommend or playbook told it.`);
  }
  const stored = await useMemory(invocation, async ({ memory }) =>
    memory.recordFeedback(
      {
        ...(await namedIn(memory, options, signal)),
        recommendationId: id,
        isSuccess: outcome === undefined ? undefined : outcome === 'success',
        episodeId: episode === undefined ? undefined : await wholeId(memory, episode, signal),
        note,
      },
      { signal },
    ),
  );
  const result = feedbackResult(stored);
  await print(format, result, () => feedbackText(result));
  return 0;
}

const NAMING = ['applied', 'ignored', 'helped', 'hindered'] as const;

/** Whole ids, as the flags name them or their beginnings. */
async function namedIn(
  memory: Memory,
  options: FeedbackOptions,
  signal: AbortSignal,
): Promise<Partial<Record<(typeof NAMING)[number], readonly string[]>>> {
  const named: Partial<Record<(typeof NAMING)[number], readonly string[]>> = {};
  for (const flag of NAMING) {
    const ids: string[] = [];
    for (const given of options[flag] ?? []) {
      ids.push(await wholeOfferedId(memory, { given, argument: `--${flag}` }, signal));
    }
    if (ids.length > 0) named[flag] = ids;
  }
  return named;
}

async function recommended(
  invocation: Invocation,
  description: string,
  { type, file, episode, ...same }: TaskOptions,
): Promise<Recommended> {
  const { signal } = invocation;
  if (description.trim() === '') throw new MemoryError('INVALID_INPUT', 'TASK: is empty; say what is to be done.');
  return useMemory(invocation, async ({ memory }) =>
    memory.recommend(
      {
        ...same,
        description,
        taskType: type,
        files: file,
        episodeId: episode === undefined ? undefined : await wholeId(memory, episode, signal),
      },
      { signal },
    ),
  );
}

function playbookText({
  kind_of_task: kind,
  steps,
  no_steps,
  if_it_fails,
  warnings,
  when_not,
  fit,
  risk,
}: PlaybookResult): readonly string[] {
  const rate = kind?.success_rate === undefined ? '' : `, ${percent(kind.success_rate)} of them succeeded`;
  return [
    ...(kind === undefined ? [] : [`Kind of task: ${onOneLine(kind.label)} (${kind.size} attempts${rate})`]),
    ...hanging(`Fit: ${fit.level}. `, fit.reason),
    ...hanging(`Risk: ${risk.level}. `, risk.reason),
    ...part('Steps', steps, (index) => `${index + 1}. `),
    ...(no_steps === undefined ? [] : ['', ...hanging('No steps: ', no_steps)]),
    ...part('If it fails', if_it_fails, () => '- '),
    ...part('Warnings', warnings, () => '! '),
    ...part('Not where', when_not, () => '- '),
  ];
}

function part(title: string, items: readonly PlaybookItemResult[], mark: (index: number) => string): readonly string[] {
  if (items.length === 0) return [];
  const told = items.flatMap((item, index) => [
    ...hanging(mark(index).padStart(MARK_COLUMNS), item.text),
    ...hanging(' '.repeat(MARK_COLUMNS), evidenceText(item)),
  ]);
  return ['', heading(title), ...told];
}

const MARK_COLUMNS = 4;
/** Episodes named behind a step; `--format json` has them all. */
const TOLD_IDS = 2;

function evidenceText({ standing, episode_ids, pattern_ids }: PlaybookItemResult): string {
  const told = [
    ...pattern_ids.map((id) => `pattern ${id}`),
    ...episode_ids.slice(-TOLD_IDS).map((id) => `episode ${id}`),
    ...(episode_ids.length > TOLD_IDS ? [`${episode_ids.length - TOLD_IDS} more`] : []),
  ];
  return [standing, ...told].join(', ');
}

/** A text behind a mark, its further lines below its first. */
function hanging(mark: string, text: string): readonly string[] {
  const indent = Math.min(mark.length, MARK_COLUMNS);
  const [first = '', ...others] = wrapped(`${mark.trim()} ${text}`, terminalWidth() - indent);
  const lead = mark.length - mark.trimStart().length;
  return [`${' '.repeat(lead)}${first}`, ...others.map((line) => `${' '.repeat(indent)}${line}`)];
}

function hitText(hit: HitItem): string {
  const name = 'pattern_id' in hit ? `pattern ${hit.pattern_id}` : `episode ${hit.episode_id}`;
  return [`${scoreText(hit.score)}  ${name}`, ...hitLines(hit).map(onOneLine)].join('\n      ');
}

/** Ids that feedback can name, as they are shown. */
function idsIn({ steps, if_it_fails, warnings, when_not }: PlaybookResult): readonly string[] {
  const items = [...steps, ...if_it_fails, ...warnings, ...when_not];
  return items.flatMap(({ pattern_ids, episode_ids }) => [...pattern_ids, ...episode_ids]);
}

function idsFound({ episodes, patterns, fixes }: RecommendationResult): readonly string[] {
  return [
    ...patterns.map(({ pattern_id }) => pattern_id),
    ...[...episodes, ...fixes].map(({ episode_id }) => episode_id),
  ];
}

/** Where nothing was offered there is nothing to tell. */
function feedbackHint(id: string, offered: readonly string[]): readonly string[] {
  if (offered.length === 0) return [];
  return ['', `Tell what came of it: memory-cli pattern feedback ${id} --applied ID … --outcome success|failure`];
}
