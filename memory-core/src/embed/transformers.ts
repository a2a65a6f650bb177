// Embeddings of a neural model in this process, by `@huggingface/transformers`: a package that whoever wants it installs
// beside ours. Package and model are loaded at the first call; the model is downloaded where it is not there yet.
import { MemoryError, throwIfAborted } from '../errors.ts';
import type { Embedder } from '../ports/embedder.ts';
import { fieldOf } from './provider-call.ts';
import { taskPrefix } from './task-prefix.ts';
import { unitVectors } from './unit-vectors.ts';

export interface TransformersEmbedderOptions {
  /** As its hub calls it. @default `Xenova/all-MiniLM-L6-v2` */
  readonly model?: string | undefined;
  /** Gives the package. @default it is imported */
  readonly load?: (() => Promise<unknown>) | undefined;
}

const TRANSFORMERS_MODEL = 'Xenova/all-MiniLM-L6-v2';
const PACKAGE: string = '@huggingface/transformers';

/** Nothing is loaded before the first call. */
export function transformersEmbedder(options: TransformersEmbedderOptions = {}): Embedder {
  // A name that is not written out: no bundler looks for a package that may not be there.
  const { model = TRANSFORMERS_MODEL, load = () => import(PACKAGE) } = options;
  const prefix = taskPrefix(model);
  let opening: Promise<Extractor> | undefined;

  /** One that failed is tried anew: the package may have been installed, or the network be there again. */
  function extractor(): Promise<Extractor> {
    opening ??= openExtractor(load, model);
    opening.catch(() => {
      opening = undefined;
    });
    return opening;
  }

  return {
    model: `transformers/${model}`,
    // Its first call may be a download, and each is work for seconds: worth to be done by one process only.
    isRemote: true,
    maxBatch: MAX_BATCH,
    async embed(texts, { purpose, signal }) {
      throwIfAborted(signal);
      if (texts.length === 0) return [];
      const extract = await extractor();
      throwIfAborted(signal);
      const vectors = await vectorsBy(
        extract,
        texts.map((text) => prefix[purpose] + text),
      );
      if (vectors === undefined) {
        throw failed(`"${model}" gave no vector for each text`, { advice: 'Set EMBEDDING_MODEL to one that does' });
      }
      return vectors;
    },
    async close() {
      const open = await opening?.catch(() => undefined);
      opening = undefined;
      await open?.dispose();
    },
  };
}

/** Each batch holds up the event loop while it is put into tokens. */
const MAX_BATCH = 16;

interface Extractor {
  run(texts: readonly string[]): Promise<unknown>;
  dispose(): Promise<void>;
}

async function openExtractor(load: () => Promise<unknown>, model: string): Promise<Extractor> {
  const pipeline = fieldOf(await loaded(load), 'pipeline');
  if (!isFunction(pipeline)) {
    throw failed(`${PACKAGE} has no "pipeline"`, { advice: `Install version 3 or newer: npm install ${PACKAGE}` });
  }
  try {
    const extract = await pipeline('feature-extraction', model);
    if (!isFunction(extract)) throw new TypeError(`${PACKAGE} gave no pipeline`);
    return {
      // Mean of the tokens, brought to length 1: as models for sentences are trained.
      run: async (texts) => extract(texts, { pooling: 'mean', normalize: true }),
      async dispose() {
        const dispose = fieldOf(extract, 'dispose');
        if (isFunction(dispose)) await Reflect.apply(dispose, extract, []);
      },
    };
  } catch (cause) {
    const advice = 'See that EMBEDDING_MODEL is one for "feature-extraction" and, where it is new, that you are online';
    throw failed(`The model "${model}" could not be loaded`, { advice, cause, retryable: true });
  }
}

async function loaded(load: () => Promise<unknown>): Promise<unknown> {
  try {
    return await load();
  } catch (cause) {
    const what = `${PACKAGE} could not be loaded, which EMBEDDING_PROVIDER=transformers needs`;
    throw failed(what, { advice: `Install it beside this program: npm install ${PACKAGE}`, cause });
  }
}

/** A tensor: all numbers in one row, and how they are divided. */
async function vectorsBy(extract: Extractor, texts: readonly string[]): Promise<readonly Float32Array[] | undefined> {
  const tensor = await extract.run(texts);
  const [data, dims] = [fieldOf(tensor, 'data'), fieldOf(tensor, 'dims')];
  if (!(data instanceof Float32Array) || !Array.isArray(dims) || dims.length !== 2) return undefined;
  const [rows, columns]: readonly unknown[] = dims;
  if (rows !== texts.length || typeof columns !== 'number' || data.length !== rows * columns) return undefined;
  return unitVectors(
    texts.map((_, row) => data.subarray(row * columns, (row + 1) * columns)),
    texts.length,
  );
}

function isFunction(value: unknown): value is (...inputs: readonly unknown[]) => unknown {
  return typeof value === 'function';
}

interface Reason {
  readonly advice: string;
  readonly cause?: unknown;
  readonly retryable?: boolean;
}

function failed(what: string, { advice, cause, retryable = false }: Reason): MemoryError {
  return new MemoryError('EMBEDDER_FAILED', `${what}. ${advice}.`, { cause, retryable });
}
