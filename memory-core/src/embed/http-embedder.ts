// An embedder behind HTTP: one attempt, its answer checked, and every failure told in our words. What the protocols of
// the providers have in common; deadlines, repetitions and batches are the guard's (`guarded.ts`).
import { throwIfAborted } from '../errors.ts';
import type { Embedder, EmbedOptions } from '../ports/embedder.ts';
import { askProvider, failureBehind, headersWith } from './provider-call.ts';
import { failedEmbedding, type Provider, ProviderFailure } from './provider-failure.ts';
import { unitVectors } from './unit-vectors.ts';

/** How a provider is asked, and what its answers say. */
export interface Protocol {
  readonly provider: Omit<Provider, 'place'>;
  /** As `Embedder.model`. */
  readonly model: string;
  readonly url: URL;
  /** What the provider asks for. */
  readonly key: string | undefined;
  /** How many each vector has; absent: as many as the first one. */
  readonly dimensions: number | undefined;
  readonly maxBatch: number;
  question(texts: readonly string[], purpose: EmbedOptions['purpose']): object;
  /** Nothing where the answer is something else. */
  answer(told: object): Answer | undefined;
}

export interface Answer {
  /** In the order of the texts. */
  readonly vectors: readonly unknown[];
  /** As the provider calls it, where it says so. */
  readonly model?: unknown;
}

/** Sends nothing before the first call. */
export function httpEmbedder(protocol: Protocol): Embedder {
  const provider: Provider = { ...protocol.provider, place: protocol.url.origin };
  const headers = headersWith(protocol.key, provider);
  let { dimensions } = protocol;
  let modelTold: unknown;

  /** One embedder is one function: a provider that changes it under way is not believed. */
  function checked({ vectors: told, model }: Answer, count: number): readonly Float32Array[] {
    const vectors = unitVectors(told, count);
    if (vectors === undefined) throw new ProviderFailure('no vectors');
    const [first] = vectors;
    if (first === undefined) return vectors;
    if (dimensions !== undefined && dimensions !== first.length) {
      throw new ProviderFailure('other vectors', { detail: `${first.length} dimensions, not ${dimensions}` });
    }
    if (modelTold !== undefined && modelTold !== model) throw new ProviderFailure('other vectors');
    dimensions = first.length;
    modelTold = model;
    return vectors;
  }

  return {
    model: protocol.model,
    isRemote: true,
    maxBatch: protocol.maxBatch,
    async embed(texts, { purpose, signal }) {
      throwIfAborted(signal);
      if (texts.length === 0) return [];
      try {
        const body = JSON.stringify(protocol.question(texts, purpose));
        const secrets = { key: protocol.key, texts };
        const told = await askProvider(protocol.url, {
          body,
          headers,
          signal,
          secrets,
          maxAnswerBytes: MAX_ANSWER_BYTES,
        });
        const answer = protocol.answer(told);
        if (answer === undefined) throw new ProviderFailure('no vectors');
        return checked(answer, texts.length);
      } catch (error) {
        throwIfAborted(signal);
        throw failedEmbedding(failureBehind(error), provider);
      }
    },
  };
}

/** More than any answer: the largest batch in the most dimensions, with all digits. */
const MAX_ANSWER_BYTES = 64_000_000;
