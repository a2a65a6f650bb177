// Two processes want the same episode at the same moment.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { type Finish, openPlace, type Place, type Race, seededRandom } from '@episodica/soak';
import { expect, onTestFinished, test } from 'vitest';
import { temporaryFolder } from './folder.ts';
import { countOf, newSeed, report } from './form.ts';

const RACER = fileURLToPath(new URL('../dist/racer.js', import.meta.url));
/** In doublings, so that races of a turn and races of many turns of the loop are both run. */
const MAX_HEAD_START_BITS = 17;

test('a step against the completion by another process: it is part of what is learnt, or refused [EP-02 ST-04]', async () => {
  const race = await twoRacers();
  const totals = { stepFirst: 0, completionFirst: 0 };
  for (let round = 0; wantsAnother(round, totals); round += 1) {
    const { place, episodeId, where, finish } = await race('step', 'complete');
    const [step, completion] = finish;
    const stored = await place.memory.getEpisode(episodeId);
    const steps = await place.memory.getSteps(episodeId);
    expect(completion, where).toEqual({});
    expect(stored, where).toMatchObject({ status: 'completed', outcome: { kind: 'failure' } });
    expect(step, where).toEqual(steps.length === 0 ? { code: 'INVALID_STATE' } : {});
    const flags = stored?.status === 'completed' ? stored.quality.flags : [];
    expect(flags.includes('no_steps'), where).toBe(steps.length === 0);
    totals[steps.length === 0 ? 'completionFirst' : 'stepFirst'] += 1;
  }
  report(`a step against a completion: ${JSON.stringify(totals)}`);
  expect(totals.stepFirst).toBeGreaterThan(0);
  expect(totals.completionFirst).toBeGreaterThan(0);
});

test('of two completions by two processes one wins, and the other is told so [EP-03 ST-04]', async () => {
  const race = await twoRacers();
  const totals = { first: 0, second: 0 };
  for (let round = 0; wantsAnother(round, totals); round += 1) {
    const { place, episodeId, where, finish } = await race('complete', 'complete');
    const stored = await place.memory.getEpisode(episodeId);
    const won = finish[0].code === undefined ? 'first' : 'second';
    expect(finish, where).toEqual(won === 'first' ? [{}, { code: 'INVALID_STATE' }] : [{ code: 'INVALID_STATE' }, {}]);
    const kind = won === 'first' ? 'success' : 'failure';
    expect(stored, where).toMatchObject({ status: 'completed', outcome: { kind }, version: expect.any(Number) });
    totals[won] += 1;
  }
  report(`two completions: ${JSON.stringify(totals)}`);
  expect(totals.first).toBeGreaterThan(0);
  expect(totals.second).toBeGreaterThan(0);
});

/** As many as were asked for; and beyond them, up to ten times as many, until either side has been the first once. */
function wantsAnother(round: number, totals: Record<string, number>): boolean {
  const races = countOf('races');
  return round < races || (round < 10 * races && Object.values(totals).includes(0));
}

interface Raced {
  readonly place: Place;
  readonly episodeId: string;
  readonly where: string;
  readonly finish: readonly [Finish, Finish];
}

/** Two processes that wait for their start, over a store of the test's own. */
async function twoRacers(): Promise<(first: Race['deed'], second: Race['deed']) => Promise<Raced>> {
  const seed = newSeed();
  const random = seededRandom(seed);
  const folder = temporaryFolder();
  const place = await openPlace(folder);
  onTestFinished(() => place.memory.close());
  const [one, two] = [await startRacer(folder), await startRacer(folder)];
  let races = 0;
  return async (first, second) => {
    races += 1;
    const [episode] = await place.memory.createEpisodes([{ description: 'Repair the cart' }]);
    const episodeId = episode!.id;
    const run = (racer: ChildProcess, deed: Race['deed'], kind: 'success' | 'failure'): Promise<Finish> => {
      const race: Race = { episodeId, deed, headStart: 2 ** random.below(MAX_HEAD_START_BITS) - 1, outcome: { kind } };
      const finished = once(racer, 'message');
      racer.send(race);
      return finished.then(([finish]) => finish);
    };
    const finish = await Promise.all([run(one, first, 'success'), run(two, second, 'failure')]);
    return { place, episodeId, where: `seed ${seed}, race ${races}`, finish };
  };
}

async function startRacer(folder: string): Promise<ChildProcess> {
  const racer = fork(RACER, [folder]);
  onTestFinished(() => void racer.kill('SIGKILL'));
  await once(racer, 'message');
  return racer;
}
