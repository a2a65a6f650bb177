// Advice on a run that has ended: what probably made it fail, and what it probably meant to return.
import { insteadOfGlobal, insteadOfModule } from './missing-globals.ts';
import { placeAt } from './place.ts';
import { objectHint, otherLanguage } from './syntax-help.ts';
import { type AnyNode, type Parsed, type Program as Tree, type Visit, visits } from './syntax-tree.ts';

/** A program, and what the advice is on. */
export interface Advised {
  readonly source: string;
  readonly code: string;
  readonly parsed: () => Parsed;
}

/** What to do about an error that the program threw; undefined where nothing certain can be said. */
export function thrownHint(
  program: Advised,
  thrown: { readonly name: string; readonly message: string },
): string | undefined {
  const missing =
    thrown.name === 'ReferenceError' ? /^'(.{1,100})' is not defined$/.exec(thrown.message)?.[1] : undefined;
  if (missing !== undefined) {
    return insteadOfName(missing) ?? otherLanguage(program.source) ?? nearestHint(missing, program.parsed().tree);
  }
  if (thrown.name !== 'TypeError' || !UNAWAITED.test(thrown.message)) return undefined;
  return unawaitedHint(program) ?? (thrown.message.endsWith('not a function') ? consoleHint(program.code) : undefined);
}

/** Remarks on the result of a program that went well; most have none. */
export function resultNotes(program: Advised, result: string): readonly string[] {
  if (UNAWAITED_VALUE.test(result)) {
    return [unawaitedHint(program) ?? 'The result has a promise in it that nobody awaited: put await before it.'];
  }
  const misused = MAY_BE_UNAWAITED.test(program.code) ? misusedCall(program.parsed().tree) : undefined;
  if (misused !== undefined) return [awaitHint(program.code, misused)];
  const isNothing = result === '{"$undefined":true}';
  const tree = isNothing || mayEndInBlock(program.code) ? program.parsed().tree : undefined;
  if (tree === undefined) return [];
  const block = blockForObject(tree);
  if (block !== undefined) return [objectHint(placeAt(program.code, block).line)];
  return isNothing ? forgottenResult(tree) : [];
}

// Looks at both ends of the last pair of braces only, so that a long program costs nothing.
function mayEndInBlock(code: string): boolean {
  const end = code.trimEnd();
  const open = end.lastIndexOf('{');
  if (!end.endsWith('}') || open < 1) return false;
  const isLabel = /^\{\s*[\w$]+\s*:/.test(end.slice(open, open + END_CHARS));
  return isLabel && /[\n;}][ \t]*$/.test(end.slice(Math.max(0, open - END_CHARS), open));
}

const END_CHARS = 100;

// `{ count: 1 }` after other statements is a block with a label in it, and its result is 1.
function blockForObject({ body }: Tree): number | undefined {
  const last = body.at(-1);
  if (body.length < 2 || last?.type !== 'BlockStatement' || last.body.length !== 1) return undefined;
  const [inner] = last.body;
  return inner?.type === 'LabeledStatement' && inner.body.type === 'ExpressionStatement' ? last.start : undefined;
}

// As the encoder writes a promise; what only looks like one is escaped.
const UNAWAITED_VALUE = /(?<!"\$escaped":)\{"\$object":"Promise"\}/;
const UNAWAITED = /not a function|not iterable|of undefined$|of null$|cannot convert|undefined or null/;

function insteadOfName(name: string): string | undefined {
  if (name === 'memory') return 'This sandbox was opened without a memory.';
  return insteadOfGlobal(name) ?? (MODULES.test(name) ? insteadOfModule(name) : undefined);
}

// What a program forgets to import, and could not.
const MODULES = /^(?:path|os|util|axios|lodash|_)$/;

// A method that other consoles have.
function consoleHint(code: string): string | undefined {
  for (const { 1: method } of code.matchAll(/\bconsole\.(\w{1,40})\(/g)) {
    if (method !== undefined && !CONSOLE.includes(method)) return `console has ${CONSOLE.join(', ')}; not ${method}.`;
  }
  return undefined;
}

const CONSOLE: readonly string[] = [
  ...['log', 'info', 'warn', 'error', 'debug', 'trace', 'dir'],
  ...['assert', 'table', 'count', 'time', 'timeLog', 'timeEnd'],
];

// The name that was probably meant: one that the program gives, or a global.
function nearestHint(name: string, tree: Tree | undefined): string | undefined {
  if (name.length < 3) return undefined;
  const names = new Set(GLOBALS);
  if (tree !== undefined) {
    for (const { node, isTarget } of visits(tree)) if (isTarget && node.type === 'Identifier') names.add(node.name);
  }
  for (const known of names) if (isOneSlipAway(name, known)) return `Did you mean ${known}?`;
  return undefined;
}

const GLOBALS = [
  'memory',
  'input',
  'console',
  'Object',
  'Array',
  'String',
  'Number',
  'Promise',
  'JSON',
  'Math',
  'Date',
];

// Another case, or one sign too many, too few, wrong or swapped with its neighbour.
function isOneSlipAway(name: string, known: string): boolean {
  if (name === known || Math.abs(name.length - known.length) > 1) return false;
  if (name.toLowerCase() === known.toLowerCase()) return true;
  let start = 0;
  while (start < name.length && name[start] === known[start]) start += 1;
  const [one, other] = [name.slice(start), known.slice(start)];
  // Names that begin with another sign are other names: `path` is no slip of `Math`.
  const isSwap = one[0] === other[1] && one[1] === other[0] && one.slice(2) === other.slice(2);
  if (isSwap) return true;
  if (name[0]?.toLowerCase() !== known[0]?.toLowerCase()) return false;
  return one.slice(1) === other.slice(1) || one.slice(1) === other || one === other.slice(1);
}

function unawaitedHint({ code, parsed }: Advised): string | undefined {
  const { tree } = parsed();
  const call = tree === undefined ? undefined : unawaitedCall(tree);
  return call === undefined ? undefined : awaitHint(code, call);
}

function awaitHint(code: string, { method, offset }: MemoryCall): string {
  const { line } = placeAt(code, offset);
  return `memory.${method}(…) in line ${line} gives a promise: write await memory.${method}(…).`;
}

interface MemoryCall {
  readonly method: string;
  readonly offset: number;
}

// Most programs await every call at once, and cost nothing more.
const MAY_BE_UNAWAITED = /\bmemory(?<!\bawait\s{1,9}memory)\s*\??\./;

// A call of memory whose promise is used, at once or by its name, as no promise can be meant to be.
function misusedCall(tree: Tree | undefined): MemoryCall | undefined {
  if (tree === undefined) return undefined;
  const calls: (MemoryCall & { readonly name: string | undefined })[] = [];
  const misused = new Set<string>();
  const targets = new Map<string, number>();
  const awaited = new Set<string>();
  for (const visit of visits(tree)) {
    const { node, parent, isTarget } = visit;
    const method = memoryMethod(node);
    if (method !== undefined) {
      if (isMisused(visit)) calls.push({ method, offset: node.start, name: undefined });
      const name = nameGiven(parent);
      if (name !== undefined) calls.push({ method, offset: node.start, name });
    }
    if (node.type !== 'Identifier') continue;
    if (isTarget) targets.set(node.name, (targets.get(node.name) ?? 0) + 1);
    if (parent !== undefined && isHandedOn(parent)) awaited.add(node.name);
    if (isMisused(visit)) misused.add(node.name);
  }
  if (targets.has('memory')) return undefined;
  // A name that is given twice may be another thing each time.
  return calls.find(
    ({ name }) => name === undefined || (misused.has(name) && !awaited.has(name) && targets.get(name) === 1),
  );
}

function isMisused({ node, parent, field }: Visit): boolean {
  switch (parent?.type) {
    case 'MemberExpression':
      return field === 'object' && !isOfPromise(parent.property);
    case 'VariableDeclarator':
      return field === 'init' && parent.id.type !== 'Identifier';
    case 'ForOfStatement':
    case 'ForInStatement':
      return field === 'right';
    case 'SpreadElement':
    case 'TemplateLiteral':
      return true;
    case 'BinaryExpression':
      return !/^(?:[!=]==?|instanceof|in)$/.test(parent.operator);
    case 'CallExpression':
      return field === 'arguments' && parent.arguments[0] === node && READS_AT_ONCE.test(calleeName(parent.callee));
    default:
      return false;
  }
}

const READS_AT_ONCE = /^(?:JSON\.stringify|String|Number|Object\.(?:keys|values|entries)|Array\.(?:from|isArray))$/;

function calleeName(callee: AnyNode): string {
  if (callee.type === 'Identifier') return callee.name;
  if (callee.type !== 'MemberExpression' || callee.computed) return '';
  const { object, property } = callee;
  return object.type === 'Identifier' && property.type === 'Identifier' ? `${object.name}.${property.name}` : '';
}

function isOfPromise(property: AnyNode): boolean {
  return property.type === 'Identifier' && /^(?:then|catch|finally)$/.test(property.name);
}

// A call of memory whose promise is used as if it were the answer. What is put into lists, handed on or awaited by
// name may be awaited all the same.
function unawaitedCall(tree: Tree): { readonly method: string; readonly offset: number } | undefined {
  const suspects: { readonly method: string; readonly offset: number; readonly name: string | undefined }[] = [];
  const awaited = new Set<string>();
  for (const visit of visits(tree)) {
    const { node, parent } = visit;
    if (node.type === 'Identifier' && parent !== undefined && isHandedOn(parent)) awaited.add(node.name);
    const method = memoryMethod(node);
    if (method !== undefined && isUsedAtOnce(visit))
      suspects.push({ method, offset: node.start, name: nameGiven(parent) });
  }
  return suspects.find(({ name }) => name === undefined || !awaited.has(name));
}

function memoryMethod(node: AnyNode): string | undefined {
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return undefined;
  const { object, property } = node.callee;
  if (object.type !== 'Identifier' || object.name !== 'memory' || property.type !== 'Identifier') return undefined;
  return property.name;
}

function isHandedOn({ type }: AnyNode): boolean {
  return type === 'AwaitExpression' || type === 'ArrayExpression';
}

function isUsedAtOnce({ parent, field }: Visit): boolean {
  switch (parent?.type) {
    case 'MemberExpression':
      return field === 'object' && !isOfPromise(parent.property);
    case 'VariableDeclarator':
    case 'AssignmentExpression':
    case 'ForOfStatement':
    case 'ForInStatement':
    case 'SpreadElement':
    case 'Property':
    case 'BinaryExpression':
    case 'TemplateLiteral':
      return true;
    default:
      return false;
  }
}

function nameGiven(parent: AnyNode | undefined): string | undefined {
  if (parent?.type !== 'VariableDeclarator' || parent.id.type !== 'Identifier') return undefined;
  return parent.id.name;
}

function forgottenResult(tree: Tree): readonly string[] {
  const last = tree.body.at(-1);
  if (last?.type === 'VariableDeclaration') {
    const id = last.declarations.at(-1)?.id;
    const name = id?.type === 'Identifier' ? id.name : undefined;
    const end = name === undefined ? 'an expression' : `\`${name};\``;
    return [`There is no result: the last statement declares a variable. End the program with ${end} or a return.`];
  }
  if (last?.type === 'FunctionDeclaration' && last.id.name !== undefined) {
    return [
      `There is no result: the last statement declares ${last.id.name}. End the program with the call that gives it.`,
    ];
  }
  return [];
}
