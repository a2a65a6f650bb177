// Numbers as they are shown: rounded, and parts so that whoever adds up what is shown gets what is shown.

/** Decimals of what programs are given. */
const DECIMALS = 4;

export function rounded(value: number, decimals: number = DECIMALS): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

/**
 * The parts of `total`, rounded so that they sum to `total` rounded: each down, and what is then missing to those that
 * lost most (the method of largest remainders).
 */
export function roundedParts(
  parts: Readonly<Record<string, number>>,
  { total, decimals = DECIMALS }: { readonly total: number; readonly decimals?: number },
): Readonly<Record<string, number>> {
  const scale = 10 ** decimals;
  const floors = Object.entries(parts).map(([part, value]) => {
    const units = Math.floor(value * scale);
    return { part, units, lost: value * scale - units };
  });
  const missing = Math.round(total * scale) - floors.reduce((sum, { units }) => sum + units, 0);
  const raised = new Set([...floors].sort((a, b) => b.lost - a.lost).slice(0, Math.max(0, missing)));
  return Object.fromEntries(
    floors.map((floor) => [floor.part, (raised.has(floor) ? floor.units + 1 : floor.units) / scale]),
  );
}

/** Decimals that people are shown. */
const SHOWN_DECIMALS = 2;

/** `0.62 = text 0.41 + meaning 0.12 + reward 0.09`: what adds nothing that can be seen is left out, the sum of nothing is `0.00`. */
export function sumText(total: number, parts: Readonly<Record<string, number>>): string {
  const decimals = shownDecimals(total);
  const [first, ...others] = Object.entries(roundedParts(parts, { total, decimals }))
    .filter(([, value]) => value !== 0)
    .map(([part, value]) =>
      value < 0 ? `- ${part} ${(-value).toFixed(decimals)}` : `+ ${part} ${value.toFixed(decimals)}`,
    );
  if (first === undefined) return total.toFixed(decimals);
  return [`${total.toFixed(decimals)} = ${first.replace(/^\+ /u, '')}`, ...others].join(' ');
}

/** `0.62`: in as many decimals as it takes to be more than nothing. */
export function scoreText(score: number): string {
  return score.toFixed(shownDecimals(score));
}

function shownDecimals(value: number): number {
  if (value === 0 || rounded(value, SHOWN_DECIMALS) !== 0) return SHOWN_DECIMALS;
  return rounded(value, SHOWN_DECIMALS + 1) !== 0 ? SHOWN_DECIMALS + 1 : DECIMALS;
}
