// Bundles the program, so that it starts in a fraction of the time. Native packages stay outside, and so does the
// sandbox: its worker is found beside it only where it is installed.
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';

const root = fileURLToPath(new URL('.', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

// Messages of zod in other languages would be parsed at every start, and are never used.
const oneLanguage = {
  name: 'one-language',
  setup({ onLoad }) {
    onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

const shared = {
  absWorkingDir: root,
  outdir: 'dist/bundle',
  outbase: 'src',
  bundle: true,
  minifySyntax: true,
  format: 'esm',
  platform: 'node',
  target: 'node20',
  define: { PROGRAM_VERSION: JSON.stringify(version) },
  external: ['@episodica/memory-mcp/sandbox', '@libsql/*', 'libsql', 'lmdb', 'msgpackr', 'pino'],
  // Packages in CommonJS call `require` for what node brings.
  banner: {
    js: "import { createRequire as episodicaRequire } from 'node:module'; const require = episodicaRequire(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
  plugins: [oneLanguage],
};

// Bundled together, the command tree would share a file with everything the commands load: help would wait for it.
const commandsApart = {
  name: 'commands-apart',
  setup({ onResolve }) {
    onResolve({ filter: /^\.\/commands\// }, ({ path }) => ({ path: path.replace(/\.ts$/u, '.js'), external: true }));
  },
};

rmSync(`${root}dist/bundle`, { recursive: true, force: true });
await build({ ...shared, entryPoints: ['src/main.ts'], plugins: [...shared.plugins, commandsApart] });
const commands = [
  'backup',
  'config',
  'episode',
  'erase',
  'eval',
  'forget',
  'health',
  'move',
  'pattern',
  'pattern-advice',
  'pattern-clusters',
  'pattern-extract',
  'rekey',
  'storage',
  'transfer',
];
const entries = Object.fromEntries(commands.map((name) => [`commands/${name}`, `src/commands/${name}.ts`]));
// Looked for beside the bundle: the store's thread, the worker that searches vectors, and the program that looks at a
// cache before it is opened.
const beside = {
  'store-thread': '@episodica/memory-storage-turso/store-thread',
  'scan-worker': '@episodica/memory-core/scan-worker',
  'learn-worker': '@episodica/memory-core/learn-worker',
  probe: fileURLToPath(new URL('./probe.js', import.meta.resolve('@episodica/memory-storage-lmdb'))),
};
await build({ ...shared, entryPoints: { ...entries, ...beside }, splitting: true });
