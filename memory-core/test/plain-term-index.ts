// Which slots hold which words, and how well they answer a few of them: the inverted index of one field. Pure, but for itself.
import { idf, saturation } from './bm25.ts';
import type { PackedPart, UnpackedParts } from './packed-part.ts';
import type { Scores } from './scores.ts';
import { hasSlot, type SlotSet } from './slot-set.ts';

export interface WeightedTerm {
  readonly term: string;
  /** Above 0. */
  readonly weight: number;
}

export interface TermQuestion {
  readonly scores: Scores;
  /** Only these slots are scored. What a term says of itself is counted over all. */
  readonly among?: SlotSet | undefined;
  /** Entries of the index read at most; the rarest term is read in any case. @default 2,000,000 */
  readonly maxPostings?: number | undefined;
}

export interface TermIndex {
  /** Documents in it. */
  readonly documents: number;
  /** What the slot says, in place of what it said. Repeats count as frequency. Slots are dense: memory goes by the highest. */
  put(slot: number, terms: readonly string[]): void;
  delete(slot: number): void;
  has(slot: number): boolean;
  /** How many documents hold the term. Exact. */
  frequencyOf(term: string): number;
  /** Adds weight · idf · saturation (`bm25.ts`) of each term to the slots that hold it, rarest terms first; answers those left out. */
  score(terms: readonly WeightedTerm[], question: TermQuestion): { readonly leftOut: readonly string[] };
  /** The terms of a slot that tell most (frequency · idf), best first: 12 at most. */
  tellingTerms(slot: number, count: number): readonly WeightedTerm[];
  /** Does a piece of the upkeep that is due, a few milliseconds at most, and answers whether more is. Each `put` does its share too. */
  tidy(): boolean;
  /** All of it as bytes that stay as they are. A part whose name and revision were seen before has the same bytes. */
  parts(prefix: string): readonly PackedPart[];
}

export function termIndex(): TermIndex {
  return indexOver(new Map());
}

/** The index that was packed into these parts; `undefined` where they are not such parts. Their bytes must stay as they are. */
export function unpackedTermIndex(parts: UnpackedParts, prefix: string): TermIndex | undefined {
  const bytes = parts.get(`${prefix}-head`);
  if (bytes === undefined) return undefined;
  try {
    const known: readonly (readonly [number, readonly string[]])[] = JSON.parse(new TextDecoder().decode(bytes));
    return indexOver(new Map(known));
  } catch {
    return undefined;
  }
}

function indexOver(documents: Map<number, readonly string[]>): TermIndex {
  let revision = documents.size;
  const frequencyOf = (term: string): number => [...documents.values()].filter((terms) => terms.includes(term)).length;
  const countIn = (terms: readonly string[], wanted: string): number => terms.filter((term) => term === wanted).length;
  return {
    get documents() {
      return documents.size;
    },
    put(slot, terms) {
      documents.set(slot, terms);
      revision += 1;
    },
    delete(slot) {
      documents.delete(slot);
      revision += 1;
    },
    has: (slot) => documents.has(slot),
    frequencyOf,
    score(terms, { scores, among }) {
      const length = [...documents.values()].reduce((sum, { length }) => sum + length, 0) / documents.size;
      for (const { term, weight } of terms) {
        const factor = weight * idf(documents.size, frequencyOf(term));
        for (const [slot, said] of documents) {
          const frequency = countIn(said, term);
          if (frequency === 0 || (among !== undefined && !hasSlot(among, slot))) continue;
          scores.add(slot, factor * saturation(frequency, said.length, length));
        }
      }
      return { leftOut: [] };
    },
    tellingTerms(slot, count) {
      const said = documents.get(slot) ?? [];
      return [...new Set(said)]
        .map((term) => ({ term, weight: countIn(said, term) * idf(documents.size, frequencyOf(term)) }))
        .sort((a, b) => b.weight - a.weight)
        .slice(0, Math.min(count, 12));
    },
    tidy: () => false,
    parts(prefix) {
      const bytes = new TextEncoder().encode(JSON.stringify([...documents]));
      return [{ name: `${prefix}-head`, revision, bytes: () => bytes }];
    },
  };
}
