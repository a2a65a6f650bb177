// Checking what a model handed to a tool, and telling it what is wrong in words that it can act on.
import { MemoryError } from '@episodica/memory-core';
import { nearestName } from '@episodica/memory-core/config';
import * as z from 'zod';

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
  const result = checked(schema, given);
  if (result.success) return result.data;
  const { issues } = result.error;
  const told = issues.flatMap((issue) => issueTexts(issue, { schema, given, tool }));
  const more = told.length > MAX_TOLD_ISSUES ? `; and ${told.length - MAX_TOLD_ISSUES} more` : '';
  const isOnlySize = issues.every((issue) => issue.code === 'custom' && issue.params?.isLimit === true);
  const message = `${told.slice(0, MAX_TOLD_ISSUES).join('; ')}${more}.`;
  throw new MemoryError(isOnlySize ? 'LIMIT_EXCEEDED' : 'INVALID_INPUT', message, { cause: result.error });
}

/** A field that is `null` where nothing is null counts as left out: so models fill in what they have nothing for. */
function checked<T>(schema: z.ZodType<T>, given: unknown): z.ZodSafeParseResult<T> {
  const result = schema.safeParse(given);
  const nulls = result.error?.issues.map(({ path }) => path).filter((path) => isNullField(given, path)) ?? [];
  if (nulls.length === 0) return result;
  const rest: unknown = structuredClone(given);
  for (const path of nulls) {
    const holder = valueAt(rest, path.slice(0, -1));
    if (typeof holder === 'object' && holder !== null) Reflect.deleteProperty(holder, path.at(-1) ?? '');
  }
  return schema.safeParse(rest);
}

function isNullField(given: unknown, path: readonly PropertyKey[]): boolean {
  return typeof path.at(-1) === 'string' && valueAt(given, path) === null;
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
  const said = new Set<string>();
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (LEFT_OUT.has(key) && typeof value !== 'object') return undefined;
    if (isNameRule(key, value)) return undefined;
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? saidOnce(key, { said, schema: asSchema(value) })
      : value;
  });
  return JSON.parse(text);
}

/** What was said of a field of this name holds for the next one too. */
function saidOnce(
  key: string,
  { said, schema }: { readonly said: Set<string>; readonly schema: JsonSchema },
): JsonSchema {
  const { description, ...rest } = schema;
  if (typeof description !== 'string') return schema;
  const remark = JSON.stringify([key, description]);
  if (said.has(remark)) return rest;
  said.add(remark);
  return schema;
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
  const value = valueAt(told.given, issue.path);
  const problem =
    issue.code === 'invalid_type' && issue.expected === 'object' ? objectText(issue.path, told) : undefined;
  return [`${where === '' ? 'arguments' : where}: ${problem ?? problemText(issue, value)}`];
}

/** That a field is an object, and of which form: a word in its place is often one that belongs into it. */
function objectText(path: readonly PropertyKey[], { schema, given }: Told): string | undefined {
  const value = valueAt(given, path);
  const places = placesAt(inputJsonSchema(schema), path);
  const names = namesIn(places);
  if (path.length === 0 || value === undefined || names.length === 0) return undefined;
  const fields = places.flatMap((place) => Object.entries(asSchema(place.properties)));
  const [home] = fields.find(([, field]) => isWordOf(value, asSchema(field))) ?? [];
  const form = home === undefined ? `with ${names.join(', ')}` : `such as {"${home}": ${shown(value)}}`;
  return `is ${kindOf(value)}; give an object ${form}`;
}

function isWordOf(value: unknown, { enum: words }: JsonSchema): boolean {
  return Array.isArray(words) && words.includes(value);
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
  const nearest = known.find((name) => isSameWord(key, name)) ?? nearestName(clipped(key), known);
  const hint =
    nearest !== undefined && (isSameWord(key, nearest) || isNear(key, nearest))
      ? `did you mean "${nearest}"? There are`
      : 'there are';
  return `${where}: is no ${place}; ${hint} ${known.join(', ')}`;
}

/** Names that different tools have for the same. */
const SAME_WORDS: readonly ReadonlySet<string>[] = [
  new Set(['query', 'text', 'question', 'task', 'description', 'task_description']),
];

function isSameWord(given: string, known: string): boolean {
  return SAME_WORDS.some((words) => words.has(given) && words.has(known));
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
  return namesIn(placesAt(schema, path));
}

function namesIn(places: readonly JsonSchema[]): readonly string[] {
  return [...new Set(places.flatMap((place) => Object.keys(asSchema(place.properties))))];
}

function placesAt(schema: JsonSchema, path: readonly PropertyKey[]): readonly JsonSchema[] {
  const named = asSchema(schema.$defs);
  let places: readonly JsonSchema[] = membersOf(schema, named);
  for (const key of path) places = places.flatMap((place) => membersOf(childOf(place, key), named));
  return places;
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
