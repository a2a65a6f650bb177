// What a client may send that means no good, or that somebody got wrong.
import fc from 'fast-check';
import type { Answer } from './wired.ts';

/** What no answer shows: stacks, and where our files are. */
export const SHOWS_INSIDE: RegExp = /\\n\s+at |node_modules|\.ts:\d|\.js:\d/u;

/** Lines of every kind of wrong, and some that are right but for one thing. */
export function hostileLine(): fc.Arbitrary<string | Buffer> {
  const id = fc.oneof(
    fc.integer({ min: 1_000, max: 9_000 }),
    fc.string({ maxLength: 5 }),
    fc.jsonValue({ maxDepth: 1 }),
    fc.double(),
  );
  const method = fc.oneof(
    fc.constantFrom(
      'ping',
      'tools/call',
      'tools/list',
      'initialize',
      'resources/read',
      'resources/list',
      'server/discover',
      'subscriptions/listen',
      'notifications/cancelled',
      'notifications/progress',
      'notifications/initialized',
      'logging/setLevel',
      'completion/complete',
      '__proto__',
      'constructor',
    ),
    fc.string({ maxLength: 20 }),
    fc.jsonValue({ maxDepth: 1 }),
  );
  const name = fc.constantFrom('create_episode', 'query_memory', 'health_check', 'no_such', '__proto__');
  const params = fc.oneof(
    fc.jsonValue({ maxDepth: 3 }),
    fc.record(
      { name, arguments: fc.jsonValue({ maxDepth: 2 }), _meta: fc.jsonValue({ maxDepth: 2 }) },
      { requiredKeys: [] },
    ),
    fc.record(
      { requestId: fc.integer({ min: 1_000, max: 9_000 }), reason: fc.jsonValue({ maxDepth: 1 }) },
      { requiredKeys: [] },
    ),
    fc.constant({ ['__proto__']: { polluted: true }, constructor: { prototype: { polluted: true } } }),
  );
  const message = fc
    .record(
      {
        jsonrpc: fc.oneof(
          { weight: 9, arbitrary: fc.constant('2.0') },
          { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 1 }) },
        ),
        id,
        method,
        params,
        result: fc.jsonValue({ maxDepth: 1 }),
        error: fc.jsonValue({ maxDepth: 1 }),
      },
      { requiredKeys: [] },
    )
    .map((value) => JSON.stringify(value));
  const nested = fc
    .integer({ min: 1, max: 3_000 })
    .map(
      (depth) =>
        `{"jsonrpc":"2.0","id":4,"method":"tools/call","params":{"name":"create_episode","arguments":{"task_description":"x","metadata":${'['.repeat(depth)}${']'.repeat(depth)}}}}`,
    );
  const cut = fc.tuple(message, fc.nat({ max: 60 })).map(([text, length]) => text.slice(0, length));
  return fc.oneof(
    { weight: 8, arbitrary: message },
    { weight: 2, arbitrary: cut },
    { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 40 }).map((text) => text.replaceAll('\n', ' ')) },
    {
      weight: 1,
      arbitrary: fc
        .uint8Array({ maxLength: 40 })
        .map((bytes) => Buffer.from(bytes.map((byte) => (byte === 10 ? 11 : byte)))),
    },
    { weight: 1, arbitrary: fc.array(message, { maxLength: 3 }).map((all) => `[${all.join(',')}]`) },
    { weight: 1, arbitrary: nested },
  );
}

/** Whether it is what JSON-RPC lets a server send. */
export function isMessage(answer: Answer): boolean {
  const { jsonrpc, id, method, result, error } = answer;
  const isAnswer = id === null || typeof id === 'string' || Number.isSafeInteger(id);
  const isError = Number.isSafeInteger(error?.code) && typeof error.message === 'string';
  return jsonrpc === '2.0' && (typeof method === 'string' || (isAnswer && (isError || typeof result === 'object')));
}
