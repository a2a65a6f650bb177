// What it costs to think over the memory inside the sandbox, beside the same over the same store in Node.
import { type Memory, type OutcomeInput, openMemory, uuidV7Source } from '@episodica/memory-core';
import { codeModeHost } from '@episodica/memory-mcp/code-mode';
import { type HostApi, openSandbox, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { generatedEpisode, generatedQuery, generatedStep, seededRandom } from './corpus.ts';
import { lateness, timeAlternating, timingOf } from './measure.ts';
import { succeeded } from './sandbox-run.ts';
import { openScratchStore } from './scratch-store.ts';
import type { Row } from './suite.ts';

const EPISODES = 5_000;
const MEMORY_MB = 128;
const TIMEOUT_MS = 60_000;

/** Searches and grouping over a store of a size at which they begin to cost something. */
export async function codeModeRows(): Promise<readonly Row[]> {
  const scratch = await openScratchStore();
  const memory = openMemory({ store: scratch.store });
  const sandbox = openSandbox();
  try {
    await fill(memory);
    const host = codeModeHost(async () => ({ memory }), { allowWrites: false });
    return [await searchRow({ memory, sandbox, host }), ...(await groupRows({ memory, sandbox, host }))];
  } finally {
    await sandbox.close();
    await memory.close();
    scratch.remove();
  }
}

interface Bench {
  readonly memory: Memory;
  readonly sandbox: Sandbox;
  readonly host: HostApi;
}

/** A few episodes that were lived through, and many more like them, imported: completing each would take a minute. */
async function fill(memory: Memory): Promise<void> {
  const random = seededRandom(3);
  const lived = await memory.createEpisodes(OUTCOMES.map(() => generatedEpisode(random)));
  for (const [index, outcome] of OUTCOMES.entries()) {
    const id = lived[index]?.id ?? '';
    await memory.addStep(id, generatedStep(random));
    await memory.completeEpisode(id, outcome);
  }
  const records: object[] = [];
  for await (const record of memory.exportEpisodes()) records.push(record);
  const newId = uuidV7Source(Date.now);
  const copies = Array.from({ length: EPISODES - OUTCOMES.length }, (_, index) => {
    const { description, domain, tags } = generatedEpisode(random);
    return { ...records[index % records.length], episode_id: newId(), task_description: description, domain, tags };
  });
  const { imported } = await memory.importEpisodes(copies);
  if (imported !== copies.length) throw new Error(`Only ${imported} episodes of the benchmark could be imported.`);
  // So that nothing is learnt and indexed while something else is timed.
  await memory.catchUp();
}

const OUTCOMES: readonly OutcomeInput[] = [
  { kind: 'success', verdict: 'The tests pass now' },
  { kind: 'success', verdict: 'Released' },
  { kind: 'partial', completed: ['the parser'], failed: ['the docs'] },
  { kind: 'failure', reason: 'The cause was not found' },
];

const SEARCHES = 20;
const WARM_UP_ROUNDS = 3;
const ROUNDS = 15;

async function searchRow({ memory, sandbox, host }: Bench): Promise<Row> {
  const code = `const startedAt = Date.now();
for (const query of input) await memory.search({ query, limit: 5 });
(Date.now() - startedAt) / input.length`;
  const random = seededRandom(17);
  // Never the same question twice: what was asked before is quicker to answer.
  const questions = (): readonly string[] => Array.from({ length: SEARCHES }, () => generatedQuery(random));
  const insideMs: number[] = [];
  const outsideMs: number[] = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const startedMs = performance.now();
    for (const text of questions()) await memory.search({ text, limit: 5 });
    const outside = (performance.now() - startedMs) / SEARCHES;
    const { result } = await succeeded(sandbox, { code, input: questions(), host, timeoutMs: TIMEOUT_MS });
    if (round < WARM_UP_ROUNDS || typeof result !== 'number') continue;
    outsideMs.push(outside);
    insideMs.push(result);
  }
  const { medianMs, p99Ms } = timingOf(insideMs);
  return {
    what: 'memory.search in the sandbox',
    unit: 'ms',
    value: medianMs,
    p99: p99Ms,
    baseline: { name: 'memory.search in Node', value: timingOf(outsideMs).medianMs },
    target: { bound: 'at most', of: 'difference', limit: 1 },
  };
}

/** What a group is named by, how many are in it, and the mean of their rewards. */
type Group = readonly [name: string, count: number, meanReward: number];

const GROUPED = `const groups = {};
for (const { domain, outcome, reward } of episodes) {
  const group = (groups[domain + ' ' + outcome] ??= { count: 0, rewards: 0 });
  group.count += 1;
  group.rewards += reward;
}
Object.entries(groups).map(([name, { count, rewards }]) => [name, count, rewards / count])`;
const FIELDS = `fields: ['domain', 'outcome', 'reward']`;

const GROUPINGS = {
  'its episodes': `const episodes = await memory.episodes({ limit: ${EPISODES} });\n${GROUPED}`,
  'three fields of them': `const episodes = await memory.episodes({ limit: ${EPISODES}, ${FIELDS} });\n${GROUPED}`,
  'memory.aggregate': `
    const query = { group_by: ['domain', 'outcome'], measures: ['mean_reward'], limit: 100 };
    const { groups } = await memory.aggregate(query);
    groups.map(({ group, count, mean_reward }) => [group.domain + ' ' + group.outcome, count, mean_reward])`,
};
const SAMPLES = 9;

/** The same groups in several ways; the answers must be the same. */
async function groupRows({ memory, sandbox, host }: Bench): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const [what, code] of Object.entries(GROUPINGS)) {
    const program = { code, host, timeoutMs: TIMEOUT_MS, memoryMb: MEMORY_MB };
    const inSandbox = async (): Promise<unknown> => (await succeeded(sandbox, program)).result;
    mustAgree(await inSandbox(), await groupedInNode(memory));
    const counts = { warmup: 2, calls: SAMPLES };
    const { first, second } = await timeAlternating(counts, inSandbox, () => groupedInNode(memory));
    const lateMs = await lateness(async () => {
      for (let count = 0; count < SAMPLES; count += 1) await inSandbox();
    });
    rows.push({
      what: `grouping ${EPISODES.toLocaleString('en')} episodes by ${what}`,
      unit: 'ms',
      value: first.medianMs,
      p99: first.p99Ms,
      baseline: { name: 'listEpisodes in Node', value: second.medianMs },
      target: { bound: 'at most', of: 'ratio', limit: 3 },
    });
    rows.push({ what: `event loop late (p99), by ${what}`, unit: 'ms', value: lateMs });
  }
  return rows;
}

async function groupedInNode(memory: Memory): Promise<readonly Group[]> {
  const groups = new Map<string, { count: number; rewards: number }>();
  for await (const episode of memory.listEpisodes({ order: 'newest', limit: EPISODES })) {
    if (episode.status === 'open') continue;
    const name = `${episode.domain} ${episode.outcome.kind}`;
    const group = groups.get(name) ?? { count: 0, rewards: 0 };
    groups.set(name, { count: group.count + 1, rewards: group.rewards + episode.reward.total });
  }
  return [...groups].map(([name, { count, rewards }]) => [name, count, rewards / count]);
}

/** Rows are rounded on their way out, so means may differ by that much. */
function mustAgree(given: unknown, expected: readonly Group[]): void {
  // The program makes a list of such groups.
  const found = new Map((given as readonly Group[]).map(([name, count, mean]) => [name, { count, mean }]));
  const isSame = expected.every(([name, count, mean]) => {
    const group = found.get(name);
    return group?.count === count && Math.abs(group.mean - mean) < 0.01;
  });
  if (!isSame || found.size !== expected.length) throw new Error(`Not the same groups: ${JSON.stringify(given)}`);
}
