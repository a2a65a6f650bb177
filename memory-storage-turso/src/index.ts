export type { StoreStats } from './inspect.ts';
export { openTursoStore, type TursoStore, type TursoStoreOptions, verifyTursoFile } from './store.ts';
export type { Verification } from './verify.ts';
