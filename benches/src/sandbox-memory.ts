// A program: a process that runs programs in a sandbox and prints, as JSON, how much larger it became. In a process of
// its own, because what a benchmark left behind would be counted. Argument: the programs as JSON.
import { openSandbox, type RunRequest } from '@episodica/memory-mcp/sandbox';

/** What is to be run: one request `times` times, by two callers. */
export interface MemoryTask {
  readonly request: RunRequest;
  readonly times: number;
}

export interface MemoryFigures {
  /** Largest size while it ran, over the size before; both after some harmless runs. */
  readonly peakGrowthMb: number;
  /** How much larger it is after each run than before it, over all of them. */
  readonly slopeKb: number;
  /** The codes of the outcomes, each once; `ok` for a success. */
  readonly outcomes: readonly string[];
}

const SAMPLE_EVERY_MS = 2;
const WARM_UP_RUNS = 30;
const CALLERS = 2;
const WINDOWS = 20;
/** Windows that do not count for the slope: heaps find their size in them. */
const SETTLING_WINDOWS = 8;

const [, , given = '{}'] = process.argv;
// The benchmark that starts this program writes it.
process.stdout.write(JSON.stringify(await measure(JSON.parse(given) as MemoryTask)));

async function measure({ request, times }: MemoryTask): Promise<MemoryFigures> {
  // More workers, which a busy machine calls for, would be counted as growth.
  const sandbox = openSandbox({ maxWorkers: CALLERS });
  for (let count = 0; count < WARM_UP_RUNS; count += 1) await sandbox.run({ code: '1 + 1' });
  const outcomes = new Set<string>();
  const settledMb: number[] = [];
  const beforeMb = rssMb();
  let peakMb = beforeMb;
  const timer = setInterval(() => {
    peakMb = Math.max(peakMb, rssMb());
  }, SAMPLE_EVERY_MS);
  for (let window = 0; window < Math.min(WINDOWS, times); window += 1) {
    let left = Math.ceil(times / WINDOWS);
    const caller = async (): Promise<void> => {
      for (; left > 0; ) {
        left -= 1;
        const ran = await sandbox.run(request);
        outcomes.add(ran.ok ? 'ok' : ran.error.code);
      }
    };
    await Promise.all(Array.from({ length: CALLERS }, caller));
    // Garbage of this thread is no growth; what the workers keep is part of the sandbox.
    globalThis.gc?.();
    settledMb.push(rssMb());
  }
  clearInterval(timer);
  await sandbox.close();
  const slopeKb = (slope(settledMb.slice(SETTLING_WINDOWS)) * 1024 * WINDOWS) / times;
  return { peakGrowthMb: peakMb - beforeMb, slopeKb, outcomes: [...outcomes] };
}

function rssMb(): number {
  return process.memoryUsage.rss() / 1_048_576;
}

/** Of the line through points one apart, by least squares;  */
function slope(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  const both = values.reduce((sum, value, index) => sum + (index - middle) * (value - mean), 0);
  const spread = values.reduce((sum, _, index) => sum + (index - middle) ** 2, 0);
  return spread === 0 ? 0 : both / spread;
}
