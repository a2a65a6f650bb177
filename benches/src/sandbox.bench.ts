// What a run in the sandbox costs when it is short, how many fit in a second, and how soon a stuck one is ended.
import { openSandbox, type Sandbox } from '@episodica/memory-mcp/sandbox';
import { throughput, timeCalls, timingOf } from './measure.ts';
import type { Row, Suite, SuiteReport } from './suite.ts';

export const sandbox: Suite = {
  name: 'sandbox',
  about: 'Runs in the sandbox, each in a fresh engine; workers are warm.',
  run,
};

const DEADLINE_MS = 200;
/** One call into native code that does not come back: no interrupt handler is asked, so the worker must be killed. */
const NATIVE_LOOP = 'Array(4294967295).indexOf(1)';

async function run(): Promise<SuiteReport> {
  const opened = openSandbox();
  try {
    const trivial = await timeCalls({ warmup: 30, calls: 200 }, () => mustSucceed(opened));
    const perSecond = await throughput({ writers: 2, callsEach: 200 }, () => mustSucceed(opened));
    const overshoot = await overshootMs(opened);
    const rows: readonly Row[] = [
      {
        what: 'trivial run, warm',
        unit: 'ms',
        value: trivial.medianMs,
        p99: trivial.p99Ms,
        target: { bound: 'at most', of: 'value', limit: 6 },
      },
      {
        what: 'trivial runs, 2 at a time',
        unit: '/s',
        value: perSecond,
        target: { bound: 'at least', of: 'value', limit: 200 },
        baseline: { name: 'one at a time', value: 1000 / trivial.medianMs },
      },
      {
        what: `stuck in native code: past the deadline of ${DEADLINE_MS} ms`,
        unit: 'ms',
        value: overshoot.medianMs,
        p99: overshoot.p99Ms,
        target: { bound: 'at most', of: 'value', limit: 150 },
      },
    ];
    return { rows, notes: [] };
  } finally {
    await opened.close();
  }
}

async function mustSucceed(opened: Sandbox): Promise<void> {
  const ran = await opened.run({ code: '1 + 1' });
  if (!ran.ok || ran.result !== 2) throw new Error(`A trivial run failed: ${JSON.stringify(ran)}`);
}

async function overshootMs(opened: Sandbox): Promise<ReturnType<typeof timingOf>> {
  const samplesMs: number[] = [];
  for (let count = 0; count < 7; count += 1) {
    const startedMs = performance.now();
    const ran = await opened.run({ code: NATIVE_LOOP, timeoutMs: DEADLINE_MS });
    if (ran.ok || !ran.error.code.startsWith('TIMEOUT'))
      throw new Error(`The loop was not stopped: ${JSON.stringify(ran)}`);
    samplesMs.push(performance.now() - startedMs - ran.usage.queuedMs - DEADLINE_MS);
  }
  return timingOf(samplesMs);
}
