// JSON schema as TypeScript: in full for a file of declarations, or in brief, with nothing but names.
import { asSchema, type JsonSchema } from '../arguments.ts';

/** Types by their name. */
export type NamedSchemas = ReadonlyMap<string, JsonSchema>;

/** The type that values of `schema` have; lines behind the first begin with `indent`. */
export function typeText(schema: JsonSchema, indent = ''): string {
  const named = nameOf(schema);
  if (named !== undefined) return named;
  if (schema.const !== undefined) return literal(schema.const);
  if (Array.isArray(schema.enum)) return schema.enum.map(literal).join(' | ');
  const members = membersOf(schema);
  if (members.length > 0) return unique(members.map((member) => typeText(member, indent))).join(' | ');
  switch (schema.type) {
    case 'string':
    case 'boolean':
    case 'null':
      return schema.type;
    case 'number':
    case 'integer':
      return 'number';
    case 'array':
      return arrayText(schema, indent);
    case 'object':
      return objectText(schema, indent);
    default:
      return 'unknown';
  }
}

/** The declaration of a named type. */
export function declarationText(name: string, schema: JsonSchema): string {
  const comment = commentText(toldOf(schema), '');
  const isInterface = schema.type === 'object' && hasFields(schema);
  return `${comment}${isInterface ? `interface ${name} ${objectText(schema, '')}` : `type ${name} = ${typeText(schema)};`}`;
}

/** A doc comment with the line break behind it; nothing where there is nothing to say. */
export function commentText(lines: readonly string[], indent: string): string {
  const told = lines.flatMap((line) => line.split('\n')).map((line) => line.trim().replaceAll('*/', '*\\/'));
  const filled = told.filter((line) => line !== '');
  if (filled.length === 0) return '';
  if (filled.length === 1) return `${indent}/** ${filled[0]} */\n`;
  return `${indent}/**\n${filled.map((line) => `${indent} * ${line}\n`).join('')}${indent} */\n`;
}

/** What brief texts of arguments go by. */
export interface Brief {
  readonly types: NamedSchemas;
  /** Fields whose words were told, each with them: they are told once, where they first come. */
  readonly told: Set<string>;
}

/** Names only: `string | {query, project}`, `Episode[]`. With `brief`, objects are shown by their fields. */
export function briefText(schema: JsonSchema, brief?: Brief): string {
  const name = nameOf(schema);
  const shown = name === undefined ? schema : brief?.types.get(name);
  if (shown === undefined || (name !== undefined && shown.type !== 'object')) return name ?? 'unknown';
  const members = membersOf(shown);
  if (members.length > 0) return unique(members.map((member) => briefText(member, brief))).join(' | ');
  if (shown.type === 'array') return listOf(briefText(asSchema(shown.items), brief));
  if (shown.type !== 'object' || !hasFields(shown)) return typeText(shown);
  const fields = brief === undefined ? briefFields(shown, new Map()) : argumentFields(shown, brief);
  return `{${fields.join(', ')}}`;
}

/** What few programs need: the full declarations have it. */
const HIDDEN_FIELDS: ReadonlySet<string> = new Set(['max_chars']);
/** An object of more fields is told by its name alone. */
const MAX_INNER_FIELDS = 4;

/** Names of fields of an answer, one level deep: a list says that it is one, an object names its own fields. */
export function briefFields(schema: JsonSchema, types: NamedSchemas): readonly string[] {
  return fieldsOf(schema).map(([name, field]) => {
    if (field.type === 'array') return `${name}[]`;
    const inner = Object.keys(asSchema(asSchema(types.get(nameOf(field) ?? '') ?? field).properties));
    return inner.length === 0 || inner.length > MAX_INNER_FIELDS ? name : `${name}{${inner.join(', ')}}`;
  });
}

/** Names of fields of an argument, objects in it by their own, and what a field may be where that is one of some words. */
function argumentFields(schema: JsonSchema, brief: Brief): readonly string[] {
  return fieldsOf(schema).map(([name, field]) => {
    const object = asSchema(brief.types.get(nameOf(field) ?? '') ?? field);
    if (object.type === 'object' && hasFields(object)) return `${name}{${argumentFields(object, brief).join(', ')}}`;
    const words = wordsText(field, brief.types);
    if (words === undefined) return field.type === 'array' ? `${name}[]` : name;
    const text = `${name}: ${words}`;
    if (brief.told.has(text)) return name;
    brief.told.add(text);
    return text;
  });
}

/** `newest|oldest`, `Field|Field[]`; nothing for what takes other values than words. */
function wordsText(field: JsonSchema, types: NamedSchemas): string | undefined {
  const members = membersOf(field);
  if (members.length > 0) {
    const texts = members.map((member) => wordsText(member, types));
    return texts.includes(undefined) ? undefined : texts.join('|');
  }
  const name = nameOf(field.type === 'array' ? asSchema(field.items) : field);
  if (name !== undefined) return Array.isArray(types.get(name)?.enum) ? briefText(field) : undefined;
  return Array.isArray(field.enum) ? field.enum.join('|') : undefined;
}

/** Words in few characters: `mean_x`, `p95_x` are `{mean,p95}_x`. */
export function foldedWords(words: readonly string[]): string {
  const beginnings = new Map<string, string[]>();
  for (const word of words) {
    const [beginning = '', ...rest] = word.split('_');
    const end = rest.length === 0 ? word : `_${rest.join('_')}`;
    beginnings.set(end, [...(beginnings.get(end) ?? []), rest.length === 0 ? '' : beginning]);
  }
  return [...beginnings].map(([end, all]) => `${all.length > 1 ? `{${all.join(',')}}` : all[0]}${end}`).join(', ');
}

function fieldsOf(schema: JsonSchema): readonly (readonly [name: string, field: JsonSchema])[] {
  const fields = Object.entries(asSchema(schema.properties)).filter(([name]) => !HIDDEN_FIELDS.has(name));
  return fields.map(([name, field]) => [name, asSchema(field)]);
}

/** Named types that are reached from `schema`, itself left out, nearest first. */
export function namesIn(schema: unknown): readonly string[] {
  if (typeof schema !== 'object' || schema === null) return [];
  const named = Array.isArray(schema) ? undefined : nameOf(asSchema(schema));
  return unique([...(named === undefined ? [] : [named]), ...Object.values(schema).flatMap(namesIn)]);
}

const REFERENCE = '#/$defs/';

function nameOf({ $ref }: JsonSchema): string | undefined {
  if (typeof $ref !== 'string' || !$ref.startsWith(REFERENCE)) return undefined;
  const name = $ref.slice(REFERENCE.length);
  return isAnonymous(name) ? undefined : name;
}

/** A schema that stands for a named one. */
export function referenceTo(name: string): JsonSchema {
  return { $ref: `${REFERENCE}${name}` };
}

/** zod names by itself what contains itself, which is JSON of any form and nothing else: to a program, `unknown`. */
export function isAnonymous(name: string): boolean {
  return name.startsWith('__');
}

/** The parts of a union; none where it is no union. */
export function membersOf({ anyOf, oneOf, type, ...rest }: JsonSchema): readonly JsonSchema[] {
  const union = anyOf ?? oneOf;
  if (Array.isArray(union)) return union.map(asSchema);
  return Array.isArray(type) ? type.map((one) => ({ ...rest, type: one })) : [];
}

function arrayText({ prefixItems, items, readOnly }: JsonSchema, indent: string): string {
  const mark = readOnly === true ? 'readonly ' : '';
  if (!Array.isArray(prefixItems)) return `${mark}${listOf(typeText(asSchema(items), indent))}`;
  return `${mark}[${prefixItems.map((item) => typeText(asSchema(item), indent)).join(', ')}]`;
}

function listOf(item: string): string {
  return /[|&]|^readonly /u.test(item.replace(/\{[\s\S]*\}/u, '')) ? `(${item})[]` : `${item}[]`;
}

function hasFields(schema: JsonSchema): boolean {
  return Object.keys(asSchema(schema.properties)).length > 0;
}

function objectText(schema: JsonSchema, indent: string): string {
  const { additionalProperties: others, propertyNames, required } = schema;
  const isOpen = typeof others === 'object' && others !== null;
  if (!hasFields(schema)) {
    if (!isOpen) return 'Record<string, never>';
    const key = typeText(asSchema(propertyNames ?? { type: 'string' }));
    const record = `Record<${key}, ${typeText(asSchema(others), indent)}>`;
    return key === 'string' || Array.isArray(required) ? record : `Partial<${record}>`;
  }
  const inner = `${indent}  `;
  const needed = new Set(Array.isArray(required) ? required : []);
  const lines = Object.entries(asSchema(schema.properties)).map(([name, given]) => {
    const field = asSchema(given);
    const key = /^[A-Za-z_$][\w$]*$/u.test(name) ? name : JSON.stringify(name);
    const mark = needed.has(name) ? '' : '?';
    return `${commentText(toldOf(field), inner)}${inner}${key}${mark}: ${typeText(field, inner)};\n`;
  });
  return `{\n${lines.join('')}${isOpen ? `${inner}[more: string]: unknown;\n` : ''}${indent}}`;
}

/** What a type cannot say: the description, and in which bounds a number or the length of a list must be. */
function toldOf(schema: JsonSchema): readonly string[] {
  const { description, minimum, maximum, maxItems, default: otherwise } = schema;
  const told = typeof description === 'string' ? description : '';
  const least = bound(minimum);
  const most = bound(maximum);
  const isTold = told.includes('at most');
  const range = most === undefined || isTold ? '' : least === undefined ? `At most ${most}.` : `${least} to ${most}.`;
  const entries =
    typeof maxItems === 'number' && !isTold && schema.prefixItems === undefined ? `At most ${maxItems}.` : '';
  const preset = otherwise === undefined || told.includes('Default') ? '' : `Default ${JSON.stringify(otherwise)}.`;
  return [[told === '' || /[.!?]$/u.test(told) ? told : `${told}.`, range, entries, preset].filter(Boolean).join(' ')];
}

/** The ends of what a number can hold exactly are no bounds that anybody set. */
function bound(value: unknown): number | undefined {
  return typeof value === 'number' && Math.abs(value) < Number.MAX_SAFE_INTEGER ? value : undefined;
}

function literal(value: unknown): string {
  const text = JSON.stringify(value);
  return typeof value === 'string' && !/['\\]/u.test(text) ? `'${text.slice(1, -1)}'` : text;
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
