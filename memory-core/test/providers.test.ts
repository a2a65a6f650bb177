// Embedders over HTTP, against real servers on this machine that speak as the providers do.
import { inspect } from 'node:util';
import { type EmbeddingServer, type EmbeddingServerOptions, startEmbeddingServer } from '@episodica/test-utils';
import { afterEach, describe, expect, test } from 'vitest';
import { openaiEmbedder } from '../src/embed/openai.ts';

const KEY = 'sk-test-0123456789abcdef';
const SYNONYMS = [
  ['login', 'authentication', 'signin'],
  ['broken', 'fails', 'defect'],
];

const servers: EmbeddingServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serverOf(options: Partial<EmbeddingServerOptions> = {}): Promise<EmbeddingServer> {
  const server = await startEmbeddingServer({ protocol: 'openai', synonyms: SYNONYMS, ...options });
  servers.push(server);
  return server;
}

const dot = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

describe('OpenAI', () => {
  test('gives vectors of length 1 in the order of the texts, near where the meaning is [EM-02]', async () => {
    const server = await serverOf({ token: KEY });
    const embedder = openaiEmbedder({ baseUrl: `${server.url}/v1`, key: KEY, model: 'test-model' });
    const texts = ['the login is broken', 'authentication fails', 'a recipe for bread'];
    const vectors = await embedder.embed(texts, { purpose: 'document' });
    expect(vectors.map((vector) => dot(vector, vector))).toEqual(texts.map(() => expect.closeTo(1, 5)));
    expect(dot(vectors[0], vectors[1])).toBeGreaterThan(dot(vectors[0], vectors[2]) + 0.2);
    const [alone] = await embedder.embed(['a recipe for bread'], { purpose: 'query' });
    expect(alone).toEqual(vectors[2]);
    expect(embedder.model).toBe('openai/test-model');
  });

  test('a key that is refused is told, and is not in what is told [EM-02]', async () => {
    const server = await serverOf({ token: 'another' });
    const embedder = openaiEmbedder({ baseUrl: `${server.url}/v1`, key: KEY, model: 'test-model' });
    const error = await embedder.embed(['x'], { purpose: 'query' }).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: false });
    expect(String(error)).toContain('Set OPENAI_API_KEY to a key that is valid');
    expect(inspect(error, { depth: 9, showHidden: true })).not.toContain(KEY);
  });
});
