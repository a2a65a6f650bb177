// The server of embeddings for tests refuses what the real ones refuse, and its vectors have to do with meaning.
import { afterEach, describe, expect, test } from 'vitest';
import { type EmbeddingServer, type EmbeddingServerOptions, startEmbeddingServer } from '../src/embedding-server.ts';

const servers: EmbeddingServer[] = [];
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
});

async function serverOf(options: EmbeddingServerOptions): Promise<EmbeddingServer> {
  const server = await startEmbeddingServer({ model: 'm', dimensions: 32, ...options });
  servers.push(server);
  return server;
}

interface Asked {
  readonly path: string;
  readonly body: object;
  readonly key?: string;
}

async function ask(server: EmbeddingServer, { path, body, key }: Asked): Promise<{ status: number; told: unknown }> {
  const headers = key === undefined ? {} : { authorization: `Bearer ${key}` };
  const response = await fetch(`${server.url}${path}`, { method: 'POST', body: JSON.stringify(body), headers });
  return { status: response.status, told: await response.json() };
}

const OPENAI = '/v1/embeddings';
const OLLAMA = '/api/embed';
const COHERE = '/v2/embed';
const asked = { model: 'm', texts: ['a'], input_type: 'search_query', embedding_types: ['float'] };

describe('what is asked', () => {
  test.each([
    [OPENAI, { model: 'm', input: ['a', 'b'] }, 200],
    ['/embeddings', { model: 'm', input: 'a' }, 404],
    [OPENAI, { model: 'other', input: 'a' }, 404],
    [OPENAI, { input: 'a' }, 400],
    [OPENAI, { model: 'm', input: [] }, 400],
    [OPENAI, { model: 'm', input: [''] }, 400],
    [OPENAI, { model: 'm', input: 'a', truncate: true }, 400],
    [OPENAI, { model: 'm', input: 'a', dimensions: 33 }, 400],
    [OPENAI, { model: 'm', input: 'a'.repeat(8_192 * 4 + 1) }, 400],
    [OPENAI, { model: 'm', input: Array.from({ length: 2_049 }, () => 'a') }, 400],
    [OPENAI, { model: 'm', input: Array.from({ length: 40 }, () => 'a'.repeat(32_000)) }, 400],
  ])('is answered as OpenAI does: %s, case %# [EM-02]', async (path, body, status) => {
    const server = await serverOf({ protocol: 'openai' });
    const { status: answered, told } = await ask(server, { path, body });
    expect(answered).toBe(status);
    const failure = { error: { message: expect.any(String) } };
    expect(told).toMatchObject(status === 200 ? { data: [{ index: 1 }, { index: 0 }], model: 'm' } : failure);
  });

  test.each([
    [OLLAMA, { model: 'm', input: ['a', ''] }, 200],
    [OLLAMA, { model: 'm:latest', input: 'a'.repeat(100_000) }, 200],
    [OLLAMA, { model: 'm', input: 'a'.repeat(100_000), truncate: false }, 400],
    ['/api/embeddings', { model: 'm', input: 'a' }, 404],
    [OLLAMA, { model: 'other', input: 'a' }, 404],
    [OLLAMA, { input: 'a' }, 400],
    [OLLAMA, { model: 'm', input: 7 }, 400],
  ])('is answered as Ollama does: %s, case %# [EM-02]', async (path, body, status) => {
    const server = await serverOf({ protocol: 'ollama' });
    const { status: answered, told } = await ask(server, { path, body });
    expect(answered).toBe(status);
    expect(told).toMatchObject(status === 200 ? { embeddings: expect.any(Array) } : { error: expect.any(String) });
  });

  test.each([
    [COHERE, asked, 200],
    ['/v1/embed', asked, 404],
    [COHERE, { ...asked, model: 'other' }, 404],
    [COHERE, { ...asked, input_type: undefined }, 400],
    [COHERE, { ...asked, embedding_types: undefined }, 400],
    [COHERE, { ...asked, texts: [''] }, 400],
    [COHERE, { ...asked, texts: Array.from({ length: 97 }, () => 'a') }, 400],
  ])('is answered as Cohere does: %s, case %# [EM-02]', async (path, body, status) => {
    const server = await serverOf({ protocol: 'cohere' });
    const { status: answered, told } = await ask(server, { path, body });
    expect(answered).toBe(status);
    const success = { embeddings: { float: [expect.any(Array)] } };
    expect(told).toMatchObject(status === 200 ? success : { message: expect.any(String) });
  });

  test('is answered to who has the key alone [EM-02]', async () => {
    const server = await serverOf({ protocol: 'openai', token: 'right' });
    const body = { model: 'm', input: 'a' };
    expect(await ask(server, { path: OPENAI, body })).toMatchObject({ status: 401 });
    expect(await ask(server, { path: OPENAI, body, key: 'wrong' })).toMatchObject({ status: 401 });
    expect(await ask(server, { path: OPENAI, body, key: 'right' })).toMatchObject({ status: 200 });
    expect({ requests: server.requestCount, texts: server.textCount }).toEqual({ requests: 3, texts: 1 });
  });
});

test('a synonym is the same direction, another word and another model are others [EM-02]', async () => {
  const server = await serverOf({ protocol: 'ollama', synonyms: [['login', 'signin']] });
  const vectorOf = async (text: string): Promise<unknown> =>
    (await ask(server, { path: OLLAMA, body: { model: 'm', input: text } })).told;
  const first = await vectorOf('login');
  expect(await vectorOf('signin')).toEqual(first);
  expect(await vectorOf('bread')).not.toEqual(first);
  server.faults = (question) => (question === 1 ? 'model' : 'none');
  expect(await vectorOf('login')).not.toEqual(first);
  const later = await vectorOf('login');
  expect(later).toMatchObject({ model: 'm-2' });
  expect(later).not.toEqual(first);
});
