// Which processes have the database open.
import { execFile } from 'node:child_process';
import { readdir, readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';

export interface Holder {
  readonly pid: number;
  readonly program: string;
  /** When it began; absent where nobody tells. */
  readonly since?: string;
}

/** All but this one that can be seen by this user. Nothing where the machine does not tell. */
export async function holdersOf(path: string, signal: AbortSignal): Promise<readonly Holder[] | undefined> {
  return process.platform === 'linux' ? holdersByProc(path) : holdersByLsof(path, signal);
}

async function holdersByProc(path: string): Promise<readonly Holder[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/u.test(name)).map(Number);
  const bootedMs = bootTimeIn(await readFile('/proc/stat', 'utf8'));
  const holders: Holder[] = [];
  for (const pid of pids) {
    if (pid === process.pid || !(await hasOpen(pid, path))) continue;
    const [words, numbers] = await Promise.all(
      ['cmdline', 'stat'].map((name) => readFile(`/proc/${pid}/${name}`, 'utf8').catch(() => '')),
    );
    const program = (words ?? '').split('\0').filter((word) => word !== '');
    const sinceMs = bootedMs === undefined ? undefined : startTimeIn(numbers ?? '', bootedMs);
    holders.push({
      pid,
      program: program.slice(0, 2).join(' ') || 'a program without a name',
      ...(sinceMs === undefined ? {} : { since: new Date(sinceMs).toISOString() }),
    });
  }
  return holders;
}

/** Processes of other users are not shown to everybody, and one may end meanwhile. */
async function hasOpen(pid: number, path: string): Promise<boolean> {
  const folder = `/proc/${pid}/fd`;
  const names = await readdir(folder).catch(() => []);
  const targets = await Promise.all(names.map((name) => readlink(`${folder}/${name}`).catch(() => '')));
  return targets.includes(path);
}

function bootTimeIn(text: string): number | undefined {
  const seconds = /^btime (\d+)$/mu.exec(text)?.[1];
  return seconds === undefined ? undefined : Number(seconds) * 1_000;
}

/** Of Linux, for programs: whatever the kernel counts in. */
const TICKS_PER_SECOND = 100;

/** The 22nd field, counted behind the name, which may hold spaces and parentheses. */
function startTimeIn(text: string, bootedMs: number): number | undefined {
  const ticks = Number(
    text
      .slice(text.lastIndexOf(')') + 2)
      .split(' ')
      .at(19),
  );
  return Number.isFinite(ticks) && ticks > 0 ? bootedMs + (ticks / TICKS_PER_SECOND) * 1_000 : undefined;
}

async function holdersByLsof(path: string, signal: AbortSignal): Promise<readonly Holder[] | undefined> {
  if (process.platform === 'win32') return undefined;
  let text: string;
  try {
    text = (await promisify(execFile)('lsof', ['-F', 'pc', '--', path], { signal })).stdout;
  } catch (error) {
    // It ends so when nobody has the file open.
    const hasRun = error instanceof Error && 'code' in error && error.code === 1;
    if (!hasRun) return undefined;
    return [];
  }
  const found = [...text.matchAll(/^p(\d+)\nc(.*)$/gmu)].map(([, pid, program]) => ({
    pid: Number(pid),
    program: program ?? '',
  }));
  return found.filter(({ pid }) => pid !== process.pid);
}
