// Adding the server to files of clients, and taking it out: what changes in them, and what does not.
import { spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { parse } from 'jsonc-parser';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { claudeCode } from '../../src/clients/claude-code.ts';
import type { Client } from '../../src/clients/client.ts';
import type { Scope } from '../../src/clients/entry.ts';
import { opencode } from '../../src/clients/opencode.ts';
import { receiptsIn } from '../../src/clients/receipt.ts';
import { additions, make, removals, type Subject } from '../../src/clients/set-up.ts';

const SERVER = { command: ['/usr/bin/node', '/opt/memory-mcp.js'], env: {} };

let root: string;
let subject: (client: Client, scope: Scope, name?: string) => Subject;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'set-up-'));
  mkdirSync(join(root, 'work', '.git'), { recursive: true });
  mkdirSync(join(root, 'home'));
  const place = { home: join(root, 'home'), folder: join(root, 'work'), environment: {} };
  const receipts = receiptsIn(join(root, 'data'));
  subject = (client, scope, name = 'memory') => ({ client, scope, name, place, receipts });
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

async function add(of: Subject, { server = SERVER, withText = false } = {}): Promise<number> {
  const changes = await additions(of, { server, withText });
  for (const change of changes) await make(change, of.receipts);
  return changes.length;
}

async function takeOut(of: Subject, withText = false): Promise<number> {
  const changes = await removals(of, withText);
  for (const change of changes) await make(change, of.receipts);
  return changes.length;
}

const pathOf = async (of: Subject) => (await of.client.target(of.place, of)).path;
const read = (path: string) => readFileSync(path, 'utf8');

function put(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, text);
}

/** A JSON text as a person with odd habits would write it. */
function jsonTexts(kind: 'json' | 'jsonc', key: string): fc.Arbitrary<string> {
  const space = fc.constantFrom('', ' ', '\n', '\n  ', '\t', '\r\n    ', ' \n\n ');
  const comment = fc.constantFrom('', '', '// is "it", {so}?\n', '/* , } */', ' // \u00fc\r\n  ');
  const gap = kind === 'json' ? space : fc.tuple(space, comment, space).map((parts) => parts.join(''));
  const plain = fc
    .oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null))
    .map((value) => JSON.stringify(value));
  const between = (open: string, close: string, items: fc.Arbitrary<string>) =>
    fc.tuple(fc.array(fc.tuple(gap, items, gap), { maxLength: 3 }), gap, fc.boolean()).map(([each, end, hasComma]) => {
      const comma = kind === 'jsonc' && hasComma && each.length > 0 ? ',' : '';
      return `${open}${each.map((parts) => parts.join('')).join(',')}${comma}${end}${close}`;
    });
  const names = fc.uniqueArray(fc.oneof(fc.string(), fc.constantFrom(key, 'memory2')), { minLength: 4, maxLength: 4 });
  const { value } = fc.letrec<{ value: string }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 3, withCrossShrink: true },
      plain,
      between('[', ']', tie('value')),
      objects(tie('value')),
    ),
  }));
  function objects(inner: fc.Arbitrary<string>): fc.Arbitrary<string> {
    return fc
      .tuple(names, fc.array(fc.tuple(gap, gap, gap, inner, gap), { maxLength: 4 }), gap, fc.boolean())
      .map(([keys, parts, end, hasComma]) => {
        const properties = parts.map(([a, b, c, text, d], index) => {
          const own = keys[index] ?? '';
          const isServers = own === key && !text.trim().startsWith('{');
          return `${a}${JSON.stringify(own === '__proto__' ? 'x' : own)}${b}:${c}${isServers ? '{}' : text}${d}`;
        });
        const comma = kind === 'jsonc' && hasComma && properties.length > 0 ? ',' : '';
        return `{${properties.join(',')}${comma}${end}}`;
      });
  }
  return fc
    .tuple(fc.constantFrom('', '\uFEFF'), gap, objects(value), gap)
    .map((parts) => parts.join(''))
    .filter((text) => !/"memory"\s*:/u.test(text));
}

const CASES = [
  { client: claudeCode, scope: 'user', kind: 'json', key: 'mcpServers' },
  { client: claudeCode, scope: 'local', kind: 'json', key: 'projects' },
  { client: opencode, scope: 'project', kind: 'jsonc', key: 'mcp' },
] as const;

describe.each(CASES)('$client.name, $scope', ({ client, scope, kind, key }) => {
  test('whatever a file holds, what others wrote is kept, twice is once, and undoing gives the same bytes [CL-04]', async () => {
    const of = subject(client, scope);
    const path = await pathOf(of);
    const { keys } = await client.target(of.place, of);
    await fc.assert(
      fc.asyncProperty(jsonTexts(kind, key), async (text) => {
        put(path, text);
        expect(await add(of)).toBe(1);
        const after = read(path);
        expect(remainder(after, keys)).toEqual(remainder(text, keys));
        // Nothing but one comma and the entry has come.
        expect(isSubsequence(text, after)).toBe(true);
        expect(await add(of)).toBe(0);
        expect(read(path)).toBe(after);
        expect(await takeOut(of)).toBe(1);
        expect(read(path)).toBe(text);
        expect(await takeOut(of)).toBe(0);
      }),
      { numRuns: 60 },
    );
  });

  test('where the file went on, the entry alone goes, and every comment stays [CL-04]', async () => {
    const of = subject(client, scope);
    const path = await pathOf(of);
    const { keys } = await client.target(of.place, of);
    await fc.assert(
      fc.asyncProperty(jsonTexts(kind, key), async (text) => {
        put(path, text);
        await add(of);
        const next = `${read(path)}\n`;
        put(path, next);
        await takeOut(of);
        const left = read(path);
        expect(remainder(left, keys)).toEqual(remainder(next, keys));
        const comments = (json: string) => json.match(/\/\/ is "it", \{so\}\?|\/\* , \} \*\/|\/\/ ü/gu) ?? [];
        expect(comments(left)).toEqual(comments(text));
      }),
      { numRuns: 60 },
    );
  });
});

type Json = Record<string, unknown>;

/** What a text says beside the entry, and beside objects that are empty without it. */
function remainder(text: string, keys: readonly string[]): unknown {
  const value: Json = parse(text.replace('\uFEFF', ''), [], { allowTrailingComma: true });
  const without = (from: Json, [key = '', ...rest]: readonly string[]): void => {
    if (rest.length > 0 && from[key] !== undefined) without(from[key] as Json, rest);
    if (rest.length === 0 || Object.keys((from[key] as Json | undefined) ?? {}).length === 0) delete from[key];
  };
  without(value, keys);
  return value;
}

function isSubsequence(part: string, whole: string): boolean {
  let at = 0;
  for (const character of whole) if (character === part[at]) at += 1;
  return at === part.length;
}

describe('files', () => {
  test('a file that is not there is made, and goes again; one that was empty stays [CL-04]', async () => {
    for (const [client, scope] of [
      [claudeCode, 'user'],
      [claudeCode, 'project'],
      [opencode, 'user'],
    ] as const) {
      const of = subject(client, scope);
      const { path, instructions } = await client.target(of.place, of);
      expect(await add(of, { withText: true })).toBe(2);
      expect(statSync(path).mode & 0o777).toBe(0o600);
      expect(read(instructions)).toContain('create_episode');
      expect(await takeOut(of, true)).toBe(2);
      expect([path, instructions].filter((each) => existsSync(each))).toEqual([]);
      put(path, '');
      put(instructions, '');
      await add(of, { withText: true });
      await takeOut(of, true);
      expect([read(path), read(instructions)]).toEqual(['', '']);
    }
  });

  test('a text keeps its line ends and its last line, and a block of earlier words is brought up to date [CL-04]', async () => {
    const of = subject(claudeCode, 'project');
    const { instructions: path } = await claudeCode.target(of.place, of);
    for (const text of ['# Mine\r\n\r\nDo so.\r\n', 'no end', 'a\n\n\n', '\uFEFFmarked\n', '\n']) {
      put(path, text);
      await add(of, { withText: true });
      expect(read(path).startsWith(text)).toBe(true);
      if (text.includes('\r')) expect(read(path)).not.toMatch(/[^\r]\n/u);
      const old = read(path).replace('create_episode', 'begin_episode');
      put(path, `${old}more\n`);
      expect(await add(of, { withText: true })).toBe(1);
      expect(read(path)).toBe(`${old}more\n`.replace('begin_episode', 'create_episode'));
      await takeOut(of, true);
      expect(read(path).replace('more\n', '').trimEnd()).toBe(text.trimEnd());
    }
  });

  test('an entry of an earlier version is brought up to date with what else it says, and undone to the first bytes [CL-04]', async () => {
    const text = '{"mcpServers": {\n\t"other": {"command": "x"} // not JSON\n}}'.replace(' // not JSON', '');
    const of = subject(claudeCode, 'user');
    const path = await pathOf(of);
    put(path, text);
    await add(of, { server: { command: ['node', '/old/memory-mcp.js'], env: { MEMORY_PROJECT: 'shop' } } });
    expect(await add(of, { server: { ...SERVER, env: { MEMORY_LOG_LEVEL: 'debug' } } })).toBe(1);
    expect(parse(read(path)).mcpServers.memory).toEqual({
      command: '/usr/bin/node',
      args: ['/opt/memory-mcp.js'],
      env: { MEMORY_PROJECT: 'shop', MEMORY_LOG_LEVEL: 'debug' },
    });
    await takeOut(of);
    expect(read(path)).toBe(text);
  });

  test('what the agent is told stays until the last of two names in one file is undone [CL-04]', async () => {
    const [one, two] = [subject(claudeCode, 'user', 'one'), subject(claudeCode, 'user', 'two')];
    await add(one, { withText: true });
    await add(two, { withText: true });
    const { instructions } = await two.client.target(two.place, two);
    const text = read(instructions);
    expect(await takeOut(one, true)).toBe(1);
    expect(read(instructions)).toBe(text);
    expect(await takeOut(two, true)).toBe(2);
    expect(existsSync(instructions)).toBe(false);
  });

  test.each([
    [
      claudeCode,
      '{"mcpServers": {"memory": {"command": "memory-mcp", "args": ["--data-dir", "/srv/x", 1], "env": {"A": 1}}}}',
      { args: ['/opt/memory-mcp.js', '--data-dir', '/srv/x', 1], env: { A: 1, B: '2' } },
      { args: ['/opt/memory-mcp.js', 1], env: { A: 1, B: '2', MEMORY_DATA_DIR: '/y' } },
    ],
    [
      opencode,
      '{"mcp": {"memory": {"command": ["node", "/old/memory-mcp.js", "--data-dir=/x"], "environment": {"A": 1}, "enabled": false}}}',
      { command: [...SERVER.command, '--data-dir=/x'], environment: { A: 1, B: '2' }, enabled: false },
      { command: SERVER.command, environment: { A: 1, B: '2', MEMORY_DATA_DIR: '/y' }, enabled: false },
    ],
  ])(
    'an entry of ours that the user wrote keeps what they set, and undoing puts it back: $name [CL-04]',
    async (client, text, renewed, moved) => {
      const of = subject(client, 'user');
      const path = await pathOf(of);
      const { keys } = await client.target(of.place, of);
      const entry = () => keys.reduce((value, key) => value[key], parse(read(path)));
      put(path, text);
      const written = entry();
      expect(await add(of, { server: { ...SERVER, env: { B: '2' } } })).toBe(1);
      expect(entry()).toMatchObject(renewed);
      expect(await add(of, { server: { ...SERVER, env: { MEMORY_DATA_DIR: '/y' } } })).toBe(1);
      expect(entry()).toMatchObject(moved);
      await takeOut(of);
      expect(read(path)).toBe(text);
      await add(of);
      put(path, `${read(path)}\n`);
      await takeOut(of);
      expect(entry()).toEqual(written);
    },
  );

  test.each(['constructor', 'toString'])('"%s" is a name like any other [CL-04]', async (name) => {
    for (const [client, text] of [
      [claudeCode, '{"mcpServers": {}}'],
      [opencode, '{"mcp": {}}'],
    ] as const) {
      const of = subject(client, 'user', name);
      const path = await pathOf(of);
      put(path, text);
      await add(of);
      expect(Object.keys(Object.values<object>(parse(read(path)))[0] ?? {})).toEqual([name]);
      await takeOut(of);
      expect(read(path)).toBe(text);
    }
  });

  test('a lock that was left is not taken from its owner: it is told where it lies, and nothing changes [CL-04]', async () => {
    const of = subject(claudeCode, 'user');
    const path = await pathOf(of);
    const turn = join(dirname(path), '..claude.json.episodica.lock');
    put(path, '{}');
    const blocked = async (said: RegExp) => {
      await expect(add(of)).rejects.toMatchObject({
        code: 'CONFLICT',
        retryable: false,
        message: expect.stringMatching(said),
      });
      expect(read(path)).toBe('{}');
    };
    const { pid } = spawnSync(process.execPath, ['--version']);
    writeFileSync(turn, `${pid} abc`);
    await blocked(new RegExp(`process ${pid} left its lock, .*episodica\\.lock.*delete`, 'u'));
    expect(read(turn)).toBe(`${pid} abc`);
    rmSync(turn);
    mkdirSync(turn);
    await blocked(/another program left/u);
    rmSync(turn, { recursive: true });
    expect(await add(of)).toBe(1);
    expect(readdirSync(dirname(path))).toEqual(['.claude.json']);
  });

  test('two names in one file are undone one by one [CL-04]', async () => {
    const [one, two] = [subject(opencode, 'user', 'one'), subject(opencode, 'user', 'two')];
    await add(one);
    await add(two);
    await takeOut(one);
    expect(Object.keys(parse(read(await pathOf(two))).mcp)).toEqual(['two']);
    await takeOut(two);
    expect(parse(read(await pathOf(two)))).toEqual({ $schema: 'https://opencode.ai/config.json', mcp: {} });
  });

  test.each([
    ['{\n "mcpServers": {,}\n}', /line 2, column \d+/u],
    ['{ // a note\n}', /line 1, column 3/u],
    ['[]', /no object/u],
    ['null', /the file is no object/u],
    [`{"a": ${'['.repeat(20_000)}${']'.repeat(20_000)}}`, /nested deeper than/u],
    ['{"mcpServers": {"memory": {"command": "uvx", "args": ["notes", "--dir", "/d/memory-mcp"]}}}', /another server/u],
    ['{"mcpServers": null}', /"mcpServers" is no object/u],
    ['{"mcpServers": {}, "mcpServers": {"a": {}}}', /twice/u],
    ['{"mcpServers": {"memory": {"command": "other"}}}', /another server.*--name/u],
    ['{"mcpServers": {"memory": {"url": "http://a"}}}', /another server/u],
    ['\u0000', /not JSON/u],
  ])('%j is refused with what to do, and stays as it is [CL-04]', async (text, said) => {
    const of = subject(claudeCode, 'user');
    const path = await pathOf(of);
    put(path, text);
    await expect(add(of)).rejects.toThrow(said);
    expect(read(path)).toBe(text);
    expect(readdirSync(dirname(path))).toEqual(['.claude.json']);
  });

  test('a link leads on to its file, whose mode stays; one that leads nowhere is refused [CL-04]', async () => {
    const of = subject(claudeCode, 'user');
    const path = await pathOf(of);
    const target = join(root, 'elsewhere.json');
    symlinkSync(target, path);
    await expect(add(of)).rejects.toThrow(/leads nowhere/u);
    put(target, '{}');
    chmodSync(target, 0o640);
    await add(of);
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
    expect(statSync(target).mode & 0o777).toBe(0o640);
    await takeOut(of);
    expect(read(path)).toBe('{}');
    expect(lstatSync(path).isSymbolicLink()).toBe(true);
  });

  test('what another program wrote after the planning is neither lost nor overwritten [CL-04]', async () => {
    const of = subject(claudeCode, 'user');
    const path = await pathOf(of);
    for (const [before, between] of [
      ['{}', '{"a": 1}'],
      [undefined, '{}'],
    ] as const) {
      rmSync(path, { force: true });
      if (before !== undefined) put(path, before);
      const [change] = await additions(of, { server: SERVER, withText: false });
      put(path, between);
      await expect(make(change!, of.receipts)).rejects.toMatchObject({ code: 'CONFLICT', retryable: true });
      expect(read(path)).toBe(between);
      expect(readdirSync(dirname(path))).toEqual(['.claude.json']);
    }
  });

  test('a program that was killed before the file was in place leaves the old one, and stops nobody [CL-04]', async () => {
    const of = subject(claudeCode, 'user');
    const path = await pathOf(of);
    put(path, '{"a": 1}');
    const [change] = await additions(of, { server: SERVER, withText: false });
    // As far as it came: the receipt is written, and the new text lies beside the file.
    await of.receipts.write(change!.subject, change!.receipt!);
    put(join(dirname(path), '..claude.json.0123456789ab.tmp'), change!.after!.slice(0, 20));
    expect(read(path)).toBe('{"a": 1}');
    expect(await takeOut(of)).toBe(0);
    await add(of);
    await takeOut(of);
    expect(read(path)).toBe('{"a": 1}');
  });
});
