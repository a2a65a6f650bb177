export type { StoreStats, Verification } from './inspect.ts';
export { openTursoStore, type TursoStore, type TursoStoreOptions } from './store.ts';
