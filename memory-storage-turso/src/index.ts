export { type Address, addressOf, pathOf } from '@episodica/memory-core/backend';
export {
  type BackupReceipt,
  type BackupReport,
  type CopyOptions,
  type CopyProgress,
  describeDatabase,
  type ReadingOptions,
  verifyBackup,
} from './backup.ts';
export {
  type BackupEntry,
  backupPathAt,
  deleteBackups,
  listBackups,
  type Retention,
  staleBackups,
} from './backup-folder.ts';
export type { EraseReceipt, StoreCare, VacuumReceipt } from './care.ts';
export { checkupOf, type StoreCheckup, tryWriteLock } from './checkup.ts';
export { backupFolderOf, otherCopiesOf } from './copies.ts';
export type { DatabaseContents, DatabaseSummary } from './copy.ts';
export { needsOtherKey } from './engine.ts';
export type { StoreStats } from './inspect.ts';
export { type MoveOptions, type MovePlan, type MoveReceipt, moveStore, planMove } from './move.ts';
export { isNewestTursoFile, openTursoStore, type TursoStoreOptions, verifyTursoFile } from './open.ts';
export {
  type OldCopies,
  planRekey,
  type RekeyOptions,
  type RekeyPlan,
  type RekeyReceipt,
  rekeyStore,
} from './rekey.ts';
export type { Replica, ReplicaState, SyncReceipt } from './replica.ts';
export {
  type Place,
  type PlanOptions,
  planRestore,
  type RestoreOptions,
  type RestorePlan,
  type RestoreReceipt,
  restoreBackup,
} from './restore.ts';
export type { TursoStore } from './store.ts';
export type { Verification } from './verify.ts';
