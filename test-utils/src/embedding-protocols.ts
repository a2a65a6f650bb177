// How servers of embeddings are asked and how they answer, as their documentation says: what a request must have, what
// is said of one that lacks it, and the form of an answer. Nothing here knows of vectors.

export type EmbeddingProtocol = 'openai' | 'ollama' | 'cohere';

/** What a server has. */
export interface Offer {
  readonly model: string;
  readonly dimensions: number;
  /** Longest text, in tokens. */
  readonly contextTokens: number;
}

export interface Question {
  readonly texts: readonly string[];
  /** How many numbers each vector should have. */
  readonly dimensions: number;
}

export interface Refusal {
  readonly status: number;
  readonly body: object;
}

export interface Protocol {
  readonly path: string;
  /** Whether it is right, and what is asked. */
  read(body: Readonly<Record<string, unknown>>, offer: Offer): Question | Refusal;
  answer(vectors: readonly unknown[], model: string): object;
  refusal(status: number, message: string): Refusal;
}

export function isRefusal(read: Question | Refusal): read is Refusal {
  return 'status' in read;
}

/** A rough count, which is enough for a limit: some four bytes are a token. */
function tokensOf(text: string): number {
  return Math.ceil(Buffer.byteLength(text) / 4);
}

function unknownField(body: object, known: readonly string[]): string | undefined {
  return Object.keys(body).find((name) => !known.includes(name));
}

function isListOfTexts(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.length > 0 && value.every((text) => typeof text === 'string');
}

function isDimensions(value: unknown, most: number): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value <= most;
}

const openai: Protocol = {
  path: '/v1/embeddings',
  read(body, { model, dimensions, contextTokens }) {
    const { model: asked, input, dimensions: wanted = dimensions } = body;
    const stray = unknownField(body, ['model', 'input', 'dimensions', 'encoding_format', 'user']);
    if (stray !== undefined) return openai.refusal(400, `Unknown argument: ${stray}`);
    if (typeof asked !== 'string') return openai.refusal(400, 'A model has to be named.');
    if (asked !== model) return openai.refusal(404, `The model \`${asked}\` does not exist.`);
    const texts = typeof input === 'string' ? [input] : input;
    if (!isListOfTexts(texts) || texts.length > 2_048) return openai.refusal(400, "'input' is not valid.");
    if (texts.some((text) => text === '')) return openai.refusal(400, "'input' has an empty text.");
    const longest = Math.max(...texts.map(tokensOf));
    if (longest > contextTokens) {
      return openai.refusal(400, `The maximum context length is ${contextTokens} tokens; there are ${longest}.`);
    }
    if (texts.reduce((sum, text) => sum + tokensOf(text), 0) > 300_000) {
      return openai.refusal(400, 'There are more than 300000 tokens in the request.');
    }
    if (!isDimensions(wanted, dimensions)) return openai.refusal(400, "'dimensions' is not valid.");
    return { texts, dimensions: wanted };
  },
  answer: (vectors, model) => ({
    object: 'list',
    // In any order: each says of which text it is.
    data: vectors.map((embedding, index) => ({ object: 'embedding', index, embedding })).reverse(),
    model,
    usage: { prompt_tokens: 0, total_tokens: 0 },
  }),
  refusal: (status, message) => ({
    status,
    body: { error: { message, type: 'invalid_request_error', param: null, code: null } },
  }),
};

const ollama: Protocol = {
  path: '/api/embed',
  read(body, { model, dimensions, contextTokens }) {
    const { model: asked, input, truncate = true, dimensions: wanted = dimensions } = body;
    if (typeof asked !== 'string' || asked === '') return ollama.refusal(400, 'model is required');
    if (asked !== model && asked !== `${model}:latest`) {
      return ollama.refusal(404, `model "${asked}" not found, try pulling it first`);
    }
    const texts = typeof input === 'string' ? [input] : input;
    if (!isListOfTexts(texts)) return ollama.refusal(400, 'invalid input type');
    if (truncate !== true && texts.some((text) => tokensOf(text) > contextTokens)) {
      return ollama.refusal(400, 'the input length exceeds the context length');
    }
    if (!isDimensions(wanted, dimensions)) return ollama.refusal(400, 'dimensions is not valid');
    return { texts, dimensions: wanted };
  },
  answer: (embeddings, model) => ({ model, embeddings, total_duration: 1, load_duration: 1, prompt_eval_count: 1 }),
  refusal: (status, error) => ({ status, body: { error } }),
};

const cohere: Protocol = {
  path: '/v2/embed',
  read(body, { model, dimensions }) {
    const { model: asked, texts, input_type, embedding_types, output_dimension: wanted = dimensions } = body;
    if (typeof asked !== 'string') return cohere.refusal(400, 'model is required');
    if (asked !== model) return cohere.refusal(404, `model '${asked}' not found`);
    if (!['search_document', 'search_query', 'classification', 'clustering'].includes(String(input_type))) {
      return cohere.refusal(400, 'input_type is not valid');
    }
    if (!isListOfTexts(texts)) return cohere.refusal(400, 'texts has to be a list of texts');
    if (texts.length > 96) return cohere.refusal(400, 'there are more than 96 texts');
    if (texts.some((text) => text === '')) return cohere.refusal(400, 'a text is empty');
    if (!Array.isArray(embedding_types) || embedding_types.join() !== 'float') {
      return cohere.refusal(400, 'embedding_types is not valid');
    }
    if (!isDimensions(wanted, dimensions)) return cohere.refusal(400, 'output_dimension is not valid');
    return { texts, dimensions: wanted };
  },
  answer: (vectors) => ({
    id: '00000000-0000-4000-8000-000000000000',
    embeddings: { float: vectors },
    texts: [],
    meta: { api_version: { version: '2' }, billed_units: { input_tokens: 1 } },
    response_type: 'embeddings_by_type',
  }),
  refusal: (status, message) => ({ status, body: { id: '00000000-0000-4000-8000-000000000000', message } }),
};

export const EMBEDDING_PROTOCOLS: Readonly<Record<EmbeddingProtocol, Protocol>> = { openai, ollama, cohere };
