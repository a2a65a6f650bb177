// Where messages go before it is known where they shall go: the configuration may be what cannot be read.
import type { Logger } from '@episodica/memory-core/ports';

/** A logger whose messages can be led elsewhere. */
export interface SwitchableLogger extends Logger {
  /** From now on messages go there. */
  switchTo(next: Logger): void;
}

/** Writes warnings and errors as lines of JSON until it is switched. */
export function switchableLogger(write: (line: string) => void): SwitchableLogger {
  const line = (level: string, fields: object, message: string): void => {
    const time = new Date().toISOString();
    write(`${JSON.stringify({ level, time, ...fields, msg: message }, (_key, value: unknown) => shown(value))}\n`);
  };
  let current: Logger = {
    debug() {},
    info() {},
    warn: (fields, message) => line('warn', fields, message),
    error: (fields, message) => line('error', fields, message),
  };
  return {
    debug: (fields, message) => current.debug(fields, message),
    info: (fields, message) => current.info(fields, message),
    warn: (fields, message) => current.warn(fields, message),
    error: (fields, message) => current.error(fields, message),
    switchTo(next) {
      current = next;
    },
  };
}

/** Errors have no properties that JSON would show. */
function shown(value: unknown): unknown {
  return value instanceof Error ? (value.stack ?? value.message) : value;
}
