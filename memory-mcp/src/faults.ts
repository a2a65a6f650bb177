// What nobody caught: it is logged, and it ends the process where what is in memory may be wrong.
import { AssertionError } from 'node:assert/strict';
import type { Logger } from '@episodica/memory-core/ports';

/** Different faults that are told; a loop of failures is told once. */
const MAX_TOLD_FAULTS = 100;

/**
 * Watches for what nobody caught. A rejection that nobody waits for is work in the background that failed: calls have
 * their own answers and the store commits whole batches, so the server goes on, and the client keeps its
 * memory. A broken invariant, and an error thrown into the event loop, which stops its thrower anywhere, may leave
 * anything behind: then `end` is called.
 */
export function watchFaults({ logger, end }: { readonly logger: Logger; end(): void }): void {
  const told = new Set<string>();
  const tell = (error: unknown, message: string): void => {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
    if (told.has(text) || told.size >= MAX_TOLD_FAULTS) return;
    told.add(text);
    logger.error({ error }, message);
  };
  process.on('unhandledRejection', (error) => {
    const isFatal = error instanceof AssertionError;
    tell(error, isFatal ? 'an invariant is broken; the server ends' : 'something in the background failed; going on');
    if (isFatal) end();
  });
  process.on('uncaughtException', (error) => {
    tell(error, 'an error that nobody caught; the server ends');
    end();
  });
}
