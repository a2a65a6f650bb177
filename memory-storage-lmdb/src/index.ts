export { type LmdbCache, type LmdbCacheOptions, type LmdbCacheStats, openLmdbCache } from './cache.ts';
export type { Counts } from './session.ts';
