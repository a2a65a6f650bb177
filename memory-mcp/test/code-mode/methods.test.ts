// The methods of `memory` as programs in the sandbox call them, over a real store.
import { type CodeModeHostOptions, codeModeHost, codeModeMethods } from '@episodica/memory-mcp/code-mode';
import { openSandbox, type RunResult, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { ELSEWHERE, HERE, LONG_TEXT, type Remembered, rememberedEpisodes } from './remembered.ts';

let remembered: Remembered;
let sandbox: Sandbox;
beforeAll(async () => {
  sandbox = openSandbox({ maxWorkers: 2 });
  remembered = await rememberedEpisodes();
});
afterAll(async () => {
  await sandbox.close();
  await remembered.close();
});

const READING = { allowWrites: false };
const UNKNOWN = '0190a1b2-0000-7000-8000-000000000000';

/** What a program gives that runs with this memory; a failure of it fails the test. */
// Tests look into results of many forms; each states what it expects.
// biome-ignore lint/suspicious/noExplicitAny: see above
async function result(code: string, options: CodeModeHostOptions = READING): Promise<any> {
  const ran = await run(code, options);
  expect(ran.ok ? undefined : ran.error).toBeUndefined();
  return ran.ok ? ran.result : undefined;
}

function run(code: string, options: CodeModeHostOptions = READING): Promise<RunResult> {
  const host = codeModeHost(async () => remembered, options);
  return sandbox.run({ code, host, input: remembered.ids, timeoutMs: 30_000 });
}

/** How a program is refused. */
async function refusal(code: string, options: CodeModeHostOptions = READING): Promise<string> {
  return result(`try { await ${code}; 'nothing was refused' } catch (e) { e.code + ' ' + e.message }`, options);
}

/** Where an answer does not fit its schema; nothing where it does. */
function problems(schema: z.ZodType, answer: unknown): readonly string[] {
  const { error } = schema.safeParse(answer);
  return error === undefined ? [] : z.prettifyError(error).split('\n');
}

function schemaOf(name: string): z.ZodType {
  return codeModeMethods({ allowWrites: true }).find((method) => method.name === name)!.result;
}

describe('what methods answer', () => {
  const CALLS: readonly (readonly [method: string, code: string])[] = [
    ['search', "memory.search('login redirect')"],
    [
      'search',
      "memory.search({ query: 'TypeError: Cannot read properties of undefined (reading token)', detail: 'full' })",
    ],
    ['search', "memory.search({ outcome: 'failure', limit: 100, scope: 'all' })"],
    ['search', "memory.search('voltage firmware antenna')"],
    ['episodes', 'memory.episodes()'],
    ['episodes', "memory.episodes({ scope: 'all', limit: 10_000, order: 'oldest' })"],
    ['episode', 'memory.episode(input.won)'],
    ['episode', 'memory.episode(Object.values(input))'],
    ['steps', 'memory.steps(input.won)'],
    ['steps', 'memory.steps((await memory.episodes()).map((e) => e.episode_id))'],
    ['patterns', 'memory.patterns()'],
    ['patterns', "memory.patterns({ standing: 'candidate', domain: 'generated', scope: 'all' })"],
    ['aggregate', "memory.aggregate({ group_by: ['domain', 'outcome'] })"],
    ['aggregate', "memory.aggregate({ of: 'steps', group_by: ['tool', 'result'], limit: 1_000 })"],
    ['recommend', "memory.recommend('Put the sensor and the voltage in order')"],
    ['recommend', "memory.recommend({ task_description: 'Fix the login redirect', domain: 'auth', limit: 20 })"],
    ['recommend', "memory.recommend('zzz qqq')"],
  ];

  test.each(CALLS)('memory.%s answers what its schema says, field by field: %s [SB-06]', async (name, code) => {
    const answer = await result(code);
    expect(problems(schemaOf(name), answer)).toEqual([]);
    expect(JSON.stringify(answer).length).toBeGreaterThan(100);
  });

  test('a schema lets no field pass that it does not name [SB-06]', async () => {
    const episode = await result('memory.episode(input.won)');
    expect(problems(schemaOf('episode'), { ...episode, more: 1 })).not.toEqual([]);
    expect(problems(schemaOf('episode'), { ...episode, steps: [{ ...episode.steps[0], more: 1 }] })).not.toEqual([]);
  });

  test('a search finds what the library finds, and leaves out what the caller is at work on [SB-06]', async () => {
    const outside = await remembered.memory.search({ text: 'login redirect' });
    const found = await result("(await memory.search('login redirect')).episodes.map((e) => e.episode_id)");
    expect(found).toEqual(outside.episodes.map(({ episode }) => episode.id));
    expect(found).toContain(remembered.ids.won);
    const openEpisodes = { began() {}, ended() {}, ids: () => [remembered.ids.won!] };
    const others = "(await memory.search('login redirect')).episodes.map((e) => e.episode_id)";
    expect(await result(others, { ...READING, openEpisodes })).not.toContain(remembered.ids.won);
  });

  test('an aggregate is that of the library [SB-06]', async () => {
    const { groups, scanned } = await result("memory.aggregate({ group_by: 'outcome', where: { domain: 'auth' } })");
    expect(scanned).toBe(5);
    const counted = groups.map(({ group, count }: { group: { outcome: string }; count: number }) => [
      group.outcome,
      count,
    ]);
    expect(new Map(counted)).toEqual(
      new Map([
        ['success', 1],
        ['partial', 1],
        ['failure', 1],
        ['abstained', 1],
        [null, 1],
      ]),
    );
  });

  test('a recommendation is that of the library, and nothing is kept of it [SB-06]', async () => {
    const task = 'Put the sensor and the voltage and the firmware in order';
    const before = await remembered.journalSeq();
    const advice = await result(`memory.recommend(${JSON.stringify(task)})`);
    expect(advice.playbook.fit.level).not.toBe('none');
    expect(advice.episodes.length).toBeGreaterThan(0);
    expect(Object.keys(advice)).not.toContain('recommendation_id');
    expect(await remembered.journalSeq()).toBe(before);
    const { playbook } = await remembered.memory.recommend({ description: task });
    expect(advice.playbook.steps.map(({ text }: { text: string }) => text)).toEqual(
      playbook.steps.map(({ text }) => text),
    );
    expect(await remembered.journalSeq()).toBeGreaterThan(before);
  });
});

/** How many steps are read before an episode is refused that is too large. */
async function stepsReadFor(id: string): Promise<number> {
  let count = 0;
  const { memory } = remembered;
  const listSteps: typeof memory.listSteps = async function* (...asked) {
    for await (const step of memory.listSteps(...asked)) {
      count += 1;
      yield step;
    }
  };
  const host = codeModeHost(async () => ({ memory: { ...memory, listSteps }, project: HERE }), READING);
  const code = `await memory.episode('${id}', { scope: 'all' })`;
  expect((await sandbox.run({ code, host, timeoutMs: 30_000 })).ok).toBe(false);
  return count;
}

/** Patterns of every standing. */
const EVERY_PATTERN = `(await Promise.all(['confirmed', 'candidate', 'faded'].map((standing) => memory.patterns({ standing })))).flat()`;

// As above: a test states of which form a row is.
// biome-ignore lint/suspicious/noExplicitAny: see above
type Row = any;

const NAME =
  /(?:^|_)(?:ids?|at|kind|type|tool|tools|status|outcome|standing|seen|session|agent|files|evidence|metadata|key|domain)$/u;

/** What stands in fields that name something, wherever they are. */
function namesIn(value: unknown): readonly unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => (NAME.test(key) ? [[key, item]] : namesIn(item)));
}

describe('lists', () => {
  test('a list of more than a page is one array, each row once, in its order [SB-06]', async () => {
    const made = await remembered.memory.createEpisodes(
      Array.from({ length: 1_000 }, (_, number) => ({ description: `Bulk ${number}`, domain: 'bulk' })),
    );
    const more = await remembered.memory.createEpisodes(
      Array.from({ length: 300 }, (_, number) => ({ description: `Bulk ${number + 1_000}`, domain: 'bulk' })),
    );
    const oldest = [...made, ...more].map(({ id }) => id).sort();
    const ran = await run("(await memory.episodes({ domain: 'bulk', limit: 10_000 })).map((e) => e.episode_id)");
    expect(ran).toMatchObject({ ok: true, result: oldest.toReversed() });
    expect(ran.usage.hostCalls).toBeGreaterThanOrEqual(3);
    const filter = "{ domain: 'bulk', order: 'oldest', limit: 700 }";
    expect(await result(`(await memory.episodes(${filter})).map((e) => e.episode_id)`)).toEqual(oldest.slice(0, 700));
    expect(await result("(await memory.episodes({ domain: 'bulk' })).length")).toBe(1_000);
    expect(await result("(await memory.episodes({ domain: 'bulk', limit: 500 })).length")).toBe(500);
    const behind = `{ domain: 'bulk', order: 'oldest', after: ${JSON.stringify(oldest[699])} }`;
    expect(await result(`(await memory.episodes(${behind})).map((e) => e.episode_id)`)).toEqual(oldest.slice(700));
  });

  test('rows have the fields that are asked for, also those of the whole episode, and no others [SB-06]', async () => {
    const fields = ['episode_id', 'outcome', 'language', 'source', 'files', 'quality', 'metadata'];
    const rows = await result(`memory.episodes({ domain: 'auth', fields: ${JSON.stringify(fields)} })`);
    const won = rows.find(({ episode_id }: { episode_id: string }) => episode_id === remembered.ids.won);
    expect(won).toEqual({
      episode_id: remembered.ids.won,
      outcome: 'success',
      language: 'typescript',
      source: { agent: 'claude', session: 's-1', captured_from: 'test', confidence: 0.5 },
      files: ['src/login.ts'],
      quality: { score: expect.any(Number), flags: expect.any(Array), reasons: expect.any(Array) },
      metadata: { ticket: 7, constructor: 'a name', nested: { list: [1, 'two', null] } },
    });
    const open = rows.find(({ episode_id }: { episode_id: string }) => episode_id === remembered.ids.open);
    expect(Object.keys(open)).toEqual(['episode_id', 'source', 'metadata']);
  });

  test('the steps of many episodes come in one call, those of each in their order [SB-06]', async () => {
    const code = `const all = await memory.episodes({ domain: 'generated', limit: 100 });
      const ids = all.map((e) => e.episode_id);
      ({ ids, steps: await memory.steps(ids) })`;
    const ran = await run(code);
    if (!ran.ok) throw new Error(ran.error.message);
    // The program above says what it gives.
    const { ids, steps } = ran.result as unknown as {
      ids: string[];
      steps: { episode_id: string; step_number: number }[];
    };
    expect(ids).toHaveLength(100);
    const expected = [];
    for (const id of ids.toSorted()) {
      for (const { number } of await remembered.memory.getSteps(id)) expected.push([id, number]);
    }
    expect(steps.map(({ episode_id, step_number }) => [episode_id, step_number])).toEqual(expected);
    expect(expected.length).toBeGreaterThan(1_000);
    expect(ran.usage.hostCalls).toBeLessThan(10);
  });

  test('several episodes are answered in the order of their ids, and null stands where there is none [SB-06]', async () => {
    const ids = [remembered.ids.lost, UNKNOWN, remembered.ids.elsewhere, remembered.ids.won, remembered.ids.lost];
    const code = `(await memory.episode(${JSON.stringify(ids)})).map((e) => e && [e.episode_id, e.steps.length])`;
    expect(await result(code)).toEqual([[ids[0], 4], null, null, [ids[3], 4], [ids[4], 4]]);
    expect(await result('memory.episode([])')).toEqual([]);
    expect(await result(`memory.steps([${JSON.stringify(UNKNOWN)}])`)).toEqual([]);
  });

  test('patterns of more than a page come once each, though learning moves them between two pages [SB-06]', async () => {
    const [hit] = await remembered.memory.listPatterns({});
    const many = (order: readonly number[]) =>
      order.map((n) => ({
        ...hit!,
        pattern: { ...hit!.pattern, id: `p${n}`, statement: `${n} ${'x'.repeat(3_000)}` },
      }));
    const all = Array.from({ length: 300 }, (_, n) => n);
    // Learnt anew: in another order, one is gone and one is new.
    const listings = [many(all), many([...all.slice(0, 299).toReversed(), 300])];
    const memory = { ...remembered.memory, listPatterns: async () => listings.shift() ?? many(all.slice(0, 299)) };
    const host = codeModeHost(async () => ({ memory, project: HERE }), READING);
    const ran = await sandbox.run({ code: '(await memory.patterns()).map((p) => p.pattern_id)', host });
    expect(ran).toMatchObject({ ok: true, result: all.slice(0, 299).map((n) => `p${n}`) });
    expect(ran.usage.hostCalls).toBeGreaterThan(1);
  });

  test('episodes that are larger together than one answer come in pages, and one that is larger alone is refused by name [SB-06] [SB-07]', async () => {
    const large: string[] = [];
    for (const count of [140, 140, 140, 350]) {
      const { episode } = await remembered.memory.createEpisode({ description: 'Large', project: 'test/large' });
      const step = { tool: 'bash', action: 'y'.repeat(3_000), parameters: { text: 'z'.repeat(3_000) } };
      await remembered.memory.addSteps(episode.id, new Array<typeof step>(count).fill(step));
      large.push(episode.id);
    }
    const asked = (ids: readonly string[], options: object) =>
      `memory.episode(${JSON.stringify(ids)}, ${JSON.stringify({ scope: 'all', ...options })})`;
    const counts = '.map((e) => e && e.steps.length)';
    const [first, second, third, tooLarge] = large as [string, string, string, string];
    const ran = await run(`(await ${asked([third, UNKNOWN, first, second, first], {})})${counts}`);
    expect(ran).toMatchObject({ ok: true, result: [140, null, 140, 140, 140] });
    expect(ran.usage.hostCalls).toBeGreaterThan(3);
    expect(await refusal(asked(large, {}))).toBe(
      `LIMIT_EXCEEDED memory.episode: "${tooLarge}" is larger than 2000000 bytes. Give a smaller max_chars, or read it with memory.steps(id).`,
    );
    expect(await stepsReadFor(tooLarge)).toBeLessThan(350);
    expect(await result(`(await ${asked(large, { max_chars: 100 })})${counts}`)).toEqual([140, 140, 140, 350]);
    const many = new Array<string>(60).fill(first);
    expect(await result(`(await ${asked(many, { max_chars: 100 })}).length`)).toBe(60);
  });

  test('a page of rows ends before it is large, whatever the rows hold [SB-03]', async () => {
    const step = { tool: 'bash', action: 'y'.repeat(3_900), parameters: { text: 'z'.repeat(3_900) } };
    const { episode } = await remembered.memory.createEpisode({ description: 'Wide', project: 'test/wide' });
    await remembered.memory.addSteps(episode.id, new Array<typeof step>(200).fill(step));
    const method = codeModeMethods(READING).find(({ name }) => name === 'steps')!;
    const call = { backend: async () => remembered, signal: new AbortController().signal };
    const page = await method.call([episode.id, { scope: 'all' }], call);
    expect(JSON.stringify(page).length).toBeLessThan(300_000);
    expect(page).toMatchObject({ next: { page: expect.anything() } });
    expect(await result(`(await memory.steps('${episode.id}', { scope: 'all' })).length`)).toBe(200);
  });

  test.each([
    ['episodes', "{ until: CUT, domain: 'generated', limit: 10_000 }", (row: Row) => row.started_at < row.cut],
    ['episodes', "{ since: CUT, domain: 'generated', limit: 10_000 }", (row: Row) => row.started_at >= row.cut],
    ['episodes', "{ status: 'open', limit: 10_000 }", (row: Row) => row.status === 'open'],
    ['episodes', "{ outcome: 'partial', limit: 10_000 }", (row: Row) => row.outcome === 'partial'],
    ['episodes', "{ task_type: 'debugging', limit: 10_000 }", (row: Row) => row.task_type === 'debugging'],
    ['episodes', "{ tags: ['flaky'], limit: 10_000 }", (row: Row) => row.tags.includes('flaky')],
    ['patterns', "{ kind: 'tool_sequence' }", (row: Row) => row.kind === 'tool_sequence'],
    ['patterns', "{ standing: 'candidate' }", (row: Row) => row.standing === 'candidate'],
  ])('memory.%s(%s) gives those rows and leaves out the others [SB-06]', async (name, filter, isAsked) => {
    const times = await result(
      "(await memory.episodes({ domain: 'generated', limit: 10_000 })).map((e) => e.started_at)",
    );
    const cut = times.toSorted()[Math.floor(times.length / 2)];
    const every = name === 'patterns' ? EVERY_PATTERN : 'memory.episodes({ limit: 10_000 })';
    const all: readonly Row[] = await result(every);
    const key = name === 'patterns' ? 'pattern_id' : 'episode_id';
    const isInDomain = (row: Row) => !filter.includes('domain') || row.domain === 'generated';
    const expected = all.filter((row) => isInDomain(row) && isAsked({ ...row, cut })).map((row) => row[key]);
    const rows: readonly Row[] = await result(`memory.${name}(${filter.replace('CUT', JSON.stringify(cut))})`);
    expect(rows.map((row) => row[key]).toSorted()).toEqual(expected.toSorted());
    expect(expected.length).toBeGreaterThan(0);
    expect(expected.length).toBeLessThan(all.length);
  });

  test('patterns are those of the domain asked for, and no more than the limit [SB-06]', async () => {
    const all: readonly Row[] = await result('memory.patterns()');
    expect(all.length).toBeGreaterThan(2);
    expect(await result('(await memory.patterns({ limit: 2 })).map((p) => p.pattern_id)')).toEqual(
      all.slice(0, 2).map(({ pattern_id }) => pattern_id),
    );
    const elsewhere: readonly Row[] = await result("memory.patterns({ domain: 'no such domain' })");
    expect(all.some(({ scope }) => scope.domain !== undefined)).toBe(true);
    expect(elsewhere.filter(({ scope }) => scope.domain !== undefined)).toEqual([]);
  });

  test('a name is of one type in every row: the outcome its kind, the reward a number [SB-06]', async () => {
    const fields = "['episode_id', 'outcome', 'reward', 'outcome_details', 'reward_parts']";
    const listed = `(await memory.episodes({ domain: 'auth', fields: ${fields} })).find((e) => e.episode_id === input.lost)`;
    const detail = await result('memory.episode(input.lost)');
    const { episode_id, outcome, reward, outcome_details, reward_parts } = detail;
    expect(detail).toMatchObject({
      outcome: 'failure',
      reward: expect.any(Number),
      outcome_details: { kind: 'failure', reason: 'The host was away' },
      reward_parts: expect.any(Object),
    });
    expect(await result(listed)).toEqual({ episode_id, outcome, reward, outcome_details, reward_parts });
  });

  test('texts are cut, and names, ids and times never [SB-04] [SB-06]', async () => {
    const calls = [
      (max: string) =>
        `memory.episodes({ domain: 'auth', fields: ['episode_id', 'task_description', 'started_at', 'metadata', 'source', 'files'], ${max} })`,
      (max: string) => `memory.episode([input.won, input.lost], { scope: 'all', ${max} })`,
      (max: string) => `memory.steps([input.won], { ${max} })`,
      (max: string) => `memory.patterns({ ${max} })`,
      (max: string) => `memory.search({ query: 'Fix the login redirect', detail: 'full', ${max} })`,
      (max: string) =>
        `memory.recommend({ task_description: 'Put the sensor and the voltage and the firmware in order', ${max} })`,
    ];
    for (const call of calls) {
      const whole = await result(call('max_chars: 20_000'));
      const cut = await result(call('max_chars: 20'));
      expect(namesIn(cut)).toEqual(namesIn(whole));
      expect(namesIn(cut).length).toBeGreaterThan(2);
      expect(JSON.stringify(cut)).toMatch(/ more characters; max_chars takes more\)/u);
    }
  });

  test('long texts are cut and say how much is missing, and come whole where that is asked for [SB-04]', async () => {
    const cut = await result('memory.episode(input.long)');
    expect(cut.outcome_details.reason).toBe(`${'x'.repeat(3_999)}… (4002 more characters; max_chars takes more)`);
    const whole = await result('memory.episode(input.long, { max_chars: 20_000 })');
    expect(whole.outcome_details.reason).toBe(LONG_TEXT);
    const listed = await result("(await memory.episodes({ domain: 'long', max_chars: 20 }))[0].task_description");
    expect(listed).toBe(`Read ${'x'.repeat(15)}… (7986 more characters; max_chars takes more)`);
    expect(await refusal('memory.episodes({ max_chars: 0 })')).toContain(
      'memory.episodes: max_chars: is 0; give at least 20',
    );
  });
});

describe('projects', () => {
  test('a program sees the project of its caller, others where it asks for them [SB-06] [SB-04]', async () => {
    const ids = '.map((e) => e.episode_id)';
    expect(await result(`(await memory.episodes())${ids}`)).not.toContain(remembered.ids.elsewhere);
    expect(await result(`(await memory.episodes({ scope: 'all', domain: 'auth' }))${ids}`)).toContain(
      remembered.ids.elsewhere,
    );
    expect(await result(`(await memory.episodes({ project: '${ELSEWHERE}' }))${ids}`)).toEqual([
      remembered.ids.elsewhere,
    ]);
    const only = `(await memory.episodes({ project: '${ELSEWHERE}', scope: 'all' }))${ids}`;
    expect(await result(only)).toEqual([remembered.ids.elsewhere]);
    expect(await result('memory.steps([input.elsewhere])')).toEqual([]);
    expect(await result("(await memory.steps([input.elsewhere], { scope: 'all' })).length")).toBe(4);
    expect(await result("(await memory.episode(input.elsewhere, { scope: 'all' })).project")).toBe(ELSEWHERE);
    expect(await result(`(await memory.episode(input.elsewhere, { project: '${ELSEWHERE}' })).project`)).toBe(
      ELSEWHERE,
    );
  });

  test('an episode of another project is as missing as one that is not there, and the message says how to ask [SB-06] [SB-07]', async () => {
    for (const name of ['episode', 'steps']) {
      const told = `NOT_FOUND memory.${name}: there is no episode "ID" in this project; memory.episodes() lists those there are, {scope: 'all'} as second argument looks into every project.`;
      for (const id of [remembered.ids.elsewhere!, UNKNOWN]) {
        expect(await refusal(`memory.${name}('${id}')`)).toBe(told.replace('ID', id));
      }
    }
    expect(await refusal(`memory.episode('${UNKNOWN}', { project: '${ELSEWHERE}' })`)).toContain(
      `"${UNKNOWN}" in the project asked for; `,
    );
    expect(await refusal(`memory.episodes({ after: input.elsewhere })`)).toMatch(
      /^NOT_FOUND memory\.episodes: after: /u,
    );
  });
});

describe('arguments', () => {
  test.each([
    ['memory.episodes({ limits: 3 })', 'INVALID_INPUT memory.episodes: limits: ', 'did you mean "limit"'],
    ['memory.episodes({ limit: 10_001 })', 'memory.episodes: limit: is 10001; give at most 10000'],
    ["memory.episodes({ fields: ['outcom'] })", 'memory.episodes: fields.0: is "outcom"', '"outcome"'],
    ["memory.episodes({ since: 'yesterday' })", 'memory.episodes: since: ', 'ISO time'],
    ["memory.episodes('auth')", 'memory.episodes: arguments: is a string; give an object'],
    ['memory.episodes({}, { after: 1 })', 'memory.episodes: takes (filter), not 2 arguments'],
    ["memory.episodes({}, { after: { started_at: '', episode_id: '' }, left: 3 })", 'takes (filter), not 2 arguments'],
    ["memory.steps('x', { from: { episode_id: 'x', step_number: 1 } })", 'from: is no argument'],
    ['memory.episode()', 'memory.episode: id: is missing; give a string or an array.'],
    ['memory.episode(7)', 'memory.episode: id: is a number; give a string or an array.'],
    ['memory.episode([input.won, 7])', 'memory.episode: id.1: is a number; give a string'],
    ['memory.episode([[]])', 'memory.episode: id.0: is an array; give a string'],
    ['memory.episode(input.won, { scpe: "all" })', 'memory.episode: scpe: ', 'did you mean "scope"'],
    ['memory.steps(Array(1001).fill(input.won))', 'memory.steps: id: has 1001 entries; give at most 1000 at once.'],
    ["memory.steps('x', { fields: [] })", 'memory.steps: fields: ', 'there are project, scope, max_chars.'],
    ['[input.won].map(memory.steps)[0]', 'memory.steps: takes (id, options), not 3 arguments'],
    ['memory.search()', 'memory.search: query: is missing; give a text, or an object with query.'],
    ['memory.search(undefined)', 'memory.search: query: is missing; give a text, or an object with query.'],
    ['memory.search({})', 'INVALID_INPUT memory.search: '],
    ['memory.recommend([])', 'memory.recommend: task: is an array; give a text, or an object with task_description.'],
    ['memory.search({ qery: "x" })', 'memory.search: qery: ', 'did you mean "query"'],
    ["memory.search('x'.repeat(10_001))", 'LIMIT_EXCEEDED memory.search: query: is longer than 10000 bytes'],
    ['memory.patterns({ kind: "tool" })', 'memory.patterns: kind: is "tool"', 'tool_sequence'],
    ['memory.aggregate({ group_by: "domian" })', 'memory.aggregate: ', '"domain"'],
    [
      'memory.recommend({ task: "x" })',
      'memory.recommend: task_description: is missing',
      'did you mean "task_description"? There are',
    ],
  ])('%s is refused by name, and told what to give [SB-07]', async (code, ...told) => {
    const message = await refusal(code);
    for (const words of told) expect(message).toContain(words);
  });
});

describe('calls that nobody waits for any more', () => {
  test.each([
    ['search', ['login']],
    ['episodes', []],
    ['episode', ['won']],
    ['steps', ['won']],
    ['patterns', []],
    ['aggregate', [{ of: 'steps' }]],
    ['recommend', ['Fix the login redirect']],
  ])('memory.%s reads no further once the run has ended [SB-03] [SB-06]', async (name, args) => {
    const method = codeModeMethods(READING).find((one) => one.name === name)!;
    const given = args.map((arg) => (arg === 'won' ? remembered.ids.won! : arg));
    const call = { backend: async () => remembered, signal: AbortSignal.abort() };
    await expect(method.call(given, call)).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('writes', () => {
  const WRITE = `const { episode_id } = await memory.createEpisode({ task_description: 'Written by a program' });
    const one = await memory.addStep({ episode_id, tool: 'bash', action: 'ls' });
    const more = await memory.addStep({ episode_id, steps: [{ tool: 'a', action: 'b', step_key: 'k' }, { tool: 'c', action: 'd' }] });
    const end = await memory.completeEpisode({ episode_id, outcome: { kind: 'success', verdict: 'done' } });
    ({ episode_id, one, more, end })`;

  test('where programs may only read, each write is refused and told how to allow it, and nothing is stored [SB-06]', async () => {
    const before = await remembered.journalSeq();
    for (const { name, parameters } of codeModeMethods({ allowWrites: true }).filter(
      ({ effect }) => effect === 'write',
    )) {
      expect(parameters).toHaveLength(1);
      const told = await refusal(`memory.${name}({ task_description: 'x', episode_id: input.open })`);
      expect(told).toMatch(new RegExp(`^NOT_SUPPORTED memory\\.${name}: .*SANDBOX_ALLOW_WRITES=true`, 'u'));
    }
    expect(await remembered.journalSeq()).toBe(before);
    expect(codeModeMethods(READING).filter(({ effect }) => effect === 'write')).toEqual([]);
    const listed = codeModeMethods(READING).map(({ name }) => name);
    expect(await result('Object.keys(memory)')).toEqual(listed);
    expect(await result('try { memory.nothing } catch (e) { e.message }')).toContain(`It has: ${listed.join(', ')}.`);
    expect(await result('Object.keys(memory)', { allowWrites: true })).toContain('addStep');
  });

  test('where programs may write, an episode is begun, told and ended, and the journal of the run says so [SB-06] [SB-07]', async () => {
    const open = new Set<string>();
    const openEpisodes = {
      began: (id: string) => void open.add(id),
      ended: (id: string) => void open.delete(id),
      ids: () => [...open],
    };
    const source = { agent: 'program', captured_from: 'test' };
    const ran = await run(WRITE, { allowWrites: true, openEpisodes, source });
    expect(ran.ok ? undefined : ran.error).toBeUndefined();
    if (!ran.ok) return;
    // The program above says what it gives.
    const { episode_id, one, more, end } = ran.result as unknown as Record<'episode_id', string> &
      Record<'one' | 'more' | 'end', unknown>;
    expect([one, more]).toMatchObject([{ step_number: 1 }, { step_number: 3, step_numbers: [2, 3] }]);
    expect(problems(schemaOf('addStep'), more)).toEqual([]);
    expect(problems(schemaOf('completeEpisode'), end)).toEqual([]);
    expect(ran.calls.map(({ method, effect, status }) => [method, effect, status])).toEqual([
      ['createEpisode', 'write', 'done'],
      ['addStep', 'write', 'done'],
      ['addStep', 'write', 'done'],
      ['completeEpisode', 'write', 'done'],
    ]);
    const stored = await remembered.memory.getEpisode(episode_id);
    expect(stored).toMatchObject({
      status: 'completed',
      project: HERE,
      source: { agent: 'program', capturedFrom: 'test' },
    });
    expect(await remembered.memory.getSteps(episode_id)).toHaveLength(3);
    expect(open.size).toBe(0);
  });

  test('what a new episode brings along fits its schema, and the episode is one the caller is at work on [SB-06]', async () => {
    const begun: string[] = [];
    const openEpisodes = { began: (id: string) => void begun.push(id), ended() {}, ids: () => begun };
    const code = "memory.createEpisode({ task_description: 'Fix the login redirect again', domain: 'auth' })";
    const answer = await result(code, { allowWrites: true, openEpisodes });
    expect(problems(schemaOf('createEpisode'), answer)).toEqual([]);
    expect(answer.related.length).toBeGreaterThan(0);
    expect(begun).toEqual([answer.episode_id]);
  });

  test('what the memory refuses of a step names the method, as what is refused before does [SB-07]', async () => {
    const told = await refusal('memory.addStep({ episode_id: input.open })', { allowWrites: true });
    expect(told).toMatch(/^INVALID_INPUT memory\.addStep: /u);
  });

  test('a write that is refused changed nothing, and the journal says so [SB-06] [SB-07]', async () => {
    // What the tests before have ended is learnt by then, so that nothing else is written.
    await remembered.memory.learnPending();
    const before = await remembered.journalSeq();
    const code = "memory.addStep({ episode_id: input.won, tool: 'bash', action: 'ls' })";
    const ran = await run(code, { allowWrites: true });
    expect(ran).toMatchObject({
      ok: false,
      error: { code: 'THROWN', message: expect.stringContaining('already completed') },
      calls: [{ method: 'addStep', effect: 'write', status: 'failed', code: 'INVALID_STATE' }],
    });
    expect(await remembered.journalSeq()).toBe(before);
  });
});
