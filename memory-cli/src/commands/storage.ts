// storage stats, sync, vacuum, health, verify, repair, migrate.
import { stat, statfs } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EXIT_CODES, MemoryError, throwIfAborted } from '@episodica/memory-core';
import { type Answer, type Component, componentOf, healthFrom, replicaAnswer } from '@episodica/memory-core/health';
import type { LmdbCacheStats } from '@episodica/memory-storage-lmdb';
import type { ReplicaState, TursoStore, Verification } from '@episodica/memory-storage-turso';
import {
  type DatabaseFile,
  databasePlace,
  type Invocation,
  readSettings,
  useMemory,
  useStore,
  verifyStore,
} from '../open.ts';
import { localTime, print } from '../output.ts';
import { withElapsed } from '../progress.ts';
import { ageText, bytesText, countText } from './amounts.ts';
import { componentsText, encryptionText, exitCodeOf, replicaText } from './components.ts';
import { growthLines, growthOf } from './storage-growth.ts';

/** Tells path, sizes and counts of the store, and what its cache has counted. */
export async function stats(invocation: Invocation): Promise<number> {
  const { cache, reach, encryption, replica, growth, ...figures } = await useMemory(invocation, async (opened) => ({
    ...(await opened.store.stats()),
    reach: opened.store.reach,
    encryption: encryptionText(opened),
    replica: await opened.store.replica?.state(),
    cache: cacheFigures(await opened.cache.stats?.()),
    growth: await growthOf(invocation, opened),
  }));
  const { path, access, sizeBytes, freeBytes, schema, counts, journalSeq, oldestEpisodeAt, newestEpisodeAt } = figures;
  const logBytes = reach === 'file' ? await sizeOf(`${path}-wal`) : undefined;
  const result = {
    path,
    reach,
    access,
    encryption,
    ...(replica === undefined ? {} : { replica: replicaFigures(replica) }),
    size_bytes: sizeBytes,
    ...(logBytes === undefined ? {} : { log_bytes: logBytes }),
    free_bytes: freeBytes,
    schema,
    counts,
    journal_seq: journalSeq,
    ...(oldestEpisodeAt === undefined ? {} : { oldest_episode_at: oldestEpisodeAt }),
    ...(newestEpisodeAt === undefined ? {} : { newest_episode_at: newestEpisodeAt }),
    cache,
    growth,
  };
  await print(invocation.format, result, () =>
    [
      `path     ${path}`,
      `access   ${access}, ${encryption}`,
      ...(replica === undefined ? [] : [`follows  ${replicaText(replica)}`]),
      `size     ${sizeBytes.toLocaleString('en')} bytes, ${freeBytes.toLocaleString('en')} of them free`,
      ...(logBytes === undefined ? [] : [`log      ${logBytes.toLocaleString('en')} bytes`]),
      `schema   ${schema}`,
      `journal  ${journalSeq} entries so far`,
      ...(oldestEpisodeAt === undefined || newestEpisodeAt === undefined
        ? []
        : [`from     ${localTime(oldestEpisodeAt)}`, `to       ${localTime(newestEpisodeAt)}`]),
      ...growthLines(growth),
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
  const { seq, primary, syncedAt } = await withElapsed('sync', () =>
    useStore(invocation, async ({ replica }) => ({
      ...(await replica?.sync()),
      ...(await replica?.state()),
    })),
  );
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
      : `${countText(changes, 'change')} came from ${primary}; ${place.path} has all of them now.`,
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
  const { sizeBytesBefore, sizeBytesAfter, tookMs } = await withElapsed('vacuum', () =>
    useStore(invocation, (store) => store.vacuum({ signal: invocation.signal })),
  );
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
  await readSettings(invocation);
  const parts = [...(await storeComponents(invocation)), ...(await fileComponents(invocation))];
  const told = healthFrom(parts, ['read']);
  await print(invocation.format, told, () => `${told.status}\n${componentsText(told.components)}`);
  return exitCodeOf(told);
}

/** Checks the file as it lies there, whatever state it is in; findings are an exit code of their own. */
export async function verify(invocation: Invocation): Promise<number> {
  return toldFindings(invocation, await withElapsed('verify', () => verifyStore(invocation)));
}

/** Makes the indexes anew; what is still found then is told like by `verify`. */
export async function repair(invocation: Invocation): Promise<number> {
  const { signal } = invocation;
  const found = await withElapsed('repair', () => useStore(invocation, (store) => store.repair({ signal })));
  return toldFindings(invocation, found);
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
export async function migrate(invocation: Invocation): Promise<number> {
  const place = await databasePlace(invocation);
  // What a host has is known when it is open, and then it is up to date.
  const from = place.kind === 'file' ? await schemaIn(place) : undefined;
  const { path, schema } = await useStore(invocation, (store) => store.stats());
  const change = from === undefined ? {} : { from, changed: from !== schema };
  await print(invocation.format, { path, to: schema, ...change }, () => {
    if (from === undefined || from === schema) return `The store ${path} has the newest schema, ${schema}.`;
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
  const { signal } = invocation;
  const behind: Component[] = [];
  const read = await componentOf(
    'read',
    () =>
      useStore(invocation, async (store) => {
        const answer = await readAnswer(store);
        const { replica } = store;
        behind.push(await componentOf('write', () => writeAnswer(store), { signal, timeoutMs: WAIT_MS }));
        if (replica !== undefined) behind.push(await componentOf('replica', () => replicaAnswer(replica), { signal }));
        return answer;
      }),
    { signal, statusWithout: 'down', timeoutMs: WAIT_MS },
  );
  throwIfAborted(signal);
  return [read, ...behind];
}

/** A store that is large is counted for long, and one that others hold is waited for. */
const WAIT_MS = 60_000;

async function readAnswer(store: TursoStore): Promise<Answer> {
  const startedMs = performance.now();
  const { path, counts, sizeBytes } = await store.stats();
  const tookMs = performance.now() - startedMs;
  return {
    detail: `counted ${countText(counts.episode, 'episode')} (${bytesText(sizeBytes)}) in ${tookMs.toFixed(0)} ms, ${path}`,
  };
}

async function writeAnswer(store: TursoStore): Promise<Answer> {
  const { writeMs } = await store.probe();
  return { detail: `wrote a page in ${writeMs.toFixed(1)} ms` };
}

/** What is needed around a file; a host keeps its own. */
async function fileComponents(invocation: Invocation): Promise<readonly Component[]> {
  const place = await databasePlace(invocation);
  if (place.kind === 'remote') return [];
  const { signal } = invocation;
  return Promise.all([
    componentOf('disk', () => diskAnswer(place.path), { signal }),
    componentOf('backups', () => backupsAnswer(place), { signal, timeoutMs: WAIT_MS }),
  ]);
}

/** A backup and a vacuum need as much room again as the store takes. */
async function diskAnswer(path: string): Promise<Answer> {
  const disk = await statfs(dirname(path)).catch(() => undefined);
  if (disk === undefined) {
    return { status: 'degraded', detail: `${dirname(path)} cannot be looked at`, advice: 'memory-cli doctor' };
  }
  const freeBytes = disk.bavail * disk.bsize;
  const sizeBytes = (await sizeOf(path)) + (await sizeOf(`${path}-wal`));
  const detail = `${bytesText(freeBytes)} free, the store takes ${bytesText(sizeBytes)}`;
  if (freeBytes > 2 * sizeBytes) return { detail };
  const advice = 'Make room on that disk: "memory-cli backup prune" deletes old backups.';
  return { status: 'degraded', detail: `${detail}: too little for a backup and work on it`, advice };
}

async function backupsAnswer({ path, encryptionKey }: DatabaseFile): Promise<Answer> {
  const { listBackups } = await import('@episodica/memory-storage-turso');
  const entries = await listBackups(path, { encryptionKey });
  const newest = entries.find(({ held }) => held !== undefined);
  const unreadable = entries.filter(({ problem }) => problem !== undefined).length;
  const age = newest && ageText(Date.now() - Date.parse(newest.at));
  const detail = age === undefined ? 'none yet: memory-cli backup create' : `${entries.length}, the newest ${age} old`;
  if (unreadable === 0) return { detail };
  return { status: 'degraded', detail: `${detail}; ${unreadable} cannot be read`, advice: 'memory-cli backup list' };
}

async function sizeOf(path: string): Promise<number> {
  return (await stat(path).catch(() => undefined))?.size ?? 0;
}
