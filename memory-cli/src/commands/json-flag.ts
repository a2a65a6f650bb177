// A flag whose value is JSON.
import { MemoryError } from '@episodica/memory-core';

/** The parsed value. @throws `INVALID_INPUT` that names the flag */
export function jsonFlag(flag: string, text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new MemoryError('INVALID_INPUT', `${flag}: is not JSON: ${reason}.`, { cause });
  }
}
