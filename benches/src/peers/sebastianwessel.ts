// The package `@sebastianwessel/quickjs`, with the engine that its documentation recommends.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Ending, errorEnding, LIMITS, type OpenSubject, valueEnding } from './subject.ts';

/** The part of it that is used. */
interface QuickJs {
  loadQuickJs(variant: unknown): Promise<{ runSandboxed(work: Work, options: object): Promise<Answer> }>;
}
type Answer = { readonly ok: true; readonly data: unknown } | { readonly ok: false; readonly error: unknown };
type Work = (sandbox: { evalCode(code: string): Promise<Answer> }) => Promise<Answer>;

export const openSebastianWessel: OpenSubject = async (folder) => {
  const from = (path: string): string => pathToFileURL(join(folder, 'node_modules', path)).href;
  const variant = await import(from('@jitl/quickjs-ng-wasmfile-release-sync/dist/index.mjs'));
  // Installed at run time and in one version, so nothing here can check it.
  const { loadQuickJs } = (await import(from('@sebastianwessel/quickjs/dist/esm/index.js'))) as QuickJs;
  const { runSandboxed } = await loadQuickJs(variant.default);
  const silent = { log: () => undefined };
  const limits = { executionTimeout: LIMITS.timeoutMs, memoryLimit: LIMITS.memoryMb * 2 ** 20, console: silent };
  const ending = async (code: string, transformTypescript: boolean): Promise<Ending> => {
    try {
      const answer = await runSandboxed(({ evalCode }) => evalCode(code), { ...limits, transformTypescript });
      return answer.ok ? valueEnding(answer.data) : errorEnding(answer.error);
    } catch (error) {
      return errorEnding(error);
    }
  };
  return {
    run: ({ body, result, isTypeScript = false }) => ending(`${body}\nexport default ${result};`, isTypeScript),
    runAsIs: (code) => ending(code, false),
  };
};
