// What a look at the health of something is made of: parts, each with its state, and how they are told.
import { EXIT_CODES, type MemoryErrorCode } from '@episodica/memory-core';
import type { ReplicaState, TursoStore } from '@episodica/memory-storage-turso';
import type { Opened } from '../open.ts';
import { localTime } from '../output.ts';

type Status = 'ok' | 'degraded' | 'down';

/** One part that was tried. `code` is the store's error when it is down, and is not printed. */
export interface Component {
  readonly name: string;
  readonly status: Status;
  readonly detail: string;
  readonly code?: MemoryErrorCode;
}

/** The whole: down with its store, degraded with any other part. */
export interface Health {
  readonly status: Status;
  readonly components: readonly Omit<Component, 'code'>[];
  /** 0, or that of the store's error. */
  readonly exitCode: number;
}

export function healthOf(parts: readonly Component[]): Health {
  const down = parts.find(({ code }) => code !== undefined);
  const status = down ? 'down' : parts.every((part) => part.status === 'ok') ? 'ok' : 'degraded';
  const components = parts.map(({ code: _code, ...component }) => component);
  return { status, components, exitCode: down?.code === undefined ? 0 : EXIT_CODES[down.code] };
}

/** A line each. Not a table: what to do stands at the end of a detail, and must not be cut off. */
export function componentsText(components: Health['components']): string {
  return components.map(({ name, status, detail }) => `${name.padEnd(9)}${status.padEnd(10)}${detail}`).join('\n');
}

/** What is encrypted here. Of a database on a host, only its host knows. */
export function encryptionText({ store, isEncrypted }: Pick<Opened, 'store' | 'isEncrypted'>): string {
  const state = isEncrypted ? 'encrypted' : 'in plain text';
  return store.reach === 'file' ? state : `over a network, with its cache here ${state}`;
}

/** What is read may be old, and nothing can be written, while the database is away. Nothing for a file that follows none. */
export async function replicaComponents({ replica }: Pick<TursoStore, 'replica'>): Promise<readonly Component[]> {
  if (replica === undefined) return [];
  // What goes wrong is in its state.
  await replica.sync().catch(() => undefined);
  const state = await replica.state();
  return [
    {
      name: 'replica',
      status: state.problem === undefined ? 'ok' : 'degraded',
      detail: `follows ${replicaText(state)}`,
    },
  ];
}

/** In words: what the file follows, when it last held all of it, and why not since. */
export function replicaText({ primary, syncedAt, problem }: ReplicaState): string {
  const synced = syncedAt === undefined ? 'never synced' : `synced ${localTime(syncedAt)}`;
  return `${primary}, ${synced}${problem === undefined ? '' : `; ${problem}`}`;
}
