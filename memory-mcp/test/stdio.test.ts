// The transport of the program over bytes, with the real server behind it.
import { setImmediate } from 'node:timers/promises';
import fc from 'fast-check';
import { expect, onTestFinished, test } from 'vitest';
import { CALL_LIMITS } from '../src/calls.ts';
import { MAX_LINE_BYTES } from '../src/frame.ts';
import { LineCutter } from '../src/lines.ts';
import { initialize, request, toolCall } from './client.ts';
import { hostileLine, isMessage, SHOWS_INSIDE } from './hostile.ts';
import { type Answer, wired } from './wired.ts';

const PARSE_ERROR = -32_700;
const INVALID_REQUEST = -32_600;
const INVALID_PARAMS = -32_602;

test('however a stream is cut into pieces, the same lines come out [MC-03]', () => {
  const chunk = fc
    .uint8Array({ maxLength: 40 })
    .map((bytes) => Buffer.from(bytes.map((byte) => (byte < 60 ? 10 : byte))));
  fc.assert(
    fc.property(fc.array(chunk, { maxLength: 30 }), fc.integer({ min: 1, max: 20 }), (chunks, maxBytes) => {
      const cutter = new LineCutter(maxBytes);
      const cut = [...chunks.flatMap((each) => cutter.cut(each).map(String)), ...cutter.rest().map(String)];
      const text = Buffer.concat(chunks).toString('latin1').split('\n');
      const last = text.pop() ?? '';
      const lines = [...text, ...(last === '' ? [] : [last])];
      const expected = lines.map((line) => (line.length > maxBytes ? 'too long' : String(Buffer.from(line, 'latin1'))));
      expect(cut).toEqual(expected);
    }),
    { numRuns: 500 },
  );
});

test.each<[string, string | Buffer, Partial<Answer>]>([
  ['no JSON', 'this is no JSON', { id: null, error: { code: PARSE_ERROR } }],
  ['half a message', '{"jsonrpc":"2.0","id":5', { id: null, error: { code: PARSE_ERROR } }],
  ['a NUL', '\0', { id: null, error: { code: PARSE_ERROR } }],
  ['bytes that are no UTF-8', Buffer.from([0x22, 0xff, 0xfe, 0x22]), { id: null, error: { code: PARSE_ERROR } }],
  ['a batch', '[{"jsonrpc":"2.0","id":5,"method":"ping"}]', { id: null, error: { code: INVALID_REQUEST } }],
  ['a number', '42', { id: null, error: { code: INVALID_REQUEST } }],
  ['no method', '{"jsonrpc":"2.0","id":5}', { id: 5, error: { code: INVALID_REQUEST } }],
  ['another protocol', '{"jsonrpc":"1.0","id":"a","method":"ping"}', { id: 'a', error: { code: INVALID_REQUEST } }],
  ['an id of null', '{"jsonrpc":"2.0","id":null,"method":"ping"}', { id: null, error: { code: INVALID_REQUEST } }],
  ['half an id', '{"jsonrpc":"2.0","id":1.5,"method":"ping"}', { id: null, error: { code: INVALID_REQUEST } }],
  [
    'an id beyond whole',
    '{"jsonrpc":"2.0","id":1e300,"method":"ping"}',
    { id: null, error: { code: INVALID_REQUEST } },
  ],
  [
    'params in order',
    '{"jsonrpc":"2.0","id":5,"method":"ping","params":[1]}',
    { id: 5, error: { code: INVALID_REQUEST } },
  ],
  [
    'more than a request',
    '{"jsonrpc":"2.0","id":5,"method":"ping","x":1}',
    { id: 5, error: { code: INVALID_REQUEST } },
  ],
  [
    'a token that is none',
    '{"jsonrpc":"2.0","id":5,"method":"ping","params":{"_meta":{"progressToken":[]}}}',
    { id: 5, error: { code: INVALID_PARAMS } },
  ],
  ['an unknown method', '{"jsonrpc":"2.0","id":5,"method":"no/such"}', { id: 5, error: { code: -32_601 } }],
  ['a line that ends as on Windows', '{"jsonrpc":"2.0","id":5,"method":"ping"}\r', { id: 5, result: {} }],
  ['a byte order mark', '\uFEFF{"jsonrpc":"2.0","id":5,"method":"ping"}', { id: 5, result: {} }],
  [
    'a key of prototypes',
    '{"jsonrpc":"2.0","id":5,"method":"ping","params":{"__proto__":{"a":1}}}',
    { id: 5, result: {} },
  ],
])('%s gets the answer that JSON-RPC says, and the next request its own [MC-03]', async (_what, line, expected) => {
  const server = wired();
  server.send(initialize());
  server.input.write(line);
  server.input.write('\n');
  server.send(request(99, 'ping', {}));
  await server.answer(99);
  const told = server.answers.filter(({ id }) => id !== 1 && id !== 99);
  expect(told).toEqual([
    expect.objectContaining(
      expected.error === undefined ? expected : { id: expected.id, error: expect.objectContaining(expected.error) },
    ),
  ]);
});

test('what is an answer or a notification gets none, whatever is wrong with it [MC-03]', async () => {
  const server = wired();
  server.send(initialize());
  for (const message of [
    { jsonrpc: '2.0', id: 5, result: {} },
    { jsonrpc: '2.0', id: 1.5, result: {} },
    { jsonrpc: '2.0', id: 6, error: 'no' },
    { jsonrpc: '2.0', method: 'notifications/no-such', params: { deep: [[[[]]]] } },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: 1 } },
    { jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: {} } },
  ]) {
    server.send(message);
  }
  server.input.write('\r\n \n\n');
  server.send(request(99, 'ping', {}));
  await server.answer(99);
  expect(server.answers.map(({ id }) => id)).toEqual([1, 99]);
});

test('a line beyond the limit is answered once, passed over in bounded memory, and what follows is served [MC-03]', async () => {
  const server = wired();
  server.send(initialize());
  const piece = Buffer.alloc(1_000_000, 'x');
  for (let bytes = 0; bytes <= 2 * MAX_LINE_BYTES; bytes += piece.length) server.input.write(piece);
  const refused = await server.answer((message) => message.id === null);
  expect(refused).toMatchObject({
    error: { code: INVALID_REQUEST, message: expect.stringContaining(String(MAX_LINE_BYTES)) },
  });
  server.input.write('\n');
  server.send(request(2, 'ping', {}));
  await server.answer(2);
  expect(server.answers).toHaveLength(3);
});

test('the last line counts without its end, and what was asked twice under one id is answered twice [MC-03]', async () => {
  const server = wired();
  server.send(initialize());
  server.send(toolCall(7, 'query_memory', { query: 'a' }));
  server.send(toolCall(7, 'query_memory', { query: 'b' }));
  server.input.end(JSON.stringify(request(8, 'ping', {})));
  await server.ended;
  expect(server.answers.map(({ id }) => id).sort()).toEqual([1, 7, 7, 8]);
});

test('arguments that are no object are told by the tool, not by the protocol [MC-02]', async () => {
  const server = wired();
  server.send(initialize());
  for (const [index, given] of [[1], 'text', 5, true].entries()) {
    server.send(request(10 + index, 'tools/call', { name: 'create_episode', arguments: given }));
    const { result } = await server.answer(10 + index);
    expect(result.isError).toBe(true);
    expect(result.content[0].text).toMatch(/^INVALID_INPUT: arguments: is an? \w+; give an object\.$/u);
  }
  server.send(request(20, 'tools/call', { name: 'create_episode', arguments: null }));
  expect((await server.answer(20)).result.content[0].text).toMatch(/^INVALID_INPUT: task_description: is missing/u);
});

test('of thousands of requests at once each gets its result or a busy, without a warning, and health is told besides [MC-03 MC-08]', async () => {
  const warnings: Error[] = [];
  const note = (warning: Error): void => void warnings.push(warning);
  process.on('warning', note);
  onTestFinished(() => void process.off('warning', note));
  const { opened, open } = opening();
  const server = wired({ opened });
  server.send(initialize());
  const ids = Array.from({ length: 5_000 }, (_, index) => index + 10);
  const lines = ids.map((id) => JSON.stringify(toolCall(id, 'query_memory', { query: 'x' })));
  server.input.write(`${lines.join('\n')}\n`);
  const { memory } = CALL_LIMITS;
  const servedCount = memory.maxRunning + memory.maxWaiting;
  const isBusy = ({ result }: Answer): boolean => result?.isError === true;
  while (server.answers.filter(isBusy).length < ids.length - servedCount) await setImmediate();
  server.send(toolCall(2, 'health_check', {}));
  // It runs beside those that wait for the memory to open, and looks at the queue while that is full.
  while (server.services.calls.counts().running <= memory.maxRunning) await setImmediate();
  open();
  server.input.end();
  await server.ended;
  const busy = server.answers.filter(isBusy);
  expect(busy.every(({ result }) => result.content[0].text.startsWith('QUEUE_FULL: the server is busy'))).toBe(true);
  // Where reading them takes long, the first has waited too long before all places are taken.
  expect(busy.length).toBeGreaterThanOrEqual(ids.length - servedCount);
  expect(busy.length).toBeLessThanOrEqual(ids.length - memory.maxRunning);
  expect(server.answers).toHaveLength(ids.length + 2);
  const health = (await server.answer(2)).result.structuredContent;
  expect(health.status).toBe('degraded');
  expect(health.components.filter(({ status }: Answer) => status === 'degraded')).toEqual([
    expect.objectContaining({
      name: 'queue',
      detail: expect.stringMatching(/^full: calls of memory are refused now/u),
    }),
  ]);
  expect(warnings).toEqual([]);
});

/** A memory that opens when it is told to. */
function opening(): { readonly opened: Promise<void>; open(): void } {
  let open = (): void => {};
  const opened = new Promise<void>((resolve) => {
    open = resolve;
  });
  return { opened, open: () => open() };
}

const MEGABYTE = 1_000_000;

test('while nobody takes the answers no more is read, and when they are taken all is answered [MC-03]', async () => {
  const server = wired();
  server.send(initialize());
  await server.answer(1);
  server.hold(true);
  const ids = Array.from({ length: 40 }, (_, index) => `${index} `.padEnd(MEGABYTE, 'x'));
  for (const id of ids) {
    server.send({ ...request(0, 'ping', {}), id });
    await setImmediate();
  }
  expect(server.input.isPaused()).toBe(true);
  expect(server.answers.length).toBeGreaterThan(10);
  expect(server.answers.length).toBeLessThan(20);
  server.hold(false);
  await server.answer(ids.at(-1) ?? '');
  expect(server.answers).toHaveLength(1 + ids.length);
});

test('while too much is asked and not answered no more is read, and all is answered when it can be [MC-03]', async () => {
  const { opened, open } = opening();
  const server = wired({ opened });
  server.send(initialize());
  const step = { tool: 'bash', action: 'ls', result: { type: 'success', output: 'x'.repeat(MEGABYTE) } };
  const ids = Array.from({ length: 80 }, (_, index) => index + 10);
  for (const id of ids)
    server.send(toolCall(id, 'add_step', { episode_id: '0190a1b2-0000-7000-8000-000000000000', ...step }));
  while (!server.input.isPaused()) await setImmediate();
  expect(server.input.readableLength + server.input.writableLength).toBeGreaterThan(10 * MEGABYTE);
  open();
  const last = await server.answer(89);
  expect(last.result.content[0].text).toMatch(/^NOT_FOUND: /u);
  expect(server.answers).toHaveLength(1 + ids.length);
});

test('no line that anybody can send ends the server, shows it from inside, or keeps a good request from its answer [MC-03]', async () => {
  const server = wired();
  server.send(initialize());
  await server.answer(1);
  let sent = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(hostileLine(), { minLength: 20, maxLength: 20 }), async (lines) => {
      const before = server.answers.length;
      for (const line of lines) {
        server.input.write(line);
        server.input.write('\n');
      }
      sent += lines.length;
      const id = `good ${sent}`;
      server.send({ ...request(0, 'ping', {}), id });
      expect(await server.answer(id)).toMatchObject({ result: {} });
      for (const answer of server.answers.slice(before)) {
        expect(isMessage(answer), JSON.stringify(answer).slice(0, 500)).toBe(true);
        expect(JSON.stringify(answer)).not.toMatch(SHOWS_INSIDE);
      }
    }),
    { numRuns: 120 },
  );
  expect(sent).toBeGreaterThanOrEqual(2_000);
  expect(Object.keys(Object.prototype)).toEqual([]);
  expect({}).not.toHaveProperty('polluted');
});

test('eight programs and a question run at the same time, and none waits for another [MC-03 MC-08]', async () => {
  const server = wired({ hasSandbox: true });
  server.send(initialize());
  const ids = [10, 11, 12, 13, 14, 15, 16, 17];
  for (const id of ids) {
    const params = {
      name: 'execute_code',
      arguments: { code: 'for(;;);', timeout_ms: 60_000 },
      _meta: { progressToken: id },
    };
    server.send(request(id, 'tools/call', params));
  }
  // A program is only heard of while it runs.
  const running = ids.map((id) =>
    server.answer(({ params }) => params?.progressToken === id && params.message.startsWith('running')),
  );
  for (const { params } of await Promise.all(running)) {
    expect(params).toMatchObject({
      total: 60_000,
      message: expect.stringMatching(/^running for \d+ of at most 60000 ms/u),
    });
  }
  server.send(toolCall(2, 'query_memory', { query: 'anything' }));
  expect((await server.answer(2)).result).toMatchObject({ structuredContent: { abstained: true } });
  expect(server.answers.filter(({ result }) => result !== undefined).map(({ id }) => id)).toEqual([1, 2]);
  for (const id of ids) server.send({ jsonrpc: '2.0', method: 'notifications/cancelled', params: { requestId: id } });
  server.input.end();
  await server.ended;
});
