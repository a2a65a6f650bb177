// Sizes, counts and ages in words.

const UNITS = ['bytes', 'kB', 'MB', 'GB', 'TB'];

/** `4.2 MB`. */
export function bytesText(bytes: number): string {
  let value = bytes;
  let index = 0;
  for (; value >= 1_000 && index < UNITS.length - 1; index += 1) value /= 1_000;
  return `${index === 0 ? value : value.toFixed(1)} ${UNITS[index]}`;
}

/** `1 file`, `2,000 files`; `unit` is that of one. */
export function countText(count: number, unit: string): string {
  return `${count.toLocaleString('en')} ${unit}${count === 1 ? '' : 's'}`;
}

/** `12 episodes with 140 steps`. */
export function countsText(counts: { readonly episode: number; readonly step: number }): string {
  return `${countText(counts.episode, 'episode')} with ${countText(counts.step, 'step')}`;
}

/** `3 days`, `5 hours`, `1 minute`: the largest unit of which there is one. */
export function ageText(ms: number): string {
  const [length, unit] = [[86_400_000, 'day'] as const, [3_600_000, 'hour'] as const, [60_000, 'minute'] as const].find(
    ([each]) => ms >= each,
  ) ?? [1_000, 'second'];
  return countText(Math.max(0, Math.floor(ms / length)), unit);
}
