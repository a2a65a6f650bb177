// By what episodes and steps can be grouped, and what each of them says to it. Pure.
import type { Episode, Step } from '../episode.ts';
import { resultText } from '../episode.ts';
import { errorExcerpt } from '../error-text.ts';
import { actOf, errorKey } from '../learn/trace-steps.ts';
import { LIMITS } from '../limits.ts';
import { errorSignature } from '../retrieve/error-signature.ts';

/**
 * What is known of each episode. `tag`, `quality_flag`: it counts in each that it has. `day`, `week` (its Monday) and
 * `month` are those of its start, in UTC.
 */
export const EPISODE_FIELDS = [
  'project',
  'domain',
  'task_type',
  'language',
  'framework',
  'complexity',
  'status',
  'outcome',
  'tag',
  'quality_flag',
  'agent',
  'session',
  'captured_from',
  'day',
  'week',
  'month',
] as const;
export type EpisodeField = (typeof EPISODE_FIELDS)[number];

/**
 * What is known of each step beside that of its episode. `act`: the tool, and what it ran where it runs commands. Of
 * those that failed `error`, the same for the same error wherever it comes, and `error_code`, its code or else its type.
 */
export const STEP_FIELDS = ['tool', 'act', 'result', 'error', 'error_code'] as const;
export type StepField = (typeof STEP_FIELDS)[number];

/** What may be grouped by: `EPISODE_FIELDS` and `STEP_FIELDS`. */
export type Field = EpisodeField | StepField;

/** What something says to a field; `null` where it says nothing. */
export type FieldValue = string | null;

export function isStepField(field: Field): field is StepField {
  return STEP_FIELDS.some((each) => each === field);
}

/** Every value that the episode has there, each once; `[null]` where it has none. */
export function episodeValues(episode: Episode, field: EpisodeField): readonly FieldValue[] {
  const values = toldValues(episode, field).filter((value) => value !== undefined);
  return values.length === 0 ? NOTHING : [...new Set(values.map(kept))];
}

/** What the steps say; an error is read only where it is asked for. */
export function stepValues(fields: readonly StepField[]): (step: Step) => Readonly<Record<StepField, FieldValue>> {
  const isErrorAsked = fields.includes('error') || fields.includes('error_code');
  const isActAsked = fields.includes('act');
  const errorOf = rememberingErrors();
  return (step) => {
    const { type } = step.result;
    const error = isErrorAsked && type !== 'success' ? errorOf(type, resultText(step.result)) : NO_ERROR;
    return { tool: kept(step.tool), act: isActAsked ? kept(actOf(step)) : null, result: type, ...error };
  };
}

const NOTHING: readonly FieldValue[] = [null];

function toldValues(episode: Episode, field: EpisodeField): readonly (string | undefined)[] {
  const end = episode.status === 'completed' ? episode : undefined;
  switch (field) {
    case 'project':
    case 'domain':
    case 'status':
      return [episode[field]];
    case 'task_type':
      return [episode.taskType];
    case 'language':
    case 'framework':
    case 'complexity':
      return [episode.context[field]];
    case 'outcome':
      return [end?.outcome.kind];
    case 'tag':
      return episode.tags;
    case 'quality_flag':
      return end?.quality.flags ?? [];
    case 'agent':
    case 'session':
      return [episode.source[field]];
    case 'captured_from':
      return [episode.source.capturedFrom];
    case 'day':
      return [episode.startedAt.slice(0, DAY_CHARACTERS)];
    case 'week':
      return [mondayOf(episode.startedAt)];
    case 'month':
      return [episode.startedAt.slice(0, MONTH_CHARACTERS)];
  }
}

const DAY_CHARACTERS = '2026-01-31'.length;
const MONTH_CHARACTERS = '2026-01'.length;

function mondayOf(time: string): string {
  const day = new Date(`${time.slice(0, DAY_CHARACTERS)}T00:00:00Z`);
  day.setUTCDate(day.getUTCDate() - ((day.getUTCDay() + 6) % 7));
  return day.toISOString().slice(0, -'T00:00:00.000Z'.length);
}

/** What may be stored as a name is never cut; longer texts are, and those that begin alike are then one. */
function kept(text: string): string {
  return text.length <= LIMITS.nameBytes ? text : `${text.slice(0, LIMITS.nameBytes - 1).replace(HALF_CHARACTER, '')}…`;
}

/** The first unit of a character that a cut took the second of. */
const HALF_CHARACTER = /[\ud800-\udbff]$/u;

interface ToldError {
  readonly error: FieldValue;
  readonly error_code: FieldValue;
}

const NO_ERROR: ToldError = Object.freeze({ error: null, error_code: null });

/** To read an error takes longer than all else that is read of a step, and the same ones come again and again. */
const REMEMBERED_ERRORS = 1_000;

function rememberingErrors(): (type: 'error' | 'timeout', text: string) => ToldError {
  const remembered = new Map<string, ToldError>();
  return (type, text) => {
    const excerpt = errorExcerpt(text);
    const key = `${type} ${excerpt}`;
    const known = remembered.get(key);
    if (known !== undefined) return known;
    const signature = errorSignature(excerpt);
    const error = errorKey(type, signature);
    const code = signature.codes[0] ?? signature.types[0];
    const told = { error: error === '' ? null : kept(error), error_code: code === undefined ? null : kept(code) };
    if (remembered.size >= REMEMBERED_ERRORS) remembered.clear();
    remembered.set(key, told);
    return told;
  };
}
