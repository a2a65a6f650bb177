// The sandbox's limits: what a caller may choose, within what range, and what is fixed.

/** Of one run, from its start in a worker to its end. */
export const DEFAULT_TIMEOUT_MS = 5_000;
/** A shorter limit is raised to this. */
export const MIN_TIMEOUT_MS = 1;
/** A longer limit is lowered to this. */
export const MAX_TIMEOUT_MS = 60_000;

/** Of one run; workers keep an engine of this size ready. */
export const DEFAULT_MEMORY_MB = 64;
/** The engine starts with 16 MB of address space, so less would leave a program nothing. */
export const MIN_MEMORY_MB = 24;
/** More is lowered to this. */
export const MAX_MEMORY_MB = 256;

/** Of a result as JSON text. */
export const DEFAULT_RESULT_BYTES = 1_048_576;
/** Calls of the host that one run may make. */
export const DEFAULT_HOST_CALLS = 256;

/** Of a run's input as JSON text. */
export const MAX_INPUT_BYTES = 4_194_304;
/** Of one answer of the host as JSON text. */
export const MAX_ANSWER_BYTES = 4_194_304;
/** Programs above this are refused before anything parses them. */
export const MAX_SOURCE_BYTES = 65_536;

/** Workers that are kept ready. */
export const DEFAULT_WARM_WORKERS = 2;
/** Runs at the same time. */
export const DEFAULT_MAX_WORKERS = 20;
/** Runs that may wait for a worker. */
export const DEFAULT_MAX_QUEUE = 100;

/** How long after its deadline a worker may answer by itself before it is killed. */
export const KILL_GRACE_MS = 100;
/** A run that takes longer makes the pool grow: one worker for each waiting run, and one to spare. */
export const LONG_RUN_MS = 50;
/**
 * A run that grew its memory beyond this takes its worker with it: a dropped engine is only freed when the worker's
 * garbage collector comes around, and twenty of them would hold twenty times the limit until then.
 */
export const RECYCLE_BYTES = 33_554_432;
/** Idle workers above the warm ones are stopped after this. */
export const IDLE_WORKER_MS = 10_000;
