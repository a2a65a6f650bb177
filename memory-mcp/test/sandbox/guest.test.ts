// The code that runs inside the guest: what it may use once a program runs, and that the script is made of it.
import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, test } from 'vitest';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const FOLDER = `${ROOT}src/sandbox/guest/`;
/** These run once, before any program. */
const BEFORE = ['primordials.ts', 'lockdown.ts'];

describe('guest code', () => {
  const names = readdirSync(FOLDER);
  test.each(names)('%s uses nothing that a program can patch [SB-04]', (name) => {
    expect(strays(name, readFileSync(FOLDER + name, 'utf8'))).toEqual([]);
  });

  test.each([
    ['a method', 'x.trim();'],
    ['a global', 'const a = Object;'],
    ['a loop over an iterator', 'for (const a of []) ;'],
    ['a spread', 'const a = [...b];'],
    ['a list taken apart', 'const [a] = b;'],
    ['a template', 'const a = `$\u007bb}`;'],
    ['a record with a prototype', 'const a = { b: 1 };'],
    ['an index that is set', 'list[0] = 1;'],
    ['an expression', 'const a = /x/;'],
    ['an await', 'async function f() { await a; }'],
    ['a test of kind', 'const c = a instanceof b;'],
  ])('the rule finds %s [SB-04]', (_what, code) => {
    expect(strays('sample.ts', `declare const a: never, b: never, x: never, list: never;\n${code}`)).not.toEqual([]);
  });

  test('the script is what the modules make [SB-04]', () => {
    const before = readFileSync(`${ROOT}src/sandbox/guest-script.ts`, 'utf8');
    execFileSync(process.execPath, [`${ROOT}bundle-guest.mjs`]);
    expect(readFileSync(`${ROOT}src/sandbox/guest-script.ts`, 'utf8') === before).toBe(true);
  });
});

// What a program could have put something else in the place of, with the line where it stands.
function strays(name: string, text: string): readonly string[] {
  const source = ts.createSourceFile(name, text, ts.ScriptTarget.ES2022, true);
  const declared = declaredIn(source);
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isTypeNode(node) || ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node)) return;
    const stray = strayIn(node, declared);
    if (stray !== undefined && !BEFORE.includes(name)) {
      found.push(`${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}: ${stray}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function strayIn(node: ts.Node, declared: ReadonlySet<string>): string | undefined {
  if (ts.isForOfStatement(node)) return 'for … of';
  if (ts.isSpreadElement(node) || ts.isSpreadAssignment(node)) return 'spread';
  if (ts.isArrayBindingPattern(node)) return 'a list taken apart';
  if (ts.isTemplateExpression(node) || ts.isTaggedTemplateExpression(node)) return 'template';
  if (ts.isAwaitExpression(node) || ts.isYieldExpression(node) || ts.isClassLike(node)) return 'await, yield or class';
  if (ts.isRegularExpressionLiteral(node)) return 'regular expression';
  if (ts.isCallExpression(node) && ts.isPropertyAccessExpression(node.expression)) return ownCall(node.expression);
  if (ts.isCallExpression(node) && ts.isElementAccessExpression(node.expression)) return 'method';
  if (ts.isObjectLiteralExpression(node)) return bareRecord(node);
  if (ts.isBinaryExpression(node)) return strayOperation(node);
  return strayGlobal(node, declared);
}

// A member of a record of ours is ours, whatever it is called: the record has no prototype, and only our code has it.
const RECORDS: ReadonlySet<string> = new Set(['bridge', 'guestConsole', 'files']);
function ownCall(callee: ts.PropertyAccessExpression): string | undefined {
  return ts.isIdentifier(callee.expression) && RECORDS.has(callee.expression.text) ? undefined : 'method';
}

function bareRecord(node: ts.ObjectLiteralExpression): string | undefined {
  const [first] = node.properties;
  // Empty is the object that a program gets to see as `console`.
  return first === undefined || first.name?.getText() === '__proto__' ? undefined : 'record with a prototype';
}

function strayOperation({ left, operatorToken, right }: ts.BinaryExpression): string | undefined {
  if (operatorToken.kind === ts.SyntaxKind.InstanceOfKeyword || operatorToken.kind === ts.SyntaxKind.InKeyword)
    return 'instanceof or in';
  const isAssignment =
    operatorToken.kind >= ts.SyntaxKind.FirstAssignment && operatorToken.kind <= ts.SyntaxKind.LastAssignment;
  if (!isAssignment) return undefined;
  if (ts.isArrayLiteralExpression(left)) return `a list taken apart by ${right.getText()}`;
  // A typed array has its own indexes, which nothing can be put before.
  return ts.isElementAccessExpression(left) && left.expression.getText() !== 'bytes' ? 'index that is set' : undefined;
}

function strayGlobal(node: ts.Node, declared: ReadonlySet<string>): string | undefined {
  if (!ts.isIdentifier(node) || declared.has(node.text) || node.text === 'undefined') return undefined;
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent) && parent.name === node) return undefined;
  if (ts.isPropertyAssignment(parent) && parent.name === node) return undefined;
  if (ts.isImportSpecifier(parent) || ts.isBindingElement(parent)) return undefined;
  // Writable by nobody.
  return node.text === 'globalThis' ? undefined : `global ${node.text}`;
}

function declaredIn(source: ts.SourceFile): ReadonlySet<string> {
  const names = new Set<string>();
  const visit = (node: ts.Node): void => {
    const isDeclaration =
      ts.isVariableDeclaration(node) ||
      ts.isParameter(node) ||
      ts.isFunctionDeclaration(node) ||
      ts.isBindingElement(node) ||
      ts.isImportSpecifier(node);
    if (isDeclaration && node.name !== undefined && ts.isIdentifier(node.name)) names.add(node.name.text);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return names;
}
