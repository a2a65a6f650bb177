import { learnableEpisodes, learnableTraces } from '@episodica/test-utils';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type MinedPattern, minePatterns } from '../src/learn/mine/mine.ts';
import { ANY_ATTEMPT, type PatternKind } from '../src/pattern.ts';
import type { Trace, TraceStep } from '../src/trace.ts';

const at = (minute: number): string => new Date(Date.UTC(2026, 0, 1, 0, minute)).toISOString();
const NO_KINDS = new Map<string, never>();

/** `!` behind an act: it failed; `~` before: it only looks; `?` before: it checks. */
function step(text: string): TraceStep {
  const act = text.replace(/^[~?]|!$/gu, '');
  const does = text.startsWith('~') ? 'look' : text.startsWith('?') ? 'check' : 'change';
  return { act, does, result: text.endsWith('!') ? 'error' : 'success' };
}

let made = 0;
function trace(steps: string | readonly TraceStep[], outcome: Trace['outcome'], more: Partial<Trace> = {}): Trace {
  made += 1;
  const taken = typeof steps === 'string' ? steps.split(' ').filter((text) => text !== '') : steps;
  return {
    ...{ episodeId: `e${made}`, scope: { domain: 'shop' }, task: `task ${made}`, description: 'x', taskType: 'other' },
    ...{ tags: [], directories: [], outcome, endedAt: at((made * 7919) % 1009) },
    steps: taken.map((each) => (typeof each === 'string' ? step(each) : each)),
    ...more,
  };
}

const times = (count: number, one: (index: number) => Trace): readonly Trace[] =>
  Array.from({ length: count }, (_, index) => one(index));
const mined = (traces: readonly Trace[]): readonly MinedPattern[] => minePatterns(traces, NO_KINDS).patterns;
const ofKind = <K extends PatternKind>(patterns: readonly MinedPattern[], kind: K) =>
  patterns.filter((pattern): pattern is Extract<MinedPattern, { kind: K }> => pattern.kind === kind);
const sequence = (patterns: readonly MinedPattern[], text: string, isContiguous = true) =>
  ofKind(patterns, 'tool_sequence').find(
    (pattern) => pattern.tools.join(' ') === text && pattern.isContiguous === isContiguous,
  );

describe('sequences', () => {
  const corpus = [
    // Each goes on in its own way: what comes last would follow from how it went.
    ...times(20, (index) => trace(`~a b w${index}`, 'success')),
    ...times(18, (index) => trace(`~a c w${index}`, 'failure')),
    ...times(2, (index) => trace(`~a ~a c v${index}`, 'partial')),
    trace('~a b', 'abstained'),
  ];

  test('count the attempts that hold them, each once, with those that succeeded and their tasks [LE-06]', () => {
    const ab = sequence(mined(corpus), 'a b');
    expect(ab).toMatchObject({
      support: 20,
      successes: 20,
      tasks: 20,
      standing: 'confirmed',
      scope: { domain: 'shop' },
    });
    expect(ab?.evidence).toHaveLength(20);
    expect(ab).not.toHaveProperty('situation');
    const seen = corpus
      .slice(0, 20)
      .map(({ endedAt }) => endedAt)
      .sort();
    expect(ab).toMatchObject({ firstSeen: seen[0], lastSeen: seen[19] });
    // Repeats in a row are one, a partial outcome is no success, and an abstention is neither.
    expect(sequence(mined(corpus), 'a c')).toMatchObject({ support: 20, successes: 0, standing: 'confirmed' });
    expect(sequence(mined(corpus), 'a a')).toBeUndefined();
  });

  test('say how they do on tasks that were held out [LE-09]', () => {
    const { with: those, without, agrees } = sequence(mined(corpus), 'a b')?.heldOut ?? {};
    expect(agrees).toBe(true);
    expect(those?.episodes).toBe(those?.successes);
    expect(without?.successes).toBe(0);
    expect((those?.tasks ?? 0) + (without?.tasks ?? 0)).toBeLessThan(24);
  });

  test('with other things in between are told where the direct ones are too few to say it [LE-06]', () => {
    const gapped = [
      ...times(20, (index) => trace(`~a x${index} b`, 'success')),
      ...times(20, (index) => trace(`~b y${index} a`, 'failure')),
    ];
    expect(sequence(mined(gapped), 'a b', false)).toMatchObject({ support: 20, successes: 20 });
    expect(sequence(mined(gapped), 'a b')).toBeUndefined();
  });

  test('do not reach over steps that are missing [LE-06]', () => {
    const steps = [step('a'), { ...step('b'), isAfterGap: true }];
    expect(sequence(mined(times(5, () => trace(steps, 'success'))), 'a b')).toBeUndefined();
  });

  test('are not said again by longer ones of the same attempts, while pairs always stay [LE-06]', () => {
    const longer = [...times(20, () => trace('~a b c', 'success')), ...times(20, () => trace('~d e', 'failure'))];
    const patterns = mined(longer);
    expect(
      ofKind(patterns, 'tool_sequence')
        .map(({ tools }) => tools.join(' '))
        .sort(),
    ).toEqual(['a b', 'b c', 'd e']);
    expect(ofKind(patterns, 'heuristic').filter(({ condition }) => condition === ANY_ATTEMPT)).toEqual([]);
  });

  test('of fewer than three attempts are not told [LE-06]', () => {
    expect(mined(times(2, () => trace('~a b', 'success')))).toEqual([]);
    expect(sequence(mined(times(3, () => trace('~a b', 'success'))), 'a b')).toMatchObject({
      support: 3,
      standing: 'candidate',
      pValue: 1,
    });
  });

  test('keep the id that they have had from the first [LE-06]', () => {
    // Made once, from kind, project, domain and tools: feedback is kept under it.
    expect(sequence(mined(corpus), 'a b')?.id).toBe('d624b1d8-fdde-84f0-9ce4-5a747af80b9b');
  });
});

describe('decision points', () => {
  test('tell the way that differs most, what else was done there, and compare it with that [LE-06]', () => {
    const corpus = [
      ...times(20, () => trace('~look edit', 'success')),
      ...times(15, () => trace('~look delete', 'failure')),
      ...times(5, () => trace('~look ask', 'failure')),
      ...times(20, () => trace('~other thing', 'success')),
    ];
    const [point, ...others] = ofKind(mined(corpus), 'decision_point');
    expect(others).toEqual([]);
    expect(point).toMatchObject({
      after: ['look'],
      action: 'edit',
      support: 20,
      successes: 20,
      situation: { episodes: 40, successes: 20, tasks: 40 },
      alternatives: [
        { action: 'delete', episodes: 15, successes: 0, tasks: 15 },
        { action: 'ask', episodes: 5, successes: 0, tasks: 5 },
      ],
    });
  });

  test('are told apart by whether what came before failed [LE-06]', () => {
    const corpus = [
      ...times(20, () => trace('?test! edit', 'success')),
      ...times(20, () => trace('?test! commit', 'failure')),
      ...times(20, () => trace('?test commit', 'success')),
    ];
    expect(ofKind(mined(corpus), 'decision_point').map(({ after }) => after)).toEqual([['test (failed)']]);
  });
});

describe('recoveries', () => {
  const failed = (isMadeGood: boolean): TraceStep => ({
    ...{ act: 'npm test', result: 'error', does: 'check', isMadeGood },
    error: { signature: 'module', excerpt: 'Cannot find module "x"' },
  });
  const install: TraceStep = { ...step('npm install'), says: 'bash: npm install x' };
  const retry = step('?npm test');
  const failedAgain = failed(false);
  const corpus = [
    ...times(6, () => trace([failed(true), step('~read'), install, retry, step('commit')], 'failure')),
    trace([failed(false), install, step('?npm test!')], 'abstained'),
    ...times(4, () => trace([failed(false), step('edit'), step('?npm test!'), step('commit')], 'success')),
    ...times(9, () => trace([step('commit')], 'success')),
  ];
  const byFix = (traces: readonly Trace[]) =>
    new Map(ofKind(mined(traces), 'error_recovery').map((pattern) => [pattern.fix, pattern]));

  test('count the attempts that met the error, whatever came of them, and what made it good [LE-06]', () => {
    expect(byFix(corpus).get('npm install')).toMatchObject({
      signature: 'module',
      error: 'Cannot find module "x"',
      fix: 'npm install',
      example: 'bash: npm install x',
      support: 7,
      successes: 6,
      situation: { episodes: 11, successes: 6, tasks: 11 },
    });
  });

  test('are judged when what failed is tried again: what did not help is blamed, what comes later is not credited [LE-06]', () => {
    // Eight waited, and it came again; then they installed, and it was good. Four waited, and it was good at once.
    const again = [
      ...times(8, () => trace([failed(true), step('wait'), failed(true), install, retry, step('commit')], 'success')),
      ...times(4, () => trace([failed(true), step('wait'), retry, step('commit')], 'success')),
      ...times(5, () => trace([failed(true), install, retry], 'success')),
    ];
    const situation = { episodes: 17, successes: 9, tasks: 17 };
    expect(byFix(again).get('wait')).toMatchObject({ support: 12, successes: 4, situation });
    expect(byFix(again).get('npm install')).toMatchObject({ support: 5, successes: 5, situation });
    expect([...byFix(again).keys()].sort()).toEqual(['npm install', 'wait']);
  });

  test('are not blamed for being done where the error is hard to make good [LE-06]', () => {
    // Whatever is done, it is the task that decides; those who fail try everything.
    const corpora = Array.from({ length: 40 }, (_, seed) => {
      const random = randomOf(seed + 1);
      return times(150, (index) => {
        const isHard = random() < 0.5;
        const tries = Array.from({ length: 3 }, () => step(`fix${Math.floor(random() * 4)}`));
        const steps = isHard
          ? tries.flatMap((fix) => [failed(false), fix])
          : [failed(true), tries[0] ?? install, retry];
        return trace(steps, 'success', { task: `${seed} ${index}` });
      });
    });
    const wrong = corpora.filter((corpus) => mined(corpus).some(({ standing }) => standing === 'confirmed'));
    // One in twenty is allowed, so two of these; twice that may be chance, and what is biased fails far more often.
    expect(wrong.length).toBeLessThanOrEqual(4);
  });

  test('say nothing of what was never tried again, nor across steps that are missing [LE-06]', () => {
    const unknown = times(5, () => trace([failed(true), install, step('commit')], 'success'));
    const gap = times(5, () => trace([failed(true), install, { ...retry, isAfterGap: true }], 'success'));
    expect(byFix([...unknown, ...gap]).size).toBe(0);
  });

  test('are told where all who met the error did the same, though there is nobody to compare with [LE-06]', () => {
    const all = times(6, () => trace([failed(true), install, retry], 'success'));
    expect(byFix(all).get('npm install')).toMatchObject({ support: 6, successes: 6, standing: 'candidate' });
    expect(sequence(mined(all), 'npm test npm install')).toMatchObject({ support: 6, standing: 'candidate' });
    const other = trace([failed(false), step('wait'), step('?npm test!')], 'failure');
    expect(byFix([...all, other]).get('npm install')).toMatchObject({ support: 6, successes: 6 });
  });

  test('are not that the same was done again, unless it was done in another way [LE-06]', () => {
    const same = times(5, () => trace([failed(true), step('~read'), retry], 'success'));
    expect(byFix(same).size).toBe(0);
    const says = (each: TraceStep, text: string): TraceStep => ({ ...each, does: 'change', says: text });
    const otherwise = times(5, () =>
      trace([says(failed(true), 'edit: line=1'), says({ ...retry }, 'edit: line=2')], 'success'),
    );
    const unchanged = times(5, () =>
      trace([says(failedAgain, 'edit: line=1'), says(step('?npm test!'), 'edit: line=1')], 'failure'),
    );
    expect(byFix([...otherwise, ...unchanged]).get('npm test')).toMatchObject({
      support: 5,
      successes: 5,
      example: 'edit: line=2',
      situation: { episodes: 10, successes: 5 },
    });
  });

  test('of many attempts at few tasks stay candidates [LE-06]', () => {
    const few = [
      ...times(60, (index) => trace([failed(true), install, retry], 'success', { task: `t${index % 6}` })),
      ...times(60, (index) =>
        trace([failed(false), step('edit'), step('?npm test!')], 'failure', { task: `u${index % 6}` }),
      ),
    ];
    expect(byFix(few).get('npm install')).toMatchObject({ support: 60, tasks: 6, standing: 'candidate' });
    const many = few.map((each, index) => ({ ...each, task: `${index}` }));
    expect(byFix(many).get('npm install')).toMatchObject({ support: 60, standing: 'confirmed' });
  });

  test('find what was planted, and nothing else, with the rates of counting one by one [LE-06]', () => {
    const episodes = learnableEpisodes({ tasks: 500 });
    const found = ofKind(mined(learnableTraces(episodes)), 'error_recovery');
    expect(found.map(({ fix, standing }) => `${fix} ${standing}`).sort()).toEqual([
      'restart_database confirmed',
      'wait confirmed',
    ]);
    for (const { fix, support, successes } of found) {
      // The error, what was done about it and the retry stand side by side.
      const met = episodes.flatMap(({ steps }) => {
        const place = steps.findIndex(({ error }) => error !== undefined);
        return place >= 0 && steps[place + 1]?.tool === fix ? [steps[place + 2]?.error === undefined] : [];
      });
      expect(support).toBe(met.length);
      expect(successes).toBe(met.filter(Boolean).length);
      expect(successes / support).toBeCloseTo(fix === 'wait' ? 0.2 : 0.9, 1);
    }
  });

  test('name the error without the numbers and names of one case [LE-06]', () => {
    const meets = (excerpt: string): Trace =>
      trace([{ ...failed(true), error: { signature: 'pay', excerpt } }, install, retry], 'success');
    const cases = [
      meets('Error: payment of $375 by ann failed (HTTP 402)'),
      meets('Error: payment of $1,020.50 by bob failed (HTTP 402)'),
      meets('Error: payment of $9 by eve failed (HTTP 402)'),
      trace(
        [
          { ...failed(false), error: { signature: 'pay', excerpt: 'Error: payment of $2 by bo failed (HTTP 402)' } },
          step('wait'),
          step('?npm test!'),
        ],
        'failure',
      ),
    ];
    expect(byFix(cases).get('npm install')?.error).toBe('Error: payment of … by … failed (HTTP 402)');
  });
});

describe('situations and rules', () => {
  test('compare an approach with the rest of the situation [LE-06]', () => {
    const corpus = [
      ...times(20, (index) => trace(`~a fast w${index}`, 'failure', { tags: ['db'] })),
      ...times(20, (index) => trace(`~a slow w${index}`, 'success', { tags: ['db'] })),
      ...times(20, (index) => trace(`~a fast w${index}`, 'success')),
      ...times(20, (index) => trace(`~a slow w${index}`, 'failure')),
    ];
    const [first] = ofKind(mined(corpus), 'context');
    expect(first).toMatchObject({
      where: { kind: 'tag', value: 'db' },
      support: 20,
      situation: { episodes: 40, successes: 20, tasks: 40 },
      standing: 'confirmed',
    });
  });

  test('know a kind of task by its id, whatever it is called [LE-06]', () => {
    const corpus = [
      ...times(20, () => trace('~a fast', 'failure')),
      ...times(20, () => trace('~a slow', 'success')),
      ...times(20, (index) => trace(index % 2 === 0 ? '~a fast' : '~a slow', 'success')),
    ];
    const idsWith = (label: string): readonly string[] => {
      const kinds = new Map(corpus.slice(0, 40).map(({ episodeId }) => [episodeId, { clusterId: 'k', label }]));
      return ofKind(minePatterns(corpus, kinds).patterns, 'context').map(({ id }) => id);
    };
    expect(idsWith('one').length).toBeGreaterThan(0);
    expect(idsWith('one')).toEqual(idsWith('other'));
  });

  test('a rule is compared with attempts that meet its condition [LE-06]', () => {
    const corpus = [
      ...times(20, (index) => trace(`edit${index} ?check${index}`, 'success')),
      ...times(20, (index) => trace(`?check${index} edit${index}`, 'failure')),
      ...times(20, (index) => trace(`~look${index}`, 'success')),
    ];
    const rule = ofKind(mined(corpus), 'heuristic').find(({ action }) => action.includes('after the last'));
    expect(rule).toMatchObject({
      condition: 'something was changed',
      action: 'a check ran after the last change',
      support: 20,
      successes: 20,
      situation: { episodes: 40, successes: 20 },
      standing: 'confirmed',
    });
  });
});

/** mulberry32 (Ettinger): small, and the same everywhere. */
function randomOf(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Tasks that differ in what is done at them and, apart from that, in how often they succeed. */
function chanceCorpus(seed: number, size: { readonly tasks: number; readonly attempts: number }): readonly Trace[] {
  const random = randomOf(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  return Array.from({ length: size.tasks }, (_, task) => {
    const rate = [0.05, 0.5, 0.95][pick(3)] ?? 0;
    const habits = Array.from({ length: 4 }, () => pick(12));
    return Array.from({ length: size.attempts }, (_again, attempt) =>
      trace(
        Array.from({ length: 10 }, () => `t${random() < 0.7 ? habits[pick(4)] : pick(12)}`).join(' '),
        random() < rate ? 'success' : 'failure',
        { task: `task ${task}`, episodeId: `${task}-${attempt}`, tags: [`tag${task % 3}`] },
      ),
    );
  }).flat();
}

describe('chance', () => {
  test.each([
    { tasks: 40, attempts: 4 },
    { tasks: 12, attempts: 12 },
    { tasks: 120, attempts: 1 },
  ])('is not taken for a pattern where what is done has nothing to do with the outcome: %j [LE-06]', (size) => {
    const seeds = Array.from({ length: 15 }, (_, seed) => seed);
    const wrong = seeds.filter((seed) =>
      mined(chanceCorpus(seed, size)).some(({ standing }) => standing === 'confirmed'),
    );
    // One in twenty is allowed; one and no more of these 15.
    expect(wrong.length).toBeLessThanOrEqual(1);
  });

  const acts = (random: () => number, count: number): string =>
    Array.from({ length: count }, () => `t${Math.floor(random() * 12)}`).join(' ');
  /** How many of some corpora have anything that is called sure. */
  const wrongOf = (make: (random: () => number) => readonly Trace[]): number =>
    Array.from({ length: 15 }, (_, seed) => mined(make(randomOf(seed * 7919 + 13)))).filter((patterns) =>
      patterns.some(({ standing }) => standing === 'confirmed'),
    ).length;

  test.each([
    { good: [6, 6], bad: [20, 20] },
    { good: [8, 1], bad: [24, 1] },
    { good: [20, 1], bad: [6, 1] },
    { good: [8, 9], bad: [14, 9] },
  ] as const)('is not taken for a pattern where it is length that goes with the outcome: %j [LE-06]', (lengths) => {
    const wrong = wrongOf((random) =>
      times(120, () => {
        const isGood = random() < 0.5;
        const [least, spread] = isGood ? lengths.good : lengths.bad;
        return trace(acts(random, least + Math.floor(random() * spread)), isGood ? 'success' : 'failure');
      }),
    );
    expect(wrong).toBeLessThanOrEqual(1);
  });

  test.each(['bash: git commit', 'ask_human'])('what follows from how it went is never sure: %s [LE-06]', (last) => {
    const wrong = wrongOf((random) =>
      times(100, () => {
        const isGood = random() < 0.5;
        const work = acts(random, 8).split(' ').map(step);
        const isDone = random() < (isGood === (last === 'ask_human') ? 0.05 : 0.9);
        return trace(isDone ? [...work, step(last)] : work, isGood ? 'success' : 'failure');
      }),
    );
    expect(wrong).toBeLessThanOrEqual(1);
  });

  test('what was taken up while everything grew better is not sure, nor what the others have overtaken [LE-09]', () => {
    const grown = wrongOf((random) =>
      times(150, (index) => {
        const steps = `${index > 75 ? 'x ' : ''}${acts(random, 8)}`;
        return trace(steps, random() < 0.2 + (0.6 * index) / 150 ? 'success' : 'failure', { endedAt: at(index) });
      }),
    );
    expect(grown).toBeLessThanOrEqual(1);
    const overtaken = wrongOf((random) =>
      times(300, (index) => {
        const has = random() < 0.5;
        const rate = has ? 0.9 : index < 200 ? 0.3 : 0.97;
        const steps = `${acts(random, 3)} ${has ? 'x y' : acts(random, 2)} ${acts(random, 3)}`;
        return trace(steps, random() < rate ? 'success' : 'failure', { endedAt: at(index) });
      }),
    );
    // The newest third differs by .07, which chance hides in some of them; compared with those of before, in most.
    expect(overtaken).toBeLessThanOrEqual(5);
  });

  test('leaves standing what is planted, alone of all that goes with it [LE-06]', () => {
    const random = randomOf(7);
    const planted = chanceCorpus(7, { tasks: 150, attempts: 1 }).map((each, index): Trace => {
      const isPlanted = index % 3 === 0;
      const steps = isPlanted ? [...each.steps.slice(0, 5), step('~x'), step('y'), ...each.steps.slice(5)] : each.steps;
      return { ...each, steps, outcome: random() < (isPlanted ? 0.9 : 0.3) ? 'success' : 'failure' };
    });
    const confirmed = mined(planted).filter(({ standing }) => standing === 'confirmed');
    expect(
      confirmed.map((pattern) => (pattern.kind === 'tool_sequence' ? pattern.tools.join(' ') : pattern.kind)),
    ).toEqual(['x y']);
  });

  test('what the newest attempts turn against is not sure, however many older ones there are [LE-09]', () => {
    const good = times(60, (index) => trace(`~a b w${index}`, 'success'));
    const others = times(90, (index) => trace(`~a c w${index}`, index % 3 === 0 ? 'success' : 'failure'));
    const turned = times(30, (index) => trace(`~a b w${index}`, 'failure', { endedAt: '2027-01-01T00:00:00.000Z' }));
    expect(sequence(mined([...good, ...others]), 'a b')?.standing).toBe('confirmed');
    const after = sequence(mined([...good, ...others, ...turned]), 'a b');
    expect(after?.standing).toBe('candidate');
    expect(after?.pValue).toBeLessThanOrEqual(0.05);
  });
});

describe('laws', () => {
  const text = fc
    .array(fc.constantFrom('a', 'b', '~c', '?d', 'a!', '?d!', 'e'), { maxLength: 8 })
    .map((acts) => acts.join(' '));
  const one = fc.record({
    text,
    outcome: fc.constantFrom('success', 'partial', 'failure', 'abstained'),
    task: fc.nat(6),
  });
  const corpora = fc
    .array(one, { minLength: 3, maxLength: 40 })
    .map((all) =>
      all.map((each, index) =>
        trace(each.text, each.outcome, { task: `${each.task}`, episodeId: `${index}`, endedAt: at(index) }),
      ),
    );

  test('the order in which attempts come changes nothing [LE-06]', () => {
    fc.assert(
      fc.property(
        corpora.chain((corpus) =>
          fc.tuple(fc.constant(corpus), fc.shuffledSubarray(corpus, { minLength: corpus.length })),
        ),
        ([corpus, shuffled]) => {
          expect(minePatterns(shuffled, NO_KINDS)).toEqual(minePatterns(corpus, NO_KINDS));
        },
      ),
      { numRuns: 40 },
    );
  });

  test('an attempt that has nothing to do with it takes no evidence from a pattern and adds none [LE-06]', () => {
    fc.assert(
      fc.property(corpora, (corpus) => {
        const evidenceIn = (traces: readonly Trace[]) =>
          new Map(ofKind(mined(traces), 'tool_sequence').map(({ id, evidence }) => [id, evidence]));
        const before = evidenceIn(corpus);
        for (const [id, evidence] of evidenceIn([...corpus, trace('unheard of', 'failure')])) {
          if (before.has(id)) expect(evidence).toEqual(before.get(id));
        }
      }),
      { numRuns: 40 },
    );
  });

  test('counts of pairs are those of counting one by one, and support is how many episodes bear witness [LE-06]', () => {
    fc.assert(
      fc.property(corpora, (corpus) => {
        const patterns = mined(corpus);
        for (const { support, successes, evidence } of patterns) {
          expect(new Set(evidence.map(({ episodeId }) => episodeId)).size).toBe(support);
          expect(evidence.filter(({ isSuccess }) => isSuccess)).toHaveLength(successes);
        }
        for (const pair of ['a b', 'b a', 'a c', 'd e']) {
          const holders = corpus.filter(({ steps, outcome }) => {
            const acts = steps.map(({ act }) => act).filter((act, index, all) => act !== all[index - 1]);
            return outcome !== 'abstained' && ` ${acts.join(' ')} `.includes(` ${pair} `);
          });
          const found = sequence(patterns, pair);
          expect(found?.support ?? 0).toBe(holders.length < 3 ? 0 : holders.length);
          if (found === undefined) continue;
          expect(found.successes).toBe(holders.filter(({ outcome }) => outcome === 'success').length);
          expect(found.tasks).toBe(new Set(holders.map(({ task }) => task)).size);
        }
      }),
      { numRuns: 40 },
    );
  });
});

describe('odd input', () => {
  test('no attempts, none with steps, only errors, very long ones: nothing breaks, nothing absurd is sure [LE-06]', () => {
    expect(minePatterns([], NO_KINDS)).toEqual({ patterns: [], examined: 0 });
    expect(mined(times(50, () => trace('', 'success')))).toEqual([]);
    const errors = times(50, () => trace('a! a! a! b!', 'failure'));
    expect(mined(errors).filter(({ standing }) => standing === 'confirmed')).toEqual([]);
    const long = times(6, (which) =>
      trace(Array.from({ length: 300 }, (_, i) => `t${(i * 7 + which) % 40}`).join(' '), 'success'),
    );
    expect(mined(long).length).toBeLessThanOrEqual(200);
  });
});
