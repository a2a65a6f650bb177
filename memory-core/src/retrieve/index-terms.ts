// What the text index holds of an episode or a pattern. Pure.
import { clip } from '../clip.ts';
import { type Episode, resultText, type Step } from '../episode.ts';
import type { JsonObject } from '../json.ts';
import { type Pattern, patternWords } from '../pattern.ts';
import type { IndexTerms } from '../ports/store.ts';
import { tokenize } from './tokenize.ts';

/** Text indexed of one step's error. */
const ERROR_TEXT_BYTES = 4_000;
/** Longest parameter that is taken for a name of something. */
const PLACE_CHARACTERS = 300;
/** Text indexed of one episode. */
const BODY_BYTES = 256_000;

/** Parameters that say where or what a step worked on. */
const PLACE = /path|file|command|cmd|url|query|pattern|symbol|test/iu;

/**
 * What people and agents said, did and saw fail. What tools put out when all went well is data, not experience: it
 * drowns the words that a later question shares with the task, so it is stored but not indexed.
 */
export function episodeTerms(episode: Episode, steps: readonly Step[]): IndexTerms {
  const { context } = episode;
  // Steps are indexed once, when the episode ends: that is when they have become experience.
  const told = episode.status === 'open' ? [] : steps;
  const about = [episode.domain, context.language, context.framework, ...episode.tags, ...(context.files ?? [])];
  const body = [episode.description, ...about, ...endingTexts(episode), ...told.map(stepIndexText)];
  const present = body.filter((text) => text !== undefined);
  return { title: tokenize(episode.description), body: tokenize(clip(present.join('\n'), BODY_BYTES).text) };
}

export function patternTerms(pattern: Pattern): IndexTerms {
  const title = tokenize(patternWords(pattern).join(' '));
  return { title, body: [...title, ...tokenize(pattern.scope.domain ?? '')] };
}

function endingTexts(episode: Episode): readonly string[] {
  if (episode.status === 'open') return [];
  const { outcome, reflection } = episode;
  const { by, successes, improvements, insights } = reflection;
  // What rules say is told in words of the steps, which stand here already, and of other episodes. A model has its own.
  const lessons = by === undefined ? [] : [...successes, ...improvements, ...insights];
  return [...Object.values(outcome).flat(), ...lessons];
}

function stepIndexText(step: Step): string {
  const error = step.result.type === 'success' ? '' : clip(resultText(step.result), ERROR_TEXT_BYTES).text;
  return [step.tool, step.action, step.rationale ?? '', ...places(step.parameters), error].join('\n');
}

function places(parameters: JsonObject): readonly string[] {
  return Object.entries(parameters).flatMap(([name, value]) =>
    typeof value === 'string' && value.length <= PLACE_CHARACTERS && PLACE.test(name) ? [value] : [],
  );
}
