// The suite of all stores over a network, and through a file that follows a database there.
import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import type { MemoryStore } from '@episodica/memory-core/ports';
import { openTursoStore } from '@episodica/memory-storage-turso';
import { type LibsqlServer, startLibsqlServer, storeSuite } from '@episodica/test-utils';
import { afterAll, afterEach, beforeAll } from 'vitest';

const directory = mkdtempSync(join(tmpdir(), 'episodica-remote-store-'));
const urls = new WeakMap<MemoryStore, string>();
const servers: LibsqlServer[] = [];
/** The same statements are compared with the model thirty times over a file, much faster. */
const RUNS = 10;
let opened = 0;

afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

afterAll(() => rmSync(directory, { recursive: true }));

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
    runs: RUNS,
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
  runs: RUNS,
  async open() {
    opened += 1;
    const url = pathToFileURL(join(directory, `${opened}.db`)).href;
    const server = await startLibsqlServer({ path: join(directory, `${opened} primary.db`) });
    servers.push(server);
    return openReplica({ url, syncUrl: server.url });
  },
  reopen: (closed) => openReplica(replicas.get(closed)!),
});
