// Result files of tau-bench (a JSON array of runs) as records.
import { z } from 'zod';
import { contentId } from '../id.ts';
import type { JsonObject } from '../json.ts';
import { PositionedRecord, UnreadableRecord } from './import.ts';
import type { EpisodeRecord, StepRecord } from './record.ts';

const toolCall = z.object({
  id: z.string(),
  function: z.object({ name: z.string(), arguments: z.string() }),
});

const message = z.object({
  role: z.string(),
  content: z.string().nullish(),
  tool_calls: z.array(toolCall).nullish(),
  tool_call_id: z.string().nullish(),
});
type Message = z.output<typeof message>;

const run = z.object({
  task_id: z.union([z.number(), z.string()]),
  trial: z.number(),
  reward: z.number(),
  traj: z.array(message),
});

/** Whether a parsed JSON value looks like a tau-bench result file. */
export function isTauBench(value: unknown): value is readonly unknown[] {
  return Array.isArray(value) && run.safeParse(value[0]).success;
}

/**
 * One record a run. The task is what the user first said; each tool call is a step, and its rationale what the user
 * said since the step before. The same run always gives the same episode id.
 */
export function* readTauBench(runs: readonly unknown[], domain: string | undefined): Generator<PositionedRecord> {
  for (const [index, value] of runs.entries()) {
    const parsed = run.safeParse(value);
    const position = index + 1;
    yield new PositionedRecord(
      position,
      parsed.success
        ? toRecord(parsed.data, domain)
        : new UnreadableRecord(position, 'is not a tau-bench run: it needs task_id, trial, reward and traj.'),
    );
  }
}

function toRecord({ task_id, trial, reward, traj }: z.output<typeof run>, domain: string | undefined): EpisodeRecord {
  const said = traj.find(({ role }) => role === 'user')?.content ?? `tau-bench task ${task_id}`;
  return {
    episode_id: contentId(JSON.stringify(['tau-bench', task_id, trial, traj])),
    task_description: said,
    ...(domain === undefined ? {} : { domain }),
    task_type: 'other',
    metadata: { task_id, trial },
    source: { captured_from: 'import:tau-bench' },
    steps: toSteps(traj),
    outcome:
      reward >= 1
        ? { kind: 'success', verdict: `tau-bench reward ${reward}`, artifacts: [] }
        : { kind: 'failure', reason: `tau-bench reward ${reward}` },
  };
}

function toSteps(traj: readonly Message[]): readonly StepRecord[] {
  const answers = new Map(traj.flatMap(({ tool_call_id, content }) => (tool_call_id ? [[tool_call_id, content]] : [])));
  const steps: StepRecord[] = [];
  let said: string[] = [];
  for (const { role, content, tool_calls } of traj) {
    if (role === 'user' && content) said.push(content);
    for (const call of tool_calls ?? []) {
      steps.push(toStep(call, answers.get(call.id) ?? '', said.join('\n')));
      said = [];
    }
  }
  return steps;
}

function toStep(call: z.output<typeof toolCall>, output: string, said: string): StepRecord {
  const { name, arguments: json } = call.function;
  return {
    tool: name,
    action: name,
    parameters: parametersOf(json),
    result: /^Error\b/u.test(output) ? { type: 'error', message: output } : { type: 'success', output },
    ...(said === '' ? {} : { rationale: said.slice(0, MAX_RATIONALE_CHARACTERS) }),
  };
}

/** Well within the limit of a rationale in bytes, whatever the script. */
const MAX_RATIONALE_CHARACTERS = 2_500;

function parametersOf(json: string): JsonObject {
  try {
    const value: unknown = JSON.parse(json);
    // JSON.parse gives JSON; an object that is no array has names.
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as JsonObject)
      : { value: json };
  } catch {
    // The model wrote arguments that are no JSON: kept as it wrote them.
    return { value: json };
  }
}
