// What the memory knows of its episodes, patterns and errors made good, in the form in which it is searched. Not the
// truth: `index-keeper.ts` makes it from the store and keeps it up.
import { type Embedding, embeddedRecoveries } from '../embedding.ts';
import type { Episode } from '../episode.ts';
import { LIMITS } from '../limits.ts';
import type { Baseline, Pattern } from '../pattern.ts';
import type { IndexTerms } from '../ports/store.ts';
import { episodeFacts } from '../retrieve/episode-facts.ts';
import { errorSignature, signatureTerms } from '../retrieve/error-signature.ts';
import { type ErrorSlots, errorSlots, unpackedErrorSlots } from '../retrieve/error-slots.ts';
import type { PackedPart, UnpackedParts } from '../retrieve/packed-part.ts';
import { type PlaceAndTime, placeAndTime, unpackedPlaceAndTime } from '../retrieve/place-and-time.ts';
import { type Scores, scores } from '../retrieve/scores.ts';
import { type SlotTable, slotTable, unpackedSlotTable } from '../retrieve/slot-table.ts';
import { type TermIndex, termIndex, unpackedTermIndex } from '../retrieve/term-index.ts';
import { unpackedVectorMatrix, type VectorMatrix, vectorMatrix } from '../vectors/vector-matrix.ts';

/** What is searched of one kind of thing. All parts know it by the same slot. */
export interface Searched {
  readonly slots: SlotTable;
  readonly titles: TermIndex;
  readonly bodies: TermIndex;
}

/** All that is searched, in memory, as it stood at one position of the journal. */
export interface ExperienceIndex {
  readonly episodes: Searched & { readonly placeAndTime: PlaceAndTime };
  readonly patterns: Searched & { readonly held: ReadonlyMap<string, Pattern> };
  readonly baselines: ReadonlyMap<string, Baseline>;
  /** The errors that episodes made good. */
  readonly errors: { readonly slots: ErrorSlots; readonly terms: TermIndex };
  /** Rises with whatever is put or deleted. */
  readonly changes: number;
  /** Vectors of one model; `undefined` until there is one. */
  vectors(of: Vectors): VectorMatrix | undefined;

  putEpisode(episode: Episode, terms: IndexTerms): void;
  deleteEpisode(id: string): void;
  putPattern(pattern: Pattern, terms: IndexTerms): void;
  deletePattern(id: string): void;
  putBaseline(baseline: Baseline): void;
  /** The vectors of what is in it already; those of another model, or of what it does not know, are passed over. */
  putEmbedding(embedding: Embedding): void;

  /** Does `work` with empty scores, which are its own until it returns. */
  scored<T>(work: (...scores: readonly [Scores, Scores, Scores]) => T): T;

  /** Does a piece of the upkeep that is due, and answers whether more is. Then what was deleted is in no part any more. */
  tidy(): boolean;
  parts(): readonly PackedPart[];
  close(): Promise<void>;
}

const VECTORS = ['episode', 'pattern', 'error'] as const;
/** Whose vectors: of tasks, of what patterns say, of errors made good. */
export type Vectors = (typeof VECTORS)[number];

/** An index that knows nothing yet. Vectors are those of `model`; without one it has none. */
export function experienceIndex(model: string | undefined): ExperienceIndex {
  return indexOver(model, {
    episodes: { ...emptySearched(), placeAndTime: placeAndTime() },
    patterns: emptySearched(),
    errors: { slots: errorSlots(), terms: termIndex() },
    matrices: new Map(),
  });
}

/** The index that was packed into these parts; `undefined` where one is missing or damaged. Patterns are not in them. */
export function unpackedExperienceIndex(model: string | undefined, parts: UnpackedParts): ExperienceIndex | undefined {
  const episodes = unpackedSearched(parts, 'episode');
  const facets = unpackedPlaceAndTime(parts, 'episode');
  const slots = unpackedErrorSlots(parts, 'error');
  const terms = unpackedTermIndex(parts, 'error-terms');
  const matrices = unpackedMatrices(parts);
  if (!episodes || !facets || !slots || !terms || !matrices) return undefined;
  return indexOver(model, {
    episodes: { ...episodes, placeAndTime: facets },
    patterns: emptySearched(),
    errors: { slots, terms },
    matrices,
  });
}

interface Contents {
  readonly episodes: ExperienceIndex['episodes'];
  readonly patterns: Searched;
  readonly errors: ExperienceIndex['errors'];
  readonly matrices: Map<Vectors, VectorMatrix>;
}

function indexOver(model: string | undefined, { episodes, patterns, errors, matrices }: Contents): ExperienceIndex {
  const held = new Map<string, Pattern>();
  const baselines = new Map<string, Baseline>();
  const { putEpisode, deleteEpisode } = episodeUpkeep({ episodes, errors, matrices });
  let changes = 0;
  return {
    get changes() {
      return changes;
    },
    episodes,
    patterns: { ...patterns, held },
    baselines,
    errors,
    vectors: (of) => matrices.get(of),
    putEpisode(episode, terms) {
      changes += 1;
      putEpisode(episode, terms);
    },
    deleteEpisode(id) {
      changes += 1;
      deleteEpisode(id);
    },
    putPattern(pattern, terms) {
      changes += 1;
      held.set(pattern.id, pattern);
      putTerms(patterns, patterns.slots.give(pattern.id), terms);
    },
    deletePattern(id) {
      changes += 1;
      const slot = patterns.slots.slotOf(id);
      held.delete(id);
      if (slot === undefined) return;
      deleteFrom(patterns, slot, id);
      matrices.get('pattern')?.delete(slot);
    },
    putBaseline(baseline) {
      changes += 1;
      baselines.set(baseline.id, baseline);
    },
    putEmbedding({ ownerKind, ownerId, model: from, vectors: [first, ...others] }) {
      changes += 1;
      const slot = (ownerKind === 'episode' ? episodes : patterns).slots.slotOf(ownerId);
      if (from !== model || slot === undefined) return;
      putVector(matrices, { of: ownerKind, slot, vector: first });
      if (ownerKind === 'pattern') return;
      errors.slots.of(slot).forEach((errorSlot, place) => {
        putVector(matrices, { of: 'error', slot: errorSlot, vector: others[place] });
      });
    },
    scored: lendingScores(),
    tidy: () => [episodes.titles, episodes.bodies, errors.terms].some((terms) => terms.tidy()),
    parts: () => [
      ...partsOf(episodes, 'episode'),
      ...episodes.placeAndTime.parts('episode'),
      ...errors.slots.parts('error'),
      ...errors.terms.parts('error-terms'),
      ...VECTORS.filter((of) => of !== 'pattern').flatMap((of) => matrices.get(of)?.parts(`${of}-vectors`) ?? []),
    ],
    async close() {
      await Promise.all([...matrices.values()].map((matrix) => matrix.close()));
    },
  };
}

function episodeUpkeep({
  episodes,
  errors,
  matrices,
}: Omit<Contents, 'patterns'>): Pick<ExperienceIndex, 'putEpisode' | 'deleteEpisode'> {
  function putErrors(slot: number, texts: readonly string[]): void {
    const { gone, given } = errors.slots.give(slot, texts.length);
    for (const old of gone) {
      errors.terms.delete(old);
      matrices.get('error')?.delete(old);
    }
    given.forEach((errorSlot, place) => {
      errors.terms.put(errorSlot, signatureTerms(errorSignature(texts[place] ?? '')));
    });
  }

  return {
    putEpisode(episode, terms) {
      const slot = episodes.slots.give(episode.id);
      putTerms(episodes, slot, terms);
      episodes.placeAndTime.put(slot, episodeFacts(episode));
      putErrors(
        slot,
        embeddedRecoveries(episode).map(({ error }) => error),
      );
    },
    deleteEpisode(id) {
      const slot = episodes.slots.slotOf(id);
      if (slot === undefined) return;
      putErrors(slot, []);
      episodes.placeAndTime.delete(slot);
      deleteFrom(episodes, slot, id);
      matrices.get('episode')?.delete(slot);
    },
  };
}

/** What a model turned down has no vector, and neither has what cannot be compared with the others. */
function putVector(
  matrices: Map<Vectors, VectorMatrix>,
  { of, slot, vector }: { readonly of: Vectors; readonly slot: number; readonly vector: Float32Array | undefined },
): void {
  const searchable = vector !== undefined && isSearchable(vector) ? vector : undefined;
  const matrix = matrices.get(of) ?? (searchable && vectorMatrix({ dimensions: searchable.length }));
  if (matrix === undefined) return;
  matrices.set(of, matrix);
  if (searchable?.length === matrix.dimensions) matrix.put(slot, searchable);
  else matrix.delete(slot);
}

function isSearchable(vector: Float32Array): boolean {
  return vector.length > 0 && vector.length <= LIMITS.vectorDimensions && vector.every(Number.isFinite);
}

/** Scores are made once and lent to one question after the other. */
function lendingScores(): ExperienceIndex['scored'] {
  const free: (readonly [Scores, Scores, Scores])[] = [];
  return (work) => {
    const lent = free.pop() ?? [scores(), scores(), scores()];
    try {
      return work(...lent);
    } finally {
      for (const each of lent) each.clear();
      free.push(lent);
    }
  };
}

function emptySearched(): Searched {
  return { slots: slotTable(), titles: termIndex(), bodies: termIndex() };
}

function unpackedSearched(parts: UnpackedParts, of: string): Searched | undefined {
  const slots = unpackedSlotTable(parts, of);
  const titles = unpackedTermIndex(parts, `${of}-titles`);
  const bodies = unpackedTermIndex(parts, `${of}-bodies`);
  return slots && titles && bodies && { slots, titles, bodies };
}

/** Matrices that were packed; one that holds nothing has no parts. */
function unpackedMatrices(parts: UnpackedParts): Map<Vectors, VectorMatrix> | undefined {
  const matrices = new Map<Vectors, VectorMatrix>();
  for (const of of VECTORS) {
    const prefix = `${of}-vectors`;
    if (![...parts.keys()].some((name) => name.startsWith(prefix))) continue;
    const matrix = unpackedVectorMatrix(parts, prefix);
    if (matrix === undefined) return undefined;
    matrices.set(of, matrix);
  }
  return matrices;
}

function putTerms({ titles, bodies }: Searched, slot: number, terms: IndexTerms): void {
  titles.put(slot, terms.title);
  bodies.put(slot, terms.body);
}

function deleteFrom({ slots, titles, bodies }: Searched, slot: number, id: string): void {
  titles.delete(slot);
  bodies.delete(slot);
  slots.delete(id);
}

function partsOf({ slots, titles, bodies }: Searched, of: string): readonly PackedPart[] {
  return [...slots.parts(of), ...titles.parts(`${of}-titles`), ...bodies.parts(`${of}-bodies`)];
}
