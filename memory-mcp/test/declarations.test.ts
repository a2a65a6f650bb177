// What a model is told of the memory inside the sandbox: true, complete and of use.
import { readFileSync } from 'node:fs';
import { inMemoryStore, openMemory } from '@episodica/memory-core';
import { aggregateShape, toAggregateQuery } from '@episodica/memory-core/wire';
import { openSandbox } from '@episodica/memory-mcp/sandbox';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { declarations, shortDeclarations } from '../src/code-mode/declarations.ts';
import { examples, QUOTED } from '../src/code-mode/examples.ts';
import type { CodeModeMethod } from '../src/code-mode/method.ts';
import { codeModeMethods } from '../src/code-mode/methods.ts';
import { executeCode } from '../src/tools/execute-code.ts';
import { problemsIn } from './typescript.ts';

const shelf = z
  .object({
    name: z.string().describe('As it is written */ on it'),
    'odd-key': z.literal(['a', 'b']),
    size: z.tuple([z.number(), z.number().nullable()]),
    counts: z.record(z.string(), z.number()),
    by_kind: z.partialRecord(z.enum(['x', 'y']), z.int()),
    more: z.json().optional(),
  })
  .meta({ id: 'Shelf', description: 'A shelf.' });

const METHODS: readonly CodeModeMethod[] = [
  {
    name: 'shelf',
    effect: 'read',
    isPaged: false,
    doc: 'One shelf, or several.',
    parameters: [
      { name: 'ids', schema: z.union([z.string(), z.array(z.string())]), isOptional: false },
      { name: 'options', schema: z.strictObject({ depth: z.int().min(1).max(9).optional() }), isOptional: true },
    ],
    result: z.union([shelf, z.array(shelf.nullable())]),
    example: "await memory.shelf('a')",
    call: () => Promise.resolve(null),
  },
  {
    name: 'fill',
    effect: 'write',
    isPaged: false,
    doc: 'Fills a shelf.',
    parameters: [{ name: 'given', schema: z.looseObject({ shelf: shelf.optional() }), isOptional: false }],
    result: z.null(),
    example: 'await memory.fill({})',
    call: () => Promise.resolve(null),
  },
];

test('every form of a schema becomes a type that compiles, and that tells right from wrong [SB-06]', () => {
  const text = declarations(METHODS);
  expect(text).toContain('/** 1 to 9. */');
  expect(text).toContain('fill change it');
  const right = `const one = await memory.shelf('a', { depth: 2 });
    const several = await memory.shelf(['a', 'b']);
    const [width, height] = one.size;
    const key: 'a' | 'b' = one['odd-key'];
    const total: number = one.counts.all! + (one.by_kind.x ?? 0) + width + (height ?? 0) + (several[0]?.name.length ?? 0);
    await memory.fill({ shelf: one, anything: true });
    export default [key, total];`;
  const wrong = [
    "memory.shelf('a', { dept: 2 })",
    'memory.shelf(1)',
    "(await memory.shelf('a')).title",
    'memory.shelf()',
  ].map((program) => `export default ${program};`);
  const { ofDeclarations, ofPrograms } = problemsIn(text, [right, ...wrong]);
  expect(ofDeclarations).toEqual([]);
  expect(ofPrograms.map((problems) => problems.length > 0)).toEqual([false, true, true, true, true]);
});

test('the short form has a line for each signature and for each form that comes out [SB-06]', () => {
  expect(shortDeclarations(METHODS)).toEqual([
    'shelf(string, {depth}?): Shelf',
    'shelf(string[], {depth}?): (Shelf | null)[]',
    'fill: as the tools of these names',
    'Shelf = {name, odd-key, size[], counts, by_kind, more}',
  ]);
});

test('the short form tells the words that an argument may be once, and that it takes one or a list [SB-06]', () => {
  const lines = shortDeclarations(codeModeMethods({ allowWrites: false }));
  const text = lines.join('\n');
  for (const words of [
    'of: episodes|steps',
    'scope: project|all',
    'order: newest|oldest',
    'where{project, scope, ',
    'result: success|error|timeout}',
    'group_by: AggregateField|AggregateField[]',
    'order_by: group|count|AggregateMeasure',
    'detail: summary|full',
  ]) {
    expect(text.split(words), words).toHaveLength(2);
  }
  for (const field of ['kind', 'standing', 'task_type'])
    expect(text).toMatch(new RegExp(`\\b${field}: \\w+(?:\\|\\w+)+`));
  const measures = lines.find((line) => line.startsWith('AggregateMeasure = ')) ?? '';
  expect(measures).toContain('{mean,median,p95,total}_tokens');
  expect(measures).toMatch(/\(.*error_\* and \*_latency_ms of steps/u);
});

test('what the remark on measures says of steps and episodes is so [SB-06]', async () => {
  const { $defs } = z.toJSONSchema(z.object(aggregateShape), { io: 'input', unrepresentable: 'any' });
  const measures = ($defs?.AggregateMeasure?.enum ?? []).map(String);
  expect(measures).toContain('error_rate');
  const memory = openMemory({ store: inMemoryStore() });
  const refused = async (of: 'steps' | 'episodes', measure: string) =>
    memory.aggregate(toAggregateQuery({ of, measures: [measure as never] })).then(
      () => false,
      () => true,
    );
  for (const measure of measures) {
    const isOfSteps = /^(?:episodes|errors|error_.*|.*_latency_ms)$/u.test(measure);
    const isOfBoth = measure.endsWith('_tokens');
    expect([measure, await refused('steps', measure)]).toEqual([measure, !isOfSteps && !isOfBoth]);
    expect([measure, await refused('episodes', measure)]).toEqual([measure, isOfSteps]);
  }
  await memory.close();
});

const WRITING = { allowWrites: true };
const written = declarations(codeModeMethods(WRITING));

test('the declarations in the documentation are those of the methods [SB-06]', () => {
  const documented = readFileSync(new URL('../../docs/memory.d.ts', import.meta.url), 'utf8');
  expect(documented, 'docs/memory.d.ts is stale: npm run declarations -w memory-mcp').toBe(written);
});

test('declarations tell of methods that write only where programs may write [SB-06]', () => {
  const reading = declarations(codeModeMethods({ allowWrites: false }));
  for (const name of ['createEpisode', 'addStep', 'completeEpisode']) {
    expect(written).toContain(`  ${name}(`);
    expect(reading).not.toContain(name);
    expect(shortDeclarations(codeModeMethods({ allowWrites: false })).join()).not.toContain(name);
  }
});

test('every program to start from, and every example of a method, compiles against the declarations [SB-06]', () => {
  const given = ['const id = "a";', 'const ids = [id];', 'const episode_id = id;'];
  const ofMethods = codeModeMethods(WRITING).map(({ example }) => {
    const taken = given.filter((line) => !example.includes(`{ ${line.split(' ')[1]} } =`));
    return [...taken, example].join('\n');
  });
  const { ofDeclarations, ofPrograms } = problemsIn(written, [
    ...examples(WRITING).map(({ program }) => program),
    ...QUOTED,
    ...ofMethods,
  ]);
  expect(ofDeclarations).toEqual([]);
  expect(ofPrograms.flat()).toEqual([]);
});

test('a misspelt field, a wrong type and a method that is not there do not compile [SB-06]', () => {
  const wrong = [
    "await memory.episodes({ domian: 'auth' })",
    'await memory.episodes({ limit: "3" })',
    "await memory.episodes({ outcome: 'sucess' })",
    "await memory.serach('login')",
    '(await memory.episodes()).map((e) => e.id)',
    "(await memory.episode('a')).map(String)",
    "await memory.steps('a').map(String)",
    "await memory.aggregate({ group_by: ['colour'] })",
    "await memory.addStep({ episode_id: 'a', tool: 'b', action: 'c', result: { type: 'broken' } })",
    "fs.readFile('a').length.x",
    "require('fs')",
  ];
  const right = '[...(await memory.episodes({ limit: 3 }))].length';
  const { ofPrograms } = problemsIn(
    written,
    [right, ...wrong].map((program) => `export default ${program};`),
  );
  expect(ofPrograms[0]).toEqual([]);
  wrong.forEach((program, index) => {
    expect(ofPrograms[index + 1]?.[0], program).toMatch(/^1: /u);
  });
});

test('what runs compiles: lists that must not be changed, both names of UTF-8, options of console.dir, the newest language [SB-06]', async () => {
  const programs = [
    `const ids: readonly string[] = [];
     export default [(await memory.steps(ids)).length, (await memory.episode(ids)).length];`,
    `const tags = ['a'] as const;
     export default (await memory.episodes({ tags })).length;`,
    "fs.writeFile('a', 'b'); export default fs.readFile('a', 'utf-8').length + fs.readFile('a', { encoding: 'utf-8' }).length;",
    'console.dir({ a: 1 }, {}); export default 1;',
  ];
  const { ofDeclarations, ofPrograms } = problemsIn(written, programs);
  expect([...ofDeclarations, ...ofPrograms.flat()]).toEqual([]);
  expect(written).toContain('(ES2024)');
  const sandbox = openSandbox();
  const code = "Object.keys(Object.groupBy([1, 2, 3], (n) => (n > 1 ? 'many' : 'one'))).concat('a'.isWellFormed())";
  const ran = await sandbox.run({ code, timeoutMs: 30_000 });
  await sandbox.close();
  expect(ran).toMatchObject({ ok: true, result: ['one', 'many', true] });
});

test('rows have the fields that a program chooses, in the forms that it gets, and no others [SB-06]', () => {
  const right = [
    `const [row] = await memory.episodes({ limit: 1, fields: ['episode_id', 'source', 'files', 'outcome', 'reward'] });
     const id: string | undefined = row?.episode_id;
     const agent: string | undefined = row?.source.agent;
     const files: string[] = row?.files ?? [];
     const outcome: 'success' | 'partial' | 'failure' | 'abstained' | undefined = row?.outcome;
     const reward: number = row?.reward ?? 0;
     export default [id, agent, files, outcome, reward];`,
    `const fields = ['domain', 'summary'] as const;
     export default (await memory.episodes({ fields })).map(({ domain, summary }) => domain ?? summary?.text.length);`,
    `const filter = { limit: 3 };
     const rows: Episode[] = await memory.episodes(filter);
     export default rows.map(({ tags, task_type }) => [task_type, ...tags]);`,
  ];
  const wrong = [
    "(await memory.episodes({ fields: ['episode_id'] })).map((row) => row.domain)",
    "(await memory.episodes({ fields: ['steps'] })).length",
    "(await memory.episodes({ fields: ['outcome'] })).map((row) => row.outcome.kind)",
    '(await memory.episodes()).map((row) => row.source)',
  ].map((program) => `export default ${program};`);
  const { ofPrograms } = problemsIn(written, [...right, ...wrong]);
  expect(ofPrograms.slice(0, right.length)).toEqual(right.map(() => []));
  expect(ofPrograms.slice(right.length).map((problems) => problems.length > 0)).toEqual(wrong.map(() => true));
});

test('the description of execute_code names every way to call and takes at most 1,100 tokens, also where programs may write [SB-06] [MC-05]', () => {
  for (const allowWrites of [false, true]) {
    const { description = '', annotations } = executeCode({ allowWrites }).listed();
    expect(description.length / 4).toBeLessThanOrEqual(1_100);
    for (const { name } of codeModeMethods({ allowWrites })) expect(description).toContain(name);
    expect(annotations).toMatchObject({ readOnlyHint: !allowWrites });
  }
});

test('the globals that are declared are those that a program has [SB-06]', async () => {
  const sandbox = openSandbox();
  const code = `const own = (object) => Object.getOwnPropertyNames(object).filter((name) => typeof object[name] === 'function');
    ({ fs: own(fs).sort(), console: own(console).sort() })`;
  const ran = await sandbox.run({ code, timeoutMs: 30_000 });
  await sandbox.close();
  const files = declaredIn(/interface Files \{([\s\S]*?)\n\}/u);
  expect(ran).toMatchObject({
    ok: true,
    result: {
      fs: [...files, ...files.map((name) => `${name}Sync`)].sort(),
      console: declaredIn(/const console: \{([\s\S]*?)\n\}/u),
    },
  });
});

function declaredIn(block: RegExp): readonly string[] {
  const members = block.exec(written)?.[1] ?? '';
  return [...new Set([...members.matchAll(/^ {2}(\w+)\(/gmu)].map(([, name = '']) => name))].sort();
}
