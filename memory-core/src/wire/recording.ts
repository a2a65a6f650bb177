// Arguments of what records and asks, in their outward form, and what the library wants for them.
import * as z from 'zod';
import { type Complexity, OUTCOME_KINDS, type OutcomeKind, type TaskType } from '../episode.ts';
import { refusedInput } from '../errors.ts';
import { type EpisodeInput, FIELDS, type OutcomeInput, type StepInput, type StepResultInput, text } from '../input.ts';
import { defined, type JsonObject } from '../json.ts';
import { LIMITS } from '../limits.ts';
import type { SearchQuery } from '../query.ts';
import { DETAILS, type Detail } from './hits.ts';
import type { ShapeOf } from './shape.ts';

/** Arguments of `create_episode`. */
export interface CreateEpisodeArguments {
  readonly task_description: string;
  readonly domain?: string | undefined;
  readonly task_type?: TaskType | undefined;
  readonly project?: string | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  readonly complexity?: Complexity | undefined;
  readonly repo?: string | undefined;
  readonly branch?: string | undefined;
  readonly files?: readonly string[] | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly metadata?: JsonObject | undefined;
  readonly source?: SourceArguments | undefined;
}

/** Who recorded an episode: the `source` argument of `create_episode`. */
export interface SourceArguments {
  readonly agent?: string | undefined;
  readonly session?: string | undefined;
  readonly captured_from?: string | undefined;
  readonly confidence?: number | undefined;
}

/** One step: arguments of `add_step` but for the episode. */
export interface StepArguments {
  readonly tool: string;
  readonly action: string;
  readonly parameters?: JsonObject | undefined;
  readonly result?: StepResultInput | undefined;
  readonly latency_ms?: number | undefined;
  readonly tokens_used?: number | undefined;
  readonly rationale?: string | undefined;
  readonly step_key?: string | undefined;
}

/** The `outcome` argument of `complete_episode`. Which fields go with which kind is checked behind it. */
export interface OutcomeArguments {
  readonly kind: OutcomeKind;
  readonly verdict?: string | undefined;
  readonly artifacts?: readonly string[] | undefined;
  readonly completed?: readonly string[] | undefined;
  readonly failed?: readonly string[] | undefined;
  readonly reason?: string | undefined;
  readonly details?: string | undefined;
}

/** Arguments of `query_memory`. */
export interface QueryArguments {
  readonly query?: string | undefined;
  readonly project?: string | undefined;
  readonly scope?: 'project' | 'all' | undefined;
  readonly domain?: string | undefined;
  readonly task_type?: TaskType | undefined;
  readonly outcome?: OutcomeKind | undefined;
  readonly tags?: readonly string[] | undefined;
  readonly since?: string | undefined;
  readonly until?: string | undefined;
  readonly files?: readonly string[] | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  readonly limit?: number | undefined;
  readonly max_tokens?: number | undefined;
  readonly detail?: Detail | undefined;
}

const sourceShape = z.strictObject({
  agent: FIELDS.name.optional(),
  session: FIELDS.name.optional(),
  captured_from: FIELDS.name.optional(),
  confidence: FIELDS.confidence.optional(),
});

/** What `create_episode` takes. */
export const createEpisodeShape: ShapeOf<CreateEpisodeArguments> = {
  task_description: FIELDS.description.describe('What is to be done, in your own words'),
  domain: FIELDS.name.optional().describe('Area of work, e.g. "auth" or "billing-api"'),
  task_type: FIELDS.taskType.optional(),
  project: FIELDS.name.optional().describe("Default: that of the server's folder, over HTTP none"),
  language: FIELDS.name.optional(),
  framework: FIELDS.name.optional(),
  complexity: FIELDS.complexity.optional(),
  repo: FIELDS.name.optional(),
  branch: FIELDS.name.optional(),
  files: FIELDS.files.optional(),
  tags: FIELDS.tags.optional().describe('Of letters, digits, "_" and "-"'),
  metadata: FIELDS.metadata.optional(),
  source: sourceShape.optional(),
};

/** What a step answered is one text, whichever of its two names a caller thinks of. */
const stepResultSchema: z.ZodType<StepResultInput> = z
  .strictObject({
    type: z.enum(['success', 'error', 'timeout']),
    output: FIELDS.resultText.optional().describe('success: what it answered'),
    message: FIELDS.resultText.optional().describe('error, timeout: the whole error text'),
  })
  .transform(({ type, output, message }, context) => {
    if (output !== undefined && message !== undefined) {
      const [home, stranger] = type === 'success' ? ['output', 'message'] : ['message', 'output'];
      const what = `does not go with ${type} beside ${home}; put all of the text into ${home}`;
      context.addIssue({ code: 'custom', path: [stranger], message: what });
      return z.NEVER;
    }
    const said = message ?? output;
    return type === 'success' ? { type, ...defined({ output: said }) } : { type, ...defined({ message: said }) };
  });

/** What `add_step` takes of one step. */
export const stepShape: ShapeOf<StepArguments> = {
  tool: FIELDS.name.describe('Tool or command that was used'),
  action: FIELDS.action.describe('What was done with it'),
  parameters: FIELDS.parameters.optional(),
  result: stepResultSchema.optional().describe('How it went'),
  latency_ms: FIELDS.count.optional(),
  tokens_used: FIELDS.count.optional(),
  rationale: FIELDS.action.optional().describe('Why this step'),
  step_key: FIELDS.name.optional().describe('Your own key: repeating a step with the same key stores it once'),
};

/** What `complete_episode` takes as the outcome; which fields go with which kind, `toOutcomeInput` checks. */
export const outcomeShape: ShapeOf<OutcomeArguments> = {
  kind: z.enum(OUTCOME_KINDS),
  verdict: FIELDS.outcomeText.optional().describe('success, partial: what was reached'),
  artifacts: FIELDS.outcomeItems.optional().describe('success: what was made'),
  completed: FIELDS.outcomeItems.optional().describe('partial'),
  failed: FIELDS.outcomeItems.optional().describe('partial'),
  reason: FIELDS.outcomeText.optional().describe('failure, abstained: why'),
  details: FIELDS.outcomeText.optional().describe('failure'),
};

/** What `query_memory` takes. */
export const queryShape: ShapeOf<QueryArguments> = {
  query: text(LIMITS.queryBytes)
    .optional()
    .describe('Task, question or error text; may be left out when a filter is given'),
  project: FIELDS.name.optional().describe("Default: that of the server's folder, over HTTP none"),
  scope: z.enum(['project', 'all']).optional().describe('"all" looks into every project. Default "project"'),
  domain: FIELDS.name.optional(),
  task_type: FIELDS.taskType.optional(),
  outcome: z.enum(OUTCOME_KINDS).optional(),
  tags: FIELDS.tags.optional(),
  since: FIELDS.time.optional(),
  until: FIELDS.time.optional(),
  files: FIELDS.files.optional().describe('What you work on: files, language and framework rank, and hide nothing'),
  language: FIELDS.name.optional(),
  framework: FIELDS.name.optional(),
  limit: z.int().min(1).max(LIMITS.hits).optional().describe('Hits of each kind. Default 10'),
  max_tokens: z.int().min(50).max(100_000).optional().describe('Size of the answer. Default 2000'),
  detail: z.enum(DETAILS).optional().describe('Default "summary"'),
};

/** Arguments of `create_episode` as the library takes them. */
export function toEpisodeInput(given: CreateEpisodeArguments): EpisodeInput {
  const { task_description, task_type, source, ...same } = given;
  const { captured_from, ...sameSource } = source ?? {};
  return {
    ...same,
    description: task_description,
    taskType: task_type,
    source: source && { ...sameSource, capturedFrom: captured_from },
  };
}

/** One step of `add_step` as the library takes it. */
export function toStepInput(given: StepArguments): StepInput {
  const { latency_ms, tokens_used, step_key, ...same } = given;
  return { ...same, latencyMs: latency_ms, tokensUsed: tokens_used, key: step_key };
}

/** What goes with each kind of outcome, the text that tells most first. */
const OUTCOME_FIELDS: {
  readonly [K in OutcomeKind]: readonly [keyof OutcomeArguments, ...(keyof OutcomeArguments)[]];
} = {
  success: ['verdict', 'artifacts'],
  partial: ['verdict', 'completed', 'failed'],
  failure: ['reason', 'details'],
  abstained: ['reason'],
};

/** The outcome as the library wants it. @throws `INVALID_INPUT` for a field that does not go with its kind, with the one to take */
export function toOutcomeInput(given: OutcomeArguments): OutcomeInput {
  const { kind, ...fields } = defined(given);
  const known = OUTCOME_FIELDS[kind];
  const stranger = Object.keys(fields).find((field) => !known.some((name) => name === field));
  if (stranger !== undefined) {
    const problem = `does not go with ${kind}, which takes ${known.join(', ')}; say it in ${known[0]}`;
    throw refusedInput([{ path: `outcome.${stranger}`, problem }]);
  }
  // Which fields belong to which kind was checked just now.
  return { kind, ...fields } as OutcomeInput;
}

/** Arguments of `query_memory` as the library takes them; how much is told of the hits is not its matter. */
export function toSearchQuery(given: QueryArguments): SearchQuery {
  const { query, task_type, files, language, framework, max_tokens: _maxTokens, detail: _detail, ...same } = given;
  return { ...same, text: query, taskType: task_type, situation: { files, language, framework } };
}
