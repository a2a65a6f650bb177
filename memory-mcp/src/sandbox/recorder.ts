// The flight recorder of one worker: log lines, time and memory of the current run, in shared memory, so that they
// outlive a worker that had to be killed. The worker writes, the pool reads.
import { MAX_HOST_BYTES } from './limits.ts';

/** One line that the program printed. */
export interface LogLine {
  readonly level: LogLevel;
  readonly text: string;
  /** Since the start of the program. */
  readonly atMs: number;
}

/** Which function of `console` printed a line. */
export type LogLevel = 'log' | 'info' | 'warn' | 'error' | 'debug';

const LEVELS: readonly LogLevel[] = ['log', 'info', 'warn', 'error', 'debug'];

const HEAD_BYTES = 48 * 1024;
const TAIL_BYTES = 48 * 1024;
const MAX_HEAD_LINES = 500;
const MAX_TAIL_LINES = 500;
const NEWLINE = 10;

const COUNTERS = 8;
const HEAD_USED = 0;
const TAIL_START = 1;
const TAIL_USED = 2;
const TAIL_LINES = 3;
const DROPPED = 4;
const HOST_CALLS = 5;
const HEAD_LINES = 6;
const HOST_BYTES = 7;

const CLOCKS = 4;
const CPU_MS = 0;
const ENTERED_AT = 1;
const STARTED_AT = 2;
const MEMORY_BYTES = 3;

const HEAD_OFFSET = COUNTERS * 4 + CLOCKS * 8;
const TAIL_OFFSET = HEAD_OFFSET + HEAD_BYTES;
const SIZE_BYTES = TAIL_OFFSET + TAIL_BYTES;

/** Log lines in order; `dropped` counts the ones cut between the first and the last. */
export interface RecordedLogs {
  readonly lines: readonly LogLine[];
  readonly dropped: number;
}

/** The memory of a recorder, to be shared with one worker. */
export function recorderMemory(): SharedArrayBuffer {
  return new SharedArrayBuffer(SIZE_BYTES);
}

/** A view of a recorder. Not synchronised: the reader waits until the writer has answered or is dead. */
export class Recorder {
  readonly #counters: Int32Array;
  readonly #clocks: Float64Array;
  readonly #head: Uint8Array;
  readonly #tail: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    this.#counters = new Int32Array(memory, 0, COUNTERS);
    this.#clocks = new Float64Array(memory, COUNTERS * 4, CLOCKS);
    this.#head = new Uint8Array(memory, HEAD_OFFSET, HEAD_BYTES);
    this.#tail = new Uint8Array(memory, TAIL_OFFSET, TAIL_BYTES);
  }

  /** Forgets the run before. */
  reset(): void {
    this.#counters.fill(0);
    this.#clocks.fill(0);
  }

  /** Forgets the run before, and starts the clocks. */
  start(): void {
    this.reset();
    this.#clocks[STARTED_AT] = epochMs();
  }

  /** The program's side begins to compute. */
  enter(): void {
    this.#clocks[ENTERED_AT] = epochMs();
  }

  /** The program's side waits or is done. */
  leave(): void {
    this.#clocks[CPU_MS] = this.cpuMs();
    this.#clocks[ENTERED_AT] = 0;
  }

  /** Time spent computing so far, also while it still does. */
  cpuMs(): number {
    const enteredAt = this.#clocks[ENTERED_AT] ?? 0;
    return (this.#clocks[CPU_MS] ?? 0) + (enteredAt === 0 ? 0 : epochMs() - enteredAt);
  }

  wallMs(): number {
    const startedAt = this.#clocks[STARTED_AT] ?? 0;
    return startedAt === 0 ? 0 : epochMs() - startedAt;
  }

  get memoryBytes(): number {
    return this.#clocks[MEMORY_BYTES] ?? 0;
  }

  set memoryBytes(bytes: number) {
    this.#clocks[MEMORY_BYTES] = bytes;
  }

  get hostCalls(): number {
    return this.#counters[HOST_CALLS] ?? 0;
  }

  set hostCalls(count: number) {
    this.#counters[HOST_CALLS] = count;
  }

  /** Arguments and answers of host calls. Both sides count here. */
  get hostBytes(): number {
    return Atomics.load(this.#counters, HOST_BYTES);
  }

  /** Counts bytes of a host call; the sum so far. Beyond the largest budget it stays, so that it never wraps. */
  addHostBytes(sizeBytes: number): number {
    if (this.hostBytes > MAX_HOST_BYTES) return this.hostBytes;
    return Atomics.add(this.#counters, HOST_BYTES, sizeBytes) + sizeBytes;
  }

  /** Keeps lines, one JSON array `[level, atMs, text]` each, separated by newlines. */
  append(lines: string): void {
    for (const line of lines.split('\n')) {
      const bytes = Buffer.from(`${line}\n`);
      if (this.#fitsHead(bytes)) this.#appendToHead(bytes);
      else this.#appendToTail(bytes);
    }
  }

  /** What was printed so far. A line that a kill cut in two counts as dropped. */
  logs(): RecordedLogs {
    const lines: LogLine[] = [];
    let damagedCount = 0;
    for (const text of [this.#headText(), this.#tailText()]) {
      for (const line of text.split('\n')) {
        if (line === '') continue;
        const parsed = parseLine(line);
        if (parsed === undefined) damagedCount += 1;
        else lines.push(parsed);
      }
    }
    return { lines, dropped: this.#count(DROPPED) + damagedCount };
  }

  #fitsHead(bytes: Uint8Array): boolean {
    if (this.#count(TAIL_LINES) > 0 || this.#count(HEAD_LINES) >= MAX_HEAD_LINES) return false;
    return this.#count(HEAD_USED) + bytes.length <= HEAD_BYTES;
  }

  #appendToHead(bytes: Uint8Array): void {
    this.#head.set(bytes, this.#count(HEAD_USED));
    this.#counters[HEAD_USED] = this.#count(HEAD_USED) + bytes.length;
    this.#counters[HEAD_LINES] = this.#count(HEAD_LINES) + 1;
  }

  #appendToTail(bytes: Uint8Array): void {
    if (bytes.length > TAIL_BYTES) {
      this.#counters[DROPPED] = this.#count(DROPPED) + 1;
      return;
    }
    while (this.#count(TAIL_USED) + bytes.length > TAIL_BYTES || this.#count(TAIL_LINES) >= MAX_TAIL_LINES) {
      this.#dropOldest();
    }
    const end = (this.#count(TAIL_START) + this.#count(TAIL_USED)) % TAIL_BYTES;
    const untilWrap = Math.min(bytes.length, TAIL_BYTES - end);
    this.#tail.set(bytes.subarray(0, untilWrap), end);
    this.#tail.set(bytes.subarray(untilWrap), 0);
    this.#counters[TAIL_USED] = this.#count(TAIL_USED) + bytes.length;
    this.#counters[TAIL_LINES] = this.#count(TAIL_LINES) + 1;
  }

  #dropOldest(): void {
    let sizeBytes = 1;
    const start = this.#count(TAIL_START);
    while (sizeBytes < this.#count(TAIL_USED) && this.#tail[(start + sizeBytes - 1) % TAIL_BYTES] !== NEWLINE) {
      sizeBytes += 1;
    }
    this.#counters[TAIL_START] = (start + sizeBytes) % TAIL_BYTES;
    this.#counters[TAIL_USED] = this.#count(TAIL_USED) - sizeBytes;
    this.#counters[TAIL_LINES] = this.#count(TAIL_LINES) - 1;
    this.#counters[DROPPED] = this.#count(DROPPED) + 1;
  }

  #headText(): string {
    return Buffer.from(this.#head.subarray(0, this.#count(HEAD_USED))).toString();
  }

  #tailText(): string {
    const start = this.#count(TAIL_START);
    const used = this.#count(TAIL_USED);
    const untilWrap = Math.min(used, TAIL_BYTES - start);
    return Buffer.concat([
      this.#tail.subarray(start, start + untilWrap),
      this.#tail.subarray(0, used - untilWrap),
    ]).toString();
  }

  #count(index: number): number {
    return this.#counters[index] ?? 0;
  }
}

// The same for all threads of a process, unlike `performance.now()`.
function epochMs(): number {
  return performance.timeOrigin + performance.now();
}

function parseLine(line: string): LogLine | undefined {
  let fields: unknown;
  try {
    fields = JSON.parse(line);
  } catch {
    return undefined;
  }
  if (!Array.isArray(fields)) return undefined;
  const [level, atMs, text]: readonly unknown[] = fields;
  if (typeof level !== 'number' || typeof atMs !== 'number' || typeof text !== 'string') return undefined;
  return { level: LEVELS[level] ?? 'log', text, atMs: Math.max(0, atMs) };
}
