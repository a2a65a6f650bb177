// What can go wrong, and what to do about it: refusals by their codes, giving up, two writers, and the end.
import assert from 'node:assert/strict';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { isInDoubt, isMemoryError, openMemory } from '@episodica/memory-core';
import { openTursoStore } from '@episodica/memory-storage-turso';

const url = pathToFileURL(join(mkdtempSync(join(tmpdir(), 'episodica-')), 'memory.db')).href;

// #region processes
const mine = openMemory({ store: await openTursoStore({ url, busyTimeoutMs: 5_000 }), actor: 'mine' });
const yours = openMemory({ store: await openTursoStore({ url }), actor: 'yours' });
const { episode } = await mine.createEpisode({ description: 'Bring the changelog up to date' });
// What was answered is stored, and the next call of everybody else sees it.
const seen = await yours.getEpisode(episode.id);
// #endregion
assert.deepEqual(seen, episode);

// #region race
const ends = await Promise.allSettled([
  mine.completeEpisode(episode.id, { kind: 'success' }),
  yours.completeEpisode(episode.id, { kind: 'failure', reason: 'Nobody knows the release date.' }),
]);
// #endregion
assert.deepEqual(ends.map(({ status }) => status).sort(), ['fulfilled', 'rejected']);

// #region codes
/** What to tell the agent, or `again` where the same call may be repeated as it is. */
function adviceOn(error: unknown): string {
  if (!isMemoryError(error)) throw error;
  if (error.retryable) return 'again';
  if (isInDoubt(error)) return `It may have been done; look before you repeat it. ${error.message}`;
  switch (error.code) {
    case 'NOT_FOUND':
    case 'INVALID_INPUT':
    case 'INVALID_STATE':
    case 'LIMIT_EXCEEDED':
      // The caller's to mend: the message names the field or the thing, and what to do.
      return error.message;
    default:
      throw error;
  }
}
const twice = await mine.completeEpisode(episode.id, { kind: 'success' }).then(() => 'done', adviceOn);
// #endregion
console.log(twice);
assert.match(twice, /already completed/u);
for (const [refused, code] of [
  [() => mine.createEpisode({ description: '' }), 'INVALID_INPUT'],
  [() => mine.addStep('00000000-0000-7000-8000-000000000000', { tool: 'read', action: 'it' }), 'NOT_FOUND'],
  [() => mine.search({}), 'INVALID_INPUT'],
] as const) {
  await assert.rejects(refused, { code });
}

// #region abort
const user = new AbortController();
const asking = mine.search({ text: 'changelog' }, { signal: user.signal });
user.abort();
await assert.rejects(asking, { code: 'ABORTED' });
// #endregion

// #region close
await mine.close();
await assert.rejects(mine.getEpisode(episode.id), { code: 'CLOSED' });
// #endregion
assert.equal((await yours.getEpisode(episode.id))?.status, 'completed');
await yours.close();
