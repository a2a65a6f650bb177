import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Memory, openMemory } from '@episodica/memory-core';
import { backupPathAt, openTursoStore, type TursoStore } from '@episodica/memory-storage-turso';
import { anEpisode, put } from '@episodica/test-utils';
import Database from 'libsql';
import { afterEach, beforeEach, expect, test } from 'vitest';

let directory: string;
let path: string;
let store: TursoStore;

beforeEach(async () => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-erase-'));
  path = join(directory, 'memory.db');
  store = await openTursoStore({ url: pathToFileURL(path).href, busyTimeoutMs: 200 });
});

afterEach(async () => {
  await store.close();
  rmSync(directory, { recursive: true });
});

/** One word for each field, none of which stands anywhere else. */
const WORDS = [
  'description',
  'project',
  'domain',
  'language',
  'framework',
  'repo',
  'branch',
  'file',
  'tag',
  'metakey',
  'metavalue',
  'agent',
  'session',
  'tool',
  'action',
  'rationale',
  'paramkey',
  'paramvalue',
  'output',
  'message',
  'key',
  'verdict',
  'artifact',
  'quoted',
  'reason',
].map((field) => `zq${field}zq`);
const word = (field: string): string => `zq${field}zq`;

async function remember(memory: Memory): Promise<string> {
  const { episode } = await memory.createEpisode({
    description: `${word('description')} ünïcode "quoted"`,
    project: word('project'),
    domain: word('domain'),
    language: word('language'),
    framework: word('framework'),
    repo: word('repo'),
    branch: word('branch'),
    files: [word('file')],
    tags: [word('tag')],
    metadata: { [word('metakey')]: word('metavalue') },
    source: { agent: word('agent'), session: word('session') },
  });
  const step = { tool: word('tool'), action: word('action'), rationale: word('rationale') };
  const parameters = { [word('paramkey')]: word('paramvalue') };
  await memory.addSteps(episode.id, [
    { ...step, parameters, key: word('key'), result: { type: 'error', message: word('message') } },
    { ...step, parameters, result: { type: 'success', output: `${word('output')} `.repeat(3_000) } },
  ]);
  await memory.completeEpisode(episode.id, {
    kind: 'success',
    verdict: word('verdict'),
    artifacts: [word('artifact')],
  });
  return episode.id;
}

const FAILING = { tool: 'bash', action: 'run the tests', result: { type: 'error', message: 'no price' } } as const;

/** One attempt that is to go, and one that stays and whose reflection quotes it. */
async function rememberQuoted(memory: Memory): Promise<string> {
  const task = 'Fix the cart total of an item without a price';
  const { episode: quoted } = await memory.createEpisode({ description: `${task}, ${word('quoted')}` });
  await memory.addSteps(quoted.id, [FAILING]);
  await memory.completeEpisode(quoted.id, { kind: 'failure', reason: word('reason') });
  const { episode } = await memory.createEpisode({ description: task });
  const edit = { tool: 'edit', action: 'count it as 0', parameters: { path: 'src/cart.ts' } };
  await memory.addSteps(episode.id, [FAILING, edit, { tool: 'bash', action: 'run the tests' }]);
  const { reflection } = await memory.completeEpisode(episode.id, { kind: 'success' });
  expect(reflection.insights.join()).toContain(word('quoted'));
  return quoted.id;
}

/** The words that stand in any file of the folder, in either encoding, in either case. */
function wordsLeft(): readonly string[] {
  const files = readdirSync(directory, { recursive: true, encoding: 'utf8' })
    .map((name) => join(directory, name))
    .filter((file) => statSync(file).isFile() && !file.includes('backups'));
  const texts = files.flatMap((file) =>
    ['latin1', 'utf16le'].map((encoding) => readFileSync(file, encoding as BufferEncoding).toLowerCase()),
  );
  return WORDS.filter((each) => texts.some((text) => text.includes(each)));
}

/** Others before and after, so that what goes lies in the middle of pages that stay. */
async function rememberedAndForgotten(): Promise<void> {
  const memory = openMemory({ store });
  const others = (name: string) =>
    Array.from({ length: 30 }, (_, index) => ({ description: `other ${name} ${index}` }));
  await memory.createEpisodes(others('before'));
  const ids = [await remember(memory), await rememberQuoted(memory)];
  await memory.createEpisodes(others('after'));
  // Learnt, so that patterns and rates have known it.
  await memory.close();
  store = await openTursoStore({ url: pathToFileURL(path).href, busyTimeoutMs: 200 });
  expect(wordsLeft()).toEqual(WORDS);
  await openMemory({ store }).forget({ ids });
}

test('without erasing, what was forgotten can still be read from the files [EP-06]', async () => {
  await rememberedAndForgotten();
  expect(wordsLeft()).not.toEqual([]);
});

test('after erasing, no word of what was forgotten is in any file of the store [EP-06]', async () => {
  await rememberedAndForgotten();
  const receipt = await store.erase();
  expect(receipt).toMatchObject({ erased: true, otherCopies: [] });
  expect(wordsLeft()).toEqual([]);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  expect(await store.stats()).toMatchObject({ counts: { episode: 61 } });
  const { hits } = await store.text.match({ kind: 'episode', terms: ['other'], limit: 100 });
  expect(hits).toHaveLength(60);
});

test('erasing names the copies that it leaves alone [EP-06]', async () => {
  const { path: backup } = await store.backup(backupPathAt(path, new Date()));
  expect((await store.erase()).otherCopies).toEqual([backup]);
});

test('erasing that others do not let come to its end says so [EP-06]', async () => {
  await rememberedAndForgotten();
  const other = new Database(path);
  other.exec('BEGIN');
  other.prepare('SELECT count(*) FROM episode').get();
  expect(await store.erase()).toMatchObject({ erased: false, reason: expect.stringContaining('reading') });
  other.exec('COMMIT');
  other.exec('BEGIN IMMEDIATE');
  expect(await store.erase()).toMatchObject({ erased: false, reason: expect.stringContaining('writing') });
  other.exec('COMMIT');
  expect(await store.erase()).toMatchObject({ erased: true });
  expect(wordsLeft()).toEqual([]);
  other.close();
});

test('vacuum gives back what deleted episodes took, and keeps the rest [ST-12]', async () => {
  const episodes = Array.from({ length: 200 }, () => anEpisode({ description: 'x'.repeat(2_000) }));
  await store.write(episodes.map((episode) => put('episode', episode)));
  await store.write(episodes.slice(1).map(({ id }) => ({ op: 'delete', kind: 'episode', id }) as const));
  expect((await store.stats()).freeBytes).toBeGreaterThan(100_000);
  const { sizeBytesBefore, sizeBytesAfter } = await store.vacuum();
  expect(sizeBytesAfter).toBeLessThan(sizeBytesBefore / 2);
  expect(statSync(path).size).toBe(sizeBytesAfter);
  expect(await store.stats()).toMatchObject({ freeBytes: 0, sizeBytes: sizeBytesAfter, counts: { episode: 1 } });
  expect(await store.getMany('episode', [episodes[0]?.id ?? ''])).toEqual([episodes[0]]);
});

test('vacuum and the probe of writing are refused while another process writes, and may be repeated [ST-12 ST-13]', async () => {
  await store.write([put('episode', anEpisode())]);
  const other = new Database(path);
  other.exec('BEGIN IMMEDIATE');
  await expect(store.vacuum()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  await expect(store.probe()).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true });
  other.exec('COMMIT');
  other.close();
  expect(await store.probe()).toEqual({ writeMs: expect.any(Number) });
});
