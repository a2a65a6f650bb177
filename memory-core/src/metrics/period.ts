// The stretches of time that kept figures belong to, in UTC: an hour, later its day, later all that is older.

/** Whole hours back for which figures are kept by the hour. */
export const KEPT_HOURS = 48;
/** Whole days back for which they are kept by the day; what is older is one. */
export const KEPT_DAYS = 90;

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;

/** As it is written: `2026-01-31T08`, `2026-01-31` or `before`. */
export type Period = string;

/** All that is older than `KEPT_DAYS`. */
export const BEFORE: Period = 'before';

/** The period of an hour. */
export function hourOf(ms: number): Period {
  return new Date(ms).toISOString().slice(0, 13);
}

/** When it began and when it is over; that of what is older begins at 0. */
export function spanOf(period: Period, nowMs: number): { readonly fromMs: number; readonly untilMs: number } {
  if (period === BEFORE) return { fromMs: 0, untilMs: Math.min(nowMs, startOfDay(nowMs) - KEPT_DAYS * DAY_MS) };
  const isHour = period.length > 10;
  const fromMs = Date.parse(isHour ? `${period}:00:00Z` : `${period}T00:00:00Z`);
  return { fromMs, untilMs: fromMs + (isHour ? HOUR_MS : DAY_MS) };
}

/** Whether a text is the name of a period. */
export function isPeriod(text: string): boolean {
  if (text === BEFORE) return true;
  return /^\d{4}-\d\d-\d\d(?:T\d\d)?$/u.test(text) && Number.isFinite(spanOf(text, 0).fromMs);
}

/** The period that figures of this one belong to by now. What lies ahead, after a clock was set back, stays. */
export function agedPeriod(period: Period, nowMs: number): Period {
  if (period === BEFORE) return period;
  const { fromMs } = spanOf(period, nowMs);
  if (fromMs < startOfDay(nowMs) - KEPT_DAYS * DAY_MS) return BEFORE;
  if (fromMs < startOfHour(nowMs) - KEPT_HOURS * HOUR_MS) return period.slice(0, 10);
  return period;
}

/** Until the next hour begins. */
export function msToNextHour(nowMs: number): number {
  return startOfHour(nowMs) + HOUR_MS - nowMs;
}

function startOfHour(ms: number): number {
  return Math.floor(ms / HOUR_MS) * HOUR_MS;
}

function startOfDay(ms: number): number {
  return Math.floor(ms / DAY_MS) * DAY_MS;
}
