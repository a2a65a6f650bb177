import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { inspect } from 'node:util';
import { isMemoryError, type MemoryError } from '@episodica/memory-core';
import { openTursoStore, type TursoStore, type TursoStoreOptions } from '@episodica/memory-storage-turso';
import {
  anEpisode,
  aPattern,
  aStep,
  type LibsqlServer,
  type LibsqlServerOptions,
  put,
  remove,
  requireOpen,
  startLibsqlServer,
  turns,
  type WireFault,
} from '@episodica/test-utils';
import { LibsqlBatchError } from '@libsql/client';
import Database from 'libsql';
import { afterAll, afterEach, describe, expect, test } from 'vitest';
import { violationOf } from '../src/errors.ts';

const directory = mkdtempSync(join(tmpdir(), 'episodica-remote-'));
afterAll(() => rmSync(directory, { recursive: true }));

const closers: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

let files = 0;
function newPath(): string {
  files += 1;
  return join(directory, `${files}.db`);
}

async function serve(options: Partial<LibsqlServerOptions> = {}): Promise<LibsqlServer & { readonly path: string }> {
  const path = options.path ?? newPath();
  const server = await startLibsqlServer({ ...options, path });
  closers.push(() => server.close());
  return Object.assign(server, { path });
}

async function open(options: TursoStoreOptions): Promise<TursoStore> {
  const store = await openTursoStore(options);
  closers.push(() => store.close());
  return store;
}

/** How long a host is left alone, as the message says. */
function restMsIn(message: string): number {
  const [, seconds] = /the next attempt is made in (\d+) s/u.exec(message) ?? [];
  return Number(seconds) * 1_000;
}

async function failureOf(work: Promise<unknown>): Promise<MemoryError> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!isMemoryError(error)) throw new Error(`expected a MemoryError, and there was ${inspect(error)}`);
  return error;
}

/** Rows by SQL, past the server. */
function rowsIn(path: string, sql: string): readonly unknown[] {
  const database = new Database(path);
  try {
    return database.prepare(sql).all();
  } finally {
    database.close();
  }
}

/** The next questions go like this, and those behind them well. */
function faultsOf(...plan: readonly WireFault[]): (question: number) => WireFault {
  return (question) => plan[question - 1] ?? 'none';
}

for (const scheme of ['http', 'ws']) {
  const urlOf = ({ url }: LibsqlServer): string => url.replace('http', scheme);

  describe(`over ${scheme}`, () => {
    test('a store that is there is opened with one question [ST-03]', async () => {
      const server = await serve();
      const first = await open({ url: urlOf(server) });
      const before = server.roundTrips;
      const second = await open({ url: urlOf(server) });
      expect(server.roundTrips - before).toBe(1);
      expect(second.identity).toBe(first.identity);
    });

    test('many ids, many changes and a large write are one question each [ST-03]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server) });
      const patterns = Array.from({ length: 1_500 }, () => aPattern());
      const before = server.roundTrips;
      await store.write(patterns.map((pattern) => put('pattern', pattern)));
      expect(server.roundTrips - before).toBe(1);
      const ids = patterns.map(({ id }) => id);
      expect((await store.getMany('pattern', ids)).map((pattern) => pattern?.id)).toEqual(ids);
      expect(server.roundTrips - before).toBe(2);
      expect((await store.changes(0, { limit: 1_500 })).entries).toHaveLength(1_500);
      expect(server.roundTrips - before).toBe(3);
    });

    test('the database of another program is refused and left as it was [ST-03] [ST-09]', async () => {
      const path = newPath();
      const database = new Database(path);
      database.exec(
        'CREATE TABLE migration (number INTEGER); INSERT INTO migration VALUES (1); CREATE TABLE other (x)',
      );
      database.close();
      const server = await serve({ path });
      const error = await failureOf(open({ url: urlOf(server) }));
      expect(error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('another program') });
      expect(rowsIn(path, 'SELECT name FROM sqlite_schema')).toEqual([{ name: 'migration' }, { name: 'other' }]);
      expect(rowsIn(path, 'SELECT number FROM migration')).toEqual([{ number: 1 }]);
    });

    test('a newer schema is refused and left as it was [ST-03] [ST-09]', async () => {
      const server = await serve();
      await open({ url: urlOf(server) });
      rowsIn(server.path, "INSERT INTO migration (number, at) VALUES (99, '') RETURNING number");
      const error = await failureOf(open({ url: urlOf(server) }));
      expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false });
      expect(error.message).toMatch(/schema 99 is newer.*Upgrade/u);
    });

    test('a host that does not enforce foreign keys is refused [ST-03]', async () => {
      const server = await serve({ setup: 'PRAGMA foreign_keys = OFF' });
      const error = await failureOf(open({ url: urlOf(server) }));
      expect(error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('foreign keys') });
    });

    test.each<WireFault>(['refuse', 'reset', 'truncate', 'lost', 'hang', 'late', 'drip', '429', '500', '503'])(
      'a write meets %s on its way, is sent again, and lands once [ST-03] [ST-04]',
      async (fault) => {
        const server = await serve();
        const store = await open({ url: urlOf(server), deadlineMs: 4_000 });
        const episode = anEpisode();
        await store.write([put('episode', episode)]);
        server.faults = faultsOf(fault);
        const steps = [aStep({ episodeId: episode.id }), aStep({ episodeId: episode.id })];
        const receipt = await store.write([
          requireOpen(episode.id),
          ...steps.map((step) => put('step', step, { ifVersion: 0 })),
        ]);
        expect(receipt).toEqual({ seq: 3, stepNumbers: [1, 2] });
        expect((await store.changes(0)).entries.map(({ seq, id }) => [seq, id])).toEqual([
          [1, episode.id],
          [2, steps[0]?.id],
          [3, steps[1]?.id],
        ]);
      },
    );

    test('a read is sent again, whatever became of its answer [ST-03]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server), deadlineMs: 4_000 });
      const episode = anEpisode();
      await store.write([put('episode', episode)]);
      server.faults = faultsOf('lost', '503', 'truncate');
      expect(await store.getMany('episode', [episode.id])).toEqual([episode]);
    });

    test('when no answer comes, a write says that it may have been written, and is there once [ST-03]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server), deadlineMs: 500 });
      server.faults = () => 'lost';
      const pattern = aPattern();
      const error = await failureOf(store.write([put('pattern', pattern)]));
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
      expect(error.message).toContain('may have been written');
      expect((await failureOf(store.getMany('pattern', [pattern.id]))).retryable).toBe(true);
      expect(rowsIn(server.path, 'SELECT seq, id FROM journal')).toEqual([{ seq: 1, id: pattern.id }]);
    });

    test('a write that did not reach its host says that it may be repeated, and nothing is written [ST-03]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server), deadlineMs: 2_000 });
      await server.stop();
      // Whoever writes into a connection that is just being cut cannot know.
      await failureOf(store.changes(0));
      const error = await failureOf(store.write([put('pattern', aPattern())]));
      expect(error.message).toMatch(/refuses connections|several times in a row/u);
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      expect(rowsIn(server.path, 'SELECT * FROM journal')).toEqual([]);
    });

    test('what was turned down cannot land later by an attempt that was still on its way [ST-04]', async () => {
      const server = await serve();
      // A first attempt has a quarter of that, which is less than half a second.
      const store = await open({ url: urlOf(server), deadlineMs: 1_600 });
      const episode = anEpisode();
      // The first attempt is done half a second later; the second comes before that, and there is no such episode.
      server.faults = faultsOf('late');
      const refused = await failureOf(store.write([put('step', aStep({ episodeId: episode.id }))]));
      expect(refused.code).toBe('NOT_FOUND');
      await store.write([put('episode', episode)]);
      await sleep(600);
      expect(rowsIn(server.path, 'SELECT id FROM step')).toEqual([]);
      expect((await store.changes(0)).entries.map(({ id }) => id)).toEqual([episode.id]);
    });

    test('no call is later than its deadline, also one that waits for others [ST-03] [ST-10]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server), deadlineMs: 3_000, poolSize: 1 });
      server.faults = () => 'hang';
      const startedMs = performance.now();
      const writing = failureOf(store.write([put('pattern', aPattern())]));
      await turns(2);
      const errors = await Promise.all([
        writing,
        failureOf(store.getMany('pattern', ['one'])),
        failureOf(store.changes(0)),
      ]);
      // Whose time begins with its turn would be answered after six seconds.
      expect(performance.now() - startedMs).toBeLessThan(5_500);
      expect(errors.map(({ code, retryable }) => [code, retryable])).toEqual([
        ['STORE_UNAVAILABLE', false],
        ['STORE_UNAVAILABLE', true],
        ['STORE_UNAVAILABLE', true],
      ]);
    });

    test('no more calls are under way than the pool allows, and one too many in the queue is refused at once [ST-10]', async () => {
      const server = await serve();
      // The three hang for a quarter of that: long enough to look at them, however busy the machine is.
      const store = await open({ url: urlOf(server), deadlineMs: 4_000, poolSize: 3 });
      const before = server.roundTrips;
      const three = new Promise<void>((resolve) => {
        server.faults = (question) => {
          if (question === 3) resolve();
          return question <= 3 ? 'hang' : 'none';
        };
      });
      const calls = Array.from({ length: 1_003 }, () => store.getMany('pattern', ['one']));
      await three;
      await turns(20);
      expect(server.roundTrips - before).toBe(3);
      const refused = await failureOf(store.getMany('pattern', ['one']));
      expect(refused).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      expect(refused.message).toContain('too many calls are waiting');
      expect(server.roundTrips - before).toBe(3);
      const outcomes = await Promise.allSettled(calls);
      expect(outcomes.slice(0, 10)).toEqual(Array(10).fill({ status: 'fulfilled', value: [undefined] }));
    });

    test('after failures in a row nobody asks for a while, and then one finds that the host is back [ST-03]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server), deadlineMs: 4_000 });
      await server.stop();
      await failureOf(store.changes(0));
      const error = await failureOf(store.changes(0));
      expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
      expect(error.message).toContain('could not be reached several times in a row');
      await server.start();
      await sleep(restMsIn(error.message));
      expect((await store.changes(0)).seq).toBe(0);
    });

    test('of many calls at the moment at which the rest is over, one asks [ST-03]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server), deadlineMs: 4_000 });
      await server.stop();
      await failureOf(store.changes(0));
      const { message } = await failureOf(store.changes(0));
      await server.start();
      await sleep(restMsIn(message));
      const before = server.roundTrips;
      server.faults = faultsOf('hang');
      const calls = Array.from({ length: 20 }, () => store.changes(0));
      const ended = Promise.allSettled(calls);
      // Long enough for all of them to come in, and less than the one waits for its answer.
      await sleep(300);
      expect(server.roundTrips - before).toBe(1);
      await ended;
    });

    test('a refused token is said, the token is not, and nobody asks again [ST-03]', async () => {
      const server = await serve({ token: 'right-secret' });
      const error = await failureOf(open({ url: urlOf(server), authToken: 'wrong-secret' }));
      expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false });
      expect(error.message).toMatch(/the token was refused.*Set TURSO_AUTH_TOKEN/u);
      expect(inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true })).not.toContain('wrong-secret');
      expect(server.roundTrips).toBeLessThanOrEqual(1);
      const store = await open({ url: `${urlOf(server)}?authToken=right-secret` });
      expect(store.place).not.toContain('secret');
    });

    test('many writes at once whose token is refused are one question, and each is told [ST-03] [ST-07]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server) });
      server.faults = () => '401';
      const before = server.roundTrips;
      const errors = await Promise.all(
        Array.from({ length: 20 }, () => failureOf(store.write([put('pattern', aPattern())]))),
      );
      for (const error of errors) expect(error.message).toMatch(/the token was refused.*Set TURSO_AUTH_TOKEN/u);
      expect(server.roundTrips - before).toBe(1);
      expect(rowsIn(server.path, 'SELECT seq FROM journal')).toEqual([]);
    });

    test('many writes at once of which it is not known whether they were made are not made again in parts [ST-03] [ST-07]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server) });
      const patterns = Array.from({ length: 20 }, () => aPattern());
      // Done, and not answered; then nobody is let in any more.
      server.faults = (question) => (question === 1 ? 'lost' : '401');
      const before = server.roundTrips;
      const errors = await Promise.all(patterns.map((pattern) => failureOf(store.write([put('pattern', pattern)]))));
      for (const error of errors) expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: false });
      expect(server.roundTrips - before).toBe(2);
      expect(rowsIn(server.path, 'SELECT id FROM journal ORDER BY seq')).toEqual(patterns.map(({ id }) => ({ id })));
    });

    test('closing waits for what is under way, and refuses what comes [ST-10]', async () => {
      const server = await serve({ latencyMs: 50 });
      const store = await openTursoStore({ url: urlOf(server) });
      const pattern = aPattern();
      const writing = store.write([put('pattern', pattern)]);
      await turns(2);
      await store.close();
      expect(await writing).toEqual({ seq: 1, stepNumbers: [] });
      await expect(store.changes(0)).rejects.toMatchObject({ code: 'CLOSED' });
    });

    test('a program that has closed its store ends, also where a call was never answered [ST-10]', async () => {
      const server = await serve();
      const program = `import { openTursoStore } from '@episodica/memory-storage-turso';
        const store = await openTursoStore({ url: process.argv[1], deadlineMs: 2_000 });
        process.send('opened');
        await new Promise((resolve) => process.once('message', resolve));
        process.disconnect();
        await store.getMany('pattern', ['x']).catch(() => undefined);
        await store.close();`;
      const child = fork('-', [], {
        execArgv: ['--input-type=module', '-e', program, urlOf(server)],
        cwd: import.meta.dirname,
      });
      await once(child, 'message');
      server.faults = () => 'hang';
      child.send('go');
      const startedMs = performance.now();
      expect(await once(child, 'exit')).toEqual([0, null]);
      expect(performance.now() - startedMs).toBeLessThan(5_000);
    });

    test('an attempt is given up also where memory was tidied up meanwhile, and its place is free again [ST-03] [ST-10]', async () => {
      const server = await serve();
      const program = `import { openTursoStore } from '@episodica/memory-storage-turso';
        const store = await openTursoStore({ url: process.argv[1], deadlineMs: 2_000, poolSize: 1 });
        process.send('opened');
        await new Promise((resolve) => process.once('message', resolve));
        setInterval(gc, 20).unref();
        await store.getMany('pattern', ['x']).catch(() => process.send('refused'));
        await new Promise((resolve) => process.once('message', resolve));
        process.disconnect();
        const deadlineMs = performance.now() + 10_000;
        const ask = () => store.getMany('pattern', ['x']).catch((error) => (performance.now() < deadlineMs ? ask() : Promise.reject(error)));
        await ask();
        await store.close();`;
      const child = fork('-', [], {
        execArgv: ['--expose-gc', '--input-type=module', '-e', program, urlOf(server)],
        cwd: import.meta.dirname,
      });
      await once(child, 'message');
      server.faults = () => 'hang';
      child.send('go');
      expect((await once(child, 'message'))[0]).toBe('refused');
      server.faults = () => 'none';
      child.send('go');
      expect(await once(child, 'exit')).toEqual([0, null]);
    });

    test('old receipts go, a few with a write, and new ones stay [ST-03]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server) });
      rowsIn(
        server.path,
        `INSERT INTO receipt (key, seq, at) SELECT 'old ' || value, 0, '2020-01-01' FROM generate_series(1, 150) RETURNING key`,
      );
      const countOf = (what: string): unknown => rowsIn(server.path, `SELECT key FROM receipt WHERE ${what}`).length;
      let writes = 0;
      while (countOf("key LIKE 'old %'") !== 0 && writes < 500) {
        await store.write([remove('pattern', 'x')]);
        writes += 1;
      }
      expect(countOf("key LIKE 'old %'")).toBe(0);
      expect(countOf('true')).toBe(writes);
    });

    test('what needs the file is refused with advice; figures, checks and a probe work [ST-10]', async () => {
      const server = await serve();
      const store = await open({ url: urlOf(server) });
      const episode = anEpisode();
      await store.write([put('episode', episode), put('step', aStep({ episodeId: episode.id }))]);
      for (const work of [store.backup('x.db'), store.vacuum(), store.erase(), store.repair()]) {
        expect(await failureOf(work)).toMatchObject({
          code: 'NOT_SUPPORTED',
          message: expect.stringContaining(store.place),
        });
      }
      expect(await store.stats()).toMatchObject({ path: store.place, counts: { episode: 1, step: 1 }, journalSeq: 2 });
      expect((await store.probe()).writeMs).toBeGreaterThan(0);
      expect(await store.verify()).toEqual({ ok: true, findings: [] });
      rowsIn(server.path, "UPDATE step SET number = 7, body = 'x' RETURNING id");
      expect((await store.verify()).findings).toHaveLength(3);
    });
  });
}

const answers: readonly [string, number, Record<string, string>, string, RegExp][] = [
  ['a status 404', 404, {}, 'not here', /no database at this address \(404\)/u],
  ['a status 400', 400, {}, 'what is that, secret-token?', /turned the request down \(400: what is that, …\?\)/u],
  ['a redirection', 302, { location: 'http://127.0.0.1:1/' }, '', /turned the request down \(302\)/u],
  ['a web page', 200, { 'content-type': 'text/html' }, '<html>', /does not speak as a libSQL server/u],
  ['JSON of another kind', 200, { 'content-type': 'application/json' }, '{}', /does not speak as a libSQL server/u],
];

test.each(answers)(
  '%s is told in one sentence, and not asked for again [ST-03]',
  async (_, status, headers, body, sentence) => {
    let questions = 0;
    const server = createServer((_request, response) => {
      questions += 1;
      response.writeHead(status, headers).end(body);
    }).listen(0, '127.0.0.1');
    closers.push(async () => server.close());
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const error = await failureOf(open({ url: `http://127.0.0.1:${port}`, authToken: 'secret-token' }));
    expect(error).toMatchObject({ code: 'STORE_FAILED', retryable: false, message: expect.stringMatching(sentence) });
    expect(error.message).toContain(`http://127.0.0.1:${port}`);
    expect(questions).toBe(1);
  },
);

test.each([
  ['http://127.0.0.1:65500', /refuses connections/u],
  ['ws://127.0.0.1:65500', /refuses connections/u],
  ['libsql://nowhere.invalid', /host was not found/u],
  ['wss://nowhere.invalid', /host was not found/u],
])('a host that cannot be reached is told, and may be tried again: %s [ST-03]', async (url, sentence) => {
  const error = await failureOf(open({ url, deadlineMs: 3_000 }));
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true, message: expect.stringMatching(sentence) });
});

test.each(['https', 'wss'])(
  'a host without a secure connection is told, and not asked again: %s [ST-03]',
  async (scheme) => {
    const server = await serve();
    const error = await failureOf(open({ url: server.url.replace('http', scheme) }));
    expect(error).toMatchObject({ code: 'STORE_FAILED', message: expect.stringContaining('no secure connection') });
    expect(error.message).toContain('for a server without TLS: http:// or ws://');
  },
);

test.each(['SQLITE_CONSTRAINT', 'SQLITE_CONSTRAINT_TRIGGER', 'SQLITE_CONSTRAINT_UNIQUE'])(
  'a violation is known by the code %s, and its words come without those of the server [ST-04]',
  (code) => {
    const error = new LibsqlBatchError(`${code}: SQLite error: guard:NOT_FOUND`, 2, code);
    expect(violationOf(error)).toEqual({ statementIndex: 2, message: 'guard:NOT_FOUND' });
  },
);

test('Retry-After is waited for, within the deadline [ST-03]', async () => {
  const server = await serve({ retryAfterSeconds: 1 });
  const store = await open({ url: server.url, deadlineMs: 4_000 });
  server.faults = faultsOf('429');
  const startedMs = performance.now();
  await store.changes(0);
  expect(performance.now() - startedMs).toBeGreaterThan(990);
  const hasty = await open({ url: server.url, deadlineMs: 900 });
  server.faults = faultsOf('429');
  const error = await failureOf(hasty.changes(0));
  expect(error).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  expect(error.message).toContain('too many requests (429');
});

test('a token that a host repeats is hidden whole, however long it is, written as it is or as in a URL, and another one too [ST-10]', async () => {
  const token = `eyJhbGciOiJFZERTQSJ9.${'a+b/'.repeat(60)}.sig`;
  const other = `eyJ${'z'.repeat(40)}`;
  const server = createServer((request, response) => {
    const sent = request.headers.authorization ?? '';
    response.writeHead(400, { 'content-type': 'text/plain' });
    response.end(`${'x'.repeat(150)} ${sent} ${encodeURIComponent(sent)} ${other}`);
  }).listen(0, '127.0.0.1');
  closers.push(async () => server.close());
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  const error = await failureOf(open({ url: `http://127.0.0.1:${port}`, authToken: token }));
  const shown = inspect(error, { depth: Number.POSITIVE_INFINITY, showHidden: true });
  for (const secret of ['eyJ', 'a+b/', 'a%2Bb', 'zzz']) expect(shown).not.toContain(secret);
});
