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
/** More is refused. */
export const MAX_RESULT_BYTES = 67_108_864;
/** Calls of the host that one run may make. */
export const DEFAULT_HOST_CALLS = 256;
/** More is refused: the journal keeps each. */
export const MAX_HOST_CALLS = 100_000;
/** Arguments and answers of all host calls of one run. */
export const DEFAULT_HOST_BYTES = 33_554_432;
/** More is lowered to this. */
export const MAX_HOST_BYTES = 1_073_741_824;
/** Of one host call; the range is that of a run. */
export const DEFAULT_HOST_CALL_MS = 10_000;

/** Of a run's input as JSON text. */
export const MAX_INPUT_BYTES = 4_194_304;
/** Of one answer of the host as JSON text. Writing it holds the caller's loop for some milliseconds. */
export const MAX_ANSWER_BYTES = 2_097_152;
/** Host calls of one run that are under way at the same time; others wait in order. */
export const MAX_CALLS_AT_ONCE = 8;
/** How long the end of a run waits to hear whether a write under way was committed. */
export const WRITE_FATE_MS = 30;
/** Programs above this are refused before anything parses them. */
export const MAX_SOURCE_BYTES = 65_536;

/** Workers that are kept ready. */
export const DEFAULT_WARM_WORKERS = 2;
/** Runs at the same time. */
export const DEFAULT_MAX_WORKERS = 20;
/** More is refused. */
export const MAX_WORKERS = 256;
/** Runs that may wait for a worker. */
export const DEFAULT_MAX_QUEUE = 100;
/** More is refused. */
export const MAX_QUEUE = 10_000;
/**
 * Memory limits of all runs at the same time, together: twenty of the default. Whoever asks for more than the default
 * takes the place of several.
 */
export const DEFAULT_TOTAL_MEMORY_MB = 1_280;
/** Idle workers keep small engines beside it. */
export const MAX_TOTAL_MEMORY_MB = 65_536;

/** How long after its deadline a worker may answer by itself before it is killed. */
export const KILL_GRACE_MS = 100;
/**
 * How long after its deadline a run is taken to be stuck: then a worker is started in its place, which takes about as
 * long as is left until the kill.
 */
export const REPLACE_AFTER_MS = 25;
/** How often, at most, a run is looked at that has next to no time left and does not use it. */
export const WATCH_MS = 10;
/** How long the answer to a killed run waits for its worker to be gone, which takes about 10 ms. */
export const STOP_WAIT_MS = 30;
/** A run that takes longer makes the pool grow, so that there are workers for those who wait and some to spare. */
export const LONG_RUN_MS = 50;
/** How long a worker may take to be ready, at its start or for its next run; then it is given up. */
export const START_MS = 30_000;
/** Workers that start at the same time. */
export const STARTS_AT_ONCE = 4;
/** A run that computes for longer lets others go first while there are as many as processors, where the system can do that. */
export const GIVE_WAY_MS = 500;
/**
 * A run that grew its memory beyond this takes its worker with it: a dropped engine is only freed when the worker's
 * garbage collector comes around, and twenty of them would hold twenty times the limit until then.
 */
export const RECYCLE_BYTES = 33_554_432;
/** Ended runs whose figures the metrics keep. */
export const MEASURED_RUNS = 1_000;
/** Idle workers above the warm ones are stopped after this. */
export const IDLE_WORKER_MS = 10_000;

/** Of the engine's own stack: how deep a program may call and nest. */
export const GUEST_STACK_KB = 256;
/** Brackets in brackets that are given to the stripper of types. */
export const MAX_NESTING = 200;
