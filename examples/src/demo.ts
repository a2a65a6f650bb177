// Two agents, one memory: the first one finds a fix the hard way, the second one remembers it.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { EpisodeItem, QueryResult, RewardResult } from '@episodica/memory-core/wire';
import { type Agent, PROJECT, withAgent } from './demo/agent.ts';
import { bold, dim, green, heading, middleOut, quote, red, say } from './demo/terminal.ts';
import { DURATIONS, makeWorkspace, PRICES, type TestRun, type Workspace } from './demo/workspace.ts';

const CLI = fileURLToPath(new URL('../../memory-cli/bin/memory-cli.js', import.meta.url));
const WRONG_GUESS = { from: '.exec(text)', to: '.exec(text.trim())' };
const GUARD = 'if (match === null) return undefined;';

const HISTORY = `
  const rows = [];
  for (const { episode_id, task_description } of await memory.episodes()) {
    const steps = await memory.steps(episode_id);
    const runs = steps.filter((step) => step.tool === 'bash');
    rows.push({
      episode_id,
      task: task_description,
      attempts: steps.filter((step) => step.tool === 'edit').length,
      failedRuns: runs.filter((run) => run.result.type === 'error').length,
      tools: [...new Set(steps.map((step) => step.tool))],
    });
  }
  return rows;
`;

interface Added {
  readonly step_number: number;
  readonly hints: readonly { readonly text: string; readonly match: number }[];
}

interface Completed {
  readonly reward: RewardResult;
  readonly reflection: Readonly<Record<'successes' | 'improvements' | 'insights', readonly string[]>>;
}

interface CodeRun {
  readonly ok: boolean;
  readonly result?: unknown;
  readonly error?: unknown;
  readonly usage: { readonly wall_ms: number };
}

await main();

async function main(): Promise<void> {
  const startedMs = performance.now();
  const folder = mkdtempSync(join(tmpdir(), 'episodica-demo-'));
  const data = join(folder, 'memory');
  try {
    heading('Episodica: two agents, one memory');
    say('The agents are scripts, so that you see the same story each time. Everything else is real: the broken');
    say('code, the test runs, the memory servers (one process for each agent) and all that they answer.');
    const durations = makeWorkspace(join(folder, 'durations'), DURATIONS);
    const prices = makeWorkspace(join(folder, 'prices'), PRICES);
    const first = await withAgent('first-agent', { work: durations.folder, data }, (agent) => {
      return firstAgent(agent, durations);
    });
    await withAgent('second-agent', { work: prices.folder, data }, async (agent) => {
      const second = await secondAgent(agent, prices, first);
      await compare(agent, [first, second]);
    });
    heading('Look at it yourself');
    say(`This memory lies in ${data} and stays there; your own was not touched.`);
    say(bold(`node ${CLI} --data-dir ${data} episode list --project ${PROJECT}`));
    console.log(
      `\n${green(`The demo did what it says, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s.`)}`,
    );
  } catch (error) {
    console.error(
      `\n${red('The demo did not do what it says:')} ${error instanceof Error ? error.message : String(error)}`,
    );
    console.error(`Its files are in ${folder}.`);
    process.exitCode = 1;
  }
}

/** Solves its task by trial and error; answers the episode. */
async function firstAgent(agent: Agent, work: Workspace): Promise<string> {
  heading('1. The first agent has nothing to remember');
  const episode = await begin(agent, work);

  const crash = await test(agent, episode, work);
  assert.equal(crash.run.exitCode, 1, 'The broken module passes its tests.');
  assert.deepEqual(crash.added.hints, [], 'An empty memory gave a hint.');
  say('Hints from the memory: none, it is empty.');

  await read(agent, episode, work);
  say('It guesses: surrounding spaces.');
  await edit(agent, episode, work, { ...WRONG_GUESS, why: 'perhaps there are spaces around the text' });
  const still = await test(agent, episode, work);
  assert.equal(still.run.exitCode, 1, 'The wrong guess made the tests pass.');

  say('It looks again: exec() answers null when nothing matches.');
  await edit(agent, episode, work, {
    ...guardBehindMatch(work, GUARD),
    why: 'exec() answers null where nothing matches',
  });
  const passed = await test(agent, episode, work);
  assert.equal(passed.run.exitCode, 0, `The right fix did not make the tests pass:\n${passed.run.output}`);

  await end(agent, episode, 'parseDuration gives undefined for text that is no duration; both tests pass.');
  return episode;
}

/** Meets the same kind of error elsewhere. Only what the memory answers tells it what to do. Answers the episode. */
async function secondAgent(agent: Agent, work: Workspace, fixed: string): Promise<string> {
  heading('2. The second agent, with a server process of its own, meets the same kind of error in other code');
  const episode = await begin(agent, work);

  const crash = await test(agent, episode, work);
  assert.equal(crash.run.exitCode, 1, 'The broken module passes its tests.');
  const [hint] = crash.added.hints;
  say(hint === undefined ? 'The answer to add_step has no hint.' : 'The answer to add_step has a hint:');
  if (hint !== undefined) {
    quote(`${middleOut(hint.text)}\n(${percent(hint.match)} of the words of this error are in the remembered one)`);
  }
  const lessons = await ask(agent, crash.run.error, fixed);
  const fix = [hint?.text ?? '', ...lessons].map(codeIn).find((code) => code !== undefined);
  await read(agent, episode, work);
  // Without a remembered fix it would guess, like the first agent, and fail.
  const change = fix === undefined ? WRONG_GUESS : guardBehindMatch(work, fix);
  say(fix === undefined ? 'Nothing useful was remembered, so it guesses.' : `It does the same here: ${bold(fix)}`);
  await edit(agent, episode, work, { ...change, why: `remembered from episode ${fixed}` });
  const passed = await test(agent, episode, work);
  assert.equal(passed.run.exitCode, 0, 'The second agent did not get the fix out of the memory.');
  assert.ok(hint !== undefined && hint.match > 0 && hint.match <= 1, 'add_step gave no hint, or not how well it fits.');
  assert.ok(lessons.length > 0, 'query_memory did not find the episode in which this error was fixed.');

  await end(agent, episode, 'parsePrice gives undefined for text that is no price; both tests pass.');
  return episode;
}

async function begin(agent: Agent, work: Workspace): Promise<string> {
  const { episode_id } = await agent.call<{ readonly episode_id: string }>('create_episode', {
    task_description: work.task,
    domain: 'parsing',
    task_type: 'debugging',
    language: 'javascript',
    files: [work.file],
  });
  say(`Task: ${work.task}`);
  say(`create_episode → ${dim(episode_id)}`);
  return episode_id;
}

/** Runs the tests and records the run as a step. */
async function test(
  agent: Agent,
  episode: string,
  work: Workspace,
): Promise<{ readonly run: TestRun; readonly added: Added }> {
  const run = work.runTests();
  const result = run.exitCode === 0 ? { type: 'success', output: run.output } : { type: 'error', message: run.output };
  const added = await agent.call<Added>('add_step', {
    episode_id: episode,
    tool: 'bash',
    action: run.command,
    parameters: { command: run.command, exit_code: run.exitCode },
    result,
    latency_ms: run.tookMs,
  });
  const ending = run.exitCode === 0 ? green('tests pass') : red(`exit ${run.exitCode}: ${run.error}`);
  say(`${dim(`step ${added.step_number}`)}  $ ${run.command}  ${ending} ${dim(`(${run.tookMs} ms)`)}`);
  return { run, added };
}

async function read(agent: Agent, episode: string, work: Workspace): Promise<void> {
  const added = await agent.call<Added>('add_step', {
    episode_id: episode,
    tool: 'read',
    action: work.file,
    parameters: { path: work.file },
    result: { type: 'success', output: work.read() },
  });
  say(`${dim(`step ${added.step_number}`)}  read ${work.file}`);
}

async function edit(
  agent: Agent,
  episode: string,
  work: Workspace,
  change: { readonly from: string; readonly to: string; readonly why: string },
): Promise<void> {
  assert.ok(work.edit(change.from, change.to), `${work.file} does not hold what was to be replaced: ${change.from}`);
  const shown = change.to.startsWith(change.from) ? change.to.slice(change.from.length).trim() : change.to;
  const added = await agent.call<Added>('add_step', {
    episode_id: episode,
    tool: 'edit',
    action: `put \`${shown}\` into ${work.file}`,
    parameters: { path: work.file, old: change.from, new: change.to },
    rationale: change.why,
  });
  say(`${dim(`step ${added.step_number}`)}  edit ${work.file}: put in ${shown}`);
}

async function end(agent: Agent, episode: string, verdict: string): Promise<void> {
  const { reward, reflection } = await agent.call<Completed>('complete_episode', {
    episode_id: episode,
    outcome: { kind: 'success', verdict },
  });
  assertSum(reward.parts, reward.total);
  say(`complete_episode → reward ${bold(reward.total.toFixed(2))} ${dim(`(${partsText(reward.parts)})`)}`);
  const lessons = Object.entries(reflection).flatMap(([kind, sentences]) =>
    sentences.map((text) => `${kind}: ${text}`),
  );
  assert.ok(lessons.length > 0, 'A completed episode taught nothing.');
  quote(lessons.map(middleOut).join('\n'));
}

/** Asks the memory about an error; the lessons of the episode that it should know, none where it was not found. */
async function ask(agent: Agent, error: string, expected: string): Promise<readonly string[]> {
  assert.match(error, /TypeError/u, 'The test did not fail with the error that this demo is about.');
  say(`query_memory(${JSON.stringify(error)})`);
  const { episodes } = await agent.call<QueryResult>('query_memory', { query: error, outcome: 'success' });
  const found = episodes.find(({ episode_id }) => episode_id === expected);
  if (found === undefined) {
    quote('found: nothing that helps');
    return [];
  }
  assertSum(found.why, found.score);
  const lessons = lessonsOf(found);
  quote(`found: ${String(found.task_description)}`);
  quote(`why: score ${found.score.toFixed(2)} = ${partsText(found.why)}`);
  quote(lessons.map((lesson) => `lesson: ${middleOut(lesson)}`).join('\n'));
  return lessons;
}

interface HistoryRow {
  readonly episode_id: string;
  readonly attempts: number;
  readonly failedRuns: number;
  readonly tools: readonly string[];
}

/** Lets the agent's own code compute over the memory, inside the sandbox. */
async function compare(agent: Agent, [first, second]: readonly [string, string]): Promise<void> {
  heading('3. What did remembering save? The agent computes it over its own history, in the sandbox');
  const run = await agent.call<CodeRun>('execute_code', { code: HISTORY });
  assert.ok(run.ok, `The program in the sandbox failed: ${JSON.stringify(run.error)}`);
  assert.ok(Array.isArray(run.result), 'The program in the sandbox did not answer with a list.');
  // The program is ours, a few lines up: it returns such rows.
  const rows = run.result as readonly HistoryRow[];
  const [before, after] = [first, second].map((id) => rows.find((row) => row.episode_id === id));
  assert.ok(before && after, 'The history does not hold both episodes.');
  say(`without memory: ${rowText(before)}`);
  say(`with memory:    ${rowText(after)}`);
  say(dim(`execute_code took ${run.usage.wall_ms.toFixed(0)} ms`));
  assert.deepEqual([before.attempts, before.failedRuns], [2, 2], 'The first agent needed two attempts.');
  assert.deepEqual([after.attempts, after.failedRuns], [1, 1], 'The second agent needed one attempt.');
}

function rowText({ attempts, failedRuns, tools }: HistoryRow): string {
  return `${attempts} edit${attempts === 1 ? '' : 's'}, ${failedRuns} failed test run${failedRuns === 1 ? '' : 's'} before success, tools: ${tools.join(', ')}`;
}

/** The guard goes on a line of its own behind the one that calls exec(). */
function guardBehindMatch(work: Workspace, guard: string): { readonly from: string; readonly to: string } {
  const line = work
    .read()
    .split('\n')
    .find((text) => text.includes('.exec('));
  assert.ok(line, `${work.file} does not call exec().`);
  return { from: line, to: `${line}\n  ${guard}` };
}

/** The code that a remembered fix put in, if it names any. */
function codeIn(text: string): string | undefined {
  return /put `(if [^`]+)` into/u.exec(text)?.[1];
}

function lessonsOf(item: EpisodeItem): readonly string[] {
  return Array.isArray(item.lessons) ? item.lessons.map(String) : [];
}

function assertSum(parts: Readonly<Record<string, number>>, total: number): void {
  const sum = Object.values(parts).reduce((soFar, part) => soFar + part, 0);
  assert.ok(Math.abs(sum - total) < 0.001, `${partsText(parts)} is not ${total}.`);
}

function partsText(parts: Readonly<Record<string, number>>): string {
  return Object.entries(parts)
    .map(([part, value]) => `${part} ${value.toFixed(2)}`)
    .join(' + ');
}

function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}
