// Learning from the episodes of a scope: that it is done once, by one, and whole, whatever comes between.
import { type CompletedEpisode, inMemoryStore, type Memory, MemoryError, openMemory } from '@episodica/memory-core';
import type { MemoryStore, Write } from '@episodica/memory-core/ports';
import { learnableEpisodes, learnableRecords } from '@episodica/test-utils';
import { describe, expect, test } from 'vitest';
import { uuidV7Source } from '../src/id.ts';
import { learnScope } from '../src/learn/scope-learning.ts';
import { type Baseline, baselineId, leastKept, MAX_KEPT_EVIDENCE } from '../src/pattern.ts';
import { silentLogger } from '../src/ports/runtime.ts';
import { learnScopeAside } from '../src/upkeep/learn-thread.ts';
import { learningHealthText, learningQueue } from '../src/upkeep/learning-queue.ts';
import { type LearningContext, runScope } from '../src/upkeep/learning-run.ts';

const SCOPE = { domain: 'generated' };
const START_MS = Date.parse('2026-12-01T00:00:00Z');
/** Learnt from in one write, and in many. */
const FEW = { tasks: 8, trials: 4 };
const MANY = { tasks: 20, trials: 6 };

type Size = typeof FEW;

/** What an import of so many episodes writes: importing takes longer than to write the same once more. */
const imports = new Map<Size, Promise<readonly (readonly Write[])[]>>();

/** A store with completed episodes that nothing was learnt from yet. */
async function owing(size: Size): Promise<MemoryStore> {
  if (!imports.has(size)) imports.set(size, importOf(size));
  const store = { ...inMemoryStore(), close: async () => {} };
  for (const batch of (await imports.get(size)) ?? []) await store.write(batch);
  return store;
}

async function importOf(size: Size): Promise<readonly (readonly Write[])[]> {
  const store = inMemoryStore();
  const batches: (readonly Write[])[] = [];
  const noting: MemoryStore = {
    ...store,
    async write(batch, options) {
      if (batch.some(({ kind }) => kind === 'baseline')) throw new Error('not now');
      const receipt = await store.write(batch, options);
      batches.push(batch);
      return receipt;
    },
  };
  const memory = openMemory({ store: noting, embedder: 'none' });
  await memory.importEpisodes(learnableRecords(learnableEpisodes(size)));
  await memory.close();
  return batches;
}

interface World {
  readonly context: LearningContext;
  advance(ms: number): void;
}

function worldOf(store: MemoryStore, learn: LearningContext['learn'] = async (input) => learnScope(input)): World {
  let nowMs = START_MS;
  const clock = (): number => nowMs;
  return {
    context: { store, clock, newId: uuidV7Source(), logger: silentLogger, actor: 'test', learn },
    advance(ms) {
      nowMs += ms;
    },
  };
}

const asked = { isAsked: true };

/** All that was learnt, without versions and times. */
async function learnt(store: MemoryStore): Promise<unknown> {
  const patterns = [];
  for await (const { version, history, ...rest } of store.scan('pattern', {})) {
    patterns.push({ ...rest, history: history.map(({ at, ...moment }) => moment) });
  }
  const clusters = [];
  for await (const { version, ...rest } of store.scan('cluster', {})) clusters.push(rest);
  const baselines = [];
  for await (const { version, learnt: state, ...rest } of store.scan('baseline', {})) {
    const { at, tookMs, ...known } = state ?? {};
    baselines.push({ ...rest, ...known });
  }
  const evidence = [];
  for await (const found of store.scan('evidence', {})) evidence.push(found);
  let pending = 0;
  for await (const _ of store.scan('episode', { learningPending: true })) pending += 1;
  const ids = patterns.map(({ id }) => id);
  return { patterns, clusters, baselines, evidence, pending, terms: await store.text!.terms('pattern', ids) };
}

/** Of each pattern what it counts, beside the evidence there is. */
async function miscounted(store: MemoryStore): Promise<readonly string[]> {
  const wrong: string[] = [];
  const left = new Set<string>();
  for await (const { id } of store.scan('evidence', {})) left.add(id);
  for await (const { id, support, successes, standing, kept } of store.scan('pattern', {})) {
    let [count, good] = [0, 0];
    for await (const found of store.scan('evidence', { patternId: id })) {
      count += 1;
      good += found.isSuccess ? 1 : 0;
      left.delete(found.id);
    }
    const isOfSupport = good <= successes && count - good <= support - successes;
    const isEnough = kept?.digest === undefined || count >= Math.min(support, leastKept(standing));
    if (count !== kept?.episodes || good !== kept.successes || !isOfSupport || !isEnough) {
      wrong.push(`${id}: ${good} of ${count} for ${successes} of ${support} and ${JSON.stringify(kept)}`);
    }
  }
  return [...wrong, ...[...left].map((id) => `${id} is evidence of nothing`)];
}

async function entriesSince(store: MemoryStore, seq: number): Promise<readonly string[]> {
  return (await store.changes(seq, { limit: 100_000 })).entries.map(({ kind, op }) => `${op} ${kind}`);
}

/** A store whose process dies before, or behind, its write of that number. */
function dying(store: MemoryStore, { at, isDone }: { readonly at: number; readonly isDone: boolean }): MemoryStore {
  let count = 0;
  return {
    ...store,
    async write(batch, options) {
      count += 1;
      if (count < at) return store.write(batch, options);
      if (count === at && isDone) await store.write(batch, options);
      throw new Error('killed');
    },
  };
}

describe('a run', () => {
  test.each([
    ['few', FEW],
    ['many', MANY],
  ])('of %s counts what there is, clears every marker, and done again writes nothing [LE-08]', async (_name, size) => {
    const store = await owing(size);
    const { context } = worldOf(store);
    expect(await runScope(context, SCOPE, asked)).toMatchObject({ kind: 'done', episodes: size.tasks * size.trials });
    expect(await learnt(store)).toMatchObject({ pending: 0, baselines: [{ episodes: size.tasks * size.trials }] });
    expect(await miscounted(store)).toEqual([]);
    const { seq } = await store.changes(0, { limit: 1 });
    expect(await runScope(context, SCOPE, asked)).toMatchObject({ kind: 'done', episodes: 0 });
    expect((await store.changes(seq)).entries).toEqual([]);
  });

  test('that learns anew what it knows changes nothing but its own row [LE-08]', async () => {
    const store = await owing(MANY);
    const { context } = worldOf(store);
    await runScope(context, SCOPE, asked);
    const before = await learnt(store);
    const [baseline] = await store.getMany('baseline', [baselineId(SCOPE)]);
    const value = { ...baseline!, version: baseline!.version + 1, learnt: { ...baseline!.learnt!, isStale: true } };
    await store.write([{ op: 'put', kind: 'baseline', value }]);
    const { seq } = await store.changes(0, { limit: 1 });
    await runScope(context, SCOPE, asked);
    expect(await entriesSince(store, seq)).toEqual(['put baseline', 'put baseline']);
    expect(await learnt(store)).toEqual(before);
  });

  test('in a worker teaches the same as here [LE-08]', async () => {
    const [here, aside] = [await owing(MANY), await owing(MANY)];
    await runScope(worldOf(here).context, SCOPE, asked);
    const worker = new URL(import.meta.resolve('@episodica/memory-core/learn-worker'));
    const { context } = worldOf(aside, (input, options) => learnScopeAside(input, options, worker));
    await runScope(context, SCOPE, asked);
    expect(await learnt(aside)).toEqual(await learnt(here));
  });

  test.each([
    ['few', FEW, false],
    ['few', FEW, true],
    ['many', MANY, false],
    ['many', MANY, true],
  ])(
    'of %s that dies at any write loses nothing, and the next one ends as if it had not [LE-08]',
    async (_name, size, isDone) => {
      const whole = await owing(size);
      await runScope(worldOf(whole).context, SCOPE, asked);
      const expected = await learnt(whole);
      for (let at = 1; ; at += 1) {
        const store = await owing(size);
        const world = worldOf(store);
        const dead = { ...world.context, store: dying(store, { at, isDone }) };
        const run = await runScope(dead, SCOPE, asked).catch((error: Error) => error.message);
        expect(await miscounted(store)).toEqual([]);
        if (run !== 'killed') {
          // As many writes as a run has were tried: more than one, where there is more than one to be half done.
          expect(at).toBeGreaterThan(size === MANY ? 4 : 2);
          break;
        }
        world.advance(60_000);
        await runScope(world.context, SCOPE, asked);
        expect(await learnt(store)).toEqual(expected);
      }
    },
  );

  test('that is stopped between two writes leaves the markers, and the next one goes on [LE-08]', async () => {
    const store = await owing(MANY);
    const stop = new AbortController();
    let writes = 0;
    const watched: MemoryStore = {
      ...store,
      async write(batch, options) {
        writes += 1;
        if (writes === 2) stop.abort();
        return store.write(batch, options);
      },
    };
    const { context } = worldOf(watched);
    const run = runScope(context, SCOPE, { ...asked, signal: stop.signal });
    await expect(run).rejects.toMatchObject({
      code: 'ABORTED',
      message: expect.stringContaining('what was learnt and written stays'),
    });
    expect(await learnt({ ...store })).toMatchObject({ pending: 120 });
    expect(await runScope(context, SCOPE, asked)).toMatchObject({ kind: 'done', episodes: 120 });
    expect(await miscounted(store)).toEqual([]);
  });

  test('keeps a trace of steps that had none, where the episode loses its marker [LE-08]', async () => {
    const store = await owing(FEW);
    const bare: Write[] = [];
    for await (const episode of store.scan('episode', {})) {
      if (episode.status === 'open') continue;
      const { trace, ...value } = episode;
      bare.push({ op: 'put', kind: 'episode', value: { ...value, version: value.version + 1 } });
    }
    await store.write(bare);
    const other = await owing(FEW);
    await runScope(worldOf(store).context, SCOPE, asked);
    await runScope(worldOf(other).context, SCOPE, asked);
    expect(await learnt(store)).toEqual(await learnt(other));
    for await (const episode of store.scan('episode', {})) {
      expect(episode.status === 'completed' && episode.trace?.length).toBeGreaterThan(0);
    }
  });

  test('learns from its own project and domain alone, also where there is none [LE-08]', async () => {
    const store = inMemoryStore();
    const memory = openMemory({ store, embedder: 'none' });
    for (const [project, domain] of [[], ['p'], ['p', 'd'], [undefined, 'd']]) {
      const records = learnableRecords(learnableEpisodes({ tasks: 4, trials: 3, seed: bySeed(project, domain) }), {
        ...(project === undefined ? {} : { project }),
      }).map(({ domain: _domain, ...record }) => ({ ...record, ...(domain === undefined ? {} : { domain }) }));
      await memory.importEpisodes(records);
    }
    await memory.learnPending();
    const counts = [];
    for await (const { episodes } of store.scan('baseline', {})) counts.push(episodes);
    expect(counts).toEqual([12, 12, 12, 12]);
    await memory.close();
  });
});

const bySeed = (project?: string, domain?: string): number =>
  (project === undefined ? 1 : 2) + (domain === undefined ? 0 : 2);

describe('evidence', () => {
  async function keptOf(store: MemoryStore): Promise<ReadonlyMap<string, number>> {
    const counts = new Map<string, number>();
    for await (const { patternId } of store.scan('evidence', {})) {
      counts.set(patternId, (counts.get(patternId) ?? 0) + 1);
    }
    return counts;
  }

  /** Of later days, the higher the seed. */
  async function complete(store: MemoryStore, seed: number): Promise<void> {
    const memory = openMemory({ store, embedder: 'none' });
    const at = new Date(Date.parse('2026-11-10T00:00:00Z') + seed * 86_400_000).toISOString();
    const records = learnableRecords(learnableEpisodes({ ...MANY, seed }));
    await memory.importEpisodes(records.map((record) => ({ ...record, started_at: at, completed_at: at })));
    await memory.close();
  }

  test('is kept of the newest alone, grows with what comes, and is cut down only when it has grown far [LE-09]', async () => {
    const store = await owing(MANY);
    const world = worldOf(store);
    await runScope(world.context, SCOPE, asked);
    let before = await keptOf(store);
    let [grown, cut] = [0, 0];
    for (let seed = 2; seed < 6; seed += 1) {
      await complete(store, seed);
      await runScope(world.context, SCOPE, asked);
      expect(await miscounted(store)).toEqual([]);
      const now = await keptOf(store);
      for await (const { id, support, standing } of store.scan('pattern', {})) {
        const [was, is] = [before.get(id) ?? 0, now.get(id) ?? 0];
        if (standing === 'faded' || was === 0) continue;
        const least = Math.min(support, leastKept(standing));
        expect(is).toBeGreaterThanOrEqual(least);
        expect(is).toBeLessThan(MAX_KEPT_EVIDENCE);
        if (is > was) grown += 1;
        if (is >= was || is === support) continue;
        cut += 1;
        expect({ is, wasMany: was > MAX_KEPT_EVIDENCE - 120 }).toEqual({ is: least, wasMany: true });
      }
      before = now;
    }
    expect(grown).toBeGreaterThan(20);
    expect(cut).toBeGreaterThan(0);
  });

  test('is not read where it is as it is mined, and put right where an episode went and came again [LE-08 LE-09]', async () => {
    const store = await owing(MANY);
    const world = worldOf(store);
    await runScope(world.context, SCOPE, asked);
    const whole = [...(await keptOf(store))];
    let read = 0;
    const watched: MemoryStore = {
      ...store,
      scan(kind, filter, options) {
        if (kind === 'evidence') read += 1;
        return store.scan(kind, filter, options);
      },
    };
    await markStale(store);
    await runScope({ ...world.context, store: watched }, SCOPE, asked);
    expect(read).toBe(0);
    const id = (await idsIn(store, 120)).at(-1)!;
    const [episode] = (await store.getMany('episode', [id])) as [CompletedEpisode];
    const memory = openMemory({ store, embedder: 'none' });
    await memory.forget({ ids: [id] });
    await store.write([{ op: 'put', kind: 'episode', value: { ...episode, learningPending: true } }]);
    await memory.learnPending();
    expect(await miscounted(store)).toEqual([]);
    expect([...(await keptOf(store))].toSorted()).toEqual(whole.toSorted());
    await memory.close();
  });

  test('of patterns that do not tell what is kept is looked at once, and told [LE-09]', async () => {
    const store = await owing(MANY);
    const world = worldOf(store);
    await runScope(world.context, SCOPE, asked);
    const patterns: Write[] = [];
    for await (const { kept, ...value } of store.scan('pattern', {})) {
      patterns.push({ op: 'put', kind: 'pattern', value: { ...value, version: value.version + 1 } });
    }
    await store.write(patterns);
    await markStale(store);
    await runScope(world.context, SCOPE, asked);
    expect(await miscounted(store)).toEqual([]);
  });
});

describe('two at once', () => {
  test.each([
    ['few', FEW],
    ['many', MANY],
  ])('end with %s as one does, and nothing is counted twice [LE-08]', async (_name, size) => {
    const [alone, shared] = [await owing(size), await owing(size)];
    await runScope(worldOf(alone).context, SCOPE, asked);
    const [one, two] = [
      openMemory({ store: shared, embedder: 'none' }),
      openMemory({ store: shared, embedder: 'none' }),
    ];
    const counts = await Promise.all([one.learnPending(), two.learnPending()]);
    expect(counts[0] + counts[1]).toBe(size.tasks * size.trials);
    expect(await learnt(shared)).toEqual(await learnt(alone));
    expect(await miscounted(shared)).toEqual([]);
  });

  test('one waits while the other is at it, and takes over when that one is silent for too long [LE-08]', async () => {
    const store = await owing(MANY);
    const world = worldOf(store);
    const dead = { ...world.context, store: dying(store, { at: 3, isDone: false }) };
    await expect(runScope(dead, SCOPE, asked)).rejects.toThrow('killed');
    world.advance(10_000);
    expect(await runScope(world.context, SCOPE, asked)).toEqual({ kind: 'held', forMs: 20_000 });
    world.advance(20_000);
    expect(await runScope(world.context, SCOPE, asked)).toMatchObject({ kind: 'done', episodes: 120 });
  });

  test('one that was overtaken writes nothing of what it had learnt before [LE-08]', async () => {
    const store = await owing(MANY);
    const world = worldOf(store);
    const slow: LearningContext = {
      ...world.context,
      async learn(input) {
        const learning = learnScope(input);
        if (input.traces.length > 120) return learning;
        // Silent for longer than its lease: another one comes, with more episodes than this one has seen.
        world.advance(60_000);
        const memory = openMemory({ store, embedder: 'none', clock: world.context.clock });
        await memory.importEpisodes(learnableRecords(learnableEpisodes({ tasks: 5, trials: 4, seed: 9 })));
        await memory.learnPending();
        return learning;
      },
    };
    await runScope(slow, SCOPE, asked);
    expect(await learnt(store)).toMatchObject({ pending: 0, baselines: [{ episodes: 140 }] });
    expect(await miscounted(store)).toEqual([]);
  });

  test('feedback that comes between is kept, and nothing is computed again for it [LE-08 LE-10]', async () => {
    const store = await owing(MANY);
    const world = worldOf(store);
    await runScope(world.context, SCOPE, asked);
    const memory = openMemory({ store, embedder: 'none' });
    const patternId = (await memory.listPatterns({ domain: 'generated' }))[0]!.pattern.id;
    let computed = 0;
    const between: LearningContext = {
      ...world.context,
      async learn(input) {
        computed += 1;
        const [pattern] = await store.getMany('pattern', [patternId]);
        await store.write([
          { op: 'put', kind: 'pattern', value: { ...pattern!, version: pattern!.version + 1, applied: 7 } },
        ]);
        return learnScope(input);
      },
    };
    await markStale(store);
    await runScope(between, SCOPE, asked);
    expect(computed).toBe(1);
    expect((await store.getMany('pattern', [patternId]))[0]).toMatchObject({ applied: 7 });
  });
});

async function markStale(store: MemoryStore): Promise<void> {
  const [baseline] = await store.getMany('baseline', [baselineId(SCOPE)]);
  const value = { ...baseline!, version: baseline!.version + 1, learnt: { ...baseline!.learnt!, isStale: true } };
  await store.write([{ op: 'put', kind: 'baseline', value }]);
}

describe('forgetting', () => {
  test('while a scope is learnt from leaves nothing of what went [LE-08 EP-06]', async () => {
    for (const size of [FEW, MANY]) {
      const [store, rest] = [await owing(size), await owing(size)];
      const ids = await idsIn(store, 5);
      await openMemory({ store: rest, embedder: 'none' }).forget({ ids });
      const world = worldOf(store);
      let isDone = false;
      const meanwhile: LearningContext = {
        ...world.context,
        async learn(input) {
          if (!isDone) {
            isDone = true;
            await openMemory({ store: { ...store }, embedder: 'none' }).forget({ ids });
          }
          return learnScope(input);
        },
      };
      await runScope(meanwhile, SCOPE, asked);
      await runScope(worldOf(rest).context, SCOPE, asked);
      expect(await learnt(store)).toEqual(await learnt(rest));
      expect(await miscounted(store)).toEqual([]);
    }
  });

  test('lowers the counts at once, and the next run puts the rest right [LE-08 LE-09 EP-06]', async () => {
    const store = await owing(MANY);
    const world = worldOf(store);
    await runScope(world.context, SCOPE, asked);
    const ids = await idsIn(store, 30);
    const memory = openMemory({ store, embedder: 'none', clock: world.context.clock });
    await memory.forget({ ids });
    expect(await miscounted(store)).toEqual([]);
    const [lowered] = await store.getMany('baseline', [baselineId(SCOPE)]);
    expect(lowered).toMatchObject({ episodes: 90 });
    for await (const { memberIds } of store.scan('cluster', {})) {
      expect(memberIds.filter((id) => ids.includes(id))).toEqual([]);
    }
    await memory.close();
    await runScope(world.context, SCOPE, asked);
    const [now] = await store.getMany('baseline', [baselineId(SCOPE)]);
    expect(now).toMatchObject({ episodes: 90 });
    expect(now?.learnt?.isStale).toBeUndefined();
    for await (const { support, standing, situation } of store.scan('pattern', {})) {
      if (standing !== 'faded' && situation !== undefined) expect(situation.episodes).toBeLessThanOrEqual(90);
      expect(support).toBeLessThanOrEqual(90);
    }
    expect(await miscounted(store)).toEqual([]);
  });

  test('everything of a scope takes all that was learnt there with it [LE-09 EP-06]', async () => {
    const store = await owing(MANY);
    await runScope(worldOf(store).context, SCOPE, asked);
    const memory = openMemory({ store, embedder: 'none' });
    await memory.forget({ domain: 'generated' });
    expect(await learnt(store)).toEqual({
      patterns: [],
      clusters: [],
      baselines: [],
      evidence: [],
      pending: 0,
      terms: [],
    });
    await memory.close();
  });
});

async function idsIn(store: MemoryStore, count: number): Promise<string[]> {
  const ids: string[] = [];
  for await (const { id } of store.scan('episode', { limit: count })) ids.push(id);
  return ids;
}

describe('the queue', () => {
  async function completed(memory: Memory): Promise<void> {
    const [episode] = await memory.createEpisodes([{ description: 'One more', ...SCOPE }]);
    await memory.addSteps(episode!.id, [{ tool: 'build', action: 'x' }]);
    await memory.completeEpisode(episode!.id, { kind: 'success' });
  }

  /** As if learning from the scope had taken so long. */
  async function learntFor(store: MemoryStore, tookMs: number): Promise<void> {
    const [baseline] = await store.getMany('baseline', [baselineId(SCOPE)]);
    const value = { ...baseline!, version: baseline!.version + 1, learnt: { ...baseline!.learnt!, tookMs } };
    await store.write([{ op: 'put', kind: 'baseline', value }]);
  }

  test('closing learns from a small scope that it was too early for, and leaves a large one owing [LE-08]', async () => {
    const ends = [];
    for (const size of [FEW, { tasks: 80, trials: 4 }]) {
      const store = await owing(size);
      const world = worldOf(store);
      await runScope(world.context, SCOPE, asked);
      await learntFor(store, 250);
      const recorder = openMemory({ store, embedder: 'none', clock: world.context.clock });
      const queue = learningQueue(world.context);
      const [episode] = await recorder.createEpisodes([{ description: 'One more', ...SCOPE }]);
      await recorder.completeEpisode(episode!.id, { kind: 'success' });
      queue.soon(SCOPE);
      await queue.close();
      ends.push((await queue.health({})).pending);
    }
    expect(ends).toEqual([0, 1]);
  });

  test('closing learns what others left owed where that was asked for [LE-08]', async () => {
    const ends = [];
    for (const learnsOwed of [false, true]) {
      const queue = learningQueue(worldOf(await owing(FEW)).context, { learnsOwed });
      await queue.close();
      ends.push((await queue.health({})).pending);
    }
    expect(ends).toEqual([32, 0]);
  });

  test('whoever is overtaken again and again is told to come again, and of no conflict [LE-08]', async () => {
    const store = await owing(FEW);
    const write: MemoryStore['write'] = () => Promise.reject(new MemoryError('CONFLICT', 'Somebody else was faster.'));
    const queue = learningQueue(worldOf({ ...store, write }).context);
    await expect(queue.now({})).rejects.toMatchObject({
      code: 'STORE_UNAVAILABLE',
      retryable: true,
      message: expect.stringContaining('what belongs to no project (generated)'),
    });
    await queue.close();
  });

  test('what was learnt at length is not learnt again before ten times as long has gone by, unless it is asked for [LE-08]', async () => {
    const store = await owing(FEW);
    const world = worldOf(store);
    await runScope(world.context, SCOPE, asked);
    await learntFor(store, 2_000);
    world.advance(5_000);
    expect(await runScope(world.context, SCOPE, { isAsked: false })).toEqual({ kind: 'early', forMs: 15_000 });
    world.advance(15_000);
    expect(await runScope(world.context, SCOPE, { isAsked: false })).toMatchObject({ kind: 'done' });
  });

  test('tells what is owed, what it did last, and what went wrong [LE-08]', async () => {
    const store = await owing(FEW);
    let isBroken = true;
    const world = worldOf(store, async (input) => {
      if (isBroken) throw new Error('no room');
      return learnScope(input);
    });
    const queue = learningQueue(world.context);
    await expect(queue.now({})).rejects.toThrow('no room');
    expect(await queue.health({})).toEqual({ pending: 32, problem: 'Error: no room', overdue: SCOPE });
    isBroken = false;
    expect(await queue.now({})).toBe(32);
    expect(await queue.health({})).toEqual({
      pending: 0,
      last: { at: new Date(START_MS).toISOString(), episodes: 32, tookMs: expect.any(Number) },
    });
    await queue.close();
  });

  test('a scope that cannot be learnt from keeps no other from it [LE-08]', async () => {
    const store = await owing(FEW);
    const memory = openMemory({ store, embedder: 'none' });
    const [other] = await memory.createEpisodes([{ description: 'Elsewhere', domain: 'other' }]);
    const refusing = { ...store, close: async () => {} };
    await openMemory({ store: refusing, embedder: 'none' }).completeEpisode(other!.id, { kind: 'success' });
    const queue = learningQueue(
      worldOf(store, async (input) => {
        if (input.scope.domain === 'generated') throw new Error('no room');
        return learnScope(input);
      }).context,
    );
    await expect(queue.now({})).rejects.toThrow('no room');
    const [row] = await store.getMany('baseline', [baselineId({ domain: 'other' })]);
    expect(row).toMatchObject({ episodes: 1 });
    await queue.close();
  });

  test('closing waits no longer than a moment for a long run, which is then stopped and owes what it owed [LE-08]', async () => {
    const store = await owing(MANY);
    let hasBegun: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => {
      hasBegun = resolve;
    });
    const queue = learningQueue(
      worldOf(store, (_input, { signal }) => {
        hasBegun?.();
        // Never done by itself.
        return new Promise((_resolve, reject) => signal?.addEventListener('abort', () => reject(signal.reason)));
      }).context,
      { closeWaitMs: 5 },
    );
    queue.soon();
    await begun;
    await queue.close();
    expect(await learnt(store)).toMatchObject({ pending: 120 });
    const next = worldOf(store);
    next.advance(0);
    expect(await runScope(next.context, SCOPE, asked)).toMatchObject({ kind: 'done', episodes: 120 });
  });

  test('a worker that dies is an error, and what is owed stays owed [LE-08]', async () => {
    const store = await owing(MANY);
    const dyingWorker = new URL('./fixtures/dying-learner.mjs', import.meta.url);
    const { context } = worldOf(store, (input, options) => learnScopeAside(input, options, dyingWorker));
    await expect(runScope(context, SCOPE, asked)).rejects.toMatchObject({ code: 'STORE_FAILED' });
    expect(await runScope(worldOf(store).context, SCOPE, asked)).toMatchObject({ kind: 'done', episodes: 120 });
  });

  test('completing is learnt from in the background, and a closed memory leaves nothing half done [LE-08]', async () => {
    const store = await owing(FEW);
    const memory = openMemory({ store, embedder: 'none' });
    await completed(memory);
    await memory.close();
    expect(await learnt(store)).toMatchObject({ pending: 0, baselines: [{ episodes: 33 }] });
    expect(await miscounted(store)).toEqual([]);
  });
});

describe('a lease', () => {
  const taken = (until: string): Partial<Baseline> => ({ lease: { holder: 'another', until } });

  test('keeps others away while it can be real, and not by a clock that is ahead or was set back [LE-08]', async () => {
    const store = await owing(FEW);
    const { context } = worldOf(store);
    await runScope(context, SCOPE, asked);
    const at = (ms: number): string => new Date(START_MS + ms).toISOString();
    await changeBaseline(store, taken(at(20_000)));
    expect(await runScope(context, SCOPE, asked)).toEqual({ kind: 'held', forMs: 20_000 });
    const setBack = { ...context, clock: () => START_MS - 3_600_000 };
    expect(await runScope(setBack, SCOPE, asked)).toMatchObject({ kind: 'done' });
    await changeBaseline(store, taken('2099-01-01T00:00:00.000Z'));
    expect(await runScope(context, SCOPE, asked)).toMatchObject({ kind: 'done' });
  });

  test('of a clock that is far ahead holds up nobody who asks [LE-08]', async () => {
    const store = await owing(FEW);
    await runScope(worldOf(store).context, SCOPE, asked);
    await changeBaseline(store, taken('2099-01-01T00:00:00.000Z'));
    await markStale(store);
    const queue = learningQueue(worldOf(store).context);
    expect(await queue.now({})).toBe(0);
    expect((await store.getMany('baseline', [baselineId(SCOPE)]))[0]?.lease).toBeUndefined();
    await queue.close();
  });
});

async function changeBaseline(store: MemoryStore, change: Partial<Baseline>): Promise<void> {
  const [baseline] = await store.getMany('baseline', [baselineId(SCOPE)]);
  await store.write([
    { op: 'put', kind: 'baseline', value: { ...baseline!, ...change, version: baseline!.version + 1 } },
  ]);
}

/** Everything that is learnt was owed again since. */
async function oweAgain(store: MemoryStore): Promise<void> {
  const writes: Write[] = [];
  for await (const episode of store.scan('episode', { status: 'completed' })) {
    if (episode.status === 'open') continue;
    writes.push({
      op: 'put',
      kind: 'episode',
      value: { ...episode, version: episode.version + 1, learningPending: true },
    });
  }
  await store.write(writes);
}

describe('what stays owed', () => {
  test('because it was written to meanwhile is told, and learnt from soon by itself [LE-08]', async () => {
    const store = await owing(FEW);
    const [id] = await idsIn(store, 1);
    let isTouched = false;
    const world = worldOf(store, async (input) => {
      const [episode] = await store.getMany('episode', [id!]);
      if (!isTouched) {
        await store.write([{ op: 'put', kind: 'episode', value: { ...episode!, version: episode!.version + 1 } }]);
      }
      isTouched = true;
      return learnScope(input);
    });
    let learntOnce = false;
    let again: (() => void) | undefined;
    const learntAgain = new Promise<void>((resolve) => {
      again = resolve;
    });
    const onLearnt = (): void => {
      if (learntOnce) again?.();
      learntOnce = true;
    };
    const queue = learningQueue(world.context, { onLearnt });
    expect(await queue.now({})).toBe(31);
    expect(await queue.health({})).toMatchObject({ pending: 1 });
    world.advance(3_600_000);
    await learntAgain;
    expect(await queue.health({})).toMatchObject({ pending: 0 });
    await queue.close();
  });

  test.each([
    ['took longer than closing waits', { tookMs: 60_000 }, 5_000, 0],
    ['took less', { tookMs: 1_000 }, 5_000, 1],
    ['was short, of a scope that is too large now', {}, 20, 0],
  ])(
    'is begun on by a program about to close only where the last run tells that it can end: it %s [LE-08]',
    async (_name, took, closeWaitMs, runs) => {
      const store = await owing(FEW);
      await runScope(worldOf(store).context, SCOPE, asked);
      const [row] = await store.getMany('baseline', [baselineId(SCOPE)]);
      const { tookMs: _tookMs, ...state } = row!.learnt!;
      await changeBaseline(store, { learnt: { ...state, ...took } });
      await oweAgain(store);
      let computed = 0;
      const world = worldOf(store, async (input) => {
        computed += 1;
        return learnScope(input);
      });
      world.advance(3_600_000);
      const { seq } = await store.changes(0, { limit: 1 });
      const queue = learningQueue(world.context, { closeWaitMs, isShortLived: true });
      queue.soon(SCOPE);
      await queue.close();
      expect(computed).toBe(runs);
      expect(await learnt(store)).toMatchObject({ pending: runs === 1 ? 0 : 32 });
      if (runs === 0) expect((await store.changes(seq)).entries).toEqual([]);
    },
  );

  test('is learnt from by whoever asks, also in a program about to close [LE-08]', async () => {
    const store = await owing(FEW);
    const queue = learningQueue(worldOf(store).context, { closeWaitMs: 1, isShortLived: true });
    expect(await queue.now({})).toBe(32);
    await queue.close();
  });

  test('for more than an hour, or by much of its scope, is told with what to do [LE-08]', async () => {
    const store = await owing(FEW);
    const { context } = worldOf(store);
    const queue = learningQueue(context);
    const health = await queue.health({});
    expect(health).toEqual({ pending: 32, overdue: SCOPE });
    expect(learningHealthText(health)).toContain('(generated) has waited for long: "memory-cli pattern extract"');
    await runScope(context, SCOPE, asked);
    await oweAgain(store);
    expect(await queue.health({})).toEqual({ pending: 32 });
    await queue.close();

    const many = await owing(MANY);
    const world = worldOf(many);
    await runScope(world.context, SCOPE, asked);
    await oweAgain(many);
    const other = learningQueue(world.context);
    expect(await other.health({})).toEqual({ pending: 120, overdue: SCOPE });
    await changeBaseline(many, {
      lease: { holder: 'another', until: new Date(START_MS + 10_000).toISOString() },
    });
    expect(await other.health({})).toEqual({ pending: 120 });
    await other.close();
  });

  test('is answered at once to who gives up behind another run, which goes on [LE-08]', async () => {
    const store = await owing(FEW);
    let begin: (() => void) | undefined;
    let end: (() => void) | undefined;
    const begun = new Promise<void>((resolve) => {
      begin = resolve;
    });
    const ended = new Promise<void>((resolve) => {
      end = resolve;
    });
    const queue = learningQueue(
      worldOf(store, async (input) => {
        begin?.();
        await ended;
        return learnScope(input);
      }).context,
    );
    const first = queue.now({});
    await begun;
    const stop = new AbortController();
    const second = queue.now({ signal: stop.signal });
    const third = queue.now({});
    stop.abort();
    await expect(second).rejects.toMatchObject({ code: 'ABORTED' });
    expect(await queue.health({})).toMatchObject({ pending: 32, running: SCOPE });
    end?.();
    expect(await first).toBe(32);
    expect(await third).toBe(0);
    await queue.close();
  });
});
