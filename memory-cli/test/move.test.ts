// storage migrate --to, as a user runs it.
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { EXIT_CODES, openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { type LibsqlServer, startLibsqlServer } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

let place: Place;
let data: string;
let server: LibsqlServer;
const TOKEN = 'a-token-of-the-host';

beforeEach(async () => {
  place = aPlace();
  data = join(place.work, 'data');
  server = await startLibsqlServer({ path: join(place.work, 'server.db'), token: TOKEN });
});

afterEach(async () => {
  await server.close();
  place.remove();
});

function fileUrl(name: string): string {
  return pathToFileURL(join(place.work, name)).href;
}

/** A store of so many episodes with fifty steps each. */
async function fill(episodes: number): Promise<void> {
  const store = await openTursoStore({ url: pathToFileURL(join(data, 'memory.db')).href, durability: 'normal' });
  const memory = openMemory({ store, project: 'shop', actor: 'test' });
  for (let index = 0; index < episodes; index += 1) {
    const [episode] = await memory.createEpisodes([
      { description: `repair the import of shop ${index}`, tags: ['shop'] },
    ]);
    const steps = Array.from({ length: 50 }, (_, step) => ({
      tool: 'bash',
      action: `try ${step}`,
      result: { type: 'error' as const, message: `E${step % 7}: no such file` },
    }));
    await memory.addSteps(episode?.id ?? '', steps);
    await memory.completeEpisode(episode?.id ?? '', { kind: index % 3 > 0 ? 'success' : 'failure' });
  }
  await memory.close();
}

/** The program with the store of `fill`, and a token in its environment. */
const here = { env: { TURSO_AUTH_TOKEN: TOKEN } };
const own = ['--data-dir', 'data'];
const migrate = [...own, 'storage', 'migrate'];

async function exported(words: readonly string[]): Promise<string> {
  const { stdout, code } = await place.run([...words, 'episode', 'export']);
  expect(code).toBe(0);
  return stdout;
}

test('a store goes to a host and back, and the export is the same byte by byte [ST-03] [CL-01]', async () => {
  await fill(6);
  const before = await exported(own);
  const plan = await place.json([...migrate, '--to', server.url, '--dry-run'], here);
  expect(plan).toMatchObject({ dry_run: true, counts: { episode: 6, step: 300 }, resumes: false });
  const there = await place.run([...migrate, '--to', server.url, '--yes'], here);
  expect(there).toMatchObject({ code: 0, stderr: '' });
  expect(there.stdout).toContain(`DATABASE_URL=${server.url}`);
  expect(there.stdout).toContain('6 episodes with 300 steps');
  expect(there.stdout).not.toContain(TOKEN);
  const words = [...migrate, '--from', server.url, '--to', fileUrl('back/memory.db'), '--yes'];
  expect(await place.json(words, here)).toMatchObject({ rows: { step: 300 }, resumed: false });
  expect(await exported(['--data-dir', 'back'])).toBe(before);
  expect(await exported(own)).toBe(before);
});

test('the token comes from a file that nobody else may read, and never from the command line [ST-03]', async () => {
  await fill(1);
  const token = join(place.work, 'token');
  writeFileSync(token, `${TOKEN}\n`, { mode: 0o644 });
  const words = [...migrate, '--to', server.url, '--yes', '--to-token-file', token];
  expect(await place.run(words)).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stderr: /chmod 600/u });
  const ends = [`?authToken=${TOKEN}`, `?jwt=${TOKEN}`, `#${TOKEN}`];
  for (const end of ends.map((each) => `${server.url}/${each}`)) {
    for (const words of [
      ['--to', end],
      ['--to', server.url, '--from', end],
    ]) {
      const refused = await place.run([...migrate, ...words, '--yes']);
      expect(refused).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: '' });
      expect(refused.stderr).not.toContain(TOKEN);
    }
  }
  writeFileSync(join(place.work, 'own'), TOKEN, { mode: 0o600 });
  expect(await place.run([...migrate, '--to', server.url, '--yes', '--to-token-file', 'own'])).toMatchObject({
    code: 0,
  });
});

test('what cannot be moved is one sentence, and nothing is made [ST-03]', async () => {
  const other = await startLibsqlServer({ path: join(place.work, 'other.db') });
  await other.close();
  const to = ['--to', fileUrl('made.db'), '--yes'];
  const refusals: readonly (readonly [keyof typeof EXIT_CODES, readonly string[], RegExp])[] = [
    ['NOT_FOUND', to, /no store/u],
    ['INVALID_INPUT', ['--to', 'memory.db', '--yes'], /--to has no scheme/u],
    ['INVALID_INPUT', ['--to', 'ftp://host/x', '--yes'], /--to cannot be used \(ftp:\)/u],
    ['INVALID_INPUT', ['--anew'], /--to: is missing/u],
    ['STORE_UNAVAILABLE', [...to, '--from', other.url], /127\.0\.0\.1/u],
  ];
  for (const [code, words, text] of refusals) {
    const ended = await place.run([...migrate, ...words]);
    expect(ended).toMatchObject({ code: EXIT_CODES[code], stdout: '' });
    expect(ended.stderr).toMatch(text);
    expect(ended.stderr.split('\n').filter((line) => line.startsWith(code))).toHaveLength(1);
  }
  await fill(1);
  const unasked = await place.run([...migrate, '--to', fileUrl('made.db')]);
  expect(unasked).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stderr: /--yes/u });
  const wrong = await place.run([...migrate, '--to', server.url, '--yes']);
  expect(wrong.code).not.toBe(0);
  expect(existsSync(join(place.work, 'made.db'))).toBe(false);
  const same = await place.run([...migrate, '--to', fileUrl('data/memory.db'), '--yes']);
  expect(same).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stderr: /the same store/u });
});
