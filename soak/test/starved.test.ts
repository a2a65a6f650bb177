// The world fails under a process at work: its disk is full, its files may not grow, another process keeps the lock.
// It goes on reading, says what is wrong, and goes on writing once it can, without a restart.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdirSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import {
  type Agent,
  compare,
  databaseIn,
  type Entry,
  learningFindings,
  openPlace,
  readLedger,
  type Shown,
  type Task,
  withEntries,
} from '@episodica/soak';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { newSeed } from './form.ts';
import { started } from './started.ts';

const HOLDER = fileURLToPath(new URL('fixtures/holder.mjs', import.meta.url));

/** What happens to a process, and how it ends. */
interface Distress {
  /** Patience of the store with locks. @default that of the library: there are none but its own */
  readonly store?: { readonly busyTimeoutMs: number };
  begin(agent: Agent): Promise<void> | void;
  end(agent: Agent): Promise<void> | void;
}

const isLinux = process.platform === 'linux';
const canLimit = isLinux && spawnSync('prlimit', ['--version']).status === 0;
const canMount = isLinux && process.getuid?.() === 0 && mountsHere();

test.skipIf(!canMount)(
  'a full disk refuses writes and nothing else, and is forgotten once there is room [ST-13 ST-04]',
  async () => {
    const folder = temporaryFolder();
    const disk = join(folder, 'disk');
    mountSmallDisk(disk);
    const ballast = join(disk, 'ballast');
    const complaints = await endure(disk, folder, {
      begin: () => fill(ballast),
      end: () => rmSync(ballast),
    });
    for (const { code, message } of complaints) {
      expect({ code, message }).toEqual({
        code: 'STORE_FAILED',
        message: expect.stringMatching(/disk is full.*try again/u),
      });
      expect(message).toContain(databaseIn(disk));
    }
  },
);

test.skipIf(!canLimit)(
  'a disk that gives errors refuses writes and nothing else, and is forgotten once it does not [ST-13 ST-04]',
  async () => {
    const folder = temporaryFolder();
    const limitFiles = (agent: Agent, bytes: string): void => {
      const { status, stderr } = spawnSync('prlimit', [`--pid=${agent.pid}`, `--fsize=${bytes}:`], {
        encoding: 'utf8',
      });
      if (status !== 0) throw new Error(stderr);
    };
    const complaints = await endure(folder, folder, {
      // The ledger is far shorter than that, the log of the database is not.
      begin: (agent) => limitFiles(agent, '150000'),
      end: (agent) => limitFiles(agent, 'unlimited'),
    });
    for (const { code, message } of complaints) {
      expect(code).toBe('STORE_FAILED');
      expect(message).toContain(databaseIn(folder));
      expect(message).toMatch(/disk/u);
    }
  },
);

test('a lock that another process keeps refuses writes with an error that may be repeated, and nothing else [ST-13 ST-06]', async () => {
  const folder = temporaryFolder();
  let holder: Holder | undefined;
  const complaints = await endure(folder, folder, {
    store: { busyTimeoutMs: SHORT_WAIT_MS },
    begin: async () => {
      holder = await holdLock(databaseIn(folder));
    },
    end: () => holder?.release(),
  });
  for (const { code, message } of complaints) {
    expect(code).toBe('STORE_UNAVAILABLE');
    expect(message).toContain(databaseIn(folder));
    expect(message).toMatch(/another program.*try again/iu);
  }
});

type Complaint = Entry & { readonly is: 'failed' };

const LANES = 3;
const PAUSE_MS = 3;
const SHORT_WAIT_MS = 60;
const ENOUGH = 8;

/**
 * Lets an agent work on the store in `place`, brings distress over it and takes it away. Answers what it complained
 * of; that it read all the while, lost nothing and wrote again at the end is checked here.
 */
async function endure(place: string, folder: string, distress: Distress): Promise<readonly Complaint[]> {
  const ledger = join(folder, 'agent.ledger');
  const kept = await keepOne(place);
  const orders = { folder: place, ledger, seed: newSeed(), name: 'agent', store: distress.store ?? {} };
  const agent = started({ ...orders, lanes: LANES, pauseMs: PAUSE_MS });
  await agent.opened;
  const count = (is: Entry['is']): number => readLedger(ledger).filter((entry) => entry.is === is).length;
  await until(() => count('done') >= ENOUGH);
  await distress.begin(agent);
  await until(() => count('failed') >= ENOUGH);
  expect(await agent.look({ says: 'look', task: kept })).toEqual([]);
  await distress.end(agent);
  const written = count('done');
  await until(() => count('done') >= written + ENOUGH);
  await agent.stop();
  await agent.leave();

  const entries = readLedger(ledger);
  expect(entries.filter(({ is }) => is === 'wrong')).toEqual([]);
  const { memory, store } = await openPlace(place);
  await memory.forget({ ids: [kept.episodeId] });
  await memory.learnPending();
  expect((await compare(store, withEntries(new Map<string, Task>(), entries))).findings).toEqual([]);
  expect(await learningFindings(store)).toEqual([]);
  expect(await store.verify()).toEqual({ ok: true, findings: [] });
  await memory.close();
  return entries.filter((entry) => entry.is === 'failed');
}

/** An episode that the agent does not touch. */
async function keepOne(place: string): Promise<Shown> {
  const { memory } = await openPlace(place);
  const name = 'kept';
  const { episode } = await memory.createEpisode({ description: `Repair ${name}: it is there before all else` });
  await memory.close();
  return { name, episodeId: episode.id, is: 'open', tags: [] };
}

/** Waits for what another process does. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await sleep(10);
}

interface Holder {
  release(): Promise<void>;
}

/** A process that begins to write, and does not end. */
async function holdLock(path: string): Promise<Holder> {
  const child = fork(HOLDER, [path]);
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return {
    async release() {
      child.send('release');
      await once(child, 'exit');
    },
  };
}

/** Room for a store and its log. */
const DISK_SIZE = '6m';

function mountSmallDisk(place: string): void {
  mkdirSync(place);
  const { status, stderr } = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_SIZE}`, 'tmpfs', place], {
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(stderr);
  onTestFinished(() => void spawnSync('umount', ['--lazy', place]));
}

function mountsHere(): boolean {
  const folder = mkdtempSync(join(tmpdir(), 'episodica-mount-'));
  const isMounted = spawnSync('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]).status === 0;
  if (isMounted) spawnSync('umount', [folder]);
  rmSync(folder, { recursive: true, force: true });
  return isMounted;
}

/** Writes to `path` until there is no room left. */
function fill(path: string): void {
  const file = openSync(path, 'a');
  for (const size of [1_048_576, 4_096, 1]) {
    try {
      for (;;) writeSync(file, Buffer.alloc(size));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
    }
  }
  closeSync(file);
}
