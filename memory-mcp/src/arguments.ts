// Checking what a model handed to a tool, and telling it what is wrong in words that it can act on.
import { MemoryError } from '@episodica/memory-core';
import { nearestName } from '@episodica/memory-core/config';
import { z } from 'zod';

/** A JSON schema, as far as it is looked into here. */
export interface JsonSchema {
  readonly [keyword: string]: unknown;
}

const MAX_TOLD_ISSUES = 5;
const MAX_TOLD_CHARACTERS = 200;

/**
 * The checked arguments.
 * @throws `INVALID_INPUT` that names every field at fault, or `LIMIT_EXCEEDED` when all that is wrong is a size
 */
export function checkedArguments<T>(schema: z.ZodType<T>, given: unknown, tool: string): T {
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  const { issues } = result.error;
  const told = issues.flatMap((issue) => issueTexts(issue, { schema, given, tool }));
  const more = told.length > MAX_TOLD_ISSUES ? `; and ${told.length - MAX_TOLD_ISSUES} more` : '';
  const isOnlySize = issues.every((issue) => issue.code === 'custom' && issue.params?.isLimit === true);
  const message = `${told.slice(0, MAX_TOLD_ISSUES).join('; ')}${more}.`;
  throw new MemoryError(isOnlySize ? 'LIMIT_EXCEEDED' : 'INVALID_INPUT', message, { cause: result.error });
}

/** The schema as a client reads it: without what costs tokens and tells a model nothing. */
export function inputJsonSchema(schema: z.ZodType): JsonSchema {
  return lean(z.toJSONSchema(schema, { io: 'input' }));
}

/** The schema of a result. */
export function outputJsonSchema(schema: z.ZodType): JsonSchema {
  return lean(z.toJSONSchema(schema, { io: 'output' }));
}

const LEFT_OUT: ReadonlySet<string> = new Set(['$schema', 'pattern', 'propertyNames']);

function lean(schema: JsonSchema): JsonSchema {
  const text = JSON.stringify(schema, (key, value: unknown) =>
    LEFT_OUT.has(key) && typeof value !== 'object' ? undefined : isNameRule(key, value) ? undefined : value,
  );
  return JSON.parse(text);
}

/** `propertyNames: {type: string}` says what JSON says anyway. */
function isNameRule(key: string, value: unknown): boolean {
  return key === 'propertyNames' && typeof value === 'object' && value !== null && 'type' in value;
}

interface Told {
  readonly schema: z.ZodType;
  readonly given: unknown;
  readonly tool: string;
}

function issueTexts(issue: z.core.$ZodIssue, told: Told): readonly string[] {
  const where = issue.path.map(String).join('.');
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => strangerText(key, issue.path, told));
  return [`${where === '' ? 'arguments' : where}: ${problemText(issue, valueAt(told.given, issue.path))}`];
}

function problemText(issue: z.core.$ZodIssue, value: unknown): string {
  switch (issue.code) {
    case 'invalid_type':
      return value === undefined
        ? `is missing; give ${withArticle(issue.expected)}`
        : `is ${kindOf(value)}; give ${withArticle(issue.expected)}`;
    case 'invalid_value':
      return value === undefined ? `is missing; give one of ${choices(issue.values)}` : oneOf(value, issue.values);
    case 'invalid_union':
      return unionText(issue, value);
    case 'too_small':
      return issue.origin === 'array'
        ? `has too few entries; give at least ${issue.minimum}`
        : issue.origin === 'string'
          ? 'is empty; say what it is'
          : `is ${shown(value)}; give at least ${issue.minimum}`;
    case 'too_big':
      return `is ${shown(value)}; give at most ${issue.maximum}`;
    case 'invalid_format':
      return issue.format === 'datetime'
        ? `is ${shown(value)}; give an ISO time with its zone, such as 2026-01-31T12:00:00Z`
        : `is ${shown(value)}; give it in the form of ${issue.format}`;
    default:
      return issue.message;
  }
}

function unionText(issue: z.core.$ZodIssueInvalidUnion, value: unknown): string {
  // zod tells the discriminator's values where it knows them; its types do not say so.
  const options: unknown = 'options' in issue ? issue.options : undefined;
  if (!Array.isArray(options)) return `does not fit; it is ${kindOf(value)}`;
  return value === undefined ? `is missing; give one of ${choices(options)}` : oneOf(value, options);
}

function oneOf(value: unknown, values: readonly unknown[]): string {
  return `is ${shown(value)}; give one of ${choices(values)}`;
}

function choices(values: readonly unknown[]): string {
  return values.map((value) => JSON.stringify(value) ?? String(value)).join(', ');
}

function strangerText(key: string, path: readonly PropertyKey[], { schema, tool }: Told): string {
  const known = namesAt(inputJsonSchema(schema), path);
  const where = [...path.map(String), clipped(key)].join('.');
  const place = path.length === 0 ? `argument of ${tool}` : `field of ${path.map(String).join('.')}`;
  if (known.length === 0) return `${where}: is no ${place}; it takes none`;
  if (known.includes(key)) return `${where}: does not go with this kind of ${path.map(String).join('.')}; leave it out`;
  const nearest = nearestName(key, known);
  const hint = nearest !== undefined && isNear(key, nearest) ? `did you mean "${nearest}"? There are` : 'there are';
  return `${where}: is no ${place}; ${hint} ${known.join(', ')}`;
}

/** One name in the other, or most letters shared: near enough to be worth a guess. */
function isNear(given: string, known: string): boolean {
  const [a, b] = [folded(given), folded(known)];
  if (a === '' || b === '') return false;
  if (a.includes(b) || b.includes(a)) return true;
  const shared = [...new Set(a)].filter((letter) => b.includes(letter)).length;
  return Math.abs(a.length - b.length) <= 2 && shared / new Set(a + b).size >= 0.7;
}

function folded(name: string): string {
  return name.toLowerCase().replace(/[_-]/gu, '');
}

/** Names that an object at this place may have; in a union those of all its members. */
function namesAt(schema: JsonSchema, path: readonly PropertyKey[]): readonly string[] {
  let places: readonly JsonSchema[] = membersOf(schema);
  for (const key of path) places = places.flatMap((place) => membersOf(childOf(place, key)));
  return [...new Set(places.flatMap((place) => Object.keys(asSchema(place.properties))))];
}

function childOf(schema: JsonSchema, key: PropertyKey): JsonSchema {
  return typeof key === 'number' ? asSchema(schema.items) : asSchema(asSchema(schema.properties)[String(key)]);
}

function membersOf(schema: JsonSchema): readonly JsonSchema[] {
  const union = schema.oneOf ?? schema.anyOf;
  return Array.isArray(union) ? union.map(asSchema) : [schema];
}

function asSchema(value: unknown): JsonSchema {
  // A JSON object has string keys and nothing more is assumed of it.
  return typeof value === 'object' && value !== null ? (value as JsonSchema) : {};
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  let current: unknown = value;
  for (const key of path) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, key)) return undefined;
    current = Reflect.get(current, key);
  }
  return current;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return withArticle(typeof value);
}

function withArticle(kind: string): string {
  if (kind === 'int') return 'a whole number';
  if (kind === 'record') return 'an object';
  return /^[aeiou]/u.test(kind) ? `an ${kind}` : `a ${kind}`;
}

function shown(value: unknown): string {
  return clipped(JSON.stringify(value) ?? String(value));
}

function clipped(text: string): string {
  return text.length <= MAX_TOLD_CHARACTERS ? text : `${text.slice(0, MAX_TOLD_CHARACTERS - 1)}…`;
}
