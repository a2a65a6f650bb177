// Embedders over HTTP, against real servers on this machine that speak as the providers do, and may fail.
import { once } from 'node:events';
import { inspect } from 'node:util';
import type { Embedder, EmbedOptions, Logger } from '@episodica/memory-core/ports';
import {
  EMBEDDING_FAULTS,
  type EmbeddingFault,
  type EmbeddingProtocol,
  type EmbeddingServer,
  type EmbeddingServerOptions,
  startEmbeddingServer,
} from '@episodica/test-utils';
import fc from 'fast-check';
import { afterEach, describe, expect, test } from 'vitest';
import { cohereEmbedder } from '../src/embed/cohere.ts';
import { type GuardOptions, guardedEmbedder } from '../src/embed/guarded.ts';
import { ollamaEmbedder } from '../src/embed/ollama.ts';
import { openaiEmbedder } from '../src/embed/openai.ts';
import { transformersEmbedder } from '../src/embed/transformers.ts';
import { unitVectors } from '../src/embed/unit-vectors.ts';

// Not of a form by which a key could be known.
const KEY = 'k/0123456789+abcdef';
const SECRET_TEXT = 'what nobody else\nmay "read", as it is in an episode';
const MODEL = 'test-model';
const SYNONYMS = [
  ['login', 'authentication', 'signin'],
  ['broken', 'fails', 'defect'],
];
const PROTOCOLS: readonly EmbeddingProtocol[] = ['openai', 'ollama', 'cohere'];
const HURRIED: GuardOptions = { timeoutMs: 2_000, queryTimeoutMs: 1_000, random: () => 0 };

const closing: (() => Promise<void> | undefined)[] = [];
afterEach(async () => {
  for (const close of closing.splice(0).reverse()) await close();
});

async function serverOf(options: Partial<EmbeddingServerOptions> = {}): Promise<EmbeddingServer> {
  const server = await startEmbeddingServer({ protocol: 'openai', model: MODEL, synonyms: SYNONYMS, ...options });
  closing.push(() => server.close());
  return server;
}

/** Without a guard: one attempt. */
function plain(protocol: EmbeddingProtocol, url: string, model: string = MODEL): Embedder {
  switch (protocol) {
    case 'openai':
      return openaiEmbedder({ baseUrl: `${url}/v1`, key: KEY, model });
    case 'ollama':
      return ollamaEmbedder({ baseUrl: url, model });
    case 'cohere':
      return cohereEmbedder({ baseUrl: url, key: KEY, model });
  }
}

function guarded(embedder: Embedder, options: GuardOptions = HURRIED): Embedder {
  const made = guardedEmbedder(embedder, options);
  closing.push(() => made.close?.());
  return made;
}

const onlyFirst =
  (fault: EmbeddingFault) =>
  (question: number): EmbeddingFault =>
    question === 1 ? fault : 'none';

const document: EmbedOptions = { purpose: 'document' };
const query: EmbedOptions = { purpose: 'query' };

const dot = (a: Float32Array = new Float32Array(), b: Float32Array = new Float32Array()): number =>
  a.reduce((sum, value, index) => sum + value * (b[index] ?? 0), 0);

const failureOf = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => 'it did not fail',
    (error: unknown) => error,
  );

describe.each(PROTOCOLS)('%s', (protocol) => {
  test('gives vectors of length 1 in the order of the texts, near where the meaning is [EM-02]', async () => {
    const server = await serverOf(protocol === 'ollama' ? { protocol } : { protocol, token: KEY });
    const embedder = plain(protocol, server.url);
    const texts = ['the login is broken', 'authentication fails', 'a recipe for bread'];
    const vectors = await embedder.embed(texts, document);
    expect(vectors.map((vector) => dot(vector, vector))).toEqual(texts.map(() => expect.closeTo(1, 5)));
    expect(dot(vectors[0], vectors[1])).toBeGreaterThan(dot(vectors[0], vectors[2]) + 0.2);
    expect(await embedder.embed(['a recipe for bread'], query)).toEqual([vectors[2]]);
    expect(embedder).toMatchObject({ model: `${protocol}/${MODEL}`, isRemote: true });
    expect(await embedder.embed([], document)).toEqual([]);
    expect(server.requestCount).toBe(2);
  });

  test('a model that it does not have is told by its name, with what to do [EM-02]', async () => {
    const server = await serverOf({ protocol });
    const error = await failureOf(plain(protocol, server.url, 'no-such-model').embed(['x'], query));
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: false });
    expect(String(error)).toMatch(/no-such-model.*(?:Set EMBEDDING_MODEL|ollama pull no-such-model)/u);
  });

  test('a host that is not there is told, with what to do, and may be tried again [EM-02]', async () => {
    const server = await serverOf({ protocol });
    await server.stop();
    const error = await failureOf(plain(protocol, server.url).embed(['x'], query));
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
    expect(String(error)).toMatch(/refuses connections \(ECONNREFUSED\).*_BASE_URL/u);
    expect(String(error).includes('ollama serve')).toBe(protocol === 'ollama');
  });

  const passing: readonly EmbeddingFault[] = ['refuse', 'reset', 'truncate', 'lost', 'hang', '429', '500', '503'];
  test.each(passing)('%s passes, and another attempt answers [EM-05]', async (fault) => {
    const server = await serverOf({ protocol, faults: onlyFirst(fault) });
    const vectors = await guarded(plain(protocol, server.url)).embed(['a', 'b'], document);
    expect(vectors).toHaveLength(2);
    expect(server.requestCount).toBe(2);
  });

  const lasting: readonly (readonly [EmbeddingFault, RegExp])[] = [
    ['401', /the key was refused \(401\)/u],
    ['403', /does not open this model \(403\).*EMBEDDING_MODEL/u],
    ['fewer', /one vector of finite numbers for each text/u],
    ['uneven', /one vector of finite numbers for each text/u],
    ['nan', /one vector of finite numbers for each text/u],
    ['null', /one vector of finite numbers for each text/u],
    ['zero', /one vector of finite numbers for each text/u],
    ['page', /does not speak as it does.*_BASE_URL/u],
    ['moved', /sends on to another address.*_BASE_URL/u],
  ];
  test.each(lasting)('%s is told at once, and not tried again [EM-05]', async (fault, told) => {
    const server = await serverOf({ protocol, faults: () => fault });
    const error = await failureOf(guarded(plain(protocol, server.url)).embed(['a', 'b'], document));
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: false });
    expect(String(error)).toMatch(told);
    expect(server.requestCount).toBe(1);
  });

  test.each(['dimensions', 'model'] as const)(
    'other vectors under the same name are refused: %s [EM-04]',
    async (fault) => {
      const server = await serverOf({ protocol });
      const embedder = guarded(plain(protocol, server.url));
      const before = await embedder.embed(['a'], document);
      server.faults = onlyFirst(fault);
      const error = await failureOf(embedder.embed(['a'], document));
      // The answers of Cohere do not say of which model they are: of as many dimensions, nobody can tell.
      if (protocol === 'cohere' && fault === 'model') return expect(error).toBe('it did not fail');
      expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: false });
      expect(String(error)).toContain('not those of the model it had');
      expect(before).toHaveLength(1);
    },
  );

  test('neither the key nor a text is in anything that is told of a failure [EM-02]', async () => {
    const told: string[] = [];
    const note = (fields: object, message: string): void => {
      told.push(`${message} ${inspect(fields, { depth: 20, showHidden: true })}`);
    };
    const logger: Logger = { debug: note, info: note, warn: note, error: note };
    const server = await serverOf({ protocol });
    const failures = EMBEDDING_FAULTS.filter((fault) => fault !== 'endless');
    for (const fault of failures) {
      server.faults = () => fault;
      const embedder = guarded(plain(protocol, server.url), { timeoutMs: 100, attempts: 1, logger });
      const error = await failureOf(embedder.embed([SECRET_TEXT], document));
      const isWelcome = error === 'it did not fail';
      told.push(isWelcome ? '' : inspect(error, { depth: 20, showHidden: true }));
    }
    expect(told.filter((text) => text.includes('EMBEDDER_FAILED')).length).toBeGreaterThan(failures.length);
    expect(told.filter((text) => text.includes(KEY) || text.includes('as it is in an episode'))).toEqual([]);
  });
});

describe('questions', () => {
  test('OpenAI is asked at its path, with the key as a header and the dimensions that are wished for [EM-02]', async () => {
    const server = await serverOf({ dimensions: 64 });
    const embedder = openaiEmbedder({ baseUrl: `${server.url}/v1/`, key: KEY, model: MODEL, dimensions: 16 });
    const [vector] = await embedder.embed(['x'], document);
    expect(vector).toHaveLength(16);
    expect(embedder.model).toBe(`openai/${MODEL}/16`);
    expect(server.requests).toMatchObject([
      { path: '/v1/embeddings', body: { model: MODEL, input: ['x'], dimensions: 16 } },
    ]);
    expect(server.requests[0]?.headers.authorization).toBe(`Bearer ${KEY}`);
  });

  test('a host that gives other dimensions than were wished for is refused [EM-04]', async () => {
    const server = await serverOf({ dimensions: 64, faults: () => 'dimensions' });
    const embedder = openaiEmbedder({ baseUrl: `${server.url}/v1`, model: MODEL, dimensions: 16 });
    expect(String(await failureOf(embedder.embed(['x'], document)))).toContain('15 dimensions, not 16');
  });

  test('Cohere is told what a text is for [EM-02]', async () => {
    const server = await serverOf({ protocol: 'cohere' });
    const embedder = plain('cohere', server.url);
    await embedder.embed(['x'], document);
    await embedder.embed(['x'], query);
    expect(server.requests.map(({ body }) => body.input_type)).toEqual(['search_document', 'search_query']);
    expect(server.requests[0]?.body).toMatchObject({ texts: ['x'], embedding_types: ['float'] });
  });

  test.each([
    ['nomic-embed-text:v1.5', 'search_document: x', 'search_query: x'],
    ['intfloat/multilingual-e5-small', 'passage: x', 'query: x'],
    ['all-minilm', 'x', 'x'],
  ])(
    'a model that needs it is told what a text is for in front of it: %s [EM-02]',
    async (model, asDocument, asQuery) => {
      const server = await serverOf({ protocol: 'ollama', model });
      const embedder = ollamaEmbedder({ baseUrl: server.url, model });
      await embedder.embed(['x'], document);
      await embedder.embed(['x'], query);
      expect(server.requests.map(({ body }) => body.input)).toEqual([[asDocument], [asQuery]]);
    },
  );

  test.each(['ftp://host', 'host', `https://user:${KEY}@host`, `https://host/?key=${KEY}`])(
    'a base URL that is none, or holds more, is refused and not repeated, case %# [EM-02]',
    (baseUrl) => {
      expect(() => ollamaEmbedder({ baseUrl })).toThrow(/^OLLAMA_BASE_URL/u);
      expect(() => ollamaEmbedder({ baseUrl })).not.toThrow(KEY);
    },
  );

  test('a key that would break its header is refused and not repeated [EM-02]', () => {
    expect(() => openaiEmbedder({ key: `${KEY}\nX: y` })).toThrow(/^OPENAI_API_KEY is no key/u);
    expect(() => openaiEmbedder({ key: `${KEY}\nX: y` })).not.toThrow(KEY);
  });

  test('an address without the path of the version is told [EM-02]', async () => {
    const server = await serverOf();
    const embedder = openaiEmbedder({ baseUrl: server.url, model: MODEL });
    expect(String(await failureOf(embedder.embed(['x'], query)))).toMatch(
      /nothing at this address \(404.*OPENAI_BASE_URL/u,
    );
  });

  test('an answer without an end is not read to its end [EM-05]', async () => {
    const server = await serverOf({ faults: () => 'endless' });
    const error = await failureOf(plain('openai', server.url).embed(['x'], query));
    expect(String(error)).toContain('its answer has no end');
  });
});

describe('batches', () => {
  test.each([
    ['openai', [256, 256, 88]],
    ['ollama', [...Array.from({ length: 18 }, () => 32), 24]],
    ['cohere', [96, 96, 96, 96, 96, 96, 24]],
  ] as const)(
    'are as large as %s takes them, and the vectors are in the order of the texts [EM-02]',
    async (protocol, sizes) => {
      const server = await serverOf({ protocol });
      const embedder = guarded(plain(protocol, server.url));
      const texts = Array.from({ length: 600 }, (_, index) => `text ${index}`);
      const vectors = await embedder.embed(texts, document);
      const asked = server.requests.map(({ body }) => (Array.isArray(body.texts) ? body.texts : body.input));
      expect(asked.map((list) => Array.isArray(list) && list.length).sort()).toEqual([...sizes].sort());
      for (const index of [0, 255, 256, 599]) {
        expect(await embedder.embed([`text ${index}`], document)).toEqual([vectors[index]]);
      }
    },
  );

  test('are no larger than a request may be, and no text is empty or longer than its limit [EM-02]', async () => {
    const server = await serverOf();
    const embedder = guarded(plain('openai', server.url), { ...HURRIED, maxTextBytes: 100, maxBatchBytes: 250 });
    const vectors = await embedder.embed(
      ['ä'.repeat(500), '', ' ', 'b'.repeat(99), 'c'.repeat(99), '\ud800'],
      document,
    );
    expect(vectors).toHaveLength(6);
    const asked = server.requests.map(({ body }) => body.input);
    expect(asked).toEqual([
      ['ä'.repeat(50), '-', '-', 'b'.repeat(99)],
      ['c'.repeat(99), '\ufffd'],
    ]);
  });

  test('a text is cut to what the model takes where that is less, and the others stay whole [EM-02]', async () => {
    const server = await serverOf({ contextTokens: 100 });
    const embedder = guarded(plain('openai', server.url));
    const whole = 'the login is broken '.repeat(15);
    const vectors = await embedder.embed(['a', 'long '.repeat(1_000), whole], document);
    expect(vectors).toHaveLength(3);
    expect(vectors[2]).toEqual((await embedder.embed([whole], document))[0]);
    expect(vectors[0]).toEqual((await embedder.embed(['a'], document))[0]);
  });

  test('no more of them than allowed are under way at once [EM-05]', async () => {
    const server = await serverOf({ protocol: 'cohere', latencyMs: 20 });
    const embedder = guarded(plain('cohere', server.url), { timeoutMs: 20_000, concurrency: 2 });
    await embedder.embed(
      Array.from({ length: 900 }, () => 'x'),
      document,
    );
    expect(server.requestCount).toBe(10);
    expect(server.mostAtOnce).toBe(2);
  });
});

/** An embedder in this process whose calls end when the test says so. */
function handmade(): { readonly embedder: Embedder; readonly calls: Call[] } {
  const calls: Call[] = [];
  const embedder: Embedder = {
    model: 'handmade',
    isRemote: true,
    maxBatch: 10,
    embed: (texts, { signal }) =>
      new Promise((resolve, reject) => {
        calls.push({ signal, answer: () => resolve(texts.map(() => Float32Array.of(1))), reject });
      }),
  };
  return { embedder, calls };
}

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

interface Call {
  readonly signal: AbortSignal | undefined;
  answer(): void;
  reject(error: unknown): void;
}

describe('patience', () => {
  test.each(PROTOCOLS)(
    'a query that hangs at %s fails within its budget, and may be tried again [EM-05]',
    async (protocol) => {
      const server = await serverOf({ protocol, faults: () => 'hang' });
      const error = await failureOf(guarded(plain(protocol, server.url)).embed(['x'], query));
      expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
      expect(String(error)).toContain('within 1 s');
    },
  );

  test('what hangs for every attempt fails when the time for documents is over [EM-05]', async () => {
    const server = await serverOf({ faults: () => 'hang' });
    const error = await failureOf(guarded(plain('openai', server.url)).embed(['x'], document));
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
    expect(server.requestCount).toBe(2);
  });

  test('an answer that drips is not waited for longer than one that does not come [EM-05]', async () => {
    const server = await serverOf({ faults: () => 'drip' });
    const error = await failureOf(guarded(plain('openai', server.url)).embed(['x'], query));
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
  });

  test('one query that is late goes on for the next ones, and a second one does not [EM-05]', async () => {
    const { embedder, calls } = handmade();
    const guard = guarded(embedder, { ...HURRIED, queryTimeoutMs: 20, timeoutMs: 600_000 });
    await failureOf(guard.embed(['a'], query));
    await failureOf(guard.embed(['b'], query));
    await turn();
    expect(calls.map(({ signal }) => signal?.aborted)).toEqual([false, true]);
    calls[0]?.answer();
    const third = guard.embed(['c'], query);
    await turn();
    calls[2]?.answer();
    expect(await third).toEqual([Float32Array.of(1)]);
  });

  test('attempts are as many as allowed, and the last failure is told [EM-05]', async () => {
    const server = await serverOf({ faults: () => '503' });
    const error = await failureOf(
      guarded(plain('openai', server.url), { ...HURRIED, attempts: 4 }).embed(['x'], document),
    );
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
    expect(String(error)).toContain('503');
    expect(server.requestCount).toBe(4);
  });

  test('when nothing could be reached several times, nobody asks for a while, then one does [EM-05]', async () => {
    const server = await serverOf({ faults: () => 'refuse' });
    let nowMs = 0;
    const options = { ...HURRIED, attempts: 1, restingMs: 10_000, clock: () => nowMs };
    const guard = guarded(plain('openai', server.url), options);
    for (let call = 1; call <= 5; call += 1) {
      nowMs += 1;
      await failureOf(guard.embed(['x'], query));
    }
    const rested = await failureOf(guard.embed(['x'], query));
    expect(rested).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
    expect(String(rested)).toContain('the next attempt is made in 10 s');
    expect(server.requestCount).toBe(5);

    nowMs += 10_000;
    server.faults = () => 'none';
    const [probe, other] = await Promise.allSettled([guard.embed(['x'], query), guard.embed(['x'], query)]);
    expect([probe.status, other.status]).toEqual(['fulfilled', 'rejected']);
    expect(server.requestCount).toBe(6);
    expect(await guard.embed(['x'], query)).toHaveLength(1);
  });

  test('a probe that its caller gives up leaves the next one free to try [EM-05]', async () => {
    const { embedder, calls } = handmade();
    let nowMs = 0;
    const options = { ...HURRIED, queryTimeoutMs: 20, restingMs: 10_000, clock: () => nowMs };
    const guard = guarded(embedder, options);
    for (let call = 0; call < 5; call += 1) {
      nowMs += 1;
      await failureOf(guard.embed(['x'], query));
    }
    expect(String(await failureOf(guard.embed(['x'], query)))).toContain('the next attempt is made');
    nowMs += 10_000;
    const giveUp = new AbortController();
    const probe = failureOf(guard.embed(['x'], { purpose: 'document', signal: giveUp.signal }));
    await turn();
    giveUp.abort();
    expect(await probe).toMatchObject({ code: 'ABORTED' });
    const next = guard.embed(['x'], document);
    await turn();
    calls.at(-1)?.answer();
    expect(await next).toEqual([Float32Array.of(1)]);
  });

  test('a mistake of ours is neither repeated nor an outage [EM-05]', async () => {
    const { embedder, calls } = handmade();
    const guard = guarded(embedder);
    for (let call = 1; call <= 6; call += 1) {
      const failing = failureOf(guard.embed(['x'], document));
      await turn();
      calls.at(-1)?.reject(new RangeError('a mistake'));
      expect(await failing).toBeInstanceOf(RangeError);
    }
    expect(calls).toHaveLength(6);
  });

  test('Retry-After is waited for where there is time, and nobody asks meanwhile [EM-05]', async () => {
    const server = await serverOf({ faults: onlyFirst('429'), retryAfterSeconds: 2 });
    const guard = guarded(plain('openai', server.url), { ...HURRIED, timeoutMs: 10_000 });
    const hurried = await failureOf(guard.embed(['x'], query));
    expect(hurried).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
    expect(await failureOf(guard.embed(['x'], query))).toBe(hurried);
    expect(server.requestCount).toBe(1);
    expect(await guard.embed(['x'], document)).toHaveLength(1);
    expect(server.requestCount).toBe(2);
  });

  test('a refused key is not sent again at once, and again later [EM-05]', async () => {
    const server = await serverOf({ token: 'another' });
    let nowMs = 0;
    const guard = guarded(plain('openai', server.url), { ...HURRIED, restingMs: 10_000, clock: () => nowMs });
    const refused = await failureOf(guard.embed(['x'], query));
    expect(await failureOf(guard.embed(['y'], document))).toBe(refused);
    expect(server.requestCount).toBe(1);
    nowMs = 10_001;
    await failureOf(guard.embed(['x'], query));
    expect(server.requestCount).toBe(2);
  });

  test('giving up a call ends it at once, and its request [EM-05]', async () => {
    const server = await serverOf({ faults: () => 'hang' });
    const giveUp = new AbortController();
    const guard = guarded(plain('openai', server.url), { timeoutMs: 600_000 });
    const call = failureOf(guard.embed(['x'], { purpose: 'document', signal: giveUp.signal }));
    while (server.requests.length === 0) await turn();
    giveUp.abort();
    expect(await call).toMatchObject({ code: 'ABORTED' });
    while (server.openCount > 0) await turn();
    expect(server.requestCount).toBe(1);
  });

  test('no more calls wait than allowed, and one that is given up before its turn is never begun [EM-05]', async () => {
    const { embedder, calls } = handmade();
    const guard = guarded(embedder, { timeoutMs: 600_000, concurrency: 1 });
    const giveUp = new AbortController();
    const first = guard.embed(['x'], document);
    const givenUp = failureOf(guard.embed(['x'], { purpose: 'document', signal: giveUp.signal }));
    const waiting = Array.from({ length: 999 }, () => failureOf(guard.embed(['x'], document)));
    await turn();
    const crowded = await failureOf(guard.embed(['x'], document));
    expect(crowded).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: true });
    expect(String(crowded)).toContain('1000 calls wait');
    giveUp.abort();
    expect(await givenUp).toMatchObject({ code: 'ABORTED' });
    calls[0]?.answer();
    expect(await first).toHaveLength(1);
    await turn();
    expect(calls).toHaveLength(2);
    await guard.close?.();
    expect(await Promise.all(waiting)).toEqual(waiting.map(() => expect.objectContaining({ code: 'CLOSED' })));
  });

  test('what an embedder says of its vectors holds behind the guard as well [EM-05]', () => {
    const embedder: Embedder = { ...handmade().embedder, noise: 0.4, trust: 0.7 };
    expect(guarded(embedder)).toMatchObject({ model: embedder.model, noise: 0.4, trust: 0.7 });
  });

  test('closing ends what is under way, and nothing is asked afterwards [EM-05]', async () => {
    const { embedder, calls } = handmade();
    const guard = guardedEmbedder(embedder, { timeoutMs: 600_000, concurrency: 1 });
    const working = [failureOf(guard.embed(['x'], document)), failureOf(guard.embed(['x'], document))];
    await turn();
    const stopped = once(calls[0]?.signal ?? new EventTarget(), 'abort');
    await guard.close?.();
    await stopped;
    expect(await Promise.all(working)).toMatchObject([{ code: 'CLOSED' }, { code: 'CLOSED' }]);
    expect(await failureOf(guard.embed(['x'], query))).toMatchObject({ code: 'CLOSED' });
    await guard.close?.();
    expect(calls).toHaveLength(1);
  });
});

describe('transformers', () => {
  /** What stands in for the package, which is not installed here: it shows how we call it, and nothing of a model. */
  function standIn(row: readonly number[] = [3, 4]): { readonly asked: unknown[][]; load(): Promise<unknown> } {
    const asked: unknown[][] = [];
    const extract = async (...inputs: unknown[]): Promise<object> => {
      asked.push(inputs);
      const rows = Array.isArray(inputs[0]) ? inputs[0].length : 0;
      const data = Float32Array.from({ length: rows * row.length }, (_, index) => row[index % row.length] ?? 0);
      return { data, dims: [rows, row.length] };
    };
    const pipeline = async (...inputs: unknown[]): Promise<unknown> => {
      asked.push(inputs);
      return extract;
    };
    return { asked, load: async () => ({ pipeline }) };
  }

  test('is loaded on the first call, and gives the mean of the tokens at length 1 [EM-02]', async () => {
    const { asked, load } = standIn();
    const embedder = transformersEmbedder({ load });
    expect(asked).toEqual([]);
    expect(await embedder.embed(['a', 'b'], document)).toEqual([Float32Array.of(0.6, 0.8), Float32Array.of(0.6, 0.8)]);
    await embedder.embed(['c'], query);
    expect(asked).toEqual([
      ['feature-extraction', 'Xenova/all-MiniLM-L6-v2'],
      [['a', 'b'], { pooling: 'mean', normalize: true }],
      [['c'], { pooling: 'mean', normalize: true }],
    ]);
    await embedder.close?.();
  });

  test('where the package is not there, one sentence says how to install it [EM-02]', async () => {
    const error = await failureOf(transformersEmbedder().embed(['a'], document));
    expect(error).toMatchObject({ code: 'EMBEDDER_FAILED', retryable: false });
    expect(String(error)).toContain('Install it beside this program: npm install @huggingface/transformers.');
  });

  test('numbers that are none are refused, and what failed to load is loaded anew [EM-02]', async () => {
    const { load } = standIn([Number.NaN, 1]);
    expect(String(await failureOf(transformersEmbedder({ load }).embed(['a'], document)))).toContain('no vector');
    let loads = 0;
    const failing = transformersEmbedder({
      load: async () => {
        loads += 1;
        if (loads === 1) throw new Error('not there');
        return standIn().load();
      },
    });
    await failureOf(failing.embed(['a'], document));
    expect(await failing.embed(['a'], document)).toHaveLength(1);
  });
});

test('any numbers with a direction become a vector of length 1, and others become none [EM-04]', () => {
  fc.assert(
    fc.property(fc.array(fc.double({ noNaN: true, noDefaultInfinity: true }), { minLength: 1 }), (numbers) => {
      const [vector] = unitVectors([numbers], 1) ?? [];
      const hasDirection = numbers.some((value) => value !== 0);
      expect(vector === undefined).toBe(!hasDirection);
      if (vector !== undefined) expect(dot(vector, vector)).toBeCloseTo(1, 5);
    }),
  );
  for (const bad of [[Number.NaN], [Number.POSITIVE_INFINITY], [], ['1'], null, 'text', [0, 0]]) {
    expect(unitVectors([bad], 1)).toBeUndefined();
  }
});
