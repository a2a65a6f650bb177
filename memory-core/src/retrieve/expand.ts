// A second question from the answers to the first: attempts at one task share rare words even where their tasks were
// told in others. Pure.

export interface WeightedTerm {
  readonly term: string;
  readonly weight: number;
}

/** A document of the first answer. */
export interface Seed {
  /** 0–1. */
  readonly relevance: number;
  /** What it says that others do not, with weights above 0. */
  readonly terms: readonly WeightedTerm[];
}

/** Documents that lend terms. */
export const MAX_SEEDS = 3;
/** Terms added to a question. */
const MAX_TERMS = 16;

/**
 * Terms to add to the asked ones (weight 1 each), the strongest first, none of them asked already. RM3 (Abdul-Jaleel
 * et al. 2004): the weight of a term is its share of what its document says, times the document's relevance.
 */
export function expansionTerms(seeds: readonly Seed[], asked: readonly string[]): readonly WeightedTerm[] {
  const known = new Set(asked);
  const weights = new Map<string, number>();
  for (const { relevance, terms } of seeds.slice(0, MAX_SEEDS)) {
    const whole = terms.reduce((sum, { weight }) => sum + weight, 0);
    for (const { term, weight } of terms) {
      if (!known.has(term)) weights.set(term, (weights.get(term) ?? 0) + (relevance * weight) / whole);
    }
  }
  return [...weights]
    .map(([term, weight]) => ({ term, weight }))
    .sort((a, b) => b.weight - a.weight || (a.term < b.term ? -1 : 1))
    .slice(0, MAX_TERMS);
}
