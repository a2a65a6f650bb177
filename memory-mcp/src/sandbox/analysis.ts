// Looks through a program before it runs for what certainly fails when it is reached. It helps, and is never the
// boundary: a program that hides what it does is let through, and finds nothing there.
import { insteadOfGlobal, insteadOfModule } from './missing-globals.ts';
import type { Place } from './place.ts';
import { type AnyNode, isSwallowing, type Program, type Visit, visits } from './syntax-tree.ts';

/** Problems that one message tells. */
const TOLD = 5;
/** Characters of a module's name that a message tells. */
const NAME_CHARS = 60;

/** Something that is not there. */
export interface Missing {
  /** As the program says it: `require("fs")`, `setTimeout`. */
  readonly what: string;
  readonly instead: string;
  readonly offset: number;
}

/** What certainly fails, and is not guarded, in the order of the program. */
export function missingThings(tree: Program): readonly Missing[] {
  const known = new Set<string>();
  const named = new Map<string, number>();
  const found: { readonly visit: Visit; readonly missing: Missing; readonly name?: string }[] = [];
  let catches = false;
  for (const visit of visits(tree)) {
    // What a name means within `with` is not known.
    if (visit.node.type === 'WithStatement') return [];
    if (isCatching(visit.node)) catches = true;
    if (visit.node.type === 'Identifier') named.set(visit.node.name, (named.get(visit.node.name) ?? 0) + 1);
    const name = knownName(visit);
    if (name !== undefined) known.add(name);
    const imported = importOf(visit.node);
    if (imported !== undefined) found.push({ visit, missing: imported });
    else if (visit.node.type === 'Identifier' && isReference(visit)) {
      const missing = globalUse(visit, visit.node.name);
      if (missing !== undefined) found.push({ visit, missing, name: visit.node.name });
    }
  }
  return found
    .filter(({ visit, name }) => {
      if (name !== undefined && known.has(name)) return false;
      if (isStaticImport(visit.node)) return true;
      if (isNeverCalled(visit, named)) return false;
      // A function may be called within a `try` of its caller, and a promise be caught anywhere.
      if (catches && (visit.isInFunction || visit.node.type === 'ImportExpression')) return false;
      return !visit.isTried;
    })
    .map(({ missing }) => missing);
}

/** What a refused program is told: the first problems with their places. */
export function missingMessage(missing: readonly Missing[], placeOf: (offset: number) => Place): string {
  const told = missing.slice(0, TOLD).map(({ what, offset }) => {
    const { line, column } = placeOf(offset);
    return `${what} (${line}:${column})`;
  });
  const more = missing.length > TOLD ? ` and ${missing.length - TOLD} more` : '';
  return `The program uses what the sandbox does not have: ${told.join(', ')}${more}.`;
}

/** What to do instead of the problems that are told. */
export function missingHint(missing: readonly Missing[]): string {
  return [...new Set(missing.slice(0, TOLD).map(({ instead }) => instead))].join(' ');
}

// The name, if the program may give it a meaning of its own or ask whether it is there: as a target, or as a text, key
// or property anywhere, since the global object has many names.
function knownName({ node, parent, field, isTarget }: Visit): string | undefined {
  switch (node.type) {
    case 'Identifier':
      if (isTarget || (parent?.type === 'UnaryExpression' && parent.operator === 'typeof')) return node.name;
      if (parent?.type === 'MemberExpression') return field === 'property' && !parent.computed ? node.name : undefined;
      return parent?.type === 'Property' && field === 'key' && !parent.shorthand ? node.name : undefined;
    case 'Literal':
      return typeof node.value === 'string' ? node.value : undefined;
    case 'TemplateElement':
      return node.value.cooked ?? undefined;
    default:
      return undefined;
  }
}

// In a function whose name stands nowhere but where it is declared.
function isNeverCalled({ within }: Visit, named: ReadonlyMap<string, number>): boolean {
  for (let around = within; around !== undefined; around = around.outer) {
    if (named.get(around.name) === 1) return true;
  }
  return false;
}

function isCatching(node: AnyNode): boolean {
  if (isSwallowing(node)) return true;
  if (node.type !== 'CallExpression' || node.callee.type !== 'MemberExpression') return false;
  const { property } = node.callee;
  if (isNamed(property, 'then')) return node.arguments.length > 1;
  return property.type === 'Identifier' && CATCHING.test(property.name);
}

// `race` and `any` may settle before what is rejected.
const CATCHING = /^(?:catch|allSettled|race|any)$/;

function isStaticImport({ type }: AnyNode): boolean {
  return type === 'ImportDeclaration' || type === 'ExportNamedDeclaration' || type === 'ExportAllDeclaration';
}

function importOf(node: AnyNode): Missing | undefined {
  switch (node.type) {
    case 'ImportDeclaration':
      return moduleUse('import', node.source, node.source.start);
    case 'ExportNamedDeclaration':
    case 'ExportAllDeclaration':
      return node.source == null ? undefined : moduleUse('export from', node.source, node.source.start);
    case 'ImportExpression':
      return moduleUse('import()', node.source, node.start);
    default:
      return undefined;
  }
}

function moduleUse(what: string, source: AnyNode, offset: number): Missing {
  if (source.type !== 'Literal' || typeof source.value !== 'string') {
    return { what, instead: insteadOfModule(''), offset };
  }
  const name = JSON.stringify(source.value.slice(0, NAME_CHARS));
  const shown = what.endsWith('()') ? `${what.slice(0, -1)}${name})` : `${what} ${name}`;
  return { what: shown, instead: insteadOfModule(source.value), offset };
}

function globalUse({ node, parent, field }: Visit, name: string): Missing | undefined {
  const instead = insteadOfGlobal(name);
  if (instead === undefined) return undefined;
  const isCalled = (parent?.type === 'CallExpression' || parent?.type === 'NewExpression') && field === 'callee';
  if (name === 'require' && isCalled && parent.arguments[0] !== undefined) {
    const { what, instead: other } = moduleUse('require()', parent.arguments[0], node.start);
    return { what, instead: other, offset: node.start };
  }
  // These two are there, and refuse to be called.
  if ((name === 'eval' || name === 'Function') && !isCalled) return undefined;
  const shown = isCalled && parent.type === 'NewExpression' ? `new ${name}` : name;
  return { what: shown, instead, offset: node.start };
}

function isReference({ parent, field, isTarget }: Visit): boolean {
  if (isTarget || parent === undefined) return false;
  switch (parent.type) {
    case 'MemberExpression':
      return field === 'object' || parent.computed;
    case 'Property':
    case 'MethodDefinition':
    case 'PropertyDefinition':
      return field === 'value' || parent.computed;
    case 'LabeledStatement':
      return field === 'body';
    case 'BreakStatement':
    case 'ContinueStatement':
    case 'MetaProperty':
    case 'ImportSpecifier':
    case 'ExportAllDeclaration':
      return false;
    case 'ExportSpecifier':
      return field === 'local';
    default:
      return true;
  }
}

function isNamed(node: AnyNode, name: string): boolean {
  return node.type === 'Identifier' && node.name === name;
}
