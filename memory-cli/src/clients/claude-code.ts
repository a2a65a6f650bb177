// Where Claude Code keeps its MCP servers, and how it writes one down.
import { realpathSync } from 'node:fs';
import { join } from 'node:path';
import { repositoryRoots } from '@episodica/memory-core';
import { type Client, commandKeeping, type Server, type Target } from './client.ts';
import {
  commandOf,
  type Entry,
  listOf,
  recordOf,
  type Scope,
  type Surroundings,
  textsOf,
  type UnreadableFile,
  wordsOf,
} from './entry.ts';
import { foldersAbove } from './folders-above.ts';
import { readJson } from './json-file.ts';

const CLIENT = 'claude-code';

/** What `init` and the wizard know about it. */
export const claudeCode: Client = {
  name: CLIENT,
  title: 'Claude Code',
  program: 'claude',
  scopes: ['user', 'local', 'project'],
  folders: (place: Surroundings) => [claudeFolder(place), claudeUserFile(place)],
  target,
  envOf: ({ env }) => textsOf(env),
  valueOf: (server: Server, before: Readonly<Record<string, unknown>>) => {
    const [command, ...args] = commandKeeping(wordsOf(before.command, before.args), server);
    const env = { ...recordOf(before.env), ...server.env };
    const isPlain = Object.keys(env).length === 0 && before.env === undefined;
    return { ...before, command, args, ...(isPlain ? {} : { env }) };
  },
};

async function target(place: Surroundings, { scope, name }: { scope: Scope; name: string }): Promise<Target> {
  const root = repositoryRoots(place.folder)?.worktree ?? place.folder;
  const path = scope === 'project' ? join(root, '.mcp.json') : claudeUserFile(place);
  const instructions = {
    user: join(claudeFolder(place), 'CLAUDE.md'),
    local: join(root, 'CLAUDE.local.md'),
    project: join(root, 'CLAUDE.md'),
  };
  const keys = ['mcpServers', name];
  return {
    path,
    keys: scope === 'local' ? ['projects', claudeProjectKey(place), ...keys] : keys,
    kind: 'json',
    newText: '',
    instructions: instructions[scope],
  };
}

/** The user's own file: what holds for them everywhere, and for them in each project. */
function claudeUserFile({ home, environment }: Surroundings): string {
  return join(environment.CLAUDE_CONFIG_DIR || home, '.claude.json');
}

/** The folder of the user's settings, instructions and sessions. */
function claudeFolder({ home, environment }: Surroundings): string {
  return environment.CLAUDE_CONFIG_DIR || join(home, '.claude');
}

/** Of what was said and done in it, by project. */
export function sessionsFolder(place: Surroundings): string {
  return join(claudeFolder(place), 'projects');
}

/** By what the user's file calls a project: the root of its repository, worktrees included, else the folder itself. */
function claudeProjectKey({ folder }: Surroundings): string {
  return realpathSync(repositoryRoots(folder)?.main ?? folder);
}

/** All of its servers that hold in a folder, the weakest scope first; and its files that cannot be read. */
export async function claudeCodeEntries(place: Surroundings): Promise<readonly (Entry | UnreadableFile)[]> {
  const path = claudeUserFile(place);
  const user = await readJson(path, 'json');
  const own = recordOf(user.status === 'read' ? user.value : undefined);
  const project = recordOf(recordOf(own.projects)[claudeProjectKey(place)]);
  const off = listOf(project.disabledMcpServers);
  const isEnabled = (name: string): boolean => !off.includes(name);
  return [
    ...(user.status === 'unreadable' ? [{ client: CLIENT, scope: 'user', path, problem: user.problem } as const] : []),
    ...entriesIn(own.mcpServers, { scope: 'user', path, isEnabled }),
    ...(await projectEntries(place, project)),
    ...entriesIn(project.mcpServers, { scope: 'local', path, isEnabled }),
  ];
}

/** It reads `.mcp.json` of the folder and of all above it, the nearest last; each server waits for the user's approval. */
async function projectEntries(
  place: Surroundings,
  project: Readonly<Record<string, unknown>>,
): Promise<readonly (Entry | UnreadableFile)[]> {
  const isEnabled = await approval(place, project);
  const found: (Entry | UnreadableFile)[] = [];
  for (const folder of [...foldersAbove(place.folder)].reverse()) {
    const path = join(folder, '.mcp.json');
    const file = await readJson(path, 'json');
    if (file.status === 'unreadable') found.push({ client: CLIENT, scope: 'project', path, problem: file.problem });
    if (file.status !== 'read') continue;
    found.push(...entriesIn(recordOf(file.value).mcpServers, { scope: 'project', path, isEnabled }));
  }
  return found;
}

/** What a repository approves for itself counts once the user trusts its folder. */
async function approval(
  place: Surroundings,
  project: Readonly<Record<string, unknown>>,
): Promise<(name: string) => boolean> {
  const read = async (path: string): Promise<Readonly<Record<string, unknown>>> => {
    const file = await readJson(path, 'json');
    return recordOf(file.status === 'read' ? file.value : undefined);
  };
  const user = await read(join(claudeFolder(place), 'settings.json'));
  const local = await read(join(place.folder, '.claude', 'settings.local.json'));
  const shared = await read(join(place.folder, '.claude', 'settings.json'));
  const asking = project.hasTrustDialogAccepted === true ? [user, project, shared, local] : [user];
  const approves = asking.some(({ enableAllProjectMcpServers }) => enableAllProjectMcpServers === true);
  const on = asking.flatMap(({ enabledMcpjsonServers }) => listOf(enabledMcpjsonServers));
  const off = [user, project, shared, local].flatMap(({ disabledMcpjsonServers }) => listOf(disabledMcpjsonServers));
  return (name) => !off.includes(name) && (approves || on.includes(name));
}

function entriesIn(
  servers: unknown,
  { scope, path, isEnabled }: { scope: Scope; path: string; isEnabled: (name: string) => boolean },
): readonly Entry[] {
  return Object.entries(recordOf(servers)).map(([name, value]) => {
    const { command, args, env, url } = recordOf(value);
    const where = { client: CLIENT, scope, path, name, isEnabled: isEnabled(name) } as const;
    if (typeof url === 'string') return { ...where, url };
    return { ...where, command: commandOf(command, args), env: textsOf(env) };
  });
}
