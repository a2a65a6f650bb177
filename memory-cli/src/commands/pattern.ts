// pattern list, view, search.
import { MemoryError, type PatternHit, type PatternKind, STANDINGS, type Standing } from '@episodica/memory-core';
import type { PatternFilter } from '@episodica/memory-core/ports';
import { hitLines, patternItem, queryResult, restLines, scoreText } from '@episodica/memory-core/wire';
import { type Invocation, useMemoryToRead } from '../open.ts';
import { hangingLine, heading, onOneLine, print } from '../output.ts';
import { patternTable, patternText, tableNotes, type Witness, type Witnesses } from './pattern-text.ts';
import { wholePatternId } from './whole-id.ts';

/** Which part of the store a command about patterns looks at. */
export interface PlaceOptions {
  readonly project?: string;
  readonly allProjects?: boolean;
  readonly domain?: string;
}

/** Flags of `pattern list`. */
export interface ListOptions extends PlaceOptions {
  readonly kind?: PatternKind;
  readonly standing?: Standing;
  readonly all?: boolean;
  readonly limit?: number;
}

/** Lists patterns with their figures, the confirmed first; what has faded where it is asked for. */
export async function list(invocation: Invocation, options: ListOptions): Promise<number> {
  const { kind, standing, all, limit = invocation.format === 'human' ? SHOWN_PATTERNS : undefined } = options;
  const wanted = STANDINGS.filter((each) => (standing === undefined ? all || each !== 'faded' : each === standing));
  const { hits, place } = await useMemoryToRead({ ...invocation, learnsOwed: true }, async ({ memory, settings }) => {
    const filter = { ...placeFilter(options, settings.project), ...(kind === undefined ? {} : { kind }) };
    // All are asked for, so that an empty answer can say that others are there.
    const listed = { ...filter, standings: STANDINGS };
    return {
      hits: await memory.listPatterns(listed, { signal: invocation.signal }),
      place: filter.visibleTo?.project,
    };
  });
  const found = wanted.flatMap((each) => hits.filter(({ pattern }) => pattern.standing === each).sort(byTelling));
  const shown = found.slice(0, limit);
  await print(invocation.format, { patterns: shown.map((hit) => patternItem(hit, 'full')) }, () =>
    found.length === 0 ? nothingText(options, place, hits.length) : listText(shown, found.length - shown.length),
  );
  return 0;
}

/** Patterns shown where a person reads and does not ask for more. */
const SHOWN_PATTERNS = 20;

/** What is least likely to be chance first, and of those what makes the greatest difference. */
function byTelling(a: PatternHit, b: PatternHit): number {
  return a.pattern.pValue - b.pattern.pValue || difference(b) - difference(a);
}

function difference({ figures: { lift } }: PatternHit): number {
  return lift === undefined || lift <= 0 ? 0 : Math.abs(Math.log(lift));
}

/** Flags of `pattern view`. */
export interface ViewOptions {
  readonly evidence?: number;
}

/** Episodes shown of each side, where a person reads and does not ask for more. */
const SHOWN_EVIDENCE = 20;

/** Shows one pattern with what it rests on: the newest for it and the newest against it, for programs all that is kept. */
export async function view(invocation: Invocation, given: string, options: ViewOptions): Promise<number> {
  const { signal, format } = invocation;
  const limit = options.evidence ?? (format === 'human' ? SHOWN_EVIDENCE : Number.POSITIVE_INFINITY);
  const { hit, inFavour, against } = await useMemoryToRead(invocation, async ({ memory }) => {
    const id = await wholePatternId(memory, given, signal);
    const found = await memory.getPattern(id, { signal });
    if (found === undefined) throw new MemoryError('NOT_FOUND', `There is no pattern ${id}; see "pattern list --all".`);
    // The newest come last.
    const [evidence, others] = [found.evidence, found.against].map((ids) => ids.slice(Math.max(0, ids.length - limit)));
    const shown = { ...found, evidence: evidence ?? [], against: others ?? [] };
    const ids = [...shown.evidence, ...shown.against];
    const episodes = await memory.getEpisodes(ids, { signal });
    const witnesses = ids.map((each, index): Witness => ({ id: each, episode: episodes[index] }));
    const start = shown.evidence.length;
    return {
      hit: shown,
      inFavour: { shown: witnesses.slice(0, start), more: found.evidence.length - start },
      against: { shown: witnesses.slice(start), more: found.against.length - shown.against.length },
    };
  });
  const told = [inFavour, against].flatMap(({ shown }: Witnesses) => shown.flatMap(witnessItem));
  const result = { ...patternItem(hit, 'full'), episodes: told };
  await print(format, result, () => patternText(hit, { inFavour, against }));
  return 0;
}

/** Flags of `pattern search`. */
export interface SearchOptions extends PlaceOptions {
  readonly limit?: number;
}

/** Patterns for a question in words, best first. */
export async function search(invocation: Invocation, text: string, options: SearchOptions): Promise<number> {
  const { allProjects, project, domain, limit } = options;
  const query = { text, project, domain, limit, scope: allProjects ? ('all' as const) : undefined };
  const found = await useMemoryToRead({ ...invocation, learnsOwed: true }, ({ memory }) =>
    memory.search(query, { signal: invocation.signal }),
  );
  const hits = found.patterns;
  const whole = queryResult(
    { ...found, episodes: [], fixes: [], isAbstained: hits.length === 0 },
    { detail: 'full', maxTokens: Number.POSITIVE_INFINITY },
  );
  const result = {
    patterns: whole.patterns,
    abstained: whole.abstained,
    degraded: whole.degraded,
    notes: whole.notes.map((note) => note.replace('(scope "all")', '(--all-projects)')),
  };
  await print(invocation.format, result, () =>
    [
      ...whole.patterns.map((item) =>
        [
          hangingLine(`${scoreText(item.score)}  `, `pattern ${item.pattern_id} ${String(item.standing)}`),
          ...hitLines(item).map((text) => hangingLine('      ', text)),
        ].join('\n'),
      ),
      ...restLines({ ...whole, notes: result.notes }, '--limit').map((text) => hangingLine('', text)),
    ].join('\n'),
  );
  return 0;
}

/** What flags of place ask for. `here` counts where none names a project. */
export function placeFilter(
  { project, allProjects, domain }: PlaceOptions,
  here: string,
): Pick<PatternFilter, 'visibleTo' | 'domain'> {
  return {
    ...(allProjects ? {} : { visibleTo: { project: project ?? here } }),
    ...(domain === undefined ? {} : { domain }),
  };
}

const HEADINGS: Readonly<Record<Standing, string>> = {
  confirmed: 'Confirmed: more than chance, after correction for all that was looked at',
  candidate: 'Candidates: may be chance; nothing to rely on alone',
  faded: 'Faded: known once, and no longer borne out',
};

function listText(shown: readonly PatternHit[], left: number): string {
  const parts = STANDINGS.flatMap((standing) => {
    const hits = shown.filter(({ pattern }) => pattern.standing === standing);
    return hits.length === 0 ? [] : [`${heading(hangingLine('', HEADINGS[standing]))}\n${patternTable(hits)}`];
  });
  return [
    ...parts,
    tableNotes(shown).join('\n'),
    ...(left > 0 ? [`… and ${left} more: --limit ${shown.length + left}`] : []),
  ].join('\n\n');
}

/** Says what was looked at: an empty list is no loss of data. `others`: of another standing. */
function nothingText({ kind, domain }: ListOptions, project: string | undefined, others: number): string {
  if (others > 0)
    return `No such patterns here, but ${others} of another standing; --all lists what has faded as well.`;
  const where =
    project === undefined ? '' : ` in project ${onOneLine(project)} (--all-projects looks into every project)`;
  if (kind !== undefined || domain !== undefined) return `No such patterns${where}.`;
  return `No patterns yet${where}: they need several completed episodes that have something in common.`;
}

function witnessItem({ id, episode }: Witness): readonly object[] {
  if (episode === undefined) return [];
  const outcome = episode.status === 'completed' ? { outcome: episode.outcome.kind } : {};
  return [{ episode_id: id, ...outcome, task_description: episode.description }];
}
