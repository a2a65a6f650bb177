// episode update and episode timeline: an episode corrected, and read at a glance.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type TimelineStep, timelineText } from '../src/commands/timeline-text.ts';
import { textWidth } from '../src/output.ts';
import { aPlace, type Place } from './program.ts';

let place: Place;
beforeAll(() => {
  place = aPlace();
});
afterAll(() => place.remove());

const WIDTHS = [40, 60, 80, 200];

test('update corrects description and metadata key by key, and what cannot be stays out [CL-01]', async () => {
  const { episode_id: id } = await place.json([
    'ep',
    'create',
    'Mend it',
    '--meta',
    'ticket=A-1',
    'by=me',
    '--tag',
    'old',
  ]);
  const updated = await place.json([
    'ep',
    'update',
    id,
    '--description',
    'Mend the login',
    '--meta',
    'ticket=A-2',
    '--unset',
    'by',
  ]);
  expect(updated).toMatchObject({ episode_id: id, task_description: 'Mend the login', metadata: { ticket: 'A-2' } });
  expect(await place.json(['ep', 'view', id])).toMatchObject({
    task_description: 'Mend the login',
    metadata: { ticket: 'A-2' },
    tags: ['old'],
  });
  for (const [flags, expected] of [
    [[], /^INVALID_INPUT: Say what is to change: --description, --meta or --unset\.\n$/u],
    [['--description', ' '], /^INVALID_INPUT: --description: is empty; say what it is\.\n$/u],
    [['--meta', `big=${'x'.repeat(70_000)}`], /^LIMIT_EXCEEDED: --meta: is larger than/u],
    [['--meta', 'none'], /^INVALID_INPUT: --meta: "none" has no key and value/u],
  ] as const) {
    const { code, stderr } = await place.run(['ep', 'update', id, ...flags]);
    expect(code).not.toBe(0);
    expect(stderr).toMatch(expected);
  }
  expect((await place.json(['ep', 'view', id])).metadata).toEqual({ ticket: 'A-2' });
});

test('a timeline tells when, how long, what failed and what made it good, in words and as JSON [CL-01]', async () => {
  const at = (seconds: number) => new Date(Date.UTC(2026, 0, 31, 8) + seconds * 1_000).toISOString();
  const failure = { type: 'error', message: '\n  TypeError: x is not a function\n    at login.ts:3' };
  const record = {
    task_description: 'Fix the login',
    started_at: at(0),
    completed_at: at(700),
    outcome: { kind: 'success', verdict: 'it works' },
    steps: [
      { tool: 'bash', action: 'npm test', at: at(5), latency_ms: 4_000, result: failure },
      { tool: 'edit', action: 'change login.ts', at: at(8), result: { type: 'success' } },
      { tool: 'bash', action: 'npm test', at: at(600), latency_ms: 2_000, result: { type: 'success', output: 'ok' } },
    ],
  };
  const file = join(place.work, 'one.jsonl');
  writeFileSync(file, `${JSON.stringify(record)}\n`);
  await place.json(['ep', 'import', file]);
  const [{ episode_id: id }] = (await place.json(['ep', 'list', '--since', at(-1), '--until', at(1), '--all-projects']))
    .episodes;
  const told = await place.json(['ep', 'timeline', id]);
  expect(told).toMatchObject({ episode_id: id, outcome: 'success', ended_at: at(700) });
  expect(told.steps).toMatchObject([
    {
      step_number: 1,
      offset_ms: 5_000,
      gap_ms: 1_000,
      result: 'error',
      error: 'TypeError: x is not a function',
      fixed_by: 3,
    },
    { step_number: 2, offset_ms: 8_000, gap_ms: 3_000, result: 'success' },
    { step_number: 3, offset_ms: 600_000, gap_ms: 590_000, latency_ms: 2_000, fixes: [1] },
  ]);
  expect(told.steps[1]).not.toHaveProperty('latency_ms');
  const { stdout } = await place.run(['ep', 'timeline', id]);
  expect(stdout.split('\n').slice(4)).toEqual([
    '1   +0:05  ████████████        4 s  ✗ bash: npm test',
    '                                      TypeError: x is not a function',
    '                                      ↳ made good by step 3',
    '2   +0:08                after 3 s  ✓ edit: change login.ts',
    '   ⋯ pause of 9.8 min',
    '3  +10:00  ██████              2 s  ✓ bash: npm test',
    '                                      ↳ makes good step 1',
    '',
  ]);
});

const head = {
  episode_id: '01a1fc43-5981-7000-b542-8e95badb3456',
  task_description: 'Fix the login redirect of 日本語 users that ends in a loop without end',
  task_type: 'debugging',
  status: 'completed',
  outcome: 'failure',
  reward: 0.25,
  started_at: '2026-01-31T08:00:00.000Z',
};

function manySteps(count: number): readonly TimelineStep[] {
  return Array.from({ length: count }, (_, index) => ({
    step_number: index + 1,
    at: new Date(Date.parse(head.started_at) + index * 61_000).toISOString(),
    offset_ms: index * 61_000,
    gap_ms: index % 7 === 0 ? 61_000 : 500,
    latency_ms: (index % 40) * 250,
    tool: '日本語🙂'.repeat(1 + (index % 5)),
    action: `act \u001b[31m ${'long '.repeat(index % 50)}`,
    result: index % 100 === 50 ? ('error' as const) : ('success' as const),
    ...(index % 100 === 50 ? { error: `failed with ${'words '.repeat(40)}` } : {}),
  }));
}

test('2,000 steps fit any terminal: the ends and what failed, with all of them when asked [CL-01]', () => {
  const steps = manySteps(2_000);
  for (const width of WIDTHS) {
    for (const all of [false, true]) {
      const lines = timelineText({ ...head, steps }, { width, all }).split('\n');
      expect(lines.filter((line) => textWidth(line) > width)).toEqual([]);
      expect(lines.join('\n')).not.toMatch(/\p{Cc}(?<!\n)/u);
      const numbers = lines.flatMap((line) => /^ *(\d+) +\+.*[✓✗]/u.exec(line)?.[1] ?? []).map(Number);
      if (all) expect(numbers).toEqual(steps.map((step) => step.step_number));
      else {
        expect(numbers.slice(0, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
        expect(numbers.slice(-10)).toEqual(steps.slice(-10).map((step) => step.step_number));
        expect(numbers).toEqual(expect.arrayContaining([51, 151, 1_951]));
        expect(numbers).toHaveLength(40);
        // What is left out is counted, so that all adds up.
        const left = lines.flatMap((line) => /⋯ (\d+) steps left out/u.exec(line)?.[1] ?? []).map(Number);
        expect(left.reduce((sum, each) => sum + each, numbers.length)).toBe(2_000);
      }
    }
  }
});

test('an episode without steps, or with times of which nothing is known, is told as it is [CL-01]', async () => {
  const { episode_id: id } = await place.json(['ep', 'create', 'Nothing yet']);
  expect((await place.run(['ep', 'timeline', id])).stdout).toMatch(/^Nothing yet\nepisode \S+: open; .*0 steps\n/u);
  const { steps } = await place.json(['ep', 'timeline', id, '--format', 'json']);
  expect(steps).toEqual([]);
  expect((await place.run(['ep', 'timeline', '99999999'])).code).toBe(3);
  const still = manySteps(3).map(({ latency_ms: _latency, ...step }) => ({ ...step, offset_ms: 0, gap_ms: 0 }));
  expect(timelineText({ ...head, steps: still }, { width: 80, all: false })).not.toMatch(/█|after|pause/u);
});
