// Bundles the program, so that it starts in a fraction of the time. Native and WASM packages stay outside, and the
// sandbox's worker, the store's thread and the worker that searches vectors are entries of their own beside the bundle,
// where those who start them look.
import { readFileSync, rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { build } from 'esbuild';
import { bundledDriver } from '../scripts/bundled-driver.mjs';

// What looks at a cache before it is opened is a program of its own, and is looked for beside the bundle.
const cacheProbe = fileURLToPath(new URL('./probe.js', import.meta.resolve('@episodica/memory-storage-lmdb')));
const root = fileURLToPath(new URL('.', import.meta.url));
const { version } = JSON.parse(readFileSync(`${root}package.json`, 'utf8'));

/**
 * Leaves out what is parsed at every start and never used: the SDK's own schema validator (we validate with zod, and
 * ask clients nothing) and zod's messages in other languages.
 */
const lean = {
  name: 'lean',
  setup(bundler) {
    bundler.onResolve({ filter: /^@modelcontextprotocol\/server\/_shims$/ }, ({ path }) => ({
      path,
      namespace: 'lean',
    }));
    bundler.onLoad({ filter: /_shims$/, namespace: 'lean' }, () => ({
      contents: `export { default as process } from 'node:process';
        export class DefaultJsonSchemaValidator {
          getValidator() { throw new Error('The bundle has no JSON schema validator.'); }
        }`,
    }));
    bundler.onLoad({ filter: /zod[\\/]v4[\\/]locales[\\/]index\.js$/ }, () => ({
      contents: `export { default as en } from './en.js';`,
    }));
  },
};

rmSync(`${root}dist/bundle`, { recursive: true, force: true });
await build({
  absWorkingDir: root,
  entryPoints: {
    main: 'src/main.ts',
    worker: 'src/sandbox/worker.ts',
    probe: cacheProbe,
    'store-thread': '@episodica/memory-storage-turso/store-thread',
    'scan-worker': '@episodica/memory-core/scan-worker',
    'learn-worker': '@episodica/memory-core/learn-worker',
  },
  outdir: 'dist/bundle',
  bundle: true,
  splitting: true,
  minifySyntax: true,
  minifyWhitespace: true,
  plugins: [lean, bundledDriver()],
  format: 'esm',
  platform: 'node',
  target: 'node20',
  define: { EPISODICA_VERSION: JSON.stringify(version) },
  external: ['lmdb', 'msgpackr', '@jitl/*', 'quickjs-emscripten-core', 'sucrase', 'pino'],
  // Packages in CommonJS call `require` for what node brings.
  banner: {
    js: "import { createRequire as episodicaRequire } from 'node:module'; const require = episodicaRequire(import.meta.url);",
  },
  legalComments: 'none',
  logLevel: 'warning',
});
