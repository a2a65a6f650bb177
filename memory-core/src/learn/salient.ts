// What stands out of one episode: what was decided, which tools worked together, what to know first. Pure.
import { oneLine } from '../clip.ts';
import type { Reflection, SalientFeatures } from '../episode.ts';
import type { Attempt } from './attempt.ts';
import { TO_TRY_NEXT } from './compare.ts';
import type { ReadStep } from './read-step.ts';
import { stepText } from './recovery.ts';

const MAX_DECISIONS = 5;
const DECISION_CHARACTERS = 360;
const MAX_COMBINATIONS = 5;
/** Tools in one combination: the last ones, which led to the end of the run. */
const MAX_TOOLS = 8;
const TOOL_CHARACTERS = 80;
const MAX_INSIGHTS = 5;

export function salient(attempt: Attempt, reflection: Reflection): SalientFeatures {
  return {
    decisions: decisions(attempt),
    toolCombinations: toolCombinations(attempt),
    insights: salientInsights(reflection),
  };
}

/** What a later attempt should know first: what helped, then what it has yet to try. */
export function salientInsights({ insights, improvements }: Reflection): readonly string[] {
  return [...insights, ...improvements.filter((told) => told.startsWith(TO_TRY_NEXT))].slice(0, MAX_INSIGHTS);
}

/** How people say that there was something else to choose. Whole words: a list is no decision. */
const CHOICE =
  /(?<![\p{L}\p{N}_])(?:instead(?: of)?|rather than|deci(?:de[ds]?|sion)|cho(?:ose|oses|osing|se|sen)|opt(?:ed|ing)? for|switch(?:ed|ing)? (?:to|from|back)|prefer(?:red|s)?|in favou?r of|trade-?off|roll(?:ed|ing)? back|revert(?:ed|ing)?)(?![\p{L}\p{N}_])/iu;

/**
 * Steps in which a way was chosen: it says that there was another one, or it changed something and says why, or it is what
 * made an error good. Those that say most about it first, then told in their order.
 */
function decisions({ steps, recoveries }: Attempt): readonly string[] {
  const fixing = new Set(recoveries.flatMap(({ fixSteps = [] }) => fixSteps));
  const weighed = steps
    .map((step) => ({ step, weight: decisionWeight(step, fixing.has(step.number)) }))
    .filter(({ weight }) => weight >= MIN_WEIGHT)
    .sort((a, b) => b.weight - a.weight || a.step.number - b.step.number);
  const told = new Map<string, ReadStep>();
  for (const { step } of weighed) {
    const text = stepText(step);
    if (!told.has(text)) told.set(text, step);
    if (told.size === MAX_DECISIONS) break;
  }
  return [...told.values()]
    .sort((a, b) => a.number - b.number)
    .map((step) => `Step ${step.number}: ${oneLine(stepText(step), DECISION_CHARACTERS)}.`);
}

const MIN_WEIGHT = 2;

function decisionWeight(step: ReadStep, isFix: boolean): number {
  const said = `${step.action.slice(0, READ_CHARACTERS)}\n${(step.rationale ?? '').slice(0, READ_CHARACTERS)}`;
  const isChange = step.result.type === 'success' && !step.isLooking && !step.isVerification;
  const isExplained = (step.rationale ?? '').trim() !== '';
  return (CHOICE.test(said) ? 2 : 0) + (isChange && isExplained ? 2 : 0) + (isFix ? 2 : 0);
}

/** Read of what one step says. */
const READ_CHARACTERS = 2_000;

/**
 * Tools of the longest runs of steps that went well, each run with its repeats folded: those that came most often first.
 * Nothing where the episode came to nothing, or where a run only looked around.
 */
function toolCombinations({ steps, outcome }: Attempt): readonly (readonly string[])[] {
  if (outcome.kind === 'failure' || outcome.kind === 'abstained') return [];
  const counts = new Map<string, { readonly tools: readonly string[]; count: number }>();
  for (const run of runsThatWorked(steps)) {
    if (run.every(({ isLooking }) => isLooking)) continue;
    const tools = withoutRepeats(run.map(({ tool }) => oneLine(tool, TOOL_CHARACTERS))).slice(-MAX_TOOLS);
    if (new Set(tools).size < 2) continue;
    const key = tools.join('\n');
    const known = counts.get(key);
    if (known === undefined) counts.set(key, { tools, count: 1 });
    else known.count += 1;
  }
  // The order of those that came equally often is that in which they came.
  return [...counts.values()]
    .sort((a, b) => b.count - a.count)
    .slice(0, MAX_COMBINATIONS)
    .map(({ tools }) => tools);
}

function runsThatWorked(steps: readonly ReadStep[]): readonly (readonly ReadStep[])[] {
  const runs: ReadStep[][] = [[]];
  for (const step of steps) {
    if (step.result.type === 'success') runs.at(-1)?.push(step);
    else runs.push([]);
  }
  return runs;
}

/** Longest block whose repeats are folded. */
const MAX_BLOCK = 4;

/** `a a b c b c` is `a b c`: blocks that follow themselves are told once, the shortest first. */
function withoutRepeats(tools: readonly string[]): readonly string[] {
  let kept: readonly string[] = tools;
  for (let length = 1; length <= MAX_BLOCK; length += 1) {
    const folded: string[] = [];
    for (const tool of kept) {
      folded.push(tool);
      const tail = folded.slice(-length);
      const previous = folded.slice(-2 * length, -length);
      if (previous.length === length && tail.every((each, index) => each === previous[index])) folded.length -= length;
    }
    kept = folded;
  }
  return kept;
}
