// A scripted day of work over any client, and what is the same of it whichever client it was.

/** What every client can do, whichever SDK it is from and revision it speaks. */
export interface AnyClient {
  listTools(): Promise<{ readonly tools: readonly object[] }>;
  callTool(call: { readonly name: string; readonly arguments: Record<string, unknown> }): Promise<object>;
  listResources(): Promise<{ readonly resources: readonly { readonly uri: string }[] }>;
  listResourceTemplates(): Promise<{ readonly resourceTemplates: readonly object[] }>;
  readResource(asked: { readonly uri: string }): Promise<{ readonly contents: readonly object[] }>;
  close(): Promise<void>;
}

/** What was asked, with what came back. */
export interface Moment {
  readonly asked: string;
  readonly answer: unknown;
}

const ERROR = "TypeError: Cannot read properties of undefined (reading 'token')";
const TEST = { tool: 'bash', action: 'run the tests', parameters: { command: 'npm test' } };
const FAILED = { ...TEST, result: { type: 'error', message: ERROR } };
const MENDED = [
  { tool: 'edit', action: 'await the token in login.ts' },
  { ...TEST, result: { type: 'success', output: '12 passed' } },
];

/** Said with each call: over HTTP nobody else says it. */
const project = 'shop';

/** One agent meets an error and mends it; another, in another window, meets it too and is told how. */
export async function aDayOfWork(connect: () => Promise<AnyClient>): Promise<readonly Moment[]> {
  const day: Moment[] = [];
  const first = await connect();
  // Until the memory is open nobody knows what it holds, and all tools are listed.
  await first.callTool({ name: 'health_check', arguments: {} });
  day.push({ asked: 'tools', answer: (await first.listTools()).tools });
  const episode_id = await call(day, first, 'create_episode', { task_description: 'Mend the login', project });
  await call(day, first, 'add_step', { episode_id, ...FAILED });
  await call(day, first, 'add_step', { episode_id, steps: MENDED });
  const outcome = { kind: 'success', verdict: 'The tests pass.' };
  await call(day, first, 'complete_episode', { episode_id, outcome });
  await call(day, first, 'add_step', { episode_id, ...TEST });
  await call(day, first, 'add_step', { episode_id, tool: 'bash', acton: 'run the tests' });
  const second = await connect();
  const other = await call(day, second, 'create_episode', { task_description: 'Mend the login again', project });
  await call(day, second, 'add_step', { episode_id: other, ...FAILED });
  await call(day, second, 'query_memory', { query: ERROR, project });
  const code = `(await memory.search(${JSON.stringify({ query: ERROR, project })})).episodes.map((hit) => hit.episode_id)`;
  await call(day, second, 'execute_code', { code });
  await call(day, second, 'no_such_tool', {});
  await look(day, second);
  await Promise.all([first.close(), second.close()]);
  return same(day);
}

/** Answers the id of the episode that the answer is about. */
async function call(day: Moment[], client: AnyClient, name: string, given: Record<string, unknown>): Promise<string> {
  const answer = await client.callTool({ name, arguments: given }).then(told, refused);
  day.push({ asked: name, answer });
  return /"episode_id":"([^"]+)"/u.exec(JSON.stringify(answer))?.[1] ?? '';
}

/** Of a result what a model or a program reads of it; a revision puts words of its own beside it. */
function told(result: object): object {
  const { content, structuredContent, isError = false } = result as Record<string, unknown>;
  return { content, structuredContent, isError };
}

/** An error of the protocol: the SDKs name it differently. */
function refused(error: unknown): object {
  const { code, message } = error as { readonly code: unknown; readonly message: string };
  return { code, message: message.replace(/^MCP error -?\d+: /u, '') };
}

/** Everything that is there to be read. */
async function look(day: Moment[], client: AnyClient): Promise<void> {
  const { resources } = await client.listResources();
  day.push({ asked: 'resources', answer: resources });
  day.push({ asked: 'templates', answer: (await client.listResourceTemplates()).resourceTemplates });
  for (const { uri } of resources) {
    day.push({ asked: 'a resource', answer: (await client.readResource({ uri })).contents });
  }
}

/** The same on every day: ids by the order in which they came up, and neither times nor what follows from them. */
function same(day: readonly Moment[]): readonly Moment[] {
  const ids = new Map<string, string>();
  const text = JSON.stringify(day, (name, value: unknown) => (MEASURED.test(name) ? 'measured' : value))
    .replace(/[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}/gu, (id) => {
      ids.set(id, ids.get(id) ?? `id ${ids.size + 1}`);
      return ids.get(id) ?? '';
    })
    .replace(/\d{4}-\d\d-\d\dT[\d:.]+Z/gu, 'a time')
    .replace(/score \d?\.\d+|why: [^"\\]*|[\d.]+ m?s \([^"\\]* of memory\./gu, 'measured');
  // It was an array of moments, and what is replaced in it are texts.
  return JSON.parse(text) as readonly Moment[];
}

/** Durations and sizes, and scores: they sink with age. */
const MEASURED = /_ms$|^(?:score|why|usage)$/u;
