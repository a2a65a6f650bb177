// docs/sandbox.md says what the sandbox does.
import { readFileSync } from 'node:fs';
import { attackTable } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import * as limits from '../../src/sandbox/limits.ts';

const docs = readFileSync(new URL('../../../docs/sandbox.md', import.meta.url), 'utf8');

test('the table of attacks is that of the catalogue [SB-08] [PK-04]', () => {
  expect(/<!-- attacks -->\n([\s\S]*)\n<!-- \/attacks -->/u.exec(docs)?.[1]).toBe(attackTable());
});

test('the table of limits has the limits in force [SB-02] [PK-04]', () => {
  const shown = (value: number): string => value.toLocaleString('en-US');
  const times = `${shown(limits.MIN_TIMEOUT_MS)}–${shown(limits.MAX_TIMEOUT_MS)}, clamped`;
  const rows: readonly (readonly [limit: string, byDefault: string, range: string])[] = [
    ['`timeout_ms`, waiting for the host included', shown(limits.DEFAULT_TIMEOUT_MS), times],
    ['`cpu_ms`, computing alone', '`timeout_ms`', times],
    [
      '`memory_mb`, the engine included',
      shown(limits.DEFAULT_MEMORY_MB),
      `${limits.MIN_MEMORY_MB}–${limits.MAX_MEMORY_MB}, clamped`,
    ],
    ['stack', `${limits.GUEST_STACK_KB} KB`, ''],
    ['result, in bytes of JSON', shown(limits.DEFAULT_RESULT_BYTES), `to ${shown(limits.MAX_RESULT_BYTES)}`],
    ['host calls', shown(limits.DEFAULT_HOST_CALLS), `to ${shown(limits.MAX_HOST_CALLS)}`],
    ['bytes of host calls', shown(limits.DEFAULT_HOST_BYTES), `to ${shown(limits.MAX_HOST_BYTES)}, clamped`],
    ['one host call, in ms', shown(limits.DEFAULT_HOST_CALL_MS), times],
    ['one answer of the host, in bytes', shown(limits.MAX_ANSWER_BYTES), ''],
    ['host calls at the same time', shown(limits.MAX_CALLS_AT_ONCE), ''],
    ['source, in bytes', shown(limits.MAX_SOURCE_BYTES), ''],
    ['brackets in brackets of TypeScript', shown(limits.MAX_NESTING), ''],
    ['input, in bytes of JSON', shown(limits.MAX_INPUT_BYTES), ''],
    ['runs at the same time', shown(limits.DEFAULT_MAX_WORKERS), `to ${shown(limits.MAX_WORKERS)}`],
    [
      'memory limits of those together, in MB',
      shown(limits.DEFAULT_TOTAL_MEMORY_MB),
      `${limits.MIN_MEMORY_MB}–${shown(limits.MAX_TOTAL_MEMORY_MB)}, clamped`,
    ],
    ['runs that wait', shown(limits.DEFAULT_MAX_QUEUE), `to ${shown(limits.MAX_QUEUE)}`],
  ];
  const lines = docs.split('\n');
  const missing = rows.filter(
    ([limit, byDefault, range]) =>
      !lines.some((line) => line.startsWith(`| ${limit} | ${byDefault} | ${range === '' ? '' : `${range} `}|`)),
  );
  expect(missing).toEqual([]);
  expect(docs).toContain(`${limits.KILL_GRACE_MS} ms after the deadline`);
});
