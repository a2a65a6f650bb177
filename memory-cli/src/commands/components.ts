// How the health of parts is told on a terminal, and what a command ends with.
import { EXIT_CODES } from '@episodica/memory-core';
import type { Component, Health } from '@episodica/memory-core/health';
import type { ReplicaState } from '@episodica/memory-storage-turso';
import type { Opened } from '../open.ts';
import { hangingLine, localTime, proseWidth } from '../output.ts';

/** 0 unless it is down; then that of the error of the part without which nothing works. */
export function exitCodeOf({ status, components }: Health): number {
  if (status !== 'down') return 0;
  const code = components.find((each) => each.status === 'down')?.code;
  return EXIT_CODES[code ?? 'STORE_UNAVAILABLE'];
}

/** A line each, with what to do below. Not a table: the end of a detail must not be cut off. */
export function componentsText(components: readonly Component[]): string {
  return components.flatMap((each) => componentLines(each, proseWidth())).join('\n');
}

/** Of one part, within `width`. */
export function componentLines({ name, status, basis, detail, advice }: Component, width: number): readonly string[] {
  const start = `${name.padEnd(9)}${status.padEnd(10)}`;
  const known = basis === 'measured' ? '' : ` (${basis})`;
  const below = advice === undefined ? [] : hangingLine(`${' '.repeat(start.length)}→ `, advice, width).split('\n');
  return [...hangingLine(start, `${detail}${known}`, width).split('\n'), ...below];
}

/** What is encrypted here. Of a database on a host, only its host knows. */
export function encryptionText({ store, isEncrypted }: Pick<Opened, 'store' | 'isEncrypted'>): string {
  const state = isEncrypted ? 'encrypted' : 'in plain text';
  return store.reach === 'file' ? state : `over a network, with its cache here ${state}`;
}

/** In words: what the file follows, when it last held all of it, and why not since. */
export function replicaText({ primary, syncedAt, problem }: ReplicaState): string {
  const synced = syncedAt === undefined ? 'never synced' : `synced ${localTime(syncedAt)}`;
  return `${primary}, ${synced}${problem === undefined ? '' : `; ${problem}`}`;
}
