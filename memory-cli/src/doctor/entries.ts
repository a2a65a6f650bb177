// What the clients have written down about our server: found where, and whether it can be started as it stands there.
import {
  type ClientName,
  type CommandEntry,
  type Entry,
  startsOurServer,
  type UnreadableFile,
} from '../clients/entry.ts';
import { findEntries } from '../clients/find-entries.ts';
import type { Here } from '../open.ts';
import { type Found, notChecked, ok, problem, warning } from './finding.ts';
import { hasScript, isExecutable, type Launch, programAt, relativePathIn, scriptOf, shellWord } from './launch.ts';

/** What was found, and of which entries the server is worth starting. */
export interface FoundEntries {
  readonly findings: readonly Found[];
  /** Those that the clients would start: of each name the strongest. */
  readonly entries: readonly CommandEntry[];
}

/** Under this name `init` writes it down. */
const NAME = 'memory';

export async function lookAtEntries(here: Here, client: ClientName | undefined): Promise<FoundEntries> {
  const all = (await findEntries(here)).filter((each) => client === undefined || each.client === client);
  const unreadable = all.filter((each): each is UnreadableFile => 'problem' in each);
  const ours = all.filter((each): each is Entry => !('problem' in each) && isOurs(each));
  const strongest = ours.filter(
    (each, index) => !ours.slice(index + 1).some((other) => other.client === each.client && other.name === each.name),
  );
  const findings = [
    ...unreadable.map(({ path, problem: reason }) =>
      problem(`${path} ${reason}`, `Correct ${path}: its client reads nothing of it.`),
    ),
    ...ours.filter((each) => !strongest.includes(each)).map(hidden),
    ...strongest.map(described),
    ...(ours.length === 0 ? [none(client)] : []),
    ...twice(strongest),
  ];
  return { findings, entries: strongest.filter((each): each is CommandEntry => 'command' in each) };
}

function isOurs(entry: Entry): boolean {
  return entry.name === NAME || ('command' in entry && startsOurServer(entry.command));
}

const placeOf = ({ client, scope, name, path }: Entry): string => `${client} (${scope}): "${name}" in ${path}`;

function hidden(entry: Entry): Found {
  return warning(
    `${placeOf(entry)} is not used: a stronger one has its name`,
    `Delete one of the two "${entry.name}".`,
  );
}

function described(entry: Entry): Found {
  if (!entry.isEnabled) return problem(`${placeOf(entry)} is not enabled`, enabling(entry));
  if ('url' in entry) return notChecked(`${placeOf(entry)} is reached over HTTP: ${hostOf(entry.url)}`);
  return ok(placeOf(entry));
}

function enabling({ client, scope, name, path }: Entry): string {
  if (client === 'opencode') return `Set "enabled": true at "${name}" in ${path}.`;
  if (scope === 'project') return `Start claude in this folder and approve "${name}"; /mcp shows it.`;
  return `Start claude in this folder and enable "${name}" in /mcp.`;
}

/** Without credentials and what follows the path. */
function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).origin : 'an address that is none';
}

function none(client: ClientName | undefined): Found {
  if (client !== undefined) {
    return problem(`${client} has no entry that starts memory-mcp here`, `memory-cli init ${client}`);
  }
  return warning('no client has an entry that starts memory-mcp here', 'memory-cli init claude-code');
}

function twice(entries: readonly Entry[]): readonly Found[] {
  const enabled = entries.filter(({ isEnabled }) => isEnabled);
  const doubled = enabled.filter(({ client }, index) => enabled.findIndex((each) => each.client === client) < index);
  return doubled.map((each) =>
    warning(`${each.client} starts the server twice, also for ${placeOf(each)}`, `Delete all but one in ${each.path}.`),
  );
}

/** Whether what would be started is there, before it is started. */
export function lookAtProgram(launch: Launch, { environment }: Here): readonly Found[] {
  const { command, folder, env, missing, by } = launch;
  const [program = ''] = command;
  const anew = 'Write the entry anew with "memory-cli init", or name the program by its absolute path.';
  const unset = missing.map((name) =>
    problem(
      `${by} uses the variable ${name}, which is not set here`,
      `Set ${name}, or write its value into the entry.`,
    ),
  );
  if (program === '') return [problem(`${by} names no program`, anew)];
  const found = programAt(command, { folder, path: env.PATH ?? environment.PATH });
  if (found === undefined) return [...unset, problem(`${by} starts ${program}, and there is no such program`, anew)];
  if (!isExecutable(found)) {
    return [...unset, problem(`${found} may not be executed`, `chmod +x ${shellWord(found)}`)];
  }
  const script = scriptOf(command);
  if (script !== undefined && !hasScript(script, folder)) {
    return [...unset, problem(`${by} runs ${script}, and there is no such file`, anew)];
  }
  const relative = relativePathIn(command);
  if (relative !== undefined) {
    const text = `${by} names ${relative}, which is found from this folder alone`;
    return [...unset, warning(text, 'Name it by its absolute path: "memory-cli init" does.')];
  }
  return [...unset, ok(`${by}: ${command.map(shellWord).join(' ')}`)];
}
