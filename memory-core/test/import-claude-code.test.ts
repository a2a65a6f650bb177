// Sessions of Claude Code as episodes. The session in fixtures/ is made up and has every kind of line.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import {
  type EpisodeRecord,
  inMemoryStore,
  isClaudeCode,
  type Memory,
  openMemory,
  readClaudeCode,
  readJsonLines,
} from '@episodica/memory-core';
import { expect, test } from 'vitest';

const SESSION = readFileSync(new URL('./fixtures/claude-code-session.jsonl', import.meta.url), 'utf8')
  .trimEnd()
  .split('\n');
const LATER = '2026-03-03T00:00:00.000Z';
const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const REAL = join(resolve(ROOT, process.env.MEMORY_DATASETS || '../shared/data'), 'claude-code');

interface Read {
  readonly records: readonly EpisodeRecord[];
  readonly failed: readonly { readonly position: number; readonly message: string }[];
  readonly unfinished: readonly number[];
}

async function read(lines: readonly string[], at: string = LATER): Promise<Read> {
  const records: EpisodeRecord[] = [];
  const failed: { position: number; message: string }[] = [];
  const unfinished: number[] = [];
  const found = readClaudeCode(readJsonLines(lines), { at, onUnfinished: (position) => unfinished.push(position) });
  for await (const { value } of found) {
    // A record, or what could not be read: nothing else comes.
    const record = value as EpisodeRecord | { position: number; message: string };
    if ('message' in record) failed.push({ position: record.position, message: record.message });
    else records.push(record);
  }
  return { records, failed, unfinished };
}

async function imported(lines: readonly string[], into: Memory = aMemory(), at: string = LATER): Promise<Memory> {
  await into.importEpisodes(readClaudeCode(readJsonLines(lines), { at }));
  return into;
}

function aMemory(): Memory {
  return openMemory({ store: inMemoryStore() });
}

async function exported(from: Memory): Promise<readonly string[]> {
  const lines: string[] = [];
  for await (const record of from.exportEpisodes()) lines.push(JSON.stringify(record));
  return lines.sort();
}

/** Lines of a session made up here, a second apart. */
function aSession(): {
  readonly lines: string[];
  say(content: unknown, more?: object): void;
  use(id: string, name: string, input: object, more?: object): void;
  answer(id: string, content: unknown, more?: object): void;
  wait(seconds: number): void;
} {
  const lines: string[] = [];
  let seconds = 0;
  const add = (type: string, message: object, more: object): void => {
    seconds += 1;
    const timestamp = new Date(Date.UTC(2026, 2, 1) + seconds * 1_000).toISOString();
    const uuid = `line-${lines.length + 1}`;
    lines.push(JSON.stringify({ type, uuid, sessionId: 's', cwd: '/home/ada/parser', timestamp, message, ...more }));
  };
  return {
    lines,
    say: (content, more = {}) => add('user', { role: 'user', content }, more),
    use: (id, name, input, more = {}) =>
      add('assistant', { role: 'assistant', content: [{ type: 'tool_use', id, name, input }] }, more),
    answer: (id, content, more = {}) => {
      const result = { type: 'tool_result', tool_use_id: id, content, ...more };
      add('user', { role: 'user', content: [result] }, {});
    },
    wait: (more) => {
      seconds += more;
    },
  };
}

/** What came of commands that ran one after the other, in a request that edits before the commands of `behind`. */
async function outcomeOf(
  behind: readonly (readonly [command: string, output: string, isError?: boolean])[],
  { edits = true } = {},
): Promise<EpisodeRecord> {
  const { lines, ...session } = aSession();
  session.say('Make the parser accept empty input');
  session.use('edit', edits ? 'Edit' : 'Read', { file_path: 'a.ts' });
  session.answer('edit', 'updated');
  for (const [index, [command, output, isError = false]] of behind.entries()) {
    session.use(`b${index}`, 'Bash', { command });
    session.answer(`b${index}`, output, { is_error: isError });
  }
  const [record] = (await read(lines)).records;
  if (record === undefined) throw new Error('no record');
  return record;
}

test('each request of a person is an episode, and what the client wrote in their place is none [IN-01]', async () => {
  const { records, failed } = await read(SESSION);
  expect(failed).toEqual([]);
  expect(records.map(({ task_description }) => task_description).sort()).toEqual([
    '/review src/parse.ts',
    'Find everything else that reads the first token',
    'Make the parser accept empty input, its test fails',
    'This page shows the error in the browser, why?\n[image: image/png left out]',
  ]);
});

test('steps are the calls of tools with reason, result, time and tokens, in whatever order results come [IN-01]', async () => {
  const record = (await read(SESSION)).records.find(({ task_description }) => /empty input/u.test(task_description));
  expect(record?.steps?.map(({ tool, action, result }) => [tool, action, result?.type])).toEqual([
    ['Bash', 'npm test', 'error'],
    ['Read', 'src/parse.ts', 'success'],
    ['Grep', 'tokens\\[0\\]', 'success'],
    ['Edit', 'src/parse.ts', 'success'],
    ['Task', 'Find other readers', 'success'],
    ['Bash', 'cd /home/ada/parser && npm test 2>&1', 'success'],
    ['Bash', 'npm test', 'success'],
  ]);
  expect(record?.steps?.[0]).toMatchObject({
    at: '2026-03-02T09:00:35.000Z',
    rationale: 'I run the test to see how it fails.',
    parameters: { command: 'npm test', description: 'Run the tests' },
    tokens_used: 42,
  });
  expect(record?.steps?.[1]).toMatchObject({
    rationale: 'The first token is missing then.',
    result: { output: '12  switch (tokens[0].kind) {' },
  });
  expect(record?.steps?.[2]?.result).toEqual({ type: 'success', output: 'src/parse.ts:12' });
  expect(record?.steps?.[2]).not.toHaveProperty('rationale');
  expect(record?.steps?.[4]).toMatchObject({ latency_ms: 15_000, tokens_used: 3_210 });
});

test('an episode tells where and by whom it was done, and the project of its folder [IN-01]', async () => {
  const found = readClaudeCode(readJsonLines(SESSION), {
    at: LATER,
    projectOf: (folder) => `project of ${folder}`,
  });
  const { value } = (await found.next()).value ?? {};
  expect(value).toMatchObject({
    project: 'project of /home/ada/parser',
    branch: 'empty-input',
    started_at: '2026-03-02T09:00:20.000Z',
    metadata: { folder: '/home/ada/parser', client_version: '2.1.0', model: 'claude-sonnet-4' },
    source: {
      agent: 'claude-code',
      session: '3f0d6c1e-52a4-4c7a-9d0e-8b1f2a6c9e11',
      captured_from: 'import:claude-code',
    },
  });
});

test('a call without a result is no success, a call that ran too long a timeout, and images are marked [IN-01]', async () => {
  const { records } = await read(SESSION);
  const review = records.find(({ task_description }) => task_description.startsWith('/review'));
  expect(review?.steps).toMatchObject([
    { tool: 'Read', result: { type: 'timeout', message: expect.stringContaining('No result is recorded') } },
  ]);
  const page = records.find(({ task_description }) => task_description.startsWith('This page'));
  expect(page?.steps?.map(({ result }) => result)).toMatchObject([
    { type: 'success', output: 'Page of the parser\n[image: image/png left out]' },
    { type: 'timeout', message: 'Error: Command timed out after 2m 0.0s' },
    { type: 'error' },
  ]);
  expect(JSON.stringify(records)).not.toContain('iVBORw0KGgo');
});

test('a subagent works in an episode of its own, told by its id or by the line before [IN-01]', async () => {
  const { records } = await read(SESSION);
  const own = records.find(({ tags }) => tags?.includes('subagent'));
  expect(own).toMatchObject({
    task_description: 'Find everything else that reads the first token',
    steps: [{ tool: 'Grep', result: { type: 'success', output: 'No files found' } }],
    metadata: { answer: 'Nothing else reads it.' },
  });
  const { lines, ...session } = aSession();
  for (const agentId of ['one', 'two'])
    session.say(`Look into module ${agentId} please`, { isSidechain: true, agentId });
  for (const agentId of ['one', 'two']) session.use(agentId, 'Read', {}, { isSidechain: true, agentId });
  expect((await read(lines)).records.map(({ metadata, steps }) => [metadata?.subagent, steps?.length])).toEqual([
    ['one', 1],
    ['two', 1],
  ]);
});

test('of many subagents in one file, those that have been quiet for longest are not held until its end [IN-01]', async () => {
  const { lines, ...session } = aSession();
  for (let index = 0; index < 40; index += 1) {
    const agent = { isSidechain: true, agentId: `agent-${index}` };
    session.say(`Look into module number ${index}`, agent);
    session.use(`t${index}`, 'Read', { file_path: 'a.ts' }, agent);
    session.say([{ type: 'tool_result', tool_use_id: `t${index}`, content: 'text' }], agent);
  }
  const told = ({ records }: Read) => records.map(({ metadata, steps }) => [metadata?.subagent, steps?.length]);
  const whole = Array.from({ length: 40 }, (_, index) => [`agent-${index}`, 1]);
  expect(told(await read(lines))).toEqual(whole);
  const live = await read(lines, '2026-03-01T00:02:00.000Z');
  expect(told(live)).toEqual(whole.slice(0, live.records.length));
  expect(live.records.length).toBeGreaterThan(0);
  expect(live.records.length + live.unfinished.length).toBe(40);
});

test('an error is what the line marks as one, whatever way it has [IN-01]', async () => {
  const { lines, ...session } = aSession();
  session.say('Try all the ways in which a call can fail');
  const answers: readonly [unknown, object, object][] = [
    ['fine, although it says Error: no', {}, {}],
    ['broken', { is_error: true }, {}],
    ['<tool_use_error>String to replace not found</tool_use_error>', {}, {}],
    ['stopped', {}, { toolUseResult: { interrupted: true } }],
    ['code', {}, { toolUseResult: { stdout: '', stderr: 'x', exitCode: 2 } }],
    ['server', {}, { toolUseResult: { isError: true } }],
    ['told', {}, { toolUseResult: 'Error: told' }],
  ];
  for (const [index, [content, marks, line]] of answers.entries()) {
    session.use(`t${index}`, 'Bash', { command: `try ${index}` });
    session.say([{ type: 'tool_result', tool_use_id: `t${index}`, content, ...marks }], line);
  }
  const [record] = (await read(lines)).records;
  expect(record?.steps?.map(({ result }) => result?.type)).toEqual([
    'success',
    ...Array.from({ length: 6 }, () => 'error'),
  ]);
});

test('an outcome is told only where every check behind the last edit says the same, and with less than full confidence [IN-01]', async () => {
  const success = await outcomeOf([
    ['npm test', 'Exit code 1', true],
    ['npm test', '12 passed'],
    ['git commit -m done', ''],
  ]);
  expect(success).toMatchObject({ outcome: { kind: 'success', verdict: expect.stringContaining('npm test') } });
  expect(success.source?.confidence).toBeLessThan(1);
  const kinds = async (...given: Parameters<typeof outcomeOf>) => (await outcomeOf(...given)).outcome?.kind;
  expect(await kinds([['cd a && CI=1 timeout 60 npx vitest run 2>&1', '']])).toBe('success');
  expect(await kinds([['npm test | tail -5', 'Tests  12 passed (12)']])).toBe('success');
  expect(await kinds([['npm test | tail -5', 'Tests  1 failed | 11 passed']])).toBe('failure');
  expect(await kinds([['npm test | tail -5', '✓ reports FAIL lines\n 12 passed']])).toBe('abstained');
  expect(await kinds([['npm run typecheck', 'Exit code 2', true]])).toBe('failure');
  expect(
    await kinds([
      ['npm test', 'Exit code 1', true],
      ['npm run lint', 'ok'],
    ]),
  ).toBe('abstained');
  expect(await kinds([['npm test && git push', 'rejected', true]])).toBe('abstained');
  expect(await kinds([['npm test || true', '']])).toBe('abstained');
  expect(await kinds([['npm test; echo done', 'done']])).toBe('abstained');
  expect(await kinds([['git commit -m "run; npm test"', '']])).toBe('abstained');
  expect(await kinds([['cat tests/a.txt', '']])).toBe('abstained');
  expect(await kinds([['npm test', '12 passed']], { edits: false })).toBe('abstained');
  expect(await kinds([])).toBe('abstained');
});

test('an episode of unknown outcome says so, is found by its error and its fix, and counts for no pattern [IN-01]', async () => {
  const memory = await imported(SESSION.slice(0, SESSION.findIndex((line) => line.includes('toolu_04')) + 1));
  const edit = aSession();
  edit.say('Repair the reader of dates');
  for (const [id, isError] of [
    ['a', true],
    ['b', false],
  ] as const) {
    edit.use(id, 'Bash', { command: 'node dates.js' });
    edit.answer(id, isError ? 'RangeError: Invalid time value' : 'ok', { is_error: isError });
    if (isError) {
      edit.use('fix', 'Edit', { file_path: 'dates.js' });
      edit.answer('fix', 'updated');
    }
  }
  await imported(edit.lines, memory);
  await memory.learnPending();
  const { episodes } = await memory.search({ text: 'RangeError: Invalid time value' });
  expect(episodes[0]?.episode).toMatchObject({
    description: 'Repair the reader of dates',
    outcome: { kind: 'abstained', reason: expect.stringContaining('unknown') },
    recoveries: [{ error: expect.stringContaining('RangeError'), fix: [expect.stringContaining('dates.js')] }],
  });
  expect(await memory.listPatterns()).toEqual([]);
});

test('a request that the person broke off is no failure, unless work went on [IN-01]', async () => {
  const { records } = await read(SESSION);
  const page = records.find(({ task_description }) => task_description.startsWith('This page'));
  expect(page?.outcome).toEqual({ kind: 'abstained', reason: 'Interrupted by the user.' });
  const { lines, ...session } = aSession();
  session.say('Make the parser accept empty input');
  session.say('[Request interrupted by user]');
  session.use('late', 'Read', {});
  expect((await read(lines)).records[0]?.outcome).toMatchObject({ reason: expect.stringContaining('unknown') });
});

test('words that say nothing by themselves are told with what they follow, and small talk is no episode [IN-01]', async () => {
  const { lines, ...session } = aSession();
  session.say('Rename the columns of the table of users');
  session.say('go on');
  session.use('a', 'Edit', { file_path: 'a.sql' });
  session.say('thanks!');
  session.say('直して：ログイン');
  const { records } = await read(lines);
  expect(records.map(({ task_description }) => task_description)).toEqual([
    'Rename the columns of the table of users',
    'go on\n\nFollows: Rename the columns of the table of users',
    '直して：ログイン',
  ]);
});

test('importing twice, or a copy under another session, changes nothing [EP-11] [IN-01]', async () => {
  const memory = await imported(SESSION);
  const before = await exported(memory);
  const again = await memory.importEpisodes(readClaudeCode(readJsonLines(SESSION), { at: LATER }));
  expect(again).toMatchObject({ imported: 0, known: 4, failedCount: 0 });
  const copy = SESSION.map((line) => line.replaceAll('3f0d6c1e-', '99999999-'));
  expect(copy).not.toEqual(SESSION);
  expect(await memory.importEpisodes(readClaudeCode(readJsonLines(copy), { at: LATER }))).toMatchObject({
    imported: 0,
  });
  expect(await exported(memory)).toEqual(before);
});

test('a file that grows gives in the end what it gives at once, wherever it was read before [EP-11] [IN-01]', async () => {
  const { lines, ...session } = aSession();
  session.say('Make the parser accept empty input');
  session.use('a', 'Bash', { command: 'npm test' });
  session.answer('a', 'broken', { is_error: true });
  session.wait(7_200);
  session.use('b', 'Edit', { file_path: 'a.ts' });
  session.wait(7_200);
  session.answer('b', 'updated');
  session.say('Now write the documentation of it', {});
  session.use('c', 'Write', { file_path: 'a.md' });
  session.answer('c', 'written');
  const grown = [...lines, ...SESSION];
  const whole = await exported(await imported(grown));
  const texts = whole.map((line) => line.length);
  expect(texts.length).toBe(8);
  for (let count = 1; count < grown.length; count += 1) {
    // Read a moment after the last line was written, and again just before the next one.
    const memory = aMemory();
    for (const index of [count - 1, count]) {
      const { timestamp } = JSON.parse(grown[index] ?? '{}');
      if (timestamp !== undefined) await imported(grown.slice(0, count), memory, timestamp);
    }
    expect(await exported(await imported(grown, memory)), `cut behind line ${count}`).toEqual(whole);
  }
});

test('the last request is left out for an hour, and the caller is told at which line it begins [EP-11] [IN-01]', async () => {
  const { lines, ...session } = aSession();
  session.say('Make the parser accept empty input');
  session.use('a', 'Bash', { command: 'npm test' });
  session.say('And then write the documentation');
  const last = '2026-03-01T00:00:03.000Z';
  expect(await read(lines, last)).toMatchObject({ records: [{ steps: [{}] }], unfinished: [3] });
  expect(await read(lines, '2026-03-01T01:00:03.000Z')).toMatchObject({ records: [{}, {}], unfinished: [] });
});

test('lines that are broken, foreign, cut off or huge are named, and the rest is read [IN-01]', async () => {
  const { lines, ...session } = aSession();
  session.say('Make \0 the \ud800 parser accept empty input');
  session.use('a', 'Bash', { command: 'echo \0 \udfff', deep: nested(100), 'a\0name': 1 });
  session.answer('a', `\0 ${'é'.repeat(6_000_000)} data:image/png;base64,${'A'.repeat(100)}`);
  const foreign = ['', '{"type":', '7', 'null', '[]', '{}', '{"type":"user","message":7}', '\0\0\0', '{"type":"new"}'];
  const { records, failed } = await read([...foreign, ...lines.map((line) => `${line}\r`), '{"type":"assist']);
  expect(failed.map(({ position }) => position)).toEqual([2, 3, 4, 5, 6, 7, 8, 13]);
  expect(records).toHaveLength(1);
  expect(records[0]?.task_description).toBe('Make \ufffd the \ufffd parser accept empty input');
  expect(records[0]?.steps?.[0]?.original_bytes).toBeGreaterThan(10_000_000);
  expect(JSON.stringify(records[0]?.steps?.[0]?.result)).toContain('[image/png, 122 characters, left out]');
  expect(await aMemory().importEpisodes(records)).toMatchObject({ imported: 1, failedCount: 0 });
  expect((await read([])).records).toEqual([]);
});

function nested(depth: number): object {
  return depth === 0 ? {} : { inner: nested(depth - 1) };
}

test('values past a limit are clipped with a mark and the size that they had [EP-07]', async () => {
  const { lines, ...session } = aSession();
  session.say(`Read the whole file ${'word '.repeat(10_000)}`);
  session.use('a', 'Write', {
    file_path: 'a.txt',
    content: 'x'.repeat(200_000),
    lines: Array(200).fill('y'.repeat(3_000)),
  });
  session.answer('a', 'z'.repeat(200_000));
  const { records } = await read(lines);
  expect(await aMemory().importEpisodes(records)).toMatchObject({ imported: 1, failedCount: 0 });
  const [record] = records;
  expect(record?.task_description).toMatch(/bytes left out/u);
  expect(record?.steps?.[0]).toMatchObject({
    original_bytes: 200_000,
    parameters: { file_path: 'a.txt', content: expect.stringContaining('bytes left out') },
    result: { output: expect.stringContaining('bytes left out') },
  });
});

test('work of more steps than an episode holds goes on in others, and no step is lost or told twice [EP-07]', async () => {
  const { lines, ...session } = aSession();
  session.say('Rename the columns of all tables');
  for (let index = 0; index < 2_300; index += 1) {
    session.use(`t${index}`, 'Bash', { command: `rename ${index}` });
    // Two calls wait at a time.
    if (index > 0) session.answer(`t${index - 1}`, `done ${index - 1}`);
  }
  session.answer('t2299', 'done 2299');
  const { records } = await read(lines);
  expect(records.map(({ metadata }) => metadata?.part)).toEqual([undefined, 2, 3]);
  expect(new Set(records.map(({ episode_id }) => episode_id)).size).toBe(3);
  const steps = records.flatMap(({ steps: own = [] }) => own);
  expect(steps.map(({ action }) => action)).toEqual(Array.from({ length: 2_300 }, (_, index) => `rename ${index}`));
  expect(steps.every(({ result }) => result?.type === 'success')).toBe(true);
  expect(await aMemory().importEpisodes(records)).toMatchObject({ imported: 3, failedCount: 0 });
});

test('large outputs are spread over episodes that each can be stored [EP-07]', async () => {
  const { lines, ...session } = aSession();
  session.say('Look at every log of the machine');
  for (let index = 0; index < 200; index += 1) {
    session.use(`t${index}`, 'Read', { file_path: `${index}.log` });
    session.answer(`t${index}`, '\u001b'.repeat(70_000));
  }
  const { records } = await read(lines);
  expect(records.length).toBeGreaterThan(1);
  expect(records.flatMap(({ steps = [] }) => steps)).toHaveLength(200);
  expect(await aMemory().importEpisodes(records)).toMatchObject({ imported: records.length, failedCount: 0 });
});

test('lines of sessions are told from others by themselves [IN-01]', () => {
  expect(SESSION.slice(0, 10).map((line) => isClaudeCode(JSON.parse(line)))).toEqual(Array(10).fill(true));
  for (const other of [{ task_description: 'x' }, { type: 'tombstone', id: 'x' }, [], null, 'user']) {
    expect(isClaudeCode(other)).toBe(false);
  }
});

test('real sessions are read, with steps and errors, and importing them again changes nothing [IN-01]', async ({
  skip,
}) => {
  if (!existsSync(REAL)) skip(`There is no folder ${REAL}; MEMORY_DATASETS names the one above it.`);
  const memory = aMemory();
  let episodes = 0;
  for (const pass of ['first', 'second']) {
    for (const name of readdirSync(REAL).filter((file) => file.endsWith('.jsonl'))) {
      const lines = readFileSync(join(REAL, name), 'utf8').split('\n');
      const records = readClaudeCode(readJsonLines(lines), { at: new Date().toISOString() });
      const { imported: count } = await memory.importEpisodes(records);
      if (pass === 'first') episodes += count;
      else expect(count).toBe(0);
    }
  }
  const steps: string[] = [];
  for await (const record of memory.exportEpisodes()) {
    if (!('type' in record)) steps.push(...(record.steps ?? []).map(({ result }) => result?.type ?? 'none'));
  }
  expect(episodes).toBeGreaterThan(10);
  expect(steps.length).toBeGreaterThan(5);
  expect(steps).toContain('error');
});
