// Embeddings of a model that Ollama runs (`POST /api/embed`), on this machine unless told otherwise.

import { endpointAt } from '../network/base-url.ts';
import type { Embedder } from '../ports/embedder.ts';
import { type Answer, httpEmbedder } from './http-embedder.ts';
import { fieldOf } from './provider-call.ts';
import { taskPrefix } from './task-prefix.ts';

export interface OllamaEmbedderOptions {
  /** @default `http://127.0.0.1:11434` */
  readonly baseUrl?: string | undefined;
  /** @default `nomic-embed-text` */
  readonly model?: string | undefined;
  /** Fewer than the model has, where it can shorten its vectors. @default as many as it has */
  readonly dimensions?: number | undefined;
}

const OLLAMA_URL = 'http://127.0.0.1:11434';
const OLLAMA_MODEL = 'nomic-embed-text';

/** @throws `INVALID_INPUT` for a base URL that cannot be one */
export function ollamaEmbedder(options: OllamaEmbedderOptions = {}): Embedder {
  const { baseUrl = OLLAMA_URL, model = OLLAMA_MODEL, dimensions } = options;
  const urlSetting = 'OLLAMA_BASE_URL';
  const prefix = taskPrefix(model);
  return httpEmbedder({
    provider: {
      name: 'Ollama',
      model,
      urlSetting,
      keySetting: undefined,
      howToStart: `See that Ollama runs (ollama serve) and that ${urlSetting} is right`,
      howToGetModel: `Get it with: ollama pull ${model}`,
    },
    model: `ollama/${model}${dimensions === undefined ? '' : `/${dimensions}`}`,
    url: endpointAt(baseUrl, { path: '/api/embed', name: urlSetting }),
    key: undefined,
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

/** It takes any number, and works on them one after the other: more would only take longer than a deadline. */
const MAX_BATCH = 32;

function answerIn(told: object): Answer | undefined {
  const vectors = fieldOf(told, 'embeddings');
  return Array.isArray(vectors) ? { vectors, model: fieldOf(told, 'model') } : undefined;
}
