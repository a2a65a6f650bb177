import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { aPattern, put } from '@episodica/test-utils';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { MIGRATIONS } from '../src/schema.ts';

const READER = fileURLToPath(new URL('fixtures/reader.mjs', import.meta.url));
const NOBODY = 65_534;

let directory: string;
let path: string;
let children: ChildProcess[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-read-only-'));
  chmodSync(directory, 0o755);
  mkdirSync(join(directory, 'data'));
  path = join(directory, 'data', 'memory.db');
  children = [];
});

afterEach(() => {
  for (const child of children) child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

type Ask = (task: string, input?: object) => Promise<unknown>;

/** A process that answers tasks; rejects with what it failed with. */
function startReader(): Ask {
  const child = fork(READER);
  children.push(child);
  return (task, input = {}) =>
    new Promise((resolve, reject) => {
      child.once('message', ({ answer, error }: { answer?: unknown; error?: object }) => {
        if (error === undefined) resolve(answer);
        else reject(error);
      });
      child.send({ task, url: pathToFileURL(path).href, ...input });
    });
}

/** Made by a process that has ended, so that nothing of it is open any more; `end` says how. */
async function makeStore(end: 'closed' | 'killed'): Promise<void> {
  const store = await openTursoStore({ url: pathToFileURL(path).href });
  const none = { support: 0, successes: 0 };
  const terms = { title: ['word'], body: ['word'] };
  await store.write([
    put('pattern', aPattern({ ...none, id: 'a' }), { terms }),
    put('pattern', aPattern({ ...none, id: 'b' })),
  ]);
  if (end === 'killed') {
    // What lies there now is what a killed process would leave: the log is full.
    for (const suffix of ['', '-wal']) execFileSync('cp', [`${path}${suffix}`, `${path}.killed${suffix}`]);
    await store.close();
    for (const suffix of ['', '-wal']) execFileSync('mv', [`${path}.killed${suffix}`, `${path}${suffix}`]);
  } else {
    await store.close();
    rmSync(`${path}-wal`, { force: true });
  }
  rmSync(`${path}-shm`, { force: true });
}

async function expectReading(ask: Ask): Promise<void> {
  expect(await ask('read')).toEqual(['a', 'b']);
  expect(await ask('search')).toEqual(['a']);
  expect(await ask('access')).toBe('read-only');
  expect(await ask('verify')).toEqual({ ok: true, findings: [] });
  await expect(ask('write', { id: 'b' })).rejects.toMatchObject({
    code: 'STORE_FAILED',
    retryable: false,
    message: expect.stringMatching(/\.db: it may only be read.*permission/u),
  });
  expect(await ask('read')).toEqual(['a', 'b']);
}

async function expectWriting(ask: Ask): Promise<void> {
  await ask('write', { id: 'b' });
  expect(await ask('read')).toEqual(['a']);
  expect(await ask('access')).toBe('read-write');
  expect(await ask('verify')).toEqual({ ok: true, findings: [] });
}

// Permissions don't bind root, and only root may become another user: who is not root has them tested by being bound.
const uid = process.getuid?.() === 0 ? NOBODY : undefined;

describe.skipIf(process.platform === 'win32')('permissions', () => {
  const permit = (mode: { readonly file: number; readonly directory: number }): void => {
    if (uid !== undefined) execFileSync('chown', ['-R', `${uid}`, join(directory, 'data')]);
    const files = ['', '-wal', '-shm'].map((suffix) => `${path}${suffix}`).filter((file) => existsSync(file));
    for (const file of files) chmodSync(file, mode.file);
    chmodSync(join(directory, 'data'), mode.directory);
  };

  for (const [what, mode] of [
    ['file', { file: 0o444, directory: 0o755 }],
    ['directory', { file: 0o644, directory: 0o555 }],
    ['file in a directory', { file: 0o444, directory: 0o555 }],
  ] as const) {
    test(`a ${what} that may not be written is read, and written without a restart when it may be [ST-13]`, async () => {
      await makeStore('closed');
      permit(mode);
      const ask = startReader();
      await ask('open', { uid });
      await expectReading(ask);
      permit({ file: 0o600, directory: 0o700 });
      await expectWriting(ask);
      await ask('close');
    });
  }

  test('writes that a killed process left in the log are read from a file that may not be written [ST-13]', async () => {
    await makeStore('killed');
    permit({ file: 0o444, directory: 0o755 });
    const ask = startReader();
    await ask('open', { uid });
    await expectReading(ask);
    permit({ file: 0o600, directory: 0o700 });
    await expectWriting(ask);
    await ask('close');
  });

  test('an older schema is read as it is where it cannot be changed, and changed when it can be [ST-09] [ST-13]', async () => {
    writeFileSync(path, gunzipSync(readFileSync(new URL('fixtures/schema-1.db.gz', import.meta.url))));
    permit({ file: 0o444, directory: 0o555 });
    const ask = startReader();
    await ask('open', { uid });
    expect(await ask('read')).toHaveLength(6);
    expect([await ask('access'), await ask('schema')]).toEqual(['read-only', 1]);
    permit({ file: 0o600, directory: 0o700 });
    await ask('write', { id: 'none' });
    expect([await ask('access'), await ask('schema')]).toEqual(['read-write', MIGRATIONS.length]);
    await ask('close');
  });

  test('a log that cannot be read without writing beside it is named, never left out [ST-13]', async () => {
    await makeStore('killed');
    permit({ file: 0o444, directory: 0o555 });
    await expect(startReader()('open', { uid })).rejects.toMatchObject({
      code: 'STORE_FAILED',
      message: expect.stringMatching(/newest writes are in .*memory\.db-wal.*Make the directory/u),
    });
    permit({ file: 0o600, directory: 0o700 });
  });

  test('what another user writes is seen by one who may only read [ST-13]', async () => {
    await makeStore('closed');
    permit({ file: 0o444, directory: 0o555 });
    const ask = startReader();
    await ask('open', { uid });
    await expectReading(ask);
    permit({ file: 0o644, directory: 0o755 });
    const owner = startReader();
    await owner('open');
    await owner('write', { id: 'a' });
    permit({ file: 0o444, directory: 0o555 });
    expect(await ask('read')).toEqual(['b']);
    await owner('close');
    expect(await ask('read')).toEqual(['b']);
  });
});

describe.skipIf(process.platform !== 'linux' || process.getuid?.() !== 0)(
  'a file system (as root on Linux only)',
  () => {
    let mounted: string;

    beforeEach(() => {
      mounted = join(directory, 'data');
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', mounted]);
    });
    afterEach(() => {
      for (const child of children) child.kill('SIGKILL');
      execFileSync('umount', ['--lazy', mounted]);
    });

    test('that is mounted read-only is read, and written without a restart when it is mounted for writing [ST-13]', async () => {
      const maker = startReader();
      await maker('open');
      path = join(directory, 'made.db');
      await makeStore('closed');
      execFileSync('mv', [path, join(mounted, 'store.db')]);
      path = join(mounted, 'store.db');
      await maker('close');
      await ended(children[0]!);
      execFileSync('mount', ['-o', 'remount,ro', mounted]);
      const ask = startReader();
      await ask('open');
      await expectReading(ask);
      execFileSync('mount', ['-o', 'remount,rw', mounted]);
      await expectWriting(ask);
      await ask('close');
    });
  },
);

async function ended(child: ChildProcess): Promise<void> {
  const exit = new Promise((resolve) => child.once('exit', resolve));
  child.kill('SIGKILL');
  await exit;
}
