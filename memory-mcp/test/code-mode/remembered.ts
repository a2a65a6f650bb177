// A memory over a libSQL file with what agents leave behind: kinds of task that can be learnt from, every outcome, long
// texts, names that look like something else, and episodes of other projects.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type EpisodeInput, type Memory, type OutcomeInput, openMemory, type StepInput } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { learnableEpisodes, learnableRecords } from '@episodica/test-utils';

export const HERE = 'test/here';
export const ELSEWHERE = 'test/elsewhere';

export interface Remembered {
  readonly memory: Memory;
  readonly project: string;
  /** Ids of episodes by the name under which the tests know them. */
  readonly ids: Readonly<Record<string, string>>;
  /** Number of the newest entry of the journal: it stays where nothing is written. */
  journalSeq(): Promise<number>;
  close(): Promise<void>;
}

/** A text beyond what rows show, with a character of two halves at its cut. */
export const LONG_TEXT = `${'x'.repeat(3_999)}😀${'y'.repeat(4_000)}`;

const OUTCOMES: Readonly<Record<string, OutcomeInput>> = {
  won: { kind: 'success', verdict: 'Stable over 50 runs', artifacts: ['checkout.spec.ts'] },
  half: { kind: 'partial', verdict: 'Half of it', completed: ['tests'], failed: ['types'] },
  lost: { kind: 'failure', reason: 'The host was away', details: 'ECONNREFUSED 127.0.0.1:5432' },
  left: { kind: 'abstained', reason: 'Nobody asked any more' },
};

const STEPS: readonly StepInput[] = [
  {
    tool: 'bash',
    action: 'run the tests',
    parameters: { command: 'npm test', __proto__x: { deep: [1, null, { a: 'b' }] } },
    result: {
      type: 'error',
      message: "TypeError: Cannot read properties of undefined (reading 'token')\n    at login",
    },
    latencyMs: 1_234.5,
    tokensUsed: 321,
    rationale: 'to see it fail',
    key: 'first',
  },
  { tool: 'edit', action: 'await the token', parameters: { file: 'src/login.ts' } },
  { tool: 'bash', action: 'run the tests', result: { type: 'timeout', message: 'after 60 s' } },
  {
    tool: 'bash',
    action: 'run the tests',
    parameters: { command: 'npm test' },
    result: { type: 'success', output: '12 passed' },
  },
];

/** Opens it in a folder of its own, which goes when it is closed. */
export async function rememberedEpisodes(): Promise<Remembered> {
  const folder = mkdtempSync(join(tmpdir(), 'code-mode-'));
  const store = await openTursoStore({ url: pathToFileURL(join(folder, 'memory.db')).href });
  const memory = openMemory({ store, project: HERE, embedder: 'none' });
  const learnable = learnableRecords(learnableEpisodes({ tasks: 60, trials: 4 }), { project: HERE });
  await memory.importEpisodes(learnable);
  await memory.learnPending();
  const ids: Record<string, string> = {};
  for (const [name, outcome] of Object.entries(OUTCOMES)) {
    ids[name] = await attempt(memory, { input: anAttempt(name), outcome });
  }
  const own = { kind: 'success', artifacts: [] } as const;
  ids.elsewhere = await attempt(memory, { input: { ...anAttempt('elsewhere'), project: ELSEWHERE }, outcome: own });
  const long = { description: `Read ${LONG_TEXT}`, domain: 'long' };
  ids.long = await attempt(memory, { input: long, outcome: { kind: 'failure', reason: LONG_TEXT } });
  ids.open = (await memory.createEpisode({ description: 'Still at it', domain: 'auth' })).episode.id;
  return {
    memory,
    project: HERE,
    ids,
    journalSeq: async () => (await store.changes(0, { limit: 1 })).seq,
    async close() {
      await memory.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

function anAttempt(name: string): EpisodeInput {
  return {
    description: `Fix the login redirect (${name})`,
    domain: 'auth',
    taskType: 'debugging',
    language: 'typescript',
    framework: 'react',
    complexity: 'moderate',
    repo: 'shop',
    branch: 'main',
    files: ['src/login.ts'],
    tags: ['Login', 'flaky'],
    metadata: { ticket: 7, constructor: 'a name', nested: { list: [1, 'two', null] } },
    source: { agent: 'claude', session: 's-1', capturedFrom: 'test', confidence: 0.5 },
  };
}

async function attempt(
  memory: Memory,
  { input, outcome }: { readonly input: EpisodeInput; readonly outcome: OutcomeInput },
): Promise<string> {
  const { episode } = await memory.createEpisode(input);
  await memory.addSteps(episode.id, STEPS);
  await memory.completeEpisode(episode.id, outcome);
  return episode.id;
}
