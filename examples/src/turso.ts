// A memory on a database that several machines share, and a replica of it here. With TURSO_DATABASE_URL (and
// TURSO_AUTH_TOKEN) it is yours at Turso, in which this leaves nothing; otherwise a libSQL server of our own answers.
import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isMemoryError, openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { startLibsqlServer } from '@episodica/test-utils';

const folder = mkdtempSync(join(tmpdir(), 'episodica-'));
const { TURSO_DATABASE_URL, TURSO_AUTH_TOKEN } = process.env;
const server = TURSO_DATABASE_URL
  ? undefined
  : await startLibsqlServer({ path: join(folder, 'host.db'), token: 'secret' });
const host = { url: server?.url ?? TURSO_DATABASE_URL ?? '', authToken: server ? 'secret' : TURSO_AUTH_TOKEN };
// Of nobody else: what is in your database already is neither found nor touched.
const project = `example-${randomUUID()}`;

// #region open
const laptop = openMemory({ store: await openTursoStore({ ...host, deadlineMs: 20_000 }), project });
const desktop = openMemory({ store: await openTursoStore(host), project });
// #endregion

const { episode } = await laptop.createEpisode({ description: 'Rotate the signing keys of the gateway' });
await laptop.addStep(episode.id, { tool: 'bash', action: 'gateway keys rotate', key: 'rotate' });
await laptop.completeEpisode(episode.id, { kind: 'success', verdict: 'Both keys are accepted for a day.' });

// What one machine was told is stored, the next call of every other one sees.
const { episodes } = await desktop.search({ text: 'rotate signing keys' });
assert.equal(episodes[0]?.episode.id, episode.id);
console.log('the other machine finds', episodes[0].episode.description);

// #region replica
const replica = await openTursoStore({
  url: pathToFileURL(join(folder, 'replica.db')).href,
  syncUrl: host.url,
  authToken: host.authToken,
});
const travelling = openMemory({ store: replica, project });
// #endregion
assert.equal((await travelling.getEpisode(episode.id))?.status, 'completed');

if (server !== undefined) {
  await server.stop();
  // Reads go on from the file here; a write is refused with what may be done about it, and nothing is lost or doubled.
  assert.equal((await travelling.getSteps(episode.id)).length, 1);
  // #region away
  const refusal = await desktop.updateEpisode(episode.id, { tags: { add: ['keys'] } }).catch((error: unknown) => error);
  if (!isMemoryError(refusal)) throw refusal;
  console.log(`${refusal.code}, ${refusal.retryable ? 'may be repeated' : 'may have been done'}: ${refusal.message}`);
  // #endregion
  assert.equal(refusal.code, 'STORE_UNAVAILABLE');
  await server.start();
}

// Whoever just found the host away rests for some seconds before asking it again; another machine does not.
const receipt = await laptop.forget({ project });
assert.equal(receipt.episodes, 1);
console.log('and nothing of it is left there');
await Promise.all([laptop.close(), desktop.close(), travelling.close()]);
await server?.close();
