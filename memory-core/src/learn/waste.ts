// Which steps of an episode came to nothing. Pure.
import { type OutcomeKind, resultText } from '../episode.ts';
import { isChange, revertedSteps } from './checks/revert.ts';
import type { ReadStep } from './read-step.ts';

/**
 * Share of steps that came to nothing, 0–1: those that failed and were never made good, those that did once more what had
 * been done, with the same result and nothing changed in between, and those whose work was thrown away. A check that
 * passes is never wasted.
 */
export function wasteOf(steps: readonly ReadStep[], recoveredSteps: ReadonlySet<number>): number {
  if (steps.length === 0) return 0;
  const thrownAway = new Set([...revertedSteps(steps)].flatMap(([revert, undone]) => [revert, ...undone]));
  const repeated = repeatedSteps(steps);
  const wasted = steps.filter(
    ({ number, result }) =>
      thrownAway.has(number) || repeated.has(number) || (result.type !== 'success' && !recoveredSteps.has(number)),
  );
  return wasted.length / steps.length;
}

/** Episodes that succeeded, before anything is compared with them. */
const MIN_COMPARED = 8;

/** Quartiles of that share among those that succeeded; `undefined` where these are under 8. */
export function wasteQuartiles(
  episodes: readonly { readonly outcome: OutcomeKind; readonly waste?: number }[],
): readonly [number, number, number] | undefined {
  const shares = episodes
    .filter(({ outcome }) => outcome === 'success')
    .flatMap(({ waste }) => (waste === undefined ? [] : [waste]))
    .sort((a, b) => a - b);
  if (shares.length < MIN_COMPARED) return undefined;
  // Linear between the two nearest (Hyndman & Fan 1996, definition 7).
  const quantile = (share: number): number => {
    const at = share * (shares.length - 1);
    const [low, high] = [shares[Math.floor(at)] ?? 0, shares[Math.ceil(at)] ?? 0];
    return low + (high - low) * (at - Math.floor(at));
  };
  return [quantile(0.25), quantile(0.5), quantile(0.75)];
}

function repeatedSteps(steps: readonly ReadStep[]): ReadonlySet<number> {
  const repeated = new Set<number>();
  const seen = new Set<string>();
  for (const step of steps) {
    const key = [step.tool, step.action, JSON.stringify(step.parameters), step.result.type, resultText(step.result)]
      .map(ends)
      .join('\n');
    const isGood = step.result.type === 'success';
    if (seen.has(key)) {
      if (!isGood || step.asked.length === 0) repeated.add(step.number);
    } else {
      if (isGood && isChange(step)) seen.clear();
      seen.add(key);
    }
  }
  return repeated;
}

/** Kept of a text to know it again: two outputs that differ in the middle alone are as long as each other by chance. */
const END_CHARACTERS = 200;

function ends(text: string): string {
  if (text.length <= 2 * END_CHARACTERS) return text;
  return `${text.length} ${text.slice(0, END_CHARACTERS)} ${text.slice(-END_CHARACTERS)}`;
}
