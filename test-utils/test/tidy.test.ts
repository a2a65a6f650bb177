// The house rules that a linter does not know, as tests over the files themselves.
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { basename, dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';

const ROOT = resolve(dirname(fileURLToPath(import.meta.url)), '../..');
const PACKAGES = [
  'memory-core',
  'memory-storage-turso',
  'memory-storage-lmdb',
  'memory-mcp',
  'memory-cli',
  'test-utils',
  'benches',
  'examples',
  'soak',
] as const;
type Package = (typeof PACKAGES)[number];

/** Packages that the shipped source of a package may import. */
const MAY_IMPORT: Readonly<Record<Package, readonly Package[]>> = {
  'memory-core': [],
  'memory-storage-turso': ['memory-core'],
  'memory-storage-lmdb': ['memory-core'],
  'memory-mcp': ['memory-core', 'memory-storage-turso', 'memory-storage-lmdb'],
  'memory-cli': ['memory-core', 'memory-storage-turso', 'memory-storage-lmdb', 'memory-mcp'],
  'test-utils': ['memory-core'],
  benches: ['memory-core', 'memory-storage-turso', 'memory-storage-lmdb', 'memory-mcp', 'test-utils'],
  examples: ['memory-core', 'memory-storage-turso', 'memory-storage-lmdb', 'memory-mcp', 'test-utils'],
  soak: ['memory-core', 'memory-storage-turso', 'memory-storage-lmdb'],
};

/** What core may take from outside itself, beside Node. */
const CORE_DEPENDENCIES = ['zod', 'density-clustering', 'smol-toml'];

/** Rooms of core, and the rooms that each may import. Types of `ports` may go anywhere. */
const CORE_ROOMS: Readonly<Record<string, readonly string[]>> = {
  aggregate: ['learn', 'retrieve'],
  config: ['network'],
  ports: ['metrics'],
  learn: ['retrieve'],
  retrieve: [],
  vectors: ['retrieve'],
  wire: ['aggregate', 'retrieve'],
  gather: ['retrieve', 'vectors', 'stores', 'embed'],
  stores: ['retrieve'],
  transfer: ['learn', 'retrieve'],
  upkeep: ['learn', 'retrieve'],
  log: ['metrics'],
  metrics: [],
  network: [],
  embed: ['config', 'network', 'retrieve', 'stores'],
  reflect: ['config', 'embed', 'gather', 'learn', 'network', 'retrieve'],
};

const BANNED_NAMES = /^(?:utils?|helpers?|types|common|core|manager|service|impl|v\d+)\.ts$/u;
const MAX_FUNCTION_LINES = 70;

interface Source {
  readonly path: string;
  readonly package: Package;
  readonly text: string;
  readonly imports: readonly { readonly specifier: string; readonly isTypeOnly: boolean }[];
}

function filesBelow(folder: string): readonly string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile() && /\.(?:ts|mjs)$/u.test(entry.name))
    .map((entry) => join(entry.parentPath, entry.name));
}

const IMPORT =
  /^(?:import|export)\s+(type\s)?[^;'"]*?from\s+'([^']+)'|\bimport\(\s*'([^']+)'\s*\)|^import\s+'([^']+)'/gmu;

const sources: readonly Source[] = PACKAGES.flatMap((name) =>
  filesBelow(join(ROOT, name, 'src')).map((path) => {
    const text = readFileSync(path, 'utf8');
    const imports = [...withoutTemplates(text).matchAll(IMPORT)].map((match) => ({
      specifier: match[2] ?? match[3] ?? match[4] ?? '',
      isTypeOnly: match[1] !== undefined,
    }));
    return { path: relative(ROOT, path), package: name, text, imports };
  }),
);
const libraries = sources.filter((source) => source.package.startsWith('memory-'));

const where = (source: Source, what: string): string => `${source.path}: ${what}`;

describe('imports', () => {
  test('packages import only in the direction that the architecture allows [PK-01]', () => {
    const strays = sources.flatMap((source) =>
      source.imports
        .filter(({ specifier }) => specifier.startsWith('@episodica/'))
        .filter(({ specifier }) => {
          const [, target = ''] = specifier.split('/');
          const isAllowed = MAY_IMPORT[source.package].some((name) => name === target);
          const isForCli =
            source.package !== 'memory-cli' || target !== 'memory-mcp' || /\/(?:sandbox|code-mode)$/u.test(specifier);
          return !isAllowed || !isForCli;
        })
        .map(({ specifier }) => where(source, specifier)),
    );
    expect(strays).toEqual([]);
  });

  test('no import leaves its own package by a path, and every relative one names its file [PK-01]', () => {
    const strays = sources.flatMap((source) =>
      source.imports
        .filter(({ specifier }) => specifier.startsWith('.'))
        .filter(({ specifier }) => {
          const target = relative(ROOT, resolve(ROOT, dirname(source.path), specifier));
          return !target.startsWith(`${source.package}/src/`) || !specifier.endsWith('.ts');
        })
        .map(({ specifier }) => where(source, specifier)),
    );
    expect(strays).toEqual([]);
  });

  test('core depends on nothing but what is named here and Node [PK-01]', () => {
    const strays = sources
      .filter((source) => source.package === 'memory-core')
      .flatMap((source) =>
        source.imports
          .filter(({ specifier }) => !/^(?:\.|node:)/u.test(specifier) && !CORE_DEPENDENCIES.includes(specifier))
          .map(({ specifier }) => where(source, specifier)),
      );
    expect(strays).toEqual([]);
  });

  test('the rooms of core import only in their direction [PK-01]', () => {
    const strays = sources
      .filter((source) => source.package === 'memory-core')
      .flatMap((source) => {
        const room = roomOf(source.path);
        if (room === undefined) return [];
        return source.imports
          .filter(({ specifier }) => specifier.startsWith('.'))
          .filter(({ specifier, isTypeOnly }) => {
            const target = roomOf(relative(ROOT, resolve(ROOT, dirname(source.path), specifier)));
            if (target === undefined || target === room) return false;
            const isTypeOfPort = target === 'ports' && (isTypeOnly || !specifier.endsWith('store.ts'));
            return !isTypeOfPort && !(CORE_ROOMS[room] ?? []).includes(target);
          })
          .map(({ specifier }) => where(source, specifier));
      });
    expect(strays).toEqual([]);
  });
});

describe('rules', () => {
  test('aggregate, learn and retrieve do not await, read a clock or use randomness [PK-01]', () => {
    const strays = sources
      .filter(({ path }) => /^memory-core\/src\/(?:aggregate|learn|retrieve)\//u.test(path))
      .filter(({ text }) => /\bawait\b|\basync\b|Date\.now|new Date\(\)|Math\.random|randomUUID|node:fs/u.test(text));
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  test('only the composition roots read the environment [PK-01]', () => {
    const strays = libraries
      .filter(({ path }) => basename(path) !== 'open.ts')
      .filter(({ text }) => /process\.(?:env|cwd)\b/u.test(withoutComments(text)));
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  test('libraries do not print [PK-01]', () => {
    const printers = ['memory-cli', 'memory-mcp'];
    const strays = libraries
      .filter((source) => !printers.includes(source.package))
      .filter(({ text }) => /\bconsole\.|process\.std(?:out|err)/u.test(withoutComments(text)));
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  test('SQL lives in the libSQL store alone [ST-10]', () => {
    const strays = libraries
      .filter((source) => source.package !== 'memory-storage-turso')
      .filter(({ text }) =>
        /\b(?:SELECT\s.+\sFROM|INSERT INTO|DELETE FROM|CREATE TABLE|PRAGMA )/u.test(withoutComments(text)),
      );
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  test('no module keeps state of its own [PK-01]', () => {
    const strays = libraries.flatMap((source) =>
      withoutTemplates(source.text)
        .split('\n')
        .filter(
          (line) =>
            /^(?:export )?(?:let|var) /u.test(line) ||
            /^(?:export )?const \w+ = new (?:Map|Set|WeakMap|Array)\(\)/u.test(line),
        )
        .map((line) => where(source, line)),
    );
    expect(strays).toEqual([]);
  });

  test('files are named after concepts [PK-01]', () => {
    expect(sources.map(({ path }) => path).filter((path) => BANNED_NAMES.test(basename(path)))).toEqual([]);
    expect(sources.map(({ path }) => path).filter((path) => !/^[a-z0-9.-]+$/u.test(basename(path)))).toEqual([]);
  });

  test('a module says first what it is responsible for [PK-01]', () => {
    const silent = sources.filter(
      ({ path, text }) => basename(path) !== 'index.ts' && !/^(?:#!.*\n)?(?:\/\/|\/\*\*)/u.test(text),
    );
    expect(silent.map(({ path }) => path)).toEqual([]);
  });

  test('indexes are hand-written lists of named exports [PK-01]', () => {
    const strays = sources.filter(
      ({ path, text }) => basename(path) === 'index.ts' && /export \*|export default/u.test(text),
    );
    expect(strays.map(({ path }) => path)).toEqual([]);
  });

  test('a function fits a screen [PK-01]', () => {
    const long = libraries.flatMap((source) =>
      functionLengths(source.text)
        .filter(({ lines }) => lines > MAX_FUNCTION_LINES)
        .map(({ name, lines }) => where(source, `${name} has ${lines} lines`)),
    );
    expect(long).toEqual([]);
  });

  test('types are not talked away [PK-01]', () => {
    const strays = libraries.flatMap((source) =>
      source.text
        .split('\n')
        .filter((line) => /@ts-ignore|@ts-nocheck|@ts-expect-error|\bas any\b|: any\b|<any>/u.test(line))
        .map((line) => where(source, line.trim())),
    );
    expect(strays).toEqual([]);
  });

  test('every test title cites what it proves [PK-01]', () => {
    const titles = PACKAGES.flatMap((name) => {
      const folder = join(ROOT, name, name === 'test-utils' ? 'src' : 'test');
      const files = filesBelow(folder).filter((path) => /\.test\.ts$|-suite\.ts$/u.test(path));
      return files.flatMap((path) =>
        [
          ...readFileSync(path, 'utf8').matchAll(
            /^\s*(?:test|it)(?:\.each\([\s\S]*?\])?\)?\(\s*[`']((?:[^`'\\]|\\.)*)[`']/gmu,
          ),
        ].map(([, title = '']) => `${relative(ROOT, path)}: ${title}`),
      );
    });
    expect(titles.length).toBeGreaterThan(100);
    expect(titles.filter((title) => !/\[[A-Z]{2,3}-\d\d(?: [A-Z]{2,3}-\d\d)*\]$/u.test(title))).toEqual([]);
  });

  test('no test is switched off or alone [PK-01]', () => {
    const strays = PACKAGES.flatMap((name) =>
      filesBelow(join(ROOT, name)).filter((path) => !/node_modules|[/\\]dist[/\\]/u.test(path)),
    )
      .filter((path) => path.endsWith('.test.ts') && basename(path) !== 'tidy.test.ts')
      .filter((path) => /\b(?:test|describe|it)\.(?:only|todo|skip)\b/u.test(readFileSync(path, 'utf8')));
    expect(strays).toEqual([]);
  });
});

function roomOf(path: string): string | undefined {
  return /^memory-core\/src\/([a-z]+)\//u.exec(path)?.[1];
}

function withoutComments(text: string): string {
  return text.replace(/\/\*[\s\S]*?\*\//gu, '').replace(/^\s*\/\/.*$/gmu, '');
}

/** Programs for the sandbox stand in template literals: they are data here. */
function withoutTemplates(text: string): string {
  return text.replace(/`(?:[^`\\]|\\[\s\S])*`/gu, '``');
}

/** Named functions at the top level of a module, by their closing brace at the same indentation. */
function functionLengths(text: string): readonly { readonly name: string; readonly lines: number }[] {
  const lines = text.split('\n');
  return lines.flatMap((line, start) => {
    const name = /^(?:export )?(?:async )?function\*? (\w+)/u.exec(line)?.[1];
    if (name === undefined) return [];
    const end = lines.findIndex((candidate, index) => index > start && candidate === '}');
    return [{ name, lines: end - start + 1 }];
  });
}
