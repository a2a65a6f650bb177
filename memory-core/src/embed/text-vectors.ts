// Texts to vectors, asking the embedder for each text once: what it answered is kept in this process and in the cache.
import { createHash } from 'node:crypto';
import { isMemoryError, MemoryError, throwIfAborted } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { MemoryCache } from '../ports/cache.ts';
import type { Embedder, EmbedOptions } from '../ports/embedder.ts';
import type { Logger } from '../ports/runtime.ts';
import type { CallOptions } from '../ports/store.ts';

export interface TextVectors {
  /**
   * A vector for each text of documents, in their order; `undefined` for a text that the embedder turns down for good,
   * while it takes others. However many texts there are, no call has more than the embedder takes.
   * @throws `EMBEDDER_FAILED`, `ABORTED`
   */
  embed(texts: readonly string[], options: CallOptions): Promise<readonly (Float32Array | undefined)[]>;

  /**
   * The vector of what is searched with, within `budgetMs`. What comes later is kept for the next time.
   * @throws `EMBEDDER_FAILED`, retryable when the time was over; `ABORTED`
   */
  embedQuery(text: string, options: CallOptions & { readonly budgetMs: number }): Promise<Float32Array>;

  /** Whether the embedder has answered in this process: it need not, where all was known. Nothing of one that runs in it. */
  hasAnswered(): boolean | undefined;

  /** Keeps no vectors of these texts any more. Whoever has the same one pays for it anew. */
  forget(texts: readonly string[]): Promise<void>;
}

export interface TextVectorsOptions {
  readonly embedder: Embedder;
  /** Asked for texts of a remote embedder: the others are faster than it. */
  readonly cache?: MemoryCache | undefined;
  readonly logger: Logger;
}

/** Vectors kept in this process: of 1,536 numbers each, six million bytes. */
const MAX_HELD = 1_000;
/** A text that every embedder takes: where even this one is turned down, the others are not at fault. */
const PLAIN_TEXT = 'test';

export function textVectors(options: TextVectorsOptions): TextVectors {
  let hasAnswered = false;
  const { model, isRemote, maxBatch } = options.embedder;
  const embedder: Embedder = {
    model,
    isRemote,
    maxBatch,
    async embed(texts, call) {
      const vectors = await options.embedder.embed(texts, call);
      hasAnswered = true;
      return vectors;
    },
  };
  const { ready, known, keep, drop } = keptVectors(options);
  const underWay = new Map<string, Promise<Float32Array>>();

  async function fetched(text: string, key: string, options: EmbedOptions): Promise<Float32Array> {
    const [vector] = await asked(embedder, [text], options);
    if (vector === undefined) throw wrongAnswer(embedder, 'it answered without a vector');
    await keep(key, vector);
    return vector;
  }

  return {
    async embed(texts, { signal }) {
      const options = { purpose: 'document', signal } as const;
      const keys = new Map(texts.map((text) => [text, keyOf(embedder, text, options.purpose)]));
      const vectors = new Map<string, Float32Array | undefined>();
      for (const [text, key] of keys) vectors.set(text, await known(key));
      const unknown = [...keys.keys()].filter((text) => vectors.get(text) === undefined);
      for (let start = 0; start < unknown.length; start += embedder.maxBatch) {
        const page = unknown.slice(start, start + embedder.maxBatch);
        const answers = await askedWithoutRefused(embedder, page, options);
        for (const [index, text] of page.entries()) {
          const vector = answers[index];
          vectors.set(text, vector);
          if (vector !== undefined) await keep(keys.get(text) ?? '', vector);
        }
      }
      return texts.map((text) => vectors.get(text));
    },

    async embedQuery(text, { signal, budgetMs }) {
      throwIfAborted(signal);
      const key = keyOf(embedder, text, 'query');
      const vector = ready(key);
      if (vector !== undefined) return vector;
      let answer = underWay.get(key);
      if (answer === undefined) {
        // Whoever gives up leaves it to the others, and to the cache.
        answer = known(key).then((found) => found ?? fetched(text, key, { purpose: 'query' }));
        underWay.set(key, answer);
        const done = (): boolean => underWay.delete(key);
        answer.then(done, done);
      }
      return inTime(answer, { budgetMs, signal, embedder });
    },

    hasAnswered: () => (isRemote ? hasAnswered : undefined),

    async forget(texts) {
      for (const text of new Set(texts)) {
        for (const purpose of ['document', 'query'] as const) await drop(keyOf(embedder, text, purpose));
      }
    },
  };
}

interface KeptVectors {
  /** What this process holds. */
  ready(key: string): Float32Array | undefined;
  /** That, or what is in the cache. */
  known(key: string): Promise<Float32Array | undefined>;
  keep(key: string, vector: Float32Array): Promise<void>;
  drop(key: string): Promise<void>;
}

function keptVectors({ embedder, cache, logger }: TextVectorsOptions): KeptVectors {
  const held = new Map<string, Float32Array>();
  const kept =
    embedder.isRemote && cache !== undefined ? blocksIn(cache, { model: embedder.model, logger }) : undefined;

  function hold(key: string, vector: Float32Array): void {
    held.delete(key);
    held.set(key, vector);
    const [oldest] = held.keys();
    if (held.size > MAX_HELD && oldest !== undefined) held.delete(oldest);
  }

  return {
    ready: (key) => held.get(key),
    async known(key) {
      const vector = held.get(key) ?? (await kept?.read(key));
      if (vector !== undefined) hold(key, vector);
      return vector;
    },
    async keep(key, vector) {
      hold(key, vector);
      await kept?.write(key, vector);
    },
    async drop(key) {
      held.delete(key);
      await kept?.empty(key);
    },
  };
}

async function asked(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<readonly Float32Array[]> {
  throwIfAborted(options.signal);
  const vectors = await embedder.embed(texts, options).catch((cause: unknown) => {
    if (isMemoryError(cause)) throw cause;
    throw new MemoryError('EMBEDDER_FAILED', `The embedder ${embedder.model} failed: ${String(cause)}.`, { cause });
  });
  if (vectors.length !== texts.length) {
    throw wrongAnswer(embedder, `it answered ${vectors.length} vectors for ${texts.length} texts`);
  }
  if (!vectors.every(isUnitVector)) {
    throw wrongAnswer(
      embedder,
      `it answered vectors that are not of length 1, or of more than ${LIMITS.vectorDimensions} numbers`,
    );
  }
  return vectors;
}

/** What can be compared, and searched. */
function isUnitVector(vector: Float32Array): boolean {
  const squares = vector.reduce((sum, value) => sum + value * value, 0);
  return vector.length <= LIMITS.vectorDimensions && Math.abs(squares - 1) < ROUNDING;
}
/** By which the square of a length of 1 may be off in single precision. */
const ROUNDING = 0.01;

/** A refusal may be about one text, or about all there will ever be, as with a wrong key: a plain one tells. */
async function askedWithoutRefused(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<readonly (Float32Array | undefined)[]> {
  try {
    return await asked(embedder, texts, options);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    await asked(embedder, [PLAIN_TEXT], options);
    return halved(embedder, texts, options);
  }
}

/** Of texts that were turned down together, what each comes to. */
async function halved(
  embedder: Embedder,
  texts: readonly string[],
  options: EmbedOptions,
): Promise<readonly (Float32Array | undefined)[]> {
  if (texts.length === 1) return [undefined];
  const middle = Math.ceil(texts.length / 2);
  const answers: (Float32Array | undefined)[] = [];
  for (const half of [texts.slice(0, middle), texts.slice(middle)]) {
    try {
      answers.push(...(await asked(embedder, half, options)));
    } catch (error) {
      if (!isRefusal(error)) throw error;
      answers.push(...(await halved(embedder, half, options)));
    }
  }
  return answers;
}

function isRefusal(error: unknown): boolean {
  return isMemoryError(error) && error.code === 'EMBEDDER_FAILED' && !error.retryable;
}

function wrongAnswer({ model }: Embedder, what: string): MemoryError {
  return new MemoryError('EMBEDDER_FAILED', `The embedder ${model} cannot be used: ${what}. Choose another one.`);
}

function inTime(
  answer: Promise<Float32Array>,
  { budgetMs, signal, embedder }: CallOptions & { readonly budgetMs: number; readonly embedder: Embedder },
): Promise<Float32Array> {
  return new Promise((resolve, reject) => {
    const late = (): void => {
      const what = `The embedder ${embedder.model} did not answer within ${budgetMs} ms`;
      const advice = 'Search again in a moment, or see how it is with "memory-cli health"';
      reject(new MemoryError('EMBEDDER_FAILED', `${what}. ${advice}.`, { retryable: true }));
    };
    const abort = (): void => {
      try {
        throwIfAborted(signal);
      } catch (error) {
        reject(error);
      }
    };
    const timer = setTimeout(late, budgetMs);
    signal?.addEventListener('abort', abort);
    answer.then(resolve, reject).finally(() => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
    });
  });
}

function keyOf({ model }: Embedder, text: string, purpose: EmbedOptions['purpose']): string {
  const digest = createHash('sha256').update(JSON.stringify([model, purpose, text]));
  return `embedding-${digest.digest('hex')}`;
}

interface VectorBlocks {
  read(key: string): Promise<Float32Array | undefined>;
  write(key: string, vector: Float32Array): Promise<void>;
  /** A cache has no way to delete a block: an empty one takes its place. */
  empty(key: string): Promise<void>;
}

/** A cache that fails has nothing: it costs a call of the embedder. */
function blocksIn(
  cache: MemoryCache,
  { model, logger }: { readonly model: string; readonly logger: Logger },
): VectorBlocks {
  const attempt = async <T>(work: () => Promise<T>): Promise<T | undefined> => {
    try {
      return await work();
    } catch (error) {
      logger.debug({ error: String(error) }, 'The cache of vectors failed.');
      return undefined;
    }
  };
  return {
    async read(key) {
      const block = await attempt(() => cache.getBlock(key));
      if (block === undefined || block.mark !== model) return undefined;
      const { bytes } = block;
      const isWhole = bytes.length > 0 && bytes.length % Float32Array.BYTES_PER_ELEMENT === 0;
      return isWhole ? new Float32Array(Uint8Array.from(bytes).buffer) : undefined;
    },
    async write(key, { buffer, byteOffset, byteLength }) {
      await attempt(() => cache.setBlock(key, { mark: model, bytes: new Uint8Array(buffer, byteOffset, byteLength) }));
    },
    async empty(key) {
      const block = await attempt(() => cache.getBlock(key));
      if (block === undefined || block.bytes.length === 0) return;
      await attempt(() => cache.setBlock(key, { mark: model, bytes: new Uint8Array(0) }));
    },
  };
}
