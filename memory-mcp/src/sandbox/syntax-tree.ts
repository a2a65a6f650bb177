// The syntax tree of a program. It helps to explain a program and never decides what may run: where this parser and the
// engine do not agree, the engine is right.
import { type AnyNode, type Options, type Program, parse, parseExpressionAt, tokenizer } from 'acorn';

export type { AnyNode, Program } from 'acorn';

/** A program's tree, or why there is none. */
export type Parsed =
  | { readonly tree: Program }
  | { readonly tree?: undefined; readonly message: string; readonly offset: number };

/** A node on a walk, with what is above it. */
export interface Visit {
  readonly node: AnyNode;
  /** `undefined` for the program itself. */
  readonly parent: AnyNode | undefined;
  /** The field of the parent that holds the node. */
  readonly field: string;
  /** Within the block of a `try` that swallows what is thrown, seen from the function the node is in. */
  readonly isTried: boolean;
  readonly isInFunction: boolean;
  /** The functions around the node that have a name, innermost first. */
  readonly within: NamedFunction | undefined;
  /** The node, or the pattern it is part of, is given a value here: declared, assigned or a parameter. */
  readonly isTarget: boolean;
}

/** A function that a declaration gives a name, or a class or object as its method. */
export interface NamedFunction {
  readonly name: string;
  readonly outer: NamedFunction | undefined;
}

/** A bracket that does not fit, with the one that is open there, or one that the end of the program leaves open. */
export interface BracketProblem {
  readonly open: { readonly sign: string; readonly offset: number };
  /** Absent: the program ends. */
  readonly close?: { readonly sign: string; readonly offset: number };
}

// Every way a program may be read: `readings` of `source.ts` tries them one by one.
const OPTIONS: Options = {
  ecmaVersion: 'latest',
  sourceType: 'script',
  allowAwaitOutsideFunction: true,
  allowHashBang: true,
  allowImportExportEverywhere: true,
  allowReturnOutsideFunction: true,
};

/** Reads a program as modern JavaScript, when it is first asked for: most programs run well without. */
export function parsedProgram(code: string): () => Parsed {
  let parsed: Parsed | undefined;
  return () => {
    parsed ??= parseProgram(code);
    return parsed;
  };
}

/** Whether a text is one expression that begins with an object literal, such as `{ a: 1 }.a`. */
export function isObjectExpression(code: string): boolean {
  return wholeExpression(code) !== undefined;
}

/** Whether a program is one object literal, `{ a: 1, b: 2 }`, and nothing else. */
export function isObjectLiteral(code: string): boolean {
  return wholeExpression(code)?.type === 'ObjectExpression';
}

/** Every node, parents before their children. Needs no stack of its own, however deep the tree. */
export function* visits(tree: Program): Generator<Visit> {
  const waiting: Visit[] = [
    {
      node: tree,
      parent: undefined,
      field: '',
      isTried: false,
      isInFunction: false,
      within: undefined,
      isTarget: false,
    },
  ];
  for (let visit = waiting.pop(); visit !== undefined; visit = waiting.pop()) {
    yield visit;
    const children = childrenOf(visit);
    for (let index = children.length - 1; index >= 0; index -= 1) {
      const child = children[index];
      if (child !== undefined) waiting.push(child);
    }
  }
}

/** Whether the brace at `offset` is the first closing bracket with none open. */
export function isStrayBrace(code: string, offset: number): boolean {
  let depth = 0;
  try {
    for (const { type, start } of tokenizer(code, OPTIONS)) {
      if (start >= offset) break;
      if (type.label in CLOSING) depth += 1;
      else if (type.label === ')' || type.label === ']' || type.label === '}') depth -= 1;
    }
  } catch {
    return false;
  }
  return depth === 0;
}

/** The first bracket that does not fit, or the innermost one that is never closed. */
export function bracketProblem(code: string): BracketProblem | undefined {
  const open: { readonly sign: string; readonly offset: number }[] = [];
  try {
    for (const { type, start } of tokenizer(code, OPTIONS)) {
      const sign = type.label;
      if (sign in CLOSING) open.push({ sign, offset: start });
      if (sign !== ')' && sign !== ']' && sign !== '}') continue;
      const last = open.pop();
      if (last !== undefined && CLOSING[last.sign] !== sign) return { open: last, close: { sign, offset: start } };
    }
  } catch {
    return undefined;
  }
  const last = open.at(-1);
  return last === undefined ? undefined : { open: last };
}

function wholeExpression(code: string): AnyNode | undefined {
  const start = code.search(/\S/);
  if (code[start] !== '{') return undefined;
  try {
    const expression = parseExpressionAt(code, start, OPTIONS);
    const { body } = parse(code.slice(expression.end), OPTIONS);
    return body.every(({ type }) => type === 'EmptyStatement') ? expression : undefined;
  } catch {
    return undefined;
  }
}

const CLOSING: Readonly<Record<string, string>> = { '(': ')', '[': ']', '{': '}', '${': '}' };

function parseProgram(code: string): Parsed {
  try {
    return { tree: parse(code, OPTIONS) };
  } catch (error) {
    return problemOf(error);
  }
}

function problemOf(error: unknown): Parsed {
  if (!(error instanceof SyntaxError) || !('pos' in error) || typeof error.pos !== 'number') {
    return { message: 'The program nests too deeply to be looked at.', offset: 0 };
  }
  return { message: error.message.replace(/ \(\d+:\d+\)$/, ''), offset: error.pos };
}

function childrenOf(visit: Visit): readonly Visit[] {
  const { node } = visit;
  const children: Visit[] = [];
  for (const [field, value] of Object.entries(node)) {
    for (const child of Array.isArray(value) ? value : [value]) {
      if (isNode(child)) children.push(childVisit(visit, field, child));
    }
  }
  return children;
}

function childVisit(parent: Visit, field: string, node: AnyNode): Visit {
  const { node: above } = parent;
  const isFunction = isFunctionNode(above);
  const isBlockOfTry = field === 'block' && isSwallowing(above);
  const name = isFunction ? declaredName(parent) : undefined;
  return {
    node,
    parent: above,
    field,
    isTried: isBlockOfTry || (parent.isTried && !isFunction),
    isInFunction: isFunction || parent.isInFunction,
    within: name === undefined ? parent.within : { name, outer: parent.within },
    isTarget: isTargetField(above, field) || (parent.isTarget && isPartOfPattern(above, field)),
  };
}

/** Whether a node is a `try` that lets nothing through: it catches, or its `finally` goes elsewhere. */
export function isSwallowing(node: AnyNode): boolean {
  if (node.type !== 'TryStatement') return false;
  return node.handler != null || (node.finalizer?.body.some(({ type }) => LEAVING.test(type)) ?? false);
}

const LEAVING = /^(?:Return|Break|Continue)Statement$/;

// A name that only the declaration itself knows, or that others may call.
function declaredName({ node, parent }: Visit): string | undefined {
  if (node.type === 'FunctionDeclaration') return node.id?.name;
  switch (parent?.type) {
    case 'VariableDeclarator':
      return parent.id.type === 'Identifier' ? parent.id.name : undefined;
    case 'Property':
      return parent.key.type === 'Identifier' && !parent.computed ? parent.key.name : undefined;
    case 'MethodDefinition':
      return parent.key.type === 'Identifier' && parent.kind === 'method' && !parent.computed
        ? parent.key.name
        : undefined;
    default:
      return undefined;
  }
}

/** Whether a node is a function of any kind. */
export function isFunctionNode({ type }: AnyNode): boolean {
  return type === 'FunctionDeclaration' || type === 'FunctionExpression' || type === 'ArrowFunctionExpression';
}

function isTargetField(node: AnyNode, field: string): boolean {
  switch (node.type) {
    case 'VariableDeclarator':
    case 'ClassDeclaration':
    case 'ClassExpression':
      return field === 'id';
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      return field === 'id' || field === 'params';
    case 'CatchClause':
      return field === 'param';
    case 'AssignmentExpression':
    case 'ForInStatement':
    case 'ForOfStatement':
      return field === 'left';
    case 'ImportSpecifier':
    case 'ImportDefaultSpecifier':
    case 'ImportNamespaceSpecifier':
      return field === 'local';
    default:
      return false;
  }
}

function isPartOfPattern(node: AnyNode, field: string): boolean {
  if (node.type === 'AssignmentPattern') return field === 'left';
  if (node.type === 'Property') return field === 'value';
  return node.type === 'ObjectPattern' || node.type === 'ArrayPattern' || node.type === 'RestElement';
}

function isNode(value: unknown): value is AnyNode {
  return typeof value === 'object' && value !== null && 'type' in value && typeof value.type === 'string';
}
