// What a search found as tools and terminal show it: as records for programs, and in words for whoever reads.
import { oneLine } from '../clip.ts';
import type { Episode, OutcomeKind, Reflection } from '../episode.ts';
import { defined } from '../json.ts';
import { adviceOf, type Pattern, patternTools, type Situation } from '../pattern.ts';
import type { Hint } from '../retrieve/hints.ts';
import { estimatedTokens, fitting } from '../retrieve/pack.ts';
import type { EpisodeHit, PatternHit, Why } from '../retrieve/rank.ts';
import type { SearchResult } from '../search.ts';
import { episodeResult, reflectionResult } from './episode.ts';
import { rounded, roundedParts, sumText } from './shares.ts';

/** From little to much. */
export const DETAILS = ['ids', 'summary', 'full'] as const;

/** How much is told of a hit. */
export type Detail = (typeof DETAILS)[number];

/** An episode that was found, outward: more of it with more detail. */
export interface EpisodeItem {
  readonly episode_id: string;
  readonly score: number;
  readonly why: Why;
  readonly [field: string]: unknown;
}

/** A pattern that was found, outward: more of it with more detail. */
export interface PatternItem {
  readonly pattern_id: string;
  readonly score: number;
  readonly why: Why;
  readonly [field: string]: unknown;
}

/** Whatever was found. */
export type HitItem = EpisodeItem | PatternItem;

/** What made an error good before. */
export interface FixItem {
  readonly episode_id: string;
  readonly failed_step: number;
  /** Empty where the record does not say. */
  readonly fix_steps: readonly number[];
  readonly text: string;
  /** How much the two errors are the same, 0–1. */
  readonly match: number;
}

/** A search result as tools and terminal show it. */
export interface QueryResult {
  /** Where the question held the text of an error. */
  readonly fixes: readonly FixItem[];
  readonly episodes: readonly EpisodeItem[];
  readonly patterns: readonly PatternItem[];
  readonly abstained: boolean;
  readonly degraded: readonly string[];
  /** What the asker should know about the question. */
  readonly notes: readonly string[];
  /** Fixes and hits that the token budget kept out. */
  readonly left_out: number;
}

/** Characters of a fix that stands alone and does not fit as a whole. */
const SHORT_FIX_CHARACTERS = 200;

/**
 * As much as fits: fixes of the asked error first, then episodes and patterns by score. The first fix and the first hit
 * are there whatever their size, in less detail where the whole would not fit.
 */
export function queryResult(
  found: SearchResult,
  { detail, maxTokens }: { readonly detail: Detail; readonly maxTokens: number },
): QueryResult {
  const whole = found.fixes.map(fixItem);
  const fixes = fitting(whole, {
    maxTokens,
    lesser: (fix) => [{ ...fix, text: shortened(fix.text, SHORT_FIX_CHARACTERS) }],
  });
  const lesserDetails = DETAILS.slice(0, DETAILS.indexOf(detail)).reverse();
  const hits = merged<EpisodeHit | PatternHit>(found.episodes, found.patterns);
  const items = fitting(
    hits.map((hit) => hitItem(hit, detail)),
    {
      maxTokens: maxTokens - fixes.reduce((sum, fix) => sum + estimatedTokens(fix), 0),
      lesser: () => hits.slice(0, 1).flatMap((first) => lesserDetails.map((less) => hitItem(first, less))),
    },
  );
  return {
    fixes,
    episodes: items.filter(isEpisode),
    patterns: items.filter(isPattern),
    abstained: found.isAbstained,
    degraded: found.degraded,
    notes: found.notes,
    left_out: whole.length - fixes.length + hits.length - items.length,
  };
}

/** A hint, outward. */
export function fixItem({ episodeId, failedStep, fixSteps, text: told, match }: Hint): FixItem {
  return { episode_id: episodeId, failed_step: failedStep, fix_steps: fixSteps, text: told, match: rounded(match) };
}

function hitItem(hit: EpisodeHit | PatternHit, detail: Detail): HitItem {
  return 'episode' in hit ? episodeItem(hit, detail) : patternItem(hit, detail);
}

/** Other attempts at the same task that are named with a hit. */
const MAX_ATTEMPTS = 5;
const WARNING = 'This attempt failed: do not repeat it as it was.';

export function episodeItem(hit: EpisodeHit, detail: Detail): EpisodeItem {
  const { episode, score, why, isWarning, attempts, difference } = hit;
  const rated = {
    score: rounded(score),
    why: roundedParts(why, { total: score }),
    ...(isWarning ? { warning: WARNING } : {}),
  };
  if (detail === 'ids') return { episode_id: episode.id, ...rated };
  const listed = episodeResult(episode);
  const description = detail === 'full' ? listed.task_description : shortened(listed.task_description, 300);
  return {
    ...listed,
    task_description: description,
    ...rated,
    summary: episodeSummary(episode),
    ...defined({ difference }),
    ...(attempts.length === 0 ? {} : { attempts: attempts.slice(0, MAX_ATTEMPTS).map(attemptItem) }),
    ...(attempts.length <= MAX_ATTEMPTS ? {} : { more_attempts: attempts.length - MAX_ATTEMPTS }),
    lessons: episode.status === 'completed' ? lessons(episode.reflection, detail) : [],
    ...(detail === 'full' && episode.status === 'completed'
      ? {
          reflection: reflectionResult(episode.reflection),
          outcome_details: episode.outcome,
          metadata: episode.metadata,
        }
      : {}),
  };
}

interface AttemptItem {
  readonly episode_id: string;
  /** Absent while it is open. */
  readonly outcome?: OutcomeKind;
}

function attemptItem({ episodeId, outcome }: EpisodeHit['attempts'][number]): AttemptItem {
  return { episode_id: episodeId, ...defined({ outcome }) };
}

/** Episodes for and against a pattern that are named where not all is asked for. */
const FEW_EVIDENCE = 5;

/** `evidence` bears it out in its direction; `against` are the others that held it. */
export function patternItem(
  { pattern, figures, statement, evidence, against, score, why }: PatternHit,
  detail: Detail,
): PatternItem {
  const rated = { score: rounded(score), why: roundedParts(why, { total: score }) };
  if (detail === 'ids') return { pattern_id: pattern.id, ...rated };
  const isFull = detail === 'full';
  return {
    pattern_id: pattern.id,
    kind: pattern.kind,
    statement,
    advice: adviceOf(pattern, figures),
    standing: pattern.standing,
    tools: patternTools(pattern),
    scope: pattern.scope,
    support: pattern.support,
    tasks: pattern.tasks,
    success_rate: rounded(figures.successRate),
    base_rate: rounded(figures.baseRate),
    ...(figures.otherRate === undefined ? {} : { other_rate: rounded(figures.otherRate) }),
    ...(figures.lift === undefined ? {} : { lift: rounded(figures.lift) }),
    ...(figures.interval === undefined ? {} : { interval: figures.interval.map((bound) => rounded(bound)) }),
    p_value: significant(pattern.pValue),
    evidence: isFull ? evidence : evidence.slice(-FEW_EVIDENCE),
    against: isFull ? against : against.slice(-FEW_EVIDENCE),
    first_seen: pattern.firstSeen,
    last_seen: pattern.lastSeen,
    applied: pattern.applied,
    applied_successes: pattern.appliedSuccesses,
    ...(isFull ? { ...ownFields(pattern), ...upkeepFields(pattern) } : {}),
    ...rated,
  };
}

/** What only patterns of its kind have. */
function ownFields(pattern: Pattern): Readonly<Record<string, unknown>> {
  switch (pattern.kind) {
    case 'tool_sequence':
      return { is_contiguous: pattern.isContiguous ?? true };
    case 'decision_point':
      return { after: pattern.after, action: pattern.action, alternatives: pattern.alternatives };
    case 'error_recovery':
      return { signature: pattern.signature, error: pattern.error, fix: pattern.fix, example: pattern.example };
    case 'context':
      return { where: situationShown(pattern.where), approach: pattern.approach };
    case 'heuristic':
      return { condition: pattern.condition, action: pattern.action };
  }
}

function situationShown(where: Situation): Readonly<Record<string, string>> {
  return where.kind === 'cluster' ? { kind: where.kind, cluster_id: where.clusterId, label: where.label } : where;
}

function upkeepFields({ situation, heldOut, history }: Pattern): Readonly<Record<string, unknown>> {
  return {
    ...defined({ situation, held_out: heldOut }),
    history: history.map(({ at, standing, support, successes, pValue }) => {
      return { at, standing, support, successes, p_value: significant(pValue) };
    }),
  };
}

/** A probability: small ones are told by their first digits. */
function significant(value: number): number {
  return Number(value.toPrecision(3));
}

/** Episodes and patterns in one list, best first. */
export function hitsOf({ episodes, patterns }: Pick<QueryResult, 'episodes' | 'patterns'>): readonly HitItem[] {
  return merged<HitItem>(episodes, patterns);
}

/** Two lists as one by score; each keeps its own order, in which more than the score may count. */
function merged<T extends { readonly score: number }>(one: readonly T[], other: readonly T[]): readonly T[] {
  const all: T[] = [];
  let taken = 0;
  for (const item of one) {
    for (let next = other[taken]; next !== undefined && next.score > item.score; next = other[taken]) {
      all.push(next);
      taken += 1;
    }
    all.push(item);
  }
  return [...all, ...other.slice(taken)];
}

/** A fix on one line: what whoever sees this error wants to read before anything else. */
export function fixLine({ episode_id, failed_step, fix_steps, text: told, match }: FixItem): string {
  const fixed = fix_steps.length === 0 ? '' : `, fixed by ${steps(fix_steps)}`;
  const same = `${Math.round(match * 100)} % the same error`;
  return `Known fix (${same}, episode ${episode_id}, ${steps([failed_step])} failed${fixed}): ${lineOf(told)}`;
}

/** A hit in words, each of them a line: what it is, what it taught, and why it is here. */
export function hitLines(hit: HitItem): readonly string[] {
  const said = isPattern(hit) ? patternLines(hit) : episodeLines(hit);
  return [...said, `why: ${sumText(hit.score, hit.why)}`];
}

/** What is to be said behind the hits. `flag`: how the asker raises the size of an answer. */
export function restLines(
  { fixes, episodes, patterns, abstained, degraded, notes, left_out }: QueryResult,
  flag: string,
): readonly string[] {
  const isEmpty = fixes.length + episodes.length + patterns.length === 0;
  const nothing = abstained ? 'Nothing stored matches.' : 'Nothing is stored within these filters.';
  return [
    ...(isEmpty ? [nothing] : []),
    ...(left_out === 0 ? [] : [`${left_out} more did not fit; raise ${flag} to see them.`]),
    ...notes,
    ...degraded.map((reason) => `Less complete than it could be: ${reason}.`),
  ];
}

function isEpisode(item: HitItem): item is EpisodeItem {
  return !isPattern(item);
}

function isPattern(item: HitItem): item is PatternItem {
  return 'pattern_id' in item;
}

/** What does harm is a warning, and what may be chance says so. */
function patternLines({ statement, advice, standing }: PatternItem): readonly string[] {
  const warning = advice === 'avoid' ? 'WARNING: ' : '';
  const doubt = standing === 'candidate' ? ' (candidate: may be chance)' : standing === 'faded' ? ' (faded)' : '';
  return textsOf(statement).map((text) => `${warning}${text}${doubt}`);
}

/** Fields of a hit are there as its detail says. */
function episodeLines({ task_description, ...hit }: EpisodeItem): readonly string[] {
  const others = Array.isArray(hit.attempts) ? [attemptsLine(hit.attempts, hit.more_attempts)] : [];
  const lessonLines = Array.isArray(hit.lessons) ? hit.lessons.map((lesson) => `- ${lineOf(String(lesson))}`) : [];
  const warning = textsOf(hit.warning).map((text) => `WARNING: ${text}`);
  return [
    ...warning,
    ...textsOf(task_description),
    ...textsOf(hit.summary),
    ...textsOf(hit.difference),
    ...others,
    ...lessonLines,
  ];
}

function attemptsLine(attempts: readonly AttemptItem[], more: unknown): string {
  const named = attempts.map(({ episode_id, outcome }) => `${outcome ?? 'open'} ${episode_id}`);
  return `Other attempts: ${[...named, ...(typeof more === 'number' ? [`${more} more`] : [])].join(', ')}`;
}

function textsOf(value: unknown): readonly string[] {
  return typeof value === 'string' ? [lineOf(value)] : [];
}

function lineOf(value: string): string {
  return oneLine(value, Infinity);
}

function steps(numbers: readonly number[]): string {
  return `${numbers.length === 1 ? 'step' : 'steps'} ${numbers.join(', ')}`;
}

/** How it ended, in a sentence. */
function episodeSummary(episode: Episode): string {
  if (episode.status === 'open') return 'Still open.';
  const { outcome } = episode;
  switch (outcome.kind) {
    case 'success':
      return outcome.verdict === undefined ? 'Succeeded.' : `Succeeded: ${shortened(outcome.verdict, 300)}`;
    case 'partial':
      return `Partly done: ${outcome.completed.length} completed, ${outcome.failed.length} failed.`;
    case 'failure':
      return outcome.reason === undefined ? 'Failed.' : `Failed: ${shortened(outcome.reason, 300)}`;
    case 'abstained':
      return outcome.reason === undefined ? 'Abstained.' : `Abstained: ${shortened(outcome.reason, 300)}`;
  }
}

/** What a later attempt wants to read first: fixes, then what went wrong. */
function lessons(reflection: Reflection, detail: Detail): readonly string[] {
  const all = [...reflection.insights, ...reflection.improvements, ...reflection.successes];
  return detail === 'full' ? all : all.slice(0, 3).map((lesson) => shortened(lesson, 600));
}

function shortened(value: string, maxCharacters: number): string {
  const characters = [...value];
  return characters.length <= maxCharacters ? value : `${characters.slice(0, maxCharacters - 1).join('')}…`;
}
