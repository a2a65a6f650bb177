// What a backend is made of, apart from the memory itself: a thread that does one job on a file loads no more than this.
export { embeddedTexts, textHash } from './embedding.ts';
export { alreadyCompleted, episodeNotFound } from './episode.ts';
export { isMemoryError, MemoryError, type MemoryErrorCode, throwIfAborted } from './errors.ts';
export { makePrivateFolder } from './folder.ts';
export { LEARNT_EPISODES } from './limits.ts';
export {
  AMOUNT,
  checkOptions,
  FLAG,
  FUNCTION,
  LOGGER,
  needed,
  type OptionRule,
  type OptionRules,
  TEXT,
  withMethods,
} from './options.ts';
export { documentRelevance, relevance } from './retrieve/bm25.ts';
export { type Address, addressOf, pathOf } from './store-address.ts';
export { type CommitOptions, groupCommit } from './stores/group-commit.ts';
export { START, samePosition } from './stores/journal-position.ts';
export {
  evidenceTaken,
  ownerNotFound,
  stepCountConflict,
  stepTaken,
  tooManyBytes,
  tooManySteps,
  versionConflict,
} from './stores/refusals.ts';
export { mapInTurns, turns } from './turns.ts';
