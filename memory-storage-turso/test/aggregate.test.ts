// Counting in groups against the plainest program that does the same, over both kinds of store.
import { randomUUID } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type AggregateField,
  type AggregateMeasure,
  type AggregateQuery,
  type AggregateResult,
  type Episode,
  inMemoryStore,
  openMemory,
  type Step,
} from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { episodes, put, steps } from '@episodica/test-utils';
import fc from 'fast-check';
import { afterAll, describe, expect, test } from 'vitest';

const folder = mkdtempSync(join(tmpdir(), 'aggregate-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const STORES: readonly (readonly [string, () => Promise<MemoryStore>])[] = [
  ['memory', async () => inMemoryStore()],
  [
    'a libSQL file',
    () => openTursoStore({ url: `file:${join(folder, `${randomUUID()}.db`)}`, durability: 'normal', threads: false }),
  ],
];

const FIELDS_OF_EPISODES = [
  'project',
  'domain',
  'task_type',
  'language',
  'complexity',
  'status',
  'outcome',
  'tag',
  'quality_flag',
  'agent',
  'day',
  'week',
  'month',
] as const satisfies readonly AggregateField[];
const FIELDS_OF_STEPS = [...FIELDS_OF_EPISODES, 'tool', 'result'] as const satisfies readonly AggregateField[];
const MEASURES_OF_EPISODES = [
  'ended',
  'successes',
  'success_rate',
  'success_rate_low',
  'success_rate_high',
  'mean_reward',
  'median_steps',
  'p95_duration_ms',
  'total_tokens',
] as const satisfies readonly AggregateMeasure[];
const MEASURES_OF_STEPS = [
  'episodes',
  'errors',
  'error_rate',
  'mean_latency_ms',
  'median_latency_ms',
  'p95_latency_ms',
  'total_tokens',
] as const satisfies readonly AggregateMeasure[];

/** From the end of one year into the next: days, weeks and months that differ. */
const time = fc.integer({ min: 0, max: 200 }).map((hours) => new Date(Date.UTC(2025, 11, 27, 5 * hours)).toISOString());
const name = fc.constantFrom('web', 'api', '__proto__', 'constructor', '\u001b[31mred', '');

const world = fc
  .record({
    known: fc.array(
      fc
        .tuple(
          episodes,
          time,
          fc.record({ startedAt: time, project: name, domain: name }, { requiredKeys: ['startedAt'] }),
        )
        .map(([{ project: _project, domain: _domain, ...episode }, endedAt, own]): Episode => {
          const { startedAt, ...place } = own;
          return episode.status === 'open'
            ? { ...episode, ...place, startedAt }
            : { ...episode, ...place, startedAt, endedAt };
        }),
      { minLength: 4, maxLength: 16 },
    ),
    told: fc.array(
      fc.tuple(
        fc.nat(),
        steps,
        fc.record(
          { tool: name, latencyMs: fc.nat({ max: 9 }), tokensUsed: fc.nat({ max: 9 }) },
          { requiredKeys: ['tool'] },
        ),
      ),
      { minLength: 4, maxLength: 40 },
    ),
  })
  .map(({ known, told }) => ({
    known,
    told: told.flatMap(
      ([at, { key: _key, latencyMs: _latency, tokensUsed: _tokens, ...step }, own]): readonly Step[] => {
        const episode = known[at % Math.max(1, known.length)];
        return episode === undefined ? [] : [{ ...step, ...own, episodeId: episode.id, number: 0 }];
      },
    ),
  }));

/** Mostly one filter at a time: of several, hardly anything is left to be counted. */
const where: fc.Arbitrary<NonNullable<AggregateQuery['where']>> = fc
  .oneof(
    { weight: 4, arbitrary: fc.constant({}) },
    fc.record({ project: fc.constantFrom('web', '__proto__') }),
    fc.record({ outcome: fc.constantFrom('success' as const, 'failure' as const) }),
    fc.record({ status: fc.constantFrom('open' as const, 'completed' as const) }),
    fc.record({ tags: fc.constantFrom(['ci'], ['ci', 'flaky']) }),
    fc.record({ since: time, status: fc.constant('completed' as const) }),
  )
  .map((filter) => ({ ...filter, scope: 'all' as const }));
const how = {
  where,
  minCount: fc.integer({ min: 1, max: 2 }),
  limit: fc.integer({ min: 1, max: 30 }),
  maxEpisodes: fc.integer({ min: 1, max: 14 }),
  isDescending: fc.boolean(),
};
const query: fc.Arbitrary<AggregateQuery> = fc.oneof(
  fc.record(
    {
      ...how,
      groupBy: fc.subarray([...FIELDS_OF_EPISODES], { maxLength: 3 }),
      measures: fc.constant(MEASURES_OF_EPISODES),
      orderBy: fc.constantFrom('group' as const, 'count' as const, 'success_rate' as const, 'median_steps' as const),
    },
    { requiredKeys: ['where', 'measures'] },
  ),
  fc.record(
    {
      ...how,
      of: fc.constant<'steps'>('steps'),
      where: fc
        .tuple(
          where,
          fc.record({ tool: fc.constant('web'), result: fc.constant<'error'>('error') }, { requiredKeys: [] }),
        )
        .map(([one, other]) => ({ ...one, ...other })),
      groupBy: fc.subarray([...FIELDS_OF_STEPS], { maxLength: 3 }),
      measures: fc.constant(MEASURES_OF_STEPS),
      orderBy: fc.constantFrom('group' as const, 'count' as const, 'error_rate' as const, 'p95_latency_ms' as const),
    },
    { requiredKeys: ['of', 'where', 'measures'] },
  ),
);

describe.each(STORES)('counting over %s', (_name, open) => {
  test('says what the plainest program says, for any filter, grouping and order [SB-06]', {
    timeout: 120_000,
  }, async () => {
    await fc.assert(
      fc.asyncProperty(world, fc.array(query, { minLength: 1, maxLength: 6 }), async ({ known, told }, queries) => {
        const store = await open();
        try {
          await store.write([...known.map((one) => put('episode', one)), ...told.map((one) => put('step', one))]);
          const memory = openMemory({ store, embedder: 'none' });
          for (const asked of queries) {
            expect(rounded(await memory.aggregate(asked))).toEqual(rounded(plainly(known, told, asked)));
          }
        } finally {
          await store.close();
        }
      }),
      { numRuns: 60 },
    );
  });
});

/** Sums of fractions differ in the last digits with the order in which they are made. */
function rounded(result: AggregateResult): unknown {
  return JSON.parse(
    JSON.stringify(result, (_key, value: unknown) =>
      typeof value === 'number' ? Number(value.toPrecision(10)) : value,
    ),
  );
}

interface Row {
  readonly said: Readonly<Record<string, readonly (string | null)[]>>;
  readonly episodeId: string;
  readonly isHit: boolean | undefined;
  readonly amounts: Readonly<Record<string, number | undefined>>;
}

/** Everything in lists: filter, then group, then measure, then order. */
function plainly(known: readonly Episode[], told: readonly Step[], asked: AggregateQuery): AggregateResult {
  const { where: filter = {}, groupBy = [], measures = [], minCount = 1, limit = 50, maxEpisodes = 10_000 } = asked;
  const matching = known
    .filter((episode) => filter.project === undefined || episode.project === filter.project)
    .filter((episode) => filter.status === undefined || episode.status === filter.status)
    .filter((episode) => filter.outcome === undefined || outcomeOf(episode) === filter.outcome)
    .filter((episode) => (filter.tags ?? []).every((tag) => episode.tags.includes(tag)))
    .filter((episode) => filter.since === undefined || episode.startedAt >= filter.since)
    .sort((a, b) => (`${a.startedAt} ${a.id}` < `${b.startedAt} ${b.id}` ? 1 : -1));
  const scanned = matching.slice(0, maxEpisodes);
  const rows = scanned.flatMap((episode) => (asked.of === 'steps' ? stepRows : episodeRows)(episode, told, filter));

  const groups = new Map<string, { readonly values: readonly (string | null)[]; readonly rows: Row[] }>();
  for (const row of rows) {
    let keys: (string | null)[][] = [[]];
    for (const field of groupBy) keys = keys.flatMap((key) => (row.said[field] ?? []).map((value) => [...key, value]));
    for (const key of keys) {
      const group = groups.get(JSON.stringify(key)) ?? { values: key, rows: [] };
      groups.set(JSON.stringify(key), group);
      group.rows.push(row);
    }
  }
  const found = [...groups.values()].map(({ values, rows: own }) => ({
    group: Object.fromEntries(groupBy.map((field, index) => [field, values[index] ?? null])),
    values,
    count: own.length,
    measures: Object.fromEntries(measures.map((measure) => [measure, measureOf(own, measure)])),
  }));
  const { orderBy = 'count', isDescending = orderBy !== 'group' } = asked;
  const sign = isDescending ? -1 : 1;
  const shown = found
    .filter(({ count }) => count >= minCount)
    .sort((a, b) => {
      if (orderBy === 'group') return compared(a.values, b.values, sign);
      const [one, other] = [a, b].map((each) => (orderBy === 'count' ? each.count : each.measures[orderBy])) as [
        number | null,
        number | null,
      ];
      if (one === other) return compared(a.values, b.values, 1);
      if (one === null || other === null) return one === null ? 1 : -1;
      return sign * (one - other) || compared(a.values, b.values, 1);
    })
    .slice(0, limit)
    .map(({ values: _values, ...group }) => group);
  return {
    groups: shown,
    groupsLeftOut: found.length - shown.length,
    scanned: scanned.length,
    isComplete: scanned.length === matching.length,
  };
}

function compared(a: readonly (string | null)[], b: readonly (string | null)[], sign: number): number {
  for (const [index, one] of a.entries()) {
    const other = b[index] ?? null;
    if (one !== other) return one === null ? 1 : other === null ? -1 : one < other ? -sign : sign;
  }
  return 0;
}

function outcomeOf(episode: Episode): string | undefined {
  return episode.status === 'completed' ? episode.outcome.kind : undefined;
}

function episodeRows(episode: Episode, told: readonly Step[]): readonly Row[] {
  const own = told.filter(({ episodeId }) => episodeId === episode.id);
  const tokens = own.flatMap(({ tokensUsed }) => tokensUsed ?? []);
  const outcome = outcomeOf(episode);
  const end = episode.status === 'completed' ? episode : undefined;
  const tookMs = end === undefined ? -1 : Date.parse(end.endedAt) - Date.parse(end.startedAt);
  return [
    {
      said: saidBy(episode),
      episodeId: episode.id,
      isHit: outcome === undefined || outcome === 'abstained' ? undefined : outcome === 'success',
      amounts: {
        reward: end?.reward.total,
        duration_ms: tookMs < 0 ? undefined : tookMs,
        steps: own.length,
        tokens: tokens.length === 0 ? undefined : tokens.reduce((sum, each) => sum + each, 0),
      },
    },
  ];
}

function stepRows(
  episode: Episode,
  told: readonly Step[],
  filter: NonNullable<AggregateQuery['where']>,
): readonly Row[] {
  return told
    .filter(({ episodeId }) => episodeId === episode.id)
    .filter(({ tool }) => filter.tool === undefined || tool === filter.tool)
    .filter(({ result }) => filter.result === undefined || result.type === filter.result)
    .map((step) => ({
      said: { ...saidBy(episode), tool: [short(step.tool)], result: [step.result.type] },
      episodeId: episode.id,
      isHit: step.result.type !== 'success',
      amounts: { latency_ms: step.latencyMs, tokens: step.tokensUsed },
    }));
}

function saidBy(episode: Episode): Row['said'] {
  const one = (value: string | undefined): readonly (string | null)[] => [value === undefined ? null : short(value)];
  const day = new Date(episode.startedAt);
  const sunday = 0;
  const monday = new Date(day.getTime() - ((day.getUTCDay() === sunday ? 7 : day.getUTCDay()) - 1) * 86_400_000);
  const flags = episode.status === 'completed' ? episode.quality.flags : [];
  return {
    project: one(episode.project),
    domain: one(episode.domain),
    task_type: one(episode.taskType),
    language: one(episode.context.language),
    complexity: one(episode.context.complexity),
    status: one(episode.status),
    outcome: one(outcomeOf(episode)),
    tag: episode.tags.length === 0 ? [null] : episode.tags,
    quality_flag: flags.length === 0 ? [null] : flags,
    agent: one(episode.source.agent),
    day: one(day.toISOString().slice(0, 10)),
    week: one(monday.toISOString().slice(0, 10)),
    month: one(day.toISOString().slice(0, 7)),
  };
}

/** No name that may be stored is as long as what is cut. */
function short(text: string): string {
  return text.length <= 500 ? text : `${text.slice(0, 499)}…`;
}

function measureOf(rows: readonly Row[], measure: AggregateMeasure): number | null {
  const judged = rows.filter(({ isHit }) => isHit !== undefined);
  const hits = judged.filter(({ isHit }) => isHit === true).length;
  const n = judged.length;
  if (measure === 'ended') return n;
  if (measure === 'successes' || measure === 'errors') return hits;
  if (measure === 'episodes') return new Set(rows.map(({ episodeId }) => episodeId)).size;
  if (measure.includes('_rate')) {
    if (n === 0) return null;
    if (measure.endsWith('_rate')) return hits / n;
    // Where the distance of the rate from p is as large as 1.96 standard errors at p: the roots of a quadratic equation.
    const [a, b, c] = [1 + 1.96 ** 2 / n, 2 * (hits / n) + 1.96 ** 2 / n, (hits / n) ** 2];
    const root = Math.sqrt(Math.max(0, b * b - 4 * a * c));
    return Math.abs((b + (measure.endsWith('low') ? -root : root)) / (2 * a)) < 1e-12
      ? 0
      : (b + (measure.endsWith('low') ? -root : root)) / (2 * a);
  }
  const [, statistic = '', quantity = ''] = /^([a-z0-9]+)_(.*)$/u.exec(measure) ?? [];
  const amounts = rows.flatMap((row) => row.amounts[quantity] ?? []).sort((a, b) => a - b);
  if (amounts.length === 0) return null;
  const total = amounts.reduce((sum, each) => sum + each, 0);
  if (statistic === 'total') return total;
  if (statistic === 'mean') return total / amounts.length;
  const at = (amounts.length - 1) * (statistic === 'median' ? 0.5 : 0.95);
  const [low = 0, high = 0] = [amounts[Math.floor(at)], amounts[Math.ceil(at)]];
  return low * (1 - (at % 1)) + high * (at % 1);
}
