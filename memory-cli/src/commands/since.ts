// A moment as people say it: how long ago, or when.
import { MemoryError } from '@episodica/memory-core';

const UNITS_MS: Readonly<Record<string, number>> = Object.freeze({
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
});

/** `2h` before `nowMs`, or a day or time, in milliseconds since 1970. @throws `INVALID_INPUT` */
export function toMoment(flag: string, text: string, nowMs: number): number {
  const [, count, unit = ''] = /^(\d{1,6})([smhdw])$/u.exec(text) ?? [];
  if (count !== undefined) return Math.max(0, nowMs - Number(count) * (UNITS_MS[unit] ?? 0));
  if (/^\d+[a-z]*$/iu.test(text)) {
    throw new MemoryError('INVALID_INPUT', `${flag}: "${text}" is no length of time; write 30s, 15m, 2h, 7d or 4w.`);
  }
  const isDay = /^\d{4}-\d{2}-\d{2}$/u.test(text);
  const isTime = /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:\d{2})$/u.test(text);
  const time = Date.parse(text);
  if ((isDay || isTime) && isInCalendar(text) && !Number.isNaN(time)) return time;
  const ways = 'how long ago, such as 2h, 7d or 4w, or 2026-01-31 (from midnight UTC), or 2026-01-31T08:00:00Z';
  throw new MemoryError('INVALID_INPUT', `${flag}: "${text}" is no time; write ${ways}.`);
}

/** As `toMoment`, counted from now, as an ISO time in UTC. @throws `INVALID_INPUT` */
export function toTime(flag: string, text: string): string {
  return new Date(toMoment(flag, text, Date.now())).toISOString();
}

/** Whether the month has that day: `Date` counts the 31st of February on into March. */
function isInCalendar(text: string): boolean {
  const day = text.slice(0, 10);
  const time = new Date(`${day}T00:00:00Z`);
  return !Number.isNaN(time.getTime()) && time.toISOString().startsWith(day);
}
