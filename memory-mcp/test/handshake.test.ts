import { silentLogger } from '@episodica/memory-core/ports';
import { InMemoryTransport, SUPPORTED_PROTOCOL_VERSIONS } from '@modelcontextprotocol/server';
import { expect, test } from 'vitest';
import { handshake } from '../src/handshake.ts';
import { createServer } from '../src/server.ts';
import { createServices } from '../src/services.ts';
import { request, startRaw, temporaryFolder, toolCall } from './client.ts';

function initializeWith(protocolVersion: string): object {
  return request(7, 'initialize', { protocolVersion, capabilities: {}, clientInfo: { name: 'c', version: '1' } });
}

/** What the SDK itself answers to the same request. */
async function answerOfSdk(message: object): Promise<unknown> {
  const services = createServices({
    openBackend: () => Promise.reject(new Error('a handshake needs no memory')),
    logger: silentLogger,
  });
  const [client, server] = InMemoryTransport.createLinkedPair();
  const answer = new Promise((resolve) => {
    client.onmessage = resolve;
  });
  await createServer(services).connect(server);
  await client.start();
  // The message is a request, as the helper makes them.
  await client.send(message as Parameters<typeof client.send>[0]);
  return answer;
}

test('the early answer is the one that the SDK gives, for every revision and an unknown one [MC-03]', async () => {
  for (const revision of [...SUPPORTED_PROTOCOL_VERSIONS, '1999-01-01', '2026-07-28']) {
    const message = initializeWith(revision);
    const early = handshake(message);
    expect(JSON.parse(early?.answer ?? 'null'), revision).toEqual(await answerOfSdk(message));
  }
});

test.each([
  ['no request', { method: 'initialize' }],
  ['another method', request(1, 'tools/list', {})],
  ['no client', request(1, 'initialize', { protocolVersion: '2025-11-25', capabilities: {} })],
  ['a claim of the new era', request(1, 'initialize', { ...asParams(), _meta: { x: 1 } })],
])('what is not a plain handshake is left to the SDK: %s [MC-03]', (_what, message) => {
  expect(handshake(message)).toBeUndefined();
});

function asParams(): object {
  return { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'c', version: '1' } };
}

test('a handshake is answered once, and its id can be used again [MC-03]', async () => {
  const server = startRaw(temporaryFolder());
  server.send(initializeWith('2025-11-25'));
  server.send(request(8, 'ping', {}));
  await server.answer(8);
  expect(server.lines.map((line) => JSON.parse(line).id)).toEqual([7, 8]);
  server.send(toolCall(7, 'execute_code', { code: '1' }));
  server.process.stdin.end();
  await server.exited;
  expect(server.lines.map((line) => JSON.parse(line).id)).toEqual([7, 8, 7]);
});
