// A program of somebody else's thinks over the memory: inside the sandbox, with what its host lets it do and no more.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';

const folder = mkdtempSync(join(tmpdir(), 'episodica-'));

// #region run
import { openSandbox } from '@episodica/memory-mcp/sandbox';

const sandbox = openSandbox();
const run = await sandbox.run({ code: 'input.map((n) => n * 2)', input: [1, 2], timeoutMs: 5_000 });
if (run.ok) console.log(run.result);
else console.error(run.error.code, run.error.message, run.error.hint);
// #endregion
assert.ok(run.ok);
assert.deepEqual(run.result, [2, 4]);

const memory = openMemory({ store: await openTursoStore({ url: pathToFileURL(join(folder, 'memory.db')).href }) });
for (const [domain, kind] of [
  ['auth', 'success'],
  ['auth', 'success'],
  ['shop', 'partial'],
] as const) {
  const { episode } = await memory.createEpisode({ description: `Mend a test of ${domain}`, domain });
  await memory.completeEpisode(episode.id, kind === 'success' ? { kind } : { kind, completed: [], failed: ['types'] });
}

// #region host
import { codeModeHost } from '@episodica/memory-mcp/code-mode';
import type { HostApi } from '@episodica/memory-mcp/sandbox';

// What programs may call: the memory, only to read it, and a function of our own beside it.
const host: HostApi = {
  ...codeModeHost(async () => ({ memory, project: undefined }), { allowWrites: false }),
  owner: { answer: async ([domain]) => (domain === 'auth' ? 'ana' : null) },
};
const owned = await sandbox.run({ code: "await memory.owner('auth')", host });
// #endregion
assert.ok(owned.ok);
assert.equal(owned.result, 'ana');

const counted = await sandbox.run({
  code: `const rows = await memory.episodes({ fields: ['domain', 'outcome'] });
    const won = rows.filter((row) => row.outcome === 'success' && row.domain === input.domain);
    ({ won: won.length, of: rows.length, owner: await memory.owner(input.domain) })`,
  input: { domain: 'auth' },
  host,
});
assert.ok(counted.ok);
assert.deepEqual(counted.result, { won: 2, of: 3, owner: 'ana' });
console.log('the program answers', counted.result, `after ${counted.usage.hostCalls} calls of its host`);

const refused = await sandbox.run({ code: "await memory.createEpisode({ task_description: 'Mine' })", host });
assert.ok(!refused.ok);
assert.equal(refused.calls[0]?.code, 'NOT_SUPPORTED');
console.log('it may not write:', refused.error.message);

const endless = await sandbox.run({ code: 'for (;;);', host, timeoutMs: 100 });
assert.ok(!endless.ok);
assert.match(endless.error.code, /^TIMEOUT_/u);
console.log('it may not go on for ever:', endless.error.message);

await sandbox.close();
await memory.close();
