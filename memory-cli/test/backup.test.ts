// Backups and the care of the store, from the terminal.
import { mkdirSync, readdirSync, readFileSync, truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { EXIT_CODES } from '@episodica/memory-core';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

let place: Place;
let data: string;
beforeEach(() => {
  place = aPlace();
  data = join(place.home, '.local', 'share', 'episodica');
});
afterEach(() => place.remove());

/** Begins and completes an episode; answers its id. */
async function remember(description: string): Promise<string> {
  const { episode_id: id } = await place.json(['ep', 'create', description]);
  await place.json(['ep', 'step', id, '--tool', 'bash', '--action', 'npm test', '--result', 'success']);
  await place.json(['ep', 'complete', id, '--outcome', 'success']);
  return id;
}

const exported = async (): Promise<string> => (await place.run(['ep', 'export'])).stdout;
const databaseNames = (): readonly string[] => readdirSync(data).filter((name) => !/-(?:wal|shm)$|^cache$/u.test(name));

test('what is backed up is restored with --force and --yes, and exports the same text [ST-12 CL-01]', async () => {
  await remember('The first task');
  const before = await exported();
  const made = await place.json(['backup', 'create']);
  expect(made).toMatchObject({ verified: true, counts: { episode: 1, step: 1 }, took_ms: expect.any(Number) });
  expect(made.path).toMatch(/backups\/memory-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.db$/u);
  await remember('A later task');
  const later = await exported();
  const refused = await place.run(['backup', 'restore', made.path]);
  expect(refused).toMatchObject({ code: EXIT_CODES.INVALID_STATE, stdout: '' });
  expect(refused.stderr).toMatch(/^INVALID_STATE: .* holds 2 episodes; nothing was restored\. With --force .*\n$/u);
  const unasked = await place.run(['backup', 'restore', made.path, '--force']);
  expect(unasked).toMatchObject({ code: EXIT_CODES.INVALID_INPUT, stdout: '' });
  expect(unasked.stderr).toMatch(/^INVALID_INPUT: --yes: /u);
  expect(await exported()).toBe(later);
  const restored = await place.json(['backup', 'restore', made.path, '--force', '--yes']);
  expect(restored).toMatchObject({ path: join(data, 'memory.db'), counts: { episode: 1 }, forgotten_again: 0 });
  expect(await exported()).toBe(before);
  expect(await place.json(['backup', 'verify', restored.replaced])).toMatchObject({ ok: true, counts: { episode: 2 } });
  expect(await place.json(['storage', 'verify'])).toEqual({ ok: true, findings: [] });
});

test('restoring needs no flag where there is no data, and --dry-run only looks [ST-12 CL-01]', async () => {
  await remember('The first task');
  const before = await exported();
  const file = join(place.work, 'kept.db');
  await place.json(['backup', 'create', 'kept.db']);
  expect(await place.json(['backup', 'restore', file, '--dry-run'])).toMatchObject({
    place: 'in use',
    needs_force: true,
  });
  const env = { MEMORY_DATA_DIR: join(place.work, 'elsewhere') };
  const looked = await place.json(['backup', 'restore', 'kept.db', '--dry-run'], { env });
  expect(looked).toMatchObject({ dry_run: true, place: 'missing', needs_force: false, episodes: 1 });
  expect(readdirSync(place.work)).toEqual(['kept.db']);
  expect((await place.json(['backup', 'restore', 'kept.db'], { env })).replaced).toBe(null);
  expect((await place.run(['ep', 'export'], { env })).stdout).toBe(before);
});

test('a file that is there, and a backup that is not whole, are refused with an exit code [ST-12 CL-01]', async () => {
  await remember('The first task');
  const file = join(place.work, 'kept.db');
  await place.json(['backup', 'create', file]);
  const bytes = readFileSync(file);
  expect((await place.run(['backup', 'create', file])).code).toBe(EXIT_CODES.INVALID_INPUT);
  expect(readFileSync(file).equals(bytes)).toBe(true);
  expect((await place.run(['backup', 'verify', file])).stdout).toMatch(/is whole\.\nIt holds 1 episode with 1 step,/u);
  truncateSync(file, 8_192);
  const broken = await place.run(['--format', 'json', 'backup', 'verify', file]);
  expect(broken.code).toBe(EXIT_CODES.STORE_CORRUPT);
  expect(JSON.parse(broken.stdout)).toMatchObject({ ok: false, findings: [expect.any(String)] });
  const before = databaseNames();
  const refused = await place.run(['backup', 'restore', file, '--force', '--yes']);
  expect(refused.code).toBe(EXIT_CODES.STORE_CORRUPT);
  expect(refused.stderr).toMatch(/^STORE_CORRUPT: [^\n]*\n$/u);
  expect(databaseNames()).toEqual(before);
  expect((await place.run(['backup', 'verify', 'nowhere.db'])).code).toBe(EXIT_CODES.NOT_FOUND);
  expect((await place.run(['backup', 'restore', 'nowhere.db'])).code).toBe(EXIT_CODES.NOT_FOUND);
});

test('a damaged store is replaced by a backup and kept aside [ST-12 CL-01]', async () => {
  await remember('The first task');
  const before = await exported();
  const { path } = await place.json(['bak', 'create']);
  writeFileSync(join(data, 'memory.db'), 'damaged '.repeat(1_000));
  expect((await place.run(['backup', 'restore', path])).code).toBe(EXIT_CODES.INVALID_STATE);
  const restored = await place.json(['backup', 'restore', path, '--force', '--yes']);
  expect(restored).toMatchObject({ forgotten_again: 'unknown', replaced: expect.stringMatching(/\.damaged-/u) });
  expect(readFileSync(restored.replaced, 'utf8')).toBe('damaged '.repeat(1_000));
  expect(await exported()).toBe(before);
});

test('backups are listed, and pruned only as told and when agreed to [ST-12 CL-01]', async () => {
  expect(await place.json(['backup', 'list'])).toEqual({ backups: [] });
  await remember('The first task');
  for (let count = 0; count < 3; count += 1) await place.json(['backup', 'create']);
  const { backups } = await place.json(['backup', 'list']);
  expect(backups).toHaveLength(3);
  expect(backups[0]).toMatchObject({ episodes: 1, verified_when_made: true, size_bytes: expect.any(Number) });
  expect((await place.run(['backup', 'list'])).stdout).toContain(backups[0].path);
  expect((await place.run(['backup', 'prune'])).code).toBe(EXIT_CODES.INVALID_INPUT);
  expect((await place.run(['backup', 'prune', '--keep', '1'])).code).toBe(EXIT_CODES.INVALID_INPUT);
  const would = await place.json(['backup', 'prune', '--keep', '1', '--dry-run']);
  expect(would).toMatchObject({ dry_run: true, deleted: [backups[1].path, backups[2].path], kept: 1 });
  expect((await place.json(['backup', 'list'])).backups).toHaveLength(3);
  await place.json(['backup', 'prune', '--keep', '1', '--yes']);
  expect((await place.json(['backup', 'list'])).backups).toEqual([backups[0]]);
  expect(await place.json(['backup', 'prune', '--keep', '0', '--yes'])).toMatchObject({ deleted: [], kept: 1 });
});

test('backups that do not open with the key at hand are spared by prune, and named [ST-11 ST-12 CL-01]', async () => {
  await remember('The first task');
  await place.json(['backup', 'create']);
  const locked = join(data, 'backups', 'memory-2025-01-01T00-00-00.000Z.db');
  writeFileSync(locked, 'no page that opens '.repeat(1_000));
  const words = ['backup', 'prune', '--keep', '0', '--yes'];
  expect(await place.json(words)).toMatchObject({ deleted: [], locked: [locked], kept: 2 });
  expect((await place.run(words)).stdout).toMatch(/Set their key.*\n\s+.*memory-2025/u);
  expect(readFileSync(locked, 'utf8')).toContain('no page');
});

test('the store is looked after: figures, free pages, health, migration, and no false promise [ST-12 CL-01]', async () => {
  await remember('The first task');
  expect(await place.json(['storage', 'stats'])).toMatchObject({
    log_bytes: expect.any(Number),
    free_bytes: expect.any(Number),
    newest_episode_at: expect.any(String),
  });
  const { size_bytes_before, size_bytes_after } = await place.json(['storage', 'vacuum']);
  expect(size_bytes_after).toBeLessThanOrEqual(size_bytes_before);
  expect(await place.json(['storage', 'vacuum', '--dry-run'])).toMatchObject({ dry_run: true, free_bytes: 0 });
  const health = await place.json(['storage', 'health']);
  expect(health.components.map(({ name }: { name: string }) => name)).toEqual(['read', 'write', 'disk', 'backups']);
  expect(health.status).toBe('ok');
  const { schema } = await place.json(['storage', 'stats']);
  expect(await place.json(['storage', 'migrate'])).toMatchObject({ from: schema, to: schema, changed: false });
  const env = { MEMORY_DATA_DIR: join(place.work, 'elsewhere') };
  expect(await place.json(['storage', 'migrate'], { env })).toMatchObject({ from: 0, to: schema, changed: true });
  const { code, stdout, stderr } = await place.run(['storage', 'sync']);
  expect({ code, stdout }).toEqual({ code: EXIT_CODES.NOT_SUPPORTED, stdout: '' });
  expect(stderr).toMatch(/^NOT_SUPPORTED: [^\n]*\n$/u);
});

test('a store that is busy degrades its health and is vacuumed later; one that is no store is down [ST-12 CL-01]', async () => {
  await remember('The first task');
  const other = new Database(join(data, 'memory.db'));
  other.exec('BEGIN IMMEDIATE');
  const [health, vacuum] = await Promise.all([place.json(['storage', 'health']), place.run(['storage', 'vacuum'])]);
  other.exec('COMMIT');
  other.close();
  expect(health).toMatchObject({ status: 'degraded' });
  expect(health.components[1]).toMatchObject({ name: 'write', status: 'degraded', detail: /STORE_UNAVAILABLE/ });
  expect(vacuum.code).toBe(EXIT_CODES.STORE_UNAVAILABLE);
  const folder = join(place.work, 'bad');
  mkdirSync(folder);
  writeFileSync(join(folder, 'memory.db'), 'no database '.repeat(1_000));
  const down = await place.run(['--data-dir', folder, '--format', 'json', 'storage', 'health']);
  expect(down.code).toBe(EXIT_CODES.STORE_CORRUPT);
  expect(JSON.parse(down.stdout)).toMatchObject({ status: 'down' });
});
