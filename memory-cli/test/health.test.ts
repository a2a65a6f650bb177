import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { EXIT_CODES } from '@episodica/memory-core';
import { afterEach, beforeEach, expect, onTestFinished, test } from 'vitest';
import { aPlace, cleanEnvironment, type Place, PROGRAM } from './program.ts';

let place: Place;
beforeEach(() => {
  place = aPlace();
});
afterEach(() => place.remove());

interface Part {
  readonly name: string;
  readonly status: string;
  readonly basis: string;
  readonly detail: string;
  readonly advice?: string;
  readonly since: string;
}

test('health tells of each part where that is known from, and of each that is not well what to do [OB-02 CL-01]', async () => {
  const data = join(place.work, 'data');
  const words = ['--data-dir', data, '--format', 'json', 'health', 'check'];
  const fresh = JSON.parse((await place.run(words)).stdout);
  expect(fresh).toMatchObject({
    status: 'ok',
    components: [{ name: 'store', status: 'unknown' }, ...Array(5).fill({})],
  });
  expect(fresh.components[0].detail).toContain(`no store yet at ${join(data, 'memory.db')}`);
  expect(existsSync(data)).toBe(false);
  await place.json(['--data-dir', data, 'ep', 'create', 'Well']);
  const well: { components: Part[] } = JSON.parse((await place.run(words)).stdout);
  expect(well.components.map(({ name, status, basis }) => [name, status, basis])).toEqual(
    ['store', 'journal', 'cache', 'learning', 'search', 'sandbox'].map((name) => [name, 'ok', 'measured']),
  );
  expect(well.components.filter(({ advice }) => advice !== undefined)).toEqual([]);
  writeFileSync(join(data, 'memory.db'), 'no database '.repeat(1_000));
  const down = await place.run(words);
  expect(down.code).toBe(EXIT_CODES.STORE_CORRUPT);
  const { components }: { components: Part[] } = JSON.parse(down.stdout);
  expect(components[0]).toMatchObject({ name: 'store', status: 'down', advice: 'memory-cli storage verify' });
  expect(components.find(({ name }) => name === 'cache')).toMatchObject({ status: 'unknown', basis: 'unavailable' });
  const human = await place.run(words.filter((word) => word !== '--format' && word !== 'json'));
  expect(human.stdout).toContain('→ memory-cli storage verify');
  expect(human.stdout).toMatch(/^cache +unknown +not asked: the store is not open \(unavailable\)$/mu);
});

test('a watch goes on while the store is away, tells when each state began, and ends with its last look [OB-02 CL-01]', async () => {
  const data = join(place.work, 'data');
  await place.json(['--data-dir', data, 'ep', 'create', 'Watched']);
  const watch = aWatch(['--data-dir', data, '--format', 'json', 'health', 'watch', '--interval', '1']);
  const first = await watch.look();
  renameSync(data, `${data}-away`);
  writeFileSync(data, 'in the way');
  const away = await watch.lookWith('down');
  renameSync(data, `${data}-file`);
  renameSync(`${data}-away`, data);
  const back = await watch.lookWith('ok');
  const sinceOf = ({ components }: { components: Part[] }) => components.find(({ name }) => name === 'store')?.since;
  expect(sinceOf(first)).toBe(first.at);
  expect(sinceOf(away)).toBe(away.at);
  expect(sinceOf(back)).toBe(back.at);
  expect(sinceOf(await watch.look())).toBe(back.at);
  expect(await watch.interrupt()).toEqual([0, null]);
});

test('a watch tells a store that is gone, and one that took its place [OB-02 CL-01]', async () => {
  const data = join(place.work, 'data');
  await place.json(['--data-dir', data, 'ep', 'create', 'Watched']);
  const watch = aWatch(['--data-dir', data, '--format', 'json', 'health', 'watch', '--interval', '1']);
  expect(await watch.look()).toMatchObject({ status: 'ok' });
  renameSync(data, `${data}-away`);
  const gone = await watch.lookWith('down');
  expect(gone.components[0]?.detail).toMatch(/the store is gone from/u);
  await watch.look();
  expect(existsSync(data)).toBe(false);
  await place.json(['--data-dir', data, 'ep', 'create', 'Another'], { apart: true });
  const other = await watch.lookWith('degraded');
  expect(other.components[0]?.detail).toMatch(/another store has taken its place/u);
  expect(await watch.look()).toMatchObject({ status: 'degraded' });
  expect(await watch.interrupt()).toEqual([0, null]);
});

test('in a pipe a watch prints what changed and nothing else, and answers the exit code of its last look [OB-02 CL-01]', async () => {
  const data = join(place.work, 'data');
  mkdirSync(data);
  writeFileSync(join(data, 'memory.db'), 'no database '.repeat(1_000));
  const words = ['--data-dir', data, 'health', 'watch', '--interval', '1', '--count', '2'];
  const { code, stdout } = await place.run(words, { apart: true });
  expect(code).toBe(EXIT_CODES.STORE_CORRUPT);
  const lines = stdout.trimEnd().split('\n');
  const parts = ['store', 'journal', 'cache', 'learning', 'search', 'sandbox'];
  // The second look found the same.
  expect(lines.map((line) => line.split(' ')[2])).toEqual(parts.map((part) => `${part}:`));
});

/** A watch in a process of its own, whose looks are read as they come. */
function aWatch(words: readonly string[]) {
  const child = spawn(process.execPath, [PROGRAM, ...words], {
    cwd: place.work,
    env: cleanEnvironment(place.home, {}),
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  onTestFinished(() => void child.kill('SIGKILL'));
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const look = async (): Promise<{ at: string; status: string; components: Part[] }> => {
    const { value, done } = await lines.next();
    if (done === true) throw new Error('The watch has ended.');
    return JSON.parse(value);
  };
  return {
    look,
    async lookWith(status: string) {
      for (;;) {
        const seen = await look();
        if (seen.status === status) return seen;
      }
    },
    interrupt() {
      const exit = once(child, 'exit');
      child.kill('SIGINT');
      return exit;
    },
  };
}
