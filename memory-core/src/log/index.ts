export { followLog, type LogPosition } from './follow.ts';
export { jsonLogger, LOG_LEVELS, type LogBase, type LogLevel, type LogThreshold } from './json-logger.ts';
export {
  LOG_LIMITS,
  type LogFile,
  type LogFileOptions,
  type LogLosses,
  logFileRefusal,
  openLogFile,
} from './log-file.ts';
export { type LogSnapshot, openLog } from './read.ts';
export type { LogRecord } from './record.ts';
export { type CallSpread, type LogStatistics, logStatistics } from './statistics.ts';
export { type ToldError, toldError } from './told-error.ts';
