// The part of the glance that the store itself tells.
import { isMemoryError, STANDINGS, type Standing } from '@episodica/memory-core';
import { type Invocation, type Opened, useMemory } from '../open.ts';

/** What is stored. */
export interface StoreGlance {
  readonly path: string;
  readonly size_bytes: number;
  readonly episodes: number;
  readonly steps: number;
  /** Of the newest 10,000 episodes, whatever project they are of. */
  readonly newest: {
    readonly looked_at: number;
    readonly open: number;
    readonly completed: number;
    readonly success_rate: number | null;
  };
  readonly patterns: Readonly<Record<Standing, number>>;
}

/** What is stored, or why nobody can say. @throws what is wrong with a setting */
export async function storeGlance(invocation: Invocation): Promise<StoreGlance | { readonly problem: string }> {
  try {
    return await useMemory(invocation, (opened) => glance(opened, invocation.signal));
  } catch (error) {
    if (!isMemoryError(error) || !PASSED.has(error.code)) throw error;
    return { problem: `${error.code}: ${error.message}` };
  }
}

/** Where the store is at fault, the figures are worth a look all the same. */
const PASSED: ReadonlySet<string> = new Set(['STORE_UNAVAILABLE', 'STORE_FAILED', 'STORE_CORRUPT']);

async function glance({ memory, store }: Opened, signal: AbortSignal): Promise<StoreGlance> {
  const { path, sizeBytes, counts } = await store.stats();
  const { groups, scanned } = await memory.aggregate(
    { where: { scope: 'all' }, groupBy: ['status'], measures: ['ended', 'successes'] },
    { signal },
  );
  const countOf = (status: string): number => groups.find(({ group }) => group.status === status)?.count ?? 0;
  const total = (measure: 'ended' | 'successes'): number =>
    groups.reduce((sum, { measures }) => sum + (measures[measure] ?? 0), 0);
  const patterns = new Map<Standing, number>(STANDINGS.map((standing) => [standing, 0]));
  for await (const { standing } of store.scan('pattern', {}, { signal })) {
    patterns.set(standing, (patterns.get(standing) ?? 0) + 1);
  }
  return {
    path,
    size_bytes: sizeBytes,
    episodes: counts.episode,
    steps: counts.step,
    newest: {
      looked_at: scanned,
      open: countOf('open'),
      completed: countOf('completed'),
      success_rate: total('ended') === 0 ? null : total('successes') / total('ended'),
    },
    // Every standing was put in.
    patterns: Object.fromEntries(patterns) as Record<Standing, number>,
  };
}
