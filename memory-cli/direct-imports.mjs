// What is imported by way of a list of names (`export { a } from './a.js'`) is taken from the file that has it. esbuild
// shares code between entries by whole files: by way of a list, each command would load what all the others need.
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** A plugin for esbuild, for files of packages in `scope`; what is `external` stays as it is. */
export function directImports({ scope, external }) {
  const lists = new Map();
  return {
    name: 'direct-imports',
    setup({ onLoad }) {
      onLoad({ filter: /memory-[a-z-]+\/(src|dist)\/.*\.[jt]s$/ }, async ({ path }) => ({
        contents: await rewritten(await readFile(path, 'utf8'), path),
        loader: path.endsWith('.ts') ? 'ts' : 'js',
      }));
    },
  };

  async function rewritten(text, path) {
    let direct = text;
    for (const [statement, names, from] of text.matchAll(IMPORT)) {
      const file = moduleOf(from, path);
      if (file === undefined) continue;
      const origins = await originsIn(file);
      const imports = bindings(names).map(({ name, as }) => {
        const origin = origins.get(name) ?? { file, name };
        return `import { ${origin.name} as ${as} } from ${JSON.stringify(origin.file)};`;
      });
      direct = direct.replace(statement, () => imports.join(' '));
    }
    for (const [statement, names, from] of text.matchAll(DYNAMIC_IMPORT)) {
      const file = moduleOf(from, path);
      if (file === undefined) continue;
      const origins = await originsIn(file);
      const files = new Set(bindings(names).map(({ name }) => origins.get(name)?.file));
      const [origin] = files;
      if (files.size === 1 && origin !== undefined) {
        direct = direct.replace(statement, () => statement.replace(from, origin));
      }
    }
    return direct;
  }

  /** The file of the project that is meant, if it is one. */
  function moduleOf(from, path) {
    if (from.startsWith('.')) return join(dirname(path), from);
    return from.startsWith(scope) && !external.includes(from) ? fileURLToPath(import.meta.resolve(from)) : undefined;
  }

  /** Where each name comes from that the file only hands on. */
  function originsIn(file) {
    if (!lists.has(file)) lists.set(file, readOrigins(file));
    return lists.get(file);
  }

  async function readOrigins(file) {
    const origins = new Map();
    for (const [, names, from] of (await readFile(file, 'utf8')).matchAll(EXPORT)) {
      const source = moduleOf(from, file);
      if (source === undefined) continue;
      const further = await originsIn(source);
      for (const { name, as } of bindings(names)) origins.set(as, further.get(name) ?? { file: source, name });
    }
    return origins;
  }
}

const IMPORT = /^import \{([^}]*)\} from ['"]([^'"]+)['"];$/gmu;
const DYNAMIC_IMPORT = /const \{([^}:]*)\} = await import\(['"]([^'"]+)['"]\)/gu;
const EXPORT = /^export \{([^}]*)\} from ['"]([^'"]+)['"];$/gmu;

/** Of `a, b as c`; types are no names here. */
function bindings(names) {
  const parts = names.split(',').map((part) => part.trim());
  return parts
    .filter((part) => part !== '' && !part.startsWith('type '))
    .map((part) => {
      const [name, as = name] = part.split(/\s+as\s+/u);
      return { name, as };
    });
}
