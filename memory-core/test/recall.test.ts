import { inMemoryStore, type Memory, type MemoryOptions, openMemory } from '@episodica/memory-core';
import { queryResult } from '@episodica/memory-core/wire';
import fc from 'fast-check';
import { beforeEach, describe, expect, test } from 'vitest';
import { clip } from '../src/clip.ts';
import { relevance } from '../src/retrieve/bm25.ts';
import { fitting } from '../src/retrieve/pack.ts';
import { queryTerms, tokenize } from '../src/retrieve/tokenize.ts';

const DAY_MS = 86_400_000;
let nowMs: number;
let memory: Memory;

const open = (options: Partial<MemoryOptions> = {}): Memory =>
  openMemory({ store: inMemoryStore(), clock: () => nowMs, ...options });

beforeEach(() => {
  nowMs = Date.UTC(2026, 0, 1);
  memory = open();
});

async function attempt(
  description: string,
  options: {
    readonly isSuccess?: boolean;
    readonly project?: string;
    readonly domain?: string;
    readonly error?: string;
  } = {},
): Promise<string> {
  const { isSuccess = true, project, domain, error } = options;
  const { episode } = await memory.createEpisode({ description, project, domain });
  if (error !== undefined) {
    await memory.addSteps(episode.id, [
      { tool: 'bash', action: 'test', parameters: { command: 'npm test' }, result: { type: 'error', message: error } },
      { tool: 'edit', action: `repair ${description}` },
      { tool: 'bash', action: 'test', parameters: { command: 'npm test' }, result: { type: 'success' } },
    ]);
  }
  await memory.completeEpisode(episode.id, isSuccess ? { kind: 'success' } : { kind: 'failure', reason: 'no' });
  return episode.id;
}

describe('search', () => {
  test('what shares the rare words comes before what shares the common ones [RE-01]', async () => {
    const wanted = await attempt('Fix the webhook signature check');
    for (let i = 0; i < 5; i += 1) await attempt(`Fix the page number ${i}`);
    const { episodes } = await memory.search({ text: 'fix webhook' });
    expect(episodes[0]?.episode.id).toBe(wanted);
  });

  test('a memory of two episodes answers a long question that shares one telling word, and no other [RE-07]', async () => {
    const wanted = await attempt('Stop the websocket gateway from dropping idle clients after half a minute');
    await attempt('Translate the onboarding emails into Portuguese');
    const ask = (text: string) => memory.search({ text });
    const { episodes } = await ask(
      'investigate flaky behaviour around the websocket after the upgrade of three dependencies',
    );
    expect(episodes.map(({ episode }) => episode.id)).toEqual([wanted]);
    expect((await ask('which seats are left on the flight to Boston')).isAbstained).toBe(true);
  });

  test('every score is the sum of its parts and lies in 0–1 [RE-03]', async () => {
    await attempt('Fix the webhook signature check', { domain: 'payments', error: 'Error: signature mismatch' });
    await attempt('Write docs about the webhook', { isSuccess: false });
    const { episodes } = await memory.search({ text: 'webhook signature', situation: { domain: 'payments' } });
    expect(episodes).toHaveLength(2);
    for (const { score, why } of episodes) {
      expect(Object.values(why).reduce((sum, part) => sum + part, 0)).toBeCloseTo(score, 12);
      expect(score).toBeGreaterThan(0);
      expect(score).toBeLessThanOrEqual(1);
    }
  });

  test('of equals the successful one comes first, and of those the newer [RE-03]', async () => {
    const failed = await attempt('Rotate the signing keys', { isSuccess: false });
    const succeeded = await attempt('Rotate the signing keys');
    const order = async () => {
      await memory.catchUp();
      return (await memory.search({ text: 'rotate signing keys' })).episodes.map((hit) => hit.episode.id);
    };
    expect(await order()).toEqual([succeeded, failed]);
    nowMs += 90 * DAY_MS;
    const newer = await attempt('Rotate the signing keys');
    expect(await order()).toEqual([newer, succeeded, failed]);
  });

  test('of equals the one from the asked situation comes first, and the other stays [RE-03]', async () => {
    const near = await attempt('Rotate the signing keys', { domain: 'auth' });
    const far = await attempt('Rotate the signing keys', { domain: 'billing' });
    const order = async (domain: string) =>
      (await memory.search({ text: 'rotate keys', situation: { domain } })).episodes.map((hit) => hit.episode.id);
    expect(await order('auth')).toEqual([near, far]);
    expect(await order('billing')).toEqual([far, near]);
  });

  test('nothing in common is an abstention, not the nearest anyway [RE-01]', async () => {
    await attempt('Fix the webhook signature check');
    expect(await memory.search({ text: 'zeppelin' })).toMatchObject({ episodes: [], patterns: [], isAbstained: true });
    expect(await memory.search({ text: '?!' })).toMatchObject({ episodes: [], isAbstained: true });
  });

  test('filters alone answer without a text [RE-01]', async () => {
    const id = await attempt('One', { domain: 'auth' });
    await attempt('Two', { domain: 'billing' });
    const found = await memory.search({ domain: 'auth' });
    expect(found.episodes.map((hit) => hit.episode.id)).toEqual([id]);
    expect(found.isAbstained).toBe(false);
  });

  test('neither text nor filter is refused and says what to give [RE-01]', async () => {
    await expect(memory.search({})).rejects.toMatchObject({
      code: 'INVALID_INPUT',
      message: expect.stringContaining('text'),
    });
    await expect(memory.search({ text: 'x', limit: 0 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    await expect(memory.search({ text: 'x', limit: 101 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
  });

  test("a project sees its own and what belongs to none; others' only when asked [RE-01]", async () => {
    const own = await attempt('Fix webhook alpha', { project: 'a' });
    const others = await attempt('Fix webhook beta', { project: 'b' });
    const shared = await attempt('Fix webhook gamma');
    const ids = async (query: object): Promise<readonly string[]> =>
      (await memory.search({ text: 'webhook', ...query })).episodes.map((hit) => hit.episode.id).toSorted();
    expect(await ids({ project: 'a' })).toEqual([own, shared].toSorted());
    expect(await ids({})).toEqual([shared]);
    expect(await ids({ scope: 'all' })).toEqual([own, others, shared].toSorted());
    expect(await ids({ scope: 'all', project: 'b' })).toEqual([others]);
  });

  test('words of steps, errors and lessons are found, not only descriptions [RE-01]', async () => {
    const id = await attempt('Make the pipeline green', { error: 'ERR_MODULE_NOT_FOUND quuxify' });
    expect((await memory.search({ text: 'quuxify' })).episodes.map((hit) => hit.episode.id)).toEqual([id]);
  });

  test('commands, paths and lessons are found; the output of what went well is not [RE-01]', async () => {
    const { episode } = await memory.createEpisode({ description: 'Make it green' });
    await memory.addStep(episode.id, {
      tool: 'bash',
      action: 'run',
      parameters: { command: 'pnpm frobnicate', path: 'src/gizmo.ts' },
      result: { type: 'success', output: 'wibble' },
    });
    await memory.completeEpisode(episode.id, { kind: 'failure', reason: 'the quota ran dry' });
    for (const text of ['frobnicate', 'gizmo', 'quota ran dry']) {
      expect((await memory.search({ text })).episodes).toHaveLength(1);
    }
    expect((await memory.search({ text: 'wibble' })).episodes).toEqual([]);
  });

  test('patterns are found by their tools and bring their evidence [RE-01 LE-06]', async () => {
    for (let i = 0; i < 3; i += 1) await attempt('Make it green', { error: `Error: x in attempt ${i}` });
    await memory.learnPending();
    const { patterns } = await memory.search({ text: 'edit' });
    expect(patterns[0]).toMatchObject({ pattern: { support: 3 } });
    expect(patterns[0]?.evidence).toHaveLength(3);
    const { score, why } = patterns[0]!;
    expect(Object.values(why).reduce((sum, part) => sum + part, 0)).toBeCloseTo(score, 12);
  });

  test('a store without a text index answers from descriptions and says so [RE-01]', async () => {
    const { text: _text, ...bare } = inMemoryStore();
    memory = open({ store: bare });
    const id = await attempt('Fix the webhook signature check');
    await attempt('Write the docs of the shop');
    const found = await memory.search({ text: 'webhook' });
    expect(found.episodes.map((hit) => hit.episode.id)).toEqual([id]);
    expect(found.degraded).toEqual([expect.stringContaining('no text index')]);
  });

  test('an aborted search is ABORTED [RE-01]', async () => {
    await attempt('Fix the webhook signature check');
    const signal = AbortSignal.abort();
    await expect(memory.search({ text: 'webhook' }, { signal })).rejects.toMatchObject({ code: 'ABORTED' });
  });
});

describe('hints', () => {
  const error = (path: string): string =>
    `at ${path}\nTypeError: Cannot read properties of undefined (reading 'length')\n    at run (${path}:3:7)`;

  test('an error seen before answers the fix and where it comes from [EP-02]', async () => {
    const earlier = await attempt('cart total', { error: error('/a/cart.js') });
    const { episode } = await memory.createEpisode({ description: 'Repair the median function' });
    const { hints } = await memory.addStep(episode.id, {
      tool: 'bash',
      action: 'test',
      result: { type: 'error', message: error('/b/median.js') },
    });
    expect(hints).toMatchObject([{ episodeId: earlier, text: expect.stringContaining('repair cart total') }]);
    expect(hints[0]?.match).toBeGreaterThan(0.6);
  });

  test('of several errors at once each gets its fix, three in all and none twice, in the order of the steps [EP-02]', async () => {
    const messages = [
      error('/a/cart.js'),
      'ENOSPC: no space left on device, write',
      'fatal: not a git repository: .git',
      'Error: listen EADDRINUSE: address already in use :::3000',
    ];
    const earlier: string[] = [];
    for (const [index, message] of messages.entries()) earlier.push(await attempt(`task ${index}`, { error: message }));
    // The second best for the first error.
    await attempt('task 0 again', { error: messages[0]! });
    const { episode } = await memory.createEpisode({ description: 'All at once' });
    const added = async (...indexes: readonly number[]) => {
      const steps = indexes.map((index) => ({
        tool: 'bash',
        action: 'test',
        result: { type: 'error' as const, message: messages[index]! },
      }));
      const { hints } = await memory.addSteps(episode.id, [...steps, { tool: 'bash', action: 'ls' }]);
      return hints.map(({ episodeId }) => earlier.indexOf(episodeId));
    };
    expect(await added(3, 2, 3, 1)).toEqual([3, 2, 1]);
    expect(await added(1, 2, 3, 0)).toEqual([1, 2, 3]);
    expect(await added(...Array(900).fill(1), 2)).toEqual([1, 2]);
    expect((await added(2, 0)).sort()).toEqual([-1, 0, 2]);
  });

  test('half of the words in common are not the same error [EP-02]', async () => {
    await attempt('cart total', { error: 'TypeError: alpha beta gamma' });
    const { episode } = await memory.createEpisode({ description: 'Repair the build' });
    const result = { type: 'error', message: 'TypeError: alpha delta epsilon zeta' } as const;
    expect((await memory.addStep(episode.id, { tool: 'bash', action: 'x', result })).hints).toEqual([]);
  });

  test('another error gets no hint, and a success none at all [EP-02]', async () => {
    await attempt('cart total', { error: error('/a/cart.js') });
    const { episode } = await memory.createEpisode({ description: 'Repair the build' });
    const other = {
      tool: 'bash',
      action: 'x',
      result: { type: 'error', message: 'fatal: not a git repository' },
    } as const;
    expect((await memory.addStep(episode.id, other)).hints).toEqual([]);
    expect((await memory.addStep(episode.id, { tool: 'bash', action: 'x' })).hints).toEqual([]);
  });

  test('the fix of another project is not told [EP-02]', async () => {
    await attempt('cart total', { error: error('/a/cart.js'), project: 'secret' });
    const { episode } = await memory.createEpisode({ description: 'Repair the median', project: 'mine' });
    const { hints } = await memory.addStep(episode.id, {
      tool: 'bash',
      action: 'test',
      result: { type: 'error', message: error('/b/median.js') },
    });
    expect(hints).toEqual([]);
  });
});

describe('words', () => {
  test.each([
    ['parseHttpUrl', ['parse', 'http', 'url']],
    ['parse_http_url', ['parse', 'http', 'url']],
    ['HTTPServer2', ['http', 'server2']],
    ['src/cart.ts', ['src', 'cart', 'ts']],
    ['flights flight', ['flight', 'flight']],
    ['Größe ÄRGER', ['größe', 'ärger']],
    ['日本語', ['日本', '本語']],
    ['ошибка сервера', ['ошибка', 'сервера']],
    ['a 7 x', ['7']],
    ['', []],
  ])('%j becomes %j [RE-01]', (text, terms) => {
    expect(tokenize(text)).toEqual(terms);
  });

  test('terms are letters and digits only, whatever the text [RE-01]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        for (const term of tokenize(text)) expect(term).toMatch(/^[\p{L}\p{M}\p{N}]+$/u);
      }),
    );
  });

  test('are the same whether or not a text has other letters than those of ASCII besides [RE-01]', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary-ascii', maxLength: 200 }), (text) => {
        expect(tokenize(`${text} ärger`)).toEqual([...tokenize(text), 'ärger']);
      }),
    );
  });

  test('a question of stop words alone keeps them [RE-01]', () => {
    expect(queryTerms('what is the')).toEqual(['what', 'is', 'the']);
    expect(queryTerms('how do I parse it')).toEqual(['parse']);
  });

  test('relevance is 1 at most, 0 without a match, and counts unknown words of the question [RE-03]', () => {
    const statistics = { documents: 10, frequencyOf: (term: string) => (term === 'known' ? 1 : 0) };
    expect(relevance(1_000, ['known'], statistics)).toBe(1);
    expect(relevance(0, ['known'], statistics)).toBe(0);
    expect(relevance(1_000, ['known', 'unknown'], statistics)).toBeLessThan(0.6);
  });
});

describe('size', () => {
  test('the first hit is always admitted, the others while they fit [RE-03]', () => {
    const items = ['x'.repeat(400), 'y'.repeat(40), 'z'.repeat(40)];
    const lesser = (item: string) => [item.slice(0, 200), item.slice(0, 100)];
    const fit = (maxTokens: number, some = items) => fitting(some, { maxTokens, lesser });
    expect(fit(120)).toEqual(items.slice(0, 2));
    expect(fit(1_000)).toEqual(items);
    expect(fit(10, [])).toEqual([]);
  });

  test('the first hit is told in less detail where it would not fit by itself [RE-04]', () => {
    const items = ['x'.repeat(400), 'y'.repeat(40), 'z'.repeat(400)];
    const lesser = (item: string) => [item.slice(0, 200), item.slice(0, 100)];
    const fit = (maxTokens: number) => fitting(items, { maxTokens, lesser });
    expect(fit(60)).toEqual(['x'.repeat(200)]);
    expect(fit(70)).toEqual(['x'.repeat(200), items[1]]);
    expect(fit(30)).toEqual(['x'.repeat(100)]);
    expect(fit(10)).toEqual(['x'.repeat(100)]);
  });

  test('an answer says how many hits the token budget kept out [RE-03]', async () => {
    for (let i = 0; i < 10; i += 1) await attempt(`Fix the webhook signature check number ${i}`);
    const found = await memory.search({ text: 'webhook signature' });
    const result = queryResult(found, { detail: 'summary', maxTokens: 300 });
    expect(result.episodes.length).toBeGreaterThan(0);
    expect(result.episodes.length + result.left_out).toBe(10);
    expect(JSON.stringify(result.episodes).length / 4).toBeLessThanOrEqual(300);
  });

  test('a clipped text never exceeds its limit nor cuts a character in two [EP-07]', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 400 }),
        fc.integer({ min: 100, max: 300 }),
        (text, maxBytes) => {
          const { text: kept, originalBytes } = clip(text, maxBytes);
          expect(Buffer.byteLength(kept)).toBeLessThanOrEqual(maxBytes);
          // What decoding half a character gives, unless the text had it before.
          expect(kept.split('\uFFFD').length).toBeLessThanOrEqual(text.split('\uFFFD').length);
          expect(originalBytes).toBe(Buffer.byteLength(text) > maxBytes ? Buffer.byteLength(text) : undefined);
        },
      ),
    );
  });
});
