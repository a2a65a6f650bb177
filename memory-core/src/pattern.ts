// A regularity that several episodes share, the evidence for it, and how sure it is. Pure.
import { oneLine } from './clip.ts';
import { contentId } from './id.ts';
import type { Lease } from './lease.ts';

/** What every kind of pattern has. */
interface PatternBase {
  readonly id: string;
  readonly version: number;
  readonly scope: Scope;
  /** Episodes that hold it; for an error and its fix, those that met the error and did this. */
  readonly support: number;
  /** How many of those succeeded; for an error and its fix, in how many the error was made good. */
  readonly successes: number;
  /** Different tasks among its episodes: attempts at one task do not bear witness independently. */
  readonly tasks: number;
  /** What its episodes are compared with, themselves among them. Absent: all of its scope, as the baseline counts them. */
  readonly situation?: Counts;
  readonly standing: Standing;
  /** Two-sided, corrected for everything that was looked at in the same run. 0–1. */
  readonly pValue: number;
  /** How it does on tasks that it was not found on. Absent where too few were held out. */
  readonly heldOut?: HeldOut;
  readonly firstSeen: string;
  readonly lastSeen: string;
  /** How it came to be what it is, the oldest first: the first moment and the last 31. */
  readonly history: readonly PatternMoment[];
  /** Times it was recommended and then applied, and how many of those succeeded. */
  readonly applied: number;
  readonly appliedSuccesses: number;
  /** What is stored of its evidence. Absent in records from before that was told: all of it. */
  readonly kept?: KeptEvidence;
}

/** What was done one after the other. */
export interface ToolSequence extends PatternBase {
  readonly kind: 'tool_sequence';
  /** In order, with repeats of one in a row folded into one. */
  readonly tools: readonly string[];
  /** Directly one after the other; else other steps may lie between. Absent in records from before it was told: directly. */
  readonly isContiguous?: boolean;
}

/** A place in the work where attempts went on in different ways, and one of these ways. */
export interface DecisionPoint extends PatternBase {
  readonly kind: 'decision_point';
  /** What had been done last, the latest last. */
  readonly after: readonly string[];
  /** What was done next. */
  readonly action: string;
  /** What else was done next there, the most frequent first. */
  readonly alternatives: readonly (Counts & { readonly action: string })[];
}

/** An error, and what made it good. */
export interface ErrorRecovery extends PatternBase {
  readonly kind: 'error_recovery';
  /** Names the error, whatever paths and numbers stand in it. */
  readonly signature: string;
  /** The error as one of the episodes met it, shortened. */
  readonly error: string;
  /** What was done after it. */
  readonly fix: string;
  /** The fix as one of the episodes tells it, shortened. */
  readonly example: string;
}

/** A kind of situation, and an approach in it. */
export interface ContextPattern extends PatternBase {
  readonly kind: 'context';
  readonly where: Situation;
  /** Done in the course of the work, in this order. */
  readonly approach: readonly string[];
}

/** A rule about how to work: where the condition holds, this was done. */
export interface Heuristic extends PatternBase {
  readonly kind: 'heuristic';
  /** Both of them as clauses: `something was changed`, `a check ran after the last change`. */
  readonly condition: string;
  /** Where the condition is `ANY_ATTEMPT`, what the attempt did: `ended with "npm test"`. */
  readonly action: string;
}

/** The condition of a rule that holds always. */
export const ANY_ATTEMPT = 'any attempt';

/** A regularity of many attempts: what was done in which situation, and how such attempts ended. */
export type Pattern = ToolSequence | DecisionPoint | ErrorRecovery | ContextPattern | Heuristic;

/** What a pattern is about. */
export type PatternKind = Pattern['kind'];

/** Every kind of pattern. */
export const PATTERN_KINDS: readonly PatternKind[] = [
  'tool_sequence',
  'decision_point',
  'error_recovery',
  'context',
  'heuristic',
];

/** What sets some episodes of a scope apart, known before the work begins. */
export type Situation =
  | { readonly kind: 'cluster'; readonly clusterId: string; readonly label: string }
  | {
      readonly kind: 'language' | 'framework' | 'task_type' | 'complexity' | 'tag' | 'directory';
      readonly value: string;
    };

/** Where a pattern holds. Episodes are only compared within their scope. */
export interface Scope {
  readonly project?: string;
  readonly domain?: string;
}

/** Episodes, how many of them succeeded, and how many different tasks they are of. */
export interface Counts {
  readonly episodes: number;
  readonly successes: number;
  readonly tasks: number;
}

/**
 * `confirmed`: it survived the correction for having looked at many, and holds on tasks held out. `candidate`: it may be
 * chance. `faded`: it was known, and the evidence no longer bears it out; nobody is told of it unless they ask.
 */
export type Standing = 'confirmed' | 'candidate' | 'faded';
/** From what can be relied on to what cannot. */
export const STANDINGS: readonly Standing[] = ['confirmed', 'candidate', 'faded'];

/** How a pattern did on tasks that were kept aside while it was found. */
export interface HeldOut {
  readonly with: Counts;
  readonly without: Counts;
  /** Whether the difference there points the same way. */
  readonly agrees: boolean;
}

/** A pattern as it was at a time when it changed. */
export interface PatternMoment {
  readonly at: string;
  readonly standing: Standing;
  readonly support: number;
  readonly successes: number;
  readonly pValue: number;
}

/** How much of the evidence of a pattern is stored: the newest of it, as all would be very much. */
export interface KeptEvidence {
  readonly episodes: number;
  readonly successes: number;
  /** Of the episodes and how each counts. Absent where some of them were forgotten, or it has faded. */
  readonly digest?: string;
}

/** Where as much evidence as this would be kept of a pattern, it is cut down to the least that is. */
export const MAX_KEPT_EVIDENCE = 200;

/** How much evidence is kept at least, where there is as much: enough to look into what it rests on. */
export function leastKept(standing: Standing): number {
  return standing === 'confirmed' ? 100 : 20;
}

/** One episode that holds a pattern. Pattern × episode is unique. */
export interface PatternEvidence {
  readonly id: string;
  readonly version: number;
  readonly patternId: string;
  readonly episodeId: string;
  /** As the successes of the pattern are counted. */
  readonly isSuccess: boolean;
}

/** How the episodes of a scope end on the whole: what the success of a pattern is compared with. */
export interface Baseline {
  readonly id: string;
  readonly version: number;
  readonly scope: Scope;
  /** Completed episodes; abstentions don't count. */
  readonly episodes: number;
  readonly successes: number;
  /** Different tasks among them. Absent in records from before they were counted. */
  readonly tasks?: number;
  /** Absent until the scope was learnt from. */
  readonly learnt?: LearntState;
  /** Who learns from the scope now, where that takes more than one write. */
  readonly lease?: Lease;
}

/** Where the learning of a scope stands. */
export interface LearntState {
  readonly at: string;
  /** How long that took, where it took long enough that the next time is put off. */
  readonly tookMs?: number;
  /** Something was taken out since: it is learnt anew although no episode owes anything. */
  readonly isStale?: boolean;
  /** Episodes among which the kinds of task were last looked for. */
  readonly clustered: number;
  /** Share of steps that came to nothing in episodes that succeeded: quartiles, 0–1. Absent under 8 episodes. */
  readonly waste?: readonly [number, number, number];
}

/** A scope has one baseline, with this id. */
export function baselineId(scope: Scope): string {
  return contentId(JSON.stringify(['baseline', scope.project ?? null, scope.domain ?? null]));
}

/** Evidence of an episode for a pattern has this id. */
export function evidenceId(patternId: string, episodeId: string): string {
  return contentId(JSON.stringify(['evidence', patternId, episodeId]));
}

/** Episodes that a pattern needs before anybody is told of it. */
export const MIN_SUPPORT = 3;

/** Whether people are told of it, and find it by its words. */
export function isShown({ support, standing }: Pick<Pattern, 'support' | 'standing'>): boolean {
  return support >= MIN_SUPPORT && standing !== 'faded';
}

/** The figures of a pattern beside those of what it is compared with. */
export interface PatternFigures {
  readonly successRate: number;
  readonly baseRate: number;
  /** Of those it is compared with that do not hold it; absent where all do. */
  readonly otherRate?: number;
  /** How many these are, and how many of them succeeded; absent where all hold it. */
  readonly others?: Pick<Counts, 'episodes' | 'successes'>;
  /** successRate / baseRate; absent where nothing it is compared with ever succeeded. */
  readonly lift?: number;
  /** 95 % interval of the lift; absent like it. */
  readonly interval?: readonly [number, number];
}

/**
 * Lift over the base rate of the situation, or else of the scope. The interval is the Wilson score interval of the success
 * rate (Wilson 1927, z = 1.96) divided by the base rate, which is taken as known.
 */
export function patternFigures(
  pattern: Pick<Pattern, 'support' | 'successes' | 'situation'>,
  baseline: Pick<Baseline, 'episodes' | 'successes'>,
): PatternFigures {
  const { episodes, successes } = pattern.situation ?? baseline;
  const successRate = pattern.successes / pattern.support;
  const baseRate = successes / episodes;
  const others = { episodes: episodes - pattern.support, successes: successes - pattern.successes };
  const figures = {
    successRate,
    baseRate,
    ...(others.episodes > 0 ? { otherRate: others.successes / others.episodes, others } : {}),
  };
  if (baseRate === 0) return figures;
  const [low, high] = wilsonInterval(pattern.successes, pattern.support);
  return { ...figures, lift: successRate / baseRate, interval: [low / baseRate, high / baseRate] };
}

/** Wilson score interval of `successes` in `trials`, z = 1.96: [0, 1] where nothing was tried. */
export function wilsonInterval(successes: number, trials: number): readonly [number, number] {
  if (trials === 0) return [0, 1];
  const z = 1.96;
  const rate = successes / trials;
  const centre = rate + (z * z) / (2 * trials);
  const margin = z * Math.sqrt((rate * (1 - rate)) / trials + (z * z) / (4 * trials * trials));
  const scale = 1 + (z * z) / trials;
  return [Math.max(0, (centre - margin) / scale), Math.min(1, (centre + margin) / scale)];
}

/** Whether episodes that hold it succeed more often than those it is compared with. */
export function isHelpful({ successRate, baseRate }: Pick<PatternFigures, 'successRate' | 'baseRate'>): boolean {
  return successRate >= baseRate;
}

/** Whether to do it or not; `unclear` where nothing else was tried, or where it may be chance and its lift could be 1. */
export type Advice = 'do' | 'avoid' | 'unclear';

/** What to make of a pattern: whether it helps, does harm, or nobody can tell. */
export function adviceOf({ standing }: Pick<Pattern, 'standing'>, figures: PatternFigures): Advice {
  const { others, interval } = figures;
  if (others === undefined) return 'unclear';
  // What is confirmed was compared with the others themselves, which says more than the interval.
  if (standing !== 'confirmed' && !excludesOne(interval)) return 'unclear';
  return isHelpful(figures) ? 'do' : 'avoid';
}

/** Digits behind the point of a lift, as people are told it. */
export const LIFT_DIGITS = 2;

/** A bound that is told as 1.00 is 1. */
function excludesOne(interval: PatternFigures['interval']): boolean {
  const [low = 0, high = 1] = interval?.map((bound) => Number(bound.toFixed(LIFT_DIGITS))) ?? [];
  return low > 1 || high < 1;
}

/** What a pattern says is to be done, or not to be done, in order. */
export function patternTools(pattern: Pattern): readonly string[] {
  switch (pattern.kind) {
    case 'tool_sequence':
      return pattern.tools;
    case 'decision_point':
      return [...pattern.after, pattern.action];
    case 'error_recovery':
      return [pattern.fix];
    case 'context':
      return pattern.approach;
    case 'heuristic':
      return [];
  }
}

/** Everything that a pattern says in words, to be searched. */
export function patternWords(pattern: Pattern): readonly string[] {
  switch (pattern.kind) {
    case 'tool_sequence':
    case 'decision_point':
      return patternTools(pattern);
    case 'error_recovery':
      return [pattern.error, pattern.fix, pattern.example];
    case 'context':
      return [situationText(pattern.where), ...pattern.approach];
    case 'heuristic':
      return [pattern.condition, pattern.action];
  }
}

/** Where a pattern of a kind of situation holds, in words. */
export function situationText(where: Situation): string {
  return where.kind === 'cluster'
    ? `tasks like ${quoted(where.label)}`
    : `${where.kind.replace('_', ' ')} ${quoted(where.value)}`;
}

/**
 * What a pattern says, in a sentence that a person would act on: what to do or to avoid, how often it succeeded beside
 * what else was done, and whether that may be chance. On one line; names stand between quotes, as the data that they are.
 */
export function patternStatement(pattern: Pattern, figures: PatternFigures): string {
  const place = pattern.scope.domain ?? pattern.scope.project;
  const scope = place === undefined ? '' : `In ${quoted(place)}: `;
  const advice = adviceOf(pattern, figures);
  const said = `${scope}${advice === 'avoid' ? harmful(pattern) : helpful(pattern)} ${often(pattern, { figures, advice })}`;
  const sentence = said.charAt(0).toUpperCase() + said.slice(1);
  if (figures.others === undefined) return `${sentence}.`;
  if (advice === 'unclear' && pattern.standing !== 'faded') return `${sentence}: no clear difference.`;
  switch (pattern.standing) {
    case 'confirmed':
      return `${sentence}.`;
    case 'candidate':
      return `${sentence}. This may be chance.`;
    case 'faded':
      return `${sentence}. Newer evidence does not bear this out.`;
  }
}

/** What stands before the figures, where it is to be done. */
function helpful(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'tool_sequence':
      return `doing ${sequenceText(pattern)} succeeded in`;
    case 'decision_point':
      return `after ${listed(pattern.after)}, going on with ${quoted(pattern.action)} succeeded in`;
    case 'error_recovery':
      return `the error ${quoted(pattern.error)} was made good after ${fixText(pattern)} in`;
    case 'context':
      return `for ${situationText(pattern.where)}, doing ${listed(pattern.approach)} succeeded in`;
    case 'heuristic':
      return `${ruleText(pattern)} succeeded in`;
  }
}

/** What stands before the figures, where it is to be avoided. */
function harmful(pattern: Pattern): string {
  switch (pattern.kind) {
    case 'tool_sequence':
      return `avoid doing ${sequenceText(pattern)}: it succeeded in`;
    case 'decision_point':
      return `after ${listed(pattern.after)}, avoid going on with ${quoted(pattern.action)}: it succeeded in`;
    case 'error_recovery':
      return `against the error ${quoted(pattern.error)}, ${fixText(pattern)} is of little use: it was made good in`;
    case 'context':
      return `for ${situationText(pattern.where)}, avoid doing ${listed(pattern.approach)}: it succeeded in`;
    case 'heuristic':
      return `beware: ${ruleText(pattern)} succeeded in`;
  }
}

function ruleText({ condition, action, situation }: Heuristic): string {
  // It is compared with all of its scope, but where some of these have no steps.
  if (condition === ANY_ATTEMPT)
    return `${situation === undefined ? 'attempts' : 'of attempts with steps, those'} that ${plain(action)}`;
  return `where ${plain(condition)}, attempts in which ${plain(action)}`;
}

function sequenceText({ tools, isContiguous = true }: ToolSequence): string {
  const [first = '', ...rest] = tools.map(quoted);
  if (!isContiguous) return [first, ...rest].join(' some time before ');
  const [last = ''] = rest.slice(-1);
  return rest.length < 2
    ? `${first} directly before ${last}`
    : `${[first, ...rest.slice(0, -1)].join(', ')} and ${last} directly one after the other`;
}

function fixText({ fix, example }: ErrorRecovery): string {
  const told = example.startsWith(`${fix}: `) ? example.slice(fix.length + 2) : example;
  return told === fix || told === '' ? quoted(fix) : `${quoted(fix)} (as in ${quoted(told)})`;
}

/** In how many attempts of how many tasks it succeeded, and in how many else. */
function often(
  { support, successes, tasks, kind }: Pattern,
  { figures: { others }, advice }: { readonly figures: PatternFigures; readonly advice: Advice },
): string {
  const of = tasks > 0 ? ` (${counted(tasks, 'task')})` : '';
  // A rule has said already that attempts are what is counted.
  const few = advice === 'avoid' && successes > 0 ? 'only ' : '';
  const met = `${few}${share(successes)} of ${kind === 'heuristic' ? support : counted(support, 'attempt')}${of}`;
  const instead = kind === 'error_recovery' ? 'that met it and did otherwise' : 'otherwise';
  return others === undefined
    ? `${met}; there are no others to compare with`
    : `${met}, against ${share(others.successes)} of ${others.episodes} ${instead}`;
}

function share(count: number): string {
  return count === 0 ? 'none' : String(count);
}

function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`;
}

function listed(names: readonly string[]): string {
  return names.map(quoted).join(' and then ');
}

/** Characters of one name or text in a sentence. */
const QUOTED_CHARACTERS = 160;

function quoted(text: string): string {
  return `"${plain(text).replaceAll('"', "'")}"`;
}

function plain(text: string): string {
  return oneLine(text, QUOTED_CHARACTERS);
}
