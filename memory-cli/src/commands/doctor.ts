// doctor: proves that a client reaches its memory, and finds what is wrong where it does not.
import { dirname } from 'node:path';
import { styleText } from 'node:util';
import { throwIfAborted } from '@episodica/memory-core';
import { figuresIn, type LoadedConfig, logPathOf } from '@episodica/memory-core/config';
import type { StoreCheckup } from '@episodica/memory-storage-turso';
import type { ClientName } from '../clients/entry.ts';
import * as database from '../doctor/database.ts';
import { type FoundEntries, lookAtEntries, lookAtProgram } from '../doctor/entries.ts';
import { checked, type Finding, type FindingStatus, type Found, notChecked, ok } from '../doctor/finding.ts';
import {
  lookAtDisk,
  lookAtFigures,
  lookAtFileModes,
  lookAtFileSystem,
  lookAtFolder,
  lookAtOutlet,
} from '../doctor/folder.ts';
import { lookAtEmbedder, lookAtHost, lookAtReflector } from '../doctor/hosts.ts';
import { type Launch, launchOf, ownLaunch, typedLaunch } from '../doctor/launch.ts';
import { scratchFolder } from '../doctor/scratch.ts';
import { serverTrial } from '../doctor/server-trial.ts';
import { type LookedAtSettings, lookAtLaunchSettings, lookAtSettings, settingsOfFile } from '../doctor/settings.ts';
import { nodeOf, ownVersions } from '../doctor/versions.ts';
import { PROBLEMS_FOUND } from '../exit-codes.ts';
import { databasePlace, type Here, here, type Invocation, surroundingsOf } from '../open.ts';
import { onOneLine, print } from '../output.ts';
import { progressLine } from '../progress.ts';

export interface DoctorFlags {
  readonly server?: string;
  /** Seconds. */
  readonly timeout: number;
}

/** Answers 0 when there is no problem; warnings are none. @throws `ABORTED`, with nothing left behind */
export async function doctor(
  invocation: Invocation,
  client: ClientName | undefined,
  { server, timeout }: DoctorFlags,
): Promise<number> {
  const examination = begun(invocation, timeout * 1_000);
  const { findings, progress } = examination;
  try {
    const settings = await examineSettings(examination);
    const { entries } = server === undefined ? await examineEntries(examination, client) : { entries: [] };
    const launches = launchesOf(examination, { entries, server });
    for (const launch of launches) await examineLaunch(examination, { launch, settings });
    await examineData(examination, settings.settings);
  } finally {
    progress.clear();
  }
  throwIfAborted(invocation.signal, 'nothing was changed');
  const count = (status: FindingStatus): number => findings.filter((each) => each.status === status).length;
  const [problems, warnings] = [count('problem'), count('warning')];
  const verdict = problems > 0 ? 'problems' : warnings > 0 ? 'warnings' : 'ok';
  await print(invocation.format, { verdict, problems, warnings, findings }, () =>
    [...findings.map(findingText), '', verdictText(problems, warnings)].join('\n'),
  );
  return problems > 0 ? PROBLEMS_FOUND : 0;
}

interface Examination {
  readonly invocation: Invocation;
  readonly here: Here;
  readonly findings: Finding[];
  readonly timeoutMs: number;
  readonly progress: { step(name: string): void; clear(): void };
  /** Runs one check and keeps what it finds. `advice` is for what it fails of. */
  look(check: string, advice: string, find: (signal: AbortSignal) => Promise<Found | readonly Found[]>): Promise<void>;
}

function begun(invocation: Invocation, timeoutMs: number): Examination {
  const findings: Finding[] = [];
  const line = progressLine('doctor');
  const progress = {
    step: (name: string) => line.show(() => ({ text: name })),
    clear: () => line.clear(),
  };
  const { signal } = invocation;
  return {
    invocation,
    here: here(),
    findings,
    timeoutMs,
    progress,
    async look(check, advice, find) {
      if (signal.aborted) return;
      progress.step(check);
      findings.push(...(await checked(check, find, { timeoutMs, signal, advice })));
    },
  };
}

/** Where they cannot be read, what depends on them is not looked at. */
async function examineSettings({ invocation, look }: Examination): Promise<LookedAtSettings> {
  let looked: LookedAtSettings = { findings: [] };
  await look('versions', REINSTALL, async () => ownVersions());
  await look('settings', 'memory-cli config validate', async () => {
    looked = await lookAtSettings(surroundingsOf(invocation));
    return looked.findings;
  });
  return looked;
}

const REINSTALL = 'Install memory-cli and memory-mcp anew, both from where you have them: one is not whole.';

async function examineEntries({ here, look }: Examination, client: ClientName | undefined): Promise<FoundEntries> {
  let found: FoundEntries = { findings: [], entries: [] };
  await look('entry', 'memory-cli init', async () => {
    found = await lookAtEntries(here, client);
    return found.findings;
  });
  return found;
}

/** What is tried: what the user names, else what the clients would start, else what was installed here. */
function launchesOf(
  { here }: Examination,
  { entries, server }: Pick<FoundEntries, 'entries'> & { readonly server: string | undefined },
): readonly Launch[] {
  if (server !== undefined) return [typedLaunch(server, here)];
  return entries.length === 0 ? [ownLaunch(here)] : entries.map((entry) => launchOf(entry, here));
}

async function examineLaunch(
  { invocation, here, look, findings, progress, timeoutMs }: Examination,
  { launch, settings: own }: { readonly launch: Launch; readonly settings: LookedAtSettings },
): Promise<void> {
  const { signal } = invocation;
  await look('program', REINSTALL, async () => lookAtProgram(launch, here));
  await look('node of server', REINSTALL, (ending) => nodeOf(launch, here, ending));
  let theirs: LoadedConfig | undefined;
  await look('same data', 'memory-cli config show', async () => {
    const looked = await lookAtLaunchSettings(launch, { here, own });
    theirs = looked.settings;
    return looked.findings;
  });
  if (signal.aborted) return;
  if (theirs === undefined) {
    const why = `${launch.by} has settings that cannot be read, and refuses every call until they can`;
    await look('server start', '', async () => notChecked(why));
    return;
  }
  const scratch = scratchFolder(settingsOfFile(theirs));
  try {
    const { environment } = here;
    const onStep = progress.step;
    findings.push(...(await serverTrial(launch, { environment, scratch, timeoutMs, signal, onStep })));
  } finally {
    scratch.remove();
  }
}

async function examineData(examination: Examination, settings: LoadedConfig | undefined): Promise<void> {
  const { look } = examination;
  if (settings === undefined) {
    await look('data', '', async () => notChecked('the settings could not be read'));
    return;
  }
  const { values } = settings;
  await look('data folder', LOOK_THERE, () => lookAtFolder(values.MEMORY_DATA_DIR));
  await examineStore(examination, settings);
  await look('embedder', 'Set EMBEDDING_PROVIDER=local, which asks nobody.', (signal) =>
    lookAtEmbedder(values, signal),
  );
  await look('reflector', '', async () => lookAtReflector(values));
  await look('host', 'Look whether this machine is on the network.', (signal) => lookAtHost(values, signal));
  const log = logPathOf(values);
  await look('log', LOOK_THERE, async () => (log === undefined ? ok('on standard error') : lookAtOutlet(log)));
  await look('figures', LOOK_THERE, async () => lookAtFigures(figuresIn(values.MEMORY_DATA_DIR)));
}

async function examineStore({ invocation, look }: Examination, { values }: LoadedConfig): Promise<void> {
  const verify = 'memory-cli storage verify';
  let place: Awaited<ReturnType<typeof databasePlace>> | undefined;
  await look('key', 'Correct MEMORY_ENCRYPTION_KEY or MEMORY_ENCRYPTION_KEY_FILE.', async () => {
    place = await databasePlace(invocation);
    return ok('encryptionKey' in place && place.encryptionKey !== undefined ? 'one that can be used' : 'none is set');
  });
  // A host looks after its own.
  if (place?.kind !== 'file') return;
  const file = place;
  const folder = dirname(file.path);
  await look('file system', LOOK_THERE, () => lookAtFileSystem(folder));
  if (folder !== values.MEMORY_DATA_DIR) await look('database folder', LOOK_THERE, () => lookAtFolder(folder));
  await look('disk', LOOK_THERE, async () => {
    const storeBytes = (await database.sizeOf(file.path)) + (await database.sizeOf(`${file.path}-wal`));
    return lookAtDisk(folder, storeBytes);
  });
  let checkup: StoreCheckup | undefined;
  await look('database', verify, async () => {
    const looked = await database.lookAtDatabase(file);
    checkup = looked.checkup;
    return [...looked.findings, ...(await lookAtFileModes(file.path))];
  });
  await look('log of database', verify, () => database.lookAtLog(file.path));
  await look('holders', verify, async (signal) =>
    checkup === undefined && (await database.sizeOf(file.path)) > 0
      ? notChecked('the database could not be read')
      : database.lookAtHolders(file, signal),
  );
  await look('clock', verify, async () =>
    checkup === undefined
      ? notChecked('there is nothing to compare it with')
      : database.lookAtClock(checkup, Date.now()),
  );
  await look('backups', 'memory-cli backup list', () => database.lookAtBackups(file, Date.now()));
  const maxSizeBytes = values.MEMORY_CACHE_SIZE_MB * 1_048_576;
  await look('cache', 'Delete the folder of the cache: it is made anew.', () =>
    database.lookAtCache(file, { checkup, maxSizeBytes }),
  );
}

const LOOK_THERE = 'Look at this folder and its disk.';

const SIGNS: Readonly<
  Record<FindingStatus, { readonly sign: string; readonly colour: 'green' | 'yellow' | 'red' | 'dim' }>
> = {
  ok: { sign: '✓', colour: 'green' },
  warning: { sign: '!', colour: 'yellow' },
  problem: { sign: '✗', colour: 'red' },
  not_checked: { sign: '-', colour: 'dim' },
};

function findingText({ check, status, found, advice, took_ms: tookMs }: Finding): string {
  const { sign, colour } = SIGNS[status];
  const start = `${styleText(colour, sign, { stream: process.stdout })} ${check.padEnd(17)}`;
  const took = tookMs === undefined ? '' : `, ${tookMs} ms`;
  const words = `${status === 'not_checked' ? 'not checked: ' : ''}${found}${took}`;
  return [
    `${start}${onOneLine(words)}`,
    ...(advice === undefined ? [] : [`${' '.repeat(19)}→ ${onOneLine(advice)}`]),
  ].join('\n');
}

function verdictText(problems: number, warnings: number): string {
  if (problems + warnings === 0) return 'Everything that was checked works.';
  const counted = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? '' : 's'}`;
  if (problems === 0) return `It works, with ${counted(warnings, 'warning')}.`;
  return `${counted(problems, 'problem')} and ${counted(warnings, 'warning')}: see what to do at each.`;
}
