// A memory to a file and into another one; and what other tools recorded, as episodes.
import assert from 'node:assert/strict';
import { createReadStream, createWriteStream, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pipeline } from 'node:stream/promises';
import { inMemoryStore, openMemory, readJsonLines } from '@episodica/memory-core';

const file = join(mkdtempSync(join(tmpdir(), 'episodica-')), 'memory.jsonl');
const memory = openMemory({ store: inMemoryStore() });
for (const description of ['Pin the compiler', 'Unpin the compiler']) {
  const { episode } = await memory.createEpisode({ description });
  await memory.addStep(episode.id, { tool: 'edit', action: 'package.json' });
  await memory.completeEpisode(episode.id, { kind: 'success' });
}

// #region export
async function* lines(): AsyncIterable<string> {
  for await (const record of memory.exportEpisodes()) yield `${JSON.stringify(record)}\n`;
}
await pipeline(lines(), createWriteStream(file, { mode: 0o600 }));
// #endregion

const other = openMemory({ store: inMemoryStore() });
// #region import
const receipt = await other.importEpisodes(readJsonLines(createInterface({ input: createReadStream(file) })), {
  onProgress: ({ imported, failedCount }) => console.log(`${imported} imported, ${failedCount} could not be read`),
});
for (const { position, message } of receipt.failed) console.log(`line ${position}: ${message}`);
// #endregion
assert.equal(receipt.imported, 2);
const again = await other.importEpisodes(memory.exportEpisodes());
assert.equal(again.imported, 0);
assert.equal(again.known, 2);

// #region foreign
// What another tool logged becomes records, too: in the words of docs/jsonl.md, and whatever has no outcome gets none.
async function* ofOurBot(runs: Iterable<{ readonly task: string; readonly commands: readonly string[] }>) {
  for (const { task, commands } of runs) {
    yield { task_description: task, steps: commands.map((action) => ({ tool: 'shell', action })) };
  }
}
const runs = [{ task: 'Mend the nightly build', commands: ['make clean', 'make'] }];
const fromBot = await other.importEpisodes(ofOurBot(runs), { project: 'nightly' });
// #endregion
assert.equal(fromBot.imported, 1);
const [foreign] = (await other.search({ text: 'nightly build', project: 'nightly' })).episodes;
assert.equal(foreign?.episode.status, 'open');
console.log('exported, imported, imported again, and told by another tool: every episode is there once');
await Promise.all([memory.close(), other.close()]);
