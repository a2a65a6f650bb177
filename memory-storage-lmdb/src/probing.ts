// Starting `probe.ts` in a process of its own, and what its end says.
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';

/** `sound`: the files may be opened as they are. `copied`: the copy may, in their place. */
export const PROBE_EXITS = { sound: 40, copied: 41 } as const;

export type Verdict = keyof typeof PROBE_EXITS | 'useless';

/** Longer takes no sound cache of the largest size; a damaged one may send its reader round in circles. */
const MAX_PROBE_MS = 60_000;

/** Rejects when the probe could not be run, or `signal` ended it. It keeps no process alive. */
export function probe(folder: string, copy: string, signal: AbortSignal): Promise<Verdict> {
  // The one place that knows where the probe lies: beside this file, or beside the bundle that holds it.
  const program = fileURLToPath(new URL('./probe.js', import.meta.url));
  const child = spawn(process.execPath, [program, folder, copy], {
    stdio: 'ignore',
    signal,
    killSignal: 'SIGKILL',
    windowsHide: true,
  });
  child.unref();
  const tooLong = setTimeout(() => child.kill('SIGKILL'), MAX_PROBE_MS).unref();
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => {
      clearTimeout(tooLong);
      if (code === PROBE_EXITS.sound) resolve('sound');
      else resolve(code === PROBE_EXITS.copied ? 'copied' : 'useless');
    });
  });
}
