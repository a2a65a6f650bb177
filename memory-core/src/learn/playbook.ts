// What to do about a task: what attempts at such tasks that succeeded have in common, what those that failed did instead,
// what patterns say, and where all that did not work. Pure.
import { oneLine } from '../clip.ts';
import type { TaskCluster } from '../cluster.ts';
import { type CompletedEpisode, fixText } from '../episode.ts';
import { isHelpful, type Pattern, type PatternFigures, patternTools } from '../pattern.ts';
import type { Playbook, PlaybookItem } from '../recommendation.ts';
import { queryTerms } from '../retrieve/tokenize.ts';
import type { TraceStep } from '../trace.ts';
import { consensus } from './consensus.ts';
import { ALIKE, fitOf, riskOf, type SimilarAttempt } from './fit-and-risk.ts';

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

/** Attempts that a playbook is made of. */
const MAX_ALIGNED = 8;
const MAX_STEPS = 12;
const MAX_WARNINGS = 8;
const MAX_WHEN_NOT = 4;
/** Patterns placed among the steps, and warnings of one sort. */
const MAX_OF_A_SORT = 3;
/** Attempts that must have failed alike before it is said that something does not work. */
const MIN_FAILED = 2;
const MIN_WITHOUT_SUCCESS = 3;
const MAX_EVIDENCE = 20;
const TEXT_CHARACTERS = 400;
const ACT_CHARACTERS = 120;
const REASON_CHARACTERS = 200;

export function playbook({ task, attempts, patterns, kindOfTask }: PlaybookInput): Playbook {
  const known = patterns.filter(({ pattern }) => pattern.standing === 'confirmed');
  const near = attempts.filter(({ episode }) => episode.outcome.kind !== 'abstained');
  const steps = stepsOf({ task, attempts: near, patterns: known, kindOfTask });
  const warnings = warningsOf(near, known);
  return {
    ...(kindOfTask === undefined ? {} : { kindOfTask: kindShown(kindOfTask) }),
    steps,
    warnings: warnings.slice(0, MAX_WARNINGS),
    whenNot: whenNotOf(near, known).slice(0, MAX_WHEN_NOT),
    fit: fitOf({ attempts, kindOfTask, hasSteps: steps.length > 0 }),
    risk: riskOf({ attempts: near, kindOfTask }),
  };
}

/** The playbook with the episodes that its patterns rest on, by the ids of the patterns. */
export function withPatternEvidence(given: Playbook, evidence: ReadonlyMap<string, readonly string[]>): Playbook {
  const cited = (items: readonly PlaybookItem[]): readonly PlaybookItem[] =>
    items.map((item) => {
      const ids = item.patternIds.flatMap((id) => evidence.get(id) ?? []);
      return ids.length === 0 ? item : { ...item, episodeIds: [...new Set([...item.episodeIds, ...ids])] };
    });
  return { ...given, steps: cited(given.steps), warnings: cited(given.warnings), whenNot: cited(given.whenNot) };
}

/** Ids of the patterns that a playbook cites. */
export function citedPatterns({ steps, warnings, whenNot }: Playbook): readonly string[] {
  return [...new Set([...steps, ...warnings, ...whenNot].flatMap(({ patternIds }) => patternIds))];
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
  const succeeded = attempts.filter(({ episode }) => isSuccess(episode));
  const alike = succeeded.filter(({ likeness }) => likeness >= ALIKE);
  const models = (alike.length > 0 ? alike : succeeded).slice(0, MAX_ALIGNED).map(({ episode }) => episode);
  const common = commonSteps(models, { task, isAlike: alike.length > 0 });
  const helpful = patterns.filter(({ figures }) => isHelpful(figures));
  const placed = helpful.flatMap((known) => placedPattern(known, { common, task, kindOfTask }));
  return [...common, ...placed.sort((a, b) => b.weight - a.weight).slice(0, MAX_OF_A_SORT)]
    .sort((a, b) => a.at - b.at)
    .map(({ item }) => item);
}

/** What the attempts have in common, in its order: what most of them did, then what changes something, then what came first. */
function commonSteps(
  models: readonly CompletedEpisode[],
  { task, isAlike }: { readonly task: TaskAtHand; readonly isAlike: boolean },
): readonly Placed[] {
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
    const often =
      models.length === 1
        ? 'as the attempt that succeeded did'
        : `in ${heldBy.length} of ${models.length} attempts that succeeded`;
    return {
      at,
      act: item,
      item: observed(
        `${shown(item)}${where} (${isAlike ? '' : 'what usually succeeds here: '}${often})`,
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
  // What to do about an error is told with the warnings, until it is met.
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

function warningsOf(attempts: readonly SimilarAttempt[], patterns: readonly KnownPattern[]): readonly PlaybookItem[] {
  const episodes = attempts.map(({ episode }) => episode);
  const acts = new Set(episodes.flatMap((episode) => traceOf(episode).map(({ act }) => act)));
  const isNear = ({ pattern, isFound }: KnownPattern): boolean =>
    isFound || pattern.kind === 'heuristic' || patternTools(pattern).some((tool) => acts.has(tool));
  const harmful = patterns
    .filter((known) => !isHelpful(known.figures) && known.pattern.kind !== 'context' && isNear(known))
    .sort((a, b) => a.figures.successRate - a.figures.baseRate - (b.figures.successRate - b.figures.baseRate));
  return [
    ...harmful.slice(0, MAX_OF_A_SORT).map(patternItem),
    ...recoveredErrors(episodes),
    ...unsolvedErrors(episodes),
    ...onlyInFailed(episodes),
    ...reasonsOfFailure(episodes),
  ];
}

/** Errors that such attempts met and made good: whoever meets them again need not look for it. */
function recoveredErrors(episodes: readonly CompletedEpisode[]): readonly PlaybookItem[] {
  const byError = new Map<string, { readonly text: string; readonly ids: Set<string> }>();
  for (const episode of episodes) {
    for (const recovery of episode.recoveries) {
      const text = fixText(recovery);
      if (text === undefined) continue;
      const known = byError.get(recovery.error);
      if (known === undefined) byError.set(recovery.error, { text, ids: new Set([episode.id]) });
      else known.ids.add(episode.id);
    }
  }
  return [...byError.values()]
    .sort((a, b) => b.ids.size - a.ids.size)
    .slice(0, MAX_OF_A_SORT)
    .map(({ text, ids }) => observed(text, [...ids]));
}

/** Errors that attempts which did not succeed were left with, and that none of the others made good either. */
function unsolvedErrors(episodes: readonly CompletedEpisode[]): readonly PlaybookItem[] {
  const solved = new Set<string>();
  const unsolved = new Map<string, { readonly act: string; readonly excerpt: string; readonly ids: Set<string> }>();
  for (const episode of episodes) {
    for (const { act, error, isMadeGood } of episode.trace ?? []) {
      if (error === undefined) continue;
      if (isMadeGood === true) solved.add(error.signature);
      else if (!isSuccess(episode)) {
        const known = unsolved.get(error.signature);
        if (known === undefined)
          unsolved.set(error.signature, { act, excerpt: error.excerpt, ids: new Set([episode.id]) });
        else known.ids.add(episode.id);
      }
    }
  }
  return [...unsolved]
    .filter(([signature]) => !solved.has(signature))
    .sort(([, a], [, b]) => b.ids.size - a.ids.size)
    .slice(0, MAX_OF_A_SORT)
    .map(([, { act, excerpt, ids }]) =>
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
    .map(([reason, ids]) => observed(`${attemptsText(ids.length)} failed: "${reason}"`, ids));
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
