import { randomBytes } from 'node:crypto';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { storeSuite } from '@episodica/test-utils';
import { createClient } from '@libsql/client';
import { afterAll } from 'vitest';
import { clientConnection } from '../src/connection.ts';
import { openStoreOver } from '../src/open.ts';

const directory = mkdtempSync(join(tmpdir(), 'episodica-store-'));
const urls = new WeakMap<MemoryStore, string>();
let opened = 0;

afterAll(() => rmSync(directory, { recursive: true }));

function newUrl(): string {
  opened += 1;
  return pathToFileURL(join(directory, `${opened}.db`)).href;
}

const KEY = randomBytes(32).toString('hex');

async function openAt(url: string, encryptionKey?: string): Promise<MemoryStore> {
  // What the tests prove does not depend on the disk: without waiting for it they are a lot faster.
  const store = await openTursoStore({ url, durability: 'normal', threads: false, encryptionKey });
  urls.set(store, url);
  return store;
}

storeSuite({
  name: 'a local file',
  open: () => openAt(newUrl()),
  reopen: (closed) => openAt(urls.get(closed)!),
});

storeSuite({
  name: 'an encrypted file',
  open: () => openAt(newUrl(), KEY),
  reopen: (closed) => openAt(urls.get(closed)!, KEY),
});

// The verbs need nothing but single statements and batches, which is what a remote database offers.
storeSuite({
  name: 'through the client of @libsql',
  async open() {
    const url = newUrl();
    const client = createClient({ url, concurrency: 1 });
    await client.execute('PRAGMA journal_mode = WAL');
    await client.execute('PRAGMA synchronous = OFF');
    return await openStoreOver(clientConnection(client, url));
  },
});
