import { inMemoryStore, isMemoryError, openMemory } from '@episodica/memory-core';
import { openLogFile } from '@episodica/memory-core/log';
import { metricsRegistry } from '@episodica/memory-core/metrics';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { expect, test } from 'vitest';

const OPENERS = { openMemory, openTursoStore, openLmdbCache, metricsRegistry, openLogFile };

/** As a program without types may call it. */
async function refusal(opener: keyof typeof OPENERS, ...given: readonly unknown[]): Promise<string> {
  try {
    await Reflect.apply(OPENERS[opener], undefined, given);
  } catch (error) {
    if (isMemoryError(error) && error.code === 'INVALID_INPUT') return error.message;
    throw error;
  }
  return 'it was accepted';
}

test.each<[keyof typeof OPENERS, unknown, RegExp]>([
  ['openMemory', undefined, /^openMemory takes an object with its options, not undefined\.$/u],
  ['openMemory', {}, /^openMemory needs the option "store": a MemoryStore, which has getMany, /u],
  ['openMemory', { store: {} }, /^"store" of openMemory must be a MemoryStore, .*, not such an object\.$/u],
  ['openMemory', { store: inMemoryStore(), projct: 'x' }, /has no option "projct"\. Did you mean "project"\?$/u],
  ['openMemory', { store: inMemoryStore(), somethingElse: 1 }, /"somethingElse"\. It has: store, cache, embedder, /u],
  ['openMemory', { store: inMemoryStore(), toString: 1 }, /has no option "toString"/u],
  [
    'openMemory',
    { store: inMemoryStore(), cache: 'none' },
    /^"cache" of openMemory must be a MemoryCache, .*a string/u,
  ],
  [
    'openMemory',
    { store: inMemoryStore(), embedder: 'off' },
    /^"embedder" of openMemory must be "none" or an Embedder/u,
  ],
  ['openMemory', { store: inMemoryStore(), project: null }, /must be a string, not null\.$/u],
  ['openTursoStore', {}, /^openTursoStore needs the option "url": a string\.$/u],
  ['openTursoStore', { url: 'file:/nowhere', encryptionkey: 'x' }, /Did you mean "encryptionKey"\?$/u],
  ['openTursoStore', { url: 'file:/nowhere', durability: 'none' }, /must be "full" or "normal", not a string\.$/u],
  ['openTursoStore', { url: 'file:/nowhere', busyTimeoutMs: Number.NaN }, /must be a number .*, not NaN\.$/u],
  ['openLmdbCache', { folder: '/nowhere' }, /has no option "folder"\. It has: path, /u],
  ['openLmdbCache', { path: '/nowhere', maxSizeByte: 1 }, /Did you mean "maxSizeBytes"\?$/u],
  ['metricsRegistry', { gaugeTimeout: 1 }, /Did you mean "gaugeTimeoutMs"\?$/u],
  ['openLogFile', { path: '/nowhere/log' }, /^openLogFile needs the option "base": an object\.$/u],
])('%s refuses %o, and says what it may be [PK-04]', async (opener, given, said) => {
  expect(await refusal(opener, given)).toMatch(said);
});
