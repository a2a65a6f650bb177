export { type LmdbCache, type LmdbCacheOptions, type LmdbCacheStats, openLmdbCache, statsText } from './cache.ts';
export type { Counts } from './counts.ts';
