// Numbers in a row as one line of bars.

/** Bars by Unicode, and what stands in for them where a terminal has no such signs. */
const BARS = { unicode: '▁▂▃▄▅▆▇█', ascii: '_.:-=+*#' } as const;
/** How bars are drawn. */
export type Bars = keyof typeof BARS;

/** A bar each, the highest for the largest; the lowest is for nothing alone. */
export function sparkline(values: readonly number[], bars: Bars): string {
  const levels = BARS[bars];
  const max = Math.max(...values);
  return values.map((value) => levels[value <= 0 ? 0 : Math.ceil((value / max) * (levels.length - 1))]).join('');
}
