// storage stats, sync, vacuum, health, verify, repair, migrate.
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EXIT_CODES, isMemoryError, MemoryError } from '@episodica/memory-core';
import type { LmdbCacheStats } from '@episodica/memory-storage-lmdb';
import type { Replica, ReplicaState, TursoStore, Verification } from '@episodica/memory-storage-turso';
import {
  type DatabaseFile,
  databasePlace,
  type Invocation,
  useDatabaseFile,
  useMemory,
  useStore,
  verifyStore,
} from '../open.ts';
import { localTime, print } from '../output.ts';
import { ageText, bytesText } from './amounts.ts';
import { type Component, componentsText, encryptionText, healthOf } from './components.ts';

/** Tells path, sizes and counts of the store, and what its cache has counted. */
export async function stats(invocation: Invocation): Promise<number> {
  const { cache, reach, encryption, replica, ...figures } = await useMemory(invocation, async (opened) => ({
    ...(await opened.store.stats()),
    reach: opened.store.reach,
    encryption: encryptionText(opened),
    replica: await opened.store.replica?.state(),
    cache: cacheFigures(await opened.cache.stats?.()),
  }));
  const { path, access, sizeBytes, freeBytes, schema, counts, journalSeq, oldestEpisodeAt, newestEpisodeAt } = figures;
  const logBytes = await sizeOf(`${path}-wal`);
  const result = {
    path,
    reach,
    access,
    encryption,
    ...(replica === undefined ? {} : { replica: replicaFigures(replica) }),
    size_bytes: sizeBytes,
    log_bytes: logBytes,
    free_bytes: freeBytes,
    schema,
    counts,
    journal_seq: journalSeq,
    ...(oldestEpisodeAt === undefined ? {} : { oldest_episode_at: oldestEpisodeAt }),
    ...(newestEpisodeAt === undefined ? {} : { newest_episode_at: newestEpisodeAt }),
    cache,
  };
  await print(invocation.format, result, () =>
    [
      `path     ${path}`,
      `access   ${access}, ${encryption}`,
      ...(replica === undefined ? [] : [`follows  ${replicaText(replica)}`]),
      `size     ${sizeBytes.toLocaleString('en')} bytes, ${freeBytes.toLocaleString('en')} of them free`,
      `log      ${logBytes.toLocaleString('en')} bytes`,
      `schema   ${schema}`,
      `journal  ${journalSeq} entries so far`,
      ...(oldestEpisodeAt === undefined || newestEpisodeAt === undefined
        ? []
        : [`from     ${localTime(oldestEpisodeAt)}`, `to       ${localTime(newestEpisodeAt)}`]),
      ...Object.entries(counts).map(
        ([kind, count]) => `${(kind === 'evidence' ? kind : `${kind}s`).padEnd(17)}${count}`,
      ),
      ...Object.entries(cache).map(([name, value]) => `${`cache ${name}`.padEnd(17)}${value}`),
    ].join('\n'),
  );
  return 0;
}

function replicaFigures({ primary, syncedAt, problem }: ReplicaState): Readonly<Record<string, string>> {
  return {
    primary,
    ...(syncedAt === undefined ? {} : { synced_at: syncedAt }),
    ...(problem === undefined ? {} : { problem }),
  };
}

function replicaText({ primary, syncedAt, problem }: ReplicaState): string {
  const synced = syncedAt === undefined ? 'not filled yet' : `synchronised ${localTime(syncedAt)}`;
  return [primary, synced, ...(problem === undefined ? [] : [problem])].join(', ');
}

/** Counted over all processes; what nobody could count is said to be unavailable. */
function cacheFigures(stats: LmdbCacheStats | undefined): Readonly<Record<string, number | string>> {
  const known = { ...stats?.total, entries: stats?.entries, size_bytes: stats?.sizeBytes };
  const names = ['hits', 'misses', 'evictions', 'expired', 'entries', 'size_bytes'] as const;
  return {
    state: stats?.state ?? 'unavailable',
    ...Object.fromEntries(names.map((name) => [name, known[name] ?? 'unavailable'])),
  };
}

/** Brings a replica up to its database, and tells what came. Where there is nothing to do, scripts should not take that for done. */
export async function sync(invocation: Invocation): Promise<number> {
  const place = await databasePlace(invocation);
  if (place.kind === 'remote') throw nothingToSync(`The store is at ${place.place}: each read goes there`);
  if (place.primary === undefined) throw nothingToSync(`The store ${place.path} is a local file, and follows no other`);
  const startedMs = performance.now();
  // Opening may bring over something as well.
  const before = await journalSeqIn(place);
  const { seq, primary, syncedAt } = await useStore(invocation, async ({ replica }) => ({
    ...(await replica?.sync()),
    ...(await replica?.state()),
  }));
  const changes = (seq ?? before) - before;
  const result = {
    path: place.path,
    primary,
    changes,
    journal_seq: seq,
    synced_at: syncedAt,
    took_ms: Math.round(performance.now() - startedMs),
  };
  await print(invocation.format, result, () =>
    changes === 0
      ? `${place.path} has all that ${primary} has.`
      : `${changes.toLocaleString('en')} changes came from ${primary}; ${place.path} has all of them now.`,
  );
  return 0;
}

function nothingToSync(what: string): MemoryError {
  const advice = 'A replica is a local file that follows a database: set TURSO_SYNC_URL to its address';
  return new MemoryError('NOT_SUPPORTED', `${what}. There is nothing to synchronise it with. ${advice}.`);
}

/** 0 where there is no store yet. */
async function journalSeqIn({ path, encryptionKey }: DatabaseFile): Promise<number> {
  if ((await sizeOf(path)) === 0) return 0;
  const { describeDatabase } = await import('@episodica/memory-storage-turso');
  return (await describeDatabase(path, { encryptionKey })).journalSeq;
}

/** Gives free pages back. */
export async function vacuum(invocation: Invocation, { dryRun }: { readonly dryRun?: boolean }): Promise<number> {
  if (dryRun === true) {
    const { freeBytes, sizeBytes } = await useStore(invocation, (store) => store.stats());
    await print(invocation.format, { dry_run: true, size_bytes: sizeBytes, free_bytes: freeBytes }, () => {
      return `Would give back about ${bytesText(freeBytes)} of ${bytesText(sizeBytes)}.`;
    });
    return 0;
  }
  const { sizeBytesBefore, sizeBytesAfter, tookMs } = await useStore(invocation, (store) => store.vacuum());
  const result = { size_bytes_before: sizeBytesBefore, size_bytes_after: sizeBytesAfter, took_ms: Math.round(tookMs) };
  await print(
    invocation.format,
    result,
    () => `${bytesText(sizeBytesBefore)} before, ${bytesText(sizeBytesAfter)} now.`,
  );
  return 0;
}

/** Tries what the store must be able to do. Answers the exit code of the store's error when it cannot be read. */
export async function health(invocation: Invocation): Promise<number> {
  const parts = [...(await storeComponents(invocation)), ...(await fileComponents(invocation))];
  const { exitCode, ...told } = healthOf(parts);
  await print(invocation.format, told, () => `${told.status}\n${componentsText(told.components)}`);
  return exitCode;
}

/** Checks the file as it lies there, whatever state it is in; findings are an exit code of their own. */
export async function verify(invocation: Invocation): Promise<number> {
  return toldFindings(invocation, await verifyStore(invocation));
}

/** Makes the indexes anew; what is still found then is told like by `verify`. */
export async function repair(invocation: Invocation): Promise<number> {
  return toldFindings(invocation, await useStore(invocation, (store) => store.repair()));
}

async function toldFindings(invocation: Invocation, { ok, findings }: Verification): Promise<number> {
  await print(invocation.format, { ok, findings }, () =>
    ok
      ? 'The store is sound.'
      : ['The store is damaged, or cannot be read here:', ...findings.map((finding) => `- ${finding}`)].join('\n'),
  );
  return ok ? 0 : EXIT_CODES.STORE_CORRUPT;
}

/** Brings the schema up to date. Opening the store does that; this says what it did. */
export async function migrate(invocation: Invocation, { to }: { readonly to?: string }): Promise<number> {
  if (to !== undefined) {
    const reason = 'the schema can only be brought to the newest version, and never back. Leave it out.';
    throw new MemoryError('NOT_SUPPORTED', `--to: ${reason}`);
  }
  const from = await useDatabaseFile(invocation, schemaIn);
  const { path, schema } = await useStore(invocation, (store) => store.stats());
  await print(invocation.format, { path, from, to: schema, changed: from !== schema }, () => {
    if (from === schema) return `The store ${path} has the newest schema, ${schema}.`;
    return `The store ${path} had the schema ${from} and now has ${schema}.`;
  });
  return 0;
}

/** 0 where there is no store yet. */
async function schemaIn({ path, encryptionKey }: DatabaseFile): Promise<number> {
  if ((await sizeOf(path)) === 0) return 0;
  const { describeDatabase } = await import('@episodica/memory-storage-turso');
  return (await describeDatabase(path, { encryptionKey })).schema;
}

async function storeComponents(invocation: Invocation): Promise<readonly Component[]> {
  try {
    return await useStore(invocation, async (store) => [
      await readComponent(store),
      await writeComponent(store),
      ...(store.replica === undefined ? [] : [await replicaComponent(store.replica)]),
    ]);
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    return [{ name: 'read', status: 'down', detail: `${error.code}: ${error.message}`, code: error.code }];
  }
}

async function readComponent(store: TursoStore): Promise<Component> {
  const startedMs = performance.now();
  const { path, counts, sizeBytes } = await store.stats();
  const tookMs = performance.now() - startedMs;
  const detail = `counted ${counts.episode} episodes (${bytesText(sizeBytes)}) in ${tookMs.toFixed(0)} ms, ${path}`;
  return { name: 'read', status: 'ok', detail };
}

async function writeComponent(store: TursoStore): Promise<Component> {
  try {
    const { writeMs } = await store.probe();
    return { name: 'write', status: 'ok', detail: `wrote a page in ${writeMs.toFixed(1)} ms` };
  } catch (error) {
    if (!isMemoryError(error)) throw error;
    return { name: 'write', status: 'degraded', detail: `${error.code}: ${error.message}` };
  }
}

/** What is read may be old, and nothing can be written, while the database is away. */
async function replicaComponent(replica: Replica): Promise<Component> {
  const state = await replica.state();
  return { name: 'replica', status: state.problem === undefined ? 'ok' : 'degraded', detail: replicaText(state) };
}

/** What is needed around a file; a host keeps its own. */
async function fileComponents(invocation: Invocation): Promise<readonly Component[]> {
  const place = await databasePlace(invocation);
  return place.kind === 'remote' ? [] : [await diskComponent(place.path), await backupsComponent(place)];
}

/** A backup and a vacuum need as much room again as the store takes. */
async function diskComponent(path: string): Promise<Component> {
  const disk = await statfs(dirname(path)).catch(() => undefined);
  if (disk === undefined) return { name: 'disk', status: 'degraded', detail: `${dirname(path)} cannot be looked at` };
  const freeBytes = disk.bavail * disk.bsize;
  const sizeBytes = (await sizeOf(path)) + (await sizeOf(`${path}-wal`));
  const detail = `${bytesText(freeBytes)} free, the store takes ${bytesText(sizeBytes)}`;
  return freeBytes > 2 * sizeBytes
    ? { name: 'disk', status: 'ok', detail }
    : { name: 'disk', status: 'degraded', detail: `${detail}: too little for a backup and work on it` };
}

async function backupsComponent({ path, encryptionKey }: DatabaseFile): Promise<Component> {
  const { listBackups } = await import('@episodica/memory-storage-turso');
  const entries = await listBackups(path, { encryptionKey });
  const newest = entries.find(({ held }) => held !== undefined);
  const unreadable = entries.filter(({ problem }) => problem !== undefined).length;
  const age = newest && ageText(Date.now() - Date.parse(newest.at));
  const detail = age === undefined ? 'none yet: memory-cli backup create' : `${entries.length}, the newest ${age} old`;
  if (unreadable === 0) return { name: 'backups', status: 'ok', detail };
  return { name: 'backups', status: 'degraded', detail: `${detail}; ${unreadable} cannot be read` };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
