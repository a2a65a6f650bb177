// health_check: what works now, each part asked and not assumed.
import { BASES, COMPONENT_STATUSES, type Component } from '@episodica/memory-core/health';
import * as z from 'zod';
import { serverHealth } from '../health.ts';
import { defineTool, type Tool } from '../tool.ts';
import { version } from '../version.ts';

/** Asks each part how it is. */
export const healthCheck: Tool = defineTool({
  name: 'health_check',
  title: 'Health check',
  description:
    'Tells whether memory and sandbox work: status ok, degraded or down, and a line for each component. Call it when ' +
    'another tool answers with an error of the store, or to see what this server can do.',
  input: z.strictObject({}),
  output: z.object({
    status: z.enum(['ok', 'degraded', 'down']),
    version: z.string(),
    uptime_ms: z.number(),
    asked_at: z.string(),
    components: z.array(
      z.object({
        name: z.string(),
        status: z.enum(COMPONENT_STATUSES),
        basis: z.enum(BASES),
        detail: z.string(),
        code: z.string().optional(),
        advice: z.string().optional(),
      }),
    ),
  }),
  effects: { isReadOnly: true, isIdempotent: true },
  lane: 'watch',
  async run(_given, { services, signal }) {
    const askedAt = new Date().toISOString();
    const { status, components } = await serverHealth(services, { signal });
    const uptimeMs = Math.round(performance.now() - services.startedAtMs);
    return {
      structured: { status, version, uptime_ms: uptimeMs, asked_at: askedAt, components },
      text: [`${status} (memory-mcp ${version})`, ...components.map(lineOf)].join('\n'),
    };
  },
});

function lineOf({ name, status, basis, detail, advice }: Component): string {
  const known = basis === 'measured' ? '' : ` (${basis})`;
  return `${name}: ${status}: ${detail}${known}${advice === undefined ? '' : ` What to do: ${advice}`}`;
}
