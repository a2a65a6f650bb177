// Patterns over the attempts of one scope: all that is looked at, what survives, and what of it says something new. Pure.
import { MIN_SUPPORT, type Pattern, type Standing } from '../../pattern.ts';
import type { Trace } from '../../trace.ts';
import { isKeeping } from '../compare.ts';
import { compare, type Group, groupOf, isStillSo } from './comparison.ts';
import { type Corpus, corpusOf, order } from './corpus.ts';
import { decisionProposals } from './decisions.ts';
import { heuristicProposals } from './heuristics.ts';
import { byKey, type Hypothesis, hypotheses, type Proposal, patternId } from './hypothesis.ts';
import { recoveryProposals } from './recoveries.ts';
import { contiguousPairs, sequenceProposals } from './sequences.ts';
import { correctedForAll } from './significance.ts';
import { contextProposals, type KindOf } from './situations.ts';

/** What is known of a pattern only over time. */
type KnownLater = 'version' | 'history' | 'applied' | 'appliedSuccesses' | 'kept';
type Mine<P> = P extends unknown ? Omit<P, KnownLater> : never;

/** A pattern as mined, with the episodes that hold it. */
export type MinedPattern = Mine<Pattern> & {
  readonly evidence: readonly { readonly episodeId: string; readonly isSuccess: boolean }[];
};

export interface Mined {
  /** The surest first, 200 at most. */
  readonly patterns: readonly MinedPattern[];
  /** Regularities that were looked at: what the corrected p takes into account. */
  readonly examined: number;
}

/** Patterns of one scope. */
const MAX_PATTERNS = 200;
/** How often anything may be called sure that is chance, in one run over one scope (Fisher 1925). */
const LEVEL = 0.05;
/** Tasks that a pattern must have been seen in before it is sure. */
const MIN_TASKS = 3;
/** From this overlap of their attempts on (Jaccard), two patterns say the same. */
const SAME = 0.9;

/** All traces are of one scope. The same for the same traces in any order. */
export function minePatterns(traces: readonly Trace[], kindOf: KindOf): Mined {
  const corpus = corpusOf(traces);
  const whole = groupOf(corpus.ended, corpus);
  const pairs = contiguousPairs(corpus);
  const families = [
    sequenceProposals(corpus, { whole, pairs }),
    decisionProposals(corpus),
    recoveryProposals(corpus),
    contextProposals(corpus, { kindOf, pairs }),
    heuristicProposals(corpus),
  ].map((proposals) =>
    hypotheses(
      proposals.filter((each) => !endsKeeping(each, corpus)),
      corpus,
    ),
  );
  const judged = judge(families, corpus);
  const shown = withoutRepetition(withoutExplained(judged.filter(isWorthShowing), corpus))
    .sort(surestFirst)
    .slice(0, MAX_PATTERNS);
  return { patterns: shown.map((each) => minedPattern(each, corpus)), examined: families.flat().length };
}

/** Who keeps or hands over the work knows how it went: only pairs are told that end so, as these always are. */
function endsKeeping({ acts, content }: Proposal, corpus: Corpus): boolean {
  return !isPair(content) && isKeeping(corpus.acts[acts.at(-1) ?? -1] ?? '');
}

interface Judged extends Hypothesis {
  readonly pValue: number;
  readonly standing: Standing;
}

/**
 * Each kind has its own share of the level (Bonferroni): of one kind there are thousands, of another a dozen. What could
 * never have become significant is known from the margins: a kind that has nothing else leaves its share to the others.
 */
function judge(families: readonly (readonly Hypothesis[])[], corpus: Corpus): readonly Judged[] {
  const isOpen = (family: readonly Hypothesis[]): boolean =>
    family.some(({ comparison }) => comparison.smallest <= LEVEL / families.length);
  const shares = Math.max(1, families.filter(isOpen).length);
  return families.flatMap((family) => {
    const pValues = isOpen(family) ? correctedTogether(family, shares) : [];
    return family.map((each, index): Judged => {
      const pValue = pValues[index] ?? 1;
      return { ...each, pValue, standing: isSure(each, pValue, corpus) ? 'confirmed' : 'candidate' };
    });
  });
}

/** What asks of the same attempts whether they differ from the same others is one question, however often it is put. */
function correctedTogether(family: readonly Hypothesis[], shares: number): readonly number[] {
  const questions = new Map<Group, Map<string, number>>();
  const asked: Hypothesis['comparison'][] = [];
  const questionOf = family.map(({ group, holders, comparison }) => {
    const known = questions.get(group) ?? new Map<string, number>();
    questions.set(group, known);
    const key = holders.join();
    const question = known.get(key) ?? asked.push(comparison) - 1;
    known.set(key, question);
    return question;
  });
  const corrected = correctedForAll(asked, LEVEL / shares);
  return questionOf.map((question) => Math.min(1, (corrected[question] ?? 1) * shares));
}

function isSure(each: Hypothesis, pValue: number, corpus: Corpus): boolean {
  const { comparison, holders } = each;
  return (
    pValue <= LEVEL &&
    comparison.with.tasks >= MIN_TASKS &&
    comparison.isSoWithin &&
    comparison.heldOut?.agrees === true &&
    !isConsequence(each, corpus) &&
    isStillSo(holders, each, corpus)
  );
}

/** What comes last in most of the attempts that hold it is rather done because of how they went; so is what keeps work. */
function isConsequence({ acts, holders, content }: Hypothesis, { acts: names, closings }: Corpus): boolean {
  const last = acts.at(-1);
  // Whether a fix worked is known from what comes behind it.
  if (last === undefined || content.kind === 'error_recovery') return false;
  const closing = holders.filter((at) => closings[at]?.has(last));
  return isKeeping(names[last] ?? '') || 2 * closing.length > holders.length;
}

/**
 * Pairs are shown whatever they say, and what made an error good; all else when it at least seems to differ. What all in
 * its situation did differs from nothing.
 */
function isWorthShowing({ content, comparison, holders, group }: Judged): boolean {
  if (isPair(content)) return true;
  // What made an error good each time is worth knowing, although nobody did otherwise.
  if (content.kind === 'error_recovery') return comparison.with.successes > 0 || comparison.p <= LEVEL;
  if (holders.length === group.members.length) return false;
  return comparison.p <= LEVEL && holders.length >= MIN_SUPPORT;
}

function isPair(content: Hypothesis['content']): boolean {
  return content.kind === 'tool_sequence' && content.isContiguous === true && content.tools.length === 2;
}

/**
 * Without what owes it to something surer: its attempts are among those of the other, and there they do not end otherwise
 * than the rest in the way that it says (productive patterns: Webb 2007). Pairs are shown all the same, but are not sure.
 */
function withoutExplained(judged: readonly Judged[], corpus: Corpus): readonly Judged[] {
  const sure: Explanation[] = [];
  // Each that is sure is asked whether it explains the rest: among so many answers some are chance (Bonferroni).
  const level = LEVEL / Math.max(1, judged.filter(({ pValue }) => pValue <= LEVEL).length);
  const told: Judged[] = [];
  for (const each of [...judged].sort(bySurprise)) {
    const isExplained = sure.some((known) => isExplainedBy(each, { ...known, level }, corpus));
    if (!isExplained) told.push(each);
    else if (isPair(each.content)) told.push({ ...each, standing: 'candidate' });
    // What is no chance explains the rest, even where it is not sure for another reason.
    if (isExplained || each.pValue > LEVEL) continue;
    const { holders, group } = each;
    sure.push({ other: each, known: new Set(holders), group: groupOf(holders, corpus, group.outcome) });
  }
  return told;
}

interface Explanation {
  readonly other: Judged;
  /** Its holders, and they among themselves. */
  readonly known: ReadonlySet<number>;
  readonly group: Group;
}

function isExplainedBy(
  each: Judged,
  { other, known, group, level }: Explanation & { readonly level: number },
  corpus: Corpus,
): boolean {
  if (each.group.outcome !== other.group.outcome || each.holders.length >= other.holders.length) return false;
  const common = each.holders.filter((at) => known.has(at));
  if (common.length < SAME * each.holders.length) return false;
  const among = compare(common, group, corpus);
  return among.p > level || isBetter(among) !== isBetter(each.comparison);
}

function isBetter({ with: those, without }: Hypothesis['comparison']): boolean {
  return those.successes * without.episodes >= without.successes * those.episodes;
}

function bySurprise(a: Judged, b: Judged): number {
  return a.comparison.p - b.comparison.p || a.complexity - b.complexity || byKey(a, b);
}

/** Without what only says again of the same attempts what something simpler says. */
function withoutRepetition(judged: readonly Judged[]): Judged[] {
  const simplestFirst = [...judged].sort((a, b) => a.complexity - b.complexity || surestFirst(a, b));
  const kept: Judged[] = [];
  const rivals = new Set<string>();
  for (const each of simplestFirst) {
    const isTold = each.rivals !== undefined && rivals.has(each.rivals);
    if (isTold || (!isPair(each.content) && kept.some((other) => saysTheSame(each, other)))) continue;
    if (each.rivals !== undefined) rivals.add(each.rivals);
    kept.push(each);
  }
  return kept;
}

/** Ways to go on are compared with each other, and fixes with other fixes of the same error: what else is said is another thing. */
function saysTheSame(one: Judged, other: Judged): boolean {
  if (familyOf(one) !== familyOf(other)) return false;
  const [few, many] = [one.holders, other.holders].sort((a, b) => a.length - b.length);
  if (few === undefined || many === undefined || few.length < SAME * many.length) return false;
  const known = new Set(many);
  const common = few.filter((at) => known.has(at)).length;
  return common >= SAME * (few.length + many.length - common);
}

function familyOf({ content }: Judged): string {
  if (content.kind === 'error_recovery') return JSON.stringify([content.signature, content.fix]);
  return content.kind === 'decision_point' ? content.kind : '';
}

function surestFirst(a: Judged, b: Judged): number {
  return (
    (a.standing === b.standing ? 0 : a.standing === 'confirmed' ? -1 : 1) ||
    a.pValue - b.pValue ||
    a.comparison.p - b.comparison.p ||
    b.holders.length - a.holders.length ||
    order(a.content.kind, b.content.kind) ||
    byKey(a, b)
  );
}

function minedPattern({ content, key, holders, group, comparison, ...judged }: Judged, corpus: Corpus): MinedPattern {
  const { traces } = corpus;
  const scope = traces[0]?.scope ?? {};
  const seen = holders.map((at) => traces[at]?.endedAt ?? '').sort(order);
  const { episodes, successes, tasks } = comparison.with;
  const isWhole = group.members.length === corpus.ended.length && content.kind !== 'error_recovery';
  return {
    ...content,
    id: patternId(scope, content.kind, key),
    scope,
    support: episodes,
    successes,
    tasks,
    ...(isWhole ? {} : { situation: group.counts }),
    standing: judged.standing,
    pValue: judged.pValue,
    ...(comparison.heldOut === undefined ? {} : { heldOut: comparison.heldOut }),
    firstSeen: seen[0] ?? '',
    lastSeen: seen.at(-1) ?? '',
    evidence: holders.map((at) => ({
      episodeId: traces[at]?.episodeId ?? '',
      isSuccess: group.outcome.isSuccess[at] === 1,
    })),
  };
}
