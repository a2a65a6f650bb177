// The store to an index: all of it once, then what the journal says has changed.
import type { Embedding } from '../embedding.ts';
import type { Episode } from '../episode.ts';
import { throwIfAborted } from '../errors.ts';
import type { Baseline, Pattern } from '../pattern.ts';
import type { Position } from '../ports/cache.ts';
import type {
  CallOptions,
  Entities,
  IndexedKind,
  IndexTerms,
  JournalEntry,
  Kind,
  MemoryStore,
} from '../ports/store.ts';
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
  { changed, onRead, ...options }: MakingOptions & { readonly changed: readonly JournalEntry[] },
): Promise<void> {
  for (const entries of chunksOf(changed)) {
    const { episodes, patterns, baselines, embeddings } = await statesOf(store, entries, options);
    const turn = turns();
    for (const { id, value, terms } of episodes) {
      await turn();
      if (value === undefined) index.deleteEpisode(id);
      else index.putEpisode(value, terms ?? episodeTerms(value, []));
    }
    for (const { id, value, terms } of patterns) {
      if (value === undefined) index.deletePattern(id);
      else index.putPattern(value, terms ?? patternTerms(value));
    }
    for (const baseline of baselines) if (baseline !== undefined) index.putBaseline(baseline);
    // Last, as there is room only for the vectors of what is in the index.
    for (const embedding of embeddings) if (embedding !== undefined) index.putEmbedding(embedding);
    onRead?.(episodes.length);
  }
}

/** Something that has changed, as it is now; without a value where it is gone. */
interface Indexed<T> {
  readonly id: string;
  readonly value: T | undefined;
  readonly terms: IndexTerms | undefined;
}

interface States {
  readonly episodes: readonly Indexed<Episode>[];
  readonly patterns: readonly Indexed<Pattern>[];
  readonly baselines: readonly (Baseline | undefined)[];
  readonly embeddings: readonly (Embedding | undefined)[];
}

/** All is asked side by side: a question that follows a write waits for this. */
async function statesOf(
  store: MemoryStore,
  entries: readonly JournalEntry[],
  { model, ...call }: MakingOptions,
): Promise<States> {
  const changedIds = (kind: Kind): readonly string[] => [
    ...new Set(entries.filter((entry) => entry.kind === kind).map(({ id }) => id)),
  ];
  const [episodes, patterns, baselines, embeddings] = await Promise.all([
    indexedOf(store, 'episode', { ids: changedIds('episode'), ...call }),
    indexedOf(store, 'pattern', { ids: changedIds('pattern'), ...call }),
    valuesOf(store, 'baseline', { ids: changedIds('baseline'), ...call }),
    valuesOf(store, 'embedding', { ids: model === undefined ? [] : changedIds('embedding'), ...call }),
  ]);
  return { episodes, patterns, baselines, embeddings };
}

type WithIds = CallOptions & { readonly ids: readonly string[] };

async function indexedOf<K extends IndexedKind>(
  store: MemoryStore,
  kind: K,
  { ids, ...call }: WithIds,
): Promise<readonly Indexed<Entities[K]>[]> {
  const [values, terms] = await Promise.all([
    valuesOf(store, kind, { ids, ...call }),
    termsOf(store, kind, { ids, ...call }),
  ]);
  return ids.map((id, place) => ({ id, value: values[place], terms: terms[place] }));
}

async function valuesOf<K extends Kind>(
  store: MemoryStore,
  kind: K,
  { ids, ...call }: WithIds,
): Promise<readonly (Entities[K] | undefined)[]> {
  return ids.length === 0 ? [] : store.getMany(kind, ids, call);
}

async function putEpisodes(
  store: MemoryStore,
  index: ExperienceIndex,
  { episodes, ...call }: CallOptions & { readonly episodes: readonly Episode[] },
): Promise<void> {
  const terms = await termsOf(store, 'episode', { ids: idsOf(episodes), ...call });
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
  const terms = await termsOf(store, 'pattern', { ids: idsOf(patterns), ...call });
  patterns.forEach((pattern, place) => {
    index.putPattern(pattern, terms[place] ?? patternTerms(pattern));
  });
}

function idsOf(values: readonly { readonly id: string }[]): readonly string[] {
  return values.map(({ id }) => id);
}

/** What the text index of the store holds for these; nothing where it has none. */
async function termsOf(
  store: MemoryStore,
  kind: IndexedKind,
  { ids, ...call }: WithIds,
): Promise<readonly (IndexTerms | undefined)[]> {
  return store.text === undefined || ids.length === 0 ? [] : store.text.terms(kind, ids, call);
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
