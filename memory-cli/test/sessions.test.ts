// Import of what other tools recorded: sessions of Claude Code, trajectories of SWE-agent.
import { copyFileSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

const FIXTURES = fileURLToPath(new URL('../../memory-core/test/fixtures/', import.meta.url));
const SESSION = join(FIXTURES, 'claude-code-session.jsonl');
const RUN = join(FIXTURES, 'swe-agent-run.traj');

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => {
  place.remove();
});

/** A session of one request, in a folder, with its last line at a time. */
function aSession(
  folder: string,
  { at = '2026-03-01T00:00:00.000Z', request = 'Repair the parser of dates' } = {},
): string {
  const lines = [
    { type: 'user', message: { role: 'user', content: request } },
    {
      type: 'assistant',
      message: {
        role: 'assistant',
        content: [{ type: 'tool_use', id: 't', name: 'Read', input: { file_path: 'a.ts' } }],
      },
    },
  ];
  return lines
    .map((line, index) =>
      JSON.stringify({ ...line, uuid: `${folder}-${index}`, sessionId: folder, cwd: folder, timestamp: at }),
    )
    .join('\n');
}

test('sessions and trajectories are recognised as files and as a pipe, and meet themselves again [IN-01] [EP-11]', async () => {
  expect(await place.json(['ep', 'import', SESSION, RUN])).toMatchObject({ imported: 5, known: 0, failed_count: 0 });
  for (const [file, known] of [
    [SESSION, 4],
    [RUN, 1],
  ] as const) {
    const input = readFileSync(file, 'utf8');
    expect(await place.json(['ep', 'import', '-'], { input })).toMatchObject({ imported: 0, known });
    // What a short line can hold, and not only what the first line is.
    const indented = file === RUN ? JSON.stringify(JSON.parse(input)) : `{"type":"summary","leafUuid":"x"}\n${input}`;
    expect(await place.json(['ep', 'import', '-'], { input: indented })).toMatchObject({ imported: 0, known });
  }
  const { episodes } = await place.json(['ep', 'list', '--all-projects', '--outcome', 'success']);
  expect(episodes.map(({ project }: { project?: string }) => project)).toEqual([undefined, '/home/ada/parser']);
});

test('a session whose first line is longer than what is looked at is recognised all the same [IN-01]', async () => {
  const request = `Read this text: ${'word '.repeat(30_000)}`;
  const input = aSession('/home/ada/parser', { request });
  expect(await place.json(['ep', 'import', '-'], { input })).toMatchObject({ imported: 1, failed_count: 0 });
});

test('a folder stands for what lies below it; a file in it that cannot be read is named and harms no other [IN-01]', async () => {
  mkdirSync(join(place.work, 'projects/-home-ada-parser/subagents'), { recursive: true });
  copyFileSync(SESSION, join(place.work, 'projects/-home-ada-parser/one.jsonl'));
  writeFileSync(
    join(place.work, 'projects/-home-ada-parser/subagents/two.jsonl'),
    `\ufeff${aSession('/home/ada/other')}\r\n`,
  );
  copyFileSync(RUN, join(place.work, 'projects/run.traj'));
  writeFileSync(join(place.work, 'projects/empty.jsonl'), '');
  writeFileSync(join(place.work, 'projects/notes.md'), '# Notes');
  writeFileSync(join(place.work, 'projects/broken.traj'), '{"trajectory": [');
  writeFileSync(join(place.work, 'projects/cut.jsonl'), `${aSession('/home/ada/cut')}\n{"type":"assist`);
  const { code, stdout, stderr } = await place.run(['--format', 'json', 'ep', 'import', 'projects']);
  expect(code).toBe(1);
  expect(JSON.parse(stdout)).toMatchObject({
    imported: 7,
    failed_count: 2,
    failed: [
      { file: join('projects', 'broken.traj'), line: 1, message: expect.stringContaining('is not JSON') },
      { file: join('projects', 'cut.jsonl'), line: 3, message: expect.stringContaining('is not JSON') },
    ],
  });
  expect(stderr.trimEnd().split('\n')).toHaveLength(2);
  const only = await place.json(['ep', 'import', 'projects/-home-ada-parser', '--from', 'claude-code', '--force']);
  expect(only).toMatchObject({ imported: 0, known: 5 });
});

test('a session belongs to the project of its folder, as the programs would say there, unless one is given [IN-01]', async () => {
  const clone = join(place.work, 'clone');
  mkdirSync(join(clone, '.git'), { recursive: true });
  mkdirSync(join(clone, 'src'));
  writeFileSync(join(clone, '.git/config'), '[remote "origin"]\n\turl = git@example.com:team/parser.git\n');
  const folders = [join(clone, 'src'), join(clone, '.worktrees/gone/src'), '/nowhere/.worktrees/x', 'C:\\work\\parser'];
  writeFileSync(join(place.work, 's.jsonl'), folders.map((folder) => aSession(folder)).join('\n'));
  await place.json(['ep', 'import', 's.jsonl']);
  const { episodes } = await place.json(['ep', 'list', '--all-projects']);
  const projects = episodes.map(({ project }: { project: string }) => project);
  expect(projects.sort()).toEqual([
    '/nowhere/.worktrees/x',
    'C:\\work\\parser',
    'example.com/team/parser',
    'example.com/team/parser',
  ]);
  writeFileSync(join(place.work, 't.jsonl'), aSession('/home/ada/elsewhere'));
  await place.json(['ep', 'import', 't.jsonl', '--project', 'mine']);
  expect((await place.json(['ep', 'list', '--project', 'mine'])).episodes).toHaveLength(1);
});

test('a request that may still be worked on is left for a later import, and the program says so [IN-01] [EP-11]', async () => {
  const at = new Date().toISOString();
  writeFileSync(join(place.work, 'live.jsonl'), `${aSession('/a/one')}\n${aSession('/a/one-more', { at })}`);
  expect(await place.json(['ep', 'import', 'live.jsonl'])).toMatchObject({
    imported: 1,
    unfinished: 1,
    failed_count: 0,
  });
  const { code, stdout } = await place.run(['ep', 'import', 'live.jsonl']);
  expect({ code, stdout }).toEqual({
    code: 0,
    stdout: 'Nothing changed: 0 imported, 1 known already, 1 may still be worked on (import again later).\n',
  });
});

test('what is no trajectory is refused by name, and a domain is for tau-bench alone [IN-01]', async () => {
  writeFileSync(join(place.work, 'other.traj'), '{"steps": []}');
  const { code, stderr } = await place.run(['ep', 'import', 'other.traj']);
  expect({ code, stderr }).toMatchObject({
    code: 2,
    stderr: expect.stringContaining('other.traj: is no SWE-agent trajectory'),
  });
  const refused = await place.run(['ep', 'import', SESSION, '--domain', 'trains']);
  expect(refused).toMatchObject({ code: 2, stderr: expect.stringContaining('--domain goes with tau-bench files') });
});
