// Calls of tools as nobody should make them, and as somebody will: from their own input schemas, and bent.
import { nastyText } from '@episodica/test-utils';
import fc from 'fast-check';
import { asSchema, type JsonSchema } from '../src/arguments.ts';
import type { Tool } from '../src/tool.ts';

export interface GeneratedCall {
  readonly name: string;
  readonly given: unknown;
}

/** Keys that have turned objects into something else. */
const ODD_KEYS = ['__proto__', 'constructor', 'toString', 'episode_id', '', 'a.b', '\u202e', 'x'.repeat(10_000)];

const depths = fc.integer({ min: 1, max: 200 }).map((depth) => {
  let value: unknown = 'deep';
  for (let level = 0; level < depth; level += 1) value = { level: value };
  return value;
});

const oddValues: fc.Arbitrary<unknown> = fc.oneof(
  nastyText,
  fc.constantFrom(null, true, -1, 0, 1.5, 1e308, [], {}, 'x'.repeat(100_000), '😀'.repeat(5_000), '../../etc/passwd'),
  fc.array(fc.constantFrom('a', 1, null), { maxLength: 40 }),
  depths,
  fc.jsonValue({ maxDepth: 3 }),
);

/** `ids` are such as exist, of whichever project. */
export function generatedCalls(tools: readonly Tool[], ids: readonly string[]): fc.Arbitrary<GeneratedCall> {
  const each = tools.map(({ name, listed }) => {
    const { inputSchema } = listed();
    const allowed = fittingValue(asSchema(inputSchema), ids);
    const fitting = fc.oneof(
      { weight: 4, arbitrary: allowed.map((given) => inOneForm(asSchema(given))) },
      { weight: 1, arbitrary: allowed },
    );
    const bent = fc
      .tuple(fitting, fc.constantFrom(...ODD_KEYS, ...Object.keys(inputSchema.properties ?? {})), oddValues)
      .map(([given, key, value]) => {
        const copy: Record<string, unknown> = { ...asSchema(given) };
        Object.defineProperty(copy, key, { value, enumerable: true, configurable: true, writable: true });
        return copy;
      });
    const given = fc.oneof(
      { weight: 8, arbitrary: fitting },
      { weight: 4, arbitrary: bent },
      { weight: 1, arbitrary: oddValues },
    );
    return given.map((value): GeneratedCall => ({ name, given: value }));
  });
  return fc.oneof(...each);
}

/** Each ends by itself in no time. */
const PROGRAMS = [
  '6 * 7',
  'null.x',
  'for (',
  'console.log(input); input',
  'await memory.episodes({ limit: 1 })',
  "(await memory.search('login')).episodes.length",
  'memory.createEpisode',
];

/** What belongs together by more than the schema says: mostly such, and sometimes whatever the schema allows. */
const OUTCOMES = [
  { kind: 'success', verdict: 'mended' },
  { kind: 'partial', verdict: 'half', completed: ['login'], failed: ['logout'] },
  { kind: 'failure', reason: 'locks' },
  { kind: 'abstained', reason: 'no time' },
];

const RESULTS = [
  { type: 'success', output: '12 passed' },
  { type: 'error', message: 'TypeError: login is no function' },
  { type: 'timeout', timeout_ms: 5_000 },
];

/** Arguments that exclude each other by more than the schema says, without those that do not go with the others. */
function inOneForm(given: JsonSchema): JsonSchema {
  const { cursor: _cursor, steps, ...first } = given;
  if (Array.isArray(steps) && steps.length > 0) return { episode_id: first.episode_id, steps };
  if (Array.isArray(steps)) return { ...first, tool: 'bash', action: 'ls' };
  const { applied: _applied, ignored: _ignored, helped: _helped, hindered: _hindered, ...feedback } = first;
  return feedback;
}

function fittingValue(schema: JsonSchema, ids: readonly string[], name = ''): fc.Arbitrary<unknown> {
  const { enum: words, type, items, minimum, maximum, format } = schema;
  if (Array.isArray(words)) return fc.constantFrom(...words);
  if (format === 'date-time')
    return fc
      .date({ noInvalidDate: true, min: new Date('2020-01-01'), max: new Date('2030-01-01') })
      .map((date) => date.toISOString());
  if (/(?:^|_)ids?$|^(?:applied|ignored|helped|hindered)$/u.test(name) && type === 'string')
    return fc.constantFrom(...ids);
  if ((name === 'outcome' || name === 'result') && type === 'object')
    return fc.oneof(
      { weight: 3, arbitrary: fc.constantFrom(...(name === 'outcome' ? OUTCOMES : RESULTS)) },
      { weight: 1, arbitrary: fittingObject(schema, ids) },
    );
  if (name === 'code') return fc.constantFrom(...PROGRAMS);
  switch (type) {
    case 'string':
      return fc.oneof(
        { weight: 20, arbitrary: fc.constantFrom('login', 'mend', 'TypeError') },
        { weight: 1, arbitrary: nastyText },
      );
    case 'integer':
    case 'number':
      return fc.integer({ min: Number(minimum ?? 0), max: Math.min(Number(maximum ?? 1_000), 100_000) });
    case 'boolean':
      return fc.boolean();
    case 'array':
      return fc.array(fittingValue(asSchema(items), ids, name), { maxLength: 3 });
    case 'object':
      return fittingObject(schema, ids);
    default:
      return oddValues;
  }
}

function fittingObject(schema: JsonSchema, ids: readonly string[]): fc.Arbitrary<unknown> {
  const fields = Object.entries(asSchema(schema.properties));
  if (fields.length === 0)
    return fc.dictionary(fc.string({ maxLength: 5 }), fc.jsonValue({ maxDepth: 2 }), { maxKeys: 3 });
  const required = Array.isArray(schema.required) ? schema.required.map(String) : [];
  return fc.record(
    Object.fromEntries(fields.map(([field, inner]) => [field, fittingValue(asSchema(inner), ids, field)])),
    { requiredKeys: required },
  );
}
