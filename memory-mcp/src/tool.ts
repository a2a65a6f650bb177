// What a tool is: a name, what it takes and gives, and the work. Makes results and errors of one form for all of them.
import { isMemoryError, type MemoryErrorCode } from '@episodica/memory-core';
import { legible } from '@episodica/memory-core/wire';
import type { CallToolResult, Tool as ListedTool } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { checkedArguments, inputJsonSchema, outputJsonSchema } from './arguments.ts';
import type { CallLane } from './calls.ts';
import type { Connection } from './connection.ts';
import type { Services } from './services.ts';

/** What a call brings along beside its arguments. */
export interface ToolCall {
  readonly services: Services;
  readonly connection: Connection;
  readonly signal: AbortSignal;
  /** Tells a client that asked for it how far the work is. Never throws, never waits. */
  readonly progress: Progress;
  /** The name that the client gave itself. */
  readonly clientName: string | undefined;
}

/** `done` grows; in whichever unit `total` is, where that is known. */
export type Progress = (done: number, more?: { readonly total?: number; readonly message?: string }) => void;

/** What a tool found or did, for programs and for readers. */
export interface ToolAnswer<O extends object> {
  readonly structured: O;
  /** The same in few words; cut where it is longer than a model should read. */
  readonly text: string;
}

/** How a tool changes the world, in the protocol's words; nothing here reaches beyond the memory. */
export interface ToolEffects {
  readonly isReadOnly: boolean;
  readonly isIdempotent: boolean;
  /** It takes away what was stored. @default false */
  readonly isDestructive?: boolean;
}

/** What a memory holds, from little to much: nothing, episodes that have begun, and some that have ended. */
export const HOLDINGS = ['nothing', 'episodes', 'outcomes'] as const;
export type Holding = (typeof HOLDINGS)[number];

/** A tool as its author writes it. */
export interface ToolDefinition<I, O extends object> {
  readonly name: string;
  readonly title: string;
  /** What it does, then when to call it; a function where it takes work to write, for it is only told in lists. */
  readonly description: string | (() => string);
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType;
  readonly effects: ToolEffects;
  /** With whom its calls wait. @default 'memory' */
  readonly lane?: CallLane;
  /** What the memory has to hold before there is anything for it to do: before that it is not listed. @default nothing */
  readonly needs?: Holding;
  /** Whether it can change what the memory holds. @default false */
  readonly changesHolding?: boolean;
  run(given: I, call: ToolCall): Promise<ToolAnswer<O>>;
}

/** A tool as the server serves it. */
export interface Tool {
  readonly name: string;
  readonly lane: CallLane;
  readonly needs?: Holding | undefined;
  readonly changesHolding: boolean;
  listed(): ListedTool;
  /** Checks what is given and works. Never rejects: what goes wrong is a result with `isError`, whose text begins with a code. */
  call(given: unknown, call: ToolCall): Promise<CallToolResult>;
}

/** Codes with which the text of an error begins, and what each says to whoever called. */
export const ERROR_MEANINGS: Readonly<Record<MemoryErrorCode | 'INTERNAL', string>> = Object.freeze({
  INVALID_INPUT: 'The arguments do not fit; the text names each field and what to give.',
  NOT_FOUND: 'What an id names is not there.',
  CONFLICT: 'Others changed the same at the same time; nothing was changed. Look again, then repeat.',
  INVALID_STATE: 'It does not go with what is stored, as a step for an episode that has ended.',
  NOT_SUPPORTED: 'This server cannot do it, or its user does not allow it.',
  LIMIT_EXCEEDED: 'Something is larger than may be stored; nothing was stored. Shorten or split it.',
  QUEUE_FULL: 'Too many calls wait; nothing was done. Repeat it in a moment.',
  STORE_UNAVAILABLE: 'The store cannot be reached now. Repeat it, unless the text says that it may have been done.',
  STORE_FAILED: 'The store refused in a way that repeating does not mend; health_check says more.',
  STORE_CORRUPT: 'The store is damaged; its user has to restore it.',
  EMBEDDER_FAILED: 'Texts cannot be turned into vectors now.',
  REFLECTOR_FAILED: 'The language model that reflects does not answer.',
  ABORTED: 'The call was cancelled; nothing was written.',
  CLOSED: 'The server is ending.',
  INTERNAL: 'The server has a mistake of its own; its log says more.',
});

/** Longest text of a result. */
const MAX_TEXT_CHARACTERS = 40_000;
const MAX_ERROR_CHARACTERS = 4_000;

/** Puts checks before, and one form behind, the work of a tool. */
export function defineTool<I, O extends object>(definition: ToolDefinition<I, O>): Tool {
  const { name, input, run, lane = 'memory', needs, changesHolding = false } = definition;
  let listed: ListedTool | undefined;
  return {
    name,
    lane,
    needs,
    changesHolding,
    // Built when the first list asks for it: that takes longer than most calls.
    listed: () => (listed ??= listedTool(definition)),
    async call(given, call) {
      try {
        const { structured, text } = await run(checkedArguments(input, given ?? {}, name), call);
        return {
          content: [{ type: 'text', text: clipped(text) }],
          structuredContent: { ...structured },
        };
      } catch (error) {
        return errorResult(error, { tool: name, services: call.services });
      }
    },
  };
}

function listedTool<I, O extends object>(definition: ToolDefinition<I, O>): ListedTool {
  const { name, title, description, input, output, effects } = definition;
  return {
    name,
    title,
    description: typeof description === 'string' ? description : description(),
    // Both are schemas of strict objects, which the protocol's types ask for.
    inputSchema: inputJsonSchema(input) as ListedTool['inputSchema'],
    outputSchema: outputJsonSchema(output) as NonNullable<ListedTool['outputSchema']>,
    annotations: {
      title,
      readOnlyHint: effects.isReadOnly,
      destructiveHint: effects.isDestructive ?? false,
      idempotentHint: effects.isIdempotent,
      openWorldHint: false,
    },
  };
}

/** What went wrong, as a result. */
export function errorResult(
  error: unknown,
  { tool, services }: { readonly tool: string; readonly services: Services },
): CallToolResult {
  if (isMemoryError(error)) {
    // What is closed was closed by the server, which does that once.
    const reason = error.code === 'CLOSED' ? `the server is ending. ${error.message}` : error.message;
    return failed(`${error.code}: ${reason}`);
  }
  services.logger.error({ tool, error }, 'a tool failed in a way that is not foreseen');
  return failed(internalText(tool, services.requests.current()));
}

/** What is said of an error that is not foreseen, and how to find what the log says of it. */
export function internalText(what: string, request: string | undefined): string {
  const found = request === undefined ? '' : ` (memory-cli logs search --request ${request})`;
  return `INTERNAL: ${what} failed in a way that is not foreseen; the log of the server says more${found}. Try again.`;
}

function failed(text: string): CallToolResult {
  const told = bounded(text, MAX_ERROR_CHARACTERS, (more) => `… (${more} more characters)`);
  return { isError: true, content: [{ type: 'text', text: told }] };
}

function clipped(text: string): string {
  return bounded(text, MAX_TEXT_CHARACTERS, () => '\n… (cut; the structured result has all)');
}

/** Texts quote records and programs of somebody else: nothing in them steers a terminal or hides from who looks. */
function bounded(text: string, maxCharacters: number, mark: (more: number) => string): string {
  const told = legible(text);
  if (told.length <= maxCharacters) return told;
  const kept = told.slice(0, maxCharacters).replace(HALF_AT_END, '');
  return `${kept}${mark(told.length - kept.length)}`;
}

/** Of a character, or of an escape. */
const HALF_AT_END = /(?:[\uD800-\uDBFF]|\\(?:u[\da-f]{0,3})?)$/u;
