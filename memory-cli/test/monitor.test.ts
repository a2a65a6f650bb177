// What servers and commands counted, as the terminal tells it, against what the tests themselves asked of them.
import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { readPrometheus } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';
import { aPlace, cleanEnvironment, type Place, PROGRAM } from './program.ts';

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

const SERVER = fileURLToPath(new URL('../../memory-mcp/bin/memory-mcp.js', import.meta.url));
const UNKNOWN_ID = '01a1fc43-5981-7000-b542-8e95badb3456';
const data = (): string => join(place.home, 'data');
const inData = (...words: readonly string[]): readonly string[] => ['--data-dir', data(), ...words];

interface Row {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

/** Labels of each series of a counter, with its value. */
function valuesOf(rows: readonly Row[], figure: string): Readonly<Record<string, number>> {
  const own = rows.filter(({ name }) => name === figure);
  return Object.fromEntries(own.map(({ labels, value }) => [Object.values(labels).join(' '), value]));
}

/** A server whose every call is answered before the next is asked. */
async function aServer(): Promise<{
  readonly child: ChildProcessWithoutNullStreams;
  call(tool: string, given: object): Promise<void>;
}> {
  const child = spawn(process.execPath, [SERVER], {
    cwd: place.work,
    env: cleanEnvironment(place.home, { MEMORY_DATA_DIR: data() }),
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface(child.stdout)[Symbol.asyncIterator]();
  let id = 0;
  const ask = async (method: string, params: object): Promise<void> => {
    id += 1;
    child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', id, method, params })}\n`);
    for (;;) {
      const { value, done } = await lines.next();
      if (done === true) throw new Error('The server has ended.');
      const answer = JSON.parse(value);
      if (answer.id !== id) continue;
      if (answer.error !== undefined || answer.result?.isError === true) throw new Error(value);
      return;
    }
  };
  const clientInfo = { name: 'test', version: '1.0.0' };
  await ask('initialize', { protocolVersion: '2025-06-18', capabilities: {}, clientInfo });
  child.stdin.write(`${JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' })}\n`);
  return { child, call: (name, given) => ask('tools/call', { name, arguments: given }) };
}

test('what commands did is told by number, in every format the same [CL-01 OB-03]', async () => {
  const { episode_id: first } = await place.json(['ep', 'create', 'Fix the login redirect']);
  await place.json(['episode', 'create', 'Fix the logout redirect']);
  await place.json(['episode', 'complete', first, '--outcome', 'success', '--verdict', 'green']);
  await place.json(['episode', 'search', 'login redirect']);
  expect((await place.run(['episode', 'view', UNKNOWN_ID])).code).not.toBe(0);
  const told = await place.json(['monitor', 'metrics']);
  expect(valuesOf(told.counters, 'commands')).toEqual({
    'episode create ok': 2,
    'episode complete ok': 1,
    'episode search ok': 1,
    'episode view NOT_FOUND': 1,
  });
  expect(valuesOf(told.counters, 'episodes_created')).toEqual({ '': 2 });
  expect(valuesOf(told.counters, 'episodes_completed')).toEqual({ success: 1 });
  expect(valuesOf(told.counters, 'searches')).toEqual({ found: 1 });
  const create = told.timers.find(({ name, labels }: Row) => name === 'verb' && labels.verb === 'create_episode');
  expect(create).toMatchObject({ count: 2, unit: 'ms' });
  expect(create.p50_ms).toBeGreaterThan(0);
  expect(create.max_ms).toBeGreaterThanOrEqual(create.p99_ms);
  expect(told.gauges).toEqual([]);
  const { at: _at, ...rest } = told;
  const yaml = parse((await place.run(['--format', 'yaml', 'mon', 'metrics'])).stdout);
  expect(yaml).toMatchObject(rest);
  const { stdout: human } = await place.run(['monitor', 'metrics', 'commands', '--since', '1h']);
  expect(human.split('\n').map((line) => line.split(/\s{2,}/u))).toContainEqual([
    'commands',
    'episode create ok',
    '2',
    'events',
  ]);
  expect(human).not.toContain('verb');
  const server = await place.json(['monitor', 'metrics', '--program', 'memory-mcp']);
  expect([server.counters, server.timers]).toEqual([[], []]);

  const status = await place.json(['monitor', 'status']);
  expect(status).toMatchObject({
    calls: { calls: 5, errors: 1 },
    store: { episodes: 2, newest: { looked_at: 2, open: 1, completed: 1, success_rate: 1 } },
    searches: { found: 1, nothing: 0 },
    sandbox: { runs: 0 },
    running: [],
    skipped_files: 0,
  });
  expect(status.calls_by_hour).toHaveLength(24);
  const byHour = status.calls_by_hour.reduce((sum: number, { calls }: { calls: number }) => sum + calls, 0);
  expect(byHour).toBe(5);
  const glance = (await place.run(['monitor', 'status', '--ascii'])).stdout;
  expect(glance).toMatch(/^Calls +[_#.:=*+-]{24} +6, this hour \d$/mu);
  expect(glance).toMatch(/^Episodes +2 \(1 open, 1 completed, 100 % succeeded\)$/mu);
  expect(glance).toMatch(/none is running/u);
  expect((await place.run(['monitor', 'status'])).stdout).toMatch(/^Calls +[▁▂▃▄▅▆▇█]{24} +7,/mu);
});

test('nothing counted is told as nothing, and what is asked wrongly is refused [CL-01 OB-03]', async () => {
  expect(await place.json(inData('monitor', 'metrics'))).toMatchObject({
    counters: [],
    timers: [],
    gauges: [],
    from: null,
  });
  expect((await place.run(inData('monitor', 'metrics'))).stdout).toBe('Nothing has been counted yet.\n');
  expect((await place.run(inData('monitor', 'export'))).stdout).toBe('');
  // Looking leaves nothing behind.
  expect(existsSync(data())).toBe(false);
  const glance = (await place.run(inData('monitor', 'status'))).stdout;
  expect(glance).toMatch(/success rate unavailable/u);
  expect(glance).toMatch(/^Nothing has been counted yet\.$/mu);
  for (const [words, expected] of [
    [['metrics', 'tool_cals'], /^INVALID_INPUT: There is no figure "tool_cals"; the nearest name is tool_calls\. /u],
    [['metrics', '--since', 'soon'], /^INVALID_INPUT: --since: "soon" is no time; write how long ago, such as 2h/u],
    [['status', '--watch'], /^INVALID_INPUT: --watch: draws on a terminal/u],
    [['status', '--interval', '2'], /^INVALID_INPUT: --watch: is missing/u],
    [['status', '--watch', '--interval', '0'], /^INVALID_INPUT: .*Give a whole number from 1 to 86400/u],
    [['export', '--force'], /^INVALID_INPUT: --output: is missing/u],
  ] as const) {
    const { code, stderr } = await place.run(inData('monitor', ...words));
    expect({ words, code }).toEqual({ words, code: 2 });
    expect(stderr).toMatch(expected);
  }
});

test('servers and commands count into one sum, one that is killed loses seconds, and no counter ever falls [OB-03]', async () => {
  const totals = async (): Promise<ReadonlyMap<string, number>> => {
    const { code, stdout } = await place.run(inData('monitor', 'export'));
    expect(code).toBe(0);
    const samples = [...readPrometheus(stdout)].filter(([, { type }]) => type !== 'gauge');
    return new Map(
      samples.flatMap(([, family]) =>
        family.samples.map(({ name, labels, value }) => [JSON.stringify([name, ...labels]), value] as const),
      ),
    );
  };
  const [ended, killed] = [await aServer(), await aServer()];
  for (let index = 0; index < 5; index += 1) {
    await ended.call('create_episode', { task_description: `Task ${index} of the first` });
    await killed.call('create_episode', { task_description: `Task ${index} of the second` });
  }
  const running = (await place.json(inData('monitor', 'status'))).running;
  expect(running.map(({ pid }: { pid: number }) => pid).sort()).toEqual([ended.child.pid, killed.child.pid].sort());
  for (const server of running) {
    expect(server.program).toBe('memory-mcp');
    expect(server.resident_bytes).toBeGreaterThan(1_000_000);
    expect(server.calls_waiting).toBe(0);
    expect(Date.parse(server.at)).toBeGreaterThanOrEqual(Date.parse(server.started_at));
  }
  const glance = (await place.run(inData('monitor', 'status'))).stdout;
  expect(
    glance.match(/^ {2}memory-mcp \d+, for .*: \d+ calls? running, .*, as of \d+ (?:second|minute)s? ago$/gmu),
  ).toHaveLength(2);
  const before = await totals();
  killed.child.kill('SIGKILL');
  await once(killed.child, 'close');
  expect((await place.json(inData('monitor', 'status'))).running).toHaveLength(1);
  const between = await totals();
  ended.child.stdin.end();
  await once(ended.child, 'close');
  await place.json(inData('episode', 'create', 'Task of the terminal'));
  const after = await totals();
  for (const [earlier, later] of [
    [before, between],
    [between, after],
  ] as const) {
    for (const [series, value] of earlier) expect(later.get(series), series).toBeGreaterThanOrEqual(value);
  }
  const told = await place.json(inData('monitor', 'metrics'));
  const created = valuesOf(told.counters, 'tool_calls')['create_episode ok'] ?? 0;
  // What a killed server had not written within its ten seconds is lost, and nothing else is.
  expect(created).toBeGreaterThanOrEqual(5);
  expect(created).toBeLessThanOrEqual(10);
  expect(valuesOf(told.counters, 'episodes_created')['']).toBe(created + 1);
  expect(told.gauges).toEqual([]);
  expect((await place.json(inData('monitor', 'status'))).running).toEqual([]);
}, 120_000);

test('an export goes into a file as a whole, and takes the place of none unasked [OB-03]', async () => {
  await place.json(['episode', 'create', 'Fix the login redirect']);
  const file = join(place.work, 'episodica.prom');
  expect(await place.json(['monitor', 'export', '--output', file])).toMatchObject({ file, as: 'prometheus' });
  expect(readPrometheus(readFileSync(file, 'utf8')).get('episodica_commands_total')?.samples).toEqual([
    {
      name: 'episodica_commands_total',
      labels: new Map([
        ['command', 'episode create'],
        ['outcome', 'ok'],
      ]),
      value: 1,
    },
  ]);
  // Less what the umask takes.
  if (process.platform !== 'win32') expect(statSync(file).mode & 0o404).toBe(0o404);
  expect((await place.run(['monitor', 'export', '--output', file])).stderr).toMatch(/is there already/u);
  await place.json(['monitor', 'export', '--as', 'json', '--output', file, '--force']);
  const { counters } = JSON.parse(readFileSync(file, 'utf8'));
  expect(valuesOf(counters, 'commands')).toEqual({ 'episode create ok': 1 });
  for (const words of [
    ['--as', 'json'],
    ['--format', 'json'],
  ]) {
    const { stdout } = await place.run(['monitor', 'export', ...words]);
    expect(JSON.parse(stdout).counters).toEqual(counters);
  }
  expect(parse((await place.run(['monitor', 'export', '--format', 'yaml'])).stdout).counters).toEqual(counters);
});

test('programs that eval runs are counted, by how they ended [OB-03]', async () => {
  await place.json(['episode', 'create', 'Fix the login redirect']);
  expect((await place.run(['eval', '1 + 1'])).code).toBe(0);
  expect((await place.run(['eval', 'throw new Error("no")'])).code).not.toBe(0);
  const { sandbox } = await place.json(['monitor', 'status']);
  expect(sandbox.runs).toBe(2);
  expect(sandbox.outcomes.map(({ of, count }: { of: string; count: number }) => [of, count]).sort()).toEqual([
    ['THROWN', 1],
    ['ok', 1],
  ]);
});

test('a command whose output nobody reads any more is counted all the same [CL-03 OB-03]', async () => {
  await place.json(['episode', 'create', 'Fix the login redirect']);
  const child = spawn(process.execPath, [PROGRAM, 'episode', 'list'], {
    cwd: place.work,
    env: cleanEnvironment(place.home, {}),
  });
  child.stdout.destroy();
  expect(await once(child, 'exit')).toEqual([0, null]);
  const { counters } = await place.json(['monitor', 'metrics', 'commands']);
  expect(valuesOf(counters, 'commands')['episode list ok']).toBe(1);
});

test('a folder of figures that cannot be written, or holds something else, keeps no command from its work [OB-03]', async () => {
  await place.json(inData('episode', 'create', 'One'));
  const figures = join(data(), 'figures');
  rmSync(figures, { recursive: true });
  writeFileSync(figures, 'no folder');
  const { code, stderr } = await place.run(inData('episode', 'create', 'Two'));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
  expect((await place.run(inData('monitor', 'metrics'))).stderr).toMatch(
    /^STORE_FAILED: The figures in .* cannot be read/u,
  );
  expect((await place.json(inData('storage', 'stats'))).counts.episode).toBe(2);
  rmSync(figures);
  await place.json(inData('episode', 'create', 'Three'));
  const [part = ''] = readdirSync(figures);
  writeFileSync(join(figures, part), '{"version":1,');
  expect((await place.json(inData('monitor', 'metrics'))).skipped).toEqual([{ name: part, why: 'damaged' }]);
  expect((await place.run(inData('monitor', 'status'))).stdout).toMatch(/^1 file of figures left out;/mu);
  chmodSync(figures, 0o500);
  expect((await place.run(inData('episode', 'list'))).code).toBe(0);
  chmodSync(figures, 0o700);
});

test('a watch draws the glance anew on a terminal until it is interrupted [CL-03 OB-03]', async () => {
  await place.json(['episode', 'create', 'Fix the login redirect']);
  const terminal = 'data:text/javascript,process.stdout.isTTY=true;process.stdout.columns=50';
  const child = spawn(
    process.execPath,
    ['--import', terminal, PROGRAM, 'monitor', 'status', '--watch', '--interval', '1'],
    {
      cwd: place.work,
      env: cleanEnvironment(place.home, { LANG: 'C' }),
    },
  );
  onTestFinished(() => void child.kill('SIGKILL'));
  let drawn = '';
  for await (const chunk of child.stdout) {
    drawn += chunk;
    if (drawn.split('\u001B[2J').length > 2 && drawn.endsWith('Ctrl-C ends it.\n')) child.kill('SIGINT');
  }
  const [code] = child.exitCode === null ? await once(child, 'close') : [child.exitCode];
  expect(code).toBe(0);
  // Its locale says that it has ASCII alone.
  expect(drawn).toMatch(/^Calls +_{23}#/mu);
  // A row is a line: what a narrow terminal has no place for is left out.
  expect(drawn).toMatch(/WHAT +COUNT .*P95/u);
  expect(drawn).not.toMatch(/MAX|^ {4}/mu);
}, 60_000);

test('storage stats tells how the store grows, as far as anybody measured it [CL-01]', async () => {
  const day = (back: number): string => new Date(Date.now() - back * 86_400_000).toISOString();
  const lines = [0, 0, 3, 40].map((back, index) =>
    JSON.stringify({
      task_description: `Task ${index}`,
      started_at: day(back),
      outcome: { kind: 'success', verdict: 'ok' },
    }),
  );
  writeFileSync(join(place.work, 'some.jsonl'), lines.join('\n'));
  await place.json(['episode', 'import', 'some.jsonl']);
  const { growth } = await place.json(['storage', 'stats']);
  expect(growth.episodes_by_day).toHaveLength(30);
  expect(growth.episodes_by_day.reduce((sum: number, count: number) => sum + count, 0)).toBe(3);
  expect(growth.episodes_by_week).toEqual([0, 0, 0, 3]);
  expect(growth.bytes).toBeNull();
  expect(growth.bytes_per_episode).toBeNull();
  expect(growth.disk_bytes.figures).toBeGreaterThan(0);
  const figures = join(place.home, '.local/share/episodica/figures');
  // As if the store had been there two days ago, of 1,000 bytes.
  const earlier = {
    version: 1,
    counters: [],
    timers: [],
    gauges: [{ name: 'store_bytes', labels: {}, value: 1_000 }],
  };
  const name = `part_memory-cli_${day(2).slice(0, 13)}_${crypto.randomUUID()}.json`;
  writeFileSync(join(figures, name), JSON.stringify(earlier));
  const many = Array.from({ length: 100 }, (_, index) =>
    JSON.stringify({ task_description: `Old ${index}`, started_at: day(50) }),
  );
  writeFileSync(join(place.work, 'many.jsonl'), many.join('\n'));
  await place.json(['episode', 'import', 'many.jsonl']);
  const later = await place.json(['storage', 'stats']);
  expect(later.growth.bytes_per_episode).toBeGreaterThan(1_000);
  expect(later.growth.bytes).toMatchObject({ days: 2 });
  expect(later.growth.bytes.grown).toBeGreaterThan(10_000);
  const { stdout } = await place.run(['storage', 'stats']);
  expect(stdout).toMatch(/^growth +[▁▂▃▄▅▆▇█]{30} +3 episodes in 30 days$/mu);
  expect(stdout).toMatch(/^bytes +\+[\d.]+ [kM]B in 2 days$/mu);
});
