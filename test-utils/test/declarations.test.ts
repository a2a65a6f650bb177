// What who writes TypeScript against the packages gets: declarations that resolve, say what each export is, and hide nothing.
import { cpSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { beforeAll, describe, expect, test } from 'vitest';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const PACKAGES = ['memory-core', 'memory-storage-turso', 'memory-storage-lmdb', 'memory-mcp'] as const;

interface Manifest {
  readonly name: string;
  readonly files: readonly string[];
  readonly exports: Readonly<Record<string, { readonly types: string }>>;
  readonly dependencies: Readonly<Record<string, string>>;
}

const manifestOf = (folder: string): Manifest =>
  JSON.parse(readFileSync(join(ROOT, folder, 'package.json'), 'utf8')) as Manifest;

const STRICT: ts.CompilerOptions = {
  strict: true,
  exactOptionalPropertyTypes: true,
  noUncheckedIndexedAccess: true,
  noEmit: true,
  target: ts.ScriptTarget.ES2022,
  lib: ['lib.es2023.d.ts', 'lib.esnext.disposable.d.ts'],
  types: ['node'],
  typeRoots: [join(ROOT, 'node_modules/@types')],
};
const NODE_NEXT = { module: ts.ModuleKind.NodeNext, moduleResolution: ts.ModuleResolutionKind.NodeNext };

describe('declarations', () => {
  const entries = PACKAGES.flatMap((folder) =>
    Object.entries(manifestOf(folder).exports).map(([entry, { types }]) => ({
      name: join(folder, entry),
      path: resolve(ROOT, folder, types),
    })),
  );
  let program: ts.Program;
  beforeAll(() => {
    const paths = entries.map(({ path }) => path);
    program = ts.createProgram(paths, { ...STRICT, ...NODE_NEXT, skipLibCheck: true });
  });

  test('every export of every public entry says what it is [PK-04]', () => {
    const checker = program.getTypeChecker();
    const exported = entries.flatMap(({ name, path }) => {
      const file = program.getSourceFile(path);
      const module = file && checker.getSymbolAtLocation(file);
      if (module === undefined) return [];
      return checker.getExportsOfModule(module).map((found) => {
        const symbol = found.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(found) : found;
        return { name: `${name}: ${found.name}`, says: symbol.getDocumentationComment(checker).length > 0 };
      });
    });
    expect(exported.length).toBeGreaterThan(300);
    expect(exported.filter(({ says }) => !says).map(({ name }) => name)).toEqual([]);
  });

  test('no declaration says `any` [PK-04]', () => {
    const own = program.getSourceFiles().filter(({ fileName }) => fileName.startsWith(ROOT) && isOurs(fileName));
    expect(own.length).toBeGreaterThan(100);
    expect(own.flatMap(anysIn)).toEqual([]);
  });
});

describe('a program of somebody else', () => {
  const consumer = consumerOfPacked(['quickstart', 'verbs', 'errors', 'pattern-workflow', 'transfer', 'own-parts']);

  test.each([
    ['nodenext', NODE_NEXT],
    ['bundler', { module: ts.ModuleKind.ESNext, moduleResolution: ts.ModuleResolutionKind.Bundler }],
  ])('compiles against the packages as they are packed, with module resolution %s [PK-03]', (_name, resolution) => {
    const program = ts.createProgram(consumer.files, { ...STRICT, ...resolution });
    const ours = program.getSourceFiles().filter(({ fileName }) => isOurs(fileName));
    // Those of others, too: without `skipLibCheck` nothing that ours name may be wrong.
    const found = ts.getPreEmitDiagnostics(program);
    expect(ts.formatDiagnostics(found, HOST)).toBe('');
    expect(ours.map(({ fileName }) => fileName).filter((path) => !path.startsWith(consumer.folder))).toEqual([]);
    expect(ours.length).toBeGreaterThan(50);
  });
});

const HOST: ts.FormatDiagnosticsHost = {
  getCanonicalFileName: (name) => name,
  getCurrentDirectory: () => ROOT,
  getNewLine: () => '\n',
};

/** Ours, and not what is installed beside them. */
function isOurs(path: string): boolean {
  return !/[/\\]node_modules[/\\](?!@episodica[/\\])/u.test(path);
}

function anysIn(file: ts.SourceFile): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    if (node.kind === ts.SyntaxKind.AnyKeyword) {
      const { line } = file.getLineAndCharacterOfPosition(node.getStart(file));
      found.push(`${file.fileName}:${line + 1}`);
    }
    ts.forEachChild(node, visit);
  };
  visit(file);
  return found;
}

/**
 * A folder with some of our examples in which the packages are installed: with the files that are packed, and besides
 * with nothing but what they name as a dependency.
 */
function consumerOfPacked(examples: readonly string[]): { readonly folder: string; readonly files: string[] } {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), 'episodica-consumer-')));
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ type: 'module' }));
  for (const source of PACKAGES) {
    const { name, files, dependencies } = manifestOf(source);
    const target = join(folder, 'node_modules', name);
    for (const packed of ['package.json', ...files]) {
      cpSync(join(ROOT, source, packed), join(target, packed), {
        recursive: true,
        filter: (path) => !/\.(?:js|map|tsbuildinfo)$/u.test(path),
      });
    }
    for (const dependency of Object.keys(dependencies).filter((each) => !each.startsWith('@episodica/'))) {
      link(dependency, join(target, 'node_modules'));
    }
  }
  const files = examples.map((name) => {
    const file = join(folder, `${name}.ts`);
    cpSync(join(ROOT, 'examples/src', `${name}.ts`), file);
    return file;
  });
  return { folder, files };
}

function link(dependency: string, modules: string): void {
  const target = join(modules, dependency);
  mkdirSync(dirname(target), { recursive: true });
  symlinkSync(join(ROOT, 'node_modules', dependency), target, 'junction');
}
