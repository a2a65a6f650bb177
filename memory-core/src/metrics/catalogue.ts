// Every figure that is kept: its name, its unit, what it means and what tells its series apart. Documentation and the
// Prometheus text are written from this table, and a name that is not in it cannot be counted.

/** Sums so far. `outcome` is `ok` or the code of the error. */
export const COUNTERS = {
  tool_calls: { unit: 'events', help: 'Calls of tools that ended.', labels: ['tool', 'outcome'] },
  tool_answer_characters: {
    unit: 'characters',
    help: 'Text that tools answered with: what an agent has to read.',
    labels: ['tool'],
  },
  commands: { unit: 'events', help: 'Commands of the terminal program that ended.', labels: ['command', 'outcome'] },
  verb_failures: {
    unit: 'events',
    help: 'Calls of the memory that rejected.',
    labels: ['verb', 'code'],
  },
  episodes_created: { unit: 'events', help: 'Episodes that were begun; those that were imported are not.', labels: [] },
  steps_added: { unit: 'events', help: 'Steps that were recorded.', labels: [] },
  episodes_completed: { unit: 'events', help: 'Episodes that ended, by how they ended.', labels: ['outcome'] },
  episodes_imported: { unit: 'events', help: 'Episodes that were imported.', labels: [] },
  searches: {
    unit: 'events',
    help: 'Questions to the memory: with an answer (found), or where nothing had to do with them (nothing).',
    labels: ['answer'],
  },
  patterns_written: {
    unit: 'events',
    help: 'Patterns that were stored, new or changed, by how they stand then.',
    labels: ['standing'],
  },
  calls_refused: { unit: 'events', help: 'Calls that were turned away because too many waited.', labels: [] },
  http_requests: { unit: 'events', help: 'HTTP requests that were answered.', labels: ['route', 'status'] },
  store_failures: {
    unit: 'events',
    help: 'Operations of the store that rejected, refusals of a write among them.',
    labels: ['operation', 'code'],
  },
  cache_reads: {
    unit: 'events',
    help: 'Things asked of the cache; those that are there may prove to be out of date.',
    labels: ['result'],
  },
  cache_failures: { unit: 'events', help: 'Operations of the cache that rejected.', labels: ['operation'] },
  embedded_texts: { unit: 'events', help: 'Texts that were turned into vectors.', labels: ['provider'] },
  embedding_failures: {
    unit: 'events',
    help: 'Calls of the embedder that rejected.',
    labels: ['provider', 'code'],
  },
  records_folded: {
    unit: 'events',
    help: 'Records of a figure that had too many series, and went into the one named "other".',
    labels: ['figure'],
  },
} as const;

/** Durations, in milliseconds. */
export const TIMERS = {
  tool_call: { help: 'From the arrival of a call to its answer, waiting included.', labels: ['tool'] },
  command: {
    help: 'Commands of the terminal program, from the reading of their words to their end.',
    labels: ['command'],
  },
  verb: { help: 'Calls of the memory; of a stream, the time that was spent in it.', labels: ['verb'] },
  queue_wait: { help: 'How long calls waited for their turn.', labels: ['lane'] },
  store_operation: {
    help: 'Operations of the store; of a scan, the time that was spent in it.',
    labels: ['operation'],
  },
  cache_operation: { help: 'Operations of the cache.', labels: ['operation'] },
  embedding: { help: 'Calls of the embedder, repetitions and waiting included.', labels: ['provider'] },
  sandbox_run: { help: 'Programs in the sandbox, from their start in a worker.', labels: ['outcome'] },
  http_request: { help: 'From the arrival of an HTTP request to the end of its answer.', labels: ['route'] },
} as const;

/**
 * What is so now, read when somebody asks. `together`: what several processes have, where they are counted as one, is
 * the sum of theirs or the largest of them. `isKept`: its largest value of each period is kept when the process is gone.
 */
export const GAUGES = {
  calls_running: { unit: 'count', help: 'Calls that are worked on.', labels: [], together: 'sum' },
  calls_waiting: { unit: 'count', help: 'Calls that wait for their turn.', labels: [], together: 'sum' },
  http_sessions: { unit: 'count', help: 'Sessions over HTTP that are open.', labels: [], together: 'sum' },
  sandbox_workers: { unit: 'count', help: 'Workers of the sandbox.', labels: [], together: 'sum' },
  sandbox_running: { unit: 'count', help: 'Programs that run.', labels: [], together: 'sum' },
  sandbox_waiting: { unit: 'count', help: 'Programs that wait for a worker.', labels: [], together: 'sum' },
  cache_bytes: { unit: 'bytes', help: 'Size of what the cache holds.', labels: ['layer'], together: 'max' },
  store_bytes: {
    unit: 'bytes',
    help: 'Size of the database file and its log.',
    labels: [],
    together: 'max',
    isKept: true,
  },
  journal_seq: { unit: 'count', help: 'Number of the newest entry of the journal.', labels: [], together: 'max' },
  resident_bytes: { unit: 'bytes', help: 'Memory of the process.', labels: [], together: 'sum' },
  heap_bytes: { unit: 'bytes', help: 'Memory of its JavaScript objects.', labels: [], together: 'sum' },
  uptime: { unit: 'ms', help: 'Since the process was started.', labels: [], together: 'max' },
  event_loop_delay: {
    unit: 'ms',
    help: 'How much later than due the event loop came to its timers, since the start.',
    labels: ['quantile'],
    together: 'max',
  },
  event_loop_use: {
    unit: 'ratio',
    help: 'Share of time in which the event loop was busy.',
    labels: [],
    together: 'max',
  },
} as const;

/** The name of a sum. */
export type CounterName = keyof typeof COUNTERS;

/** The name of a duration. */
export type TimerName = keyof typeof TIMERS;

/** The name of what stands somewhere now. */
export type GaugeName = keyof typeof GAUGES;

type Figures = typeof COUNTERS & typeof TIMERS & typeof GAUGES;

/** The labels of one figure, each with a value; few values each, and never a user's text. */
export type LabelsOf<N extends keyof Figures> = Readonly<Record<Figures[N]['labels'][number], string>>;
