// An embedder for tests: the same text gives the same vector, texts with words in common similar ones, and it fails as it
// is told.
import { createHash } from 'node:crypto';
import type { Embedder, EmbedOptions } from '@episodica/memory-core/ports';

export interface FakeEmbedderOptions {
  /** @default 'fake/1' */
  readonly model?: string;
  /** @default 16 */
  readonly dimensions?: number;
  /** @default false */
  readonly isRemote?: boolean;
  /** @default 32 */
  readonly maxBatch?: number;
  /** `unknown`: it is measured. @default 0.3 */
  readonly noise?: number | 'unknown';
  /** Words that mean the same as others, by word. */
  readonly synonyms?: Readonly<Record<string, string>>;
  /** Awaited before each answer: may wait, and what it throws is what the call fails with. */
  before?(texts: readonly string[], options: EmbedOptions): unknown;
}

export interface FakeEmbedder extends Embedder {
  /** The texts of each call that began, also of those that failed. */
  readonly calls: readonly (readonly string[])[];
}

export function fakeEmbedder(options: FakeEmbedderOptions = {}): FakeEmbedder {
  const {
    model = 'fake/1',
    dimensions = 16,
    isRemote = false,
    maxBatch = 32,
    noise = 0.3,
    synonyms = {},
    before,
  } = options;
  const calls: (readonly string[])[] = [];
  return {
    model,
    isRemote,
    maxBatch,
    noise: noise === 'unknown' ? undefined : noise,
    calls,
    async embed(texts, call) {
      calls.push(texts);
      await before?.(texts, call);
      return texts.map((text) => vectorOf(text, { model, dimensions, synonyms }));
    },
  };
}

/** The sum of a direction for each word, at length 1. */
function vectorOf(
  text: string,
  {
    model,
    dimensions,
    synonyms,
  }: { readonly model: string; readonly dimensions: number; readonly synonyms: Readonly<Record<string, string>> },
): Float32Array {
  const sum = new Float32Array(dimensions);
  for (const word of text.toLowerCase().match(/[\p{L}\p{N}]+/gu) ?? ['']) {
    const digest = createHash('shake256', { outputLength: dimensions }).update(`${model} ${synonyms[word] ?? word}`);
    for (const [index, byte] of digest.digest().entries()) sum[index] = (sum[index] ?? 0) + byte - 127.5;
  }
  const length = Math.hypot(...sum);
  return sum.map((value) => value / length);
}
