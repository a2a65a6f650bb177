export { type LmdbCacheOptions, openLmdbCache } from './cache.ts';
