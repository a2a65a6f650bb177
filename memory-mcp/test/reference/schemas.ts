// JSON schemas as a person reads them: arguments as rows of a table, results as a type.
import { asSchema, type JsonSchema } from '../../src/arguments.ts';
import { membersOf, typeText } from '../../src/code-mode/declarations-types.ts';

/** Rows for the fields of an object, those of objects in it behind their own: `source.agent`, `steps[].tool`. */
export function argumentRows(schema: JsonSchema, path = ''): readonly string[] {
  const required = Array.isArray(schema.required) ? schema.required : [];
  return Object.entries(asSchema(schema.properties)).flatMap(([name, given]) => {
    const field = asSchema(given);
    const here = `${path}${name}`;
    const mark = required.includes(name) ? 'yes' : '';
    const row = `| \`${here}\` | ${cell(kindText(field))} | ${mark} | ${cell(toldText(field))} |`;
    return [row, ...innerRows(field, here)];
  });
}

function innerRows(field: JsonSchema, path: string): readonly string[] {
  if (field.type === 'array') return innerRows(asSchema(field.items), `${path}[]`);
  const members = membersOf(field);
  return argumentRows(members.length === 0 ? field : together(members), `${path}.`);
}

/** Of alternatives one object: a field may be what it may be in any of them, and is required that all require. */
function together(members: readonly JsonSchema[]): JsonSchema {
  const names = unique(members.flatMap(({ properties }) => Object.keys(asSchema(properties))));
  const properties = names.map((name) => {
    const fields = members.flatMap((member) => asSchema(member.properties)[name] ?? []);
    return [name, fields.length === 1 ? fields[0] : { anyOf: fields }] as const;
  });
  const required = names.filter((name) =>
    members.every((one) => Array.isArray(one.required) && one.required.includes(name)),
  );
  return { properties: Object.fromEntries(properties), required };
}

/** The type in one line; of an object, whose fields have rows of their own, that it is one. */
function kindText(field: JsonSchema): string {
  if (field.properties !== undefined) return 'object';
  if (field.type === 'array') return `${kindText(asSchema(field.items))}[]`;
  const members = membersOf(field);
  if (members.length > 0) return unique(members.map(kindText)).join(' | ');
  if (field.format === 'date-time') return 'ISO time with its zone';
  return field.type === 'integer' ? 'whole number' : typeText(field);
}

/** What the type does not say. */
function toldText({ description = '', minimum, maximum, maxItems, minItems, default: otherwise }: JsonSchema): string {
  const isTold = /at most/u.test(String(description));
  const least = minItems ?? minimum;
  const most = maxItems ?? maximum;
  const range = isTold || most === undefined ? '' : `${least ?? 0} to ${most}`;
  const preset = otherwise === undefined ? '' : `Default ${JSON.stringify(otherwise)}`;
  return [description, range, preset].filter(Boolean).join('. ');
}

/** What stands in a table may hold no bar. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ');
}

function unique(texts: readonly string[]): readonly string[] {
  return [...new Set(texts)];
}
