// init: the memory added to a client's configuration, or taken out of it.
import { isAbsolute, resolve } from 'node:path';
import { isMemoryError, MemoryError } from '@episodica/memory-core';
import { claudeCode } from '../clients/claude-code.ts';
import type { Client, Server } from '../clients/client.ts';
import { unifiedDiff } from '../clients/diff.ts';
import type { ClientName, Scope } from '../clients/entry.ts';
import { opencode } from '../clients/opencode.ts';
import { receiptsIn } from '../clients/receipt.ts';
import {
  additions,
  type Change,
  make,
  othersThere,
  removals,
  type Subject,
  variablesThere,
} from '../clients/set-up.ts';
import { launchOf, shellWord } from '../doctor/launch.ts';
import { here, type Invocation, readSettings } from '../open.ts';
import { onOneLine, print } from '../output.ts';
import { confirm } from './confirm.ts';
import { refuseBadSettings, secretsAmong, serverOf } from './server-command.ts';

export interface InitFlags {
  readonly client?: ClientName | undefined;
  readonly scope?: Scope;
  readonly name: string;
  readonly env?: readonly string[];
  readonly instructions: boolean;
  readonly undo?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** By their names. */
export const KNOWN_CLIENTS: Readonly<Record<ClientName, Client>> = Object.freeze({
  'claude-code': claudeCode,
  opencode,
});

/** Adds the server to the client that is named; without one, asks which. */
export async function init(invocation: Invocation, { client, ...flags }: InitFlags): Promise<number> {
  if (client !== undefined) return setUp(invocation, { ...flags, client });
  const { guide } = await import('./init-guide.ts');
  return guide(invocation, flags);
}

type NamedFlags = Omit<InitFlags, 'client'> & { readonly client: ClientName };

/** Adds the server to a client or takes it out. @throws `INVALID_INPUT`, `CONFLICT`, `ABORTED` */
export async function setUp(invocation: Invocation, flags: NamedFlags): Promise<number> {
  const subject = await subjectOf(invocation, flags);
  const server = await serverOf(invocation, flags.env ?? []);
  refuseSharedSecrets(server, subject.scope);
  const plan = () =>
    flags.undo === true
      ? removals(subject, flags.instructions)
      : additions(subject, { server, withText: flags.instructions });
  const changes = await plan();
  const notes = await (flags.undo === true ? notesOfUndo(subject, flags) : notesOf(subject, { server, flags }));
  if (changes.length > 0 && flags.dryRun !== true) {
    if (flags.yes !== true) await agreed(changes, { flags, notes, signal: invocation.signal });
    await makeAll(changes, { subject, plan });
  }
  const next = flags.undo === true ? [] : nextSteps(subject, { invocation, isThere: changes.length === 0 });
  const { client, scope, name } = subject;
  const result = {
    client: client.name,
    scope,
    name,
    dry_run: flags.dryRun === true,
    changes: changes.map((change) => ({ path: change.file.path, kind: kindOf(change), diff: diffOf(change) })),
    notes,
    next,
  };
  await print(invocation.format, result, () => text({ changes, flags, notes, next }));
  return 0;
}

async function subjectOf(invocation: Invocation, { client: name, ...flags }: NamedFlags): Promise<Subject> {
  const client = KNOWN_CLIENTS[name];
  const scope = flags.scope ?? 'user';
  if (!client.scopes.includes(scope)) {
    const what = `--scope: ${client.title} has no scope "${scope}"`;
    throw new MemoryError('INVALID_INPUT', `${what}; choose from ${client.scopes.join(', ')}.`);
  }
  if (!/^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/u.test(flags.name)) {
    throw new MemoryError('INVALID_INPUT', '--name: give letters, digits, - and _, 64 at most.');
  }
  const { values } = await readSettings(invocation);
  return { client, scope, name: flags.name, place: here(), receipts: receiptsIn(values.MEMORY_DATA_DIR) };
}

/** What there is to know of the entry as it will stand. @throws `INVALID_INPUT` where the server could not work with it */
async function notesOf(
  subject: Subject,
  { server, flags }: { readonly server: Server; readonly flags: NamedFlags },
): Promise<readonly string[]> {
  const { client, scope, name, place } = subject;
  const there = await variablesThere(subject);
  const env = { ...there, ...server.env };
  const entry = { client: client.name, scope, path: '', name, isEnabled: true, command: server.command, env };
  await refuseBadSettings(launchOf(entry, place), flags.env ?? []);
  const kept = Object.keys(there).filter((each) => !(each in server.env));
  const paths = [...server.command, ...Object.values(env)].filter((each) => isAbsolute(each));
  return [
    ...(kept.length > 0 ? [`The entry keeps what it had set: ${kept.join(', ')}. Without: --undo, then init.`] : []),
    ...(scope === 'project' && paths.length > 0 ? [`${OF_THIS_MACHINE} ${othersDo(client)}.`] : []),
  ];
}

const OF_THIS_MACHINE =
  'The entry is for everybody and has paths of this machine: it starts only where the same lies at the same places. Others';

/** In OpenCode the entry of a project goes before that of the user. */
function othersDo({ name }: Client): string {
  if (name === 'opencode') return 'have to change its command; without it, each can run: memory-cli init opencode';
  return 'run: memory-cli init claude-code --scope local, which goes before it';
}

async function notesOfUndo(subject: Subject, { instructions }: NamedFlags): Promise<readonly string[]> {
  const others = await othersThere(subject);
  if (!instructions || others.length === 0) return [];
  return [`What the agent is told stays: ${others.map((each) => `"${each}"`).join(', ')} starts the server, too.`];
}

/** A project's file is in its repository. */
function refuseSharedSecrets(server: Server, scope: Scope): void {
  const [secret] = scope === 'project' ? secretsAmong(server) : [];
  if (secret === undefined) return;
  const what = `--env: ${secret} is a secret, and the file of a project is read by everybody who has it`;
  throw new MemoryError('INVALID_INPUT', `${what}; use --scope user, or set it in your own memory-cli.toml.`);
}

async function agreed(
  changes: readonly Change[],
  { flags, notes, signal }: { flags: NamedFlags; notes: readonly string[]; signal: AbortSignal },
): Promise<void> {
  if (process.stdin.isTTY && process.stderr.isTTY) {
    process.stderr.write(`${[...changes.map(shownDiff), ...notes].join('\n')}\n`);
  }
  await confirm(flags.undo === true ? 'Take this out?' : 'Write this?', { yes: false, signal });
}

/** How often what others changed meanwhile is read anew. */
const MAX_PLANS = 5;

interface Planned {
  readonly subject: Subject;
  readonly plan: () => Promise<readonly Change[]>;
}

/** What others write at the same time is kept: the same change is then made to what they wrote. */
async function makeAll(first: readonly Change[], { subject, plan }: Planned): Promise<void> {
  let changes = first;
  for (let plans = 1; ; plans += 1) {
    try {
      for (const change of changes) await make(change, subject.receipts);
      return;
    } catch (error) {
      if (!isMemoryError(error) || !error.retryable || plans === MAX_PLANS) throw error;
    }
    changes = await plan();
  }
}

function nextSteps(
  { client, scope, place, name }: Subject,
  { invocation, isThere }: { readonly invocation: Invocation; readonly isThere: boolean },
): readonly string[] {
  const approval = `Everybody who has this project approves "${name}" once: ${client.title} asks at its start.`;
  const asks = scope === 'project' && client.name === 'claude-code';
  const own = scope === 'local' && !isThere;
  const flags = [
    ...(invocation.config === undefined ? [] : ['--config', resolve(invocation.config)]),
    ...(invocation.dataDir === undefined ? [] : ['--data-dir', resolve(invocation.dataDir)]),
  ]
    .map((each) => ` ${shellWord(each)}`)
    .join('');
  return [
    ...(asks ? [approval] : []),
    ...(own ? [`CLAUDE.local.md is yours alone: keep it out of the repository at ${place.folder}.`] : []),
    ...(flags === '' ? [] : [`The terminal opens the same with the same flags: memory-cli${flags} …`]),
    `Start ${client.title} anew, then: memory-cli${flags} doctor ${client.name}`,
  ];
}

const DONE = { created: 'Created', changed: 'Changed', deleted: 'Deleted' } as const;

function text({
  changes,
  flags,
  notes,
  next,
}: {
  changes: readonly Change[];
  flags: NamedFlags;
  notes: readonly string[];
  next: readonly string[];
}): string {
  const [first] = changes;
  if (first === undefined) {
    const state = flags.undo === true ? 'nothing of it is there' : 'all of it is there';
    return [`Nothing to do: ${state}.`, ...notes, ...next].join('\n');
  }
  if (flags.dryRun === true) return [...changes.map(shownDiff), ...notes].join('\n');
  // Who was not asked has not seen them.
  const shown = flags.yes === true ? [...changes.map(shownDiff), ''] : [];
  const done = changes.map((change) => `${DONE[kindOf(change)]} ${change.file.path}.`);
  return [...shown, ...done, ...notes, ...next].join('\n');
}

function kindOf({ file, after }: Change): keyof typeof DONE {
  if (after === undefined) return 'deleted';
  return file.text === undefined ? 'created' : 'changed';
}

function diffOf({ file, after }: Change): string {
  return unifiedDiff(file.path, file.text, after);
}

/** What others wrote must not steer the terminal; the white space at the beginning of a line stays. */
function shownDiff(change: Change): string {
  const shown = (line: string) => {
    const [start = ''] = /^[-+ ]?[ \t]*/u.exec(line) ?? [];
    return start + onOneLine(line.slice(start.length));
  };
  return diffOf(change).split('\n').map(shown).join('\n');
}
