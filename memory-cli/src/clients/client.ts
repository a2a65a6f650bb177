// What there is to know about a client in order to add the server to it.
import { argumentsOfOurs, type ClientName, type Scope, type Surroundings } from './entry.ts';
import type { KeyPath } from './json-edit.ts';
import type { JsonKind } from './json-file.ts';

/** How the server is started. */
export interface Server {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** Where an entry stands, or would. */
export interface Target {
  readonly path: string;
  readonly keys: KeyPath;
  readonly kind: JsonKind;
  /** What a new file begins with. */
  readonly newText: string;
  /** The text that the agent reads at its start. */
  readonly instructions: string;
}

export interface Client {
  readonly name: ClientName;
  /** As its makers call it. */
  readonly title: string;
  /** By which it is started. */
  readonly program: string;
  /** The first is the usual one. */
  readonly scopes: readonly Scope[];
  /** What is there once it was used. */
  readonly folders: (place: Surroundings) => readonly string[];
  readonly target: (place: Surroundings, of: { readonly scope: Scope; readonly name: string }) => Promise<Target>;
  /** The variables that an entry sets. */
  readonly envOf: (entry: Readonly<Record<string, unknown>>) => Readonly<Record<string, string>>;
  /** An entry that starts the server, with what else the one that was there before says. */
  readonly valueOf: (server: Server, before: Readonly<Record<string, unknown>>) => unknown;
}

/** What starts the server, with the arguments that an entry hands to it already, unless the server names them anew. */
export function commandKeeping(before: readonly unknown[], { command, env }: Server): readonly unknown[] {
  const renewed = ['--config', '--data-dir'].filter((flag) =>
    flag === '--config' ? command.includes(flag) : env.MEMORY_DATA_DIR !== undefined,
  );
  const kept: unknown[] = [];
  const given = argumentsOfOurs(before) ?? [];
  for (let index = 0; index < given.length; index += 1) {
    const word = given[index];
    if (typeof word === 'string' && renewed.includes(word)) index += 1;
    else if (typeof word !== 'string' || !renewed.some((flag) => word.startsWith(`${flag}=`))) kept.push(word);
  }
  return [...command, ...kept];
}
