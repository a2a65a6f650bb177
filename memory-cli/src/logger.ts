// Where the messages of a command go: to standard error in plain words, and into the log file.
import { existsSync } from 'node:fs';
import { isMemoryError } from '@episodica/memory-core';
import { type LoadedConfig, logPathOf } from '@episodica/memory-core/config';
import {
  jsonLogger,
  LOG_LEVELS,
  type LogFile,
  type LogLevel,
  logFileRefusal,
  openLogFile,
} from '@episodica/memory-core/log';
import type { Logger } from '@episodica/memory-core/ports';
import type { CommandTarget } from './command-log.ts';
import type { Invocation } from './open.ts';
import { note } from './output.ts';

/**
 * Into the log file, and in plain lines to standard error, there by default from `warn`; warnings of the settings at
 * every level but `silent`. @throws `INVALID_INPUT`
 */
export async function openLogger(settings: LoadedConfig, invocation: Invocation): Promise<Logger> {
  const shown = consoleLogger(settings, invocation);
  const isSilent = settings.values.MEMORY_LOG_LEVEL === 'silent';
  for (const warning of isSilent ? [] : settings.warnings) invocation.warn(warning);
  const makeTarget = (): CommandTarget => fileTarget(settings, invocation.log?.request);
  const target = invocation.log?.open(makeTarget) ?? makeTarget();
  const cause = settings.origins.MEMORY_LOG_FILE.layer === 'default' ? undefined : target.problem();
  if (cause !== undefined) throw logFileRefusal(settings.values.MEMORY_LOG_FILE, cause);
  return bothLoggers(shown, target.logger);
}

function bothLoggers(one: Logger, other: Logger): Logger {
  const both = (level: keyof Logger) => (fields: object, message: string) => {
    one[level](fields, message);
    other[level](fields, message);
  };
  return { debug: both('debug'), info: both('info'), warn: both('warn'), error: both('error') };
}

function consoleLogger({ values, origins }: LoadedConfig, invocation: Invocation): Logger {
  const threshold = origins.MEMORY_LOG_LEVEL.layer === 'default' ? 'warn' : values.MEMORY_LOG_LEVEL;
  const least = threshold === 'silent' ? Infinity : LOG_LEVELS[threshold];
  const line = (own: LogLevel) => (fields: object, message: string) => {
    if (LOG_LEVELS[own] < least) return;
    const text = `${message}${fieldsText(fields)}`;
    if (own === 'warn') invocation.warn(text);
    else note(own, text);
  };
  return { debug: line('debug'), info: line('info'), warn: line('warn'), error: line('error') };
}

/**
 * The log file, opened with the first line. Where it is the default and cannot be written, nothing is said of it: what
 * matters to the user is on standard error. A folder of data is not begun for the sake of its log.
 */
export function fileTarget({ values, origins }: LoadedConfig, request: string | undefined): CommandTarget {
  const { MEMORY_LOG_LEVEL: threshold } = values;
  const path = logPathOf(values);
  const base = { program: 'memory-cli', pid: process.pid, ...(request === undefined ? {} : { request }) };
  let file: LogFile | undefined;
  let problem: unknown;
  const open = (): void => {
    const isWanted = origins.MEMORY_LOG_FILE.layer !== 'default' || existsSync(values.MEMORY_DATA_DIR);
    if (path === undefined || file !== undefined || problem !== undefined || !isWanted) return;
    try {
      file = openLogFile({ path, base });
    } catch (error) {
      problem = error;
    }
  };
  const write = (line: string): void => {
    open();
    file?.write(line);
  };
  return {
    logger: jsonLogger({ threshold, base, write }),
    problem() {
      open();
      return problem;
    },
    close: () => file?.close(),
  };
}

function fieldsText(fields: object): string {
  const told = Object.entries(fields).map(([name, value]) => `${name}: ${fieldText(value)}`);
  return told.length === 0 ? '' : ` (${told.join(', ')})`;
}

function fieldText(value: unknown): string {
  if (isMemoryError(value)) return `${value.code}: ${value.message}`;
  return value instanceof Error ? value.message : String(value);
}
