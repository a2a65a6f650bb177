// Everything out and in again through the terminal program, in memory that does not grow with it.
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createReadStream, createWriteStream, mkdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, report } from './form.ts';

const PROGRAM = fileURLToPath(new URL('../../memory-cli/bin/memory-cli.js', import.meta.url));
const STEPS_EACH = 250;
/** So that a hundred thousand of them are far more than the program may keep in memory. */
const OUTPUT = 'one line of what a tool put out; '.repeat(60);
const MAX_PEAK_MB = 320;

test('what is exported, imported elsewhere and exported again is the same text, in bounded memory [EP-11]', async () => {
  const folder = temporaryFolder();
  const given = join(folder, 'given.jsonl');
  const steps = countOf('transferSteps');
  await pipeline(Readable.from(records(steps)), createWriteStream(given));
  const files = [join(folder, 'first.jsonl'), join(folder, 'second.jsonl')] as const;
  const runs = [
    await run(join(folder, 'one'), ['episode', 'import', given]),
    await run(join(folder, 'one'), ['episode', 'export', files[0]]),
    await run(join(folder, 'two'), ['episode', 'import', files[0]]),
    await run(join(folder, 'two'), ['episode', 'export', files[1]]),
  ];
  const sizeMb = Math.round(statSync(files[0]).size / 1_048_576);
  const said = runs.map(({ tookMs, peakMb }) => `${(tookMs / 1_000).toFixed(1)} s, ${peakMb.toFixed(0)} MB`);
  report(
    `${steps} steps, ${sizeMb} MB as text: import ${said[0]}; export ${said[1]}; import ${said[2]}; export ${said[3]}`,
  );
  expect(await digest(files[0])).toBe(await digest(files[1]));
  expect(await countSteps(files[1])).toBe(steps);
  expect(Math.max(...runs.map(({ peakMb }) => peakMb))).toBeLessThan(MAX_PEAK_MB);
});

function* records(steps: number): Iterable<string> {
  for (let first = 0; first < steps; first += STEPS_EACH) {
    const record = {
      task_description: `Repair number ${first}: totals are wrong after an update`,
      domain: `domain${first % 7}`,
      started_at: new Date(Date.UTC(2026, 0, 1) + first * 1_000).toISOString(),
      steps: Array.from({ length: Math.min(STEPS_EACH, steps - first) }, (_, index) => ({
        tool: ['read', 'edit', 'bash'][index % 3],
        action: `step ${first + index}`,
        result: { type: 'success', output: `${first + index}: ${OUTPUT}` },
      })),
      outcome: { kind: first % 3 === 0 ? 'failure' : 'success' },
      completed_at: new Date(Date.UTC(2026, 0, 1) + first * 1_000 + 500).toISOString(),
    };
    yield `${JSON.stringify(record)}\n`;
  }
}

/**
 * Told on standard error when the program ends, so that its own output stays as it is. On Linux by the kernel's own
 * count, as `resourceUsage` includes what the parent had when it made the process.
 */
const TELL_PEAK = `
import { existsSync, readFileSync } from 'node:fs';
process.on('exit', () => {
  const status = existsSync('/proc/self/status') ? readFileSync('/proc/self/status', 'utf8') : '';
  const peak = status.split('VmHWM:')[1] ?? process.resourceUsage().maxRSS;
  process._rawDebug('peak', parseInt(peak, 10));
});`;

async function run(
  home: string,
  words: readonly string[],
): Promise<{ readonly tookMs: number; readonly peakMb: number }> {
  mkdirSync(home, { recursive: true });
  const startedMs = performance.now();
  const child = spawn(
    process.execPath,
    ['--import', `data:text/javascript;base64,${Buffer.from(TELL_PEAK).toString('base64')}`, PROGRAM, ...words],
    {
      cwd: home,
      env: { PATH: process.env.PATH ?? '', HOME: home },
      stdio: ['ignore', 'ignore', 'pipe'],
    },
  );
  let printed = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    printed = (printed + text).slice(-4_000);
  });
  const [code] = await once(child, 'close');
  if (code !== 0) throw new Error(`${words.join(' ')} ended with ${code}: ${printed}`);
  return { tookMs: performance.now() - startedMs, peakMb: Number(/peak (\d+)/u.exec(printed)?.[1]) / 1_024 };
}

async function digest(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file), hash);
  return hash.digest('hex');
}

async function countSteps(file: string): Promise<number> {
  let count = 0;
  let rest = '';
  for await (const chunk of createReadStream(file, 'utf8')) {
    const lines = (rest + chunk).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) count += JSON.parse(line).steps.length;
  }
  return count;
}
