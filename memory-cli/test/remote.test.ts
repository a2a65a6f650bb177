import { chmodSync, existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { EXIT_CODES } from '@episodica/memory-core';
import { type LibsqlServer, startLibsqlServer } from '@episodica/test-utils';
import { beforeEach, expect, onTestFinished, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

const TOKEN = 'token-that-nobody-may-see';
let place: Place;
beforeEach(() => {
  place = aPlace();
  onTestFinished(() => place.remove());
});

async function aServer(options: { readonly token?: string } = {}): Promise<LibsqlServer> {
  const server = await startLibsqlServer({ path: join(place.work, 'host.db'), ...options });
  onTestFinished(() => server.close());
  return server;
}

/** Everything in the user's home, as paths. */
function filesAtHome(): readonly string[] {
  const entries = readdirSync(place.home, { recursive: true, withFileTypes: true });
  return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

const ENDED = { code: 0 } as const;

test('an episode lives its whole life in a database on a host, and no database is made here [ST-03]', async () => {
  const server = await aServer({ token: TOKEN });
  const env = { DATABASE_URL: server.url, TURSO_AUTH_TOKEN: TOKEN };
  const run = (...words: string[]) => place.json(words, { env });
  const { episode_id: id } = await run('ep', 'create', 'make the importer read umlauts', '--type', 'debugging');
  await run('ep', 'step', id, '--tool', 'bash', '--action', 'run it', '--result', 'error', '--message', 'bad byte');
  await run('ep', 'complete', id, '--outcome', 'success', '--verdict', 'umlauts are read');
  expect(await run('ep', 'view', id)).toMatchObject({ status: 'completed', outcome: { kind: 'success' } });
  expect((await run('ep', 'search', 'importer umlauts')).episodes).toMatchObject([{ episode_id: id }]);
  expect((await run('ep', 'list')).episodes).toMatchObject([{ episode_id: id }]);
  expect(await run('ep', 'tag', id, 'encoding')).toMatchObject({ tags: ['encoding'] });
  expect(await run('pattern', 'list')).toBeDefined();
  expect(await run('storage', 'stats')).toMatchObject({ reach: 'network', counts: { episode: 1, step: 1 } });
  const exported = await place.run(['ep', 'export'], { env });
  expect(exported).toMatchObject({ code: 0, stdout: expect.stringContaining('umlauts') });
  expect(await run('ep', 'forget', id, '--yes')).toMatchObject({ episodes: 1 });
  expect((await run('ep', 'list')).episodes).toEqual([]);
  expect(filesAtHome().filter((path) => /\.db(?:-wal|-shm)?$/u.test(path))).toEqual([]);
});

test('health tells the host without its token, and that it is away [ST-03]', async () => {
  const server = await aServer({ token: TOKEN });
  const env = { TURSO_DATABASE_URL: `ws://127.0.0.1:${server.port}?authToken=${TOKEN}` };
  for (const words of [
    ['health', 'check'],
    ['storage', 'health'],
  ]) {
    const well = await place.run(words, { env });
    expect(well).toMatchObject(ENDED);
    expect(well.stdout).toContain(`127.0.0.1:${server.port}`);
    expect(well.stdout + well.stderr).not.toContain(TOKEN);
  }
  await server.stop();
  for (const words of [
    ['health', 'check'],
    ['storage', 'health'],
  ]) {
    const away = await place.run(words, { env });
    expect(away.code).toBe(EXIT_CODES.STORE_UNAVAILABLE);
    expect(away.stdout).toMatch(/down +STORE_UNAVAILABLE: [^\n]*127\.0\.0\.1/u);
    expect(away.stdout + away.stderr).not.toContain(TOKEN);
  }
});

test.each([
  ['no token', {}],
  ['another token', { TURSO_AUTH_TOKEN: 'another' }],
])('%s is one clear line that names TURSO_AUTH_TOKEN [ST-03]', async (_, more) => {
  const server = await aServer({ token: TOKEN });
  const refused = await place.run(['ep', 'list'], { env: { DATABASE_URL: server.url, ...more } });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/^[A-Z_]+: [^\n]*TURSO_AUTH_TOKEN[^\n]*\n$/u);
  expect(refused.stderr).not.toContain('another');
});

test.each([
  [{ DATABASE_URL: 'postgres://h/x?authToken=hidden' }, 'postgres:'],
  [{ DATABASE_URL: 'http://h', TURSO_DATABASE_URL: 'http://g' }, 'Unset one'],
  [{ DATABASE_URL: 'http://h', TURSO_SYNC_URL: 'http://g' }, 'both name a host'],
  [{ DATABASE_URL: 'http://h?authToken=hidden', TURSO_AUTH_TOKEN: 'other' }, 'two tokens'],
  [{ DATABASE_URL: 'http://h?authtoken=hidden' }, 'DATABASE_URL (environment) (h) says more than'],
  [{ TURSO_SYNC_URL: 'http://h#hidden' }, 'TURSO_SYNC_URL (environment) (h) says more than'],
  [{ TURSO_SYNC_URL: 'file:///x' }, 'TURSO_SYNC_URL is a file'],
  [{ MEMORY_ENCRYPTION_KEY: 'hidden' }, 'openssl rand -hex 32'],
])('settings that cannot hold are one clear line, and nothing is created: %j [CL-02]', async (env, told) => {
  const refused = await place.run(['ep', 'create', 'x'], { env });
  expect(refused).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: '' });
  expect(refused.stderr).toMatch(/^INVALID_INPUT: [^\n]*\n$/u);
  expect(refused.stderr).toContain(told);
  expect(refused.stderr).not.toContain('hidden');
  expect(filesAtHome()).toEqual([]);
});

test('what needs a file says so in one line where the store is on a host, and does nothing [ST-03]', async () => {
  const server = await aServer();
  const env = { DATABASE_URL: server.url };
  const { episode_id: id } = await place.json(['ep', 'create', 'x'], { env });
  for (const words of [
    ['backup', 'create'],
    ['backup', 'prune', '--keep', '1'],
    ['storage', 'vacuum'],
    ['storage', 'repair'],
    ['storage', 'erase-deleted'],
    ['ep', 'forget', '--before', '2100-01-01', '--yes', '--secure'],
  ]) {
    const refused = await place.run(words, { env });
    expect([words, refused.code, refused.stdout]).toEqual([words, EXIT_CODES.NOT_SUPPORTED, '']);
    expect(refused.stderr).toMatch(/^NOT_SUPPORTED: [^\n]*127\.0\.0\.1[^\n]*\n$/u);
  }
  expect(await place.json(['ep', 'view', id], { env })).toMatchObject({ episode_id: id });
});

test('--data-dir means the files in it, whatever host is set; a wrong host is not even looked at [CL-02]', async () => {
  const server = await aServer();
  const folder = join(place.work, 'data');
  for (const env of [
    { DATABASE_URL: server.url },
    { TURSO_SYNC_URL: server.url },
    { DATABASE_URL: 'postgres://h', TURSO_DATABASE_URL: server.url },
  ]) {
    const { path } = await place.json(['--data-dir', folder, 'storage', 'stats'], { env });
    expect(path).toBe(join(folder, 'memory.db'));
  }
  expect(server.roundTrips).toBe(0);
});

test('config show tells of secrets that they are set, in every format, and where URLs lead [ST-11] [CL-02]', async () => {
  const env = {
    DATABASE_URL: `libsql://memory.turso.io?authToken=${TOKEN}`,
    MEMORY_ENCRYPTION_KEY: 'a passphrase of some length',
  };
  for (const format of ['human', 'json', 'yaml']) {
    const { code, stdout, stderr } = await place.run(['--format', format, 'config', 'show'], { env });
    expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
    expect(stdout).toContain('libsql://memory.turso.io');
    expect(stdout).toContain('set, not shown');
    expect(stdout).not.toMatch(/authToken|token-that|passphrase/u);
  }
});

test.each([`?authtoken=${TOKEN}`, `?jwt=${TOKEN}&authToken=x`, `#${TOKEN}`])(
  'config show shows no token that stands elsewhere in a URL, case %# [ST-11] [CL-02]',
  async (end) => {
    for (const name of ['DATABASE_URL', 'TURSO_SYNC_URL']) {
      const refused = await place.run(['config', 'show'], { env: { [name]: `libsql://memory.turso.io${end}` } });
      expect(refused).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: expect.stringContaining('refused') });
      expect(refused.stderr).toContain(name);
      expect(refused.stdout + refused.stderr).not.toContain(TOKEN);
    }
  },
);

test("a project's file may name no host, token or key: it is told, and nothing of it is used [CL-02]", async () => {
  const server = await aServer();
  writeFileSync(
    join(place.work, 'memory-cli.toml'),
    `turso_database_url = "${server.url}"\nturso_auth_token = "${TOKEN}"\nmemory_encryption_key = "${TOKEN}"\n`,
  );
  const { code, stdout, stderr } = await place.run(['--format', 'json', 'ep', 'create', 'x']);
  expect(code).toBe(0);
  expect(server.roundTrips).toBe(0);
  expect(stderr).toContain('may not set turso_database_url');
  expect(stdout + stderr).not.toContain(TOKEN);
});

test('a key in a file encrypts store and cache; a file that others may read is refused before anything is made [ST-11]', async () => {
  const keyFile = join(place.work, 'key');
  writeFileSync(keyFile, `${'5e'.repeat(32)}\n`, { mode: 0o644 });
  const env = { MEMORY_ENCRYPTION_KEY_FILE: keyFile };
  const refused = await place.run(['ep', 'create', 'needleworthy'], { env });
  expect(refused).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: '' });
  expect(refused.stderr).toContain(`chmod 600 ${keyFile}`);
  expect(filesAtHome()).toEqual([]);

  chmodSync(keyFile, 0o600);
  const { episode_id: id } = await place.json(['ep', 'create', 'needleworthy work'], { env });
  for (let round = 0; round < 2; round += 1) await place.json(['ep', 'view', id], { env });
  expect((await place.json(['ep', 'search', 'needleworthy'], { env })).episodes).toMatchObject([{ episode_id: id }]);
  expect(await place.json(['storage', 'stats'], { env })).toMatchObject({ encryption: 'encrypted' });
  const files = filesAtHome();
  expect(files.some((path) => path.includes('/cache/'))).toBe(true);
  for (const path of files) expect([path, readFileSync(path).includes('needleworthy')]).toEqual([path, false]);
  const without = await place.run(['ep', 'view', id]);
  expect(without.code).not.toBe(0);
  expect(without.stderr).toMatch(/^[A-Z_]+: [^\n]*encrypt[^\n]*\n$/u);
});

test('with a key the cache of a database on a host is encrypted too [ST-11]', async () => {
  const server = await aServer();
  const env = { DATABASE_URL: server.url, MEMORY_ENCRYPTION_KEY: 'a passphrase of some length' };
  const { episode_id: id } = await place.json(['ep', 'create', 'needleworthy work'], { env });
  for (let round = 0; round < 2; round += 1) await place.json(['ep', 'view', id], { env });
  const cached = filesAtHome().filter((path) => path.includes('/cache/'));
  expect(cached.length).toBeGreaterThan(0);
  for (const path of cached) expect([path, readFileSync(path).includes('needleworthy')]).toEqual([path, false]);
});

test('a replica is told by health and stats, with the host that it follows [ST-03]', async () => {
  const server = await aServer({ token: TOKEN });
  const env = { TURSO_SYNC_URL: server.url, TURSO_AUTH_TOKEN: TOKEN };
  const { episode_id: id } = await place.json(['ep', 'create', 'needleworthy work'], { env });
  const stats = await place.json(['storage', 'stats'], { env });
  expect(stats).toMatchObject({ reach: 'file', path: expect.stringMatching(/replica\.db$/u) });
  expect(stats.replica).toEqual({ primary: server.url, synced_at: expect.stringMatching(/^\d{4}-/u) });
  const health = await place.run(['health', 'check'], { env });
  expect(health.stdout).toMatch(new RegExp(`replica +ok +follows ${server.url}, synced`, 'u'));
  await server.stop();
  expect(await place.json(['ep', 'view', id], { env })).toMatchObject({ episode_id: id });
  const away = await place.run(['health', 'check'], { env });
  expect(away.stdout).toMatch(/replica +(?:ok|degraded) +follows/u);
  expect(away.stdout).toMatch(/store +ok/u);
  const restored = await place.run(['backup', 'restore', join(place.work, 'absent.db')], { env });
  expect(restored).toMatchObject({ code: EXIT_CODES.NOT_SUPPORTED, stdout: '' });
  expect(restored.stderr).toContain('replica');
});

test('a host that speaks something else is one clear line [ST-03]', async () => {
  const other = createServer((socket) => socket.end('SSH-2.0-OpenSSH_9.9\r\n'));
  other.listen(0, '127.0.0.1');
  onTestFinished(() => void other.close());
  await new Promise((resolve) => other.once('listening', resolve));
  const address = other.address();
  const port = typeof address === 'object' ? address?.port : 0;
  const refused = await place.run(['ep', 'list'], { env: { DATABASE_URL: `http://127.0.0.1:${port}` } });
  expect(refused.code).not.toBe(0);
  expect(refused.stderr).toMatch(/^STORE_[A-Z]+: [^\n]*127\.0\.0\.1[^\n]*\n$/u);
  expect(existsSync(join(place.home, '.local', 'share', 'episodica', 'memory.db'))).toBe(false);
});
