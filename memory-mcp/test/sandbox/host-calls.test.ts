import { setImmediate as turn } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { HostApi } from '@episodica/memory-mcp/sandbox';
import { describe, expect, test } from 'vitest';
import { HostCalls, turnTaker } from '../../src/sandbox/host-calls.ts';
import { MAX_HOST_BYTES, WRITE_FATE_MS } from '../../src/sandbox/limits.ts';
import type { HostAnswer } from '../../src/sandbox/protocol.ts';
import { Recorder, recorderMemory } from '../../src/sandbox/recorder.ts';
import { deferred } from './deferred.ts';

const LIMITS = {
  timeoutMs: 60_000,
  cpuMs: 60_000,
  memoryMb: 64,
  maxResultBytes: 1_000,
  maxHostCalls: 100_000,
  maxHostBytes: MAX_HOST_BYTES,
  hostCallMs: 60_000,
};

interface Called {
  readonly calls: HostCalls;
  readonly answers: HostAnswer[];
  /** All calls have their answers. */
  readonly answered: Promise<void>;
}

// Calls `memory.work()` so many times, all at once.
function called(answer: HostApi[string], times: number, takeTurn = turnTaker()): Called {
  const answers: HostAnswer[] = [];
  const all = deferred<void>();
  const calls = new HostCalls({
    host: { work: answer },
    limits: LIMITS,
    post: (posted) => {
      answers.push(posted);
      if (answers.length === times) all.resolve();
    },
    spend: () => true,
    takeTurn,
  });
  for (let callId = 0; callId < times; callId += 1) {
    calls.receive({ kind: 'call', runId: 1, callId, method: 'work', arguments: '[]' });
  }
  return { calls, answers, answered: all.promise };
}

async function cpuMsOf(work: () => Promise<unknown>): Promise<number> {
  const before = process.cpuUsage();
  await work();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
}

function heapBytes(): number {
  setFlagsFromString('--expose-gc');
  runInNewContext('gc')();
  return process.memoryUsage().heapUsed;
}

describe('the caller of a sandbox', () => {
  test('has a turn of its loop between two answers, of all runs together [SB-01]', async () => {
    const takeTurn = turnTaker();
    const runs = [1, 2, 3].map(() => called(async () => null, 20, takeTurn));
    const count = (): number => runs.reduce((sum, { answers }) => sum + answers.length, 0);
    const steps: number[] = [];
    for (let before = 0; before < 60; before = count()) {
      await turn();
      steps.push(count() - before);
    }
    expect(Math.max(...steps)).toBeLessThanOrEqual(2);
    expect(runs.map(({ answers }) => answers.map(({ callId }) => callId))).toEqual(
      runs.map(() => Array.from({ length: 20 }, (_, index) => index)),
    );
  });

  test('pays for each of many calls what it pays for each of a few [SB-02]', async () => {
    const times = LIMITS.maxHostCalls;
    const turnsMs = await cpuMsOf(async () => {
      for (let index = 0; index < times; index += 1) await turn();
    });
    const callsMs = await cpuMsOf(() => called(async () => null, times).answered);
    expect(callsMs / turnsMs).toBeLessThan(15);
  });

  test('keeps nothing of the answers of writes but their beginnings [SB-02]', async () => {
    const before = heapBytes();
    const { calls, answers, answered } = called({ effect: 'write', answer: async () => 'x'.repeat(1e6) }, 50);
    await answered;
    answers.length = 0;
    expect(heapBytes() - before).toBeLessThan(25e6);
    expect(calls.records().map(({ answer }) => answer)).toEqual(Array(50).fill(`"${'x'.repeat(199)}`));
  });
});

describe('the end of a run', () => {
  test('waits for the fate of its writes for a moment only [SB-02] [SB-07]', async () => {
    const { calls } = called({ effect: 'write', answer: () => new Promise(() => {}) }, 1);
    const startedAt = performance.now();
    await calls.end();
    expect(performance.now() - startedAt).toBeGreaterThanOrEqual(WRITE_FATE_MS - 1);
    expect(calls.records()).toMatchObject([{ status: 'in_doubt' }]);
  });

  test('knows of a write that was done, though its answer waits to be written out [SB-07]', async () => {
    const committed = deferred<void>();
    const answer = async (): Promise<null> => {
      committed.resolve();
      return null;
    };
    // A loop that others hold gives no turn.
    const { calls, answers } = called({ effect: 'write', answer }, 1, () => new Promise(() => {}));
    await committed.promise;
    await turn();
    await calls.end();
    expect(calls.records()).toMatchObject([{ status: 'done', answer: 'null' }]);
    expect(answers).toEqual([]);
  });
});

describe('the sum of the bytes of host calls', () => {
  test('stays above the largest budget, however much is asked for [SB-02]', () => {
    const recorder = new Recorder(recorderMemory());
    for (let count = 0; count < 5_000; count += 1) {
      recorder.addHostBytes(1_000_000);
      if (count > 1_100) expect(recorder.hostBytes).toBeGreaterThan(MAX_HOST_BYTES);
    }
  });
});
