import { mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { storeSuite } from '@episodica/test-utils';
import { expect, test } from 'vitest';
import { openLogFileStore } from '../dist/log-file-store.js';

const paths = new Map<MemoryStore, string>();

storeSuite({
  name: 'the log file of the examples',
  open: () => openAt(newPath()),
  reopen: (closed) => openAt(paths.get(closed)!),
});

test('a log file that is no log is refused and left as it is [PK-06]', async () => {
  const path = newPath();
  writeFileSync(path, 'no JSON\n');
  await expect(openLogFileStore(path)).rejects.toMatchObject({ code: 'STORE_CORRUPT' });
});

async function openAt(path: string): Promise<MemoryStore> {
  const store = await openLogFileStore(path);
  paths.set(store, path);
  return store;
}

function newPath(): string {
  return join(mkdtempSync(join(tmpdir(), 'episodica-example-')), 'memory.jsonl');
}
