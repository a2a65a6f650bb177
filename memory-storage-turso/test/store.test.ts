import { randomBytes } from 'node:crypto';
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { type LibsqlServer, startLibsqlServer, storeSuite } from '@episodica/test-utils';
import { createClient } from '@libsql/client';
import { afterAll, beforeAll } from 'vitest';
import { clientConnection } from '../src/connection.ts';
import { openStoreOver } from '../src/store.ts';

const directory = mkdtempSync(join(tmpdir(), 'episodica-store-'));
const urls = new WeakMap<MemoryStore, string>();
let opened = 0;

const servers: LibsqlServer[] = [];

afterAll(async () => {
  for (const server of servers) await server.close();
  rmSync(directory, { recursive: true });
});

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

/** A store with nothing in it: to copy it is much faster than to make its tables over a network each time. */
const empty = join(directory, 'empty.db');
beforeAll(async () => {
  const url = pathToFileURL(empty).href;
  await (await openTursoStore({ url, durability: 'normal', threads: false })).close();
});

for (const scheme of ['http', 'ws']) {
  const openOver = async (url: string): Promise<MemoryStore> => {
    const store = await openTursoStore({ url });
    urls.set(store, url);
    return store;
  };
  storeSuite({
    name: `over ${scheme}`,
    async open() {
      opened += 1;
      const path = join(directory, `${opened}.db`);
      copyFileSync(empty, path);
      const server = await startLibsqlServer({ path });
      servers.push(server);
      return openOver(server.url.replace('http', scheme));
    },
    reopen: (closed) => openOver(urls.get(closed)!),
  });
}

const replicas = new WeakMap<MemoryStore, { readonly url: string; readonly syncUrl: string }>();

async function openReplica(at: { readonly url: string; readonly syncUrl: string }): Promise<MemoryStore> {
  const store = await openTursoStore({ ...at, durability: 'normal', threads: false });
  replicas.set(store, at);
  return store;
}

storeSuite({
  name: 'a file that follows a database',
  async open() {
    const url = newUrl();
    const server = await startLibsqlServer({ path: join(directory, `${opened} primary.db`) });
    servers.push(server);
    return openReplica({ url, syncUrl: server.url });
  },
  reopen: (closed) => openReplica(replicas.get(closed)!),
});
