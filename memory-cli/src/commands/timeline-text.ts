// A timeline in words: each step a line with when it was, how long it took as a bar, what it did and how it ended; pauses,
// what failed and what made it good between them. Pure but for colours.
import { styleText } from 'node:util';
import type { EpisodeResult } from '@episodica/memory-core/wire';
import { cut, exactLocalTime, heading, onOneLine, textWidth } from '../output.ts';
import { wrapped } from './pattern-text.ts';

/** A step as the timeline shows it. */
export interface TimelineStep {
  readonly step_number: number;
  /** When it was recorded. */
  readonly at: string;
  /** From the start of the episode. */
  readonly offset_ms: number;
  /** Between the step before it, or the start, and its own beginning, as far as that is known. */
  readonly gap_ms: number;
  readonly latency_ms?: number;
  readonly tool: string;
  readonly action: string;
  readonly result: 'success' | 'error' | 'timeout';
  /** The first line of what it failed with. */
  readonly error?: string;
  readonly fixed_by?: number;
  readonly fixes?: readonly number[];
}

/** An episode with its steps in the order of time. */
export interface Timeline extends Omit<EpisodeResult, 'project' | 'domain' | 'tags'> {
  readonly steps: readonly TimelineStep[];
}

/** The whole within `width` columns. */
export function timelineText(
  timeline: Timeline,
  { width, all }: { readonly width: number; readonly all: boolean },
): string {
  const { steps } = timeline;
  const shown = all ? steps : shownOf(steps);
  const layout = layoutOf(shown, width);
  const lines: string[] = [];
  let passed = 0;
  for (const step of shown) {
    const index = steps.indexOf(step, passed);
    lines.push(...leftOutLines(steps.slice(passed, index), layout), ...stepLines(step, layout));
    passed = index + 1;
  }
  const note = shown.length === steps.length ? [] : wrapped(LEFT_OUT, width);
  return [...headLines(timeline, width), ...note, '', ...lines, ...leftOutLines(steps.slice(passed), layout)].join(
    '\n',
  );
}

const LEFT_OUT = 'Shown are the first steps, the last and what failed; --all shows each.';

/** Of more steps than these, some are left out. */
const MOST_SHOWN = 60;
/** Of many steps, so many are shown at each end. */
const SHOWN_AT_ENDS = 10;
/** Of many that failed, so many of the first and as many of the last. */
const SHOWN_FAILURES = 15;

function shownOf(steps: readonly TimelineStep[]): readonly TimelineStep[] {
  if (steps.length <= MOST_SHOWN) return steps;
  const failed = steps.filter(({ result }) => result !== 'success');
  const failures = new Set([...failed.slice(0, SHOWN_FAILURES), ...failed.slice(-SHOWN_FAILURES)]);
  const fixing = new Set([...failures].map((step) => step.fixed_by));
  return steps.filter(
    (step, index) =>
      index < SHOWN_AT_ENDS ||
      index >= steps.length - SHOWN_AT_ENDS ||
      failures.has(step) ||
      fixing.has(step.step_number),
  );
}

/** How the line of a step is divided. */
interface Layout {
  readonly width: number;
  readonly numberColumns: number;
  readonly offsetColumns: number;
  /** 0 where there is no room, or nothing to compare. */
  readonly barColumns: number;
  /** 0 where there is no room. */
  readonly lengthColumns: number;
  readonly longestMs: number;
  /** Where what was done begins. */
  readonly textStart: number;
}

const BAR_COLUMNS = 12;
/** Below these, bars and lengths make room for what was done. */
const LEAST_FOR_BARS = 76;
const LEAST_FOR_LENGTHS = 60;

function layoutOf(steps: readonly TimelineStep[], width: number): Layout {
  const longest = (texts: readonly string[]): number => Math.max(0, ...texts.map(textWidth));
  const longestMs = Math.max(0, ...steps.map((step) => step.latency_ms ?? 0));
  const numberColumns = longest(steps.map((step) => String(step.step_number)));
  const offsetColumns = longest(steps.map((step) => offsetText(step.offset_ms)));
  const barColumns = width < LEAST_FOR_BARS || longestMs === 0 ? 0 : BAR_COLUMNS;
  const lengthColumns = width < LEAST_FOR_LENGTHS ? 0 : longest(steps.map(lengthText));
  const columns = [numberColumns, offsetColumns, barColumns, lengthColumns].filter((each) => each > 0);
  const textStart = columns.reduce((sum, each) => sum + each + GAP.length, 0) + 2;
  return { width, numberColumns, offsetColumns, barColumns, lengthColumns, longestMs, textStart };
}

const GAP = '  ';
/** From this on, the time in which nothing was recorded is told. */
const PAUSE_MS = 60_000;

function stepLines(step: TimelineStep, layout: Layout): readonly string[] {
  const { width, textStart } = layout;
  const { symbol, colour } = ENDS[step.result];
  const cells = [
    right(String(step.step_number), layout.numberColumns),
    right(offsetText(step.offset_ms), layout.offsetColumns),
    left(barText(step.latency_ms, layout), layout.barColumns),
    right(lengthText(step), layout.lengthColumns),
  ].filter((cell) => cell !== '');
  const what = cut(onOneLine(`${step.tool}: ${step.action}`), width - textStart);
  const below = (text: string): string => ' '.repeat(textStart) + cut(onOneLine(text), width - textStart);
  return [
    ...(step.gap_ms < PAUSE_MS ? [] : [besideText(`pause of ${spanText(step.gap_ms)}`, layout)]),
    `${cells.join(GAP)}${GAP}${coloured(colour, symbol)} ${what}`,
    ...(step.error === undefined ? [] : [coloured('red', below(step.error))]),
    ...(step.fixed_by === undefined ? [] : [below(`↳ made good by step ${step.fixed_by}`)]),
    ...(step.fixes === undefined ? [] : [below(`↳ makes good step ${step.fixes.join(', ')}`)]),
  ];
}

const ENDS: Readonly<
  Record<TimelineStep['result'], { readonly symbol: string; readonly colour: 'green' | 'red' | 'yellow' }>
> = {
  success: { symbol: '✓', colour: 'green' },
  error: { symbol: '✗', colour: 'red' },
  timeout: { symbol: '⧗', colour: 'yellow' },
};

/** In proportion to the longest, an eighth of a column at least where it took any time. */
function barText(latencyMs: number | undefined, { barColumns, longestMs }: Layout): string {
  if (barColumns === 0 || !latencyMs) return '';
  const eighths = Math.max(1, Math.round((latencyMs / longestMs) * barColumns * 8));
  return '█'.repeat(Math.floor(eighths / 8)) + (EIGHTHS[eighths % 8] ?? '');
}

const EIGHTHS = ['', '▏', '▎', '▍', '▌', '▋', '▊', '▉'];

/** How long it took; where nobody said so, how long nothing was recorded before it. */
function lengthText({ latency_ms: latencyMs, gap_ms: gapMs }: TimelineStep): string {
  if (latencyMs !== undefined) return spanText(latencyMs);
  return gapMs < 1_000 || gapMs >= PAUSE_MS ? '' : `after ${spanText(gapMs)}`;
}

function leftOutLines(steps: readonly TimelineStep[], layout: Layout): readonly string[] {
  if (steps.length === 0) return [];
  const failed = steps.filter(({ result }) => result !== 'success').length;
  const what = `${steps.length} ${steps.length === 1 ? 'step' : 'steps'} left out`;
  return [besideText(failed === 0 ? what : `${what}, ${failed} of them failed`, layout)];
}

/** What stands between steps. */
function besideText(text: string, { numberColumns, width }: Layout): string {
  return coloured('dim', cut(`${' '.repeat(numberColumns)}${GAP}⋯ ${text}`, width));
}

function headLines(timeline: Timeline, width: number): readonly string[] {
  const { steps, outcome, status } = timeline;
  const failed = steps.filter(({ result }) => result !== 'success').length;
  const fixed = steps.filter((step) => step.fixed_by !== undefined).length;
  const ended = timeline.ended_at ?? steps.at(-1)?.at;
  const tookMs = ended === undefined ? 0 : Math.max(0, Date.parse(ended) - Date.parse(timeline.started_at));
  const facts = [
    `${outcome ?? status}${timeline.reward === undefined ? '' : `, reward ${timeline.reward.toFixed(2)}`}`,
    `${spanText(tookMs)} from ${exactLocalTime(timeline.started_at)}`,
    `${steps.length} ${steps.length === 1 ? 'step' : 'steps'}${failed === 0 ? '' : `, ${failed} failed, ${fixed} of them made good`}`,
  ];
  return [
    ...wrapped(timeline.task_description, width).map(heading),
    ...wrapped(`episode ${timeline.episode_id}: ${facts.join('; ')}`, width),
  ];
}

/** `+8:10`, and from an hour on `+1:02:03`. */
function offsetText(ms: number): string {
  const seconds = Math.floor(ms / 1_000);
  const parts = [Math.floor(seconds / 3_600), Math.floor(seconds / 60) % 60, seconds % 60];
  const [first = 0, ...others] = parts[0] === 0 ? parts.slice(1) : parts;
  return `+${first}:${others.map((each) => String(each).padStart(2, '0')).join(':')}`;
}

/** `12 ms`, `1.2 s`, `8 min`, `3.5 h`, `2.1 days`. */
function spanText(ms: number): string {
  if (ms < 1_000) return `${Math.round(ms)} ms`;
  const [length, unit] = SPANS.find(([, , limit]) => ms < limit) ?? [86_400_000, 'days', 0];
  const amount = ms / length;
  return `${amount < 10 ? amount.toFixed(1).replace(/\.0$/u, '') : Math.round(amount)} ${unit}`;
}

/** How long a unit is, how it is called, and up to where it is used. */
const SPANS: readonly (readonly [number, string, number])[] = [
  [1_000, 's', 60_000],
  [60_000, 'min', 3_600_000],
  [3_600_000, 'h', 86_400_000],
];

function right(text: string, columns: number): string {
  return columns === 0 ? '' : ' '.repeat(Math.max(0, columns - textWidth(text))) + text;
}

function left(text: string, columns: number): string {
  return columns === 0 ? '' : text + ' '.repeat(Math.max(0, columns - textWidth(text)));
}

function coloured(colour: 'green' | 'red' | 'yellow' | 'dim', text: string): string {
  return styleText(colour, text, { stream: process.stdout });
}
