// What the help says is true: each command is described, and each call that it shows works.
import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '@episodica/memory-core';
import { expect, test } from 'vitest';
import { aLearntPlace } from './learnt-place.ts';
import { aPlace } from './program.ts';
import { commandsOf, examplesOf, theProgram } from './reference/commands.ts';

/** Calls that begin so are left out: they go on until they are interrupted, or need a terminal or a network. */
const LEFT_OUT: readonly string[] = ['doctor --server', 'health watch', 'logs tail --follow', 'monitor status --watch'];

/** Where the same call ends otherwise in a place like this one. */
const OTHER_ENDS: Readonly<Record<string, number>> = {
  'storage sync': EXIT_CODES.NOT_SUPPORTED,
};

function wordsOf(call: string, filled: Readonly<Record<string, string>>): readonly string[] {
  const words = [...call.matchAll(/"([^"]*)"|'([^']*)'|(\S+)/gu)].map(([, a, b, c]) => a ?? b ?? c ?? '');
  return words.map((word) => filled[word] ?? word);
}

test('every command is described, with its arguments and with a call as an example [CL-01] [PK-04]', async () => {
  const { root } = await theProgram();
  for (const { name, command } of commandsOf(root)) {
    expect({ name, description: command.description() }).toEqual({ name, description: expect.stringMatching(/\w/u) });
    const unsaid = command.registeredArguments.filter(({ description }) => !description).map((each) => each.name());
    const mute = command.options.filter(({ description }) => !description).map(({ flags }) => flags);
    expect({ name, unsaid, mute, hasExamples: examplesOf(command).length > 0 }).toEqual({
      name,
      unsaid: [],
      mute: [],
      hasExamples: true,
    });
  }
});

test('every example of the help works [CL-01] [PK-04]', async () => {
  const { root } = await theProgram();
  const [plain, learnt] = [aPlace(), await aLearntPlace()];
  try {
    const { helpful, options } = learnt;
    writeFileSync(join(plain.work, 'new.key'), randomBytes(32).toString('hex'), { mode: 0o600 });
    writeFileSync(join(plain.work, 'episodes.jsonl'), '{"task_description":"Brought along"}\n');
    writeFileSync(join(plain.work, 'memory-cli.toml'), 'memory_project = "shop"\n');
    await plain.json(['ep', 'create', 'Fix the login redirect']);
    await plain.json(['init', 'claude-code', '--yes']);
    const backup = await plain.json(['backup', 'create']);
    const left = new Set<string>();
    for (const { name, command } of commandsOf(root)) {
      const [place, given] = name.startsWith('pattern') ? [learnt, options] : [plain, {}];
      for (const call of examplesOf(command)) {
        const skipped = LEFT_OUT.find((start) => call.startsWith(start));
        if (skipped !== undefined) {
          left.add(skipped);
          continue;
        }
        const filled = {
          EPISODE: call.includes('EPISODE') ? (await place.json(['ep', 'create', 'An example'], given)).episode_id : '',
          RECOMMENDATION: call.includes('RECOMMENDATION')
            ? (await place.json(['pattern', 'playbook', 'mend the login'], given)).recommendation_id
            : '',
          PATTERN: helpful.id,
          BACKUP: backup.path,
        };
        const { code, stderr } = await place.run(wordsOf(call, filled), given);
        expect({ call, code, stderr }).toEqual({
          call,
          code: OTHER_ENDS[call] ?? OTHER_ENDS[name] ?? 0,
          stderr: expect.any(String),
        });
      }
    }
    expect([...left].sort()).toEqual([...LEFT_OUT].sort());
  } finally {
    plain.remove();
    learnt.remove();
  }
});

test('help is asked for in either way, and a word that is nearly a command is told [CL-01]', async () => {
  const place = aPlace();
  try {
    const asked = await place.run(['episode', 'timeline', '--help']);
    expect(asked).toMatchObject({
      code: 0,
      stderr: '',
      stdout: expect.stringContaining('memory-cli episode timeline'),
    });
    expect((await place.run(['episode', 'help', 'timeline'])).stdout).toBe(asked.stdout);
    expect((await place.run(['help', 'ep', 'timeline'])).stdout).toBe(asked.stdout);
    expect(await place.run(['help', 'ep', 'nope'])).toMatchObject({ code: 2, stdout: '' });
    expect((await place.run(['help', 'episode'])).stdout).toBe((await place.run(['ep', '--help'])).stdout);
    expect((await place.run(['storge', 'stats'])).stderr).toMatch(/hint: Did you mean storage\?/u);
    expect((await place.run(['storage', 'verfy'])).stderr).toMatch(/hint: Did you mean verify\?/u);
    expect((await place.run(['ep', 'list', '--outcom', 'failure'])).stderr).toMatch(/hint: Did you mean --outcome\?/u);
  } finally {
    place.remove();
  }
});
