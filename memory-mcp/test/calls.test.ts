import { expect, onTestFinished, test, vi } from 'vitest';
import { CALL_LIMITS, callQueue } from '../src/calls.ts';
import { type ProgressTold, progressReport } from '../src/progress.ts';

const NEVER = new AbortController().signal;

/** Work that goes on until it is let go. */
function held(): { readonly work: () => Promise<void>; letGo(): void } {
  let letGo = (): void => {};
  const done = new Promise<void>((resolve) => {
    letGo = resolve;
  });
  return { work: () => done, letGo: () => letGo() };
}

test('calls run up to the limit, wait in order behind it, and past that are told that the server is busy [MC-03]', async () => {
  const lane = { maxRunning: 2, maxWaiting: 2 };
  const queue = callQueue({ ...CALL_LIMITS, memory: lane });
  const begun: number[] = [];
  const works = [held(), held(), held(), held()];
  const running = works.map(({ work }, index) =>
    queue.run(() => {
      begun.push(index);
      return work();
    }, NEVER),
  );
  const refused = queue.run(async () => void begun.push(99), NEVER);
  await expect(refused).rejects.toMatchObject({ code: 'QUEUE_FULL', retryable: true });
  await expect(refused).rejects.toThrow(/^the server is busy: 2 calls run and 2 wait; .*try again/u);
  expect(begun).toEqual([0, 1]);
  expect(queue.counts()).toEqual({ running: 2, waiting: 2, refused: 1, fullLanes: ['memory'] });
  expect(await queue.run(async () => 'well', NEVER, 'watch')).toBe('well');
  works[1]?.letGo();
  await running[1];
  await queue.run(async () => {}, NEVER, 'program');
  expect(begun).toEqual([0, 1, 2]);
  for (const { letGo } of works) letGo();
  await Promise.all(running);
  expect(begun).toEqual([0, 1, 2, 3]);
  expect(queue.counts()).toEqual({ running: 0, waiting: 0, refused: 1, fullLanes: [] });
});

test('while a call has waited too long, none is let in behind it, and some are again when it has had its turn [MC-03]', async () => {
  vi.useFakeTimers({ toFake: ['performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const queue = callQueue({ ...CALL_LIMITS, memory: { maxRunning: 1, maxWaiting: 10, maxWaitMs: 100 } });
  const [first, second] = [held(), held()];
  const running = queue.run(first.work, NEVER);
  const waiting = queue.run(second.work, NEVER);
  vi.advanceTimersByTime(100);
  const inTime = queue.run(async () => 'in time', NEVER);
  expect(queue.counts().fullLanes).toEqual([]);
  vi.advanceTimersByTime(1);
  await expect(queue.run(async () => 'late', NEVER)).rejects.toMatchObject({ code: 'QUEUE_FULL', retryable: true });
  expect(queue.counts()).toMatchObject({ running: 1, waiting: 2, refused: 1, fullLanes: ['memory'] });
  first.letGo();
  await running;
  const again = queue.run(async () => 'again', NEVER);
  second.letGo();
  await waiting;
  expect(await Promise.all([inTime, again])).toEqual(['in time', 'again']);
});

test('a waiting call that is cancelled leaves the queue, is never begun, and makes room [MC-04]', async () => {
  const queue = callQueue({ ...CALL_LIMITS, memory: { maxRunning: 1, maxWaiting: 1 } });
  const first = held();
  const running = queue.run(first.work, NEVER);
  const cancelling = new AbortController();
  let isBegun = false;
  const cancelled = queue.run(async () => {
    isBegun = true;
  }, cancelling.signal);
  cancelling.abort();
  await expect(cancelled).rejects.toMatchObject({ code: 'ABORTED' });
  const next = queue.run(async () => 'next', NEVER);
  first.letGo();
  await running;
  expect(await next).toBe('next');
  expect(isBegun).toBe(false);
  await expect(queue.run(async () => 'late', cancelling.signal)).rejects.toMatchObject({ code: 'ABORTED' });
  expect(queue.counts()).toEqual({ running: 0, waiting: 0, refused: 0, fullLanes: [] });
});

test('work that fails gives its place back [MC-03]', async () => {
  const queue = callQueue({ ...CALL_LIMITS, memory: { maxRunning: 1, maxWaiting: 0 } });
  await expect(queue.run(() => Promise.reject(new Error('no')), NEVER)).rejects.toThrow('no');
  expect(await queue.run(async () => 1, NEVER)).toBe(1);
});

test('progress only grows, the newest of a burst is told, at most four times a second and never behind the end [MC-04]', () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  onTestFinished(() => void vi.useRealTimers());
  const told: ProgressTold[] = [];
  const report = progressReport({ doing: () => 'query_memory is at work', tell: (now) => void told.push(now) });
  vi.advanceTimersByTime(4_500);
  expect(told).toEqual([
    { progress: 2, message: 'query_memory is at work, 2 s' },
    { progress: 4, message: 'query_memory is at work, 4 s' },
  ]);
  for (const done of [5, 6, 6, 5, 7]) report.progress(done);
  vi.advanceTimersByTime(1);
  report.progress(3);
  vi.advanceTimersByTime(1_000);
  for (let done = 8; done <= 1_007; done += 1) {
    report.progress(done, { total: 2_000 });
    vi.advanceTimersByTime(1);
  }
  expect(told.slice(2).map(({ progress }) => progress)).toEqual([7, 8, 257, 507, 757, 1_007]);
  report.progress(1_500);
  report.end();
  report.progress(2_000);
  vi.advanceTimersByTime(10_000);
  expect(told.at(-1)).toEqual({ progress: 1_007, total: 2_000 });
  const ended = progressReport({ doing: () => 'nothing', tell: (now) => void told.push(now) });
  ended.end();
  ended.progress(2_000);
  vi.advanceTimersByTime(10_000);
  expect(told.at(-1)).toEqual({ progress: 1_007, total: 2_000 });
  expect(vi.getTimerCount()).toBe(0);
});
