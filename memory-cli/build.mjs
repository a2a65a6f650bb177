// Bundles the program, so that it starts in a fraction of the time. Native packages stay outside, and so does the
// sandbox: its worker is found beside it only where it is installed.
import { readdirSync, readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundledDriver } from '../scripts/bundled-driver.mjs';
import { directImports } from './direct-imports.mjs';
import { lateLoading } from './late-loading.mjs';

const root = fileURLToPath(new URL('.', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/**
 * What people, hooks and scripts wait for most often. Each is one file of CommonJS with all that it needs: to find, read
 * and link some thirty modules takes node longer than the whole command. The others share their code.
 */
const WHOLE = ['episode', 'episode-reading'];
/** What those need now and then, each in a file of its own: what is not asked for is not read. */
const ASIDE = [
  'yaml',
  'smol-toml',
  'ws',
  'cockatiel',
  '@libsql/client',
  '@libsql/client/ws',
  '@libsql/core/api',
  '@libsql/hrana-client',
];
const fileAside = (name) => `aside-${name.replaceAll(/\W+/gu, '-')}.cjs`;

// Messages of zod in other languages would be parsed at every start, and are never used.
const oneLanguage = {
  name: 'one-language',
  setup({ onLoad }) {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

// For commands that are programs of their own, which we have none of.
const withoutPrograms = {
  name: 'without-programs',
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:child_process$/ }, ({ importer }) =>
      /[\\/]commander[\\/]/u.test(importer) ? { path: 'none', namespace: 'without-programs' } : undefined,
    );
    onLoad({ filter: /.*/, namespace: 'without-programs' }, () => ({ contents: '' }));
  },
};

const external = ['@episodica/memory-mcp/sandbox', 'lmdb', 'msgpackr'];

const shared = {
  absWorkingDir: root,
  // Its form for old loaders hides from the bundler what it is made of.
  alias: { 'jsonc-parser': 'jsonc-parser/lib/esm/main.js' },
  outdir: 'dist/bundle',
  bundle: true,
  minifySyntax: true,
  minifyWhitespace: true,
  platform: 'node',
  target: 'node20',
  define: { PROGRAM_VERSION: JSON.stringify(version) },
  external,
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [oneLanguage, withoutPrograms, bundledDriver(), directImports({ scope: '@episodica/', external })],
};

// Bundled together, the command tree would share a file with everything the commands load: help would wait for it.
const commandsApart = {
  name: 'commands-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\.\/commands\// }, ({ path }) => {
      const name = path.slice('../commands/'.length, -'.ts'.length);
      return { path: WHOLE.includes(name) ? `./${name}.cjs` : `./commands/${name}.js`, external: true };
    });
  },
};

const librariesAside = {
  name: 'libraries-aside',
  setup({ onResolve }) {
    onResolve({ filter: /^@?[a-z]/ }, ({ path, importer }) =>
      ASIDE.includes(path) && importer !== '<stdin>' ? { path: `./${fileAside(path)}`, external: true } : undefined,
    );
  },
};

/** A program in CommonJS, in one file. */
function buildWhole(outfile, input, plugin) {
  return build({
    ...shared,
    ...input,
    outdir: undefined,
    outfile: `dist/bundle/${outfile}`,
    format: 'cjs',
    define: { ...shared.define, 'import.meta.url': 'bundleUrl' },
    banner: { js: `const bundleUrl = require('node:url').pathToFileURL(__filename).href;` },
    plugins: [plugin, ...shared.plugins, lateLoading([...WHOLE.map((name) => `${name}.cjs`), fileAside('smol-toml')])],
    write: false,
  });
}

rmSync(`${root}dist/bundle`, { recursive: true, force: true });
await buildWhole('main.cjs', { entryPoints: ['src/main.ts'] }, commandsApart);
for (const name of WHOLE) {
  await buildWhole(`${name}.cjs`, { entryPoints: [`src/commands/${name}.ts`] }, librariesAside);
}
for (const name of ASIDE) {
  const contents = `module.exports = require('${name}');`;
  // Those of the store are found from where the store is.
  const resolveDir =
    name === 'yaml' ? root : fileURLToPath(new URL('.', import.meta.resolve('@episodica/memory-storage-turso')));
  await buildWhole(fileAside(name), { stdin: { contents, resolveDir } }, librariesAside);
}
// Whatever the command tree loads.
const groups = readdirSync(`${root}src/groups`).map((file) => readFileSync(`${root}src/groups/${file}`, 'utf8'));
const commands = groups.flatMap((text) =>
  [...text.matchAll(/import\('\.\.\/commands\/(.+)\.ts'\)/gu)].map(([, name]) => name),
);
const entries = Object.fromEntries(
  commands.filter((name) => !WHOLE.includes(name)).map((name) => [`commands/${name}`, `src/commands/${name}.ts`]),
);
// Looked for beside the bundle: the store's thread, the worker that searches vectors, and the program that looks at a
// cache before it is opened.
const beside = {
  'store-thread': '@episodica/memory-storage-turso/store-thread',
  'scan-worker': '@episodica/memory-core/scan-worker',
  'learn-worker': '@episodica/memory-core/learn-worker',
  probe: fileURLToPath(new URL('./probe.js', import.meta.resolve('@episodica/memory-storage-lmdb'))),
};
await build({
  ...shared,
  entryPoints: { ...entries, ...beside },
  format: 'esm',
  splitting: true,
  // Packages in CommonJS call `require` for what node brings.
  banner: {
    js: "import { createRequire as episodicaRequire } from 'node:module'; const require = episodicaRequire(import.meta.url);",
  },
});
