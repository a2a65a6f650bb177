// Whatever is handed to a tool: an answer that fits its schema, or an error that a model can act on, and nothing in between.
import { inMemoryStore, openMemory } from '@episodica/memory-core';
import { type MemoryStore, silentLogger } from '@episodica/memory-core/ports';
import { openSandbox } from '@episodica/memory-mcp/sandbox';
import { aCompletedEpisode, anEpisode, aRecommendation, put, remove } from '@episodica/test-utils';
import type { CallToolResult } from '@modelcontextprotocol/server';
import { Ajv2020 } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { newConnection } from '../src/connection.ts';
import { createServices } from '../src/services.ts';
import { ERROR_MEANINGS, type Tool } from '../src/tool.ts';
import { toolsFor } from '../src/tools/all.ts';
import { startServer, temporaryFolder } from './client.ts';
import { type GeneratedCall, generatedCalls } from './generated-calls.ts';

const CALLS = 5_000;
const CALLS_OF_PROCESS = 200;
/** Of either form of an answer, whatever size was asked for. */
const MAX_CHARACTERS = 500_000;
/** Stands in everything that belongs to the other project, and in nothing that a call says. */
const SECRET = 'quetzalcoatlus';
const SEED = Math.trunc(performance.timeOrigin + performance.now()) & 0x7fffffff;

const TOOLS = toolsFor({ hasSandbox: true }, { allowWrites: false });
/** Of each tool: who does not come to so many in all rounds has a generator that no longer fits what it takes. */
const MIN_ANSWERED = 18;
/** Of so many calls each: one does for most seeds, and three come to thrice the least that is asked for. */
const MAX_ROUNDS = 3;

const mine = anEpisode({ project: 'mine', description: 'Mend the login' });
const ended = aCompletedEpisode({ project: 'mine', description: 'Mend the login of yesterday' });
const theirs = aCompletedEpisode({
  project: `project-${SECRET}`,
  domain: SECRET,
  description: `Mend the login of ${SECRET}`,
  metadata: { secret: SECRET },
  tags: [SECRET],
});
const offered = aRecommendation({ project: 'mine', episodeIds: [ended.id] });
/** Mostly such as a call can be answered for. */
const IDS = [
  ...Array<string>(10).fill(mine.id),
  ...Array<string>(8).fill(offered.id),
  ended.id,
  ended.id,
  theirs.id,
  '0190a1b2-0000-7000-8000-000000000000',
  'x',
  `"${mine.id}"`,
];

interface Checks {
  readonly validators: ReadonlyMap<string, ReturnType<Ajv2020['compile']>>;
}

function checked({ name }: GeneratedCall, result: CallToolResult, { validators }: Checks): void {
  const [first] = result.content;
  const text = first?.type === 'text' ? first.text : '';
  expect(text.length).toBeLessThanOrEqual(MAX_CHARACTERS);
  if (result.isError === true) {
    const [code = ''] = /^[A-Z_]+(?=: )/u.exec(text) ?? [];
    expect(Object.keys(ERROR_MEANINGS)).toContain(code);
    expect(code, text).not.toBe('INTERNAL');
    expect(text).not.toMatch(/\n\s+at |node_modules|\/home\/|\/tmp\//u);
    expect(text).not.toContain(SECRET);
    return;
  }
  const validate = validators.get(name);
  expect(validate?.(result.structuredContent), `${name}: ${JSON.stringify(validate?.errors)}`).toBe(true);
  expect(JSON.stringify(result.structuredContent).length).toBeLessThanOrEqual(MAX_CHARACTERS);
}

async function newestSeq(store: MemoryStore): Promise<number> {
  return (await store.changes(Number.MAX_SAFE_INTEGER, { limit: 1 })).seq;
}

test(`${CALLS} generated calls are answered as their tools say or refused in words, and what is refused writes nothing [MC-02]`, async () => {
  const store = inMemoryStore();
  await store.write(
    [mine, ended, theirs].map((episode) => put('episode', { ...episode, learningPending: false } as typeof theirs)),
  );
  const ajv = new Ajv2020({ strict: false });
  const validators = new Map(TOOLS.map((tool) => [tool.name, ajv.compile(tool.listed().outputSchema as object)]));
  const memory = openMemory({ store, project: 'mine', embedder: 'none' });
  const services = createServices({
    openBackend: async () => ({ memory, project: 'mine', close: () => memory.close() }),
    openSandbox: async () => openSandbox(),
    logger: silentLogger,
  });
  /** What earlier calls ended or forgot is there again: without it all later ones would be refused. */
  async function restore(): Promise<void> {
    const [open, done] = await store.getMany('episode', [mine.id, ended.id]);
    const [advice] = await store.getMany('recommendation', [offered.id]);
    if (open?.status !== 'open') {
      await memory.forget({ ids: [mine.id] });
      await store.write([put('episode', mine)]);
    }
    if (done === undefined) await store.write([put('episode', ended)]);
    if (advice?.feedback !== undefined) await store.write([remove('recommendation', offered.id)]);
    if (advice === undefined || advice.feedback !== undefined) await store.write([put('recommendation', offered)]);
  }
  const connection = newConnection();
  const call = { services, connection, signal: new AbortController().signal, clientName: 'fuzz', progress() {} };
  const counts = new Map(TOOLS.map(({ name }) => [name, { calls: 0, answered: 0 }]));
  const byName = new Map(TOOLS.map((tool): readonly [string, Tool] => [tool.name, tool]));
  const isAnyShort = (): boolean => [...counts.values()].some(({ answered }) => answered < MIN_ANSWERED);
  const property = fc.asyncProperty(generatedCalls(TOOLS, IDS), async (generated) => {
    await restore();
    // Learning runs behind completions and writes what it likes.
    await memory.learnPending();
    const before = await newestSeq(store);
    const result = await byName.get(generated.name)!.call(generated.given, call);
    checked(generated, result, { validators });
    const count = counts.get(generated.name)!;
    count.calls += 1;
    if (result.isError === true) expect(await newestSeq(store)).toBe(before);
    else count.answered += 1;
  });
  for (let round = 0; round === 0 || (round < MAX_ROUNDS && isAnyShort()); round += 1) {
    await fc.assert(property, { seed: SEED + round, numRuns: CALLS });
  }
  // Calls that are all refused, or all let in, would prove little.
  const told = [...counts].map(([name, count]) => `${name} ${count.answered} of ${count.calls}`).join(', ');
  process.stdout.write(`seed ${SEED}, answered: ${told}\n`);
  expect(isAnyShort(), told).toBe(false);
  const sumOf = (figure: 'calls' | 'answered'): number =>
    [...counts.values()].reduce((sum, count) => sum + count[figure], 0);
  expect(sumOf('answered')).toBeLessThan((sumOf('calls') * 9) / 10);
  await services.close();
}, 600_000);

test(`${CALLS_OF_PROCESS} of such calls leave a real server alive, and its answers name no folder of its user [MC-02]`, async () => {
  const dataDir = temporaryFolder();
  const server = await startServer(dataDir, { EMBEDDING_PROVIDER: 'none' });
  await server.call('create_episode', { task_description: 'Mend the login' });
  const isObject = (given: unknown): given is Record<string, unknown> =>
    typeof given === 'object' && given !== null && !Array.isArray(given);
  const calls = fc
    .sample(generatedCalls(TOOLS, IDS), { seed: SEED, numRuns: 2 * CALLS_OF_PROCESS })
    .filter(({ given }) => isObject(given))
    .slice(0, CALLS_OF_PROCESS);
  expect(calls.length, `seed ${SEED}`).toBe(CALLS_OF_PROCESS);
  for (const { name, given } of calls) {
    const { isError, text } = await server.call(name, given as Record<string, unknown>);
    const told = `seed ${SEED}, ${name} ${JSON.stringify(given).slice(0, 300)}: ${text.slice(0, 300)}`;
    if (isError) expect(text, told).toMatch(/^[A-Z_]+: /u);
    if (name !== 'health_check') expect(text, told).not.toContain(dataDir);
  }
  expect((await server.call('health_check')).structured.status).not.toBe('down');
});
