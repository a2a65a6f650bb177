// Embeddings of Cohere (`POST /v2/embed`).

import { endpointAt } from '../network/base-url.ts';
import type { Embedder } from '../ports/embedder.ts';
import { type Answer, httpEmbedder } from './http-embedder.ts';
import { fieldOf } from './provider-call.ts';

export interface CohereEmbedderOptions {
  /** None for a host that asks for none. */
  readonly key?: string | undefined;
  /** @default `https://api.cohere.com` */
  readonly baseUrl?: string | undefined;
  /** @default `embed-multilingual-v3.0` */
  readonly model?: string | undefined;
  /** Fewer than the model has, where it can shorten its vectors. @default as many as it has */
  readonly dimensions?: number | undefined;
}

const COHERE_URL = 'https://api.cohere.com';
const COHERE_MODEL = 'embed-multilingual-v3.0';

/** @throws `INVALID_INPUT` for a base URL or a key that cannot be one */
export function cohereEmbedder(options: CohereEmbedderOptions): Embedder {
  const { key, baseUrl = COHERE_URL, model = COHERE_MODEL, dimensions } = options;
  const urlSetting = 'COHERE_BASE_URL';
  return httpEmbedder({
    provider: { name: 'Cohere', model, urlSetting, keySetting: 'COHERE_API_KEY' },
    model: `cohere/${model}${dimensions === undefined ? '' : `/${dimensions}`}`,
    url: endpointAt(baseUrl, { path: '/v2/embed', name: urlSetting }),
    key,
    dimensions,
    maxBatch: MAX_BATCH,
    question: (texts, purpose) => ({
      model,
      texts,
      input_type: `search_${purpose}`,
      embedding_types: ['float'],
      ...(dimensions === undefined ? {} : { output_dimension: dimensions }),
    }),
    answer: answerIn,
  });
}

/** The provider takes no more. */
const MAX_BATCH = 96;

function answerIn(told: object): Answer | undefined {
  const vectors = fieldOf(fieldOf(told, 'embeddings'), 'float');
  return Array.isArray(vectors) ? { vectors } : undefined;
}
