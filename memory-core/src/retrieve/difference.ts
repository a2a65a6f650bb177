// What attempts at one task that succeeded did otherwise than those that failed. Pure.
import { oneLine } from '../clip.ts';
import type { CompletedEpisode, Episode } from '../episode.ts';

/** Tools, recoveries or reasons told of each side. */
const MAX_TOLD = 3;
const REASON_CHARACTERS = 160;

/**
 * One sentence, of all of them together and of none alone, on what differed between the attempts that succeeded and those that failed: the tools that one side
 * always used and the other never, the errors that were made good, why the others ended. `undefined` where one side is
 * missing or nothing tells.
 */
export function differenceOf(attempts: readonly Episode[]): string | undefined {
  const ended = attempts.filter((episode) => episode.status === 'completed');
  const succeeded = ended.filter(({ outcome }) => outcome.kind === 'success');
  const failed = ended.filter(({ outcome }) => outcome.kind === 'failure');
  if (succeeded.length === 0 || failed.length === 0) return undefined;

  const well = [used(toolsOnlyOf(succeeded, failed)), madeGood(succeeded)].filter((part) => part !== '');
  const badly = [used(toolsOnlyOf(failed, succeeded)), endedBecause(failed)].filter((part) => part !== '');
  const sides = [
    well.length === 0 ? '' : `what succeeded ${well.join(' and ')}`,
    badly.length === 0 ? '' : `what failed ${badly.join(' and ')}`,
  ].filter((side) => side !== '');
  return sides.length === 0 ? undefined : `Of these attempts, ${sides.join('; ')}.`;
}

/** Tools that every one of these attempts used and none of the others. */
function toolsOnlyOf(these: readonly CompletedEpisode[], others: readonly CompletedEpisode[]): readonly string[] {
  const [first, ...rest] = these;
  // An attempt of which no tools are known says nothing about what was not used.
  if (others.some(({ tools }) => tools === undefined)) return [];
  const common = (first?.tools ?? []).filter((tool) => rest.every(({ tools }) => tools?.includes(tool) === true));
  return common.filter((tool) => others.every(({ tools }) => !tools?.includes(tool)));
}

function used(tools: readonly string[]): string {
  return tools.length === 0 ? '' : `used ${tools.slice(0, MAX_TOLD).join(', ')}`;
}

function madeGood(attempts: readonly CompletedEpisode[]): string {
  const errors = distinct(attempts.flatMap(({ recoveries }) => recoveries.map(({ error }) => error)));
  return errors.length === 0
    ? ''
    : `made good ${errors.map((error) => `"${oneLine(error, REASON_CHARACTERS)}"`).join(', ')}`;
}

function endedBecause(attempts: readonly CompletedEpisode[]): string {
  const reasons = distinct(attempts.map(({ outcome }) => (outcome.kind === 'failure' ? (outcome.reason ?? '') : '')));
  return reasons.length === 0
    ? ''
    : `ended because: ${reasons.map((reason) => oneLine(reason, REASON_CHARACTERS).replace(/\.$/u, '')).join('; ')}`;
}

function distinct(texts: readonly string[]): readonly string[] {
  return [...new Set(texts.filter((text) => text !== ''))].slice(0, MAX_TOLD);
}
