// What is read on a terminal, in pipes, and by who stops reading.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { stripVTControlCharacters } from 'node:util';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { aLearntPlace, type LearntPlace } from './learnt-place.ts';
import { cleanEnvironment, PROGRAM } from './program.ts';

let place: LearntPlace;
beforeAll(async () => {
  place = await aLearntPlace();
  await place.run(['backup', 'create'], place.options);
});
afterAll(() => place.remove());

const LISTINGS: readonly (readonly string[])[] = [
  ['episode', 'list'],
  ['episode', 'search', 'mend the login'],
  ['pattern', 'list'],
  ['pattern', 'search', 'mend the login'],
  ['pattern', 'clusters'],
  ['health', 'check'],
  ['config', 'show'],
  ['config', 'path'],
];

/** Its first letters, whatever a terminal has to be told. */
const ANSI = '\u001b[';

test.each([40, 80, 200])(
  'no listing is wider than a terminal of %i columns, but for a word that is [CL-03]',
  async (columns) => {
    for (const words of LISTINGS) {
      const { env } = place.options;
      const { code, stdout } = await place.run(words, { env: { ...env, NO_COLOR: '1' }, columns });
      expect({ words, code }).toEqual({ words, code: 0 });
      const lines = stripVTControlCharacters(stdout).split('\n');
      const wide = lines.filter((line) => [...line].length > columns && / /u.test(line.trim()));
      expect({ words, wide }).toEqual({ words, wide: [] });
    }
  },
);

test('colour is for terminals, never with NO_COLOR, and in a pipe where it is forced [CL-03]', async () => {
  const { env } = place.options;
  for (const words of [
    ['episode', 'list'],
    ['pattern', 'list'],
    ['config', 'show'],
  ]) {
    const coloured = async (options: { readonly columns?: number; readonly colour?: Record<string, string> }) =>
      (await place.run(words, { ...options, env: { ...env, ...options.colour } })).stdout.includes(ANSI);
    expect({ words, coloured: await coloured({}) }).toEqual({ words, coloured: false });
    expect(await coloured({ columns: 80, colour: { TERM: 'xterm-256color' } })).toBe(true);
    expect(await coloured({ columns: 80, colour: { NO_COLOR: '1' } })).toBe(false);
    expect(await coloured({ colour: { FORCE_COLOR: '1' } })).toBe(true);
  }
});

test('a pipe gets the same lines each time, and with --format json nothing but the answer [CL-03]', async () => {
  for (const words of LISTINGS.slice(0, -3)) {
    const [first, second] = [await place.run(words, place.options), await place.run(words, place.options)];
    const steady = (text: string): string => text.replace(/^Took .*$/mu, '');
    expect(steady(first.stdout)).toBe(steady(second.stdout));
    expect(first.stdout).not.toContain('\r');
    expect(await place.json(words, place.options)).toBeTypeOf('object');
  }
});

test.each([['episode', 'list', '--all-projects'], ['episode', 'export'], ['--help'], ['config', 'show']])(
  'who closes the pipe before reading gets no word of it: %s %s [CL-03]',
  async (...words) => {
    const child = spawn(process.execPath, [PROGRAM, ...words.filter(Boolean)], {
      env: cleanEnvironment(place.home, place.options.env),
      cwd: place.work,
    });
    let errors = '';
    child.stderr.on('data', (chunk) => {
      errors += chunk;
    });
    child.stdout.destroy();
    const [code] = await once(child, 'close');
    expect([code, errors]).toEqual([0, '']);
  },
);
