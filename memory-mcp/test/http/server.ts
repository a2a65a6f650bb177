// HTTP servers for tests, in this process or in one of their own, and requests to them.
import { request as httpRequest, type IncomingHttpHeaders } from 'node:http';
import { MemoryError } from '@episodica/memory-core';
import { silentLogger } from '@episodica/memory-core/ports';
import { createServices, type Services } from '@episodica/memory-mcp';
import { onTestFinished } from 'vitest';
import { type HttpServer, type HttpServerOptions, openHttpServer } from '../../src/http/http-server.ts';
import { fixtureServer } from './fixture-server.ts';

export const TOKEN = 'a-token-of-tests-that-is-long-enough';

/** Services without a memory: what needs one is told so. */
export function noServices(): Services {
  const openBackend = () => Promise.reject(new MemoryError('STORE_UNAVAILABLE', 'There is no memory here.'));
  return createServices({ openBackend, logger: silentLogger });
}

/** A server in this process; it goes with the test. */
export async function openTestServer(more: Partial<HttpServerOptions> = {}): Promise<HttpServer> {
  const server = await openHttpServer({
    host: '127.0.0.1',
    port: 0,
    token: TOKEN,
    services: noServices(),
    createServer: fixtureServer,
    ...more,
  });
  onTestFinished(() => server.close(0));
  return server;
}

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly text: string;
}

export interface Asked {
  readonly method?: string;
  readonly path?: string;
  readonly headers?: Record<string, string>;
  readonly body?: string;
}

/** What clients send with each message. */
export const MESSAGE_HEADERS: Readonly<Record<string, string>> = {
  authorization: `Bearer ${TOKEN}`,
  'content-type': 'application/json',
  accept: 'application/json, text/event-stream',
};

/** One request with exactly these headers, read to the end of its answer. */
export function ask(url: string, { method = 'POST', path, headers = {}, body }: Asked = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const address = path === undefined ? url : new URL(path, url).href;
    const sent = httpRequest(address, { method, headers, agent: false }, (incoming) => {
      let text = '';
      incoming.setEncoding('utf8').on('data', (chunk: string) => {
        text += chunk;
      });
      incoming.on('error', reject);
      // Of a server that was killed no end comes; nor may a test wait for one.
      incoming.on('close', () => reject(new Error('the connection was closed before the answer ended')));
      incoming.on('end', () => resolve({ status: incoming.statusCode ?? 0, headers: incoming.headers, text }));
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export function message(method: string, params: object = {}, id: number | string = 1): string {
  return JSON.stringify({ jsonrpc: '2.0', id, method, params });
}

export const INITIALIZE: string = message('initialize', {
  protocolVersion: '2025-11-25',
  capabilities: {},
  clientInfo: { name: 'test-client', version: '1.0.0' },
});

/** The headers of a session that has begun. */
export async function begunSession(url: string, token: string = TOKEN): Promise<Record<string, string>> {
  const common = { ...MESSAGE_HEADERS, authorization: `Bearer ${token}` };
  const { headers } = await ask(url, { headers: common, body: INITIALIZE });
  const session = { 'mcp-session-id': String(headers['mcp-session-id']), 'mcp-protocol-version': '2025-11-25' };
  const initialized = JSON.stringify({ jsonrpc: '2.0', method: 'notifications/initialized' });
  await ask(url, { headers: { ...common, ...session }, body: initialized });
  return { ...common, ...session };
}
