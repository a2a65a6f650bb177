// pattern extract: learns now what waits to be learnt, and says what that changed.
import type { Standing } from '@episodica/memory-core';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { type Invocation, type Opened, useMemory } from '../open.ts';
import { print } from '../output.ts';
import { progressLine } from '../progress.ts';

/** Learns over all episodes that owe it, or tells how many those are. */
export async function extract(invocation: Invocation, { dryRun }: { readonly dryRun?: boolean }): Promise<number> {
  const { format } = invocation;
  if (dryRun) {
    const pending = await useMemory(invocation, (opened) => pendingEpisodes(opened, invocation.signal));
    await print(format, { dry_run: true, pending }, () =>
      pending === 0
        ? 'Nothing waits to be learnt.'
        : `${counted(pending, 'episode waits', 'episodes wait')} to be learnt.`,
    );
    return 0;
  }
  const result = await useMemory(invocation, (opened) => learnt(opened, invocation.signal));
  await print(format, result, () => extractText(result));
  return 0;
}

/** What learning changed, in the form in which it is printed. */
interface ExtractResult {
  readonly episodes: number;
  readonly patterns: Changes & {
    /** Those that were not confirmed before, the new ones among them; likewise the faded. */
    readonly confirmed: number;
    readonly faded: number;
    /** As many as there are now, of every project. */
    readonly in_all: Readonly<Record<Standing, number>>;
  };
  readonly clusters: Changes & { readonly in_all: number };
  readonly took_ms: number;
}

interface Changes {
  readonly new: number;
  readonly changed: number;
  readonly gone: number;
}

/** How often the line that tells the progress is drawn. */
const LOOK_MS = 500;

async function learnt(opened: Opened, signal: AbortSignal): Promise<ExtractResult> {
  const { memory, store } = opened;
  const before = await snapshot(store, signal);
  const line = progressLine('learn');
  const looking = setInterval(() => line.show(() => ({ text: 'patterns and kinds of task', done: 0 })), LOOK_MS);
  const startedMs = performance.now();
  const episodes = await memory.learnPending({ signal }).finally(() => {
    clearInterval(looking);
    line.clear();
  });
  const tookMs = performance.now() - startedMs;
  const after = await snapshot(store, signal);
  return {
    episodes,
    patterns: {
      ...changes(before.patterns, after.patterns),
      confirmed: turned('confirmed', before.patterns, after.patterns),
      faded: turned('faded', before.patterns, after.patterns),
      in_all: inAll(after.patterns),
    },
    clusters: { ...changes(before.clusters, after.clusters), in_all: after.clusters.size },
    took_ms: Math.round(tookMs),
  };
}

/** What is stored, as far as changes are told of. */
interface Snapshot {
  readonly patterns: ReadonlyMap<string, { readonly version: number; readonly standing: Standing }>;
  readonly clusters: ReadonlyMap<string, { readonly version: number }>;
}

async function snapshot(store: MemoryStore, signal: AbortSignal): Promise<Snapshot> {
  const patterns = new Map<string, { version: number; standing: Standing }>();
  for await (const { id, version, standing } of store.scan('pattern', {}, { signal })) {
    patterns.set(id, { version, standing });
  }
  const clusters = new Map<string, { version: number }>();
  for await (const { id, version } of store.scan('cluster', {}, { signal })) clusters.set(id, { version });
  return { patterns, clusters };
}

type Versions = ReadonlyMap<string, { readonly version: number }>;

function changes(before: Versions, after: Versions): Changes {
  const ids = [...after.keys()];
  return {
    new: ids.filter((id) => !before.has(id)).length,
    changed: ids.filter((id) => before.has(id) && before.get(id)?.version !== after.get(id)?.version).length,
    gone: [...before.keys()].filter((id) => !after.has(id)).length,
  };
}

/** How many have come to this standing. */
function turned(standing: Standing, before: Snapshot['patterns'], after: Snapshot['patterns']): number {
  return [...after].filter(([id, now]) => now.standing === standing && before.get(id)?.standing !== standing).length;
}

function inAll(patterns: Snapshot['patterns']): Readonly<Record<Standing, number>> {
  const count = (standing: Standing): number =>
    [...patterns.values()].filter((pattern) => pattern.standing === standing).length;
  return { confirmed: count('confirmed'), candidate: count('candidate'), faded: count('faded') };
}

async function pendingEpisodes({ memory }: Opened, signal: AbortSignal): Promise<number> {
  let pending = 0;
  for await (const _ of memory.listEpisodes({ status: 'completed', learningPending: true }, { signal })) pending += 1;
  return pending;
}

function extractText({ episodes, patterns, clusters, took_ms: tookMs }: ExtractResult): string {
  const { confirmed, candidate, faded } = patterns.in_all;
  const stock = `There are ${confirmed} confirmed patterns, ${candidate} candidates and ${faded} faded ones, and ${clusters.in_all} kinds of task.`;
  const told = [
    ...changesText(patterns, 'pattern', 'patterns'),
    ...(patterns.confirmed === 0 ? [] : [`${patterns.confirmed} newly confirmed`]),
    ...(patterns.faded === 0 ? [] : [`${patterns.faded} faded`]),
    ...changesText(clusters, 'kind of task', 'kinds of task'),
  ];
  if (episodes === 0 && told.length === 0) return `Nothing waited to be learnt; nothing changed. ${stock}`;
  const from = `Learnt from ${counted(episodes, 'episode', 'episodes')} in ${(tookMs / 1_000).toFixed(1)} s`;
  return `${from}: ${told.length === 0 ? 'nothing changed' : told.join(', ')}. ${stock}`;
}

function changesText(changed: Changes, one: string, many: string): readonly string[] {
  return [
    ...(changed.new === 0 ? [] : [counted(changed.new, `new ${one}`, `new ${many}`)]),
    ...(changed.changed === 0 ? [] : [`${counted(changed.changed, one, many)} changed`]),
    ...(changed.gone === 0 ? [] : [`${counted(changed.gone, one, many)} gone`]),
  ];
}

function counted(count: number, one: string, many: string): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}
