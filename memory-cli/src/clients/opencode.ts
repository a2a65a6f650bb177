// Where OpenCode keeps its MCP servers, and how it writes one down.
import { join } from 'node:path';
import { repositoryRoots } from '@episodica/memory-core';
import { type Client, commandKeeping, type Server, type Target } from './client.ts';
import {
  type ClientFile,
  commandOf,
  type Entry,
  recordOf,
  type Scope,
  type Surroundings,
  textsOf,
  type UnreadableFile,
  wordsOf,
} from './entry.ts';
import { foldersAbove } from './folders-above.ts';
import { readJson } from './json-file.ts';

const CLIENT = 'opencode';

/** What `init` and the wizard know about it. */
export const opencode: Client = {
  name: CLIENT,
  title: 'OpenCode',
  program: 'opencode',
  scopes: ['user', 'project'],
  folders: (place: Surroundings) => [opencodeFolder(place)],
  target,
  envOf: ({ environment }) => textsOf(environment),
  valueOf: (server: Server, before: Readonly<Record<string, unknown>>) => {
    const command = commandKeeping(wordsOf(before.command, undefined), server);
    const environment = { ...recordOf(before.environment), ...server.env };
    const isPlain = Object.keys(environment).length === 0 && before.environment === undefined;
    const { enabled = true } = before;
    return { type: 'local', ...before, command, ...(isPlain ? {} : { environment }), enabled };
  },
};

/** In the file that has such an entry; else in the strongest that is there; else in a new one. */
async function target(place: Surroundings, { scope, name }: { scope: Scope; name: string }): Promise<Target> {
  const root = repositoryRoots(place.folder)?.worktree ?? place.folder;
  const folder = scope === 'user' ? opencodeFolder(place) : root;
  const keys = ['mcp', name];
  const there: string[] = [];
  for (const path of [...NAMES].reverse().map((each) => join(folder, each))) {
    const file = await readJson(path, 'jsonc');
    const isWritten = file.status === 'read' && recordOf(recordOf(file.value).mcp)[name] !== undefined;
    if (isWritten) there.unshift(path);
    else if (file.status !== 'absent') there.push(path);
  }
  const [path = join(folder, 'opencode.json')] = there;
  return {
    path,
    keys,
    kind: 'jsonc',
    newText: '{\n  "$schema": "https://opencode.ai/config.json"\n}\n',
    instructions: join(folder, 'AGENTS.md'),
  };
}

/** The names a configuration may have, of which the later ones win. */
const NAMES = ['opencode.json', 'opencode.jsonc'];

/** The folder of the user's configuration and instructions. */
function opencodeFolder({ home, environment }: Surroundings): string {
  return join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'opencode');
}

/** All of its servers that hold in a folder, the weakest first; and its files that cannot be read. */
export async function opencodeEntries(place: Surroundings): Promise<readonly (Entry | UnreadableFile)[]> {
  const found: (Entry | UnreadableFile)[] = [];
  for (const where of files(place)) {
    const file = await readJson(where.path, 'jsonc');
    if (file.status === 'unreadable') found.push({ ...where, problem: file.problem });
    if (file.status !== 'read') continue;
    for (const [name, value] of Object.entries(recordOf(recordOf(file.value).mcp))) {
      found.push(entryOf(recordOf(value), { ...where, name }));
    }
  }
  return found;
}

function files(place: Surroundings): readonly ClientFile[] {
  const { folder, environment } = place;
  const user = opencodeFolder(place);
  const named = environment.OPENCODE_CONFIG;
  // It looks no higher than the root of the repository.
  const folders = [...foldersAbove(folder, repositoryRoots(folder)?.worktree)].reverse();
  const project = [...folders, ...folders.map((each) => join(each, '.opencode'))];
  return [
    ...['config.json', ...NAMES].map((name) => ({ client: CLIENT, scope: 'user', path: join(user, name) }) as const),
    ...(named ? [{ client: CLIENT, scope: 'user', path: named } as const] : []),
    ...project.flatMap((each) =>
      NAMES.map((name) => ({ client: CLIENT, scope: 'project', path: join(each, name) }) as const),
    ),
  ];
}

function entryOf(
  { command, environment, url, enabled }: Readonly<Record<string, unknown>>,
  where: ClientFile & { readonly name: string },
): Entry {
  const isEnabled = enabled !== false;
  if (typeof url === 'string') return { ...where, isEnabled, url };
  return { ...where, isEnabled, command: commandOf(command, undefined), env: textsOf(environment) };
}
