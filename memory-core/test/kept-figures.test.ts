// Figures that outlive their process: whoever writes, folds, reads or is ended at whichever step, each is told once.
import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import * as fs from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { type Disk, keptFigures, keptRegistry, type MetricsSnapshot, sumOf } from '@episodica/memory-core/metrics';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { figureFolder, lifeName } from '../src/metrics/figure-folder.ts';
import { foldFigures } from '../src/metrics/fold.ts';
import { forgetTheGone, lifeText, ownIdentity } from '../src/metrics/life.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const NOW_MS = Date.parse('2026-03-10T12:30:00Z');

function aFolder(): string {
  const root = fs.mkdtempSync(join(tmpdir(), 'figures-'));
  onTestFinished(() => fs.rmSync(root, { recursive: true, force: true }));
  return join(root, 'figures');
}

/** As a process that counted so many calls at that time, and ended. */
async function counted(path: string, calls: number, atMs = NOW_MS, program = 'memory-mcp'): Promise<void> {
  const metrics = keptRegistry(program, () => atMs);
  metrics.gauge('store_bytes', () => calls);
  metrics.keepIn(path);
  metrics.count('tool_calls', { tool: 'search', outcome: 'ok' }, calls);
  metrics.time('tool_call', { tool: 'search' }, calls);
  await metrics.close();
}

const countOf = ({ counters }: MetricsSnapshot): number => counters.reduce((sum, { value }) => sum + value, 0);
const callsIn = (path: string, nowMs = NOW_MS, disk: Disk = fs): number =>
  countOf(sumOf(keptFigures(path, { nowMs, disk }).periods.map(({ snapshot }) => snapshot)));

/** Does something before each step of the disk, by its number; what throws ends whoever uses it. */
function stepping(before: (step: number) => void): Disk & { readonly steps: () => number } {
  let step = 0;
  const watched =
    <A extends unknown[], R>(work: (...args: A) => R): ((...args: A) => R) =>
    (...args) => {
      before(step);
      step += 1;
      return work(...args);
    };
  return {
    // The overloads of node's functions are lost on the way.
    readdirSync: watched(fs.readdirSync) as typeof fs.readdirSync,
    openSync: watched(fs.openSync),
    readFileSync: watched(fs.readFileSync) as typeof fs.readFileSync,
    writeFileSync: watched(fs.writeFileSync),
    renameSync: watched(fs.renameSync),
    linkSync: watched(fs.linkSync),
    unlinkSync: watched(fs.unlinkSync),
    steps: () => step,
  };
}

/** Parts of several hours, days and programs, some of them folded already. */
async function aged(): Promise<{ readonly path: string; readonly total: number }> {
  const path = aFolder();
  const ages = [0, 0, HOUR_MS, 50 * HOUR_MS, 51 * HOUR_MS, 100 * DAY_MS, 101 * DAY_MS];
  let total = 0;
  for (const [index, age] of ages.entries()) {
    await counted(path, 2 ** index, NOW_MS - age);
    total += 2 ** index;
  }
  foldFigures(figureFolder(path), NOW_MS - 40 * HOUR_MS);
  await counted(path, 1_000, NOW_MS, 'memory-cli');
  await counted(path, 2_000, NOW_MS - 50 * HOUR_MS);
  return { path, total: total + 3_000 };
}

const killed = new Error('killed');

describe('a fold', () => {
  test('keeps hours, days and what is older apart, and loses nothing as they age [OB-03]', async () => {
    const { path, total } = await aged();
    const told = (nowMs: number) =>
      keptFigures(path, { nowMs }).periods.map(({ program, period, snapshot }) => [program, period, countOf(snapshot)]);
    expect(foldFigures(figureFolder(path), NOW_MS)).toBe(true);
    expect(told(NOW_MS)).toEqual([
      ['memory-mcp', 'before', 96],
      ['memory-mcp', '2026-03-08', 2_024],
      ['memory-mcp', '2026-03-10T11', 4],
      ['memory-cli', '2026-03-10T12', 1_000],
      ['memory-mcp', '2026-03-10T12', 3],
    ]);
    expect(foldFigures(figureFolder(path), NOW_MS)).toBe(false);
    const later = NOW_MS + 200 * DAY_MS;
    foldFigures(figureFolder(path), later);
    expect(told(later)).toEqual([
      ['memory-cli', 'before', 1_000],
      ['memory-mcp', 'before', total - 1_000],
    ]);
    const { gauges } = sumOf(keptFigures(path, { nowMs: later }).periods.map(({ snapshot }) => snapshot));
    expect(gauges).toEqual([{ name: 'store_bytes', labels: {}, value: 2_000 }]);
    // Two files of figures, and the lists behind the newest.
    expect(fs.readdirSync(path).length).toBeLessThan(8);
  });

  test('that is ended at any of its steps leaves every figure there, once, and the next one goes on [OB-03]', async () => {
    let isDone = false;
    for (let last = 0; !isDone; last += 1) {
      const { path, total } = await aged();
      const disk = stepping((step) => {
        if (step >= last) throw killed;
      });
      try {
        foldFigures(figureFolder(path, disk), NOW_MS);
        isDone = true;
      } catch (error) {
        expect(error).toBe(killed);
      }
      expect(callsIn(path), `ended at step ${last}`).toBe(total);
      foldFigures(figureFolder(path), NOW_MS + 2 * HOUR_MS);
      await counted(path, 1);
      foldFigures(figureFolder(path), NOW_MS + 2 * HOUR_MS);
      expect(callsIn(path), `after step ${last}`).toBe(total + 1);
      expect(
        fs.readdirSync(path).filter((name) => name.startsWith('part_')),
        `parts after step ${last}`,
      ).toEqual([]);
    }
  });

  test('beside which others fold, write or read at any step counts nothing twice [OB-03]', async () => {
    const alone = stepping(() => undefined);
    foldFigures(figureFolder((await aged()).path, alone), NOW_MS);
    for (let at = 0; at < alone.steps(); at += 1) {
      const { path, total } = await aged();
      const disk = stepping((step) => {
        if (step !== at) return;
        // Several lists come in between, and more parts than this fold has seen.
        for (let round = 0; round < 12; round += 1) {
          fs.writeFileSync(join(path, `part_memory-cli_2026-03-10T12_${crypto.randomUUID()}.json`), thousand);
          foldFigures(figureFolder(path), NOW_MS + round * HOUR_MS);
        }
        expect(callsIn(path), `beside step ${at}`).toBe(total + 12_000);
      });
      const parts = fs.readdirSync(path).filter((name) => name.startsWith('part_memory-cli'));
      const thousand = fs.readFileSync(join(path, parts[0] ?? ''), 'utf8');
      foldFigures(figureFolder(path, disk), NOW_MS);
      expect(callsIn(path), `behind step ${at}`).toBe(total + 12_000);
    }
    expect(alone.steps()).toBeGreaterThan(20);
  });

  test('is read as it was or as it is, however often it comes in between [OB-03]', async () => {
    let steps = Number.POSITIVE_INFINITY;
    for (let at = 0; at < steps; at += 1) {
      const { path, total } = await aged();
      const disk = stepping((step) => {
        if (step === at || step === at + 5) foldFigures(figureFolder(path), NOW_MS + step * DAY_MS);
      });
      expect(callsIn(path, NOW_MS, disk), `folded at step ${at}`).toBe(total);
      steps = Math.min(steps, disk.steps());
    }
    expect(steps).toBeGreaterThan(8);
  });

  test('leaves what it cannot read, which is told and not counted [OB-03]', async () => {
    const { path, total } = await aged();
    const name = (start: string): string => `${start}_memory-mcp_2026-03-10T12_${crypto.randomUUID()}.json`;
    const newer = name('part');
    const damaged = name('part');
    fs.writeFileSync(join(path, newer), '{"version":99}');
    fs.writeFileSync(join(path, damaged), '{"version":1,"counters":[{"name":"tool_calls","labels":{},"value":-1}]');
    fs.writeFileSync(join(path, 'notes.txt'), 'mine');
    foldFigures(figureFolder(path), NOW_MS);
    expect(callsIn(path)).toBe(total);
    expect(new Map(keptFigures(path, { nowMs: NOW_MS }).skipped.map((file) => [file.name, file.why]))).toEqual(
      new Map([
        [newer, 'newer'],
        [damaged, 'damaged'],
        ['notes.txt', 'foreign'],
      ]),
    );
    expect(foldFigures(figureFolder(path), NOW_MS)).toBe(false);
  });

  test('goes on behind a newest list that is damaged, and not behind one of a newer version [OB-03]', async () => {
    const { path, total } = await aged();
    foldFigures(figureFolder(path), NOW_MS);
    const newest = (): number => figureFolder(path).names().generations[0] ?? -1;
    const listed = (): string => `list-${newest()}.json`;
    const orphan = fs.readdirSync(path).find((name) => name.startsWith('folded-')) ?? '';
    for (const text of ['', '{', '[]']) {
      const damaged = listed();
      fs.writeFileSync(join(path, damaged), text);
      // An older list knows that this is over.
      fs.copyFileSync(
        join(path, orphan),
        join(path, orphan.replace(/^folded-\d+/u, 'folded-0').replace(/.{4}\.json$/u, 'abcd.json')),
      );
      expect(keptFigures(path, { nowMs: NOW_MS }).skipped).toContainEqual({ name: damaged, why: 'damaged' });
      expect(callsIn(path)).toBe(total);
      expect(foldFigures(figureFolder(path), NOW_MS)).toBe(true);
      expect([callsIn(path), keptFigures(path, { nowMs: NOW_MS }).skipped]).toEqual([total, []]);
    }
    for (let round = 1; round < 15; round += 1) {
      await counted(path, 1);
      expect(foldFigures(figureFolder(path), NOW_MS)).toBe(true);
    }
    expect(figureFolder(path).names().generations).toHaveLength(9);
    fs.writeFileSync(join(path, listed()), '{"version":2}');
    expect(keptFigures(path, { nowMs: NOW_MS }).skipped).toEqual([{ name: listed(), why: 'newer' }]);
    expect(() => foldFigures(figureFolder(path), NOW_MS)).toThrow('cannot be read');
  });

  test.skipIf(process.platform === 'win32')(
    'leaves folders, pipes and what another user wrote, which are told and not waited for [OB-03]',
    async () => {
      const { path, total } = await aged();
      const name = (start: string): string => `${start}_memory-mcp_2026-03-10T12_${crypto.randomUUID()}.json`;
      const [folder, pipe, loop] = [name('part'), name('part'), lifeName('memory-mcp')];
      fs.mkdirSync(join(path, folder));
      execFileSync('mkfifo', [join(path, pipe)]);
      fs.symlinkSync(loop, join(path, loop));
      const told = () => new Map(keptFigures(path, { nowMs: NOW_MS }).skipped.map((file) => [file.name, file.why]));
      const expected = new Map([folder, pipe, loop].map((each) => [each, 'unreadable']));
      expect(told()).toEqual(expected);
      foldFigures(figureFolder(path), NOW_MS);
      forgetTheGone(figureFolder(path), NOW_MS);
      expect([told(), callsIn(path)]).toEqual([expected, total]);
    },
  );

  test('takes away what was not finished an hour ago, and no younger one [OB-03]', async () => {
    const { path } = await aged();
    const [old, young] = [HOUR_MS + 60_000, HOUR_MS - 60_000].map(
      (age) => `unfinished_${NOW_MS - age}_${crypto.randomUUID()}.json`,
    );
    for (const name of [old, young]) fs.writeFileSync(join(path, name ?? ''), '');
    foldFigures(figureFolder(path), NOW_MS);
    expect(
      figureFolder(path)
        .names()
        .unfinished.map(({ name }) => name),
    ).toEqual([young]);
  });
});

describe('a registry that is kept', () => {
  test('that cannot write loses nothing as long as it lives, and harms nobody [OB-03]', async () => {
    const path = aFolder();
    let isFull = true;
    const disk = stepping(() => {
      if (isFull) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    const told: unknown[] = [];
    const note = (fields: object, text: string) => told.push([fields, text]);
    const logger = { debug: note, info: note, warn: note, error: note };
    const metrics = keptRegistry('memory-cli', () => NOW_MS);
    metrics.keepIn(path, { disk, logger });
    metrics.count('commands', { command: 'episode list', outcome: 'ok' });
    isFull = false;
    metrics.count('commands', { command: 'episode list', outcome: 'ok' });
    await metrics.close();
    expect(callsIn(path)).toBe(2);
    expect(countOf(metrics.counted())).toBe(2);

    isFull = true;
    const other = keptRegistry('memory-cli', () => NOW_MS);
    other.keepIn(path, { disk, logger });
    other.count('commands', { command: 'episode list', outcome: 'ok' });
    await other.close();
    expect(told).toEqual([[{ code: 'ENOSPC' }, 'the figures of this process cannot be kept']]);
    expect(callsIn(path)).toBe(2);
  });

  test('of a server tells what it stands at within two seconds, and writes when calls pause, at the latest after ten [OB-03]', async () => {
    vi.useFakeTimers({ now: NOW_MS });
    onTestFinished(() => void vi.useRealTimers());
    const path = aFolder();
    const metrics = keptRegistry('memory-mcp', Date.now);
    let running = 0;
    metrics.gauge('calls_running', () => running);
    metrics.keepIn(path, { isServer: true });
    const stands = () =>
      keptFigures(path, { nowMs: Date.now() }).running.map((one) => [one.gauges[0]?.value, one.atMs]);
    const call = async (everyMs: number): Promise<void> => {
      metrics.count('tool_calls', { tool: 'search', outcome: 'ok' });
      await vi.advanceTimersByTimeAsync(everyMs);
    };
    running = 1;
    await call(2_000);
    expect([stands(), callsIn(path)]).toEqual([[[1, NOW_MS + 2_000]], 0]);
    running = 0;
    await vi.advanceTimersByTimeAsync(2_000);
    expect([stands(), callsIn(path)]).toEqual([[[0, NOW_MS + 4_000]], 1]);
    // What never pauses.
    for (let calls = 0; calls < 7; calls += 1) await call(1_000);
    expect(callsIn(path)).toBe(1);
    for (let calls = 0; calls < 5; calls += 1) await call(1_000);
    expect(callsIn(path)).toBeGreaterThanOrEqual(8);
    // Idle, it is told once a minute that it is there, and nothing is written.
    await vi.advanceTimersByTimeAsync(10_000);
    const names = fs.readdirSync(path);
    expect(callsIn(path)).toBe(13);
    await vi.advanceTimersByTimeAsync(HOUR_MS);
    expect(Date.now() - Number(stands()[0]?.[1])).toBeLessThanOrEqual(62_000);
    expect(fs.readdirSync(path)).toEqual(names);
    await metrics.close();
    expect([stands(), callsIn(path)]).toEqual([[], 13]);
  });

  test('writes no more where 2,000 files cannot be folded, and what it holds once there are fewer [OB-03]', async () => {
    const path = aFolder();
    await counted(path, 1);
    const [part = ''] = fs.readdirSync(path);
    const another = (): string => join(path, `part_memory-mcp_2026-03-10T12_${crypto.randomUUID()}.json`);
    while (fs.readdirSync(path).length < 2_000) fs.copyFileSync(join(path, part), another());
    const linkSync = (): never => {
      throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
    };
    const end = async (): Promise<void> => {
      const metrics = keptRegistry('memory-mcp', () => NOW_MS);
      metrics.keepIn(path, { disk: { ...fs, linkSync } });
      metrics.count('tool_calls', { tool: 'search', outcome: 'ok' });
      await metrics.close();
    };
    await end();
    expect(callsIn(path)).toBe(2_000);
    fs.rmSync(join(path, part));
    await end();
    expect([callsIn(path), fs.readdirSync(path).length]).toEqual([2_000, 2_000]);
  });

  test('holds at most 24 hours apart while it cannot write, and loses nothing of more [OB-03]', async () => {
    const path = aFolder();
    let [nowMs, isFull] = [NOW_MS, true];
    const disk = stepping(() => {
      if (isFull) throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    });
    vi.useFakeTimers();
    onTestFinished(() => void vi.useRealTimers());
    const metrics = keptRegistry('memory-mcp', () => nowMs);
    // The folder can be looked at, and not be written.
    metrics.keepIn(path, { disk: { ...disk, readdirSync: fs.readdirSync } });
    for (let hour = 0; hour < 40; hour += 1) {
      metrics.count('tool_calls', { tool: 'search', outcome: 'ok' });
      nowMs += HOUR_MS;
      await vi.advanceTimersByTimeAsync(HOUR_MS);
    }
    isFull = false;
    await metrics.close();
    expect(keptFigures(path, { nowMs }).periods).toHaveLength(24);
    expect(callsIn(path, nowMs)).toBe(40);
  });

  test('does not bring back the folder of data that its user has deleted [OB-03]', async () => {
    const path = aFolder();
    await counted(path, 1);
    fs.rmSync(join(path, '..'), { recursive: true });
    await counted(path, 1);
    expect(fs.existsSync(join(path, '..'))).toBe(false);
  });

  test('folds by itself, so that there are few files however often it is opened [OB-03]', async () => {
    const path = aFolder();
    for (let index = 0; index < 100; index += 1) await counted(path, 1);
    expect(callsIn(path)).toBe(100);
    expect(fs.readdirSync(path).length).toBeLessThan(50);
    if (process.platform !== 'win32') {
      for (const name of fs.readdirSync(path)) expect(fs.statSync(join(path, name)).mode & 0o777).toBe(0o600);
      expect(fs.statSync(path).mode & 0o777).toBe(0o700);
    }
  });
});

test('a process is shown while it is there: not one that has its number today, nor one of elsewhere that fell silent [OB-03]', () => {
  const path = aFolder();
  fs.mkdirSync(path);
  const own = ownIdentity();
  const life = { program: 'memory-mcp', pid: process.pid, startedAtMs: NOW_MS, atMs: NOW_MS, gauges: [] };
  const running = (identity: typeof own, nowMs = NOW_MS): number => {
    fs.writeFileSync(join(path, lifeName('memory-mcp')), lifeText(life, identity));
    const { length } = keptFigures(path, { nowMs }).running;
    forgetTheGone(figureFolder(path), nowMs);
    const left = fs.readdirSync(path);
    expect(left).toHaveLength(length);
    for (const name of left) fs.rmSync(join(path, name));
    return length;
  };
  expect(running(own)).toBe(1);
  if (own.birth !== '') expect(running({ ...own, birth: '1' })).toBe(0);
  expect(running({ ...own, place: 'another machine' })).toBe(1);
  expect(running({ ...own, place: 'another machine' }, NOW_MS + HOUR_MS)).toBe(0);
});

test('what many processes told apart is folded into a bounded number of series, and is all there [OB-03]', async () => {
  const path = aFolder();
  for (let process = 0; process < 4; process += 1) {
    const metrics = keptRegistry('memory-mcp', () => NOW_MS);
    metrics.keepIn(path);
    for (let tool = 0; tool < 100; tool += 1) {
      metrics.time('tool_call', { tool: `tool-${process}-${tool}` }, 1);
      metrics.count('tool_calls', { tool: `tool-${process}-${tool}`, outcome: 'ok' });
    }
    await metrics.close();
  }
  foldFigures(figureFolder(path), NOW_MS);
  const { counters, timers } = sumOf(keptFigures(path, { nowMs: NOW_MS }).periods.map(({ snapshot }) => snapshot));
  expect([counters.length, timers.length]).toEqual([251, 251]);
  expect(counters.reduce((sum, { value }) => sum + value, 0)).toBe(400);
  expect(timers.reduce((sum, { count }) => sum + count, 0)).toBe(400);
  expect(timers.find(({ labels }) => labels.tool === 'other')?.count).toBe(150);
});

/** A server that counts until it is ended, and says how far it came each time that it wrote. */
async function aProcess(path: string): Promise<ChildProcess> {
  const child = spawn(process.execPath, [fileURLToPath(new URL('fixtures/counting.mjs', import.meta.url)), path], {
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child.stdout!, 'data');
  return child;
}

test('of processes that count and fold at once and are killed, all is there that was written [OB-03]', async () => {
  const path = aFolder();
  const children = await Promise.all([aProcess(path), aProcess(path), aProcess(path)]);
  const running = keptFigures(path, { nowMs: Date.now() }).running;
  expect(running.map(({ pid }) => pid).sort()).toEqual(children.map(({ pid }) => pid).sort());
  expect(running[0]?.gauges.find(({ name }) => name === 'calls_waiting')?.value).toBe(3);
  const written = children.map(() => 0);
  for (const [index, child] of children.entries()) {
    createInterface(child.stdout!).on('line', (line) => {
      written[index] = Number(line);
    });
    child.stdin!.write('count\n');
  }
  // Sums never fall while others write and fold.
  let before = 0;
  while (before < 3_000) {
    const now = callsIn(path, Date.now());
    expect(now).toBeGreaterThanOrEqual(before);
    before = now;
    await new Promise((resolve) => setImmediate(resolve));
  }
  for (const child of children) child.kill('SIGKILL');
  await Promise.all(children.map((child) => once(child, 'close')));
  foldFigures(figureFolder(path), Date.now());
  const kept = callsIn(path, Date.now());
  const least = written.reduce((sum, count) => sum + count, 0);
  expect(kept).toBeGreaterThanOrEqual(least);
  // One write of each may have been done and not been told.
  expect(kept).toBeLessThanOrEqual(least + 3 * 10);
  expect(keptFigures(path, { nowMs: Date.now() }).running).toEqual([]);
});
