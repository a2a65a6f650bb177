// A program: a process that puts one subject through one trial, and tells its parent what it saw as far as it came.
// Arguments: the subject, the trial, the folder of the packages.
import { throughput, timeCalls } from '../measure.ts';
import { openEpisodica } from './episodica.ts';
import { openSebastianWessel } from './sebastianwessel.ts';
import { type Ending, type OpenSubject, type Subject, valueEnding } from './subject.ts';
import { ATTACK_TRIALS, HONEST_TRIALS, RESULT_FORMS, TIMINGS } from './trials.ts';
import { openVercelRun } from './vercel-run.ts';

/** What the process tells, in this order. */
export type Told =
  | { readonly kind: 'ready' }
  | { readonly kind: 'ended'; readonly ending: Ending; readonly tookMs: number; readonly heldMs: number }
  | { readonly kind: 'next'; readonly ending: Ending; readonly tookMs: number };

const SUBJECTS: Readonly<Record<string, OpenSubject>> = {
  episodica: openEpisodica,
  run: openVercelRun,
  sebastianwessel: openSebastianWessel,
};
const TRIVIAL = { body: '', result: '1 + 1' };
const WARM_UP_RUNS = 5;
const TICK_MS = 5;

const [, , subjectName = '', trialName = '', folder = ''] = process.argv;
const open = SUBJECTS[subjectName];
if (open === undefined) throw new Error(`There is no subject "${subjectName}".`);
await perform(await open(folder));
process.exit();

async function perform(subject: Subject): Promise<void> {
  for (let count = 0; count < WARM_UP_RUNS; count += 1) await subject.run(TRIVIAL);
  await tell({ kind: 'ready' });
  const held = watchedLoop();
  const startedMs = performance.now();
  const ending = await tried(subject);
  const tookMs = performance.now() - startedMs;
  await tell({ kind: 'ended', ending, tookMs, heldMs: held() });
  const nextMs = performance.now();
  const next = await subject.run(TRIVIAL);
  await tell({ kind: 'next', ending: next, tookMs: performance.now() - nextMs });
}

async function tried(subject: Subject): Promise<Ending> {
  if (trialName === TIMINGS) return timings(subject);
  const asIs = RESULT_FORMS[trialName];
  if (asIs !== undefined) return subject.runAsIs(asIs);
  const trial = [...ATTACK_TRIALS, ...HONEST_TRIALS].find(({ name }) => name === trialName);
  if (trial === undefined) throw new Error(`There is no trial "${trialName}".`);
  return subject.run(trial.program);
}

async function timings(subject: Subject): Promise<Ending> {
  const { medianMs, p99Ms } = await timeCalls({ warmup: 10, calls: 200 }, () => subject.run(TRIVIAL));
  const perSecond = await throughput({ writers: 2, callsEach: 100 }, () => subject.run(TRIVIAL));
  return valueEnding(
    `median ${medianMs.toFixed(1)} ms, p99 ${p99Ms.toFixed(1)} ms; 2 callers: ${perSecond.toFixed(0)} /s`,
  );
}

/** Answers how long the loop of this process stood still at most. */
function watchedLoop(): () => number {
  let lastMs = performance.now();
  let longestMs = 0;
  const look = (): void => {
    const nowMs = performance.now();
    longestMs = Math.max(longestMs, nowMs - lastMs - TICK_MS);
    lastMs = nowMs;
  };
  const timer = setInterval(look, TICK_MS);
  return () => {
    clearInterval(timer);
    look();
    return longestMs;
  };
}

async function tell(told: Told): Promise<void> {
  await new Promise<void>((resolve) => {
    process.send?.(told, () => resolve());
  });
}
