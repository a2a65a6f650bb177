// health check: what works now, each part asked and not assumed.
import { isMemoryError, learningHealthText, searchHealthText } from '@episodica/memory-core';
import { type Invocation, type Opened, useMemory } from '../open.ts';
import { print } from '../output.ts';
import { type Component, componentsText, encryptionText, healthOf, replicaComponents } from './components.ts';

/** Answers the exit code of the store's error when the store is down. */
export async function check(invocation: Invocation, version: string): Promise<number> {
  const parts = [...(await memoryComponents(invocation)), await sandboxComponent()];
  const { exitCode, status, components } = healthOf(parts);
  const result = { status, version, uptime_ms: Math.round(process.uptime() * 1_000), components };
  await print(invocation.format, result, () => `${status} (memory-cli ${version})\n${componentsText(components)}`);
  return exitCode;
}

async function memoryComponents(invocation: Invocation): Promise<readonly Component[]> {
  try {
    return await useMemory(invocation, async (opened) => [
      await storeComponent(opened, invocation.signal),
      ...(await replicaComponents(opened.store)),
      await cacheComponent(opened),
      await learningComponent(opened, invocation.signal),
      await searchComponent(opened, invocation.signal),
    ]);
  } catch (error) {
    // A wrong setting is the user's to correct, not the state of a component.
    if (!isMemoryError(error) || error.code === 'INVALID_INPUT' || error.code === 'NOT_SUPPORTED') throw error;
    return [{ name: 'store', status: 'down', detail: `${error.code}: ${error.message}`, code: error.code }];
  }
}

async function storeComponent({ memory, store, isEncrypted }: Opened, signal: AbortSignal): Promise<Component> {
  const startedMs = performance.now();
  for await (const _newest of memory.listEpisodes({ order: 'newest', limit: 1 }, { signal }));
  const tookMs = performance.now() - startedMs;
  const { path, access, counts } = await store.stats();
  const figures = `read in ${tookMs.toFixed(1)} ms, ${counts.episode} episodes, ${path}, ${encryptionText({ store, isEncrypted })}`;
  if (access === 'read-write') return { name: 'store', status: 'ok', detail: figures };
  return { name: 'store', status: 'degraded', detail: `read-only: nothing can be written; ${figures}` };
}

async function cacheComponent({ cache }: Opened): Promise<Component> {
  const stats = await cache.stats?.();
  if (stats === undefined) return { name: 'cache', status: 'degraded', detail: cache.problem ?? 'unavailable' };
  const { statsText } = await import('@episodica/memory-storage-lmdb');
  return {
    name: 'cache',
    status: stats.state === 'open' || stats.state === 'examining' ? 'ok' : 'degraded',
    detail: `${statsText(stats)}, ${cache.path}`,
  };
}

/** What could not be learnt from stays owed; for long, where only short programs come by. */
async function learningComponent({ memory }: Opened, signal: AbortSignal): Promise<Component> {
  const health = await memory.learningHealth({ signal });
  const status = health.problem === undefined && health.overdue === undefined ? 'ok' : 'degraded';
  return { name: 'learning', status, detail: learningHealthText(health) };
}

/** An embedder that fails leaves search by words. */
async function searchComponent({ memory }: Opened, signal: AbortSignal): Promise<Component> {
  const health = await memory.searchHealth({ signal });
  const status = health.embedder?.problem === undefined ? 'ok' : 'degraded';
  return { name: 'search', status, detail: searchHealthText(health) };
}

async function sandboxComponent(): Promise<Component> {
  const startedMs = performance.now();
  try {
    const { openSandbox } = await import('@episodica/memory-mcp/sandbox');
    const sandbox = openSandbox({ warmWorkers: 1, maxWorkers: 1 });
    try {
      const run = await sandbox.run({ code: '1 + 1' });
      const tookMs = performance.now() - startedMs;
      if (run.ok) return { name: 'sandbox', status: 'ok', detail: `first program ran in ${tookMs.toFixed(0)} ms` };
      return { name: 'sandbox', status: 'down', detail: `${run.error.code}: ${run.error.message}` };
    } finally {
      await sandbox.close();
    }
  } catch (error) {
    return { name: 'sandbox', status: 'down', detail: error instanceof Error ? error.message : String(error) };
  }
}
