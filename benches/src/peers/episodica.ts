// Ours.
import { openSandbox, type RunRequest } from '@episodica/memory-mcp/sandbox';
import { type Ending, errorEnding, LIMITS, type OpenSubject, valueEnding } from './subject.ts';

export const openEpisodica: OpenSubject = async () => {
  const sandbox = openSandbox(LIMITS);
  const ending = async (request: RunRequest): Promise<Ending> => {
    const ran = await sandbox.run(request);
    if (ran.ok) return valueEnding(ran.result);
    const { line, column } = ran.error;
    return { ...errorEnding(ran.error), ...(line === undefined ? {} : { place: `${line}:${column}` }) };
  };
  return {
    run: ({ body, result, isTypeScript = false }) =>
      ending({ code: `${body}\n${result}`, language: isTypeScript ? 'typescript' : 'javascript' }),
    runAsIs: (code) => ending({ code }),
  };
};
