import { type ChildProcess, execFileSync, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { afterEach, beforeEach, expect, test } from 'vitest';

const FILLER = fileURLToPath(new URL('fixtures/filler.mjs', import.meta.url));
const isRootOnLinux = process.platform === 'linux' && process.getuid?.() === 0;

let directory: string;
let data: string;
let child: ChildProcess;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'episodica-full-'));
  data = join(directory, 'data');
  mkdirSync(data);
});

afterEach(() => {
  child.kill('SIGKILL');
  rmSync(directory, { recursive: true });
});

interface Answer {
  readonly written: number;
  readonly error?: object;
}

async function startFiller(): Promise<(task: string, count?: number) => Promise<Answer>> {
  child = fork(FILLER);
  await once(child, 'message');
  return async (task, count) => {
    const answer = once(child, 'message');
    child.send({ task, count, url: pathToFileURL(join(data, 'memory.db')).href });
    return (await answer)[0];
  };
}

async function expectWritten(count: number): Promise<void> {
  const store = await openTursoStore({ url: pathToFileURL(join(data, 'memory.db')).href });
  expect((await store.stats()).counts.tombstone).toBe(count);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  await store.close();
}

test.skipIf(!isRootOnLinux)(
  'a full disk is told, loses nothing that was written, and is written again without a restart (as root on Linux only) [ST-13]',
  async () => {
    execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', data]);
    try {
      const tell = await startFiller();
      writeFileSync(join(data, 'ballast'), Buffer.alloc(1_500_000));
      await tell('open');
      const full = await tell('write', 1_000);
      expect(full.error).toMatchObject({
        code: 'STORE_FAILED',
        retryable: false,
        message: expect.stringMatching(/memory\.db \(SQLITE_(?:FULL|IOERR).*(?:free some space|has room)/u),
      });
      expect(full.written).toBeGreaterThan(0);
      expect((await tell('write', 1)).error).toBeDefined();
      rmSync(join(data, 'ballast'));
      expect(await tell('write', 10)).toEqual({ task: 'write', written: full.written + 10 });
      await tell('close');
      await expectWritten(full.written + 10);
    } finally {
      child.kill('SIGKILL');
      execFileSync('umount', ['--lazy', data]);
    }
  },
);

test.skipIf(!isRootOnLinux)(
  'a write that the system breaks off is told, leaves no part, and the next one works (as root on Linux only) [ST-13]',
  async () => {
    const tell = await startFiller();
    await tell('open');
    await tell('write', 5);
    // No file may grow behind this: the system breaks off in the middle of a write, which is no full disk.
    limitFileSize('200000');
    const broken = await tell('write', 1_000);
    expect(broken.error).toMatchObject({
      code: 'STORE_FAILED',
      retryable: false,
      message: expect.stringMatching(/memory\.db \(SQLITE_IOERR\w*: .*nothing was written/u),
    });
    expect((await tell('write', 1)).error).toMatchObject({ code: 'STORE_FAILED' });
    limitFileSize('unlimited');
    expect(await tell('write', 10)).toEqual({ task: 'write', written: broken.written + 10 });
    await tell('close');
    await expectWritten(broken.written + 10);
  },
);

function limitFileSize(bytes: string): void {
  execFileSync('prlimit', ['--pid', String(child.pid), `--fsize=${bytes}:unlimited`]);
}
