// A store with a key, from the terminal.
import { chmodSync, existsSync, mkdirSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '@episodica/memory-core';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

const [KEY, OTHER_KEY] = ['1f'.repeat(32), '2e'.repeat(32)];
const WORD = 'quagmire';

let place: Place;
let data: string;
beforeEach(() => {
  place = aPlace();
  data = join(place.home, '.local', 'share', 'episodica');
});
afterEach(() => place.remove());

/** A key file in the working folder; answers the environment that names it. */
function keyFile(name: string, text: string): { readonly MEMORY_ENCRYPTION_KEY_FILE: string } {
  const path = join(place.work, name);
  writeFileSync(path, `${text}\n`, { mode: 0o600 });
  return { MEMORY_ENCRYPTION_KEY_FILE: path };
}

const filesWith = (word: string): readonly string[] =>
  readdirSync(data, { recursive: true, encoding: 'utf8' })
    .filter((name) => statSync(join(data, name)).isFile())
    .filter((name) => readFileSync(join(data, name)).includes(word));

const remember = (env = {}): Promise<{ readonly episode_id: string }> =>
  place.json(['ep', 'create', `The ${WORD} task`], { env });

test('a store that is made with a key file holds no word to be read, and is opened with the key alone [ST-11 CL-01]', async () => {
  const env = keyFile('key', KEY);
  const { episode_id: id } = await remember(env);
  await place.json(['backup', 'create'], { env });
  expect(filesWith(WORD)).toEqual([]);
  expect((await place.run(['ep', 'view', id], { env })).stdout).toContain(`The ${WORD} task`);
  expect((await place.json(['ep', 'view', id], { env: { MEMORY_ENCRYPTION_KEY: KEY } })).episode_id).toBe(id);
  for (const wrong of [{}, { MEMORY_ENCRYPTION_KEY: OTHER_KEY }]) {
    const { code, stdout, stderr } = await place.run(['ep', 'list'], { env: wrong });
    expect({ code, stdout }).toEqual({ code: EXIT_CODES.STORE_CORRUPT, stdout: '' });
    expect(stderr).toMatch(/^STORE_CORRUPT: .*encrypted.*MEMORY_ENCRYPTION_KEY_FILE.*\n$/u);
    expect(stderr).not.toContain(OTHER_KEY);
  }
});

test('a key file that others may read, or that is not there, is refused, and nothing is made [ST-11 CL-01]', async () => {
  const env = keyFile('key', KEY);
  chmodSync(env.MEMORY_ENCRYPTION_KEY_FILE, 0o644);
  for (const each of [env, { MEMORY_ENCRYPTION_KEY_FILE: join(place.work, 'none') }]) {
    const { code, stderr } = await place.run(['ep', 'create', 'x'], { env: each });
    expect(code).toBe(EXIT_CODES.INVALID_INPUT);
    expect(stderr).toMatch(/key file .*(?:chmod 600|cannot be read)/u);
  }
  expect(existsSync(join(data, 'memory.db'))).toBe(false);
});

test('storage rekey encrypts a plain store, changes the key and takes it away, and deletes the caches [ST-11 CL-01]', async () => {
  const { episode_id: id } = await remember();
  const caches = join(data, 'cache');
  mkdirSync(join(caches, 'ab'.repeat(16)), { recursive: true });
  const [first, second] = [keyFile('first', KEY), keyFile('second', OTHER_KEY)];
  const file = 'first';
  expect(await place.json(['storage', 'rekey', '--new-key-file', file])).toMatchObject({
    was_encrypted: false,
    encrypted: true,
    counts: { episode: 1 },
  });
  expect(filesWith(WORD)).toEqual([]);
  expect(readdirSync(caches)).toEqual([]);
  const env = { ...first, MEMORY_NEW_ENCRYPTION_KEY: OTHER_KEY };
  expect(await place.json(['storage', 'rekey'], { env })).toMatchObject({ was_encrypted: true, encrypted: true });
  expect((await place.run(['ep', 'view', id], { env: first })).code).toBe(EXIT_CODES.STORE_CORRUPT);
  const unasked = await place.run(['storage', 'rekey', '--remove'], { env: second });
  expect(unasked).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: '' });
  expect(await place.json(['storage', 'rekey', '--remove', '--yes'], { env: second })).toMatchObject({
    encrypted: false,
  });
  expect((await place.json(['ep', 'view', id])).episode_id).toBe(id);
  expect(await place.json(['storage', 'verify'])).toEqual({ ok: true, findings: [] });
});

test('storage rekey deletes the caches before it changes the store, so that none is left where it is ended [ST-11 CL-01]', async () => {
  await remember();
  expect(readdirSync(join(data, 'cache'))).toHaveLength(1);
  keyFile('first', KEY);
  // It gets as far as the exchange, and no further.
  const other = new Database(join(data, 'memory.db'));
  other.exec('BEGIN IMMEDIATE');
  const busy = await place.run(['storage', 'rekey', '--new-key-file', 'first']);
  other.exec('ROLLBACK');
  other.close();
  expect(busy.code).toBe(EXIT_CODES.STORE_UNAVAILABLE);
  expect(readdirSync(join(data, 'cache'))).toEqual([]);
});

test('storage rekey leaves the caches where the store does not open, and where nobody agrees [ST-11 CL-01]', async () => {
  const env = keyFile('first', KEY);
  await remember(env);
  const caches = readdirSync(join(data, 'cache'));
  expect(caches).toHaveLength(1);
  const wrong = await place.run(['storage', 'rekey', '--remove', '--yes'], { env: keyFile('second', OTHER_KEY) });
  expect(wrong.code).toBe(EXIT_CODES.STORE_CORRUPT);
  const declined = await place.run(['storage', 'rekey', '--remove'], { env });
  expect(declined.code).toBe(EXIT_CODES.INVALID_INPUT);
  expect(readdirSync(join(data, 'cache'))).toEqual(caches);
});

test('of the folders beside the caches, storage rekey leaves those that hold something else [ST-11 CL-01]', async () => {
  await remember();
  const caches = join(data, 'cache');
  const foreign = ['ab', 'cd', 'ef'].map((byte) => byte.repeat(16));
  const [holding = '', nearly = '', file = ''] = foreign;
  mkdirSync(join(caches, holding, 'photos'), { recursive: true });
  mkdirSync(join(caches, nearly, 'lmdbx'), { recursive: true });
  writeFileSync(join(caches, file), 'a file');
  mkdirSync(join(caches, '01'.repeat(16)));
  mkdirSync(join(caches, '02'.repeat(16), `blocks-${'0'.repeat(16)}`), { recursive: true });
  mkdirSync(join(caches, `${'03'.repeat(16)}.gone-1`, 'lmdb.sound'), { recursive: true });
  await place.json(['storage', 'rekey', '--new-key-file', 'key'], { env: keyFile('key', KEY) });
  expect(readdirSync(caches).sort()).toEqual(foreign);
});

test('storage rekey without a new key, or with two, changes nothing [ST-11 CL-01]', async () => {
  await remember();
  keyFile('first', KEY);
  const both = { env: { MEMORY_NEW_ENCRYPTION_KEY: KEY } };
  for (const [words, options] of [
    [[], {}],
    [['--new-key-file', 'first'], both],
    [['--remove', '--new-key-file', 'first'], {}],
  ] as const) {
    const { code, stderr } = await place.run(['storage', 'rekey', ...words], options);
    expect(code).toBe(EXIT_CODES.INVALID_INPUT);
    expect(stderr).not.toContain(KEY);
  }
  expect((await place.json(['ep', 'list'])).episodes).toHaveLength(1);
});

test('a store that is plain although a key is set says so, and storage rekey gives it that key [ST-11 CL-01]', async () => {
  await remember();
  const env = keyFile('key', KEY);
  const refused = await place.run(['ep', 'list'], { env });
  expect(refused).toMatchObject({ code: EXIT_CODES.STORE_FAILED, stdout: '' });
  expect(refused.stderr).toMatch(/not encrypted, and a key is given: .*"memory-cli storage rekey"/u);
  await place.json(['storage', 'rekey'], { env });
  expect((await place.json(['ep', 'list'], { env })).episodes).toHaveLength(1);
});

test('old copies are named by storage rekey, kept without --delete-old-copies, and told by --dry-run [ST-11 ST-12 CL-01]', async () => {
  await remember();
  const { path: backup } = await place.json(['backup', 'create']);
  const env = keyFile('key', KEY);
  const plan = await place.json(['storage', 'rekey', '--dry-run'], { env });
  expect(plan).toMatchObject({ dry_run: true, was_encrypted: false, encrypted: true, old_copies: [backup] });
  expect((await place.json(['ep', 'list'])).episodes).toHaveLength(1);
  expect((await place.json(['storage', 'rekey'], { env })).old_copies).toEqual([backup]);
  expect(existsSync(backup)).toBe(true);
  const again = await place.json(['storage', 'rekey', '--delete-old-copies', '--yes'], { env });
  expect(again).toMatchObject({ old_copies: [], deleted_copies: [backup] });
  expect(filesWith(WORD)).toEqual([]);
});

test('a backup with an older key is verified and restored with --key-file [ST-11 ST-12 CL-01]', async () => {
  const [old, env] = [keyFile('old', KEY), keyFile('new', OTHER_KEY)];
  await remember(old);
  const { path: backup } = await place.json(['backup', 'create'], { env: old });
  await place.json(['storage', 'rekey', '--new-key-file', 'new'], { env: old });
  const unread = await place.run(['backup', 'verify', backup], { env });
  expect(unread.code).toBe(EXIT_CODES.STORE_CORRUPT);
  expect(unread.stdout).toMatch(/encrypted with another key/u);
  expect(unread.stdout).toContain('--key-file');
  expect((await place.run(['backup', 'restore', backup, '--force', '--yes'], { env })).stderr).toContain('--key-file');
  expect((await place.run(['backup', 'list'], { env })).stdout).toMatch(/ another key +yes +\S*backups/u);
  const damaged = backup.replace(/[^/]*$/u, 'damaged.db');
  writeFileSync(damaged, 'no database '.repeat(1_000));
  expect((await place.run(['backup', 'list'], { env })).stdout).toMatch(/ unreadable +\S*damaged\.db/u);
  const words = [backup, '--key-file', 'old'];
  expect(await place.json(['backup', 'verify', ...words], { env })).toMatchObject({ ok: true, encrypted: true });
  const restored = await place.run(['backup', 'restore', ...words, '--force', '--yes'], { env });
  expect(restored.stdout).toContain('encrypted with the key that is set, and no longer opens with the one in old.');
  expect((await place.json(['ep', 'list'], { env })).episodes).toHaveLength(1);
  expect(filesWith(WORD)).toEqual([]);
});

test('storage rekey says what to set only where that is not set already [ST-11 CL-01]', async () => {
  await remember();
  const rekey = async (words: readonly string[], env = {}): Promise<string> =>
    (await place.run(['storage', 'rekey', ...words], { env })).stdout;
  expect(await rekey(['--remove'])).toContain('nothing has to be changed');
  const [first] = [keyFile('first', KEY), keyFile('second', OTHER_KEY)];
  expect(await rekey([], first)).toContain('the key that is set here');
  expect(await rekey([], first)).toContain('nothing has to be changed');
  const second = join(place.work, 'second');
  expect(await rekey(['--new-key-file', 'second'], first)).toContain(`MEMORY_ENCRYPTION_KEY_FILE to ${second},`);
  const late = await place.run(['storage', 'rekey'], { env: first });
  expect(late.stderr).toMatch(/Cannot read .*give its key \(MEMORY_ENCRYPTION_KEY_FILE/u);
  const env = { MEMORY_ENCRYPTION_KEY_FILE: second };
  expect(await rekey(['--remove', '--yes'], env)).toContain('Take the key out of the settings');
});
