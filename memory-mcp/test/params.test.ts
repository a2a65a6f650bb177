// Params that are not what the protocol says, outside of the arguments of tools: over stdio and over HTTP.
import { expect, test } from 'vitest';
import { createServer } from '../src/server.ts';
import { ask, begunSession, message, noServices, openTestServer } from './http/server.ts';
import { wired } from './wired.ts';

const WRONG: readonly (readonly [method: string, params: object, told: string])[] = [
  ['resources/read', {}, 'params.uri: expected string, received undefined.'],
  ['resources/subscribe', { uri: 5 }, 'params.uri: expected string, received number.'],
  ['resources/list', { cursor: 5 }, 'params.cursor: expected string, received number.'],
  ['prompts/get', { name: 'recall', arguments: { x: 5 } }, 'params.arguments.x: expected string, received number.'],
  [
    'completion/complete',
    { ref: { type: 'ref/x' }, argument: { name: 'a', value: '' } },
    'params.ref.type: expected "ref/prompt" or "ref/resource".',
  ],
  [
    'completion/complete',
    { ref: { type: 'ref/prompt' }, argument: { name: 'a', value: '' } },
    'params.ref.name: expected string, received undefined.',
  ],
  ['tools/call', {}, 'params.name: expected string, received undefined.'],
];

test('params that are wrong are told in one sentence with the name of the first, over either transport [MC-02] [MC-06]', async () => {
  const { send, answer } = wired();
  send(initialize);
  await answer(0);
  const services = noServices();
  const { url } = await openTestServer({ services, createServer: (connection) => createServer(services, connection) });
  const headers = await begunSession(url);
  for (const [index, [method, params, told]] of WRONG.entries()) {
    const id = index + 1;
    const error = { code: -32_602, message: told };
    send({ jsonrpc: '2.0', id, method, params });
    expect(await answer(id)).toEqual({ jsonrpc: '2.0', id, error });
    const { text } = await ask(url, { headers, body: message(method, params, id) });
    expect(text).toContain(JSON.stringify(error));
  }
});

const initialize = {
  jsonrpc: '2.0',
  id: 0,
  method: 'initialize',
  params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test-client', version: '1.0.0' } },
};
