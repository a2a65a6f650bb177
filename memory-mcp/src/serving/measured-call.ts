// What is noted of every call of a tool: how long it took, how it ended, and how much an agent has to read of it.
import type { CallToolResult } from '@modelcontextprotocol/server';
import { msSince } from '../requests.ts';
import type { Services } from '../services.ts';

/** The answer of `call` as it is. A call that is no tool's, which rejects, is not counted. */
export async function measuredCall(
  tool: string,
  call: () => Promise<CallToolResult>,
  { metrics, logger }: Pick<Services, 'metrics' | 'logger'>,
): Promise<CallToolResult> {
  const startedMs = performance.now();
  const result = await call();
  const [outcome, characters] = [outcomeOf(result), charactersOf(result)];
  metrics.time('tool_call', { tool }, performance.now() - startedMs);
  metrics.count('tool_calls', { tool, outcome });
  metrics.count('tool_answer_characters', { tool }, characters);
  // Nothing of what was asked or answered.
  logger.info({ tool, outcome, ms: msSince(startedMs), characters }, 'a tool was called');
  return result;
}

/** The text of an error begins with its code: that is its contract with models, too. */
function outcomeOf({ isError, content }: CallToolResult): string {
  if (isError !== true) return 'ok';
  const [first] = content;
  const code = first?.type === 'text' ? /^([A-Z][A-Z_]+):/u.exec(first.text)?.[1] : undefined;
  return code ?? 'INTERNAL';
}

/** Of the text: the structured result says the same again, to programs. */
function charactersOf({ content }: CallToolResult): number {
  return content.reduce((sum, block) => (block.type === 'text' ? sum + block.text.length : sum), 0);
}
