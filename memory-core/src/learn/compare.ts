// How an attempt differed from earlier ones at such tasks that ended otherwise, and what those say to try next. Pure.
import type { CompletedEpisode, Outcome } from '../episode.ts';
import { errorSignature } from '../retrieve/error-signature.ts';
import { bestFixes } from '../retrieve/hints.ts';
import type { TraceStep } from '../trace.ts';
import { type Attempt, ending, openFailures, quoted } from './attempt.ts';

/** Sentences; empty where nothing tells. */
export interface Comparison {
  /** What this attempt did otherwise, and how the others ended. */
  readonly differences: readonly string[];
  /** What the others say to do next. Nothing where this attempt succeeded. */
  readonly next: readonly string[];
  /** Ids of those whose words are in these sentences. */
  readonly of: readonly string[];
}

/** How a sentence begins that says what to try next. */
export const TO_TRY_NEXT = 'To try next';

/** Things of one kind told in one sentence. */
const MAX_TOLD = 3;
const TASK_CHARACTERS = 80;
const ACT_CHARACTERS = 80;
const REASON_CHARACTERS = 160;
/** Errors for which a fix is looked for, the last ones. */
const MAX_ERRORS = 3;

/** `similar`: earlier attempts at such tasks, the most alike first. Where they all ended as this one, nothing differs. */
export function compare(attempt: Attempt, similar: readonly CompletedEpisode[]): Comparison {
  const isSuccess = attempt.outcome.kind === 'success';
  // What was given up was not tried to its end, so nothing follows from it.
  const ended = similar.filter(({ outcome, quality }) => outcome.kind !== 'abstained' && !isDuplicate(quality));
  const others = ended.filter(({ outcome }) => (outcome.kind === 'success') !== isSuccess);
  const alike = ended.filter(({ outcome }) => (outcome.kind === 'success') === isSuccess);
  const contrast = contrastOf(attempt, { others, alike });
  const contrasted = {
    told: contrast === undefined ? [] : [contrast],
    of: contrast === undefined ? [] : idsOf(others),
  };
  if (isSuccess) return { differences: contrasted.told, next: [], of: contrasted.of };
  const said = [knownFixes(attempt, ended), contrasted, sameEnd(attempt, alike)];
  return {
    differences: [],
    next: said.flatMap(({ told }) => told),
    of: [...new Set(said.flatMap(({ of }) => of))],
  };
}

/** Sentences, and the ids of those whose words are in them. */
interface Said {
  readonly told: readonly string[];
  readonly of: readonly string[];
}

function idsOf(episodes: readonly CompletedEpisode[]): readonly string[] {
  return episodes.map(({ id }) => id);
}

function isDuplicate({ flags }: CompletedEpisode['quality']): boolean {
  return flags.includes('duplicate');
}

interface Sides {
  /** Those that ended otherwise. */
  readonly others: readonly CompletedEpisode[];
  /** Those that ended as this attempt did. */
  readonly alike: readonly CompletedEpisode[];
}

/** One sentence on the side that succeeded: what all of it did and none of the other side, and where the ways parted. */
function contrastOf(attempt: Attempt, { others, alike }: Sides): string | undefined {
  const [nearest] = others;
  if (nearest === undefined) return undefined;
  const ownActs = actsOf(attempt.trace);
  const own: Side = { acts: ownActs, places: attempt.touched };
  const here = [own, ...alike.map(sideOf)];
  const there = others.map(sideOf);
  const isSuccess = attempt.outcome.kind === 'success';
  const [well, badly] = isSuccess ? [here, there] : [there, here];
  const parted = partingOf(ownActs, sideOf(nearest).acts);
  const differing = [
    listed('did', onlyIn(well, badly, 'acts')),
    listed('worked on', onlyIn(well, badly, 'places')),
    listed(isSuccess ? 'left out' : 'did not do', onlyIn(badly, well, 'acts')),
    parted === undefined ? '' : partingText(parted, isSuccess),
  ].filter((part) => part !== '');
  if (differing.length === 0) return undefined;
  const who = quoted(nearest.description, TASK_CHARACTERS);
  const more =
    others.length === 1 ? '' : `, as ${others.length - 1} more that ${others.length === 2 ? 'reads' : 'read'} like it,`;
  return isSuccess
    ? `${who}${more} failed before${reasonOf(nearest.outcome)}; unlike ${others.length === 1 ? 'it' : 'them'}, this attempt ${differing.join('; ')}.`
    : `${who}${more} succeeded before; unlike this attempt, ${others.length === 1 ? 'it' : 'they'} ${differing.join('; ')}.`;
}

/** What one attempt did; nothing where it is not known. */
interface Side {
  readonly acts: readonly string[] | undefined;
  readonly places: readonly string[] | undefined;
}

function sideOf({ trace, touched }: CompletedEpisode): Side {
  return { acts: trace && actsOf(trace), places: touched };
}

/** Whether an act keeps or hands over what was done: that follows from how it went, and does not bring it about. */
export function isKeeping(act: string): boolean {
  return KEEPING.test(act);
}

const KEEPING = /(?:^|: )git (?:add|commit|push|tag)$/u;

/** What changed or checked something, in order: everybody looks around, each in another order. */
function actsOf(trace: readonly TraceStep[]): readonly string[] {
  const acts = trace.filter(({ does, act }) => does !== 'look' && !isKeeping(act)).map(({ act }) => act);
  return acts.filter((act, index) => act !== acts[index - 1]);
}

/** What every one of these has and none of the others. Where one is not known, nothing is said. */
function onlyIn(these: readonly Side[], others: readonly Side[], what: keyof Side): readonly string[] {
  const [first, ...rest] = these.map((side) => side[what]);
  if (first === undefined || rest.includes(undefined)) return [];
  const elsewhere = others.map((side) => side[what]);
  if (elsewhere.includes(undefined)) return [];
  const taken = new Set(elsewhere.flatMap((values) => values ?? []));
  const common = rest.map((values) => new Set(values));
  return [...new Set(first)].filter((value) => !taken.has(value) && common.every((values) => values.has(value)));
}

function listed(verb: string, values: readonly string[]): string {
  return values.length === 0 ? '' : `${verb} ${told(values)}`;
}

function told(values: readonly string[]): string {
  const shown = values.slice(0, MAX_TOLD).map((value) => quoted(value, ACT_CHARACTERS));
  return shown.join(', ');
}

interface Parting {
  /** What both did last; nothing where they parted at once. */
  readonly after: string | undefined;
  readonly own: string | undefined;
  readonly other: string | undefined;
}

/** The first thing that one of the two did otherwise. */
function partingOf(own: readonly string[], other: readonly string[] | undefined): Parting | undefined {
  if (other === undefined || own.length === 0 || other.length === 0) return undefined;
  const at = own.findIndex((act, index) => act !== other[index]);
  const place = at < 0 ? own.length : at;
  if (at < 0 && other.length === own.length) return undefined;
  return { after: own[place - 1], own: own[place], other: other[place] };
}

function partingText({ after, own, other }: Parting, isSuccess: boolean): string {
  const [well, badly] = isSuccess ? [own, other] : [other, own];
  const where = after === undefined ? 'began with' : `after ${quoted(after, ACT_CHARACTERS)} went on with`;
  if (well === undefined) return `stopped${after === undefined ? '' : ` after ${quoted(after, ACT_CHARACTERS)}`}`;
  const instead = badly === undefined ? '' : ` instead of ${quoted(badly, ACT_CHARACTERS)}`;
  return `${where} ${quoted(well, ACT_CHARACTERS)}${instead}`;
}

function reasonOf(outcome: Outcome): string {
  const reason = outcome.kind === 'failure' ? outcome.reason : undefined;
  return reason === undefined ? '' : ` (${ending(reason, REASON_CHARACTERS)})`;
}

/** Fixes that earlier attempts found for errors that this one left. */
function knownFixes(attempt: Attempt, similar: readonly CompletedEpisode[]): Said {
  const known = similar.flatMap(({ id, recoveries }) =>
    recoveries.map((recovery) => ({ episodeId: id, recovery, signature: errorSignature(recovery.error) })),
  );
  if (known.length === 0) return { told: [], of: [] };
  const hinted = openFailures(attempt)
    .slice(-MAX_ERRORS)
    .toReversed()
    .flatMap(({ error, steps }) => {
      const [hint] = error === '' ? [] : bestFixes(error, known);
      if (hint === undefined) return [];
      return [{ told: `${TO_TRY_NEXT} for step ${steps.at(-1)?.number}: ${hint.text}`, of: hint.episodeId }];
    });
  return { told: [...new Set(hinted.map(({ told }) => told))], of: hinted.map(({ of }) => of) };
}

/** That others ended at the same error: whoever comes next need not go the same way once more. */
function sameEnd({ trace, touched }: Attempt, alike: readonly CompletedEpisode[]): Said {
  const open = trace.findLast(({ error, isMadeGood }) => error !== undefined && isMadeGood === false)?.error;
  if (open === undefined) return { told: [], of: [] };
  const ended = alike.filter((episode) =>
    episode.trace?.some(({ error, isMadeGood }) => error?.signature === open.signature && isMadeGood === false),
  );
  const [nearest] = ended;
  if (nearest === undefined) return { told: [], of: [] };
  const who = quoted(nearest.description, TASK_CHARACTERS);
  const more =
    ended.length === 1 ? '' : ` and ${ended.length - 1} more that ${ended.length === 2 ? 'reads' : 'read'} like it`;
  const what = `${quoted(open.excerpt, REASON_CHARACTERS)} also stayed in ${who}${more}`;
  const places = onlyIn([{ acts: [], places: touched }, ...ended.map(sideOf)], [], 'places');
  const sentence = places.length === 0 ? `${what}.` : `${what}; all of them worked on ${told(places)}, in vain.`;
  return { told: [sentence], of: idsOf(ended) };
}
