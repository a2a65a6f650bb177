// Where the engine's WebAssembly lies. Apart from the engine, so that the thread that only starts workers never loads it.
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';

/** Compiles the engine's code; done once per process, the module is handed to every worker. */
export async function compileEngine(): Promise<WebAssembly.Module> {
  // Found as a file, so that a bundler has nothing to do with it.
  const require = createRequire(import.meta.url);
  return WebAssembly.compile(await readFile(require.resolve('@jitl/quickjs-wasmfile-release-sync/wasm')));
}
