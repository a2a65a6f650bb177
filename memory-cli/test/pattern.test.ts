// Patterns on the terminal: listed, viewed, searched, recommended, and what came of them.
import { EXIT_CODES } from '@episodica/memory-core';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aLearntPlace, type LearntPlace } from './learnt-place.ts';
import { aPlace } from './program.ts';

let place: LearntPlace;
beforeAll(async () => {
  place = await aLearntPlace();
});
afterAll(() => place.remove());

const NO_ID = '99999999-0000-7000-8000-000000000009';
/** Anything that steers a terminal, but for line ends. */
const STEERING = /[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;

test('confirmed patterns are listed before candidates, and faded ones where they are asked for [CL-01] [LE-06] [LE-09]', async () => {
  const { helpful, harmful, candidate, faded, options } = place;
  const ids = async (...flags: readonly string[]) => {
    const { patterns } = await place.json(['pattern', 'list', ...flags], options);
    return patterns.map((item: { readonly pattern_id: string }) => item.pattern_id);
  };
  const listed = await ids();
  expect(new Set(listed.slice(0, 2))).toEqual(new Set([helpful.id, harmful.id]));
  expect(listed.slice(2)).toEqual([candidate.id]);
  expect((await ids('--all')).at(-1)).toBe(faded.id);
  expect(await ids('--standing', 'faded')).toEqual([faded.id]);
  expect(await ids('--limit', '1')).toEqual(listed.slice(0, 1));
  expect(await ids('--kind', 'heuristic')).toEqual([]);
  expect(await ids('--domain', 'billing')).toEqual([]);
  expect(await ids('--project', 'elsewhere')).toEqual([]);
  expect(await ids('--project', 'elsewhere', '--all-projects')).toEqual(listed);
});

test('a listing for people has each standing under its own heading, figures and the whole sentence, and nothing that steers the terminal [CL-01] [LE-06]', async () => {
  const { stdout } = await place.run(['pat', 'list', '--all'], place.options);
  const headings = stdout.split('\n').filter((line) => /^(?:Confirmed|Candidates|Faded):/u.test(line));
  expect(headings.map((line) => line.split(':')[0])).toEqual(['Confirmed', 'Candidates', 'Faded']);
  expect(stdout).toMatch(/^11111111 +tool sequence +do +80 % +20 % +1\.60 +0\.75–1\.93 +5 +4 +agree$/mu);
  expect(stdout).toMatch(/^22222222 +tool sequence +avoid +0 % +83 %/mu);
  expect(stdout).toMatch(/^ {4}\S.*npm test.*4 of 5/mu);
  expect(stdout).toMatch(/^LIFT is SUCCESS over that of all/mu);
  expect(stdout).not.toMatch(STEERING);
});

test('a pattern is viewed by the beginning of its id, with what speaks for it, what against it, and its history [CL-01] [LE-06] [LE-09]', async () => {
  const { helpful, episodeIds, options } = place;
  const item = await place.json(['pattern', 'view', '11111111'], options);
  expect(item).toMatchObject({ pattern_id: helpful.id, standing: 'confirmed', support: 5, held_out: { agrees: true } });
  expect(new Set(item.evidence)).toEqual(new Set(episodeIds.slice(1, 5)));
  expect(item.against).toEqual([episodeIds[0]]);
  expect(item.history).toHaveLength(2);
  expect(item.episodes).toContainEqual({
    episode_id: episodeIds[1],
    outcome: 'success',
    task_description: 'Mend the login 1',
  });
  const { stdout } = await place.run(['pattern', 'view', helpful.id], options);
  expect(stdout).toMatch(/^seen +5 attempts at 4 tasks; 4 succeeded: 80 %$/mu);
  expect(stdout).toMatch(/^new tasks +agree: 3 of 3 succeeded with it, 1 of 4 without$/mu);
  expect(stdout).toMatch(/^For it: did this and succeeded \(4\)$/mu);
  expect(stdout).toMatch(/^Against it: did this and failed \(1\)$/mu);
  expect(stdout).toMatch(/confirmed +5 +4 +0\.003$/mu);
  expect(stdout).not.toMatch(STEERING);
});

test('as much evidence of each side is shown as was asked for [CL-01] [LE-06]', async () => {
  const { episodeIds, options } = place;
  const words = ['pattern', 'view', '11111111', '--evidence', '1'];
  const { stdout } = await place.run(words, options);
  expect(stdout).toMatch(/^… 3 more; --evidence 4 shows them$/mu);
  expect(stdout).toMatch(/^Against it: did this and failed \(1\)$/mu);
  expect(stdout).toContain(episodeIds[0]);
  const item = await place.json(words, options);
  expect([item.evidence.length, item.against, item.episodes.length]).toEqual([1, [episodeIds[0]], 2]);
  const refused = await place.run(['pattern', 'view', '11111111', '--evidence', 'most'], options);
  expect(refused.code).toBe(EXIT_CODES.INVALID_INPUT);
});

test('of a harmful pattern the failures speak for it [LE-06]', async () => {
  const { stdout } = await place.run(['pattern', 'view', '22222222'], place.options);
  expect(stdout).toMatch(/^For it: did this and failed \(4\)$/mu);
  expect(stdout).toMatch(/^Against it: did this and succeeded: none$/mu);
});

test('patterns are searched by their words [CL-01] [RE-01]', async () => {
  const found = await place.json(['pattern', 'search', 'npm test'], place.options);
  expect(found).toMatchObject({ patterns: [{ pattern_id: place.helpful.id }], abstained: false });
  expect(await place.json(['pattern', 'search', 'zeppelin'], place.options)).toMatchObject({
    patterns: [],
    abstained: true,
  });
});

test('what cannot be done is refused in one line with its exit code [CL-01] [CL-03]', async () => {
  const { options } = place;
  for (const [words, code, told] of [
    [['pattern', 'view', 'xyz'], 'INVALID_INPUT', /"xyz" is no id of a pattern/u],
    [['pattern', 'view', '99999999'], 'NOT_FOUND', /No pattern has an id that begins with 99999999/u],
    [['pattern', 'view', '99999999-0000-8000-8000-000000000009'], 'NOT_FOUND', /There is no pattern/u],
    [['pattern', 'list', '--kind', 'habit'], 'INVALID_INPUT', /tool_sequence/u],
    [['pattern', 'list', '--standing', 'famous'], 'INVALID_INPUT', /confirmed, candidate, faded/u],
    [['pattern', 'list', '--limit', '0'], 'INVALID_INPUT', /whole number from 1/u],
    [['pattern', 'list', '--format', 'svg'], 'INVALID_INPUT', /svg is for "pattern clusters" alone/u],
    [['pattern', 'recommend', ' '], 'INVALID_INPUT', /TASK: is empty/u],
    [
      ['pattern', 'feedback', 'abc', '--outcome', 'success'],
      'INVALID_INPUT',
      /RECOMMENDATION: "abc" is no id of a recommend/u,
    ],
    [
      ['pattern', 'feedback', NO_ID, '--applied', 'xyz'],
      'INVALID_INPUT',
      /--applied: "xyz" is no id of an episode or pat/u,
    ],
    [
      ['pattern', 'feedback', NO_ID, '--helped', '99999999'],
      'NOT_FOUND',
      /--helped: No episode or pattern has an id that/u,
    ],
    [['pattern', 'clusters', 'abc'], 'INVALID_INPUT', /"abc" is no id of a kind of task/u],
    [['pattern', 'clusters', '--dry-run'], 'INVALID_INPUT', /--output: is missing/u],
  ] as const) {
    const ended = await place.run(words, options);
    expect
      .soft({ words, code: ended.code, stdout: ended.stdout })
      .toEqual({ words, code: EXIT_CODES[code], stdout: '' });
    expect.soft(ended.stderr).toMatch(new RegExp(`^${code}: [^\\n]*\\n$`, 'u'));
    expect.soft(ended.stderr).toMatch(told);
  }
});

test('a recommendation brings steps and warnings, and its feedback is taken once [CL-01] [LE-10] [LE-11]', async () => {
  const own = await aLearntPlace();
  try {
    const { helpful, harmful, options } = own;
    const book = await own.json(['pattern', 'playbook', 'mend the login', '--language', 'typescript'], options);
    expect(book.steps.flatMap((step: { readonly pattern_ids: readonly string[] }) => step.pattern_ids)).toContain(
      helpful.id,
    );
    expect(book.warnings.flatMap((step: { readonly pattern_ids: readonly string[] }) => step.pattern_ids)).toContain(
      harmful.id,
    );
    const told = await own.run(['pattern', 'recommend', 'mend the login'], options);
    expect(told.stdout).toMatch(/^Fit: .*\nRisk: /mu);
    expect(told.stdout).toMatch(/^Steps\n {1,2}1\. /mu);
    expect(told.stdout).toMatch(/^Warnings\n {2}! /mu);
    expect(told.stdout).not.toMatch(STEERING);
    const [, id = ''] = /pattern feedback ([0-9a-f-]{36})/u.exec(told.stdout) ?? [];
    const words = ['pattern', 'feedback', id, '--helped', helpful.id, '--outcome', 'success'];
    expect(await own.json(words, options)).toMatchObject({ recommendation_id: id, helped: [helpful.id] });
    expect((await own.json(['pattern', 'view', helpful.id], options)).applied_successes).toBe(1);
    const again = await own.run(words, options);
    const unknown = await own.run(['pattern', 'playbook', 'quantum chromodynamics', '--domain', 'physics'], options);
    expect(unknown.stdout).toMatch(/^Fit: none/mu);
    expect(unknown.stdout).toContain('No steps: ');
    expect(unknown.stdout).not.toContain('--applied');
    expect(again).toMatchObject({ code: EXIT_CODES.INVALID_STATE, stdout: '' });
    const short = ['pattern', 'feedback', book.recommendation_id, '--helped', helpful.id.slice(0, 8)];
    const hindered = ['--hindered', helpful.id.slice(0, 8).toUpperCase()];
    expect((await own.run([...short, ...hindered], options)).stderr).toContain(`${helpful.id} is in hindered as well`);
    const both = ['pattern', 'feedback', book.recommendation_id, '--helped', helpful.id, '--hindered', helpful.id];
    expect((await own.run(both, options)).code).toBe(EXIT_CODES.INVALID_INPUT);
    expect((await own.json(['pattern', 'view', helpful.id], options)).applied).toBe(1);
  } finally {
    own.remove();
  }
});

test('extract says that nothing waits, learns what waits, and changes nothing the second time [CL-01] [CL-03] [LE-08]', async () => {
  const empty = aPlace();
  try {
    const nothing = await empty.run(['pattern', 'extract']);
    expect(nothing.stdout).toMatch(/^Nothing waited to be learnt; nothing changed\. /u);
    expect((await empty.run(['pattern', 'extract', '--dry-run'])).stdout).toBe('Nothing waits to be learnt.\n');
    expect((await empty.run(['pattern', 'list'])).stdout).toMatch(/^No patterns yet in project .*--all-projects/u);
  } finally {
    empty.remove();
  }
  const own = await aLearntPlace({ owes: true });
  try {
    expect(await own.json(['pattern', 'extract', '--dry-run'], own.options)).toEqual({ dry_run: true, pending: 10 });
    const learnt = await own.json(['pattern', 'extract'], own.options);
    expect(learnt).toMatchObject({ episodes: 10 });
    // No attempt bears these out: they were put there by hand.
    expect(learnt.patterns.faded).toBeGreaterThan(0);
    const again = await own.json(['pattern', 'extract'], own.options);
    expect(again).toMatchObject({ episodes: 0, patterns: { new: 0, changed: 0, gone: 0, confirmed: 0, faded: 0 } });
  } finally {
    own.remove();
  }
  const left = await aLearntPlace({ owes: true });
  try {
    // What another program left owed is learnt behind the first command that asks for what was learnt.
    await left.json(['pattern', 'list'], left.options);
    expect(await left.json(['pattern', 'extract', '--dry-run'], left.options)).toMatchObject({ pending: 0 });
  } finally {
    left.remove();
  }
  const result = await place.json(['pattern', 'extract'], place.options);
  expect(result).toMatchObject({
    episodes: 0,
    patterns: { new: 0, changed: 0, gone: 0, in_all: { confirmed: 2, candidate: 1, faded: 1 } },
    clusters: { new: 0, in_all: 2 },
  });
});

test('every form of a pattern command has an example in its help [CL-01]', async () => {
  for (const name of ['list', 'view', 'search', 'recommend', 'playbook', 'feedback', 'extract', 'clusters']) {
    const { code, stdout } = await place.run(['pattern', name, '--help']);
    expect.soft([name, code]).toEqual([name, 0]);
    expect.soft(stdout).toMatch(new RegExp(`Examples?:\\n  memory-cli pattern ${name}`, 'u'));
  }
});
