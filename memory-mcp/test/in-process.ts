// A server in the process of the test, over a store in memory, and clients of both generations that speak to it: for
// what a process of its own shows no more.
import { inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import { type MemoryStore, silentLogger } from '@episodica/memory-core/ports';
import { openSandbox } from '@episodica/memory-mcp/sandbox';
import { InMemoryTransport, Client as ModernClient } from '@modelcontextprotocol/client';
import { Client } from '@modelcontextprotocol/sdk/client/index.js';
import { serveStdio } from '@modelcontextprotocol/server/stdio';
import { onTestFinished } from 'vitest';
import { type Journal, watchedStore } from '../src/changes.ts';
import { newConnection } from '../src/connection.ts';
import { noticingListeners } from '../src/listening.ts';
import { createServer } from '../src/server.ts';
import { createServices, type Services } from '../src/services.ts';
import type { ToolResult } from './client.ts';

export const PROJECT = 'test/project';

export interface InProcess {
  /** What the server itself uses. */
  readonly memory: Memory;
  /** The same store, as another process has it. */
  readonly others: Memory;
  readonly services: Services;
  /** How often the store was asked what changed. */
  asked(): number;
  /** A client of the SDK's first generation. */
  connect(): Promise<Client>;
  /** A client of its second; `auto` speaks the revision without handshake. */
  connectModern(mode?: 'auto' | 'legacy'): Promise<ModernClient>;
}

interface Options {
  readonly store?: MemoryStore;
  readonly pollMs?: number;
  readonly listPatienceMs?: number;
  /** Takes the place of the memory's opening. */
  readonly openBackend?: Parameters<typeof createServices>[0]['openBackend'];
  /** What else the services have. */
  readonly more?: Partial<Services>;
}

/** Everything goes with the test. */
export function inProcess(options: Options = {}): InProcess {
  const { store = inMemoryStore(), pollMs = 1, listPatienceMs, more } = options;
  const watched = watchedStore(store);
  const memory = openMemory({ store: watched, embedder: 'none', project: PROJECT });
  let asked = 0;
  const journal: Journal = {
    ...watched,
    changes(since, call) {
      asked += 1;
      return watched.changes(since, call);
    },
  };
  const openBackend =
    options.openBackend ?? (async () => ({ memory, project: PROJECT, journal, close: () => memory.close() }));
  const services: Services = {
    ...createServices({ openBackend, openSandbox: async () => openSandbox(), logger: silentLogger, pollMs }),
    ...more,
  };
  onTestFinished(() => services.close());
  const served = (): InMemoryTransport => {
    const [clientSide, serverSide] = InMemoryTransport.createLinkedPair();
    const connection = newConnection();
    serveStdio(() => createServer(services, connection, { listPatienceMs }), {
      transport: noticingListeners(serverSide, connection.listening),
    });
    return clientSide;
  };
  return {
    memory,
    others: openMemory({ store, embedder: 'none', project: PROJECT }),
    services,
    asked: () => asked,
    async connect() {
      const client = new Client({ name: 'test-client', version: '1.0.0' });
      // The two generations of the SDK declare the same transport, each in its own words.
      await client.connect(served() as Parameters<typeof client.connect>[0]);
      onTestFinished(() => client.close());
      return client;
    },
    async connectModern(mode = 'auto') {
      const client = new ModernClient({ name: 'modern-client', version: '1.0.0' }, { versionNegotiation: { mode } });
      await client.connect(served());
      onTestFinished(() => client.close());
      return client;
    },
  };
}

export interface InProcessClient extends InProcess {
  readonly client: ModernClient;
  call(name: string, given?: Record<string, unknown>): Promise<ToolResult>;
}

/** The same with a client that is connected. */
export async function startInProcess({
  mode = 'legacy',
  ...options
}: Options & { readonly mode?: 'auto' | 'legacy' } = {}): Promise<InProcessClient> {
  const server = inProcess(options);
  const client = await server.connectModern(mode);
  return {
    ...server,
    client,
    async call(name, given = {}) {
      const result = await client.callTool({ name, arguments: given });
      const [first] = result.content;
      return {
        isError: result.isError === true,
        text: first?.type === 'text' ? first.text : '',
        structured: result.structuredContent,
      };
    },
  };
}
