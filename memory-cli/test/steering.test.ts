// What somebody else wrote is shown, and never steers the terminal, whichever command shows it.
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

let place: Place;
beforeAll(() => {
  place = aPlace();
});
afterAll(() => place.remove());

const STEERING = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/u;
/** Colours, the title of the window, the cursor's way up, the direction of text, a line of its own, and an end. */
const EVIL = '\u001b[31m\u001b]0;x\u0007\u001b[2A\u202e\u009b5m\r\nERROR: fake\u0008';
const named = (field: string) => `${field}${EVIL}`;

test('steering characters in every stored field reach no terminal [CL-01]', async () => {
  const record = {
    task_description: named('task'),
    ...Object.fromEntries(
      ['project', 'domain', 'language', 'framework', 'repo', 'branch'].map((field) => [field, named(field)]),
    ),
    files: [named('file')],
    tags: ['plain'],
    metadata: { [named('key')]: named('value'), deep: { [named('inner')]: [named('item')] } },
    source: { agent: named('agent'), session: named('session'), captured_from: named('from') },
    outcome: { kind: 'partial', verdict: named('verdict'), completed: [named('done')], failed: [named('undone')] },
    steps: [
      { tool: named('tool'), action: named('act'), result: { type: 'error', message: named('message') } },
      {
        tool: named('edit'),
        action: named('mend'),
        rationale: named('because'),
        parameters: { [named('p')]: named('q') },
      },
      {
        tool: named('tool'),
        action: named('act'),
        step_key: named('key'),
        result: { type: 'success', output: named('out') },
      },
    ],
  };
  const file = join(place.work, 'evil.jsonl');
  writeFileSync(file, `${JSON.stringify(record)}\n{"${EVIL.slice(0, 5)}\n`);
  const env = { MEMORY_PROJECT: named('project') };
  const imported = await place.run(['ep', 'import', file], { env });
  expect(imported.stdout).toMatch(/^1 imported/u);
  const [{ episode_id: id }] = (await place.json(['ep', 'list'], { env })).episodes;
  const calls: readonly (readonly string[])[] = [
    ['ep', 'list'],
    ['ep', 'list', '--project', named('nowhere')],
    ['ep', 'view', id],
    ['ep', 'view', id, '--fields', 'task_description,project,metadata,source,outcome,steps,reflection,files'],
    ['ep', 'timeline', id],
    ['ep', 'timeline', id, '--all'],
    ['ep', 'search', 'task message tool'],
    ['ep', 'search', named('task')],
    ['ep', 'create', named('task')],
    ['ep', 'update', id, '--meta', `${named('more')}=${named('x')}`],
    ['ep', 'tag', id, 'more'],
    ['ep', 'tag', id, named('tag')],
    ['ep', 'forget', '--project', named('project'), '--dry-run'],
    ['ep', 'export', join(place.work, 'out.jsonl')],
    ['pattern', 'list'],
    ['pattern', 'list', '--domain', named('domain')],
    ['pattern', 'recommend', named('task')],
    ['pattern', 'playbook', named('task')],
    ['pattern', 'extract'],
    ['pattern', 'clusters'],
    ['storage', 'stats'],
    ['config', 'show'],
    ['health', 'check'],
  ];
  for (const words of calls) {
    for (const format of ['human', 'json', 'yaml']) {
      const { stdout, stderr } = await place.run([...words, '--format', format], { env });
      const call = `${words.slice(0, 2).join(' ')} as ${format}`;
      expect.soft({ call, shown: STEERING.exec(stdout + stderr)?.[0] }).toEqual({ call, shown: undefined });
      // Nobody begins a line that looks like one of ours.
      if (format === 'human')
        expect.soft({ call, stderr }).toEqual({ call, stderr: expect.not.stringMatching(/^ERROR/mu) });
    }
  }
}, 120_000);
