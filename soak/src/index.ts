export type { AgentReport, Orders } from './agent.ts';
export { type Comparison, compare, learningFindings, searchFindings, vectorFindings } from './check.ts';
export { countFindings, journalFindings } from './journal.ts';
export {
  believed,
  type Entry,
  type Intent,
  isInDoubt,
  type Ledger,
  openLedger,
  readLedger,
  recording,
} from './ledger.ts';
export { databaseIn, openPlace, type Place, type PlaceOptions } from './place.ts';
export type { Finish, Race } from './racer.ts';
export { type Random, seededRandom } from './random.ts';
export { type Agent, startAgent } from './start.ts';
export { GONE, possibleStates, type Task, type TaskState, withEntries } from './task.ts';
export { type OpenTask, type Shown, type WorkOptions, work } from './work.ts';
