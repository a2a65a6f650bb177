// Result files of tau-bench (a JSON array of runs) as records.
import * as z from 'zod';
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
 * said since the step before; what came after the last step is told with the outcome. The same run always gives the
 * same episode id.
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
  const { steps, saidLast } = toSteps(traj);
  return {
    episode_id: contentId(JSON.stringify(['tau-bench', task_id, trial, traj])),
    task_description: said,
    ...(domain === undefined ? {} : { domain }),
    task_type: 'other',
    metadata: { task_id, trial },
    source: { captured_from: 'import:tau-bench' },
    steps,
    outcome: toOutcome(reward, saidLast),
  };
}

function toOutcome(reward: number, saidLast: string): EpisodeRecord['outcome'] {
  const told = `tau-bench reward ${reward}`;
  if (reward < 1) return { kind: 'failure', reason: told, ...(saidLast === '' ? {} : { details: saidLast }) };
  return { kind: 'success', verdict: saidLast === '' ? told : `${told}. The user said: ${saidLast}`, artifacts: [] };
}

interface Told {
  readonly steps: readonly StepRecord[];
  /** By the user, after the last step. */
  readonly saidLast: string;
}

interface Called {
  readonly call: z.output<typeof toolCall>;
  /** By the user, since the call before. */
  readonly said: string;
  output: string;
}

function toSteps(traj: readonly Message[]): Told {
  const calls: Called[] = [];
  // Ids repeat within a run: a result is that of the newest call of its id that has none. The newest stands last.
  const unanswered = new Map<string, Called[]>();
  let said: string[] = [];
  for (const { role, content, tool_calls, tool_call_id } of traj) {
    if (role === 'user' && content) said.push(content);
    const answered = unanswered.get(tool_call_id ?? '')?.pop();
    if (answered !== undefined) answered.output = content ?? '';
    const called: Called[] = [];
    for (const call of tool_calls ?? []) {
      called.push({ call, said: clipped(said), output: '' });
      said = [];
    }
    calls.push(...called);
    // Those of one message are answered in their order.
    for (const one of called.toReversed()) {
      const waiting = unanswered.get(one.call.id);
      if (waiting === undefined) unanswered.set(one.call.id, [one]);
      else waiting.push(one);
    }
  }
  return { steps: calls.map(toStep), saidLast: clipped(said) };
}

function toStep({ call, said, output }: Called): StepRecord {
  const { name, arguments: json } = call.function;
  return {
    tool: name,
    action: name,
    parameters: parametersOf(json),
    result: /^Error\b/u.test(output) ? { type: 'error', message: output } : { type: 'success', output },
    ...(said === '' ? {} : { rationale: said }),
  };
}

/** Well within the limits of a rationale and of an outcome's texts in bytes, whatever the script. */
const MAX_SAID_CHARACTERS = 2_000;

function clipped(said: readonly string[]): string {
  return said.join('\n').replaceAll(END_MARK, '').trim().slice(0, MAX_SAID_CHARACTERS);
}
/** What the simulated user says when it has no more to say. */
const END_MARK = '###STOP###';

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
