// Searching: a question, checked, to its answer: by the index where it is there, else by what the store itself finds.
import { stripVTControlCharacters } from 'node:util';
import type { MemoryContext } from './context.ts';
import { MemoryError, refusedInput } from './errors.ts';
import type { Answer, Asked, Lack } from './gather/asked.ts';
import type { ExperienceIndex } from './gather/experience-index.ts';
import { answerOfIndex, fixesInIndex } from './gather/index-answer.ts';
import { answerOfStore, fixesInStore } from './gather/store-answer.ts';
import { parse } from './input.ts';
import { defined } from './json.ts';
import { cleanPlaces } from './places.ts';
import type { CallOptions, EpisodeFilter } from './ports/store.ts';
import { type SearchQuery, searchQuery } from './query.ts';
import type { Hint } from './retrieve/hints.ts';
import { normaliseTag } from './tag.ts';
import { unknownProjectText } from './unknown-project.ts';

/** What was found, each kind best first, and what stood in the way of finding more. */
export interface SearchResult extends Omit<Answer, 'lacks'> {
  /** Why the answer may be less complete than it could be; empty when nothing stood in the way. */
  readonly degraded: readonly string[];
  /** What the asker should know about the question, such as that nothing is known of the project. */
  readonly notes: readonly string[];
  /** Something was asked in words and nothing stored has to do with it. */
  readonly isAbstained: boolean;
}

const DEFAULT_HITS = 10;

/**
 * Experience for a question.
 * @throws `INVALID_INPUT` when neither text nor a filter is given, or nothing could match. When nothing was found and
 * not all could be looked at: `EMBEDDER_FAILED` where that is why, else `STORE_UNAVAILABLE`, retryable
 */
export async function search(context: MemoryContext, query: SearchQuery, options: CallOptions): Promise<SearchResult> {
  const asked = toAsked(context, query);
  const index = await context.index.current(options);
  const { lacks, ...found } = await (index === undefined
    ? answerOfStore(context, asked, options)
    : context.answers.answer({ asked, index }, () => answerOfIndex(context, { index, asked }, options)));
  const isEmpty = found.episodes.length === 0 && found.patterns.length === 0 && found.fixes.length === 0;
  const degraded = lacks.map(({ reason }) => reason);
  if (isEmpty && lacks.some(({ isPassing }) => isPassing)) throw incomplete(lacks);
  // A folder that is new knows nothing of itself; whoever names a project means one that there is.
  const isDoubtful = isEmpty || query.project !== undefined;
  const notes = index !== undefined && isDoubtful ? notesOn(asked, index) : [];
  return { ...found, degraded, notes, isAbstained: asked.text !== undefined && isEmpty };
}

/** That nothing is known of the project: a name that is misspelt finds nothing of it for ever. */
function notesOn(
  { filter: { visibleTo, project = visibleTo?.project } }: Asked,
  index: ExperienceIndex,
): readonly string[] {
  if (project === undefined) return [];
  if (index.episodes.slots.count === 0 || index.episodes.placeAndTime.select({ project })?.size !== 0) return [];
  return [unknownProjectText(project, { isOnly: visibleTo === undefined })];
}

/** Fixes of errors like this one among the episodes that the filter lets through, best first. */
export async function fixesOf(
  context: MemoryContext,
  asked: { readonly error: string; readonly filter: EpisodeFilter },
  options: CallOptions,
): Promise<readonly Hint[]> {
  const index = await context.index.current(options);
  return index === undefined
    ? fixesInStore(context, asked, options)
    : fixesInIndex(context, { index, ...asked }, options);
}

/** @throws `INVALID_INPUT` */
function toAsked(context: MemoryContext, query: SearchQuery): Asked {
  const checked = parse(searchQuery, query, 'query');
  // What was copied from a terminal may have its colours in it.
  const words = checked.text === undefined ? '' : stripVTControlCharacters(checked.text);
  const text = words.trim() === '' ? undefined : words;
  const { scope: _scope, limit = DEFAULT_HITS, situation = {}, except = [], ...filters } = { ...checked, text };
  if (Object.values(filters).every((value) => value === undefined)) {
    const problem = 'give a text, or a filter such as domain, tags or outcome; files, language and framework only rank';
    throw refusedInput([{ path: 'query', problem }]);
  }
  const filter = episodeFilterOf(context, checked);
  const { visibleTo, project, domain } = filter;
  const { files = [], ...known } = situation;
  const here = defined({
    project: checked.project ?? context.project,
    domain,
    ...defined(known),
    // What the text names is searched by its words.
    places: cleanPlaces(files),
    nowMs: context.clock(),
  });
  return {
    text,
    limit,
    except,
    filter,
    patternFilter: narrowsToEpisodes(checked) ? undefined : defined({ visibleTo, project, domain }),
    here: { ...here, places: here.places ?? [], nowMs: here.nowMs ?? 0 },
  };
}

/** The episodes that are asked for. @throws `INVALID_INPUT` for a time in which nothing can be */
export function episodeFilterOf(
  context: MemoryContext,
  asked: Pick<SearchQuery, 'project' | 'scope' | 'domain' | 'taskType' | 'outcome' | 'tags' | 'since' | 'until'>,
): EpisodeFilter {
  const { domain, taskType, outcome, since, until } = asked;
  if (since !== undefined && until !== undefined && since >= until) {
    const problem = `${since} is not before until (${until}), so nothing can match. Exchange them`;
    throw refusedInput([{ path: 'since', problem }]);
  }
  const visibleTo = asked.scope === 'all' ? undefined : defined({ project: asked.project ?? context.project });
  const project = asked.scope === 'all' ? asked.project : undefined;
  const tagsAll = asked.tags?.map(normaliseTag);
  return defined({ domain, taskType, outcome, since, until, visibleTo, project, tagsAll });
}

/** Filters that no pattern can satisfy: they speak of single episodes. */
function narrowsToEpisodes({ taskType, outcome, tags, since, until }: SearchQuery): boolean {
  return [taskType, outcome, tags, since, until].some((filter) => filter !== undefined);
}

/** Whoever reads it is told what to do by what failed, and to wait only where nothing else is to be done. */
function incomplete(lacks: readonly Lack[]): MemoryError {
  const reasons = lacks.map(({ reason }) => reason).join('; ');
  const what = `Nothing was found, and not everything could be looked at: ${reasons}.`;
  const failure = lacks.find((lack) => lack.failure !== undefined)?.failure;
  if (failure === undefined) {
    return new MemoryError('STORE_UNAVAILABLE', `${what} Ask again in a moment.`, { retryable: true });
  }
  return new MemoryError(failure.code, what, { cause: failure, retryable: failure.retryable });
}
