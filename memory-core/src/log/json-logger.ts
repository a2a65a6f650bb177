// Lines of a log as pino writes them, for who has a line or two to write: loading pino takes longer than all else that
// a command of the terminal does.
import type { Logger } from '../ports/runtime.ts';
import { toldError } from './told-error.ts';

/** How much a line matters. */
export type LogLevel = 'debug' | 'info' | 'warn' | 'error';
/** As pino numbers them. */
export const LOG_LEVELS: Readonly<Record<LogLevel, number>> = Object.freeze({
  debug: 20,
  info: 30,
  warn: 40,
  error: 50,
});
/** What is written: lines of this level and above. */
export type LogThreshold = LogLevel | 'silent';

/** What every line says beside its message. */
export interface LogBase {
  readonly program: string;
  readonly pid: number;
}

/** Where lines go, and which. */
export interface JsonLoggerOptions {
  readonly threshold: LogThreshold;
  readonly base: LogBase;
  /** Takes a line with its end. */
  readonly write: (line: string) => void;
  /** @default Date.now */
  readonly now?: () => number;
}

/** Writes each message as one line of JSON. Messages of errors are told at the threshold `debug` alone. */
export function jsonLogger({ threshold, base, write, now = Date.now }: JsonLoggerOptions): Logger {
  const least = threshold === 'silent' ? Infinity : LOG_LEVELS[threshold];
  const withMessages = threshold === 'debug';
  const shown = (_name: string, value: unknown): unknown =>
    value instanceof Error ? toldError(value, { withMessages }) : value;
  const line = (level: LogLevel) => (fields: object, message: string) => {
    if (LOG_LEVELS[level] < least) return;
    const record = { level: LOG_LEVELS[level], time: now(), ...base, ...fields, msg: message };
    write(`${JSON.stringify(record, shown)}\n`);
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}
