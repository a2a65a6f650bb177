// Who gets in over HTTP and who does not, and what is done with requests that are none.
import { EventEmitter, once } from 'node:events';
import { connect } from 'node:net';
import { Server } from '@modelcontextprotocol/server';
import { describe, expect, onTestFinished, test } from 'vitest';
import { serverHealth } from '../../src/health.ts';
import {
  ask,
  begunSession,
  INITIALIZE,
  MESSAGE_HEADERS,
  message,
  noServices,
  openTestServer,
  TOKEN,
} from './server.ts';

describe('who asks', () => {
  test.each([
    ['no token', undefined],
    ['another token', `Bearer ${TOKEN}x`],
    ['the beginning of the token', `Bearer ${TOKEN.slice(0, -1)}`],
    ['an empty token', 'Bearer '],
    ['another scheme', `Basic ${TOKEN}`],
  ])('%s is told that one is needed, before anything is read [MC-06]', async (_what, authorization) => {
    const { url } = await openTestServer();
    const { authorization: _token, ...others } = MESSAGE_HEADERS;
    const headers = { ...others, ...(authorization === undefined ? {} : { authorization }) };
    for (const method of ['POST', 'GET', 'DELETE']) {
      const answer = await ask(url, { method, headers, body: method === 'POST' ? '{ no JSON' : '' });
      expect(answer).toMatchObject({ status: 401, headers: { 'www-authenticate': 'Bearer' } });
      expect(JSON.parse(answer.text)).toMatchObject({ jsonrpc: '2.0', id: null, error: { code: -32_000 } });
      expect(answer.text).not.toContain(TOKEN.slice(0, 8));
    }
  });

  test.each([
    ['a name that was made to lead here', { host: 'evil.example.com' }],
    ['such a name with our port', { host: 'evil.example.com:3000' }],
    ['a name that begins like ours', { host: 'localhost.evil.example.com' }],
    ['a name of ours behind that of a user', { host: 'user@localhost' }],
    ['a name of ours with a path', { host: 'localhost/evil' }],
    ['an origin that is no web page', { origin: 'ftp://localhost' }],
    ['an origin with more to it', { origin: 'http://user@localhost' }],
    ['a page of another origin', { origin: 'https://evil.example.com' }],
    ['a page of no origin', { origin: 'null' }],
    ['an origin that is none', { origin: 'evil' }],
  ])('%s is refused also with the token [MC-06]', async (_what, more) => {
    const { url } = await openTestServer();
    for (const path of ['/mcp', '/health', '/nowhere']) {
      const answer = await ask(url, { path, headers: { ...MESSAGE_HEADERS, ...more }, body: INITIALIZE });
      expect(answer.status).toBe(403);
      expect(answer.headers).not.toHaveProperty('mcp-session-id');
      expect(answer.text).not.toContain('evil');
    }
  });

  test('names and pages of this machine are let in [MC-06]', async () => {
    const { url } = await openTestServer();
    const hosts = ['localhost', '127.0.0.1:1', '[::1]:3000', 'LOCALHOST:3000'];
    for (const more of [...hosts.map((host) => ({ host })), { origin: 'http://localhost:5173' }]) {
      const { status } = await ask(url, { headers: { ...MESSAGE_HEADERS, ...more }, body: INITIALIZE });
      expect(status).toBe(200);
    }
  });

  test('no page is granted leave to ask: a preflight is refused and no answer names an origin [MC-06]', async () => {
    const { url } = await openTestServer();
    const origin = 'http://localhost:5173';
    const preflight = await ask(url, {
      method: 'OPTIONS',
      headers: { origin, 'access-control-request-method': 'POST', 'access-control-request-headers': 'authorization' },
    });
    expect(preflight.status).toBe(401);
    const answer = await ask(url, { headers: { ...MESSAGE_HEADERS, origin }, body: INITIALIZE });
    for (const { headers } of [preflight, answer]) {
      expect(Object.keys(headers).filter((name) => name.startsWith('access-control'))).toEqual([]);
    }
  });

  test('health says to anybody whether it works, and to who has the token why not [MC-06 OB-02]', async () => {
    const { url } = await openTestServer();
    const open = await ask(url, { method: 'GET', path: '/health' });
    expect(open.status).toBe(503);
    expect(JSON.parse(open.text)).toEqual({ status: 'down' });
    const { authorization = '' } = MESSAGE_HEADERS;
    const whole = await ask(url, { method: 'GET', path: '/health', headers: { authorization } });
    expect(whole.status).toBe(503);
    const { status, components } = JSON.parse(whole.text);
    expect(status).toBe('down');
    expect(components).toContainEqual(expect.objectContaining({ name: 'store', status: 'down' }));
    const [http] = components.filter(({ name }: { name: string }) => name === 'http');
    expect(http).toMatchObject({ status: 'ok', basis: 'measured' });
    expect(http.detail).toMatch(/^0 of 256 sessions, 1 of 512 connections, 0 requests turned away/u);
  });
});

describe('what is asked', () => {
  test.each([
    ['another path', { path: '/' }, 404, /\/mcp/u],
    ['a path that only objects have', { path: '/constructor' }, 404, /\/mcp/u],
    ['another method', { method: 'PUT' }, 405, /POST, GET, DELETE/u],
    [
      'another kind of text',
      { headers: { ...MESSAGE_HEADERS, 'content-type': 'text/plain' } },
      415,
      /application\/json/u,
    ],
    ['no JSON', { body: '{"jsonrpc"' }, 400, /no JSON/u],
    ['a batch', { body: `[${message('ping')}]` }, 400, /"code":-32600,.*Batches/u],
    ['nothing', { body: '' }, 400, /no JSON/u],
    ['a message without a session', { body: message('tools/list') }, 400, /initialize/u],
    ['an initialize that is none', { body: message('initialize', {}) }, 400, /initialize/u],
    ['a session that is not there', { headers: { ...MESSAGE_HEADERS, 'mcp-session-id': 'x' } }, 404, /initialize/u],
    ['what answers may not be', { headers: { ...MESSAGE_HEADERS, accept: 'text/html' } }, 406, /accept/u],
  ])('%s is refused with what to do [MC-06]', async (_what, asked, status, told) => {
    const { url } = await openTestServer({ limits: { sessions: 1 } });
    const answer = await ask(url, { headers: MESSAGE_HEADERS, body: INITIALIZE, ...asked });
    expect(answer).toMatchObject({ status, text: expect.stringMatching(told) });
    // Nothing of it is left: there is still room for the one session that there may be.
    expect((await ask(url, { headers: MESSAGE_HEADERS, body: INITIALIZE })).status).toBe(200);
  });

  test('a message that is too large is refused, whether or not it says so at first [MC-06]', async () => {
    const { url } = await openTestServer();
    const said = await ask(url, { headers: { ...MESSAGE_HEADERS, 'content-length': '25000001' } }).catch(String);
    const body = message('ping', { padding: 'x'.repeat(25_000_000) });
    const unsaid = await ask(url, { headers: { ...MESSAGE_HEADERS, 'transfer-encoding': 'chunked' }, body });
    expect(unsaid).toMatchObject({ status: 413, text: expect.stringContaining('25000000') });
    expect(said).toMatchObject({ status: 413 });
  });

  test('who sends slowly is cut off, in the headers as in the body [MC-06]', async () => {
    const { url } = await openTestServer({ limits: { headersMs: 100, requestMs: 200 } });
    for (const begun of [HEAD, `${HEAD}Content-Length: 100\r\n\r\n{`]) {
      expect(await untilClosed(url, begun)).toMatch(/^HTTP\/1\.1 408 /u);
    }
  });

  test('beyond the limit a connection is told at once that the server is busy, and others are served on [MC-06]', async () => {
    const services = noServices();
    const { url } = await openTestServer({ services, limits: { connections: 2 } });
    const session = await begunSession(url);
    const streams = [connect(portOf(url)), connect(portOf(url))];
    const [first] = streams;
    await Promise.all(streams.map((stream) => new Promise((resolve) => stream.once('connect', resolve))));
    const refused = await ask(url, { headers: session, body: message('ping') });
    expect(refused).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    const answered = new Promise((resolve) => first?.once('data', (chunk) => resolve(String(chunk))));
    first?.write(`GET /nowhere HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\n\r\n`);
    expect(await answered).toMatch(/^HTTP\/1\.1 404 /u);
    expect((await serverHealth(services)).components).toContainEqual(
      expect.objectContaining({
        name: 'http',
        status: 'degraded',
        detail: expect.stringMatching(/2 of 2 connections, 1 requ/u),
      }),
    );
    for (const stream of streams) stream.destroy();
  });

  test('connections over which no token was shown hold few places, so they keep nobody out who has it [MC-06]', async () => {
    const { url } = await openTestServer({ limits: { connections: 20, strangers: 4 } });
    const session = await begunSession(url);
    const ping = () => ask(url, { headers: session, body: message('ping') }).then(({ status }) => status);
    const slow = Array.from({ length: 120 }, () => connect(portOf(url), '127.0.0.1'));
    onTestFinished(() => {
      for (const socket of slow) socket.destroy();
    });
    const cut = slow.map((socket) => new Promise((resolve) => socket.on('error', resolve).once('close', resolve)));
    for (const socket of slow) socket.write('POST /mcp HTTP/1.1\r\nHost: localhost\r\n');
    expect(await ping()).toBe(200);
    // One for the ping and three that wait are left at most.
    await Promise.all(cut.slice(0, 116));
    expect(await ping()).toBe(200);
    // Many that come at once with the token are none of them.
    expect(await Promise.all(Array.from({ length: 16 }, ping))).toEqual(Array.from({ length: 16 }, () => 200));
  });

  test('who has shown no token is read no further, answered once and cut off, also where it goes on sending [MC-06]', async () => {
    const { url } = await openTestServer();
    const stranger = HEAD.replace(TOKEN, 'another');
    const begun = [`${stranger}Content-Length: 1000000\r\n\r\n{`, `${stranger}Content-Length: 2\r\n\r\n{}`];
    for (const bytes of begun)
      expect(await untilClosed(url, bytes)).toMatch(/^HTTP\/1\.1 401 .*\nconnection: close\r\n/su);
    expect(await untilClosed(url, 'GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n')).toMatch(
      /\nconnection: close\r\n/u,
    );
  });

  test('messages count as long as they are not answered: with many large ones under way no more are taken [MC-06]', async () => {
    const gate = gatedServer();
    const { url } = await openTestServer({ limits: { bodiesBytes: 2_500 }, createServer: gate.createServer });
    const session = await begunSession(url);
    const call = (id: number) =>
      ask(url, {
        headers: session,
        body: message('tools/call', { name: 'wait', arguments: { text: 'x'.repeat(1_000) } }, id),
      });
    const taken = [call(1), call(2)];
    await gate.called(2);
    expect(await call(3)).toMatchObject({ status: 503, headers: { 'retry-after': '1' } });
    gate.open();
    for (const { status } of await Promise.all(taken)) expect(status).toBe(200);
    expect((await call(4)).status).toBe(200);
  });

  test('a request is counted under its route and how it was answered; one whose client left before that, as such [MC-08 MC-06]', async () => {
    const { url } = await openTestServer();
    await ask(url, { headers: MESSAGE_HEADERS, body: INITIALIZE });
    await ask(url, { method: 'GET', path: '/nowhere' });
    await untilClosed(url, `${HEAD}Content-Length: 100\r\n\r\n{`, 'end');
    const told = [
      /^\S*http_requests\S*\{route="\/mcp",status="200"\} 1$/mu,
      /^\S*http_requests\S*\{route="\/mcp",status="unanswered"\} 1$/mu,
      /^\S*http_requests\S*\{route="other",status="404"\} 1$/mu,
    ];
    const { authorization = '' } = MESSAGE_HEADERS;
    // The answer is there a little before it is counted.
    for (let text = ''; !told.every((line) => line.test(text)); ) {
      ({ text } = await ask(url, { method: 'GET', path: '/metrics', headers: { authorization } }));
    }
  });
});

const HEAD = `POST /mcp HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer ${TOKEN}\r\nContent-Type: application/json\r\n`;

/** Calls wait behind a gate. */
function gatedServer(): { createServer(): Server; open(): void; called(times: number): Promise<void> } {
  const gate = new EventEmitter();
  let isOpen = false;
  let calls = 0;
  return {
    createServer() {
      const server = new Server({ name: 'gated', version: '1.0.0' }, { capabilities: { tools: {} } });
      server.setRequestHandler('tools/call', async () => {
        calls += 1;
        gate.emit('call');
        if (!isOpen) await once(gate, 'open');
        return { content: [] };
      });
      return server;
    },
    open() {
      isOpen = true;
      gate.emit('open');
    },
    async called(times) {
      while (calls < times) await once(gate, 'call');
    },
  };
}

function portOf(url: string): number {
  return Number(new URL(url).port);
}

/** What a server says to these bytes before it closes the connection; no more come, and perhaps it is told so. */
function untilClosed(url: string, bytes: string, then: 'wait' | 'end' = 'wait'): Promise<string> {
  return new Promise((resolve) => {
    const socket = connect(portOf(url), '127.0.0.1', () => (then === 'end' ? socket.end(bytes) : socket.write(bytes)));
    let said = '';
    socket.setEncoding('utf8').on('data', (chunk: string) => {
      said += chunk;
    });
    socket.on('error', () => {});
    socket.on('close', () => resolve(said));
  });
}
