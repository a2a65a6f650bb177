// Where messages go before it is known where they shall go: the configuration may be what cannot be read. Its lines
// have the form of those that come behind them, which pino writes.
import type { Logger } from '@episodica/memory-core/ports';

/** A logger whose messages can be led elsewhere. */
export interface SwitchableLogger extends Logger {
  /** From now on messages go there. */
  switchTo(next: Logger): void;
}

/** What every line says beside its message. */
export const LOG_BASE: { readonly program: string; readonly pid: number } = Object.freeze({
  program: 'memory-mcp',
  pid: process.pid,
});

/** As pino numbers them. */
const LEVELS = Object.freeze({ warn: 40, error: 50 });

/** Writes warnings and errors as lines of JSON until it is switched. */
export function switchableLogger(write: (line: string) => void): SwitchableLogger {
  const line = (level: keyof typeof LEVELS, fields: object, message: string): void => {
    const record = { level: LEVELS[level], time: Date.now(), ...LOG_BASE, ...fields, msg: message };
    write(`${JSON.stringify(record, (_key, value: unknown) => shown(value))}\n`);
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
  if (!(value instanceof Error)) return value;
  return { ...value, type: value.constructor.name, message: value.message, stack: value.stack ?? '' };
}
