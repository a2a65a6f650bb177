// Sessions and streams over HTTP: how many, for how long, and what is left of a stream that broke off.
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { Server } from '@modelcontextprotocol/server';
import { describe, expect, test } from 'vitest';
import { EventLog } from '../../src/http/event-log.ts';
import { ask, begunSession, INITIALIZE, MESSAGE_HEADERS, message, openTestServer } from './server.ts';

const MINUTE_MS = 60_000;

describe('sessions', () => {
  test('a session ends when its client says so, or is silent for long; its client is told to begin anew [MC-06]', async () => {
    let nowMs = 0;
    const { url } = await openTestServer({ nowMs: () => nowMs, limits: { idleMs: 30 * MINUTE_MS } });
    const [left, silent] = [await begunSession(url), await begunSession(url)];
    expect((await ask(url, { method: 'DELETE', headers: left })).status).toBe(200);
    expect(await ask(url, { headers: left, body: message('ping') })).toMatchObject({
      status: 404,
      text: expect.stringContaining('initialize'),
    });
    nowMs += 30 * MINUTE_MS;
    expect((await ask(url, { headers: silent, body: message('ping') })).status).toBe(200);
    nowMs += 30 * MINUTE_MS + 1;
    expect((await ask(url, { headers: silent, body: message('ping') })).status).toBe(404);
  });

  test('a session whose stream is open is not silent [MC-06]', async () => {
    let nowMs = 0;
    const { url } = await openTestServer({ nowMs: () => nowMs, limits: { idleMs: MINUTE_MS } });
    const session = await begunSession(url);
    const stream = await openStream(url, session);
    nowMs += 100 * MINUTE_MS;
    expect((await ask(url, { headers: session, body: message('ping') })).status).toBe(200);
    stream.cut();
  });

  test('where there is no room, the longest silent makes some, but none that was just in use [MC-06]', async () => {
    let nowMs = 0;
    const { url } = await openTestServer({ nowMs: () => nowMs, limits: { sessions: 2, idleWhenFullMs: MINUTE_MS } });
    const older = await begunSession(url);
    nowMs += MINUTE_MS;
    const newer = await begunSession(url);
    const refused = await ask(url, { headers: MESSAGE_HEADERS, body: INITIALIZE });
    expect(refused).toMatchObject({
      status: 503,
      headers: { 'retry-after': '60' },
      text: expect.stringContaining('busy'),
    });
    nowMs += 1;
    const third = await begunSession(url);
    const statuses = await Promise.all(
      [older, newer, third].map(async (headers) => (await ask(url, { headers, body: message('ping') })).status),
    );
    expect(statuses).toEqual([404, 200, 200]);
  });

  test('of two that come at once for the last place, one gets it [MC-06]', async () => {
    let nowMs = 0;
    let close = (): void => {};
    const closed = new Promise<void>((resolve) => {
      close = resolve;
    });
    let isClosing = (): void => {};
    const closing = new Promise<void>((resolve) => {
      isClosing = resolve;
    });
    const { url } = await openTestServer({
      nowMs: () => nowMs,
      limits: { sessions: 1, idleWhenFullMs: MINUTE_MS },
      createServer() {
        const server = new Server({ name: 'slow', version: '1.0.0' }, { capabilities: {} });
        const end = server.close.bind(server);
        server.close = async () => {
          isClosing();
          await closed;
          await end();
        };
        return server;
      },
    });
    const begin = () => ask(url, { headers: MESSAGE_HEADERS, body: INITIALIZE });
    await begin();
    nowMs += 2 * MINUTE_MS;
    const first = begin();
    await closing;
    expect((await begin()).status).toBe(503);
    close();
    expect((await first).status).toBe(200);
  });

  test('clients that leave without a word make room for those that come; who has a stream open, or a call, stays [MC-06]', async () => {
    let nowMs = 0;
    const gate = gatedServer();
    const { url } = await openTestServer({
      nowMs: () => nowMs,
      limits: { sessions: 5 },
      createServer: gate.createServer,
    });
    const [listening, calling] = [await begunSession(url), await begunSession(url)];
    const stream = await openStream(url, listening);
    const call = await openStream(url, calling, gatedCall(1));
    for (let client = 0; client < 100; client += 1) {
      const session = await begunSession(url);
      expect((await ask(url, { headers: session, body: message('ping') })).status).toBe(200);
      nowMs += 1_000;
    }
    gate.open();
    await call.ended;
    expect(messagesIn(call.text()).at(-1)).toMatchObject({ id: 1, result: {} });
    expect((await ask(url, { headers: listening, body: message('ping') })).status).toBe(200);
    stream.cut();
  });

  test('clients that begin at the same time get sessions of their own, no more than there may be [MC-06]', async () => {
    const { url } = await openTestServer({ limits: { sessions: 20 } });
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => ask(url, { headers: MESSAGE_HEADERS, body: INITIALIZE })),
    );
    const begun = answers.filter(({ status }) => status === 200);
    expect(new Set(begun.map(({ headers }) => headers['mcp-session-id'])).size).toBe(20);
    expect(answers.filter(({ status }) => status === 503)).toHaveLength(10);
  });

  test('many calls at once are each answered with their own id, over both kinds of revisions [MC-06]', async () => {
    const { url } = await openTestServer();
    const sessions = await Promise.all(Array.from({ length: 5 }, () => begunSession(url)));
    const inSessions = sessions.flatMap((headers, client) =>
      Array.from({ length: 40 }, async (_, call) => {
        const id = `${client}/${call}`;
        const { text } = await ask(url, { headers, body: message('tools/call', { name: 'test_simple_text' }, id) });
        expect(messagesIn(text)).toMatchObject([{ id, result: { content: [{ type: 'text' }] } }]);
      }),
    );
    const without = Array.from({ length: 50 }, async (_, id) => {
      const { status, text } = await ask(url, sessionless('tools/call', { name: 'test_simple_text' }, id));
      expect(status).toBe(200);
      expect(JSON.parse(text)).toMatchObject({ id, result: { content: [{ type: 'text' }] } });
    });
    await Promise.all([...inSessions, ...without]);
  });
});

describe('streams', () => {
  test('a stream that broke off is resumed: what was missed comes once, in order, and nothing of another [MC-06]', async () => {
    const gate = gatedServer();
    const { url } = await openTestServer({ createServer: gate.createServer });
    const session = await begunSession(url);
    const call = await openStream(url, session, gatedCall(1));
    const other = await openStream(url, session, gatedCall(2));
    await Promise.all([call.upTo('step 1'), other.upTo('step 1')]);
    const lastId = call.lastId();
    call.cut();
    await call.ended;
    // What is told now, nobody hears; the call goes on all the same.
    gate.open();
    await other.ended;
    const resumed = await openStream(url, { ...session, 'last-event-id': lastId });
    await resumed.ended;
    const told = messagesIn(resumed.text());
    expect(told.slice(0, -1).map(({ params }) => params?.message)).toEqual(['step 2', 'step 3', 'step 4', 'step 5']);
    expect(told.at(-1)).toMatchObject({ id: 1, result: { content: [{ text: 'done' }] } });
  });

  test('who resumes while the server still believes in the old connection is served, over the new one alone [MC-06]', async () => {
    const gate = gatedServer();
    const { url } = await openTestServer({ createServer: gate.createServer });
    const session = await begunSession(url);
    const old = await openStream(url, session, gatedCall(1));
    await old.upTo('step 1');
    const anew = await openStream(url, { ...session, 'last-event-id': old.lastId() });
    await old.ended;
    gate.open();
    await anew.ended;
    expect(messagesIn(anew.text())).toHaveLength(5);
    expect(messagesIn(old.text())).toHaveLength(1);
  });

  test('an event of another session, or one long gone, resumes nothing and says so [MC-06]', async () => {
    const { url } = await openTestServer();
    const [mine, theirs] = [await begunSession(url), await begunSession(url)];
    const { text } = await ask(url, { headers: theirs, body: message('tools/call', { name: 'test_simple_text' }) });
    const [, theirEvent = ''] = /^id: (.+)$/mu.exec(text) ?? [];
    for (const lastEventId of [theirEvent, 'no event']) {
      const answer = await ask(url, { method: 'GET', headers: { ...mine, 'last-event-id': lastEventId } });
      expect(answer).toMatchObject({ status: 400, text: expect.stringContaining('Last-Event-ID') });
    }
  });

  test('the stream of who listens without a session ends with the server [MC-06 MC-04]', async () => {
    const server = await openTestServer();
    const { headers, body } = sessionless('subscriptions/listen', { notifications: { toolsListChanged: true } }, 7);
    const stream = await openStream(server.url, headers, body);
    await stream.upTo('acknowledged');
    await server.close(0);
    await stream.ended;
    expect(messagesIn(stream.text())[0]).toMatchObject({ method: 'notifications/subscriptions/acknowledged' });
  });

  test('who asks for much and reads nothing is cut off [MC-06]', async () => {
    const { url } = await openTestServer({ createServer: talkativeServer });
    const session = await begunSession(url);
    const stream = await openStream(url, session, message('tools/call', { name: 'talk' }));
    stream.pause();
    const { text } = await ask(url, { headers: session, body: message('ping', {}, 2) });
    expect(text).toContain('"id":2');
    stream.resume();
    await stream.ended;
    // 40 MB were said; what waited when it was too much is all that the socket still held.
    expect(stream.text().length).toBeLessThan(20_000_000);
  });
});

describe('the log of events', () => {
  test('what is too much goes oldest first, so that nothing is replayed over a gap [MC-06]', async () => {
    const log = new EventLog({ sessionEvents: 3, bytes: 10_000 });
    const events = log.session();
    const ids: string[] = [];
    for (const n of [1, 2, 3, 4, 5]) ids.push(await events.storeEvent('s', notification(String(n))));
    expect(ids.map((id) => events.has(id))).toEqual([false, false, true, true, true]);
    expect(await replayed(events, ids[2])).toEqual(['4', '5']);
  });

  test('sessions share a bound, and one that is closed gives back what it had [MC-06]', async () => {
    const log = new EventLog({ sessionEvents: 100, bytes: 3_000 });
    const [first, second] = [log.session(), log.session()];
    const text = 'x'.repeat(1_000);
    const old = await first.storeEvent('s', notification(text));
    await second.storeEvent('s', notification(text));
    await second.storeEvent('s', notification(text));
    expect(first.has(old)).toBe(false);
    second.clear();
    const newer = await first.storeEvent('s', notification(text));
    await first.storeEvent('s', notification(text));
    expect(first.has(newer)).toBe(true);
  });
});

const notification = (text: string) => ({ jsonrpc: '2.0' as const, method: 'told', params: { text } });

async function replayed(events: ReturnType<EventLog['session']>, after = ''): Promise<readonly unknown[]> {
  const texts: unknown[] = [];
  const send = async (_id: string, sent: object): Promise<void> => {
    texts.push((sent as ReturnType<typeof notification>).params.text);
  };
  await events.replayEventsAfter(after, { send });
  return texts;
}

/** A request of the revision that has no sessions. */
function sessionless(method: string, params: object, id: number): { headers: Record<string, string>; body: string } {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': { name: 'test-client', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const name = 'name' in params ? { 'mcp-name': String(params.name) } : {};
  return {
    headers: { ...MESSAGE_HEADERS, 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name },
    body: message(method, { ...params, _meta }, id),
  };
}

/** A server whose calls tell five steps, the others behind a gate. */
function gatedServer(): { createServer(): Server; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return {
    open: () => open(),
    createServer() {
      const server = new Server({ name: 'gated', version: '1.0.0' }, { capabilities: { tools: {} } });
      server.setRequestHandler('tools/call', async (_request, { mcpReq }) => {
        for (const progress of [1, 2, 3, 4, 5]) {
          const params = { progressToken: 't', progress, message: `step ${progress}` };
          await mcpReq.notify({ method: 'notifications/progress', params });
          await opened;
        }
        return { content: [{ type: 'text', text: 'done' }] };
      });
      return server;
    },
  };
}

const gatedCall = (id: number): string => message('tools/call', { name: 'steps', _meta: { progressToken: 't' } }, id);

function talkativeServer(): Server {
  const server = new Server({ name: 'talkative', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/call', async (_request, { mcpReq }) => {
    for (let progress = 1; progress <= 40; progress += 1) {
      const params = { progressToken: 't', progress, message: 'x'.repeat(1_000_000) };
      await mcpReq.notify({ method: 'notifications/progress', params });
    }
    return { content: [] };
  });
  return server;
}

interface Stream {
  text(): string;
  lastId(): string;
  /** Waits until this was said. */
  upTo(said: string): Promise<void>;
  readonly ended: Promise<void>;
  cut(): void;
  pause(): void;
  resume(): void;
}

/** A stream whose socket the test holds. */
async function openStream(url: string, headers: Record<string, string>, body?: string): Promise<Stream> {
  const method = body === undefined ? 'GET' : 'POST';
  const sent = httpRequest(url, { method, headers: { ...headers, accept: MESSAGE_HEADERS.accept }, agent: false });
  sent.on('error', () => {});
  const incoming = await new Promise<IncomingMessage>((resolve) => {
    sent.once('response', resolve).end(body);
  });
  expect(incoming.statusCode).toBe(200);
  let text = '';
  incoming.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk;
  });
  incoming.on('error', () => {});
  const ended = new Promise<void>((resolve) => {
    incoming.once('close', resolve);
  });
  return {
    text: () => text,
    lastId: () => [...text.matchAll(/^id: (.+)$/gmu)].at(-1)?.[1] ?? '',
    upTo: (said) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (!text.includes(said)) return;
          incoming.off('data', look);
          resolve();
        };
        incoming.on('data', look);
        look();
      }),
    ended,
    cut: () => void sent.destroy(),
    pause: () => void incoming.pause(),
    resume: () => void incoming.resume(),
  };
}

interface Told {
  readonly id?: unknown;
  readonly method?: string;
  readonly params?: { readonly message?: string };
  readonly result?: unknown;
}

/** The messages of a stream. */
function messagesIn(stream: string): readonly Told[] {
  return [...stream.matchAll(/^data: (.+)$/gmu)].map(([, data = '']) => JSON.parse(data));
}
