// Forgetting from the terminal, and the ids that people type.
import { spawn } from 'node:child_process';
import { openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { baselineId } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, cleanEnvironment, type Place, PROGRAM } from './program.ts';

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

const id = (last: number): string => `0190a000-0000-7000-8000-00000000000${last}`;
const lines = (records: readonly object[]): string => records.map((record) => `${JSON.stringify(record)}\n`).join('');
const RECORDS = [
  { episode_id: id(1), task_description: 'old', project: 'p', started_at: '2026-01-01T00:00:00Z' },
  { episode_id: id(2), task_description: 'new', project: 'p', source: { agent: 'a', session: 's' } },
  { episode_id: id(3), task_description: 'other', project: 'q', steps: [{ tool: 't', action: 'x' }] },
];

async function filled(): Promise<void> {
  await place.json(['ep', 'import', '-'], { input: lines(RECORDS) });
}

async function left(): Promise<readonly string[]> {
  const { episodes } = await place.json(['ep', 'list', '--all-projects']);
  return episodes.map(({ episode_id }: { episode_id: string }) => episode_id).toSorted();
}

test('nothing is forgotten without a yes where nobody can be asked, and a dry run tells what would go [EP-06] [CL-03]', async () => {
  await filled();
  const refused = await place.run(['episode', 'forget', '--project', 'p']);
  expect(refused).toMatchObject({ code: 2, stdout: '', stderr: expect.stringContaining('--yes') });
  expect(await place.json(['episode', 'forget', '--project', 'p', '--dry-run'])).toMatchObject({
    dry_run: true,
    episodes: 2,
    episode_ids: [id(1), id(2)],
  });
  expect(await left()).toHaveLength(3);
  const { stdout } = await place.run(['episode', 'forget', '--project', 'p', '--yes']);
  expect(stdout).toBe('Forgot 2 episodes, 2 entries of the text index, 2 vectors.\n');
  expect(await left()).toEqual([id(3)]);
});

test('what is forgotten securely is in no file any more, and copies that may hold it are named [EP-06]', async () => {
  await place.json(['ep', 'import', '-'], {
    input: lines([
      {
        episode_id: id(1),
        task_description: 'Zebrafish in the title',
        tags: ['quokkatag'],
        metadata: { note: 'Axolotl "quoted"' },
        steps: [
          { tool: 'bash', action: 'Pangolin', result: { type: 'error', message: 'Error: Narwhal' } },
          { tool: 'bash', action: 'again', result: { type: 'success', output: 'Platypus' } },
        ],
        outcome: { kind: 'failure', reason: 'Capybara' },
      },
      { episode_id: id(2), task_description: 'Another one' },
    ]),
  });
  const words = ['Zebrafish', 'zebrafish', 'quokkatag', 'Axolotl', 'Pangolin', 'Narwhal', 'Platypus', 'Capybara'];
  // Through the cache, so that it holds them too.
  await place.run(['ep', 'view', id(1)]);
  await place.run(['ep', 'search', 'zebrafish']);
  const { path: copy } = await place.json(['backup', 'create', join(place.work, 'copy.db')]);
  expect(words.filter((word) => wordsIn(place.home, [word]).length === 0)).toEqual([]);
  const erased = await place.json(['ep', 'forget', id(1), '--yes', '--secure']);
  expect(erased).toMatchObject({ episodes: 1, erased: true });
  expect(wordsIn(place.home, words)).toEqual([]);
  expect(wordsIn(copy, ['Zebrafish'])).toEqual(['Zebrafish']);
  expect(await left()).toEqual([id(2)]);
  expect(await place.json(['storage', 'verify'])).toEqual({ ok: true, findings: [] });
});

test('what is forgotten securely is in no pattern any more when the files are cleaned, whoever else learns [EP-06 LE-09]', async () => {
  const project = 'shop';
  const record = (last: number, fix: string): object => ({
    ...{ episode_id: id(last), task_description: `Mend number ${last}`, metadata: { task_id: last } },
    ...{ project, started_at: `2026-01-0${last}T00:00:00Z`, completed_at: `2026-01-0${last}T01:00:00Z` },
    steps: [
      {
        tool: 'bash',
        action: 'npm test',
        result: { type: 'error', message: "Error: ENOENT: no such file '/srv/one.json'" },
      },
      { tool: 'edit', action: fix, result: { type: 'success', output: 'done' } },
      { tool: 'bash', action: 'npm test', result: { type: 'success', output: 'all passed' } },
    ],
    outcome: { kind: 'success', artifacts: [] },
  });
  const records = [1, 2, 3, 4].map((last) => record(last, last === 4 ? 'write Okapi' : 'write plain'));
  await place.json(['ep', 'import', '-'], { input: lines(records) });
  await place.json(['pattern', 'extract']);
  const told = async (): Promise<readonly string[]> => {
    const { patterns } = await place.json(['pattern', 'list', '--all-projects', '--all']);
    return patterns.flatMap(({ kind, statement }: { kind: string; statement: string }) =>
      kind === 'error_recovery' ? [statement] : [],
    );
  };
  expect(await told()).toEqual([expect.stringContaining('Okapi')]);
  await heldByAnother(project);
  expect(await place.json(['ep', 'forget', id(4), '--yes', '--secure'])).toMatchObject({ episodes: 1, erased: true });
  expect(wordsIn(place.home, ['Okapi', 'okapi'])).toEqual([]);
  expect(await told()).toEqual([expect.stringContaining('plain')]);
});

/** Another process learns from the scope: what is done in the background leaves it alone. */
async function heldByAnother(project: string): Promise<void> {
  const store = await openTursoStore({
    url: pathToFileURL(join(place.home, '.local', 'share', 'episodica', 'memory.db')).href,
  });
  const [row] = await store.getMany('baseline', [baselineId({ project })]);
  if (row === undefined) throw new Error('Nothing was learnt.');
  const lease = { holder: 'another', until: new Date(Date.now() + HELD_MS).toISOString() };
  await store.write([{ op: 'put', kind: 'baseline', value: { ...row, version: row.version + 1, lease } }]);
  await store.close();
}

/** Longer than the program takes to forget one episode. */
const HELD_MS = 4_000;

/** The words that any file below this path holds. */
function wordsIn(path: string, words: readonly string[]): readonly string[] {
  const files = statSync(path).isFile()
    ? [path]
    : readdirSync(path, { withFileTypes: true, recursive: true })
        .filter((entry) => entry.isFile())
        .map((entry) => join(entry.parentPath, entry.name));
  const bytes = files.map((file) => readFileSync(file));
  return words.filter((word) => bytes.some((each) => each.includes(word)));
}

test('what is forgotten is named by ids, agent, session, or time, and all that is given must hold [EP-06]', async () => {
  await filled();
  const forget = async (...words: string[]): Promise<readonly string[]> =>
    (await place.json(['ep', 'forget', '--dry-run', ...words])).episode_ids;
  expect(await forget('--agent', 'a')).toEqual([id(2)]);
  expect(await forget('--session', 's')).toEqual([id(2)]);
  expect(await forget('--before', '2026-01-02')).toEqual([id(1)]);
  expect(await forget(id(2), id(3), '--project', 'q')).toEqual([id(3)]);
  expect(await forget('--captured-from', 'nobody')).toEqual([]);
  const nothing = await place.run(['ep', 'forget', '--yes']);
  expect(nothing).toMatchObject({ code: 2, stderr: expect.stringContaining('name episodes') });
  const missing = await place.run(['ep', 'forget', id(1), id(9), '--yes']);
  expect(missing).toMatchObject({ code: 3, stderr: expect.stringContaining(id(9)) });
  expect(await left()).toHaveLength(3);
});

test('an id may be typed in capitals or as its beginning, as long as one episode alone has it [EP-05] [CL-01]', async () => {
  await filled();
  await place.json(['ep', 'import', '-'], {
    input: lines([{ episode_id: 'abcdef12-0000-7000-8000-000000000000', task_description: 'short' }]),
  });
  expect(await place.json(['ep', 'view', id(1).toUpperCase()])).toMatchObject({ episode_id: id(1) });
  expect(await place.json(['ep', 'view', 'ABCDEF12'])).toMatchObject({ task_description: 'short' });
  expect(await place.json(['ep', 'tag', 'abcdef12-00', 'new'])).toMatchObject({ tags: ['new'] });
  const words = ['--tool', 't', '--action', 'a', '--result', 'success'];
  expect(await place.json(['ep', 'step', 'abcdef12', ...words])).toMatchObject({ step_number: 1 });
  const several = await place.run(['ep', 'view', '0190a000']);
  expect(several.code).toBe(2);
  expect(several.stderr).toContain(`several begin with 0190a000: ${id(1)}, ${id(2)}, ${id(3)}`);
  expect(await place.run(['ep', 'view', 'abcdef'])).toMatchObject({ code: 2 });
  expect(await place.run(['ep', 'view', 'abcdef99'])).toMatchObject({ code: 3 });
  expect(await place.json(['ep', 'forget', 'ABCDEF12', '--yes'])).toMatchObject({ episodes: 1 });
});

test('a step whose key stands for something else says that this stays [EP-02]', async () => {
  await filled();
  const words = ['ep', 'step', id(2), '--tool', 't', '--result', 'success', '--key', 'k', '--action'];
  const first = await place.json([...words, 'first']);
  expect(await place.json([...words, 'first'])).toEqual(first);
  expect(await place.json([...words, 'second'])).toEqual({ ...first, differing: [1] });
  expect((await place.run([...words, 'third'])).stdout).toContain('holds something else under this key');
});

test('a day that no calendar has is refused [CL-01]', async () => {
  for (const time of ['2026-02-31', '2026-02-31T08:00:00Z', '2026-13-01', '2025-02-29']) {
    const { code, stderr } = await place.run(['ep', 'list', '--since', time]);
    expect({ code, stderr }).toEqual({ code: 2, stderr: expect.stringContaining(`"${time}" is no time`) });
  }
  expect(await place.run(['ep', 'list', '--since', '2024-02-29'])).toMatchObject({ code: 0 });
});

test.runIf(process.platform === 'linux')(
  'output that cannot be written is one line and exit code 74 [CL-03]',
  async () => {
    await filled();
    const child = spawn(process.execPath, [PROGRAM, 'episode', 'export'], {
      env: cleanEnvironment(place.home, {}),
      stdio: ['ignore', openSync('/dev/full', 'w'), 'pipe'],
    });
    let stderr = '';
    child.stderr?.on('data', (chunk) => {
      stderr += chunk;
    });
    const code = await new Promise((resolve) => child.on('close', resolve));
    expect(code).toBe(74);
    expect(stderr).toMatch(/^STORE_FAILED: standard output cannot be written: .*\n$/u);
  },
);
