// What the sources of a search say of one candidate, as one number. Pure.

/** What each source found of one candidate. A source that was not asked, or found nothing, is absent. */
export interface Signals {
  /** How well its words answer, 0–1. */
  readonly text?: number | undefined;
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
}

export interface Fused {
  /** 0–1. */
  readonly relevance: number;
  /** What each source contributed, by its name. They sum to the relevance. */
  readonly parts: Readonly<Record<string, number>>;
}

/**
 * relevance = 1 − Π (1 − sᵢ), the noisy-or (Pearl 1988): each source is a witness that may be right by itself, so a hit
 * of any one of them can win, and what two of them say counts more than what one says. A part is the source's share
 * of −Σ ln(1 − sᵢ), which is what the witnesses add up in.
 */
export function fuse(signals: Signals, { noise }: Calibration): Fused {
  const witnesses: Readonly<Record<string, number>> = {
    text: signals.text ?? 0,
    meaning: aboveNoise(signals.meaning ?? 0, noise),
    error: signals.error ?? 0,
    place: signals.place ?? 0,
  };
  const said = Object.entries(witnesses)
    .filter(([, strength]) => strength > 0)
    .map(([source, strength]) => [source, -Math.log(1 - Math.min(strength, SUREST))] as const);
  const whole = said.reduce((sum, [, evidence]) => sum + evidence, 0);
  const relevance = 1 - Math.exp(-whole);
  return {
    relevance,
    parts: Object.fromEntries(said.map(([source, evidence]) => [source, (relevance * evidence) / whole])),
  };
}

/** No witness is beyond all doubt: the logarithm stays finite. */
const SUREST = 0.999;

/** How far a cosine stands out of what unrelated texts have, 0–1. */
export function aboveNoise(cosine: number, noise: number): number {
  return Math.max(0, (cosine - noise) / (1 - noise));
}
