// What a program does with its memory around serving, whichever way it serves: opens it ahead, and closes it in the end.
import { isMemoryError } from '@episodica/memory-core';
import type { Services } from './services.ts';

/** Opens the memory before the first tool asks for it. Never rejects: every tool that needs it tries again. */
export async function warmUp({ backend, logger }: Services): Promise<void> {
  try {
    await backend.get();
  } catch (error) {
    const reason = isMemoryError(error) ? { code: error.code, reason: error.message } : { error };
    logger.warn(reason, 'the memory cannot be opened; every call tries again');
  }
}

/** Finishes what has begun and closes what is open; answers what to exit with. Programs that run end with `CLOSED`. */
export async function close(services: Services): Promise<0 | 1> {
  try {
    await services.close();
    return 0;
  } catch (error) {
    services.logger.error({ error }, 'the memory could not be closed cleanly');
    return 1;
  }
}
