// A folder with a module that is really broken and a test that really fails.
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { getDefaultEnvironment } from '@modelcontextprotocol/sdk/client/stdio.js';

export interface Workspace {
  readonly folder: string;
  /** The broken file. */
  readonly file: string;
  readonly task: string;
  read(): string;
  /** Replaces the first `from`; a file that does not hold it is left alone and the answer is false. */
  edit(from: string, to: string): boolean;
  runTests(): TestRun;
}

export interface TestRun {
  readonly command: string;
  readonly exitCode: number;
  readonly output: string;
  readonly tookMs: number;
  /** The first error of the run, in one line. */
  readonly error: string;
}

interface BrokenModule {
  readonly name: string;
  readonly task: string;
  readonly source: string;
  readonly test: string;
}

export const DURATIONS: BrokenModule = {
  name: 'parse-duration',
  task: 'Fix parseDuration in parse-duration.mjs: it crashes on text that is not a duration',
  source: `const SECONDS = { s: 1, m: 60, h: 3600 };

/** Seconds in a text like "90s" or "2h"; undefined where it is no duration. */
export function parseDuration(text) {
  const match = /^(\\d+)([smh])$/.exec(text);
  return Number(match[1]) * SECONDS[match[2]];
}
`,
  test: `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parseDuration } from './parse-duration.mjs';

test('a duration is given in seconds', () => assert.equal(parseDuration('2h'), 7200));
test('text that is no duration gives undefined', () => assert.equal(parseDuration('soon'), undefined));
`,
};

export const PRICES: BrokenModule = {
  name: 'parse-price',
  task: 'Shop import stops at the first product without a price; make parsePrice in parse-price.mjs cope',
  source: `/** Cents and currency of a text like "12.50 EUR"; undefined where it is no price. */
export function parsePrice(text) {
  const match = /^(\\d+)\\.(\\d\\d) (EUR|USD)$/.exec(text);
  return { cents: Number(match[1]) * 100 + Number(match[2]), currency: match[3] };
}
`,
  test: `import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parsePrice } from './parse-price.mjs';

test('a price has cents and a currency', () => {
  assert.deepEqual(parsePrice('12.50 EUR'), { cents: 1250, currency: 'EUR' });
});
test('text that is no price gives undefined', () => assert.equal(parsePrice('on request'), undefined));
`,
};

export function makeWorkspace(folder: string, { name, task, source, test }: BrokenModule): Workspace {
  const file = `${name}.mjs`;
  const path = join(folder, file);
  mkdirSync(folder, { recursive: true });
  writeFileSync(path, source);
  writeFileSync(join(folder, `${name}.test.mjs`), test);
  return {
    folder,
    file,
    task,
    read: () => readFileSync(path, 'utf8'),
    edit(from, to) {
      const before = readFileSync(path, 'utf8');
      // A function, because "$" means something in a replacement text.
      writeFileSync(
        path,
        before.replace(from, () => to),
      );
      return before.includes(from);
    },
    runTests: () => runTests(folder, `${name}.test.mjs`),
  };
}

function runTests(folder: string, testFile: string): TestRun {
  const startedMs = performance.now();
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--test', '--test-reporter=spec', testFile], {
    cwd: folder,
    encoding: 'utf8',
    // Nothing of what surrounds the demo: inside another test run, node would report to that one.
    env: { ...getDefaultEnvironment(), NO_COLOR: '1' },
    timeout: 60_000,
  });
  const output = `${stdout}${stderr}`;
  const error = output.split('\n').find((line) => /^\s*\[?\w*Error\b/u.test(line));
  return {
    command: `node --test ${testFile}`,
    exitCode: status ?? -1,
    output,
    tookMs: Math.round(performance.now() - startedMs),
    error: error?.trim() ?? '',
  };
}
