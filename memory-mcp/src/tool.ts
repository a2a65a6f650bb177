// What a tool is: a name, what it takes and gives, and the work. Makes results and errors of one form for all of them.
import { isMemoryError } from '@episodica/memory-core';
import { legible } from '@episodica/memory-core/wire';
import type { CallToolResult, Tool as ListedTool } from '@modelcontextprotocol/server';
import type { z } from 'zod';
import { checkedArguments, inputJsonSchema, outputJsonSchema } from './arguments.ts';
import type { Services } from './services.ts';

/** What a call brings along beside its arguments. */
export interface ToolCall {
  readonly services: Services;
  readonly signal: AbortSignal;
  /** The name that the client gave itself. */
  readonly clientName: string | undefined;
}

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

/** A tool as its author writes it. */
export interface ToolDefinition<I, O extends object> {
  readonly name: string;
  readonly title: string;
  /** What it does, then when to call it; a function where it takes work to write, for it is only told in lists. */
  readonly description: string | (() => string);
  readonly input: z.ZodType<I>;
  readonly output: z.ZodType;
  readonly effects: ToolEffects;
  run(given: I, call: ToolCall): Promise<ToolAnswer<O>>;
}

/** A tool as the server serves it. */
export interface Tool {
  readonly name: string;
  listed(): ListedTool;
  /** Never rejects: what goes wrong is a result with `isError`, whose text begins with a code. */
  call(given: unknown, call: ToolCall): Promise<CallToolResult>;
}

/** Longest text of a result. */
const MAX_TEXT_CHARACTERS = 40_000;
const MAX_ERROR_CHARACTERS = 4_000;

/** Puts checks before, and one form behind, the work of a tool. */
export function defineTool<I, O extends object>(definition: ToolDefinition<I, O>): Tool {
  const { name, title, description, input, output, effects, run } = definition;
  return {
    name,
    listed: () => ({
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
    }),
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

function errorResult(
  error: unknown,
  { tool, services }: { readonly tool: string; readonly services: Services },
): CallToolResult {
  if (isMemoryError(error)) return failed(`${error.code}: ${error.message}`);
  services.logger.error({ tool, error }, 'a tool failed in a way that is not foreseen');
  return failed(`INTERNAL: ${tool} failed in a way that is not foreseen; the log of the server says more. Try again.`);
}

function failed(text: string): CallToolResult {
  const more = text.length - MAX_ERROR_CHARACTERS;
  const told = more <= 0 ? text : `${text.slice(0, MAX_ERROR_CHARACTERS)}… (${more} more characters)`;
  return { isError: true, content: [{ type: 'text', text: legible(told) }] };
}

/** Texts quote records and programs of somebody else: nothing in them steers a terminal or hides from who looks. */
function clipped(text: string): string {
  const told =
    text.length <= MAX_TEXT_CHARACTERS
      ? text
      : `${text.slice(0, MAX_TEXT_CHARACTERS)}\n… (cut; the structured result has all)`;
  return legible(told);
}
