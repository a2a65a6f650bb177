// Embeddings of OpenAI, and of everything that speaks as it does (`POST /v1/embeddings`).

import { endpointAt } from '../network/base-url.ts';
import type { Embedder } from '../ports/embedder.ts';
import { type Answer, httpEmbedder } from './http-embedder.ts';
import { fieldOf } from './provider-call.ts';
import { taskPrefix } from './task-prefix.ts';

export interface OpenaiEmbedderOptions {
  /** None for a host that asks for none. */
  readonly key?: string | undefined;
  /** With the version in its path. @default `https://api.openai.com/v1` */
  readonly baseUrl?: string | undefined;
  /** @default `text-embedding-3-small` */
  readonly model?: string | undefined;
  /** Fewer than the model has, where it can shorten its vectors. @default as many as it has */
  readonly dimensions?: number | undefined;
}

const OPENAI_URL = 'https://api.openai.com/v1';
const OPENAI_MODEL = 'text-embedding-3-small';

/** @throws `INVALID_INPUT` for a base URL or a key that cannot be one */
export function openaiEmbedder(options: OpenaiEmbedderOptions): Embedder {
  const { key, baseUrl = OPENAI_URL, model = OPENAI_MODEL, dimensions } = options;
  const urlSetting = 'OPENAI_BASE_URL';
  const prefix = taskPrefix(model);
  return httpEmbedder({
    provider: { name: 'OpenAI', model, urlSetting, keySetting: 'OPENAI_API_KEY' },
    model: `openai/${model}${dimensions === undefined ? '' : `/${dimensions}`}`,
    url: endpointAt(baseUrl, { path: '/embeddings', name: urlSetting }),
    key,
    dimensions,
    maxBatch: MAX_BATCH,
    question: (texts, purpose) => ({
      model,
      input: texts.map((text) => prefix[purpose] + text),
      ...(dimensions === undefined ? {} : { dimensions }),
    }),
    answer: answerIn,
  });
}

/** The provider takes 2,048; an answer of that many would be tens of megabytes. */
const MAX_BATCH = 256;

/** Each vector says which text it is of. */
function answerIn(told: object): Answer | undefined {
  const data = fieldOf(told, 'data');
  if (!Array.isArray(data)) return undefined;
  const vectors: unknown[] = new Array(data.length).fill(undefined);
  for (const [place, item] of data.entries()) {
    // Some hosts leave it out, and answer in order.
    const index = fieldOf(item, 'index') ?? place;
    if (typeof index !== 'number' || !(index in vectors) || vectors[index] !== undefined) return undefined;
    vectors[index] = fieldOf(item, 'embedding');
  }
  return { vectors, model: fieldOf(told, 'model') };
}
