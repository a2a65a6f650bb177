// The server with a provider of vectors: stored first, embedded later, and plain words about what stands in the way.
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type EmbeddingServer, type EmbeddingServerOptions, startEmbeddingServer } from '@episodica/test-utils';
import { expect, onTestFinished, test } from 'vitest';
import { embedded, remembered, startServer, type TestServer, temporaryFolder } from './client.ts';

const KEY = 'sk-key-that-nobody-may-see';

async function aProvider(options: Partial<EmbeddingServerOptions> = {}): Promise<EmbeddingServer> {
  const synonyms = [
    ['flaky', 'unstable', 'intermittent'],
    ['checkout', 'till', 'purchase'],
  ];
  const provider = await startEmbeddingServer({ protocol: 'openai', token: KEY, synonyms, ...options });
  onTestFinished(() => provider.close());
  return provider;
}

function settings({ url }: EmbeddingServer, more: Record<string, string> = {}): Record<string, string> {
  return {
    EMBEDDING_PROVIDER: 'openai',
    EMBEDDING_MODEL: 'test-model',
    OPENAI_BASE_URL: `${url}/v1`,
    OPENAI_API_KEY: KEY,
    ...more,
  };
}

test('what is stored while the provider hangs is found by its words, and by its meaning once that is back [EM-03]', async () => {
  const provider = await aProvider({ faults: () => 'hang' });
  const dataDir = temporaryFolder();
  const first = await startServer(dataDir, settings(provider));
  const episode_id = await remembered(first, { task_description: 'Flaky checkout' });
  const byWords = await first.call('query_memory', { query: 'checkout' });
  expect(byWords.structured.episodes).toMatchObject([{ episode_id }]);
  await first.close();

  provider.faults = () => 'none';
  const second = await startServer(dataDir, settings(provider));
  await embedded(second);
  const byMeaning = await second.call('query_memory', { query: 'intermittent purchase' });
  expect(byMeaning.structured).toMatchObject({
    episodes: [{ episode_id, why: { meaning: expect.any(Number) } }],
    degraded: [],
  });
  const health = await second.call('health_check');
  expect(health.structured.status).toBe('ok');
  expect(health.text).toContain('test-model');
});

test('a provider that is away leaves words, and every answer says so; nothing found is then an error [RE-07] [EM-05]', async () => {
  const provider = await aProvider();
  const server = await startServer(temporaryFolder(), settings(provider));
  await remembered(server, { task_description: 'Flaky checkout' });
  await embedded(server);
  await provider.stop();
  const found = await server.call('query_memory', { query: 'checkout' });
  expect(found.structured).toMatchObject({
    episodes: [expect.anything()],
    degraded: [expect.stringMatching(/^only words were searched: OpenAI \(.*refuses connections/u)],
  });
  expect(found.text).toContain('Less complete than it could be: only words were searched');
  const nothing = await server.call('query_memory', { query: 'zeppelin' });
  expect(nothing).toMatchObject({
    isError: true,
    text: expect.stringMatching(/^EMBEDDER_FAILED: Nothing was found.*refuses connections/u),
  });
  const created = await server.call('create_episode', { task_description: 'Steer the zeppelin' });
  expect(created.text).toMatch(/No related experience\.\nLess complete than it could be: .*EMBEDDER_FAILED/u);
  await expect
    .poll(async () => (await server.call('health_check')).text, { timeout: 30_000 })
    .toMatch(/search: degraded: .*1 without vectors yet; openai.* (?:refuses connections|could not be reached)/iu);
});

test('a key that is refused is told in a sentence, and shown nowhere [EM-02] [RE-07]', async () => {
  const provider = await aProvider({ token: 'another key' });
  const dataDir = temporaryFolder();
  const logs = { MEMORY_LOG_FILE: join(dataDir, 'log'), MEMORY_LOG_LEVEL: 'debug' };
  const server = await startServer(dataDir, settings(provider, logs));
  await remembered(server, { task_description: 'Flaky checkout' });
  const health = async (): Promise<string> => (await server.call('health_check')).text;
  await expect
    .poll(health, { timeout: 30_000 })
    .toContain('the key was refused (401). Set OPENAI_API_KEY to a key that is');
  const found = await server.call('query_memory', { query: 'checkout' });
  expect(found.structured.episodes).toHaveLength(1);
  expect(found.structured.degraded).toEqual([
    expect.stringMatching(/^vectors are missing of 1 episodes: .*key was refused/u),
  ]);
  const nothing = await server.call('query_memory', { query: 'zeppelin' });
  expect(nothing.text).toMatch(/^EMBEDDER_FAILED: .*Set OPENAI_API_KEY to a key that is valid\.$/u);
  const told = JSON.stringify([await health(), found, nothing]);
  await server.close();
  expect(told).not.toContain(KEY);
  const files = readdirSync(dataDir, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  for (const { parentPath, name } of files) {
    expect([name, readFileSync(join(parentPath, name)).includes(KEY)]).toEqual([name, false]);
  }
});

test('two servers on one folder embed each text once, and both find it by meaning [EM-03] [ST-06]', async () => {
  // A model that is told what a text is for: the same text is a question too when its episode is created.
  const model = 'nomic-embed-text';
  const provider = await aProvider({ model });
  const dataDir = temporaryFolder();
  const servers = await Promise.all(
    [1, 2].map(() => startServer(dataDir, settings(provider, { EMBEDDING_MODEL: model }))),
  );
  const tasks = ['Flaky checkout', 'Parse a price', 'Rotate the log', 'Sort the invoices'];
  await Promise.all(
    tasks.map((task_description, index) => remembered(servers[index % 2] as TestServer, { task_description })),
  );
  for (const server of servers) await embedded(server);
  for (const { call } of servers) {
    const { structured } = await call('query_memory', { query: 'intermittent purchase' });
    expect(structured.episodes[0]).toMatchObject({ task_description: 'Flaky checkout' });
    expect(structured.episodes[0].why.meaning).toBeGreaterThan(0);
  }
  const sent = provider.requests.flatMap(({ body }) => body.input as readonly string[]);
  const timesEmbedded = tasks.map((task) => sent.filter((text) => text === `search_document: ${task}`).length);
  expect(timesEmbedded).toEqual([1, 1, 1, 1]);
});
