// The index between two starts: what of a store lies in the files of its cache, and what does not.
import { randomBytes } from 'node:crypto';
import { readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { Memory } from '@episodica/memory-core';
import { openPlace } from '@episodica/soak';
import { wordsIn } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { temporaryFolder } from './folder.ts';

/** In a description, a tag, an action, an error made good and a verdict, and nowhere else. */
const WORDS = ['quagmire', 'zeppelin', 'xylophone', 'marzipan', 'bungalow'] as const;
/** Together they have enough words for the index to be more than what came last, and enough changes for it to be kept. */
const OTHERS = 400;
const WORDS_EACH = 50;

/** Answers the id of the one episode that holds the words. */
async function remember(memory: Memory): Promise<string> {
  const [description, tag, action, message, verdict] = WORDS;
  const { episode } = await memory.createEpisode({ description: `Repair the ${description}`, tags: [tag] });
  await memory.addSteps(episode.id, [
    { tool: 'bash', action, result: { type: 'error', message: `TypeError: ${message} is undefined` } },
    { tool: 'edit', action: 'mend it', result: { type: 'success' } },
    { tool: 'bash', action, result: { type: 'success' } },
  ]);
  await memory.completeEpisode(episode.id, { kind: 'success', verdict });
  await createOthers(memory, OTHERS);
  return episode.id;
}

async function createOthers(memory: Memory, count: number): Promise<void> {
  const words = (episode: number): readonly string[] =>
    Array.from({ length: WORDS_EACH }, (_, index) => `sail${(episode * WORDS_EACH + index) % 1_009}`);
  await memory.createEpisodes(
    Array.from({ length: count }, (_, index) => ({ description: `Steer frigate ${words(index).join(' ')}` })),
  );
}

/** A start that has the index from the cache, or makes it and leaves it there. */
async function startAndEnd(folder: string, encryptionKey?: string): Promise<void> {
  const { memory } = await openPlace(folder, { encryptionKey });
  await memory.catchUp();
  await memory.close();
}

async function filled(folder: string, encryptionKey?: string): Promise<string> {
  const { memory } = await openPlace(folder, { encryptionKey });
  const id = await remember(memory);
  await memory.catchUp();
  await memory.close();
  return id;
}

test('words and vectors of an encrypted store are in no file of its cache, those of a plain one are [ST-11] [CA-05]', async () => {
  for (const encryptionKey of [undefined, randomBytes(32).toString('hex')]) {
    const folder = temporaryFolder();
    const id = await filled(folder, encryptionKey);
    await startAndEnd(folder, encryptionKey);
    const { memory, store } = await openPlace(folder, { encryptionKey });
    expect((await memory.search({ text: WORDS[0] })).episodes[0]?.episode.id).toBe(id);
    const vectors: Buffer[] = [];
    for await (const { vectors: own } of store.scan('embedding', { ownerIds: [id] })) {
      vectors.push(...own.map(({ buffer, byteOffset }) => Buffer.from(buffer, byteOffset, 256)));
    }
    await memory.close();
    expect(vectors.length).toBeGreaterThan(0);
    const files = filesBelow(folder);
    const isPlain = encryptionKey === undefined;
    expect(vectors.every((vector) => files.some((bytes) => bytes.includes(vector)))).toBe(isPlain);
    expect(wordsIn(join(folder, 'cache'), WORDS).length > 0).toBe(isPlain);
    if (!isPlain) expect(wordsIn(folder, WORDS)).toEqual([]);
  }
});

for (const { does, asksAgain } of [
  { does: 'that has searched since', asksAgain: true },
  { does: 'that was not asked anything since', asksAgain: false },
]) {
  test(`what was forgotten and erased does not come back with the index of a server ${does} [EP-06]`, async () => {
    const folder = temporaryFolder();
    const id = await filled(folder);
    expect(wordsIn(join(folder, 'cache'), [WORDS[0]])).not.toEqual([]);
    const server = await openPlace(folder);
    expect((await server.memory.search({ text: WORDS[0] })).episodes[0]?.episode.id).toBe(id);

    const terminal = await openPlace(folder);
    await terminal.memory.forget({ ids: [id] });
    expect(await terminal.store.erase()).toMatchObject({ erased: true });
    await terminal.memory.close();
    rmSync(join(folder, 'cache', terminal.store.identity), { recursive: true });

    // So much that its index is worth keeping, and cannot be what it had kept.
    await createOthers(server.memory, 200);
    if (asksAgain) {
      await server.memory.catchUp();
      expect((await server.memory.search({ text: WORDS[0] })).isAbstained).toBe(true);
    }
    await server.memory.close();
    expect(wordsIn(folder, WORDS)).toEqual([]);
    await startAndEnd(folder);
    expect(wordsIn(folder, WORDS)).toEqual([]);
    expect(wordsIn(join(folder, 'cache'), ['frigate'])).not.toEqual([]);
  });
}

function filesBelow(folder: string): readonly Buffer[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .map((name) => join(folder, name))
    .filter((path) => statSync(path).isFile())
    .map((path) => readFileSync(path));
}
