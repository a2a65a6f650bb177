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
  const inside = issue.code === 'invalid_union' ? issuesInside(issue) : undefined;
  if (inside !== undefined) return inside.flatMap((one) => issueTexts(one, told));
  if (issue.code === 'unrecognized_keys') return issue.keys.map((key) => strangerText(key, issue.path, told));
  return [`${where === '' ? 'arguments' : where}: ${problemText(issue, valueAt(told.given, issue.path))}`];
}

/** What is wrong with it as the member of the union that it is meant to be: the one of its type. */
function issuesInside({ errors, path }: z.core.$ZodIssueInvalidUnion): readonly z.core.$ZodIssue[] | undefined {
  const meant = errors.find((issues) => !issues.some((one) => one.path.length === 0 && OF_OTHERS.has(one.code)));
  return meant?.map((one) => ({ ...one, path: [...path, ...one.path] }));
}

/** What is said of a value as a whole when another member of the union is meant. */
const OF_OTHERS: ReadonlySet<string | undefined> = new Set(['invalid_type', 'invalid_value']);

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
      if (Array.isArray(value)) return `has ${value.length} entries; give at most ${issue.maximum} at once`;
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
  const values = issue.errors.flat().flatMap((each) => (each.code === 'invalid_value' ? each.values : []));
  if (values.length > 0)
    return value === undefined ? `is missing; give one of ${choices(values)}` : oneOf(value, values);
  // zod tells the discriminator's values where it knows them; its types do not say so.
  const options: unknown = 'options' in issue ? issue.options : undefined;
  if (!Array.isArray(options)) return `is ${value === undefined ? 'missing' : kindOf(value)}${kindsText(issue)}`;
  return value === undefined ? `is missing; give one of ${choices(options)}` : oneOf(value, options);
}

/** Of which kinds a value may be, where that is all that is wrong with it. */
function kindsText({ errors }: z.core.$ZodIssueInvalidUnion): string {
  const kinds = errors.flat().flatMap((issue) => (issue.code === 'invalid_type' ? [withArticle(issue.expected)] : []));
  return kinds.length === 0 ? '; it does not fit' : `; give ${[...new Set(kinds)].join(' or ')}`;
}

function oneOf(value: unknown, values: readonly unknown[]): string {
  const names = values.filter((each) => typeof each === 'string');
  const given = typeof value === 'string' ? clipped(value) : '';
  const nearest = nearestName(given, names);
  const isMeant = nearest !== undefined && isNear(given, nearest);
  return `is ${shown(value)}; ${isMeant ? `did you mean "${nearest}"? Give` : 'give'} one of ${choices(values)}`;
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
  const nearest = nearestName(clipped(key), known);
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
  const named = asSchema(schema.$defs);
  let places: readonly JsonSchema[] = membersOf(schema, named);
  for (const key of path) places = places.flatMap((place) => membersOf(childOf(place, key), named));
  return [...new Set(places.flatMap((place) => Object.keys(asSchema(place.properties))))];
}

function childOf(schema: JsonSchema, key: PropertyKey): JsonSchema {
  return typeof key === 'number' ? asSchema(schema.items) : asSchema(asSchema(schema.properties)[String(key)]);
}

/** Of a union its members; a name stands for what it is the name of. */
function membersOf(schema: JsonSchema, named: JsonSchema): readonly JsonSchema[] {
  const { $ref: reference } = schema;
  if (typeof reference === 'string') return membersOf(asSchema(named[reference.replace('#/$defs/', '')]), named);
  const union = schema.oneOf ?? schema.anyOf;
  return Array.isArray(union) ? union.flatMap((member) => membersOf(asSchema(member), named)) : [schema];
}

/** A JSON object, or one without keywords where it is none. */
export function asSchema(value: unknown): JsonSchema {
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

/** In words, with its article. */
export function kindOf(value: unknown): string {
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
