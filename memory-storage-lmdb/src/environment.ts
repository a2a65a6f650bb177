// The databases of a cache within one LMDB environment.
import { chmodSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { makePrivateFolder } from '@episodica/memory-core/backend';
import { type Database, open, type RootDatabase } from 'lmdb';
import { DATA_FILE, LOCK_FILE } from './files.ts';
import { noteText, readNote } from './records.ts';

/** What may be kept apart from each other, each with a bound of its own. */
export const AREAS = ['entities', 'blocks'] as const;
export type AreaName = (typeof AREAS)[number];

export interface AreaFiles {
  /** What is kept, by key. */
  readonly values: Database<Uint8Array, string>;
  /** What is known of each key, as a note. */
  readonly ledger: Database<string, string>;
  /** Keys in the order in which they are to go, by queue and place. */
  readonly queues: Database<string, [queue: string, place: number]>;
}

export interface Environment {
  readonly root: RootDatabase;
  readonly areas: Readonly<Record<AreaName, AreaFiles>>;
  readonly notes: Notes;
}

/** Small things of the whole cache, as JSON. */
export interface Notes {
  /** @throws when the note was garbled on the disk */
  read(key: string): unknown;
  write(key: string, value: unknown): void;
}

/** Opens the files in `folder`, or makes them. Damaged ones can end the process: `files.ts` and `probe.ts` come first. */
export function openEnvironment(folder: string, options: { readonly isReadOnly?: boolean } = {}): Environment {
  const { isReadOnly = false } = options;
  if (!isReadOnly) makePrivateFolder(folder);
  // Without flushes: what a power cut takes is read from the store again.
  const root = open({ path: folder, noSubdir: false, noSync: true, maxDbs: MAX_DATABASES, readOnly: isReadOnly });
  if (!isReadOnly) for (const name of [DATA_FILE, LOCK_FILE]) makePrivateFile(join(folder, name));
  const area = (name: AreaName): AreaFiles => ({
    values: root.openDB<Uint8Array, string>(name, { encoding: 'binary' }),
    ledger: root.openDB<string, string>(`${name}-ledger`, { encoding: 'string' }),
    queues: root.openDB<string, [string, number]>(`${name}-queues`, { encoding: 'string' }),
  });
  const notes = root.openDB<string, string>('notes', { encoding: 'string' });
  return {
    root,
    areas: { entities: area('entities'), blocks: area('blocks') },
    notes: {
      read(key) {
        const text = notes.get(key);
        if (text === undefined) return undefined;
        const value = readNote(key, text);
        if (value === undefined) throw new Error(`The note ${key} is garbled.`);
        return value;
      },
      write: (key, value) => notes.putSync(key, noteText(key, value)),
    },
  };
}

/** `notes`, and three for each area. */
const MAX_DATABASES = 8;

// Only where it is needed: it counts as a change of the file.
function makePrivateFile(path: string): void {
  if ((statSync(path).mode & 0o777) !== 0o600) chmodSync(path, 0o600);
}
