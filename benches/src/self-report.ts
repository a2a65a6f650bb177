// Loaded into a server before its program (`node --import`): answers its parent how the process is doing. What a server
// says of itself over the protocol would be a request more, and other people's servers say nothing.
import { monitorEventLoopDelay } from 'node:perf_hooks';

/** How a process is doing, since it was last asked. */
export interface SelfReport {
  readonly rssMb: number;
  /** Of all its threads. */
  readonly cpuMs: number;
  readonly overMs: number;
  /** How late timers were, the 99th percentile. */
  readonly loopLateMs: number;
}

const RESOLUTION_MS = 10;
const NS_PER_MS = 1e6;

const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
delay.enable();
let since = { cpu: process.cpuUsage(), atMs: performance.now() };

process.on('message', () => {
  const now = { cpu: process.cpuUsage(), atMs: performance.now() };
  const cpuUs = now.cpu.user - since.cpu.user + (now.cpu.system - since.cpu.system);
  const report: SelfReport = {
    rssMb: process.memoryUsage.rss() / 1_048_576,
    cpuMs: cpuUs / 1_000,
    overMs: now.atMs - since.atMs,
    loopLateMs: Math.max(0, delay.percentile(99) / NS_PER_MS - RESOLUTION_MS),
  };
  delay.reset();
  since = now;
  process.send?.(report);
});
// It is the server that decides how long it lives.
process.channel?.unref();
