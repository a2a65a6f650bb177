// What to do about a task: what attempts at such tasks that succeeded have in common, what those that failed did instead,
// what patterns say, and where all that did not work. Pure.
import { oneLine } from '../clip.ts';
import type { TaskCluster } from '../cluster.ts';
import { type CompletedEpisode, fixText } from '../episode.ts';
import { isHelpful, type Pattern, type PatternFigures, patternTools } from '../pattern.ts';
import type { Playbook, PlaybookItem } from '../recommendation.ts';
import { type ErrorSignature, errorSignature, signatureMatch } from '../retrieve/error-signature.ts';
import { SAME_ERROR } from '../retrieve/hints.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import type { TraceStep } from '../trace.ts';
import { consensus } from './consensus.ts';
import { ALIKE, baseOf, fitOf, isAlike, riskOf, type SimilarAttempt, sharedTerms } from './fit-and-risk.ts';

export interface PlaybookInput {
  readonly task: TaskAtHand;
  /** Ended, the most alike first. */
  readonly attempts: readonly SimilarAttempt[];
  /** Of the scopes of the task; those that may be chance, or that are faded, are left out. */
  readonly patterns: readonly KnownPattern[];
  /** The kind that the task is of. */
  readonly kindOfTask?: TaskCluster | undefined;
}

export interface TaskAtHand {
  readonly project?: string | undefined;
  readonly taskType?: string | undefined;
  readonly language?: string | undefined;
  readonly framework?: string | undefined;
  readonly files?: readonly string[] | undefined;
}

export interface KnownPattern {
  readonly pattern: Pattern;
  readonly figures: PatternFigures;
  readonly statement: string;
  /** It was found by what the task says, not only where the task is. */
  readonly isFound: boolean;
}

/** Attempts that must have succeeded before steps are made of what they did. */
const MIN_MODELS = 2;
const MAX_STEPS = 12;
const MAX_WARNINGS = 8;
const MAX_WHEN_NOT = 4;
/** Patterns placed among the steps, and warnings of one sort. */
const MAX_OF_A_SORT = 3;
/** Attempts that must have failed alike before it is said that something does not work. */
const MIN_FAILED = 2;
const MIN_WITHOUT_SUCCESS = 3;
const MAX_EVIDENCE = 20;
/** Different errors that are compared with each other. */
const MAX_ERRORS = 100;
const TEXT_CHARACTERS = 400;
/** What changed is told whole, as long as a step says it in the words that are kept of it. */
const FIX_CHARACTERS = 800;
const ACT_CHARACTERS = 120;
const REASON_CHARACTERS = 200;

export function playbook({ task, attempts, patterns, kindOfTask }: PlaybookInput): Playbook {
  const known = patterns.filter(({ pattern }) => pattern.standing === 'confirmed');
  const near = attempts.filter(({ episode }) => episode.outcome.kind !== 'abstained');
  const base = baseOf(near);
  const steps = stepsOf({ task, attempts: base, patterns: known, kindOfTask });
  return {
    ...(kindOfTask === undefined ? {} : { kindOfTask: kindShown(kindOfTask) }),
    steps,
    ...(steps.length > 0 ? {} : { noSteps: whyNoSteps(base) }),
    ifItFails: fixesOf(base, known),
    warnings: warningsOf(base, known).slice(0, MAX_WARNINGS),
    whenNot: whenNotOf(base, known).slice(0, MAX_WHEN_NOT),
    fit: fitOf({ attempts: near, kindOfTask, hasSteps: steps.length > 0 }),
    risk: riskOf({ attempts: near, kindOfTask }),
  };
}

/** Every list of items of a playbook, by its name. */
const LISTS = ['steps', 'ifItFails', 'warnings', 'whenNot'] as const;

/** The playbook with the episodes that its patterns rest on, by the ids of the patterns. */
export function withPatternEvidence(given: Playbook, evidence: ReadonlyMap<string, readonly string[]>): Playbook {
  const cited = (items: readonly PlaybookItem[]): readonly PlaybookItem[] =>
    items.map((item) => {
      const ids = item.patternIds.flatMap((id) => evidence.get(id) ?? []);
      return ids.length === 0 ? item : { ...item, episodeIds: [...new Set([...item.episodeIds, ...ids])] };
    });
  return {
    ...given,
    steps: cited(given.steps),
    ifItFails: cited(given.ifItFails),
    warnings: cited(given.warnings),
    whenNot: cited(given.whenNot),
  };
}

/** Ids of the patterns that a playbook cites. */
export function citedPatterns(given: Playbook): readonly string[] {
  return [...new Set(LISTS.flatMap((name) => given[name].flatMap(({ patternIds }) => patternIds)))];
}

/** Ids of the episodes that it cites. */
export function citedEpisodes(given: Playbook): readonly string[] {
  return [...new Set(LISTS.flatMap((name) => given[name].flatMap(({ episodeIds }) => episodeIds)))];
}

function kindShown({ id, label, size, ended, successes }: TaskCluster): NonNullable<Playbook['kindOfTask']> {
  return {
    clusterId: id,
    label: oneLine(label, ACT_CHARACTERS),
    size,
    ...(ended === 0 ? {} : { successRate: successes / ended }),
  };
}

/** A step with its place among the others. */
interface Placed {
  readonly at: number;
  readonly act: string;
  readonly item: PlaybookItem;
}

function stepsOf({ task, attempts, patterns, kindOfTask }: PlaybookInput): readonly PlaybookItem[] {
  const models = attempts.filter(({ episode }) => isSuccess(episode));
  const common = models.length < MIN_MODELS ? [] : commonSteps(models, task);
  const helpful = patterns.filter(({ figures }) => isHelpful(figures));
  const placed = helpful.flatMap((known) => placedPattern(known, { common, task, kindOfTask }));
  return [...common, ...placed.sort((a, b) => b.weight - a.weight).slice(0, MAX_OF_A_SORT)]
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** One attempt is an example and no rule. */
function whyNoSteps(attempts: readonly SimilarAttempt[]): string {
  if (attempts.length === 0) return 'No attempt at a task like it is known.';
  const succeeded = attempts.map(({ episode }) => episode).filter(isSuccess);
  const of = `of ${attemptsText(attempts.length)} at tasks like it`;
  const [first] = succeeded;
  if (first === undefined) return `None ${of} succeeded.`;
  if (succeeded.length < MIN_MODELS) return `Only one ${of} succeeded, episode ${first.id}: an example, and no rule.`;
  const without = succeeded.filter((episode) => traceOf(episode).length === 0).length;
  const stepless = without === 0 ? '' : `; ${without} of them recorded no step`;
  return `The ${succeeded.length} ${of} that succeeded have no step in common${stepless}.`;
}

/** What the attempts have in common, in its order: what most of them did, then what changes something, then what came first. */
function commonSteps(attempts: readonly SimilarAttempt[], task: TaskAtHand): readonly Placed[] {
  const models = attempts.map(({ episode }) => episode);
  const usual = attempts.every(isAlike) ? '' : 'what usually succeeds here: ';
  const traces = models.map((episode) => traceOf(episode).filter(({ result }) => result === 'success'));
  const common = consensus(traces.map((trace) => folded(trace.map(({ act }) => act))));
  const does = new Map(traces.flat().map((step) => [step.act, step.does]));
  const placed = common.map(({ item, heldBy }, at) => ({ item, heldBy, at, isLook: does.get(item) === 'look' }));
  const kept = placed
    .toSorted((a, b) => b.heldBy.length - a.heldBy.length || Number(a.isLook) - Number(b.isLook) || a.at - b.at)
    .slice(0, MAX_STEPS)
    .sort((a, b) => a.at - b.at);
  const firstChange = kept.find(({ item }) => does.get(item) === 'change');
  return kept.map((step) => {
    const { item, heldBy, at } = step;
    const where = step === firstChange ? filesText(models, task) : '';
    const often = `in ${heldBy.length} of ${models.length} attempts that succeeded`;
    return {
      at,
      act: item,
      item: observed(
        `${shown(item)}${where} (${usual}${often})`,
        heldBy.map((index) => models[index]?.id ?? ''),
      ),
    };
  });
}

/** Files that most of the attempts touched; those of another project are no help. */
function filesText(models: readonly CompletedEpisode[], { project }: TaskAtHand): string {
  const here = models.filter((episode) => episode.project !== undefined && episode.project === project);
  const counts = counted(here.flatMap(({ touched }) => [...new Set(touched ?? [])]));
  const common = [...counts].filter(([, count]) => count * 2 > here.length).map(([file]) => shown(file));
  return common.length === 0 ? '' : `, in ${common.slice(0, MAX_OF_A_SORT).join(', ')}`;
}

interface PlacedPattern extends Placed {
  readonly weight: number;
}

/** The pattern behind the last step that it builds upon; nowhere where it has nothing to do with the task. */
function placedPattern(
  known: KnownPattern,
  asked: {
    readonly common: readonly Placed[];
    readonly task: TaskAtHand;
    readonly kindOfTask: TaskCluster | undefined;
  },
): readonly PlacedPattern[] {
  const { pattern, figures, isFound } = known;
  const { common, task, kindOfTask } = asked;
  // What to do about an error is told under a heading of its own: nobody has met it yet.
  if (pattern.kind === 'error_recovery') return [];
  const tools = new Set(patternTools(pattern));
  const places = common.filter(({ act }) => tools.has(act)).map(({ at }) => at);
  const holds = pattern.kind === 'context' && isInSituation(pattern.where, task, kindOfTask);
  if (pattern.kind === 'context' && !holds) return [];
  if (pattern.kind !== 'heuristic' && places.length === 0 && !isFound && !holds) return [];
  const last = places.length === 0 ? common.length : Math.max(...places);
  return [{ at: last + 0.5, act: '', item: patternItem(known), weight: figures.successRate - figures.baseRate }];
}

function isInSituation(
  where: Extract<Pattern, { kind: 'context' }>['where'],
  task: TaskAtHand,
  kindOfTask: TaskCluster | undefined,
): boolean {
  switch (where.kind) {
    case 'cluster':
      return where.clusterId === kindOfTask?.id;
    case 'language':
      return where.value === task.language;
    case 'framework':
      return where.value === task.framework;
    case 'task_type':
      return where.value === task.taskType;
    case 'directory':
      return task.files?.some((file) => file.startsWith(`${where.value}/`)) === true;
    case 'complexity':
    case 'tag':
      return false;
  }
}

/** Whether a pattern has to do with the task. */
function nearTo(episodes: readonly CompletedEpisode[]): (known: KnownPattern) => boolean {
  const acts = new Set(episodes.flatMap((episode) => traceOf(episode).map(({ act }) => act)));
  return ({ pattern, isFound }) =>
    isFound || pattern.kind === 'heuristic' || patternTools(pattern).some((tool) => acts.has(tool));
}

function warningsOf(attempts: readonly SimilarAttempt[], patterns: readonly KnownPattern[]): readonly PlaybookItem[] {
  const episodes = attempts.map(({ episode }) => episode);
  const isNear = nearTo(episodes);
  const harmful = patterns
    .filter((known) => !isHelpful(known.figures) && known.pattern.kind !== 'context' && isNear(known))
    .sort((a, b) => a.figures.successRate - a.figures.baseRate - (b.figures.successRate - b.figures.baseRate));
  return [
    ...harmful.slice(0, MAX_OF_A_SORT).map(patternItem),
    ...unsolvedErrors(episodes),
    ...onlyInFailed(episodes),
    ...reasonsOfFailure(episodes),
  ];
}

/** Errors that such attempts met and made good, and patterns of such: whoever meets them again need not look for it. */
function fixesOf(attempts: readonly SimilarAttempt[], patterns: readonly KnownPattern[]): readonly PlaybookItem[] {
  const episodes = attempts.map(({ episode }) => episode);
  const isNear = nearTo(episodes);
  const sure = patterns.filter(
    (known) => known.pattern.kind === 'error_recovery' && isHelpful(known.figures) && isNear(known),
  );
  return [...sure.slice(0, MAX_OF_A_SORT).map(patternItem), ...recoveredErrors(episodes)];
}

interface ToldFix {
  readonly text: string;
  readonly signature: ErrorSignature;
  readonly words: readonly string[];
  readonly ids: Set<string>;
}

/** The same fix of the same error is told once, in the words of the newest attempt, with all attempts that made it. */
function recoveredErrors(episodes: readonly CompletedEpisode[]): readonly PlaybookItem[] {
  const told: ToldFix[] = [];
  for (const episode of episodes) {
    for (const recovery of episode.recoveries) {
      const text = fixText({
        ...recovery,
        action: oneLine(recovery.action, ACT_CHARACTERS),
        error: oneLine(recovery.error, REASON_CHARACTERS),
      });
      if (text === undefined) continue;
      const fix = { text, signature: errorSignature(recovery.error), words: queryTerms(recovery.fix.join(' ')) };
      const known = told.find((other) => isSameError(other.signature, fix.signature) && isSameFix(other, fix));
      if (known !== undefined) known.ids.add(episode.id);
      else if (told.length < MAX_ERRORS) told.push({ ...fix, ids: new Set([episode.id]) });
    }
  }
  return told
    .sort((a, b) => b.ids.size - a.ids.size)
    .slice(0, MAX_OF_A_SORT)
    .map(({ text, ids }) => ({ ...observed('', [...ids]), text: oneLine(text, FIX_CHARACTERS) }));
}

function isSameFix(one: Pick<ToldFix, 'words'>, other: Pick<ToldFix, 'words'>): boolean {
  return one.words.length + other.words.length === 0 || sharedTerms(one.words, other.words).likeness >= ALIKE;
}

function isSameError(one: ErrorSignature, other: ErrorSignature): boolean {
  return signatureMatch(one, other) >= SAME_ERROR;
}

interface UnsolvedError {
  readonly act: string;
  readonly excerpt: string;
  readonly signature: ErrorSignature;
  readonly ids: Set<string>;
}

/** Errors that attempts which did not succeed were left with, and that none of the others made good either. */
function unsolvedErrors(episodes: readonly CompletedEpisode[]): readonly PlaybookItem[] {
  const solved = new Map<string, ErrorSignature>();
  const unsolved = new Map<string, UnsolvedError>();
  const solve = (excerpt: string): void => {
    if (!solved.has(excerpt) && solved.size < MAX_ERRORS) solved.set(excerpt, errorSignature(excerpt));
  };
  for (const episode of episodes) {
    for (const { error } of episode.recoveries) solve(error);
    for (const { act, error, isMadeGood } of episode.trace ?? []) {
      if (error === undefined) continue;
      if (isMadeGood === true) solve(error.excerpt);
      else if (!isSuccess(episode)) {
        const known = unsolved.get(error.signature);
        const { excerpt } = error;
        if (known !== undefined) known.ids.add(episode.id);
        else if (unsolved.size < MAX_ERRORS) {
          const signature = errorSignature(excerpt);
          unsolved.set(error.signature, { act, excerpt, signature, ids: new Set([episode.id]) });
        }
      }
    }
  }
  return [...unsolved.values()]
    .filter(({ signature }) => ![...solved.values()].some((other) => isSameError(signature, other)))
    .sort((a, b) => b.ids.size - a.ids.size)
    .slice(0, MAX_OF_A_SORT)
    .map(({ act, excerpt, ids }) =>
      observed(
        `No attempt made good "${oneLine(excerpt, REASON_CHARACTERS)}" of ${shown(act)}: ${attemptsText(ids.size)} met it and did not succeed.`,
        [...ids],
      ),
    );
}

/** What most attempts that failed did and none that succeeded. */
function onlyInFailed(episodes: readonly CompletedEpisode[]): readonly PlaybookItem[] {
  const failed = episodes.filter(({ outcome }) => outcome.kind === 'failure');
  const succeeded = episodes.filter(isSuccess);
  if (succeeded.length === 0 || failed.length < MIN_FAILED) return [];
  const done = new Set(succeeded.flatMap((episode) => traceOf(episode).map(({ act }) => act)));
  const counts = counted(failed.flatMap((episode) => [...new Set(traceOf(episode).map(({ act }) => act))]));
  return [...counts]
    .filter(([act, count]) => !done.has(act) && count >= MIN_FAILED && count * 2 >= failed.length)
    .sort(([, a], [, b]) => b - a)
    .slice(0, MAX_OF_A_SORT)
    .map(([act, count]) => {
      const holders = failed.filter((episode) => traceOf(episode).some((step) => step.act === act));
      const of = `${count} of ${failed.length} attempts that failed did ${shown(act)}`;
      return observed(
        `${of}; none of the ${succeeded.length} that succeeded did.`,
        holders.map(({ id }) => id),
      );
    });
}

function reasonsOfFailure(episodes: readonly CompletedEpisode[]): readonly PlaybookItem[] {
  const reasons = new Map<string, string[]>();
  for (const { id, outcome } of episodes) {
    if (outcome.kind !== 'failure' || outcome.reason === undefined) continue;
    const reason = oneLine(outcome.reason, REASON_CHARACTERS);
    if (isTelling(reason)) reasons.set(reason, [...(reasons.get(reason) ?? []), id]);
  }
  return [...reasons]
    .sort(([, a], [, b]) => b.length - a.length)
    .slice(0, MAX_OF_A_SORT)
    .map(([reason, ids]) => observed(`${ids.length} of ${attemptsText(episodes.length)} failed: "${reason}"`, ids));
}

/** A number that it was judged by, or that it failed, is no reason. */
function isTelling(reason: string): boolean {
  if (SCORE.test(reason)) return false;
  return queryTerms(reason).some((term) => !THAT_IT_FAILED.has(term) && !/^\p{N}+$/u.test(term));
}

const SCORE = /\b(?:reward|score|grade|rating)[\s:=]*[\d.,]+%?\W*$/iu;
const THAT_IT_FAILED: ReadonlySet<string> = new Set(
  'attempt bad error fail failure incorrect result run status success task unsuccessful wrong'.split(' '),
);

/** Languages, frameworks and directories in which no attempt succeeded while others did, and what patterns say of such. */
function whenNotOf(attempts: readonly SimilarAttempt[], patterns: readonly KnownPattern[]): readonly PlaybookItem[] {
  const episodes = attempts.map(({ episode }) => episode);
  const situations = new Map<string, CompletedEpisode[]>();
  for (const episode of episodes) {
    for (const situation of situationsOf(episode)) {
      situations.set(situation, [...(situations.get(situation) ?? []), episode]);
    }
  }
  const succeeded = episodes.filter(isSuccess).length;
  const never = [...situations]
    .filter(([, held]) => held.length >= MIN_WITHOUT_SUCCESS && succeeded > 0 && !held.some(isSuccess))
    .map(([situation, held]) => {
      const elsewhere = `${succeeded} of ${episodes.length - held.length} elsewhere`;
      return observed(
        `In ${situation} none of ${held.length} attempts succeeded, against ${elsewhere}.`,
        held.map(({ id }) => id),
      );
    });
  const harmful = patterns.filter(({ figures, pattern }) => !isHelpful(figures) && pattern.kind === 'context');
  return [...harmful.map(patternItem), ...never];
}

function situationsOf({ context, touched }: CompletedEpisode): ReadonlySet<string> {
  const directories = (touched ?? []).flatMap((file) => {
    const end = file.lastIndexOf('/');
    return end <= 0 ? [] : [`directory ${shown(file.slice(0, end))}`];
  });
  return new Set([
    ...(context.language === undefined ? [] : [`language ${shown(context.language)}`]),
    ...(context.framework === undefined ? [] : [`framework ${shown(context.framework)}`]),
    ...directories,
  ]);
}

function patternItem({ pattern, statement }: KnownPattern): PlaybookItem {
  return {
    text: oneLine(statement, TEXT_CHARACTERS),
    episodeIds: [],
    patternIds: [pattern.id],
    standing: pattern.standing,
  };
}

/** Text of an episode is data: on one line, shortened. */
function observed(text: string, episodeIds: readonly string[]): PlaybookItem {
  return {
    text: oneLine(text, TEXT_CHARACTERS),
    episodeIds: episodeIds.slice(0, MAX_EVIDENCE),
    patternIds: [],
    standing: 'observed',
  };
}

/** Of an episode from before traces were kept, its tools in the order of their first use. */
function traceOf({ trace, tools }: CompletedEpisode): readonly Pick<TraceStep, 'act' | 'result' | 'does'>[] {
  return trace ?? (tools ?? []).map((act) => ({ act, result: 'success', does: 'change' }));
}

function folded(acts: readonly string[]): readonly string[] {
  return acts.filter((act, index) => act !== acts[index - 1]);
}

function isSuccess({ outcome }: CompletedEpisode): boolean {
  return outcome.kind === 'success';
}

function counted(values: readonly string[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  return counts;
}

function attemptsText(count: number): string {
  return count === 1 ? '1 attempt' : `${count} attempts`;
}

function shown(text: string): string {
  return oneLine(text, ACT_CHARACTERS);
}
