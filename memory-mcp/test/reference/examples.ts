// A call of each tool, really made: what the reference shows is what came back.
import { inMemoryStore, openMemory } from '@episodica/memory-core';
import { silentLogger } from '@episodica/memory-core/ports';
import { openSandbox } from '@episodica/memory-mcp/sandbox';
import { Client, InMemoryTransport } from '@modelcontextprotocol/client';
import { createServer } from '../../src/server.ts';
import { createServices, type Services } from '../../src/services.ts';

/** Ids that came up, for calls that name them. */
interface Known {
  readonly episode_id: string;
  readonly earlier_id: string;
  readonly recommendation_id: string;
}

type Given = Readonly<Record<string, unknown>>;

const LOCATOR = 'TimeoutError: locator button.pay exceeded 5000ms';
const PROJECT = 'shop';
const RUN = { tool: 'bash', action: 'npx playwright test checkout', latency_ms: 31_000 };
const FAILED = { ...RUN, result: { type: 'error', message: LOCATOR } };
const PASSED = { ...RUN, result: { type: 'success', output: '8 passed' } };
const MENDED = { tool: 'edit', action: 'await the payment request before the click' };
const TASK = { task_description: 'Fix the flaky checkout test', domain: 'checkout', project: PROJECT };

/** What happened before: an attempt that failed, and three that did not. */
const PAST: readonly (readonly [steps: readonly Given[], outcome: Given])[] = [
  [[FAILED, { tool: 'edit', action: 'raise the timeout' }, FAILED], { kind: 'failure', reason: 'It still fails.' }],
  ...[1, 2, 3].map(() => [[FAILED, MENDED, PASSED], { kind: 'success', verdict: 'Stable over 50 runs.' }] as const),
];

/** In the order in which they are made. */
const CALLS: Readonly<Record<string, (known: Known) => Given>> = {
  create_episode: () => ({
    ...TASK,
    task_description: 'Fix the flaky checkout test on Safari',
    task_type: 'debugging',
    language: 'typescript',
    tags: ['flaky'],
  }),
  get_recommendation: ({ episode_id }) => ({ ...TASK, episode_id, limit: 2, max_tokens: 1_000 }),
  add_step: ({ episode_id }) => ({ episode_id, ...FAILED }),
  complete_episode: ({ episode_id }) => ({
    episode_id,
    outcome: { kind: 'partial', verdict: 'Safari passes.', completed: ['Safari'], failed: ['Firefox'] },
  }),
  query_memory: () => ({ query: LOCATOR, project: PROJECT, outcome: 'success', limit: 1 }),
  record_feedback: ({ recommendation_id, earlier_id }) => ({ recommendation_id, helped: [earlier_id] }),
  list_patterns: () => ({ project: PROJECT, limit: 1 }),
  list_episodes: () => ({ project: PROJECT, outcome: 'success', limit: 2 }),
  get_episode: ({ earlier_id }) => ({ episode_id: earlier_id }),
  update_episode: ({ earlier_id }) => ({ episode_id: earlier_id, add_tags: ['flaky'] }),
  forget: () => ({ project: PROJECT, before: '2026-01-04T00:00:00Z', dry_run: true }),
  execute_code: () => ({
    code: `const { groups } = await memory.aggregate({
  of: 'steps', group_by: ['tool'], measures: ['error_rate'], where: { project: input } });
groups`,
    input: PROJECT,
  }),
  get_metrics: () => ({}),
  health_check: () => ({}),
};

/** A call, and the text of its answer. */
export interface ExampleCall {
  readonly given: Given;
  readonly answer: string;
}

/** A server with a little past, everything it serves within reach. */
export interface Place {
  readonly services: Services;
  readonly client: Client;
  /** By the name of the tool. */
  readonly examples: ReadonlyMap<string, ExampleCall>;
  close(): Promise<void>;
}

/** Makes the calls. Time passes between them and not while they run, so that every run answers the same. */
export async function openPlace(): Promise<Place> {
  let now = Date.parse('2026-01-01T09:00:00Z');
  const memory = openMemory({ store: inMemoryStore(), clock: () => now });
  const services = createServices({
    openBackend: async () => ({ memory, place: () => 'memory.db, in plain text', close: () => memory.close() }),
    openSandbox: async () => openSandbox(),
    logger: silentLogger,
  });
  const client = await connect(services);
  const call = async (name: string, given: Given): Promise<{ readonly text: string; readonly told: Given }> => {
    now += 86_400_000;
    const { content, structuredContent, isError } = await client.callTool({ name, arguments: { ...given } });
    const [first] = content;
    const text = first?.type === 'text' ? first.text : '';
    // The protocol says that it is an object.
    const told: Given = { ...(structuredContent as Given | undefined) };
    if (isError === true || told.ok === false)
      throw new Error(`The example of ${name} in test/reference/examples.ts fails: ${text}`);
    // What is owed is paid at once, so that the next answer does not depend on how far it got.
    await memory.catchUp();
    return { text, told };
  };
  let known: Known = { episode_id: '', earlier_id: '', recommendation_id: '' };
  for (const [steps, outcome] of PAST) {
    const { told } = await call('create_episode', TASK);
    const { episode_id } = told;
    await call('add_step', { episode_id, steps });
    await call('complete_episode', { episode_id, outcome });
    known = { ...known, earlier_id: String(episode_id) };
  }
  const examples = new Map<string, ExampleCall>();
  for (const [name, givenTo] of Object.entries(CALLS)) {
    const given = givenTo(known);
    const { text, told } = await call(name, given);
    const { episode_id = known.episode_id, recommendation_id = known.recommendation_id } = told;
    known = { ...known, episode_id: String(episode_id), recommendation_id: String(recommendation_id) };
    examples.set(name, { given, answer: text });
  }
  return {
    services,
    client,
    examples,
    async close() {
      await client.close();
      await services.close();
    },
  };
}

async function connect(services: Services): Promise<Client> {
  const [near, far] = InMemoryTransport.createLinkedPair();
  await createServer(services).connect(far);
  const client = new Client({ name: 'some-agent', version: '1.0.0' });
  await client.connect(near);
  return client;
}
