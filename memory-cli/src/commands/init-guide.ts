// init on a terminal, without a client: asks which of those that are here, for whom, and whether to import what
// Claude Code recorded; then does it.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { MemoryError } from '@episodica/memory-core';
import { sessionsFolder } from '../clients/claude-code.ts';
import type { Client } from '../clients/client.ts';
import type { Scope, Surroundings } from '../clients/entry.ts';
import { here, type Invocation } from '../open.ts';
import { type Ask, withQuestions } from './confirm.ts';
import { type InitFlags, KNOWN_CLIENTS, setUp } from './init.ts';

/** What was answered. */
export interface Choices {
  readonly clients: readonly Client[];
  readonly scope: Scope;
  /** The folder of the sessions, where they are to be imported. */
  readonly sessions: string | undefined;
}

/** @throws `INVALID_INPUT` where nobody can be asked, `ABORTED` where nothing is left to do */
export async function guide(invocation: Invocation, flags: Omit<InitFlags, 'client'>): Promise<number> {
  if (flags.yes === true || flags.undo === true || !process.stdin.isTTY || !process.stderr.isTTY) {
    const names = Object.keys(KNOWN_CLIENTS).join(' or ');
    throw new MemoryError('INVALID_INPUT', `init: name the client, ${names}, such as: memory-cli init claude-code.`);
  }
  const place = here();
  const choices = await withQuestions(invocation.signal, (ask) => choicesOf({ place, ask, scope: flags.scope }));
  for (const client of choices.clients) {
    const { scopes, name } = client;
    // What is not offered there is what comes nearest: this project.
    const scope = scopes.includes(choices.scope) ? choices.scope : 'project';
    await setUp(invocation, { ...flags, client: name, scope });
  }
  if (choices.sessions === undefined || flags.dryRun === true) return 0;
  const { importFiles } = await import('./transfer.ts');
  return importFiles(invocation, [choices.sessions], { from: 'claude-code' });
}

const SCOPE_TEXTS: Readonly<Record<Scope, string>> = {
  user: 'for you in all projects',
  local: 'for you in this project',
  project: 'for everybody who has this project',
};

/** Asks; offers what is here. @throws `ABORTED` where no client is wanted */
export async function choicesOf({
  place,
  ask,
  scope: given,
}: {
  readonly place: Surroundings;
  readonly ask: Ask;
  readonly scope?: Scope | undefined;
}): Promise<Choices> {
  const clients: Client[] = [];
  for (const client of Object.values(KNOWN_CLIENTS)) {
    const isHere = isThere(client, place);
    const question = isHere
      ? `Add the memory to ${client.title}?`
      : `${client.title} was not found here. Add it all the same?`;
    if (await agreesTo(ask, question, isHere)) clients.push(client);
  }
  if (clients.length === 0) throw new MemoryError('ABORTED', 'No client was chosen; nothing was changed.');
  const scope = given ?? (await scopeOf(ask, clients));
  const sessions = sessionsFolder(place);
  const imports =
    existsSync(sessions) && (await agreesTo(ask, `Import what Claude Code recorded in ${sessions}?`, false));
  return { clients, scope, sessions: imports ? sessions : undefined };
}

async function scopeOf(ask: Ask, clients: readonly Client[]): Promise<Scope> {
  const scopes = [...new Set(clients.flatMap((client) => client.scopes))];
  const list = scopes.map((scope, index) => `  ${index + 1}  ${SCOPE_TEXTS[scope]}`).join('\n');
  for (;;) {
    const answer = (await ask(`For whom?\n${list}\n1-${scopes.length} [1]`)).trim() || '1';
    const scope = scopes[Number(answer) - 1] ?? scopes.find((each) => each === answer);
    if (scope !== undefined) return scope;
  }
}

async function agreesTo(ask: Ask, question: string, byDefault: boolean): Promise<boolean> {
  for (;;) {
    const answer = (await ask(`${question} ${byDefault ? '[Y/n]' : '[y/N]'}`)).trim().toLowerCase();
    if (answer === '') return byDefault;
    if (['y', 'yes'].includes(answer)) return true;
    if (['n', 'no'].includes(answer)) return false;
  }
}

/** It was used here, or can be started. */
function isThere(client: Client, place: Surroundings): boolean {
  const folders = (place.environment.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const programs = folders.flatMap((folder) => ['', '.exe', '.cmd'].map((end) => join(folder, client.program + end)));
  return [...client.folders(place), ...programs].some((path) => existsSync(path));
}
