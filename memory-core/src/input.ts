// What callers may hand in, checked once, at the edge. Behind `parse` the types are trusted.
import * as z from 'zod';
import { COMPLEXITIES, type Complexity, TASK_TYPES, type TaskType } from './episode.ts';
import { refusedInput } from './errors.ts';
import type { Json, JsonObject } from './json.ts';
import { LIMITS } from './limits.ts';
import { tagProblem } from './tag.ts';

/** How an episode begins. All but the description may be left out; all of it helps to find it again. */
export interface EpisodeInput {
  readonly description: string;
  readonly project?: string | undefined;
  readonly domain?: string | undefined;
  /** @default 'other' */
  readonly taskType?: TaskType | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  readonly complexity?: Complexity | undefined;
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
  readonly files?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly source?: SourceInput | undefined;
}

export interface SourceInput {
  readonly agent?: string | undefined;
  readonly session?: string | undefined;
  readonly capturedFrom?: string | undefined;
  readonly confidence?: number | undefined;
}

/** One thing that was done, and how it went. */
export interface StepInput {
  readonly tool: string;
  readonly action: string;
  readonly rationale?: string | undefined;
  readonly parameters?: JsonObject | undefined;
  /** @default { type: 'success' } */
  readonly result?: StepResultInput | undefined;
  readonly latencyMs?: number | undefined;
  readonly tokensUsed?: number | undefined;
  /** A step with a key that the episode already holds is answered as before and not stored again. */
  readonly key?: string | undefined;
}

export type StepResultInput =
  | { readonly type: 'success'; readonly output?: string | undefined }
  | { readonly type: 'error' | 'timeout'; readonly message?: string | undefined };

/** How an episode ends, and what goes with each kind of ending. */
export type OutcomeInput =
  | {
      readonly kind: 'success';
      readonly verdict?: string | undefined;
      readonly artifacts?: readonly string[] | undefined;
    }
  | {
      readonly kind: 'partial';
      readonly verdict?: string | undefined;
      readonly completed?: readonly string[] | undefined;
      readonly failed?: readonly string[] | undefined;
    }
  | { readonly kind: 'failure'; readonly reason?: string | undefined; readonly details?: string | undefined }
  | { readonly kind: 'abstained'; readonly reason?: string | undefined };

/** Text of at most `maxBytes` bytes of UTF-8, without NUL; past it the call is refused with `LIMIT_EXCEEDED`. */
export function text(maxBytes: number): z.ZodType<string> {
  return z
    .string()
    .refine((value) => !value.includes('\0'), { message: 'holds a NUL character; leave it out' })
    .refine((value) => Buffer.byteLength(value) <= maxBytes, {
      message: `is longer than ${maxBytes} bytes; shorten it`,
      params: { isLimit: true },
    });
}

/** Text that says something. */
export function filledText(maxBytes: number): z.ZodType<string> {
  return text(maxBytes).refine((value) => value.trim().length > 0, { message: 'is empty; say what it is' });
}

/** A list of at most `maxItems`; past it the call is refused with `LIMIT_EXCEEDED`. */
export function list<T>(item: z.ZodType<T>, maxItems: number): z.ZodType<readonly T[]> {
  return z.array(item).refine((items) => items.length <= maxItems, {
    message: `has more than ${maxItems} entries; split it`,
    params: { isLimit: true },
  });
}

/** A JSON object whose text has at most `maxBytes` bytes. */
export function jsonObject(maxBytes: number): z.ZodType<JsonObject> {
  const schema = z
    .record(z.string(), z.unknown())
    .refine((value) => isJson(value, 0), {
      message: 'holds something that JSON has not; pass names and JSON values',
      abort: true,
    })
    .refine((value) => Buffer.byteLength(JSON.stringify(value)) <= maxBytes, {
      message: `is larger than ${maxBytes} bytes as JSON; leave out what can be found elsewhere`,
      params: { isLimit: true },
    });
  // The first refinement proves what the record's `unknown` leaves open.
  return schema as unknown as z.ZodType<JsonObject>;
}

const name = filledText(LIMITS.nameBytes);
const tag = z
  .string()
  .refine((given) => tagProblem(given) === undefined, { error: ({ input }) => tagProblem(String(input)) });

/** Leaves that the inputs of the library and of the tools share, so that each limit is written once. */
export const FIELDS: {
  readonly [K in 'name' | 'description' | 'action' | 'outcomeText']: z.ZodType<string>;
} & {
  readonly tags: z.ZodType<readonly string[]>;
  readonly files: z.ZodType<readonly string[]>;
  readonly outcomeItems: z.ZodType<readonly string[]>;
  readonly metadata: z.ZodType<JsonObject>;
  readonly parameters: z.ZodType<JsonObject>;
  readonly taskType: z.ZodType<TaskType>;
  readonly complexity: z.ZodType<Complexity>;
  readonly confidence: z.ZodType<number>;
  readonly count: z.ZodType<number>;
  readonly resultText: z.ZodType<string>;
  readonly time: z.ZodType<string>;
} = Object.freeze({
  name,
  description: filledText(LIMITS.descriptionBytes),
  action: filledText(LIMITS.actionBytes),
  outcomeText: text(LIMITS.outcomeTextBytes),
  tags: list(tag, LIMITS.tags),
  files: list(name, LIMITS.files),
  outcomeItems: list(text(LIMITS.outcomeTextBytes), LIMITS.outcomeItems),
  metadata: jsonObject(LIMITS.metadataBytes),
  parameters: jsonObject(LIMITS.parametersBytes),
  taskType: z.enum(TASK_TYPES),
  complexity: z.enum(COMPLEXITIES),
  confidence: z.number().min(0).max(1),
  count: z.number().min(0).finite(),
  resultText: text(LIMITS.episodeBytes),
  time: z.iso
    .datetime({ offset: true })
    .transform((value) => new Date(value).toISOString())
    .refine((value) => /^\d{4}-/u.test(value), { message: 'lies outside of the years 0000 to 9999' }),
});

const sourceInput: z.ZodType<SourceInput> = z.strictObject({
  agent: name.optional(),
  session: name.optional(),
  capturedFrom: name.optional(),
  confidence: FIELDS.confidence.optional(),
});

export const episodeInput: z.ZodType<EpisodeInput> = z.strictObject({
  description: FIELDS.description,
  project: name.optional(),
  domain: name.optional(),
  taskType: FIELDS.taskType.optional(),
  language: name.optional(),
  framework: name.optional(),
  complexity: FIELDS.complexity.optional(),
  repo: name.optional(),
  branch: name.optional(),
  files: FIELDS.files.optional(),
  tags: FIELDS.tags.optional(),
  metadata: FIELDS.metadata.optional(),
  source: sourceInput.optional(),
});

export const stepInput: z.ZodType<StepInput> = z.strictObject({
  tool: name,
  action: FIELDS.action,
  rationale: FIELDS.action.optional(),
  parameters: FIELDS.parameters.optional(),
  result: z
    .discriminatedUnion('type', [
      z.strictObject({ type: z.literal('success'), output: FIELDS.resultText.optional() }),
      z.strictObject({ type: z.enum(['error', 'timeout']), message: FIELDS.resultText.optional() }),
    ])
    .optional(),
  latencyMs: FIELDS.count.optional(),
  tokensUsed: FIELDS.count.optional(),
  key: name.optional(),
});

export const outcomeInput: z.ZodType<OutcomeInput> = z.discriminatedUnion('kind', [
  z.strictObject({
    kind: z.literal('success'),
    verdict: FIELDS.outcomeText.optional(),
    artifacts: FIELDS.outcomeItems.optional(),
  }),
  z.strictObject({
    kind: z.literal('partial'),
    verdict: FIELDS.outcomeText.optional(),
    completed: FIELDS.outcomeItems.optional(),
    failed: FIELDS.outcomeItems.optional(),
  }),
  z.strictObject({
    kind: z.literal('failure'),
    reason: FIELDS.outcomeText.optional(),
    details: FIELDS.outcomeText.optional(),
  }),
  z.strictObject({ kind: z.literal('abstained'), reason: FIELDS.outcomeText.optional() }),
]);

/**
 * The checked value.
 * @throws `INVALID_INPUT` that names every field at fault, or `LIMIT_EXCEEDED` when all that is wrong is a size.
 */
export function parse<T>(schema: z.ZodType<T>, value: unknown, what: string): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  const { issues } = result.error;
  const isOnlySize = issues.every((issue) => issue.code === 'custom' && issue.params?.isLimit === true);
  throw refusedInput(
    issues.map((issue) => ({ path: issue.path.map(String).join('.') || what, problem: problemText(issue) })),
    { code: isOnlySize ? 'LIMIT_EXCEEDED' : 'INVALID_INPUT', cause: result.error },
  );
}

function problemText(issue: z.core.$ZodIssue): string {
  switch (issue.code) {
    case 'unrecognized_keys':
      return `${issue.keys.map((key) => `"${key}"`).join(', ')} does not belong here; leave it out`;
    case 'invalid_type':
      return `is missing or of another kind; give ${/^[aeiou]/u.test(issue.expected) ? 'an' : 'a'} ${issue.expected}`;
    case 'invalid_value':
      return `is none of ${issue.values.map(String).join(', ')}`;
    case 'invalid_format':
      return issue.format === 'datetime' ? 'is no ISO time with its zone, such as 2026-01-31T12:00:00Z' : issue.message;
    default:
      return issue.message;
  }
}

const MAX_JSON_DEPTH = 64;

/** Whether JSON has this value as it is: nothing that `JSON.stringify` would drop or change. */
function isJson(value: unknown, depth: number): value is Json {
  if (depth > MAX_JSON_DEPTH) return false;
  if (value === null || typeof value === 'string' || typeof value === 'boolean') return true;
  if (typeof value === 'number') return Number.isFinite(value);
  if (Array.isArray(value)) return value.every((item) => isJson(item, depth + 1));
  if (typeof value !== 'object') return false;
  const prototype = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) return false;
  return Object.values(value).every((item) => isJson(item, depth + 1));
}
