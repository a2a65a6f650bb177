// The server with which remote databases are tested, seen through the client as it is.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type LibsqlServer,
  type LibsqlServerOptions,
  plannedFaults,
  startLibsqlServer,
  startLibsqlServerProcess,
  WIRE_FAULTS,
  type WireFault,
} from '@episodica/test-utils';
import { type Client, createClient } from '@libsql/client';
import { afterAll, describe, expect, onTestFinished, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'episodica-libsql-'));
let count = 0;

afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** What is done all the same; over a network nobody can tell. */
const DONE: readonly WireFault[] = ['none', 'reset', 'truncate', 'lost', 'late', 'drip'];
/** What an impatient client would wait for. */
const ENDLESS: readonly WireFault[] = ['hang', 'drip'];

describe.each(['http', 'ws'])('a libSQL server for tests over %s', (scheme) => {
  async function started(options: Partial<LibsqlServerOptions> = {}): Promise<LibsqlServer> {
    count += 1;
    const server = await startLibsqlServer({ path: join(folder, `${count}.db`), ...options });
    onTestFinished(() => server.close());
    const client = clientOf(server, options.token);
    await client.execute('CREATE TABLE IF NOT EXISTS note (text TEXT)');
    return server;
  }

  function clientOf(server: LibsqlServer, authToken?: string): Client {
    const url = server.url.replace('http', scheme);
    const client = createClient(authToken === undefined ? { url } : { url, authToken });
    onTestFinished(() => client.close());
    return client;
  }

  const write = (client: Client, text: string): Promise<unknown> =>
    client.batch([{ sql: 'INSERT INTO note VALUES (?)', args: [text] }, 'SELECT count(*) FROM note'], 'write');

  async function notesOf(client: Client): Promise<readonly unknown[]> {
    return (await client.execute('SELECT text FROM note ORDER BY rowid')).rows.map(({ text }) => text);
  }

  test.each(WIRE_FAULTS.filter((fault) => !ENDLESS.includes(fault)))(
    'with the fault "%s" a batch is done or not as is said, and the next one is answered [ST-03]',
    async (fault) => {
      const server = await started();
      const roundTrips = server.roundTrips;
      server.faults = (question) => (question === 1 ? fault : 'none');
      const client = clientOf(server);
      const answer = write(client, 'first').then(() => 'answered', String);
      if (fault === 'none' || fault === 'late') expect(await answer).toBe('answered');
      else
        expect(await answer).toMatch(
          /fetch failed|terminated|WebSocket|JSON|status \d|Unauthorized|Too many|Internal|Service/u,
        );
      expect(server.roundTrips).toBe(roundTrips + 1);

      const next = clientOf(server);
      expect(await notesOf(next)).toEqual(DONE.includes(fault) ? ['first'] : []);
      await write(next, 'second');
      expect(server.roundTrips).toBe(roundTrips + 3);
    },
  );

  test.each(ENDLESS)('with the fault "%s" a batch is not answered until the server goes [ST-03]', async (fault) => {
    const server = await started();
    const isAsked = new Promise<void>((resolve) => {
      server.faults = (question) => {
        if (question > 1) return 'none';
        resolve();
        return fault;
      };
    });
    let isAnswered = false;
    const answer = write(clientOf(server), 'first').finally(() => {
      isAnswered = true;
    });
    answer.catch(() => undefined);
    await isAsked;
    const watcher = clientOf(server);
    await expect.poll(() => notesOf(watcher)).toEqual(DONE.includes(fault) ? ['first'] : []);
    expect(isAnswered).toBe(false);
    await server.stop();
    await expect(answer).rejects.toThrow();
  });

  test('a server that is stopped is not there, and on the same port again when it is started [ST-03]', async () => {
    const server = await started();
    const client = clientOf(server);
    await write(client, 'first');
    await server.stop();
    await expect(write(clientOf(server), 'second')).rejects.toThrow();
    await server.start();
    expect(await notesOf(clientOf(server))).toEqual(['first']);
  });

  test('a client without the token is turned away [ST-03]', async () => {
    const server = await started({ token: 'secret' });
    await expect(write(clientOf(server, 'another'), 'first')).rejects.toThrow(/401|Unauthorized/u);
    await expect(write(clientOf(server), 'first')).rejects.toThrow(/401|Unauthorized/u);
    expect(await notesOf(clientOf(server, 'secret'))).toEqual([]);
  });

  test('a transaction whose answer is lost is undone, and holds up nobody [ST-03]', async () => {
    const server = await started();
    const client = clientOf(server);
    const transaction = await client.transaction('write');
    server.faults = (question) => (question === 1 ? 'lost' : 'none');
    await expect(transaction.execute("INSERT INTO note VALUES ('never')")).rejects.toThrow();
    const next = clientOf(server);
    await write(next, 'first');
    expect(await notesOf(next)).toEqual(['first']);
  });

  test('what was written outlives the server [ST-03]', async () => {
    const path = join(folder, `lasting-${scheme}.db`);
    const server = await started({ path });
    await write(clientOf(server), 'first');
    await server.close();
    expect(await notesOf(clientOf(await started({ path })))).toEqual(['first']);
  });
});

test('a server in a process of its own is killed and started again where it was, and has what was written [ST-03]', async () => {
  const plan = { share: 1, kinds: ['503'], seed: 1 } as const;
  const server = await startLibsqlServerProcess({ path: join(folder, 'process.db'), token: 'secret', plan });
  onTestFinished(() => server.close());
  const client = createClient({ url: server.url, authToken: 'secret' });
  onTestFinished(() => client.close());
  await expect(client.execute('CREATE TABLE note (text TEXT)')).rejects.toThrow('Service unavailable');
  await server.setFaults();
  await client.execute('CREATE TABLE note (text TEXT)');
  await client.execute("INSERT INTO note VALUES ('first')");
  expect(await server.roundTrips()).toBe(3);
  await server.kill();
  await expect(client.execute('SELECT text FROM note')).rejects.toThrow();
  await server.start();
  expect((await client.execute('SELECT text FROM note')).rows).toMatchObject([{ text: 'first' }]);
});

test('a plan of faults is the same every time, and has the share that was asked for [ST-03]', () => {
  const questions = Array.from({ length: 10_000 }, (_, index) => index + 1);
  const faults = questions.map(plannedFaults({ share: 0.1, kinds: ['reset', 'lost'], seed: 7 }));
  expect(questions.map(plannedFaults({ share: 0.1, kinds: ['reset', 'lost'], seed: 7 }))).toEqual(faults);
  expect(questions.map(plannedFaults({ share: 0.1, kinds: ['reset', 'lost'], seed: 8 }))).not.toEqual(faults);
  for (const kind of ['reset', 'lost']) {
    const share = faults.filter((fault) => fault === kind).length;
    expect(share).toBeGreaterThan(400);
    expect(share).toBeLessThan(600);
  }
});
