// Import and export from the terminal.
import { spawn } from 'node:child_process';
import { chmodSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { linesOf } from '../src/commands/lines.ts';
import { progressText } from '../src/progress.ts';
import { aPlace, cleanEnvironment, type Place, PROGRAM } from './program.ts';

let place: Place;
let other: Place;
beforeEach(() => {
  place = aPlace();
  other = aPlace();
});
afterEach(() => {
  place.remove();
  other.remove();
});

const RECORDS = [
  {
    task_description: 'Write the parser \u2028 with 漢字 and 🎈',
    project: 'compiler',
    tags: ['parser'],
    metadata: { nested: { list: [1, null, true] } },
    steps: [
      {
        tool: 'edit',
        action: 'write',
        parameters: { file: 'a.ts' },
        result: { type: 'success', output: 'x'.repeat(70_000) },
      },
      { tool: 'test', action: 'run', result: { type: 'error', message: 'boom' }, rationale: 'to see', latency_ms: 3 },
    ],
    outcome: { kind: 'failure', reason: 'gave up' },
    started_at: '2026-01-02T03:04:05.678Z',
    completed_at: '2026-01-02T04:00:00.000Z',
  },
  { task_description: 'Still open, of no project', started_at: '2026-01-03T00:00:00Z' },
];

function asLines(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('');
}

/** A run as tau-bench writes it, made up here. */
function aRun(task: number, reward: number): object {
  const call = (id: string, name: string) => ({
    id,
    type: 'function',
    function: { name, arguments: `{"task":${task}}` },
  });
  return {
    task_id: task,
    trial: 0,
    reward,
    info: {},
    traj: [
      { role: 'system', content: 'You are an agent.' },
      { role: 'user', content: `Please change booking ${task}` },
      { role: 'assistant', content: null, tool_calls: [call(`a${task}`, 'get_booking')] },
      { role: 'tool', tool_call_id: `a${task}`, name: 'get_booking', content: '{}' },
      { role: 'assistant', content: null, tool_calls: [call(`b${task}`, 'change_booking')] },
      { role: 'tool', tool_call_id: `b${task}`, name: 'change_booking', content: 'Error: sold out' },
    ],
  };
}

test('export, import elsewhere and export again give the same text, byte by byte [EP-11]', async () => {
  await place.json(['episode', 'import', '-'], { input: asLines(RECORDS) });
  const first = await place.run(['episode', 'export']);
  expect(first.stderr).toBe('');
  const records = first.stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  expect(records).toMatchObject([{ project: 'compiler' }, { task_description: 'Still open, of no project' }]);
  expect(records[1]).not.toHaveProperty('project');
  expect(first.stdout).toContain('"original_bytes":70000');
  expect(await other.json(['episode', 'import', '-'], { input: first.stdout })).toMatchObject({ imported: 2 });
  expect((await other.run(['episode', 'export'])).stdout).toBe(first.stdout);
});

test('what was imported has its vectors when the program has ended, and a search that finds nothing says so [EM-03] [RE-07]', async () => {
  const records = Array.from({ length: 250 }, (_, index) => ({ task_description: `Task of number ${index}` }));
  expect(await place.json(['ep', 'import', '-'], { input: asLines(records) })).toMatchObject({ imported: 250 });
  const ended = await place.run(['ep', 'search', '--all-projects', 'zeppelin']);
  expect(ended).toMatchObject({ code: 0, stdout: expect.stringContaining('Nothing stored matches.') });
  expect(ended.stdout).not.toContain('vectors');
});

test('an embedder that is away is a warning of an import, and no failure of it [EM-03] [EM-05]', async () => {
  const env = { EMBEDDING_PROVIDER: 'openai', OPENAI_API_KEY: 'a-key', OPENAI_BASE_URL: 'http://127.0.0.1:9/v1' };
  const imported = await place.run(['ep', 'import', '-'], { input: asLines(RECORDS), env });
  expect(imported).toMatchObject({ code: 0, stdout: expect.stringContaining('2 imported') });
  expect(imported.stderr).toMatch(/warning: What was imported is stored.*its vectors follow later: OpenAI/u);
});

test('importing twice changes nothing and says so [EP-11] [IN-01]', async () => {
  writeFileSync(join(place.work, 'in.jsonl'), asLines(RECORDS));
  const others = { recommendations: 0, tombstones: 0 };
  const nothingFailed = { forgotten: 0, ...others, failed: [], failed_count: 0 };
  expect(await place.json(['ep', 'import', 'in.jsonl'])).toEqual({ imported: 2, known: 0, ...nothingFailed });
  const before = (await place.run(['ep', 'export'])).stdout;
  const seq = (await place.json(['storage', 'stats'])).journal_seq;
  expect(await place.json(['ep', 'import', 'in.jsonl'])).toEqual({ imported: 0, known: 2, ...nothingFailed });
  expect((await place.run(['ep', 'import', 'in.jsonl'])).stdout).toBe(
    'Nothing changed: 0 imported, 2 known already.\n',
  );
  expect((await place.run(['ep', 'export'])).stdout).toBe(before);
  expect((await place.json(['storage', 'stats'])).journal_seq).toBe(seq);
});

test('lines that cannot be read are named by file and line, and the rest is imported [EP-11] [IN-01]', async () => {
  const lines = [
    '{"task_description": "one"}',
    '',
    '{"task_description": ',
    '{"task": "two"}',
    '{"task_description": "three"}',
  ];
  writeFileSync(join(place.work, 'in.jsonl'), `\ufeff${lines.join('\r\n')}`);
  const { code, stdout, stderr } = await place.run(['--format', 'json', 'episode', 'import', 'in.jsonl']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    imported: 2,
    failed_count: 2,
    failed: [
      { file: 'in.jsonl', line: 3, message: expect.stringContaining('is not JSON') },
      { file: 'in.jsonl', line: 4, message: expect.stringContaining('task_description') },
    ],
  });
  expect(stderr.trimEnd().split('\n')).toEqual([
    expect.stringMatching(/^in\.jsonl:3: is not JSON/u),
    expect.stringMatching(/^in\.jsonl:4: task_description: /u),
  ]);
  expect((await place.json(['episode', 'list'])).episodes).toHaveLength(2);
});

test('a file whose first line is broken is still read, and what its lines hold cannot steer the terminal [IN-01]', async () => {
  const input = `broken \u001b[31mline\n${asLines([{ task_description: 'fine' }])}`;
  const { code, stdout, stderr } = await place.run(['episode', 'import', '-'], { input });
  expect({ code, stdout }).toEqual({ code: 1, stdout: '1 imported, 1 could not be read.\n' });
  expect(stderr).toMatch(/^-:1: is not JSON/u);
  expect(stderr).not.toContain('\u001b');
});

test('a file that is missing, a folder or no JSON is named, and nothing of the others is imported [IN-01]', async () => {
  writeFileSync(join(place.work, 'good.jsonl'), asLines(RECORDS));
  writeFileSync(join(place.work, 'notes.txt'), 'Dear diary,\nno JSON here.\n');
  writeFileSync(join(place.work, 'program.c'), 'int main()\n{\n  return 0;\n}\n');
  writeFileSync(join(place.work, 'array.json'), '[{"task_description": "x"}]');
  mkdirSync(join(place.work, 'folder'));
  for (const [bad, reason] of [
    ['nowhere.jsonl', 'there is no such file'],
    ['folder', 'is a folder, not a file'],
    ['notes.txt', 'is not JSON'],
    ['program.c', 'is not JSON'],
    ['array.json', 'is no array of tau-bench runs'],
  ] as const) {
    const { code, stdout, stderr } = await place.run(['episode', 'import', 'good.jsonl', bad]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr).toContain(`INVALID_INPUT: ${bad}: ${reason}`);
  }
  expect((await place.json(['episode', 'list', '--all-projects'])).episodes).toEqual([]);
});

test('results of tau-bench are recognised, take their domain from the file name, and meet themselves again [IN-01]', async () => {
  const runs = [aRun(1, 1), aRun(2, 0), aRun(3, 1)];
  writeFileSync(join(place.work, 'some-retail-runs.json'), JSON.stringify(runs, null, 2));
  expect(await place.json(['ep', 'import', 'some-retail-runs.json'])).toMatchObject({ imported: 3, known: 0 });
  expect(await place.json(['ep', 'import', '-'], { input: JSON.stringify(runs) })).toMatchObject({
    imported: 0,
    known: 3,
  });
  const { episodes } = await place.json(['ep', 'list', '--outcome', 'success']);
  expect(episodes).toHaveLength(2);
  expect(episodes[0]).toMatchObject({ domain: 'retail', task_description: 'Please change booking 3' });
  const { patterns } = await place.json(['pattern', 'list']);
  expect(patterns[0]).toMatchObject({ tools: ['get_booking', 'change_booking'], support: 3, success_rate: 0.6667 });
});

test('domain and project of tau-bench results can be chosen; JSON lines keep their own domain [IN-01]', async () => {
  const input = JSON.stringify([aRun(1, 1)]);
  await place.json(['ep', 'import', '-', '--from', 'tau-bench', '--domain', 'trains', '--project', 'travel'], {
    input,
  });
  const { episodes } = await place.json(['ep', 'list', '--project', 'travel', '--domain', 'trains']);
  expect(episodes).toMatchObject([{ project: 'travel', domain: 'trains' }]);
  const refused = await place.run(['ep', 'import', '-', '--domain', 'trains'], { input: asLines(RECORDS) });
  expect(refused).toMatchObject({ code: 2 });
  expect(refused.stderr).toContain('--domain goes with tau-bench files');
});

test('an export into a file replaces it as a whole, for this user alone, and leaves nothing else behind [EP-11]', async () => {
  await place.json(['ep', 'import', '-'], { input: asLines(RECORDS) });
  const file = join(place.work, 'out.jsonl');
  writeFileSync(file, 'old');
  chmodSync(file, 0o644);
  expect(await place.json(['episode', 'export', 'out.jsonl'])).toEqual({ file: 'out.jsonl', episodes: 2 });
  expect(readFileSync(file, 'utf8')).toBe((await place.run(['episode', 'export'])).stdout);
  expect(statSync(file).mode & 0o777).toBe(0o600);
  expect(readdirSync(place.work)).toEqual(['out.jsonl']);
  expect(await place.json(['episode', 'export', 'open.jsonl', '--status', 'open'])).toMatchObject({ episodes: 1 });
  const nowhere = await place.run(['episode', 'export', 'no/such/folder/out.jsonl']);
  expect(nowhere).toMatchObject({
    code: 2,
    stderr: 'INVALID_INPUT: no/such/folder/out.jsonl: there is no such file or folder.\n',
  });
});

test('an export whose reader goes away ends quietly [CL-01]', async () => {
  const records = Array.from({ length: 30 }, (_, index) => ({
    task_description: `Episode ${index}`,
    steps: [{ tool: 't', action: 'a', result: { type: 'success', output: 'y'.repeat(20_000) } }],
  }));
  await place.json(['ep', 'import', '-'], { input: asLines(records) });
  const child = spawn(process.execPath, [PROGRAM, 'episode', 'export'], {
    cwd: place.work,
    env: cleanEnvironment(place.home, {}),
  });
  let stderr = '';
  child.stderr.on('data', (chunk) => {
    stderr += chunk;
  });
  child.stdout.once('data', () => child.stdout.destroy());
  const code = await new Promise((resolve) => child.on('close', resolve));
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});

test('an import that waits for a quiet pipe ends at the first interruption, and says how far it came [EP-11] [CL-03]', async () => {
  const records = Array.from({ length: 60 }, (_, index) => ({ task_description: `Task ${index}` }));
  const child = spawn(process.execPath, [PROGRAM, 'episode', 'import', '-'], {
    cwd: place.work,
    env: cleanEnvironment(place.home, {}),
    stdio: ['pipe', 'ignore', 'pipe'],
  });
  let told = '';
  child.stderr?.on('data', (chunk) => {
    told += chunk;
  });
  const ended = new Promise((resolve) => child.on('close', resolve));
  // More than is looked into before anything is imported, and then nothing more.
  const filling = { task_description: 'Large', metadata: { filling: 'x'.repeat(50_000) } };
  child.stdin?.write(asLines([filling, filling, ...records]));
  let stored = 0;
  while (stored < 40) stored = (await place.json(['storage', 'stats'])).counts.episode;
  child.kill('SIGINT');
  expect(await ended).toBe(130);
  const [, count] = /ABORTED: The import was cancelled; (\d+) episodes are in/u.exec(told) ?? [];
  expect((await place.json(['storage', 'stats'])).counts.episode).toBe(Number(count));
});

test('a killed import leaves whole episodes, and running it again brings what one run would have [EP-11] [ST-05]', async () => {
  const records = Array.from({ length: 230 }, (_, index) => ({
    task_description: `Episode ${index}`,
    started_at: new Date(Date.UTC(2026, 0, 1, 0, 0, index)).toISOString(),
    completed_at: '2026-02-01T00:00:00Z',
    steps: ['build', 'test', 'push'].map((tool) => ({ tool, action: 'go', rationale: 'y'.repeat(500) })),
    outcome: { kind: index % 3 === 0 ? 'failure' : 'success' },
  }));
  const file = join(place.work, 'in.jsonl');
  writeFileSync(file, asLines(records));
  const child = spawn(process.execPath, [PROGRAM, 'episode', 'import', '-'], {
    cwd: place.work,
    env: cleanEnvironment(place.home, {}),
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  const ended = new Promise((resolve) => child.on('close', (_code, signal) => resolve(signal)));
  // Its input stays open, so that it cannot end by itself.
  child.stdin?.write(asLines(records.slice(0, 190)));
  let stored = 0;
  while (stored < 150) stored = (await place.json(['storage', 'stats'])).counts.episode;
  child.kill('SIGKILL');
  expect(await ended).toBe('SIGKILL');

  const partial = (await place.run(['episode', 'export'])).stdout.trimEnd().split('\n');
  expect(partial.length).toBeLessThan(records.length);
  for (const line of partial) expect(JSON.parse(line).steps).toHaveLength(3);
  const again = await place.json(['episode', 'import', 'in.jsonl']);
  expect(again).toMatchObject({ imported: records.length - partial.length, known: partial.length });
  expect(await other.json(['episode', 'import', file])).toMatchObject({ imported: records.length });
  expect((await place.run(['episode', 'export'])).stdout).toBe((await other.run(['episode', 'export'])).stdout);
  // All but how it came to that: one learnt in one run, the other in several.
  const learnt = async (from: Place): Promise<unknown> => {
    const { patterns } = await from.json(['pattern', 'list']);
    return patterns.map(({ history, ...pattern }: { history: unknown }) => pattern);
  };
  expect(await learnt(place)).toEqual(await learnt(other));
});

test('imports that run at once, and meet in the same episodes, count each of them once [EP-11] [LE-08]', async () => {
  const record = (index: number): object => ({
    task_description: `Episode ${index}`,
    domain: 'ops',
    steps: ['build', 'push'].map((tool) => ({ tool, action: 'go' })),
    outcome: { kind: index % 2 === 0 ? 'failure' : 'success' },
  });
  const files = [0, 60, 120].map((from, index) => {
    const file = join(place.work, `${index}.jsonl`);
    writeFileSync(file, asLines(Array.from({ length: 120 }, (_, at) => record(from + at))));
    return file;
  });
  const results = await Promise.all(files.map((file) => place.json(['ep', 'import', file])));
  expect(results.reduce((sum, { imported }) => sum + imported, 0)).toBe(240);
  expect(results.reduce((sum, { known }) => sum + known, 0)).toBe(120);
  const { patterns } = await place.json(['pattern', 'list']);
  expect(patterns).toMatchObject([{ tools: ['build', 'push'], support: 240, success_rate: 0.5, base_rate: 0.5 }]);
});

test('forgetting and recommendations travel from one store to the other [EP-11]', async () => {
  writeFileSync(join(place.work, 'in.jsonl'), asLines(RECORDS));
  await place.json(['ep', 'import', 'in.jsonl']);
  const [gone] = (await place.json(['ep', 'list', '--all-projects', '--status', 'open'])).episodes;
  await place.json(['ep', 'forget', gone.episode_id, '--yes']);
  const { stdout } = await place.run(['ep', 'export']);
  const types = stdout
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line).type);
  expect(types).toEqual([undefined, 'tombstone']);
  expect(await other.json(['ep', 'import', '-'], { input: stdout })).toMatchObject({
    imported: 1,
    tombstones: 1,
  });
  expect(await other.json(['ep', 'import', join(place.work, 'in.jsonl')])).toMatchObject({ known: 1, forgotten: 1 });
  expect((await other.run(['ep', 'export'])).stdout).toContain('"type":"tombstone"');
});

test('progress is told with a bar and a rate where the size is known, else without a bar [CL-03]', () => {
  const half = progressText('in.jsonl', { text: '120 read', done: 120, share: 0.5 }, 2);
  expect(half).toBe('in.jsonl [############------------] 50 %, 120 read, 60/s');
  expect(progressText('-', { text: '3 read', done: 3 }, 1)).toBe('- 3 read, 3/s');
});

test('a line past the limit comes cut and the lines behind it come whole [EP-11]', async () => {
  const text = Buffer.from(`ab\n${'é'.repeat(1_000)}\n漢\u2028字\r\n\nlast`);
  for (const chunkBytes of [1, 3, 4_096]) {
    async function* chunks(): AsyncGenerator<Uint8Array> {
      for (let at = 0; at < text.length; at += chunkBytes) yield text.subarray(at, at + chunkBytes);
    }
    const lines: string[] = [];
    for await (const line of linesOf(chunks(), 10)) lines.push(line);
    expect(lines).toEqual(['ab', 'é'.repeat(11), '漢\u2028字\r', '', 'last']);
  }
});
