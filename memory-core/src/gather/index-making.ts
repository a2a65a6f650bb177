// The store to an index: all of it once, then what the journal says has changed.
import type { Episode } from '../episode.ts';
import { throwIfAborted } from '../errors.ts';
import type { Pattern } from '../pattern.ts';
import type { Position } from '../ports/cache.ts';
import type { CallOptions, IndexedKind, IndexTerms, JournalEntry, MemoryStore } from '../ports/store.ts';
import { episodeTerms, patternTerms } from '../retrieve/index-terms.ts';
import { type ChangePage, newest, pageOfChanges, START } from '../stores/journal-position.ts';
import { turns } from '../turns.ts';
import { type ExperienceIndex, experienceIndex } from './experience-index.ts';

/** An index, and the position of the journal up to which it knows everything. */
export interface IndexAt {
  readonly index: ExperienceIndex;
  readonly at: Position;
}

export interface MakingOptions extends CallOptions {
  /** Whose vectors are in it. */
  readonly model: string | undefined;
  /** Told how many more episodes have been read. */
  readonly onRead?: (episodes: number) => void;
}

/** Entities read at once. */
const PAGE = 500;

/** An index of all that is stored. What is written meanwhile may be missing: follow the journal from `at` on. */
export async function newIndex(store: MemoryStore, options: MakingOptions): Promise<IndexAt> {
  const at = (await newest(store, options)) ?? START;
  const index = experienceIndex(options.model);
  for await (const page of pagesOf(store.scan('episode', { order: 'oldest' }, options))) {
    await putEpisodes(store, index, { episodes: page, signal: options.signal });
    options.onRead?.(page.length);
  }
  await addWhatIsNotPacked(store, index, options);
  if (options.model !== undefined) await addVectors(store, index, { ...options, model: options.model });
  return { index, at };
}

/** Patterns and their base rates: few, and read anew at each start. */
export async function addWhatIsNotPacked(
  store: MemoryStore,
  index: ExperienceIndex,
  options: CallOptions,
): Promise<void> {
  for await (const page of pagesOf(store.scan('pattern', {}, options))) {
    await putPatterns(store, index, { patterns: page, signal: options.signal });
  }
  for await (const baseline of store.scan('baseline', {}, options)) index.putBaseline(baseline);
}

/** The vectors of `model` that are stored. */
export async function addVectors(
  store: MemoryStore,
  index: ExperienceIndex,
  { model, ...call }: CallOptions & { readonly model: string },
): Promise<void> {
  const turn = turns();
  for await (const embedding of store.scan('embedding', { model }, call)) {
    await turn();
    index.putEmbedding(embedding);
  }
}

/** The index, changed in place, up to where the store stands; `undefined` where it is of another history. `first`: its first page. */
export async function followedIndex(
  store: MemoryStore,
  { index, at }: IndexAt,
  { first, ...options }: MakingOptions & { readonly first?: ChangePage | undefined },
): Promise<IndexAt | undefined> {
  let seen = first;
  for (let from = at; ; ) {
    const page = seen ?? (await pageOfChanges(store, from, options));
    seen = undefined;
    if (page === undefined) return undefined;
    await applyChanges(store, index, { changed: page.changed, ...options });
    if (page.to.seq >= page.newestSeq) return { index, at: page.to };
    from = page.to;
  }
}

/** Reads what was changed as it is now, in whatever order: of something that changed twice the last state counts. */
async function applyChanges(
  store: MemoryStore,
  index: ExperienceIndex,
  { changed, model, onRead, ...call }: MakingOptions & { readonly changed: readonly JournalEntry[] },
): Promise<void> {
  const idsOf = (kind: JournalEntry['kind']): readonly string[] => [
    ...new Set(changed.filter((entry) => entry.kind === kind).map(({ id }) => id)),
  ];
  for (const ids of chunksOf(idsOf('episode'))) {
    const { present, gone } = parted(ids, await store.getMany('episode', ids, call));
    for (const id of gone) index.deleteEpisode(id);
    await putEpisodes(store, index, { episodes: present, ...call });
    onRead?.(present.length);
  }
  for (const ids of chunksOf(idsOf('pattern'))) {
    const { present, gone } = parted(ids, await store.getMany('pattern', ids, call));
    for (const id of gone) index.deletePattern(id);
    await putPatterns(store, index, { patterns: present, ...call });
  }
  for (const ids of chunksOf(idsOf('baseline'))) {
    for (const baseline of await store.getMany('baseline', ids, call)) if (baseline) index.putBaseline(baseline);
  }
  if (model === undefined) return;
  for (const ids of chunksOf(idsOf('embedding'))) {
    for (const embedding of await store.getMany('embedding', ids, call)) if (embedding) index.putEmbedding(embedding);
  }
}

function parted<T>(
  ids: readonly string[],
  found: readonly (T | undefined)[],
): { readonly present: readonly T[]; readonly gone: readonly string[] } {
  return {
    present: found.filter((value) => value !== undefined),
    gone: ids.filter((_, place) => found[place] === undefined),
  };
}

async function putEpisodes(
  store: MemoryStore,
  index: ExperienceIndex,
  { episodes, ...call }: CallOptions & { readonly episodes: readonly Episode[] },
): Promise<void> {
  const terms = await termsOf(store, 'episode', { values: episodes, ...call });
  const turn = turns();
  for (const [place, episode] of episodes.entries()) {
    await turn();
    throwIfAborted(call.signal);
    index.putEpisode(episode, terms[place] ?? episodeTerms(episode, []));
  }
}

async function putPatterns(
  store: MemoryStore,
  index: ExperienceIndex,
  { patterns, ...call }: CallOptions & { readonly patterns: readonly Pattern[] },
): Promise<void> {
  const terms = await termsOf(store, 'pattern', { values: patterns, ...call });
  patterns.forEach((pattern, place) => {
    index.putPattern(pattern, terms[place] ?? patternTerms(pattern));
  });
}

/** What the text index of the store holds for these; nothing where it has none. */
async function termsOf(
  store: MemoryStore,
  kind: IndexedKind,
  { values, ...call }: CallOptions & { readonly values: readonly { readonly id: string }[] },
): Promise<readonly (IndexTerms | undefined)[]> {
  if (store.text === undefined || values.length === 0) return [];
  return store.text.terms(
    kind,
    values.map(({ id }) => id),
    call,
  );
}

function chunksOf<T>(items: readonly T[]): readonly (readonly T[])[] {
  return Array.from({ length: Math.ceil(items.length / PAGE) }, (_, page) => {
    return items.slice(page * PAGE, (page + 1) * PAGE);
  });
}

async function* pagesOf<T>(items: AsyncIterable<T>): AsyncGenerator<readonly T[]> {
  let page: T[] = [];
  for await (const item of items) {
    page.push(item);
    if (page.length < PAGE) continue;
    yield page;
    page = [];
  }
  if (page.length > 0) yield page;
}
