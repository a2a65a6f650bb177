// The program on a file that follows a database.
import { join } from 'node:path';
import { type LibsqlServer, startLibsqlServer } from '@episodica/test-utils';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { aPlace, type Place } from './program.ts';

let here: Place;
let there: Place;
let server: LibsqlServer;
let env: Readonly<Record<string, string>>;

beforeEach(async () => {
  here = aPlace();
  there = aPlace();
  server = await startLibsqlServer({ path: join(here.home, 'primary.db'), token: 'open-sesame' });
  env = { TURSO_SYNC_URL: server.url, TURSO_AUTH_TOKEN: 'open-sesame' };
});

afterEach(async () => {
  await server.close();
  here.remove();
  there.remove();
});

const CREATE = ['episode', 'create', 'Make the lexer accept tabs'];

test('sync tells what came from the database, and stats and health where that is [CL-01 ST-03]', async () => {
  await here.json(['storage', 'sync'], { env });
  // Without vectors, which are changes of their own.
  await there.json(CREATE, { env: { ...env, EMBEDDING_PROVIDER: 'none' } });
  expect(await here.json(['storage', 'sync'], { env })).toMatchObject({
    changes: 1,
    journal_seq: 1,
    primary: server.url,
  });
  const { stdout } = await here.run(['storage', 'sync'], { env });
  expect(stdout).toContain(`has all that ${server.url} has`);
  const stats = await here.json(['storage', 'stats'], { env });
  expect(stats).toMatchObject({ reach: 'file', journal_seq: 1, replica: { primary: server.url } });
  const { components } = await here.json(['storage', 'health'], { env });
  expect(components).toContainEqual({
    name: 'replica',
    status: 'ok',
    basis: 'measured',
    detail: expect.stringContaining(server.url),
  });
});

test('while the database is away, what is there is listed, and sync and create end as what may be tried again [CL-01 ST-03]', async () => {
  await here.json(CREATE, { env });
  await server.stop();
  const listed = await here.json(['episode', 'list'], { env });
  expect(JSON.stringify(listed)).toContain('Make the lexer accept tabs');
  for (const words of [['storage', 'sync'], CREATE]) {
    const { code, stderr } = await here.run(words, { env });
    expect([words, code]).toEqual([words, 75]);
    expect(stderr).toContain(server.url);
    expect(stderr).not.toContain('open-sesame');
  }
});

test('health asks the database: one that is away degrades a replica at once [CL-01 ST-03]', async () => {
  await here.json(CREATE, { env });
  await server.stop();
  const { stdout } = await here.run(['storage', 'health', '--format', 'json'], { env });
  const { status, components } = JSON.parse(stdout);
  expect(status).toBe('degraded');
  for (const name of ['replica', 'write']) {
    expect(components).toContainEqual(
      expect.objectContaining({
        name,
        status: 'degraded',
        detail: expect.stringContaining('refuses connections'),
        advice: expect.any(String),
      }),
    );
  }
});

test('forgetting through a replica takes what another machine has written meanwhile, and is refused while it cannot know [EP-06]', async () => {
  await here.json([...CREATE, '--project', 'shop'], { env });
  await there.json([...CREATE, '--project', 'shop'], { env });
  const forget = ['episode', 'forget', '--project', 'shop', '--yes'];
  await server.stop();
  expect((await here.run(forget, { env })).code).toBe(75);
  await server.start();
  expect(await here.json(forget, { env })).toMatchObject({ episodes: 2 });
});

test('what keeps a replica from its database is told once, as the error of the command that needs it [CL-01 ST-03]', async () => {
  await here.json(CREATE, { env });
  await server.stop();
  for (const words of [['storage', 'sync'], CREATE]) {
    const { stderr } = await here.run(words, { env });
    expect([words, stderr.match(/refuses connections/gu)]).toEqual([words, ['refuses connections']]);
  }
});

test('a replica that lies where a memory begins is warned of, once [CL-02]', async () => {
  await here.json(CREATE, { env });
  const first = await here.run(['episode', 'list']);
  expect(first.stderr).toMatch(
    /^warning: \S*replica\.db lies here and TURSO_SYNC_URL is not set; [^\n]*\nwarning: there is no memory yet at [^\n]*\n$/u,
  );
  await here.json(CREATE);
  expect((await here.run(['episode', 'list'])).stderr).toBe('');
});

test('sync is refused where there is nothing to synchronise with [CL-01]', async () => {
  const file = await here.run(['storage', 'sync']);
  expect([file.code, file.stderr]).toEqual([6, expect.stringContaining('TURSO_SYNC_URL')]);
  const host = await here.run(['storage', 'sync'], {
    env: { DATABASE_URL: server.url, TURSO_AUTH_TOKEN: 'open-sesame' },
  });
  expect([host.code, host.stderr]).toEqual([6, expect.stringContaining('each read goes there')]);
});
