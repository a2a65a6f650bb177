// What a client's configuration says about one MCP server, and where it says so.
import { basename } from 'node:path';

/** The clients whose configuration is known. */
export const CLIENTS = ['claude-code', 'opencode'] as const;
export type ClientName = (typeof CLIENTS)[number];

/** For whom an entry holds: for this user everywhere, for this user in this project, for everybody in this project. */
export const SCOPES = ['user', 'local', 'project'] as const;
export type Scope = (typeof SCOPES)[number];

/** Where to look. */
export interface Surroundings {
  readonly home: string;
  /** In which the client would be started. */
  readonly folder: string;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A file of a client, and for whom what it says holds. */
export interface ClientFile {
  readonly client: ClientName;
  readonly scope: Scope;
  readonly path: string;
}

interface EntryBase extends ClientFile {
  readonly name: string;
  /** Neither switched off nor, where the client asks for that, still to be approved. */
  readonly isEnabled: boolean;
}

/** A server that the client starts. */
export interface CommandEntry extends EntryBase {
  /** The program and its arguments. */
  readonly command: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/** A server that the client reaches over HTTP. */
export interface UrlEntry extends EntryBase {
  readonly url: string;
}

export type Entry = CommandEntry | UrlEntry;

/** A file that is there and cannot be understood: nobody knows what it says. */
export interface UnreadableFile extends ClientFile {
  readonly problem: string;
}

/** Whether a command starts this project's server, wherever that lies. */
export function startsOurServer(command: readonly string[]): boolean {
  return argumentsOfOurs(command) !== undefined;
}

/** What a command hands to this project's server; nothing where it starts another program. */
export function argumentsOfOurs(words: readonly unknown[]): readonly unknown[] | undefined {
  const start = words[0] === 'cmd' && words[1] === '/c' ? 2 : 0;
  const program = nameOf(words[start]);
  const isRunner = program === 'node' || program === 'npx';
  let at = isRunner ? start + 1 : start;
  while (isRunner && /^-/u.test(textOf(words[at]))) at += TAKES_NEXT.has(textOf(words[at])) ? 2 : 1;
  const isOurs =
    program === 'npx'
      ? words.slice(start + 1, at + 1).some((word) => /^@episodica\/memory-mcp(?:@|$)/u.test(textOf(word)))
      : /^memory-mcp(?:\.js)?$/u.test(nameOf(words[at]));
  return isOurs ? words.slice(at + 1) : undefined;
}

/** Options of node and npx that take the next word. */
const TAKES_NEXT = new Set([
  ...['-r', '--require', '--import', '--loader', '--experimental-loader', '-C', '--conditions'],
  ...['-p', '--package'],
]);

function textOf(word: unknown): string {
  return typeof word === 'string' ? word : '';
}

/** Without its folder and what Windows adds. */
function nameOf(word: unknown): string {
  return basename(textOf(word).replaceAll('\\', '/')).replace(/\.(?:cmd|exe|ps1)$/u, '');
}

/** The parts of a command in whichever form a client keeps them: a text and a list, or one list. */
export function commandOf(program: unknown, args: unknown): readonly string[] {
  return wordsOf(program, args).filter((word) => typeof word === 'string');
}

/** As `commandOf`, with what is no text. */
export function wordsOf(program: unknown, args: unknown): readonly unknown[] {
  return Array.isArray(program) ? program : [program, ...(Array.isArray(args) ? args : [])];
}

/** Those variables that have a text. */
export function textsOf(value: unknown): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(recordOf(value)).filter((pair): pair is [string, string] => typeof pair[1] === 'string'),
  );
}

/** What stands at a key, or nothing where it is something else. It has no names but those that are written. */
export function recordOf(value: unknown): Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { __proto__: null, ...value } : {};
}

/** The texts of a list, or none where it is something else. */
export function listOf(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((each) => typeof each === 'string') : [];
}
