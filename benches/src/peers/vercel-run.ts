// The package `run` of Vercel.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Ending, errorEnding, LIMITS, type OpenSubject, valueEnding } from './subject.ts';

/** The part of it that is used. */
interface Run {
  createRunner(options: { readonly limits: { readonly timeoutMs: number; readonly memoryLimitBytes: number } }): {
    run(input: { readonly source: string }): Promise<{ readonly value?: unknown }>;
  };
}

export const openVercelRun: OpenSubject = async (folder) => {
  const file = join(folder, 'node_modules/run/dist/index.js');
  // Installed at run time and in one version, so nothing here can check it.
  const { createRunner } = (await import(pathToFileURL(file).href)) as Run;
  const limits = { timeoutMs: LIMITS.timeoutMs, memoryLimitBytes: LIMITS.memoryMb * 2 ** 20 };
  const runner = createRunner({ limits });
  const ending = async (source: string): Promise<Ending> => {
    try {
      return valueEnding((await runner.run({ source })).value);
    } catch (error) {
      return errorEnding(error);
    }
  };
  return { run: ({ body, result }) => ending(`${body}\nreturn ${result};`), runAsIs: ending };
};
