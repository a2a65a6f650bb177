// One value of a JSON text put in, exchanged or taken out, with every other byte left as it is: comments, order, white
// space, commas at the end. Pure.
import { applyEdits, type Edit, findNodeAtLocation, type Node, parseTree } from 'jsonc-parser';

/** Keys from the outermost to the one that is meant. */
export type KeyPath = readonly string[];

/** `text` with `value` at `keys`; objects on the way there that are missing are made. `text` is an object, or blank. */
export function withValueAt(text: string, keys: KeyPath, value: unknown): string {
  const root = parseTree(text, [], LENIENT);
  if (root === undefined) return `${JSON.stringify(nested(keys, value), null, 2)}\n`;
  const style = styleOf(text, root);
  const there = findNodeAtLocation(root, [...keys]);
  if (there !== undefined) return applyEdits(text, [replacement(text, there, { value, style })]);
  const depth = keys.findIndex((_, index) => findNodeAtLocation(root, keys.slice(0, index + 1)) === undefined);
  const parent = findNodeAtLocation(root, keys.slice(0, depth)) ?? root;
  const [key = '', ...rest] = keys.slice(depth);
  return applyEdits(text, insertion(text, parent, { key, value: nested(rest, value), style }));
}

/** `text` without what is at `keys`; what it lay in stays, also where that is empty now. */
export function withoutValueAt(text: string, keys: KeyPath): string {
  const root = parseTree(text, [], LENIENT);
  const property = root && findNodeAtLocation(root, [...keys])?.parent;
  return property === undefined ? text : applyEdits(text, removal(text, property));
}

const LENIENT = { disallowComments: false, allowTrailingComma: true };

interface Style {
  readonly indent: string;
  readonly lineEnd: string;
}

interface Property {
  readonly key: string;
  readonly value: unknown;
  readonly style: Style;
}

function nested(keys: KeyPath, value: unknown): unknown {
  return keys.reduceRight((inner, key) => ({ [key]: inner }), value);
}

/** As the text is written already. */
function styleOf(text: string, root: Node): Style {
  const first = root.children?.[0];
  const indent = first === undefined ? '' : beforeOnLine(text, first.offset);
  const lineEnd = /\r\n|\n|\r/u.exec(text)?.[0] ?? '\n';
  return { indent: indent !== '' && indent.trim() === '' ? indent : '  ', lineEnd };
}

function replacement(text: string, node: Node, { value, style }: Omit<Property, 'key'>): Edit {
  const isOneLine = !/[\r\n]/u.test(text.slice(node.offset, node.offset + node.length));
  const content = isOneLine ? oneLine(value) : manyLines(value, style, indentAt(text, node.offset));
  return { offset: node.offset, length: node.length, content };
}

/** Behind the last property; what is said about that one on its own line stays with it. */
function insertion(text: string, parent: Node, { key, value, style }: Property): Edit[] {
  const last = parent.children?.at(-1);
  const outer = indentAt(text, parent.offset);
  const inner = last === undefined ? outer + style.indent : indentAt(text, last.offset);
  const property = `${JSON.stringify(key)}: ${manyLines(value, style, inner)}`;
  if (last === undefined) {
    const content = text.slice(parent.offset + 1, parent.offset + parent.length - 1);
    const kept = content.trimEnd();
    const end = /[\r\n]/u.test(content.slice(kept.length)) ? '' : style.lineEnd + outer;
    const offset = parent.offset + 1 + kept.length;
    return [{ offset, length: 0, content: `${style.lineEnd}${inner}${property}${end}` }];
  }
  const { comma, lineEnd } = behind(text, last);
  const comes = comma === undefined ? [{ offset: last.offset + last.length, length: 0, content: ',' }] : [];
  const isOneLine = !/[\r\n]/u.test(text.slice(parent.offset, parent.offset + parent.length));
  const before = isOneLine ? ' ' : style.lineEnd + inner;
  const own = isOneLine ? `${JSON.stringify(key)}: ${oneLine(value)}` : property;
  const content = `${before}${own}${comma === undefined ? '' : ','}`;
  return [...comes, { offset: lineEnd, length: 0, content }];
}

/** With the comma that goes with it, and its line where nothing else is on it. */
function removal(text: string, property: Node): Edit[] {
  const siblings = property.parent?.children ?? [];
  const previous = siblings[siblings.indexOf(property) - 1];
  const isLast = siblings.at(-1) === property;
  const { comma } = behind(text, property);
  const end = comma === undefined ? property.offset + property.length : comma + 1;
  const commaBefore =
    isLast && comma === undefined && previous !== undefined ? behind(text, previous).comma : undefined;
  const taken = commaBefore === undefined ? [] : [{ offset: commaBefore, length: 1, content: '' }];
  const before = beforeOnLine(text, property.offset);
  const isAlone = before.trim() === '' && /^[ \t]*(?:\r\n|\n|\r|$)/u.test(text.slice(end));
  const lineStart = property.offset - before.length;
  const start = isAlone
    ? lineStart - (/(?:\r\n|\n|\r)$/u.exec(text.slice(0, lineStart))?.[0].length ?? 0)
    : property.offset;
  return [...taken, { offset: start, length: end - start, content: '' }];
}

/** The comma behind a property, and where what is said on the property's own line ends. */
function behind(text: string, property: Node): { readonly comma: number | undefined; readonly lineEnd: number } {
  const trivia = new RegExp(TRIVIUM, 'uy');
  trivia.lastIndex = property.offset + property.length;
  let comma: number | undefined;
  let lineEnd = trivia.lastIndex;
  let isSameLine = true;
  for (let found = trivia.exec(text); found !== null; found = trivia.exec(text)) {
    const [token] = found;
    if (token === ',') comma = found.index;
    if (token === ',' || (token.startsWith('/') && isSameLine)) lineEnd = trivia.lastIndex;
    isSameLine = token === ',' || (isSameLine && !/^[\r\n]/u.test(token));
  }
  return { comma, lineEnd };
}

/** White space, a line end, a comma, a comment. */
const TRIVIUM = /[ \t]+|\r\n|\n|\r|,|\/\/[^\r\n]*|\/\*[\s\S]*?\*\//u;

function manyLines(value: unknown, { indent, lineEnd }: Style, outer: string): string {
  return JSON.stringify(value, null, indent).replaceAll('\n', lineEnd + outer);
}

function oneLine(value: unknown): string {
  return JSON.stringify(value, null, 1).replace(/\n\s*/gu, ' ');
}

/** The white space at the beginning of the line. */
function indentAt(text: string, offset: number): string {
  return /^[ \t]*/u.exec(beforeOnLine(text, offset))?.[0] ?? '';
}

function beforeOnLine(text: string, offset: number): string {
  return /[^\r\n]*$/u.exec(text.slice(0, offset))?.[0] ?? '';
}
