// What turns text into vectors must do. Providers over a network fail and hang: `guarded` in `embed/` stands before them.
import type { CallOptions } from './store.ts';

/** Turns texts into vectors. */
export interface Embedder {
  /**
   * Names the function from text to vector: provider, model and version, as in `lexical/1` or
   * `openai/text-embedding-3-small`. It is stored with each vector; vectors of two names are never compared.
   */
  readonly model: string;

  /** Whether a call costs money, time of another machine, or may hang: then two processes must not do the same work. */
  readonly isRemote: boolean;

  /** The cosine that hardly two texts reach that have nothing to do with each other, where that is known. */
  readonly noise?: number | undefined;

  /** How far a full cosine is to be believed, 0–1. @default 0.9 */
  readonly trust?: number | undefined;

  /** Texts taken in one call, at most. */
  readonly maxBatch: number;

  /**
   * One vector of length 1 for each text, in their order, all of one dimension. The same text gives the same vector.
   * @throws `EMBEDDER_FAILED`, retryable or not; `ABORTED`
   */
  embed(texts: readonly string[], options: EmbedOptions): Promise<readonly Float32Array[]>;

  /** Lets go of what it holds. Idempotent. */
  close?(): Promise<void>;
}

/** What the vectors are for, and a way to give up. */
export interface EmbedOptions extends CallOptions {
  /** Some models turn what is searched and what it is searched with into vectors in two ways. */
  readonly purpose: 'document' | 'query';
}
