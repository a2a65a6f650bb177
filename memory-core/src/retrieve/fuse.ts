// What the sources of a search say of one candidate, as one number; and when none of them says anything. Pure.

/** What each source found of one candidate. A source that was not asked, or found nothing, is absent. */
export interface Signals {
  /** How well its words answer, 0–1: `documentRelevance`. */
  readonly text?: number | undefined;
  /** The share of what the question says that it says at all, however often and in however long a record, 0–1. */
  readonly held?: number | undefined;
  /** Cosine of its vector with the question's. */
  readonly meaning?: number | undefined;
  /** How alike its errors and the asked one are, 0–1. */
  readonly error?: number | undefined;
  /** How near it is in place, 0–1. */
  readonly place?: number | undefined;
}

/** What is known of an embedder's cosines. */
export interface Calibration {
  /** The cosine that hardly two unrelated texts reach. What lies below says nothing. */
  readonly noise: number;
  /** How far a full cosine is to be believed, 0–1. */
  readonly trust: number;
}

/** What each source contributed, by its name: they sum to the relevance. */
export type Parts = Readonly<Record<string, number>>;

export interface Fused {
  /** 0–1. */
  readonly relevance: number;
  readonly parts: Parts;
}

/** How much a question and what answers it is known to weigh. */
export interface Scale extends Calibration {
  /** How many things were searched. */
  readonly documents: number;
  /** What the question says, in nats: `informationOf` its terms. A text relevance is the share of it that is covered. */
  readonly information: number;
}

/** `trust` of the offline embedder: it sees little that text search does not. */
export const LEXICAL_TRUST = 0.3;

/** `trust` of a model of language: it knows what words mean. */
export const DEFAULT_TRUST = 0.9;

/**
 * Information that, where a text covers all of it, is believed to 1 − 1/e: a handful of rare words. Chance words of a
 * short question stay below what a near vector says, and the many words of a long one stand above it.
 */
const ENOUGH_NATS = 20;
/** Place weighs between candidates and finds none by itself. */
const PLACE_TRUST = 0.1;
/** No witness is beyond all doubt: the logarithm stays finite. */
const SUREST = 0.999;

/**
 * relevance = 1 − Π (1 − sᵢ), the noisy-or (Pearl 1988): each source is a witness that may be right by itself, so a hit
 * of any one of them can win, and what two say counts more than what one says. Text says 1 − e^(−covered nats / 20), so
 * that its shared words are witnesses of their own; a vector says as much as it is trusted above the noise. Witnesses add
 * up in −ln(1 − sᵢ): a part is the source's share of that sum.
 */
export function fuse(signals: Signals, scale: Scale): Fused {
  const said = Object.entries(evidenceIn(signals, scale)).filter(([, amount]) => amount > 0);
  const whole = said.reduce((sum, [, amount]) => sum + amount, 0);
  const relevance = -Math.expm1(-whole);
  return {
    relevance,
    parts: Object.fromEntries(said.map(([source, amount]) => [source, relevance * (amount / whole)])),
  };
}

/** The relevance alone: several times faster than to say who contributed what. */
export function relevanceOf(signals: Signals, scale: Scale): number {
  const { text, meaning, error, place } = evidenceIn(signals, scale);
  return -Math.expm1(-(text + meaning + error + place));
}

function evidenceIn(
  { text = 0, meaning = 0, error = 0, place = 0 }: Signals,
  { noise, trust, information }: Scale,
): Readonly<Record<Exclude<keyof Signals, 'held'>, number>> {
  return {
    text: (text * information) / ENOUGH_NATS,
    meaning: evidenceOf(trust * aboveNoise(meaning, noise)),
    error: evidenceOf(error),
    place: evidenceOf(PLACE_TRUST * place),
  };
}

/** −ln(1 − s): what independent witnesses add up in. */
function evidenceOf(strength: number): number {
  return strength === 0 ? 0 : -Math.log1p(-Math.min(strength, SUREST));
}

/**
 * What text and vector say together, as shares of what they could say, that unrelated things do not reach in a hundred
 * documents or more. Between worlds that have nothing in common, 94 to 99 of 100 questions find less; within one, all
 * find more, or three in four where hardly a word is shared.
 */
const MIN_SHARE = 0.15;
const FULL_DOCUMENTS = 100;
/** Of what a question says. */
const MOST = 0.6;

/**
 * Whether the sources found more in a candidate than unrelated things have in common. Where it holds of no candidate,
 * the answer is that there is none. The best of many chance finds is higher than that of a few, about by the logarithm
 * of how many, so a small memory answers by less. What holds most of what was asked for answers too, be it one word in a
 * long record. Being near in place is no answer.
 */
export function isRelevant(
  { text = 0, held = 0, meaning = 0, error = 0 }: Signals,
  { noise, documents }: Pick<Scale, 'noise' | 'documents'>,
): boolean {
  const share = 1 - (1 - text) * (1 - aboveNoise(meaning, noise));
  const least = MIN_SHARE * Math.min(1, Math.log1p(documents) / Math.log1p(FULL_DOCUMENTS));
  return share >= least || held >= MOST || error > 0;
}

/** How far a cosine stands out of what unrelated texts have, 0–1. */
export function aboveNoise(cosine: number, noise: number): number {
  return Math.max(0, (cosine - noise) / (1 - noise));
}
