// A program that takes its settings as the server and the terminal program do, and opens the memory that they open.
import assert from 'node:assert/strict';
import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const home = mkdtempSync(join(tmpdir(), 'episodica-'));
const folder = mkdtempSync(join(tmpdir(), 'episodica-work-'));
const configFile = join(folder, 'my.toml');
writeFileSync(configFile, 'memory_cache_size_mb = 64\nmemory_project = "attic"\n', { mode: 0o600 });
// What a user may have set; a real program hands in `process.env`, `homedir()` and `process.cwd()`.
const environment = { MEMORY_DATA_DIR: join(home, 'data'), MEMORY_PROJECT: 'shop' };

// #region settings
import { loadConfig, originText } from '@episodica/memory-core/config';

const config = await loadConfig({ environment, platform: process.platform, home, folder, configFile });
const { values, origins, project } = config;
for (const warning of config.warnings) console.warn(warning);
console.log(`project ${project}, set by: ${originText(origins.MEMORY_PROJECT)}`);
// #endregion
assert.equal(project, 'shop');
assert.equal(values.MEMORY_CACHE_SIZE_MB, 64);

// #region open
import { embedderOf, encryptionKeyOf, type Memory, openMemory, reflectorOf } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore } from '@episodica/memory-storage-turso';

async function openConfigured(): Promise<Memory> {
  const encryptionKey = await encryptionKeyOf(values);
  const store = await openTursoStore({
    url: values.DATABASE_URL,
    syncUrl: values.TURSO_SYNC_URL || undefined,
    authToken: values.TURSO_AUTH_TOKEN || undefined,
    poolSize: values.TURSO_POOL_SIZE,
    durability: values.MEMORY_DURABILITY,
    encryptionKey,
  });
  const cache = await openLmdbCache({
    // Each store has a cache of its own, which all programs on this machine share.
    path: join(values.LMDB_CACHE_PATH, store.identity),
    maxSizeBytes: values.MEMORY_CACHE_SIZE_MB * 1_048_576,
    encryptionKey,
  });
  return openMemory({
    store,
    cache,
    embedder: (await embedderOf(values)) ?? 'none',
    reflector: await reflectorOf(values),
    project,
  });
}
// #endregion

const memory = await openConfigured();
const { episode } = await memory.createEpisode({ description: 'Sort the shelves' });
assert.equal(episode.project, 'shop');
await memory.close();
assert.ok(existsSync(join(values.MEMORY_DATA_DIR, 'memory.db')));

const again = await openConfigured();
assert.equal((await again.getEpisode(episode.id))?.description, 'Sort the shelves');
await again.close();
