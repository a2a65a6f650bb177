// A store that is moved: between files and hosts, while it is written to, broken off and gone on with.
import { existsSync, mkdtempSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Memory, openMemory } from '@episodica/memory-core';
import type { Kind, Write } from '@episodica/memory-core/ports';
import {
  type MoveReceipt,
  moveStore,
  openTursoStore,
  planMove,
  type TursoStore,
} from '@episodica/memory-storage-turso';
import {
  aCluster,
  aModel,
  anEmbedding,
  anEpisode,
  type LibsqlServer,
  put,
  startLibsqlServer,
} from '@episodica/test-utils';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import type { Connection } from '../src/connection.ts';
import { type CopyStoreOptions, type CopyStoreReceipt, copyStore } from '../src/copy-store.ts';
import { connectLocalFile, createLocalFile } from '../src/local-file.ts';
import { COPIED_KINDS } from '../src/row-copy.ts';
import { startWriter } from './writers.ts';

const sources = mkdtempSync(join(tmpdir(), 'episodica-move-from-'));
/** A store with something of every kind; nobody writes to it after it is made. */
const sourcePath = join(sources, 'memory.db');
let original: unknown;

let directory: string;
let servers: LibsqlServer[];

beforeAll(async () => {
  await fillStore(sourcePath, 40);
  original = await contentsOf(urlOf(sourcePath));
});

afterAll(() => rmSync(sources, { recursive: true }));

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-move-'));
  servers = [];
});

afterEach(async () => {
  for (const server of servers) await server.close();
  rmSync(directory, { recursive: true });
});

function urlOf(path: string): string {
  return pathToFileURL(path).href;
}

async function newServer(token?: string): Promise<LibsqlServer> {
  const path = join(directory, `server-${servers.length}.db`);
  const server = await startLibsqlServer({ path, ...(token === undefined ? {} : { token }) });
  servers.push(server);
  return server;
}

async function openAt(url: string, authToken?: string): Promise<TursoStore> {
  return openTursoStore({ url, authToken, durability: 'normal', threads: false });
}

async function fillStore(path: string, count: number): Promise<void> {
  const store = await openAt(urlOf(path));
  const memory = openMemory({ store, project: 'shop', actor: 'test' });
  for (let index = 0; index < count; index += 1) await attempt(memory, index);
  await memory.learnPending();
  const { recommendationId, patterns } = await memory.recommend({ description: 'fix the login of customers' });
  const applied = patterns.slice(0, 1).map(({ pattern }) => pattern.id);
  await memory.recordFeedback({ recommendationId, applied, isSuccess: true });
  const [forgotten] = await memory.createEpisodes([{ description: 'never mind ☂' }]);
  await memory.forget({ ids: [forgotten?.id ?? ''] });
  const writes: Write[] = [put('model', aModel()), put('cluster', aCluster())];
  for await (const { id: ownerId } of store.scan('episode', {}))
    writes.push(put('embedding', anEmbedding({ ownerId })));
  for await (const { id: ownerId } of store.scan('pattern', {})) {
    writes.push(put('embedding', anEmbedding({ ownerId, ownerKind: 'pattern', vectors: [] })));
  }
  await store.write(writes);
  await memory.close();
}

async function attempt(memory: Memory, index: number): Promise<void> {
  const [episode] = await memory.createEpisodes([
    { description: `fix the login of customer ${index} 🔑`, tags: ['login', `tag-${index % 3}`], domain: 'auth' },
  ]);
  const id = episode?.id ?? '';
  await memory.addSteps(id, [
    {
      tool: 'bash',
      action: `run test ${index}`,
      result: { type: 'error', message: `E${index % 5}: connection refused` },
    },
    { tool: 'edit', action: 'change the timeout', result: { type: 'success', output: 'x'.repeat(index * 20) } },
    { tool: 'bash', action: `run test ${index}`, result: { type: 'success', output: 'passed \u001b[32m ✓' } },
  ]);
  if (index % 7 > 0) await memory.completeEpisode(id, index % 4 > 0 ? { kind: 'success' } : { kind: 'failure' });
}

/** All that can be read of a store. */
async function contentsOf(url: string, authToken?: string): Promise<unknown> {
  const store = await openAt(url, authToken);
  const memory = openMemory({ store, project: 'shop', actor: 'test' });
  const lines: string[] = [];
  for await (const record of memory.exportEpisodes({}, { withLearning: true })) lines.push(JSON.stringify(record));
  const kinds: Partial<Record<Kind, unknown[]>> = {};
  for (const kind of COPIED_KINDS) {
    const entities: { readonly id: string }[] = [];
    for await (const entity of store.scan(kind, {})) entities.push(entity);
    kinds[kind] = entities.sort((a, b) => (a.id < b.id ? -1 : 1));
  }
  const answers = [];
  for (const terms of [['login'], ['refused', 'timeout'], ['connect', '7']]) {
    answers.push(await store.text.match({ kind: 'episode', terms, limit: 20 }));
    answers.push(await store.text.match({ kind: 'pattern', terms, limit: 20 }));
  }
  const { entries } = await store.changes(0, { limit: 100_000 });
  const verification = await store.verify();
  await memory.close();
  return { lines, kinds, answers, entries, verification };
}

async function connectTo(path: string): Promise<Connection> {
  createLocalFile(path);
  return connectLocalFile(path, { busyTimeoutMs: 5_000, durability: 'normal' });
}

/** Small pages, so that there are many places where it can break. */
async function copyTo(
  path: string,
  options: CopyStoreOptions & { readonly from?: string; readonly through?: (to: Connection) => Connection } = {},
): Promise<CopyStoreReceipt> {
  const { from: fromPath = sourcePath, through = (to: Connection) => to, ...others } = options;
  const [from, to] = [await connectTo(fromPath), await connectTo(path)];
  try {
    return await copyStore(from, through(to), { limits: { rows: 7, bytes: 1_000_000 }, ...others });
  } finally {
    await Promise.all([from.close(), to.close()]);
  }
}

/** Runs until that page, and is broken off there. */
async function breakAt(page: number, path: string, options: { readonly from?: string } = {}): Promise<void> {
  const controller = new AbortController();
  let pages = 0;
  const onProgress = (): void => {
    pages += 1;
    if (pages === page) controller.abort();
  };
  await expect(copyTo(path, { ...options, signal: controller.signal, onProgress })).rejects.toMatchObject({
    code: 'ABORTED',
  });
}

test('the source of these tests has something of every kind [ST-03]', () => {
  const { kinds, lines, answers, verification } = original as {
    kinds: Record<Kind, unknown[]>;
    lines: string[];
    answers: { hits: unknown[] }[];
    verification: unknown;
  };
  for (const kind of COPIED_KINDS) expect(kinds[kind]?.length, kind).toBeGreaterThan(0);
  expect(lines.length).toBeGreaterThan(40);
  expect(answers.filter(({ hits }) => hits.length > 0).length).toBeGreaterThan(2);
  expect(verification).toEqual({ ok: true, findings: [] });
});

for (const scheme of ['http', 'ws']) {
  test(`a store that goes to a host and back over ${scheme} holds the same, byte for byte [ST-03]`, async () => {
    const server = await newServer('secret');
    const host = { url: server.url.replace('http', scheme), authToken: 'secret' };
    const there = await moveStore({ from: { url: urlOf(sourcePath) }, to: host });
    expect(await contentsOf(host.url, 'secret')).toEqual(original);
    const back = { url: urlOf(join(directory, 'back.db')) };
    const here = await moveStore({ from: host, to: back });
    expect(await contentsOf(back.url)).toEqual(original);
    expect(here.compared).toEqual(there.compared);
    expect([there.resumed, here.resumed]).toEqual([false, false]);
    const identities = new Set<string>();
    for (const [url, token] of [[urlOf(sourcePath)], [host.url, 'secret'], [back.url]] as const) {
      const store = await openAt(url, token);
      identities.add(store.identity);
      await store.close();
    }
    expect(identities.size).toBe(3);
  });
}

test('a store goes from one host to another, and from file to file [ST-03]', async () => {
  const [first, second] = [await newServer(), await newServer()];
  const file = { url: urlOf(join(directory, 'file.db')) };
  await moveStore({ from: { url: urlOf(sourcePath) }, to: file });
  await moveStore({ from: file, to: { url: first.url } });
  await moveStore({ from: { url: first.url }, to: { url: second.url } });
  expect(await contentsOf(second.url)).toEqual(original);
});

test('a store that is moved into a file with a key can be read with it, and with no other [ST-03] [ST-10]', async () => {
  const [key, other] = ['a1'.repeat(32), 'b2'.repeat(32)];
  const url = urlOf(join(directory, 'sealed.db'));
  await moveStore({ from: { url: urlOf(sourcePath) }, to: { url, encryptionKey: key } });
  expect(readFileSync(sourcePath).includes('customer')).toBe(true);
  expect(readFileSync(join(directory, 'sealed.db')).includes('customer')).toBe(false);
  await expect(
    planMove({ from: { url, encryptionKey: other }, to: { url: urlOf(join(directory, 'x.db')) } }),
  ).rejects.toMatchObject({
    message: expect.not.stringContaining(other),
  });
  const plain = { url: urlOf(join(directory, 'plain.db')) };
  await moveStore({ from: { url, encryptionKey: key }, to: plain });
  expect(await contentsOf(plain.url)).toEqual(original);
});

test('the receipt tells rows and checksums of every table, and another content has others [ST-03]', async () => {
  const { compared, seq, from, to } = await moveStore({
    from: { url: urlOf(sourcePath) },
    to: { url: urlOf(join(directory, 'a.db')) },
  });
  const { kinds, entries } = original as { kinds: Record<Kind, unknown[]>; entries: unknown[] };
  expect(Object.fromEntries(compared.tables.map(({ name, rows }) => [name, rows]))).toEqual({
    journal: entries.length,
    ...Object.fromEntries(COPIED_KINDS.map((kind) => [kind, kinds[kind]?.length])),
  });
  expect([seq, compared.seq]).toEqual([entries.length, entries.length]);
  expect([from, to]).toEqual([sourcePath, join(directory, 'a.db')]);
  const changed = await openAt(to === '' ? '' : urlOf(to));
  await changed.write([put('episode', anEpisode())]);
  await changed.close();
  const other = await moveStore({ from: { url: urlOf(to) }, to: { url: urlOf(join(directory, 'b.db')) } });
  const differing = other.compared.tables.filter(
    ({ checksum }, index) => checksum !== compared.tables[index]?.checksum,
  );
  expect(differing.map(({ name }) => name)).toEqual(['journal', 'episode']);
});

test('what another process writes meanwhile comes along, up to the entry that the receipt names [ST-03] [ST-08]', async () => {
  const path = join(directory, 'busy.db');
  await moveStore({ from: { url: urlOf(sourcePath) }, to: { url: urlOf(path) } });
  const writer = await startWriter();
  await writer.tell({ task: 'open', url: urlOf(path) });
  const writing = writer.tell({ task: 'write', count: 150 });
  const memory = openMemory({ store: await openAt(urlOf(path)), project: 'shop', actor: 'test' });
  const attempts = (async () => {
    for (let index = 100; index < 110; index += 1) await attempt(memory, index);
  })();
  const target = join(directory, 'target.db');
  const { seq } = await copyTo(target, { from: path });
  await Promise.all([writing, attempts]);
  await memory.close();
  writer.process.kill();
  const [from, to] = [await openAt(urlOf(path)), await openAt(urlOf(target))];
  const { entries } = await from.changes(0, { limit: 100_000 });
  expect(seq).toBeGreaterThan((original as { entries: unknown[] }).entries.length);
  expect((await to.changes(0, { limit: 100_000 })).entries).toEqual(entries.slice(0, seq));
  // A tombstone never changes: what is there is what the journal names.
  const ids = entries.slice(0, seq).flatMap(({ kind, id }) => (kind === 'tombstone' ? [id] : []));
  expect((await to.getMany('tombstone', ids)).every((tombstone) => tombstone !== undefined)).toBe(true);
  expect(await to.verify()).toEqual({ ok: true, findings: [] });
  await Promise.all([from.close(), to.close()]);
});

test('a move that is broken off again and again goes on where it stood, and ends with the same [ST-03]', async () => {
  const path = join(directory, 'target.db');
  let shares: number[] = [];
  for (const page of [3, 9, 1, 14]) {
    const controller = new AbortController();
    const seen: number[] = [];
    const onProgress = ({ rows }: { readonly rows: number }): void => {
      seen.push(rows);
      if (seen.length === page) controller.abort();
    };
    await expect(copyTo(path, { signal: controller.signal, onProgress })).rejects.toMatchObject({ code: 'ABORTED' });
    shares = [...shares, ...seen];
  }
  // Nothing is copied twice: each run counts on from what is there.
  expect(shares).toEqual([...shares].sort((a, b) => a - b));
  expect(await copyTo(path)).toMatchObject({ resumed: true });
  expect(await contentsOf(urlOf(path))).toEqual(original);
});

test('a page that is sent twice, as over a network, lands once [ST-03]', async () => {
  const path = join(directory, 'target.db');
  let pages = 0;
  await copyTo(path, {
    through: (to) => ({
      ...to,
      async batch(statements) {
        pages += 1;
        await to.batch(statements);
        return to.batch(statements);
      },
    }),
  });
  expect(pages).toBeGreaterThan(20);
  expect(await contentsOf(urlOf(path))).toEqual(original);
});

test('of two moves into one place at once one is done, and the other is told so [ST-03]', async () => {
  const path = join(directory, 'target.db');
  const outcomes = await Promise.allSettled([copyTo(path), copyTo(path), copyTo(path)]);
  const lost = outcomes.filter((outcome) => outcome.status === 'rejected');
  expect(lost).toHaveLength(2);
  for (const { reason } of lost) {
    expect(reason).toMatchObject({ code: 'INVALID_STATE', message: expect.stringContaining('nother run') });
  }
  expect(await contentsOf(urlOf(path))).toEqual(original);
});

test('a place that holds something is refused and left as it was [ST-03]', async () => {
  const target = await newServer();
  const store = await openAt(target.url);
  const episode = anEpisode();
  await store.write([put('episode', episode)]);
  const moving = moveStore({ from: { url: urlOf(sourcePath) }, to: { url: target.url }, anew: true });
  await expect(moving).rejects.toMatchObject({
    code: 'INVALID_STATE',
    message: expect.stringMatching(/it holds 1 episodes, 0 patterns and a journal of 1 entries.* Name another one/u),
  });
  expect(await store.getMany('episode', [episode.id])).toEqual([episode]);
  await store.write([put('episode', anEpisode())]);
  await store.close();
});

test('a move from a place to itself is refused [ST-03]', async () => {
  const moving = moveStore({ from: { url: urlOf(sourcePath) }, to: { url: urlOf(sourcePath) } });
  await expect(moving).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  expect(await contentsOf(urlOf(sourcePath))).toEqual(original);
});

test('what a move has left unfinished is opened by nobody, here and on a host [ST-03]', async () => {
  const path = join(directory, 'target.db');
  await breakAt(5, path);
  const server = await startLibsqlServer({ path });
  servers.push(server);
  for (const url of [urlOf(path), server.url]) {
    await expect(openAt(url)).rejects.toMatchObject({
      code: 'INVALID_STATE',
      message: expect.stringContaining('storage migrate'),
    });
  }
  await expect(moveStore({ from: { url: urlOf(path) }, to: { url: urlOf(join(directory, 'x.db')) } })).rejects.toThrow(
    'not finished',
  );
  expect(existsSync(join(directory, 'x.db'))).toBe(false);
});

test('who had the empty place open cannot write into it while it is filled [ST-03]', async () => {
  const path = join(directory, 'target.db');
  const store = await openAt(urlOf(path));
  await breakAt(5, path);
  await expect(store.write([put('episode', anEpisode())])).rejects.toMatchObject({ code: 'INVALID_STATE' });
  await copyTo(path);
  await store.write([put('episode', anEpisode())]);
  await store.close();
});

test('an unfinished copy of another store is left alone, and thrown away when told so [ST-03]', async () => {
  const [path, other] = [join(directory, 'target.db'), join(directory, 'other.db')];
  await fillStore(other, 3);
  await breakAt(1, path, { from: other });
  await expect(copyTo(path)).rejects.toMatchObject({
    code: 'INVALID_STATE',
    message: expect.stringContaining('--anew'),
  });
  await expect(planMove({ from: { url: urlOf(sourcePath) }, to: { url: urlOf(path) } })).rejects.toThrow('--anew');
  expect(await copyTo(path, { from: other, anew: true })).toMatchObject({ resumed: false });
  expect(await contentsOf(urlOf(path))).toEqual(await contentsOf(urlOf(other)));
});

test('a source that was put back to an older state is not gone on with unless told so [ST-03]', async () => {
  const path = join(directory, 'target.db');
  const changed = join(directory, 'changed.db');
  await moveStore({ from: { url: urlOf(sourcePath) }, to: { url: urlOf(changed) } });
  await breakAt(9, path, { from: changed });
  const source = await connectTo(changed);
  await source.execute({ sql: "UPDATE journal SET at = '2020' WHERE seq = (SELECT max(seq) FROM journal)", args: [] });
  await source.close();
  await expect(copyTo(path, { from: changed })).rejects.toMatchObject({ code: 'INVALID_STATE' });
  await copyTo(path, { from: changed, anew: true });
  expect(await contentsOf(urlOf(path))).toEqual(await contentsOf(urlOf(changed)));
});

const DAMAGES: Readonly<Record<string, string>> = {
  'another word': "UPDATE step SET body = replace(body, 'timeout', 'timeaut')",
  'a row that is gone': 'DELETE FROM evidence WHERE rowid = (SELECT max(rowid) FROM evidence)',
  'a row too many': `INSERT INTO tombstone (id, version, body) VALUES ('zzzz', 1, '{}')`,
  'another term': "UPDATE episode_body SET terms = 'nothing' WHERE rowid = 1",
  'a tag that is gone': "DELETE FROM episode_tag WHERE tag = 'tag-1'",
  'a number that is a little different':
    'UPDATE episode SET reward = reward * 1.00001 WHERE id = (SELECT max(id) FROM episode WHERE reward > 0)',
  'another entry': "UPDATE journal SET actor = 'nobody' WHERE seq = 1",
};

for (const [name, sql] of Object.entries(DAMAGES)) {
  test(`${name} in the copy is found before it can be used [ST-03]`, async () => {
    const path = join(directory, 'target.db');
    const controller = new AbortController();
    await copyTo(path, {
      signal: controller.signal,
      onProgress: ({ phase }) => phase === 'comparing' && controller.abort(),
    }).catch(() => undefined);
    const target = await connectTo(path);
    await target.execute({ sql, args: [] });
    await target.close();
    await expect(copyTo(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
    await expect(openAt(urlOf(path))).rejects.toMatchObject({ code: 'INVALID_STATE' });
    await copyTo(path, { anew: true });
    expect(await contentsOf(urlOf(path))).toEqual(original);
  });
}

test('a source in whose place another store is put is not gone on with, however alike the two are [ST-03]', async () => {
  const [path, other] = [join(directory, 'source.db'), join(directory, 'other.db')];
  const target = join(directory, 'target.db');
  for (const copy of [path, other]) await moveStore({ from: { url: urlOf(sourcePath) }, to: { url: urlOf(copy) } });
  let isReplaced = false;
  const moving = moveStore({
    from: { url: urlOf(path) },
    to: { url: urlOf(target) },
    onProgress() {
      if (!isReplaced) renameSync(other, path);
      isReplaced = true;
    },
  });
  await expect(moving).rejects.toMatchObject({
    code: 'INVALID_STATE',
    message: expect.stringContaining('Another store was put in the place of'),
  });
  await expect(openAt(urlOf(target))).rejects.toMatchObject({ code: 'INVALID_STATE' });
  await moveStore({ from: { url: urlOf(path) }, to: { url: urlOf(target) }, anew: true });
  expect(await contentsOf(urlOf(target))).toEqual(original);
});

test('a move that cannot begin leaves nothing behind, and says at which end it was [ST-03]', async () => {
  const [path, server] = [join(directory, 'target.db'), await newServer('secret')];
  const closed = await newServer();
  await closed.close();
  const failing = async (from: string, to: string, authToken?: string): Promise<Record<string, string>> => {
    const moving: Promise<MoveReceipt> = moveStore({
      from: { url: from, authToken, deadlineMs: 500 },
      to: { url: to, authToken, deadlineMs: 500 },
    });
    const error = await moving.then(
      () => ({ message: 'it was done' }),
      (cause: { readonly code: string; readonly message: string }) => cause,
    );
    expect(error.message).not.toContain('wrong-token');
    return { ...error, message: error.message };
  };
  const missing = await failing(urlOf(join(directory, 'missing.db')), urlOf(path));
  expect(missing).toMatchObject({ code: 'NOT_FOUND' });
  expect((await failing(closed.url, urlOf(path))).message).toContain(`127.0.0.1:${closed.port}`);
  expect((await failing(server.url, urlOf(path), 'wrong-token')).message).toContain(`127.0.0.1:${server.port}`);
  expect((await failing(urlOf(sourcePath), server.url)).message).toContain(`127.0.0.1:${server.port}`);
  expect(await failing('ftp://host/x', urlOf(path))).toMatchObject({ code: 'INVALID_INPUT' });
  expect(existsSync(path)).toBe(false);
});

test('a plan tells what would be copied, and makes nothing [ST-03]', async () => {
  const path = join(directory, 'target.db');
  const move = { from: { url: urlOf(sourcePath) }, to: { url: urlOf(path) } };
  const { kinds } = original as { kinds: Record<Kind, unknown[]> };
  expect(await planMove(move)).toMatchObject({ counts: { step: kinds.step.length }, resumes: false });
  expect(existsSync(path)).toBe(false);
  await breakAt(5, path);
  expect(await planMove(move)).toMatchObject({ resumes: true });
  await copyTo(path);
  await expect(planMove(move)).rejects.toMatchObject({ code: 'INVALID_STATE' });
});
