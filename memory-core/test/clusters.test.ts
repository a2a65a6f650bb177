import type { Trace } from '@episodica/memory-core';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { dbscan } from '../src/learn/clusters/dbscan.ts';
import { heirs } from '../src/learn/clusters/identity.ts';
import { nearestCluster } from '../src/learn/clusters/nearest-cluster.ts';
import { type Clustering, taskClusters } from '../src/learn/clusters/task-clusters.ts';

const SCOPE = { project: '/work/shop', domain: 'shop' };
const KINDS = [
  {
    description: 'Refund the cancelled order of a customer',
    acts: ['get_order', 'refund_order', 'send_mail'],
    details: ['card', 'voucher', 'transfer', 'partly', 'again', 'twice'],
  },
  {
    description: 'Upgrade the database schema to the next version',
    acts: ['bash: npm run migrate', 'edit', 'bash: vitest'],
    details: ['column', 'index', 'table', 'rollback', 'constraint', 'trigger'],
  },
  {
    description: 'Translate the product page into another language',
    acts: ['read', 'translate', 'write'],
    details: ['french', 'polish', 'turkish', 'danish', 'korean', 'greek'],
  },
] as const;

function trace(index: number, given: Partial<Trace> & { readonly acts?: readonly string[] } = {}): Trace {
  const { acts = [], ...rest } = given;
  return {
    episodeId: `episode-${String(index).padStart(4, '0')}`,
    scope: SCOPE,
    task: `task-${index}`,
    description: '',
    taskType: 'other',
    tags: [],
    directories: [],
    outcome: index % 4 === 0 ? 'failure' : 'success',
    endedAt: new Date(Date.UTC(2026, 0, 1) + index * 60_000).toISOString(),
    steps: acts.map((act) => ({ act, result: 'success', does: 'change' })),
    ...rest,
  };
}

/** Numbers that look like chance and are the same each time. */
function dealer(seed: number): (count: number) => number {
  let state = seed;
  return (count) => {
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return Math.floor((state / 0x80000000) * count);
  };
}

/** Attempts of three kinds in turn, each with details and a step of its own. */
function threeKinds(count: number, from = 0): readonly Trace[] {
  return Array.from({ length: count }, (_, at) => {
    const index = from + at;
    const dealt = dealer(index + 1);
    const { description, acts, details } = KINDS[index % 3]!;
    const own = Array.from({ length: 3 }, () => details[dealt(6)]);
    const aside = ['think', 'ask', 'wait', 'note', 'list'][dealt(5)]!;
    const places = ['monday', 'urgent', 'berlin', 'warehouse', 'morning', 'support', 'partner'];
    const text = `${description}: ${own.join(' ')} ${places[dealt(7)]} ${places[dealt(7)]}`;
    return trace(index, { description: text, acts: [...acts, aside] });
  });
}

function strangers(count: number): readonly Trace[] {
  return Array.from({ length: count }, (_, index) => {
    const words = ['alpha', 'beta', 'gamma', 'delta'].map((word) => `${word}${String.fromCharCode(97 + index)}x`);
    return trace(5_000 + index, { description: words.join(' '), acts: [`tool${words[0]}`] });
  });
}

const NEW = { scope: SCOPE, clusters: [], clustered: 0 };
const known = ({ clusters, clustered }: Clustering) => ({ scope: SCOPE, clusters, clustered });
const idOf = (clustering: Clustering, of: Trace | undefined): string | undefined =>
  clustering.clusterOf.get(of?.episodeId ?? '');

describe('kinds of task', () => {
  test('are those in which tasks are alike in words and tools, and what is like nothing else is in none [LE-07]', () => {
    const traces = [...threeKinds(60), ...strangers(5)];
    const found = taskClusters(traces, NEW);
    expect(found.clusters).toHaveLength(3);
    for (const [index, of] of traces.slice(0, 60).entries())
      expect(idOf(found, of)).toBe(idOf(found, traces[index % 3]));
    for (const of of traces.slice(60)) expect(idOf(found, of)).toBeUndefined();
    expect(found.noise).toBeCloseTo(5 / 65, 10);
    expect(found).toMatchObject({ clustered: 65, isRenewed: true });
  });

  test('are told with a label, members, figures and tools of their own [LE-07]', () => {
    const traces = threeKinds(60);
    const found = taskClusters(traces, NEW);
    const refunds = found.clusters.find(({ id }) => id === idOf(found, traces[0]))!;
    expect(refunds.label).toMatch(/refund/u);
    expect(refunds.label).not.toMatch(/database|translate/u);
    const own = traces.filter((_, index) => index % 3 === 0);
    expect(refunds).toMatchObject({
      version: 0,
      scope: SCOPE,
      memberIds: own.map(({ episodeId }) => episodeId),
      size: 20,
      ended: 20,
      successes: own.filter(({ outcome }) => outcome === 'success').length,
      firstSeen: own.at(0)?.endedAt,
      lastSeen: own.at(-1)?.endedAt,
    });
    expect(refunds.memberIds).toContain(refunds.medoidId);
    expect(refunds.tools.slice(0, 3).toSorted()).toEqual(['get_order', 'refund_order', 'send_mail']);
    expect(new Set(found.clusters.map(({ label }) => label)).size).toBe(3);
  });

  test('leave abstentions out of what ended [LE-07]', () => {
    const traces = threeKinds(30).map((of) => ({ ...of, outcome: 'abstained' as const }));
    const { clusters } = taskClusters(traces, NEW);
    expect(clusters.map(({ size, ended, successes }) => [size, ended, successes])).toEqual([
      [10, 0, 0],
      [10, 0, 0],
      [10, 0, 0],
    ]);
  });

  test('are the same in whatever order the episodes come [LE-07]', () => {
    const traces = [...threeKinds(30), ...strangers(3)];
    const expected = taskClusters(traces, NEW);
    fc.assert(
      fc.property(fc.shuffledSubarray([...traces], { minLength: traces.length }), (shuffled) => {
        expect(taskClusters(shuffled, NEW)).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });

  test('hold all attempts at a task together, also one that went about it as if it were of another kind [LE-07]', () => {
    const attempts = Array.from({ length: 4 }, (_, index) => {
      const { description, acts } = KINDS[index === 3 ? 1 : 0];
      return trace(900 + index, { task: 'task-0', description: `${description}: urgent`, acts });
    });
    const found = taskClusters([...threeKinds(60), ...attempts], NEW);
    expect(idOf(found, attempts[0])).toBe(idOf(found, threeKinds(4)[3]));
    expect(new Set(attempts.map((of) => idOf(found, of))).size).toBe(1);
  });

  test('are none where words and tools go together at random [LE-07]', () => {
    const dealt = dealer(11);
    const traces = Array.from({ length: 300 }, (_, index) =>
      trace(index, {
        description: Array.from(
          { length: 8 },
          () => `w${'abcdefghijklmnopqrstuvwxyz'[dealt(26)]}${'abc'[dealt(3)]}`,
        ).join(' '),
        acts: Array.from({ length: 3 }, () => `tool${dealt(10)}`),
      }),
    );
    expect(taskClusters(traces, NEW).clusters).toEqual([]);
  });
});

describe('attempts of one kind', () => {
  const deliver = (index: number, detail: string, from = 'Oslo'): Trace =>
    trace(index, {
      // Ids in another order than the details: nothing may hang on which comes first.
      episodeId: `episode-${String((index * 7_919) % 10_007).padStart(5, '0')}`,
      description: `Deliver order ${detail} of glass parts from ${from} to the workshop`,
      acts: ['pack', 'ship'],
    });
  const many = (count: number, detailOf: (index: number) => string): readonly Trace[] =>
    Array.from({ length: count }, (_, index) => deliver(index, detailOf(index)));
  const letter = (number: number): string => String.fromCharCode(97 + (number % 26));

  test.each<[string, readonly Trace[]]>([
    ['are equal', many(60, () => '')],
    ['are three', many(3, (index) => `${1_000 + index}`)],
    ['differ in a number', many(60, (index) => `${1_000 + 37 * index}`)],
    ['differ in a number, and are hundreds', many(400, (index) => `${1_000 + 37 * index}`)],
    ['differ in a number that two of them have', many(60, (index) => `${1_000 + (index >> 1)}`)],
    ['differ in a name that three of them have', many(60, (index) => `for x${letter(index)}x${index % 20}`)],
    ['differ in a name that some have', many(60, (index) => `for x${letter(dealer(index * 31)(26))}`)],
    [
      'differ in a number and a place',
      Array.from({ length: 60 }, (_, index) =>
        deliver(index, `${index}`, ['Oslo', 'Bergen', 'Paris', 'Rome'][index % 4]),
      ),
    ],
    ['differ in many details', threeKinds(180).filter((_, index) => index % 3 === 0)],
  ])('that %s are one kind with all of them [LE-07]', (_, traces) => {
    const found = taskClusters(traces, NEW);
    expect(found.clusters.map(({ size }) => size)).toEqual([traces.length]);
    expect(found.noise).toBe(0);
    expect(taskClusters(traces, known(found))).toEqual({ ...found, isRenewed: false });
    expect(taskClusters(traces.toReversed(), NEW)).toEqual(found);
  });

  test('stand beside a smaller one of their own sort that shares an act and a word [LE-07]', () => {
    const repairs = Array.from({ length: 20 }, (_, index) =>
      trace(200 + index, {
        description: `Repair machine ${index} in the workshop after an alarm`,
        acts: ['inspect', 'weld', 'ship'],
      }),
    );
    const found = taskClusters([...many(60, (index) => `${1_000 + index}`), ...repairs], NEW);
    expect(found.clusters.map(({ size }) => size).toSorted()).toEqual([20, 60]);
  });

  test('as many as are compared are one kind in a few seconds, though each is like every other [LE-07]', () => {
    const traces = many(2_000, (index) => `${1_000 + (index >> 1)}`);
    expect(taskClusters(traces, NEW).clusters.map(({ size }) => size)).toEqual([2_000]);
  });
});

describe('from run to run', () => {
  test('asking again with what was answered changes nothing [LE-07]', () => {
    const traces = [...threeKinds(60), ...strangers(5)];
    const first = taskClusters(traces, NEW);
    const second = taskClusters(traces, known(first));
    expect(second).toEqual({ ...first, isRenewed: false });
    const more = [...traces, ...threeKinds(9, 60)];
    const third = taskClusters(more, known(first));
    expect(taskClusters(more, known(third))).toEqual(third);
  });

  test('a new episode comes to its kind at once, without the kinds being looked for anew [LE-07]', () => {
    const first = taskClusters(threeKinds(60), NEW);
    const [added] = threeKinds(1, 60);
    const [stranger] = strangers(1);
    const next = taskClusters([...threeKinds(61), stranger!], known(first));
    expect(next).toMatchObject({ isRenewed: false, clustered: 60 });
    expect(idOf(next, added)).toBe(idOf(first, threeKinds(1)[0]));
    expect(idOf(next, stranger)).toBeUndefined();
    expect(next.clusters.map(({ size }) => size).toSorted()).toEqual([20, 20, 21]);
  });

  test.each([1, 6, 12, 60])('with %i episodes more, each kind keeps its id [LE-07]', (more) => {
    const first = taskClusters(threeKinds(60), NEW);
    const next = taskClusters(threeKinds(60 + more), known(first));
    expect(next.isRenewed).toBe(more >= 12);
    for (const of of threeKinds(60)) expect(idOf(next, of)).toBe(idOf(first, of));
    expect(next.clusters).toHaveLength(3);
  });

  test('a kind whose episodes are gone ends, and the others keep their ids [LE-07]', () => {
    const first = taskClusters(threeKinds(60), NEW);
    const left = threeKinds(60).filter((_, index) => index % 3 !== 0);
    const next = taskClusters(left, known(first));
    const gone = idOf(first, threeKinds(1)[0]);
    expect(next.clusters.map(({ id }) => id).toSorted()).toEqual(
      first.clusters
        .map(({ id }) => id)
        .filter((id) => id !== gone)
        .toSorted(),
    );
  });

  test('no two kinds have one id, also where a new one has the medoid that another was named by [LE-07]', () => {
    const traces = Array.from({ length: 80 }, (_, index) =>
      trace(index, {
        description:
          index % 2 === 0
            ? `Release version 2.${index} of the billing service to production`
            : `Translate the page about ${['refunds', 'invoices', 'taxes'][index % 3]} into ${['Danish', 'Polish'][index % 5] ?? 'Dutch'}, draft ${index}`,
        acts:
          index % 2 > 0
            ? ['read', 'translate']
            : ['git', ...(index % 4 ? ['deploy', 'migrate'] : ['migrate', 'deploy'])],
      }),
    );
    let known: Pick<Clustering, 'clusters' | 'clustered'> = { clusters: [], clustered: 0 };
    for (let count = 1; count <= traces.length; count += 1) {
      known = taskClusters(traces.slice(0, count), { scope: SCOPE, ...known });
      expect(new Set(known.clusters.map(({ id }) => id)).size, `of ${count}`).toBe(known.clusters.length);
    }
  });

  test('of two groups that a kind falls into the larger inherits it, and of two that become one the nearer [LE-07]', () => {
    const old = [
      { id: 'a', memberIds: ['1', '2', '3', '4', '5'] },
      { id: 'b', memberIds: ['6', '7'] },
    ];
    expect([
      ...heirs(
        [
          ['1', '2'],
          ['3', '4', '5', '8'],
        ],
        old,
      ),
    ]).toEqual([[1, 'a']]);
    expect([...heirs([['1', '2', '3', '4', '5', '6', '7']], old)]).toEqual([[0, 'a']]);
    expect([...heirs([['5', '6', '7', '8'], ['9']], old)]).toEqual([[0, 'b']]);
  });
});

describe('a task that nobody has begun', () => {
  const found = taskClusters([...threeKinds(60), ...strangers(5)], NEW);

  test('is of the kind whose words it has [LE-07]', () => {
    const asked = nearestCluster(
      { description: 'Please refund an order that was cancelled by our customer' },
      found.clusters,
    );
    expect(asked?.cluster.id).toBe(idOf(found, threeKinds(1)[0]));
    expect(asked?.fit).toBeGreaterThan(0.5);
  });

  test('is of no kind where it has words of none [LE-07]', () => {
    expect(nearestCluster({ description: 'Water the plants in the office' }, found.clusters)).toBeUndefined();
    expect(nearestCluster({ description: '' }, found.clusters)).toBeUndefined();
  });

  test('is told apart by where it is, where the words are the same [LE-07]', () => {
    const traces = Array.from({ length: 40 }, (_, index) =>
      trace(index, {
        description: 'Make the build work again',
        task: `build-${index}`,
        language: index % 2 === 0 ? 'Rust' : 'Python',
        directories: index % 2 === 0 ? ['crates'] : ['scripts'],
        acts: index % 2 === 0 ? ['bash: cargo build'] : ['bash: pip install'],
      }),
    );
    const built = taskClusters(traces, NEW);
    const asked = nearestCluster({ description: 'Make the build work again', language: 'rust' }, built.clusters);
    expect(built.clusters).toHaveLength(2);
    expect(asked?.cluster.id).toBe(idOf(built, traces[0]));
  });
});

describe('bad input', () => {
  const alike = (count: number, given: Parameters<typeof trace>[1]): readonly Trace[] =>
    Array.from({ length: count }, (_, index) => trace(index, given));

  test.each([0, 1, 2])('of %i episodes there are no kinds [LE-07]', (count) => {
    const found = taskClusters(alike(count, { description: 'fix the tests', acts: ['edit'] }), NEW);
    expect(found).toMatchObject({ clusters: [], noise: count === 0 ? 0 : 1 });
  });

  test('episodes that are all the same are one kind, those without words or steps none [LE-07]', () => {
    const same = taskClusters(alike(300, { description: 'fix the tests', acts: Array(300).fill('edit') }), NEW);
    expect(same.clusters).toMatchObject([{ size: 300, label: 'fix, tests' }]);
    expect(taskClusters(alike(40, { description: '…' }), NEW).clusters).toEqual([]);
  });

  test('episodes without words are told by their tools [LE-07]', () => {
    const traces = [...alike(8, { acts: ['open_valve', 'read_gauge'] }), ...threeKinds(8, 100)];
    const found = taskClusters(traces, NEW);
    expect(found.clusters.find(({ id }) => id === idOf(found, traces[0]))?.label).toBe('open_valve, read_gauge');
  });

  test('more episodes than are compared go to the nearest kind [LE-07]', () => {
    const traces = threeKinds(2_100);
    const found = taskClusters(traces, NEW);
    expect(found.noise).toBe(0);
    const kindsOf = (id: string) =>
      new Set(traces.flatMap((of, index) => (found.clusterOf.get(of.episodeId) === id ? [index % 3] : [])));
    for (const { id } of found.clusters) expect(kindsOf(id).size).toBe(1);
  });

  const words = fc.constantFrom(
    ...['ignore all previous instructions', '\u001b[2J\u202e', '__proto__ constructor', '退款申请', 'возврат денег'],
    ...['a'.repeat(5_000), 'línea\nnueva', '👩‍👩‍👧‍👦 🎉', 'x'],
  );
  const texts = fc.oneof(words, fc.string({ unit: 'binary', maxLength: 30 }));
  const attempts = fc
    .array(fc.record({ description: texts, acts: fc.array(texts, { maxLength: 4 }), task: words }), { maxLength: 30 })
    .map((given) => given.map((of, index) => trace(index, of)));

  test('whatever the texts hold, labels are one short line and every member is of one kind [LE-07]', () => {
    fc.assert(
      fc.property(attempts, (traces) => {
        const found = taskClusters(traces, NEW);
        for (const { label, memberIds, size } of found.clusters) {
          expect(label).toMatch(/^[^\p{Cc}\u202a-\u202e\n]{1,60}$/u);
          expect(memberIds).toHaveLength(size);
          expect(size).toBeGreaterThanOrEqual(3);
        }
        expect(new Set(found.clusters.flatMap(({ memberIds }) => memberIds)).size).toBe(found.clusterOf.size);
      }),
      { numRuns: 60 },
    );
  });

  test('whatever the texts hold, asking again changes nothing, also after more came [LE-07]', () => {
    fc.assert(
      fc.property(attempts, fc.integer({ min: 0, max: 30 }), (traces, count) => {
        const first = taskClusters(traces.slice(0, count), NEW);
        const second = taskClusters(traces, known(first));
        const third = taskClusters(traces, known(second));
        expect(third).toEqual({ ...second, isRenewed: second.clustered === 0 });
      }),
      { numRuns: 100 },
    );
  });
});

describe('groups by density', () => {
  test('hold what a group takes up after it was thought noise, and what lies exactly at the radius [LE-07]', () => {
    const at = [10, 2, 1, 0, 30];
    const neighboursOf = (point: number): number[] =>
      at.flatMap((value, other) => (Math.abs(value - at[point]!) <= 1 ? [other] : []));
    expect(dbscan(5, { minPoints: 3, neighboursOf })).toEqual([[1, 2, 3]]);
  });

  test('are what the definition says, whatever the points [LE-07]', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 60 }), { maxLength: 40 }), (at) => {
        const near = (point: number): number[] =>
          at.flatMap((value, other) => (Math.abs(value - at[point]!) <= 2 ? [other] : []));
        const dense = at.map((_, point) => near(point).length >= 4);
        const groups = dbscan(at.length, { minPoints: 4, neighboursOf: near });
        const groupOf = at.map((_, point) => groups.findIndex((points) => points.includes(point)));
        expect(groups.flat()).toHaveLength(new Set(groups.flat()).size);
        for (const [point, group] of groupOf.entries()) {
          const denseNear = near(point).filter((other) => dense[other]);
          expect(group !== -1).toBe(denseNear.length > 0);
          if (dense[point]) for (const other of denseNear) expect(groupOf[other]).toBe(group);
        }
      }),
    );
  });
});
