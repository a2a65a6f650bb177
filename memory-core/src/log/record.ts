// A line of the log as it is read back.

/** What a program wrote; fields beside these are its own. */
export interface LogRecord {
  readonly level: number;
  /** Milliseconds since 1970. */
  readonly time: number;
  readonly program: string;
  readonly pid: number;
  readonly msg: string;
  /** Id of the request or command during which it was written. */
  readonly request?: string;
  readonly [field: string]: unknown;
}

/** What a line holds. */
export interface LineContent {
  readonly record?: LogRecord;
  /** Something in it is no record: half a line, or one that somebody else wrote. */
  readonly isDamaged: boolean;
}

/** Each of our lines begins so. */
export const BEGINNING = '{"level":';

/** The record in a line, also where half of another stands before it: whoever wrote that was stopped. */
export function contentOf(line: string): LineContent {
  const record = recordIn(line);
  if (record !== undefined) return { record, isDamaged: false };
  const start = line.lastIndexOf(BEGINNING);
  const behind = start > 0 ? recordIn(line.slice(start)) : undefined;
  return behind === undefined ? { isDamaged: true } : { record: behind, isDamaged: true };
}

function recordIn(text: string): LogRecord | undefined {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  return isRecord(value) ? value : undefined;
}

function isRecord(value: unknown): value is LogRecord {
  if (typeof value !== 'object' || value === null) return false;
  const { level, time, program, pid, msg, request } = value as Record<string, unknown>;
  return (
    typeof level === 'number' &&
    typeof time === 'number' &&
    Number.isFinite(new Date(time).getTime()) &&
    typeof program === 'string' &&
    typeof pid === 'number' &&
    typeof msg === 'string' &&
    (request === undefined || typeof request === 'string')
  );
}
