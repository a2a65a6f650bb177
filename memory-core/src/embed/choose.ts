// The embedder that the settings name. What it needs is loaded when it is chosen, and nothing of the others.
import type { Config } from '../config/settings.ts';
import { assertNever } from '../errors.ts';
import type { Embedder } from '../ports/embedder.ts';
import { type GuardOptions, guardedEmbedder } from './guarded.ts';

/**
 * Asks nobody anything before its first call. Nothing: search is by words alone.
 * @throws `INVALID_INPUT` for a key or a URL that cannot be one
 */
export async function embedderOf(values: Config, guard: GuardOptions = {}): Promise<Embedder | undefined> {
  const embedder = await chosenBy(values);
  // One of this process fails and hangs with it.
  return embedder?.isRemote ? guardedEmbedder(embedder, guard) : embedder;
}

async function chosenBy(values: Config): Promise<Embedder | undefined> {
  const model = values.EMBEDDING_MODEL || undefined;
  const shape = { model, dimensions: values.EMBEDDING_DIMENSIONS || undefined };
  switch (values.EMBEDDING_PROVIDER) {
    case 'none':
      return undefined;
    case 'local': {
      const { lexicalEmbedder } = await import('./lexical.ts');
      return lexicalEmbedder();
    }
    case 'openai': {
      const { openaiEmbedder } = await import('./openai.ts');
      const { OPENAI_API_KEY: key, OPENAI_BASE_URL: baseUrl } = values;
      return openaiEmbedder({ ...shape, key: key || undefined, baseUrl: baseUrl || undefined });
    }
    case 'ollama': {
      const { ollamaEmbedder } = await import('./ollama.ts');
      return ollamaEmbedder({ ...shape, baseUrl: values.OLLAMA_BASE_URL || undefined });
    }
    case 'cohere': {
      const { cohereEmbedder } = await import('./cohere.ts');
      const { COHERE_API_KEY: key, COHERE_BASE_URL: baseUrl } = values;
      return cohereEmbedder({ ...shape, key: key || undefined, baseUrl: baseUrl || undefined });
    }
    case 'transformers': {
      const { transformersEmbedder } = await import('./transformers.ts');
      return transformersEmbedder({ model });
    }
    default:
      return assertNever(values.EMBEDDING_PROVIDER);
  }
}
