// The end of a run: what is still in the guest gets a time of its own to get out, and no more.
import { expect, test } from 'vitest';
import type { Engine, EngineHooks } from '../../src/sandbox/engine.ts';
import { resolveOptions, toOrder } from '../../src/sandbox/options.ts';
import { Recorder, recorderMemory } from '../../src/sandbox/recorder.ts';
import { ProgramRun } from '../../src/sandbox/run.ts';

// An engine whose program never ends, and neither does what comes after it until it is told to.
function endless(stoppedAtOnce: boolean[]): Engine {
  let hooks: EngineHooks | undefined;
  const untilStopped = (): void => {
    while (hooks?.shouldStop() !== true);
  };
  const never = (): never => {
    throw new Error('It is not asked for this.');
  };
  return {
    memoryRefused: false,
    importedModule: undefined,
    begin: (given) => {
      hooks = given;
      return true;
    },
    check: () => undefined,
    evaluate: () => {
      untilStopped();
      return never();
    },
    hasJobs: () => false,
    pump: () => undefined,
    promiseState: never,
    property: never,
    isUndefined: never,
    finish: never,
    settle: never,
    describe: never,
    flush: () => {
      stoppedAtOnce.push(hooks?.shouldStop() === true);
      untilStopped();
    },
    files: () => [],
  };
}

test('a run whose time is over has a moment to hand over what is left, and an end after it [SB-02] [SB-03]', async () => {
  const recorder = new Recorder(recorderMemory());
  recorder.start();
  const order = toOrder(1, { code: '1', timeoutMs: 100 }, resolveOptions({}));
  const stoppedAtOnce: boolean[] = [];
  const outcome = await new ProgramRun(order, endless(stoppedAtOnce), recorder, () => {}).outcome();
  const spentMs = recorder.wallMs();
  expect(outcome).toMatchObject({ ok: false });
  expect(stoppedAtOnce).toEqual([false]);
  // The time of the run, the moment, and a slow machine; a minute would be no moment.
  expect(spentMs).toBeLessThan(5_000);
});
