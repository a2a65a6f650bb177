// One line of a Claude Code session: who said or did what. Knows the format, and nothing of episodes. Pure.
import * as z from 'zod';
import type { StepResult } from '../episode.ts';
import { isNamed, leftOut } from './within-limits.ts';

/** What one line says, as far as it is understood. */
export interface SessionEvent {
  readonly uuid?: string | undefined;
  readonly parentUuid?: string | undefined;
  readonly session?: string | undefined;
  readonly at?: string | undefined;
  /** A subagent's own conversation, beside the one with the person. */
  readonly isSidechain: boolean;
  readonly agentId?: string | undefined;
  readonly folder?: string | undefined;
  readonly branch?: string | undefined;
  readonly version?: string | undefined;
  readonly request?: Request | undefined;
  /** The person stopped the agent. */
  readonly isInterruption: boolean;
  readonly results: readonly ToolResult[];
  readonly answer?: Answer | undefined;
}

/** What a person asked for. A command may be one that the client carries out by itself. */
export interface Request {
  readonly text: string;
  readonly isCommand: boolean;
}

/** What a tool answered. */
export interface ToolResult {
  readonly toolUseId: string;
  readonly type: StepResult['type'];
  readonly text: string;
  readonly latencyMs?: number | undefined;
  readonly tokens?: number | undefined;
}

/** A piece of what the agent said and did; several lines may hold pieces of one message. */
export interface Answer {
  readonly messageId?: string | undefined;
  readonly model?: string | undefined;
  readonly outputTokens?: number | undefined;
  readonly parts: readonly AnswerPart[];
}

export type AnswerPart =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'use'; readonly id: string; readonly name: string; readonly input: unknown };

/** Whether a parsed line looks like one of a session. */
export function isClaudeCode(value: unknown): boolean {
  return isNamed(value) && typeof value.type === 'string' && MARKS.some((name) => name in value);
}

const MARKS = ['sessionId', 'parentUuid', 'leafUuid', 'snapshot'];

/** What the line says; in words, where it cannot be understood. Kinds of lines that are not known say nothing. */
export function readEvent(value: unknown): SessionEvent | string {
  const parsed = eventSchema.safeParse(value);
  if (!parsed.success) return 'is no event of a session: it needs to be an object with a type.';
  const event = parsed.data;
  const base = {
    uuid: event.uuid,
    parentUuid: event.parentUuid,
    session: event.sessionId,
    at: timeOf(event.timestamp),
    isSidechain: event.isSidechain ?? false,
    agentId: event.agentId,
    folder: event.cwd,
    branch: event.gitBranch,
    version: event.version,
    isInterruption: false,
    results: [],
  };
  if (event.type !== 'user' && event.type !== 'assistant') return base;
  const message = messageSchema.safeParse(event.message);
  if (!message.success) return 'has a message without readable content.';
  const { content } = message.data;
  const blocks = typeof content === 'string' ? [{ type: 'text', text: content }] : content;
  if (event.type === 'assistant') {
    return { ...base, ...(event.isApiErrorMessage ? {} : { answer: answerOf(message.data, blocks) }) };
  }
  const results = blocks.flatMap((block) => resultOf(block, event.toolUseResult));
  const text = event.isMeta || event.isCompactSummary ? '' : saidBy(blocks);
  const isInterruption = INTERRUPTION.test(text);
  const isPersons = results.length === 0 && event.toolUseResult === undefined && !isInterruption;
  return { ...base, results, isInterruption, request: isPersons ? requestIn(text) : undefined };
}

/** A detail that is of another kind than expected is as good as absent. */
const detail = z.string().min(1).optional().catch(undefined);
const flag = z.boolean().optional().catch(undefined);
const count = z.number().min(0).finite().optional().catch(undefined);

const eventSchema = z.object({
  type: z.string(),
  uuid: detail,
  parentUuid: detail,
  sessionId: detail,
  timestamp: detail,
  isSidechain: flag,
  agentId: detail,
  cwd: detail,
  gitBranch: detail,
  version: detail,
  isMeta: flag,
  isCompactSummary: flag,
  isApiErrorMessage: flag,
  message: z.unknown().optional(),
  toolUseResult: z.unknown().optional(),
});

const blockSchema = z.object({
  type: z.string(),
  text: detail,
  id: detail,
  name: detail,
  input: z.unknown().optional(),
  tool_use_id: detail,
  is_error: flag,
  content: z.unknown().optional(),
  source: z.unknown().optional(),
});
type Block = z.output<typeof blockSchema>;
const blocksSchema = z.array(blockSchema.catch({ type: 'unknown block' }));

const messageSchema = z.object({
  id: detail,
  model: detail,
  usage: z.object({ output_tokens: count }).optional().catch(undefined),
  content: z.union([z.string(), blocksSchema]),
});

function timeOf(text: string | undefined): string | undefined {
  const ms = Date.parse(text ?? '');
  if (Number.isNaN(ms)) return undefined;
  const time = new Date(ms).toISOString();
  return /^\d{4}-/u.test(time) ? time : undefined;
}

function answerOf({ id, model, usage }: z.output<typeof messageSchema>, blocks: readonly Block[]): Answer {
  return {
    messageId: id,
    model: model === '<synthetic>' ? undefined : model,
    outputTokens: usage?.output_tokens,
    parts: blocks.flatMap((block): readonly AnswerPart[] => {
      if (block.type === 'text' && block.text !== undefined) return [{ kind: 'text', text: block.text }];
      if (block.type !== 'tool_use' || block.id === undefined) return [];
      return [{ kind: 'use', id: block.id, name: block.name ?? '', input: block.input }];
    }),
  };
}

function resultOf(block: Block, told: unknown): readonly ToolResult[] {
  if (block.type !== 'tool_result' || block.tool_use_id === undefined) return [];
  const text = contentText(block.content);
  const figures = isNamed(told) ? told : {};
  const latencyMs = count.parse(figures.durationMs ?? figures.totalDurationMs);
  const tokens = count.parse(figures.totalTokens);
  return [{ toolUseId: block.tool_use_id, type: typeOf(block, text, told), text, latencyMs, tokens }];
}

/** An error where the line marks it as one in any of the ways that there are; never by the words of an output. */
function typeOf(block: Block, text: string, told: unknown): StepResult['type'] {
  const figures = isNamed(told) ? told : {};
  const exitCode = figures.exitCode ?? figures.code;
  const isError =
    block.is_error === true ||
    text.startsWith('<tool_use_error>') ||
    (typeof told === 'string' && /^Error: /u.test(told)) ||
    figures.isError === true ||
    figures.success === false ||
    figures.interrupted === true ||
    (typeof exitCode === 'number' && exitCode !== 0 && figures.stderr !== undefined);
  if (!isError) return 'success';
  return /^(?:Error: )?Command timed out after /mu.test(text) ? 'timeout' : 'error';
}

function contentText(content: unknown): string {
  if (typeof content === 'string') return content;
  const blocks = blocksSchema.safeParse(content);
  return blocks.success ? blocks.data.map(blockText).join('\n') : '';
}

function blockText({ type, text, source }: Block): string {
  if (type === 'text') return text ?? '';
  const media = isNamed(source) && typeof source.media_type === 'string' ? `: ${source.media_type}` : '';
  return leftOut(`${type}${media}`);
}

/** What a person said, without what the client put beside it. */
function saidBy(blocks: readonly Block[]): string {
  return blocks
    .filter(({ type }) => type !== 'tool_result')
    .map(blockText)
    .join('\n')
    .replace(BESIDE, '')
    .trim();
}

function requestIn(text: string): Request | undefined {
  const command = tagged(text, 'command-name');
  if (command !== undefined) {
    const words = `${command} ${tagged(text, 'command-args') ?? ''}`.trim();
    return words === '' ? undefined : { text: words, isCommand: true };
  }
  return text === '' || NOT_SAID.test(text) ? undefined : { text, isCommand: false };
}

function tagged(text: string, name: string): string | undefined {
  return new RegExp(String.raw`<${name}>([\s\S]*?)</${name}>`, 'u').exec(text)?.[1]?.trim();
}

const INTERRUPTION = /^\[Request interrupted by user/u;
/** What the client writes into a message of the person, each with its end. */
const BESIDE =
  /<(system-reminder|local-command-\w+|bash-(?:input|stdout|stderr)|task-notification|user-memory-input|user-prompt-submit-hook|ide_\w+)>[\s\S]*?<\/\1>/gu;
/** Beginnings of messages that the client wrote in the person's place. */
const NOT_SAID =
  /^(?:<(?:local-command-|bash-|command-|task-notification|system-reminder)|Caveat: The messages below were generated by the user while running local commands|This session is being continued from a previous conversation)/u;
