// health_check: what works now, each part asked and not assumed.
import { isMemoryError, learningHealthText, searchHealthText } from '@episodica/memory-core';
import { z } from 'zod';
import type { SandboxMetrics } from '../sandbox/sandbox.ts';
import type { Backend, Services } from '../services.ts';
import { defineTool, type Tool } from '../tool.ts';
import { version } from '../version.ts';

type Status = 'ok' | 'degraded' | 'down';

interface Component {
  readonly name: string;
  readonly status: Status;
  readonly detail: string;
}

const status = z.enum(['ok', 'degraded', 'down']);

/** Asks each part how it is. */
export const healthCheck: Tool = defineTool({
  name: 'health_check',
  title: 'Health check',
  description:
    'Tells whether memory and sandbox work: status ok, degraded or down, and a line for each component. Call it when ' +
    'another tool answers with an error of the store, or to see what this server can do.',
  input: z.strictObject({}),
  output: z.object({
    status,
    version: z.string(),
    uptime_ms: z.number(),
    components: z.array(z.object({ name: z.string(), status, detail: z.string() })),
  }),
  effects: { isReadOnly: true, isIdempotent: true },
  async run(_given, { services, signal }) {
    const components = [...(await memoryComponents(services, signal)), ...(await sandboxComponents(services))];
    const overall = worst(components);
    return {
      structured: {
        status: overall,
        version,
        uptime_ms: Math.round(performance.now() - services.startedAtMs),
        components,
      },
      text: [
        `${overall} (memory-mcp ${version})`,
        ...components.map((part) => `${part.name}: ${part.status}: ${part.detail}`),
      ].join('\n'),
    };
  },
});

/** Without its store the server is down; without any other part it does less. */
function worst(components: readonly Component[]): Status {
  if (components.some((part) => part.name === 'store' && part.status === 'down')) return 'down';
  return components.every((part) => part.status === 'ok') ? 'ok' : 'degraded';
}

async function memoryComponents(services: Services, signal: AbortSignal): Promise<readonly Component[]> {
  const store = await asked('store', async () => {
    const { memory, place } = await services.backend.get();
    const startedMs = performance.now();
    for await (const _newest of memory.listEpisodes({ order: 'newest', limit: 1 }, { signal }));
    const took = `read in ${(performance.now() - startedMs).toFixed(1)} ms`;
    return place === undefined ? took : `${took}, ${place()}`;
  });
  if (store.status === 'down') return [store];
  const backend = await services.backend.get();
  const { access, journalSeq, cache, replica } = backend;
  const isReadOnly = access?.() === 'read-only';
  return [
    isReadOnly ? { ...store, status: 'degraded', detail: `read-only: nothing can be written; ${store.detail}` } : store,
    ...(replica === undefined ? [] : [await replicaComponent(replica)]),
    ...(journalSeq === undefined ? [] : [await asked('journal', async () => `newest entry ${await journalSeq()}`)]),
    ...(cache === undefined ? [] : [cacheComponent(await cache())]),
    await learningComponent(backend, signal),
    await searchComponent(backend, signal),
  ];
}

function cacheComponent({ isOpen, detail }: { readonly isOpen: boolean; readonly detail: string }): Component {
  return { name: 'cache', status: isOpen ? 'ok' : 'degraded', detail };
}

async function replicaComponent(replica: NonNullable<Backend['replica']>): Promise<Component> {
  // What goes wrong is in its state.
  await replica.sync().catch(() => undefined);
  const { primary, syncedAt, problem } = await replica.state();
  const synced = syncedAt === undefined ? 'never synced' : `synced ${syncedAt}`;
  const detail = `follows ${primary}, ${synced}`;
  if (problem === undefined) return { name: 'replica', status: 'ok', detail };
  return { name: 'replica', status: 'degraded', detail: `${detail}; ${problem}` };
}

/** What could not be learnt from stays owed. */
async function learningComponent({ memory }: Backend, signal: AbortSignal): Promise<Component> {
  return faulted('learning', async () => {
    const health = await memory.learningHealth({ signal });
    const hasProblem = health.problem !== undefined || health.overdue !== undefined;
    return { detail: learningHealthText(health), hasProblem };
  });
}

/** An embedder that fails leaves search by words. */
async function searchComponent({ memory }: Backend, signal: AbortSignal): Promise<Component> {
  return faulted('search', async () => {
    const health = await memory.searchHealth({ signal });
    return { detail: searchHealthText(health), hasProblem: health.embedder?.problem !== undefined };
  });
}

/** As `asked`, of something that works with less when part of it fails. */
async function faulted(
  name: string,
  ask: () => Promise<{ readonly detail: string; readonly hasProblem: boolean }>,
): Promise<Component> {
  let isDegraded = false;
  const component = await asked(name, async () => {
    const { detail, hasProblem } = await ask();
    isDegraded = hasProblem;
    return detail;
  });
  return isDegraded ? { ...component, status: 'degraded' } : component;
}

async function sandboxComponents({ sandbox }: Services): Promise<readonly Component[]> {
  if (sandbox === undefined) return [];
  if (!sandbox.isOpen) return [{ name: 'sandbox', status: 'ok', detail: 'not loaded yet; loads on first use' }];
  return [await asked('sandbox', async () => metricsText((await sandbox.get()).metrics()))];
}

/** Programs that fail are their own doing: they are told, and nothing here is degraded by them. */
function metricsText({ succeeded, failed, killed, cancelled, ...now }: SandboxMetrics): string {
  const codes = Object.entries(failed);
  const failedCount = codes.reduce((sum, [, count]) => sum + count, 0);
  const byCode = codes.length === 0 ? '' : ` (${codes.map(([code, count]) => `${code} ${count}`).join(', ')})`;
  return [
    `loaded; ${succeeded + failedCount} runs, ${failedCount} failed${byCode}`,
    `${killed} killed`,
    `${cancelled} cancelled`,
    `p50 ${now.wallMs.p50.toFixed(1)} ms`,
    `p95 ${now.wallMs.p95.toFixed(1)} ms`,
    `${now.workers} workers`,
    `${now.running} running`,
    `${now.waiting} waiting`,
  ].join(', ');
}

async function asked(name: string, ask: () => Promise<string>): Promise<Component> {
  try {
    return { name, status: 'ok', detail: await ask() };
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    return { name, status: 'down', detail: `${error.code}: ${error.message}` };
  }
}
