// A line on the terminal that says how far long work has come. Elsewhere nothing is written.

/** Milliseconds between two looks of the line. */
const LOOK_MS = 100;
const BAR_COLUMNS = 24;
/** Where the terminal does not say how wide it is. */
const DEFAULT_COLUMNS = 80;

/** How far the work has come. */
export interface Progress {
  /** In words, such as `120 read`. */
  readonly text: string;
  /** Things done, for the rate; left out where there are none to count. */
  readonly done?: number | undefined;
  /** 0–1; left out where nobody knows how much there is. */
  readonly share?: number | undefined;
}

/** A progress line for one piece of work. */
export interface ProgressLine {
  show(progress: () => Progress): void;
  /** Takes the line away. */
  clear(): void;
}

/** Does work of which nobody can say how far it has come, and shows how long it has taken. */
export async function withElapsed<T>(title: string, work: () => Promise<T>): Promise<T> {
  if (!process.stderr.isTTY) return work();
  const startedMs = performance.now();
  const timer = setInterval(() => {
    process.stderr.write(`\r${title} … ${Math.floor((performance.now() - startedMs) / 1_000)} s\u001b[K`);
  }, ELAPSED_MS);
  try {
    return await work();
  } finally {
    clearInterval(timer);
    process.stderr.write('\r\u001b[K');
  }
}

const ELAPSED_MS = 1_000;

/** Shows nothing where standard error is no terminal. */
export function progressLine(title: string): ProgressLine {
  if (!process.stderr.isTTY) return { show: () => undefined, clear: () => undefined };
  const startedMs = performance.now();
  let shownAtMs = 0;
  return {
    show(progress) {
      const nowMs = performance.now();
      if (nowMs - shownAtMs < LOOK_MS) return;
      shownAtMs = nowMs;
      const line = progressText(title, progress(), (nowMs - startedMs) / 1_000);
      process.stderr.write(`\r${line.slice(0, (process.stderr.columns || DEFAULT_COLUMNS) - 1)}\u001b[K`);
    },
    clear() {
      if (shownAtMs > 0) process.stderr.write('\r\u001b[K');
    },
  };
}

/** `runs.json [######------------------] 25 %, 120 read, 300/s`; without a share no bar. */
export function progressText(title: string, { text, done, share }: Progress, seconds: number): string {
  const full = share === undefined ? 0 : Math.floor(Math.min(1, share) * BAR_COLUMNS);
  const bar =
    share === undefined
      ? ''
      : ` [${'#'.repeat(full)}${'-'.repeat(BAR_COLUMNS - full)}] ${Math.floor(Math.min(1, share) * 100)} %,`;
  const rate = done === undefined ? '' : `, ${Math.round(done / Math.max(seconds, 0.001))}/s`;
  return `${title}${bar} ${text}${rate}`;
}
