// Trajectories of SWE-agent (one JSON document each) as records.
import * as z from 'zod';
import { type Outcome, type StepResult, UNKNOWN_OUTCOME } from '../episode.ts';
import { contentId } from '../id.ts';
import { defined } from '../json.ts';
import { LIMITS } from '../limits.ts';
import { evidentOutcome, INFERRED_CONFIDENCE } from './evident-outcome.ts';
import { PositionedRecord } from './import.ts';
import type { EpisodeRecord, StepRecord } from './record.ts';
import { fittingResult, fittingText, isFullPart, isNamed, leftOut, stepBytes } from './within-limits.ts';

/** Whether a parsed JSON value looks like a trajectory. */
export function isSweAgent(value: unknown): boolean {
  return isNamed(value) && (Array.isArray(value.trajectory) || Array.isArray(value.history));
}

/**
 * One record, or several where there are more steps than an episode holds. The task is the problem that the agent was
 * given, each turn is a step, and its rationale the agent's thought. The same trajectory always gives the same ids.
 */
export function* readSweAgent(value: unknown): Generator<PositionedRecord> {
  const { environment, trajectory, history, info, replay_config } = trajectorySchema.parse(value);
  const turns = trajectory.length > 0 ? trajectory : turnsIn(history);
  const task = taskIn(history) ?? taskOfReplay(replay_config) ?? 'A task that is not in the trajectory';
  const allSteps = turns.map(toStep);
  const parts = inParts(allSteps);
  const outcome = outcomeOf(info, allSteps);
  const identity = JSON.stringify(['swe-agent', task, turns]);
  for (const [index, steps] of parts.entries()) {
    const isLast = index === parts.length - 1;
    const record: EpisodeRecord = {
      episode_id: contentId(index === 0 ? identity : JSON.stringify([identity, index + 1])),
      task_description: fittingText(task, LIMITS.descriptionBytes),
      task_type: 'other',
      metadata: defined({
        environment: short(environment),
        exit_status: short(info.exit_status),
        part: parts.length === 1 ? undefined : index + 1,
      }),
      source: defined({
        agent: 'swe-agent',
        captured_from: 'import:swe-agent',
        confidence: isLast && outcome.isInferred ? INFERRED_CONFIDENCE : undefined,
      }),
      steps,
      outcome: isLast ? outcome.outcome : { kind: 'abstained', reason: 'The work goes on in another part.' },
    };
    yield new PositionedRecord(index + 1, record);
  }
}

const words = z.string().optional().catch(undefined);

const turnSchema = z.object({
  action: z.string().catch(''),
  observation: z.string().catch(''),
  thought: words,
  response: words,
  execution_time: z.number().min(0).finite().optional().catch(undefined),
});
type Turn = z.output<typeof turnSchema>;

const messageSchema = z.object({
  role: z.string().catch(''),
  content: z.unknown().optional(),
  is_demo: z.boolean().optional().catch(undefined),
  message_type: words,
  thought: words,
  action: words,
  tool_calls: z
    .array(z.object({ function: z.object({ name: z.string(), arguments: z.unknown().optional() }) }))
    .nullish()
    .catch(undefined),
});
type Message = z.output<typeof messageSchema>;

const infoSchema = z.object({ exit_status: words, submission: words });

/** What is of another kind than expected is as good as absent. */
const trajectorySchema = z.object({
  environment: words,
  trajectory: z.array(turnSchema).catch([]),
  history: z.array(messageSchema).catch([]),
  info: infoSchema.catch({}),
  replay_config: z.unknown().optional(),
});

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((block: unknown) => {
      if (!isNamed(block)) return '';
      return typeof block.text === 'string' ? block.text : leftOut(String(block.type));
    })
    .join('\n');
}

function isOwn({ is_demo, message_type }: Message): boolean {
  return is_demo !== true && message_type !== 'demonstration';
}

/** The problem in the first message to the agent, without the instructions around it. */
function taskIn(history: readonly Message[]): string | undefined {
  const first = history.find((message) => message.role === 'user' && isOwn(message));
  const text = contentText(first?.content).trim();
  const problem = PROBLEMS.map((form) => form.exec(text)?.[1]?.trim()).find(
    (found) => found !== undefined && found !== '',
  );
  return problem ?? (text === '' ? undefined : text);
}

/** How the templates of SWE-agent put a problem. */
const PROBLEMS: readonly RegExp[] = [
  /<pr_description>([\s\S]*?)<\/pr_description>/u,
  /^ISSUE:\n([\s\S]*?)(?=\n\s*\nINSTRUCTIONS:|(?![\s\S]))/mu,
  /^We're currently solving the following [^\n]*?challenge\. ([\s\S]*?)(?=\n\s*\nINSTRUCTIONS:|(?![\s\S]))/u,
];

/** The problem as the settings of the run have it, which are JSON within JSON. */
function taskOfReplay(settings: unknown): string | undefined {
  const schema = z.object({ problem_statement: z.object({ text: z.string().min(1) }) });
  try {
    return schema.safeParse(typeof settings === 'string' ? JSON.parse(settings) : settings).data?.problem_statement
      .text;
  } catch {
    // No JSON: then it tells nothing.
    return undefined;
  }
}

/** The turns of a trajectory of which only the messages are there: what follows an action is what came of it. */
function turnsIn(history: readonly Message[]): readonly Turn[] {
  const own = history.filter(isOwn);
  return own.flatMap((message, index): readonly Turn[] => {
    if (message.role !== 'assistant') return [];
    const called = message.tool_calls?.[0]?.function;
    const action = message.action ?? (called && `${called.name} ${contentText(called.arguments)}`.trim());
    if (action === undefined) return [];
    const next = own[index + 1];
    const observation = next === undefined || next.role === 'assistant' ? '' : contentText(next.content);
    return [
      {
        action,
        observation: observation.replace(PROMPT, ''),
        thought: message.thought ?? contentText(message.content),
        response: undefined,
        execution_time: undefined,
      },
    ];
  });
}

/** What the terminal writes behind each output. */
const PROMPT = /\r?\n\(Open file: [^\n]*\)\r?\n\(Current directory: [^\n]*\)\r?\nbash-\$\s*$/u;

const ACTION_BYTES = 2_000;
const RATIONALE_BYTES = 2_500;
const NO_ACTION = 'no action';

function toStep({ action, observation, thought, response, execution_time }: Turn): StepRecord {
  const command = action.trim();
  const tool = /^(?:\w+=\S*\s+)*(\S+)/u.exec(command)?.[1] ?? NO_ACTION;
  const why = [thought, response].map((text) => text?.trim() ?? '').find((text) => text !== '') ?? '';
  return {
    tool: fittingText(tool, LIMITS.nameBytes),
    action: command === '' ? NO_ACTION : fittingText(command, ACTION_BYTES),
    ...defined({ rationale: why === '' ? undefined : fittingText(why, RATIONALE_BYTES) }),
    parameters: command === '' ? {} : { command: fittingText(command, COMMAND_BYTES) },
    ...fittingResult(typeOf(tool, observation), observation.replace(PROMPT, '')),
    ...defined({ latency_ms: execution_time === undefined ? undefined : Math.round(execution_time * 1_000) }),
  };
}

/** As JSON a character may take six bytes, and all parameters together have a limit. */
const COMMAND_BYTES = 10_000;

function typeOf(tool: string, observation: string): StepResult['type'] {
  const said = observation.trim();
  if (TIMEOUT.test(said)) return 'timeout';
  // What shows a file may show errors that are written in it: there only the beginning tells.
  const read = READING.test(tool) ? said.slice(0, said.search(/\n|$/u)) : said;
  return tool === NO_ACTION || ERROR.test(read) ? 'error' : 'success';
}

const TIMEOUT = /^(?:EXECUTION TIMED OUT|The command .* was cancelled because it took more than|COMMAND TIMED OUT)/iu;
const READING =
  /^(?:open|goto|scroll_\w+|cat|head|tail|less|more|grep|rg|find|find_file|search_\w+|ls|sed|strings|git)$/u;
const ERROR = new RegExp(
  [
    String.raw`^Traceback \(most recent call last\)`,
    String.raw`^(?:[\w.]+(?:Error|Exception)|Error|ERROR|error|fatal|panic)(?:\[\w+\])?:`,
    ': (?:command not found|No such file(?: or directory)?|Permission denied|not found)$',
    '^Your (?:proposed edit|command|output) (?:has introduced new syntax error|was not formatted)',
    String.raw`^(?:No replacement was performed|Invalid \S+ parameter|Wrong flag)`,
    String.raw`\b[1-9]\d* (?:tests? )?fail(?:ed|ing)\b|^FAILED\b`,
  ].join('|'),
  'mu',
);

function inParts(steps: readonly StepRecord[]): readonly (readonly StepRecord[])[] {
  const parts: StepRecord[][] = [[]];
  let bytes = 0;
  for (const step of steps) {
    if (isFullPart({ steps: parts.at(-1)?.length ?? 0, bytes })) {
      parts.push([]);
      bytes = 0;
    }
    parts.at(-1)?.push(step);
    bytes += stepBytes(step);
  }
  return parts;
}

/** Handing something in does not solve the problem, but ending without it leaves it unsolved. */
function outcomeOf(
  { exit_status, submission }: z.output<typeof infoSchema>,
  steps: readonly StepRecord[],
): { readonly outcome: Outcome; readonly isInferred: boolean } {
  const hasSubmitted =
    exit_status === undefined
      ? steps.at(-1)?.tool === 'submit'
      : exit_status.startsWith('submitted') || (submission ?? '').trim() !== '';
  if (exit_status !== undefined && exit_status !== '' && !hasSubmitted) {
    return {
      outcome: { kind: 'failure', reason: `Ended without a submission: ${short(exit_status)}.` },
      isInferred: false,
    };
  }
  const evident = evidentOutcome(steps, { isEdit, isExitTold: false });
  if (evident !== undefined) return { outcome: evident, isInferred: true };
  const what = hasSubmitted ? 'the trajectory tells that something was submitted' : 'the trajectory tells no end';
  return { outcome: { kind: 'abstained', reason: `${UNKNOWN_OUTCOME}: ${what}.` }, isInferred: false };
}

function isEdit({ tool, action }: StepRecord): boolean {
  return (
    /^(?:edit|create|insert|str_replace(?:_editor)?)$/u.test(tool) && !/^str_replace_editor\s+view\b/u.test(action)
  );
}

function short(text: string | undefined): string | undefined {
  return text === undefined || text.trim() === '' ? undefined : fittingText(text, LIMITS.nameBytes);
}
