// Two agents, one memory: the first one fails, then finds a fix the hard way; the second one remembers it.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type EpisodeItem,
  type FixItem,
  fixLine,
  type HitItem,
  hitLines,
  type OutcomeArguments,
  playbookLines,
  type QueryResult,
  type RecommendationResult,
  type RewardResult,
  sumText,
} from '@episodica/memory-core/wire';
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

/** What a program of a stranger would do: leave the sandbox. */
const ATTACK = `const get = (code) => { try { return [].constructor.constructor(code)() } catch (error) { return error.message } };
  ({ way_out: get('return process.env'), process: typeof process, fetch: typeof fetch })`;

interface Added {
  readonly step_number: number;
  readonly hints: readonly FixItem[];
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
      await askForTask(agent, first);
      const second = await secondAgent(agent, prices, first.fixed);
      await compare(agent, { before: [first.gaveUp, first.fixed], after: [second] });
      await advise(agent, { failed: first.gaveUp, succeeded: [first.fixed, second] });
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

/** Its two attempts at one task. */
interface Attempts {
  readonly gaveUp: string;
  readonly fixed: string;
}

/** Fails at its task, and solves it in a second attempt. */
async function firstAgent(agent: Agent, work: Workspace): Promise<Attempts> {
  const gaveUp = await failedAttempt(agent, work);
  heading('2. The same task again: the memory warns of what failed');
  const { episode: fixed, related } = await begin(agent, work);
  const [warning] = related;
  assert.equal(warning?.episode_id, gaveUp, 'create_episode did not answer with the failed attempt.');
  assert.equal(typeof warning.warning, 'string', 'The failed attempt is no warning.');
  quoteHit(warning);
  await test(agent, fixed, work);
  say('So it does not cut off spaces again, and puts a guard where exec() answers null.');
  await edit(agent, fixed, work, {
    ...guardBehindMatch(work, GUARD),
    why: 'exec() answers null where nothing matches',
  });
  const passed = await test(agent, fixed, work);
  assert.equal(passed.run.exitCode, 0, `The right fix did not make the tests pass:\n${passed.run.output}`);
  const verdict = 'parseDuration gives undefined for text that is no duration; both tests pass.';
  await end(agent, fixed, { kind: 'success', verdict });
  return { gaveUp, fixed };
}

/** Guesses, gives up, and leaves the file as it was; answers the episode. */
async function failedAttempt(agent: Agent, work: Workspace): Promise<string> {
  heading('1. The first agent has nothing to remember');
  const { episode, related } = await begin(agent, work);
  assert.deepEqual(related, [], 'An empty memory has related experience.');
  const crash = await test(agent, episode, work);
  assert.equal(crash.run.exitCode, 1, 'The broken module passes its tests.');
  assert.deepEqual(crash.added.hints, [], 'An empty memory gave a hint.');
  say('Hints from the memory: none, it is empty.');
  await read(agent, episode, work);
  say('It guesses: surrounding spaces.');
  await edit(agent, episode, work, { ...WRONG_GUESS, why: 'perhaps there are spaces around the text' });
  const still = await test(agent, episode, work);
  assert.equal(still.run.exitCode, 1, 'The wrong guess made the tests pass.');
  say('It gives up, and says why.');
  await end(agent, episode, {
    kind: 'failure',
    reason: 'Cutting off spaces does not help: exec() still answers null.',
  });
  work.edit(WRONG_GUESS.to, WRONG_GUESS.from);
  return episode;
}

/** Meets the same kind of error elsewhere. Only what the memory answers tells it what to do. Answers the episode. */
async function secondAgent(agent: Agent, work: Workspace, fixed: string): Promise<string> {
  heading('4. It meets the same kind of error in other code');
  const { episode } = await begin(agent, work);

  const crash = await test(agent, episode, work);
  assert.equal(crash.run.exitCode, 1, 'The broken module passes its tests.');
  const [hint] = crash.added.hints;
  say(hint === undefined ? 'The answer to add_step has no hint.' : 'The answer to add_step has a hint:');
  if (hint !== undefined) quote(fixLine({ ...hint, text: middleOut(hint.text) }));
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

  const verdict = 'parsePrice gives undefined for text that is no price; both tests pass.';
  await end(agent, episode, { kind: 'success', verdict });
  return episode;
}

/** Asks for a task in words of its own: attempts at it stand together, the one that succeeded first. */
async function askForTask(agent: Agent, { gaveUp, fixed }: Attempts): Promise<void> {
  heading('3. The second agent, with a server process of its own, asks what is known of such a task');
  const query = 'parsing durations crashes when the text is not one';
  say(`query_memory(${JSON.stringify(query)})`);
  const { episodes } = await agent.call<QueryResult>('query_memory', { query });
  const [first, second] = episodes;
  assert.ok(first && second, 'query_memory did not find both attempts.');
  assert.deepEqual([first.episode_id, second.episode_id], [fixed, gaveUp], 'The attempt that succeeded is not first.');
  assert.equal(typeof first.difference, 'string', 'It is not said what the attempt that succeeded did otherwise.');
  assert.equal(typeof second.warning, 'string', 'The failed attempt is no warning.');
  quoteHit(first);
  quoteHit(second);
}

function quoteHit(hit: HitItem): void {
  quote(hitLines(hit).map(middleOut).join('\n'));
}

interface Created {
  readonly episode_id: string;
  readonly related: readonly EpisodeItem[];
}

async function begin(
  agent: Agent,
  work: Workspace,
): Promise<{ readonly episode: string; readonly related: readonly EpisodeItem[] }> {
  const { episode_id, related } = await agent.call<Created>('create_episode', {
    task_description: work.task,
    domain: 'parsing',
    task_type: 'debugging',
    language: 'javascript',
    files: [work.file],
  });
  say(`Task: ${work.task}`);
  say(`create_episode → ${dim(episode_id)}`);
  return { episode: episode_id, related };
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

async function end(agent: Agent, episode: string, outcome: OutcomeArguments): Promise<void> {
  const { reward, reflection } = await agent.call<Completed>('complete_episode', { episode_id: episode, outcome });
  assertSum(reward.parts, reward.total);
  say(`complete_episode(${outcome.kind}) → reward ${bold(sumText(reward.total, reward.parts))}`);
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
  const { fixes, episodes } = await agent.call<QueryResult>('query_memory', { query: error, outcome: 'success' });
  assert.equal(fixes[0]?.episode_id, expected, 'query_memory did not find the fix of this error.');
  const found = episodes.find(({ episode_id }) => episode_id === expected);
  if (found === undefined) {
    quote('found: nothing that helps');
    return [];
  }
  assertSum(found.why, found.score);
  const lessons = lessonsOf(found);
  quoteHit(found);
  return lessons;
}

interface HistoryRow {
  readonly episode_id: string;
  readonly attempts: number;
  readonly failedRuns: number;
  readonly tools: readonly string[];
}

/** Lets the agent's own code compute over the memory, inside the sandbox. */
async function compare(
  agent: Agent,
  { before, after }: { readonly before: readonly string[]; readonly after: readonly string[] },
): Promise<void> {
  heading('5. What did remembering save? The agent computes it over its own history, in the sandbox');
  say('execute_code runs this program of the agent:');
  quote(HISTORY.trim());
  const run = await agent.call<CodeRun>('execute_code', { code: HISTORY });
  assert.ok(run.ok, `The program in the sandbox failed: ${JSON.stringify(run.error)}`);
  assert.ok(Array.isArray(run.result), 'The program in the sandbox did not answer with a list.');
  // The program is ours, a few lines up: it returns such rows.
  const rows = run.result as readonly HistoryRow[];
  const without = summed(rows.filter(({ episode_id }) => before.includes(episode_id)));
  const remembering = summed(rows.filter(({ episode_id }) => after.includes(episode_id)));
  say(`found out:  ${rowText(without)}`);
  say(`remembered: ${rowText(remembering)}`);
  say(dim(`execute_code took ${run.usage.wall_ms.toFixed(0)} ms`));
  await attack(agent);
  assert.deepEqual([without.attempts, without.failedRuns], [2, 3], 'The first agent did not need two edits.');
  assert.deepEqual([remembering.attempts, remembering.failedRuns], [1, 1], 'The second agent did not need one edit.');
}

/** The same tool, asked for what it must not give. */
async function attack(agent: Agent): Promise<void> {
  const { ok, result } = await agent.call<CodeRun>('execute_code', { code: ATTACK });
  say('A program that wants out of the sandbox');
  quote(ATTACK);
  say('gets:');
  quote(JSON.stringify(result));
  assert.ok(ok, 'The attack ended its run, and not by itself.');
  // The program is ours, a few lines up: it returns texts.
  const { way_out, ...globals } = result as Readonly<Record<'way_out' | 'process' | 'fetch', unknown>>;
  assert.deepEqual(
    [typeof way_out, globals.process, globals.fetch],
    ['string', 'undefined', 'undefined'],
    'The attack got out.',
  );
}

/** What the three attempts have taught, for a task that nobody has begun. */
async function advise(
  agent: Agent,
  { failed, succeeded }: { readonly failed: string; readonly succeeded: readonly string[] },
): Promise<void> {
  heading('6. A third task of the kind: what have the attempts taught?');
  const task = 'The import crashes at text without a number; make parseTemperature in parse-temperature.mjs cope';
  say(`get_recommendation(${JSON.stringify(task)})`);
  const { playbook } = await agent.call<RecommendationResult>('get_recommendation', {
    task_description: task,
    domain: 'parsing',
    task_type: 'debugging',
    language: 'javascript',
  });
  quote(playbookLines(playbook).map(middleOut).join('\n'));
  const said = [...playbook.steps, ...playbook.warnings].flatMap(({ episode_ids }) => episode_ids);
  assert.ok(playbook.steps.length > 0, 'Three attempts at such tasks gave no steps.');
  assert.ok(
    playbook.steps.some(({ episode_ids }) => succeeded.every((id) => episode_ids.includes(id))),
    'No step rests on both attempts that succeeded.',
  );
  assert.ok(playbook.warnings.length > 0 && said.includes(failed), 'Nothing warns of what the failed attempt did.');
}

type Effort = Omit<HistoryRow, 'episode_id'>;

function summed(rows: readonly HistoryRow[]): Effort {
  return {
    attempts: rows.reduce((sum, { attempts }) => sum + attempts, 0),
    failedRuns: rows.reduce((sum, { failedRuns }) => sum + failedRuns, 0),
    tools: [...new Set(rows.flatMap(({ tools }) => tools))],
  };
}

function rowText({ attempts, failedRuns, tools }: Effort): string {
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
  assert.ok(Math.abs(sum - total) < 0.001, `${sumText(total, parts)} is no sum.`);
}
