import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { startServer, temporaryFolder } from './client.ts';

const MINE = 'memory.episodes().then((found) => found.map((episode) => episode.project))';

test('the project is what the nearest memory-cli.toml up to the git root says [MC-01]', async () => {
  const folder = temporaryFolder();
  mkdirSync(join(folder, '.git'));
  writeFileSync(join(folder, 'memory-cli.toml'), 'memory_project = "from/file"\n');
  const server = await startServer(folder, { MEMORY_PROJECT: '' });
  await server.call('create_episode', { task_description: 'x' });
  expect((await server.call('execute_code', { code: MINE })).structured.result).toEqual(['from/file']);
});

test('without any setting the project is the working folder [MC-01]', async () => {
  const folder = temporaryFolder();
  const server = await startServer(folder, { MEMORY_PROJECT: '' });
  await server.call('create_episode', { task_description: 'x' });
  expect((await server.call('execute_code', { code: MINE })).structured.result).toEqual([folder]);
});

test('a settings file that cannot be read is named to who calls [MC-02]', async () => {
  const folder = temporaryFolder();
  writeFileSync(join(folder, 'memory-cli.toml'), 'memory_project = \n');
  const result = await (await startServer(folder)).call('create_episode', { task_description: 'x' });
  expect(result).toMatchObject({ isError: true, text: expect.stringMatching(/^INVALID_INPUT: .*memory-cli\.toml/u) });
});

test('the log goes into a file that only its user can read [MC-03]', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'logs', 'server.log');
  const server = await startServer(folder, { MEMORY_LOG_FILE: path });
  await server.call('create_episode', { task_description: 'x' });
  expect(statSync(path).mode & 0o777).toBe(0o600);
  expect(statSync(join(folder, 'logs')).mode & 0o777).toBe(0o700);
});

test('a replica beside which a memory begins is warned of in the log [CL-02]', async () => {
  const folder = temporaryFolder();
  const path = join(folder, 'server.log');
  writeFileSync(join(folder, 'replica.db'), '');
  const server = await startServer(folder, { MEMORY_LOG_FILE: path });
  await server.call('create_episode', { task_description: 'x' });
  expect(readFileSync(path, 'utf8').match(/replica\.db lies here and TURSO_SYNC_URL is not set/gu)).toHaveLength(1);
});

test('whoever prints behind the guard prints to standard error [MC-03]', () => {
  const guard = fileURLToPath(new URL('../dist/stdout-guard.js', import.meta.url));
  const script = `
    const { writeToStdout } = await import(${JSON.stringify(guard)});
    console.log('a');
    process.stdout.write('b');
    writeToStdout('protocol');`;
  const printed = execFileSync(process.execPath, ['--input-type=module', '-e', script], {
    encoding: 'utf8',
    stdio: 'pipe',
  });
  expect(printed).toBe('protocol');
});
