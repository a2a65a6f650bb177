// Patterns in words: the table of their figures, the whole of one, and how their kinds are called.
import type { Episode, Pattern, PatternHit, PatternKind } from '@episodica/memory-core';
import { adviceOf, isHelpful, LIFT_DIGITS } from '@episodica/memory-core';
import { cut, heading, localTime, onOneLine, table, tableRows, terminalWidth } from '../output.ts';
import { LEAST_CHARACTERS } from './whole-id.ts';

/** An episode that a pattern rests on, or that speaks against it; `undefined` where it was forgotten meanwhile. */
export interface Witness {
  readonly id: string;
  readonly episode: Episode | undefined;
}

/** Those of one side that are shown, and how many more of it are stored. */
export interface Witnesses {
  readonly shown: readonly Witness[];
  readonly more: number;
}

/** Patterns with their figures, each with its sentence below. */
export function patternTable(hits: readonly PatternHit[]): string {
  const width = terminalWidth();
  const ids = shortIds(hits.map(({ pattern }) => pattern.id));
  const rows = hits.map((hit, index) => [ids[index] ?? '', ...figureCells(hit)]);
  const [head = '', ...lines] = tableRows(COLUMNS, rows, width);
  const told = hits.map(({ statement }, index) => [
    lines[index] ?? '',
    ...wrapped(statement, width - SENTENCE_INDENT.length).map((line) => `${SENTENCE_INDENT}${line}`),
  ]);
  return [head, ...told.flat()].join('\n');
}

/** What the columns of the table mean, where their names alone do not say it. */
export function tableNotes(hits: readonly PatternHit[]): readonly string[] {
  const notes = [
    ...(hits.some(({ pattern }) => pattern.kind === 'error_recovery')
      ? ['Of an error recovery, SUCCESS is that the error was made good.']
      : []),
    'LIFT is SUCCESS over that of all in the same situation, those that did it and those that did not; 95 % is its interval.',
    'NEW TASKS: whether tasks that it was not found on agree.',
  ];
  return notes.flatMap((note) => wrapped(note, terminalWidth()));
}

/** All that is known of one pattern. */
export function patternText(
  hit: PatternHit,
  { inFavour, against }: { readonly inFavour: Witnesses; readonly against: Witnesses },
): string {
  const { pattern, statement } = hit;
  const isDone = isHelpful(hit.figures);
  const [good, bad] =
    pattern.kind === 'error_recovery' ? ['it was made good', 'it was not made good'] : ['succeeded', 'failed'];
  const holding = isDone ? pattern.successes : pattern.support - pattern.successes;
  return [
    heading(`Pattern ${pattern.id}: ${kindText(pattern.kind)}, ${pattern.standing}`),
    ...wrapped(statement, terminalWidth()),
    '',
    ...factLines(hit),
    '',
    ...witnessLines(`For it: did this and ${isDone ? good : bad}`, holding, inFavour),
    ...witnessLines(`Against it: did this and ${isDone ? bad : good}`, pattern.support - holding, against),
    ...historyLines(pattern),
  ].join('\n');
}

/** `tool sequence`. */
export function kindText(kind: PatternKind): string {
  return kind.replaceAll('_', ' ');
}

/** `82 %`. */
export function percent(share: number): string {
  return `${Math.round(share * 100)} %`;
}

/** The beginnings that tell these ids apart, all of one length. */
export function shortIds(ids: readonly string[]): readonly string[] {
  for (let length = LEAST_CHARACTERS; length < FULL_ID; length += 1) {
    const starts = ids.map((id) => id.slice(0, length));
    if (new Set(starts).size === new Set(ids).size) return starts;
  }
  return ids;
}

/** A text of somebody else in lines of at most `width` columns, split between words. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of onOneLine(text).split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (cut(longer, width) === longer) line = longer;
    else {
      if (line !== '') lines.push(line);
      line = cut(word, width);
    }
  }
  return line === '' ? lines : [...lines, line];
}

const FULL_ID = 36;
const SENTENCE_INDENT = '    ';
const COLUMNS = [
  { heading: 'PATTERN' },
  { heading: 'KIND' },
  { heading: '' },
  { heading: 'SUCCESS', align: 'right' as const },
  { heading: 'OTHERWISE', align: 'right' as const },
  { heading: 'LIFT', align: 'right' as const },
  { heading: '95 %' },
  { heading: 'SEEN', align: 'right' as const },
  { heading: 'TASKS', align: 'right' as const },
  { heading: 'NEW TASKS' },
];

function figureCells({ pattern, figures }: PatternHit): readonly string[] {
  const { heldOut } = pattern;
  return [
    kindText(pattern.kind),
    adviceOf(pattern, figures),
    percent(figures.successRate),
    figures.otherRate === undefined ? '' : percent(figures.otherRate),
    figures.lift?.toFixed(LIFT_DIGITS) ?? '',
    figures.interval === undefined ? '' : intervalText(figures.interval),
    String(pattern.support),
    String(pattern.tasks),
    heldOut === undefined ? 'too few' : heldOut.agrees ? 'agree' : 'disagree',
  ];
}

function intervalText(interval: readonly [number, number]): string {
  return interval.map((bound) => bound.toFixed(LIFT_DIGITS)).join('–');
}

function factLines(hit: PatternHit): readonly string[] {
  const { pattern, figures } = hit;
  const { support, successes, tasks, scope } = pattern;
  const { otherRate, lift, interval } = figures;
  const made = madeText(pattern);
  const place = [
    scope.project === undefined ? 'every project' : `project ${scope.project}`,
    ...(scope.domain === undefined ? [] : [`domain ${scope.domain}`]),
  ];
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['scope', place.join(', ')],
    ['seen', `${support} attempts at ${tasks} tasks; ${successes} ${made}: ${percent(figures.successRate)}`],
    ['otherwise', otherRate === undefined ? undefined : `${percent(otherRate)} without it`],
    ['of all', percent(figures.baseRate)],
    [
      'lift',
      lift === undefined || interval === undefined
        ? undefined
        : `${lift.toFixed(LIFT_DIGITS)} times that of all (95 %: ${intervalText(interval)})`,
    ],
    ['chance', `p = ${chanceText(pattern.pValue)}, corrected for all that was looked at`],
    ['new tasks', heldOutText(pattern)],
    ['applied', appliedText(pattern)],
    ['seen first', localTime(pattern.firstSeen)],
    ['seen last', localTime(pattern.lastSeen)],
  ];
  return facts.flatMap(([name, text]) => (text ? [`${name.padEnd(NAME_COLUMNS)}${onOneLine(text)}`] : []));
}

const NAME_COLUMNS = 12;

function madeText({ kind }: Pattern): string {
  return kind === 'error_recovery' ? 'made it good' : 'succeeded';
}

function heldOutText(pattern: Pattern): string {
  const { heldOut } = pattern;
  if (heldOut === undefined) return 'too few were held out to check it on';
  const { with: holding, without, agrees } = heldOut;
  const counted = [holding, without].map(({ successes, episodes }) => `${successes} of ${episodes}`);
  return `${agrees ? 'agree' : 'disagree'}: ${counted[0]} ${madeText(pattern)} with it, ${counted[1]} without`;
}

function appliedText({ applied, appliedSuccesses }: Pattern): string {
  if (applied === 0) return 'never, as far as anybody told';
  return `${applied === 1 ? 'once' : `${applied} times`} after it was recommended; ${appliedSuccesses} succeeded`;
}

function chanceText(pValue: number): string {
  return pValue < LEAST_CHANCE ? `under ${LEAST_CHANCE}` : pValue.toFixed(3);
}

/** Below this, how little a chance is says nothing more. */
const LEAST_CHANCE = 0.001;

function witnessLines(title: string, count: number, { shown: told, more }: Witnesses): readonly string[] {
  if (count === 0 && told.length === 0) return [`${title}: none`, ''];
  const unkept = count - told.length - more;
  const rows = told.map(({ id, episode }) => [
    id,
    episode === undefined ? 'forgotten' : episode.status === 'open' ? 'open' : episode.outcome.kind,
    episode?.description ?? '',
  ]);
  return [
    heading(`${title} (${count})`),
    ...(told.length === 0
      ? []
      : [table([{ heading: 'EPISODE' }, { heading: 'OUTCOME' }, { heading: 'TASK' }], rows, terminalWidth())]),
    ...(more > 0 ? [`… ${more} more; --evidence ${told.length + more} shows them`] : []),
    ...(unkept > 0 ? [`… ${unkept} older ones, of which only the count is kept`] : []),
    '',
  ];
}

function historyLines({ history }: Pattern): readonly string[] {
  if (history.length === 0) return ['No history is kept of it yet.'];
  const rows = history.map(({ at, standing, support, successes, pValue }) => [
    localTime(at),
    standing,
    String(support),
    String(successes),
    chanceText(pValue),
  ]);
  const columns = [
    { heading: 'AT' },
    { heading: 'STANDING' },
    { heading: 'SEEN', align: 'right' as const },
    { heading: 'SUCCEEDED', align: 'right' as const },
    { heading: 'P' },
  ];
  return [heading('History'), table(columns, rows, terminalWidth())];
}
