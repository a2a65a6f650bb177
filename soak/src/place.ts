// A memory as the programs open it: the store with its cache in front.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { type Memory, openMemory } from '@episodica/memory-core';
import { openLmdbCache } from '@episodica/memory-storage-lmdb';
import { openTursoStore, type TursoStore, type TursoStoreOptions } from '@episodica/memory-storage-turso';

export interface Place {
  readonly memory: Memory;
  readonly store: TursoStore;
}

/** What a store is opened with; its file lies in the folder where no other place is named. */
export type PlaceOptions = Partial<TursoStoreOptions>;

/** The store of a machine whose data lies in `folder`, made where there is none. Closed by `memory.close()`. */
export async function openPlace(folder: string, options: PlaceOptions = {}): Promise<Place> {
  const store = await openTursoStore({ url: pathToFileURL(databaseIn(folder)).href, ...options });
  const { encryptionKey } = options;
  const cache = await openLmdbCache({ path: join(folder, 'cache', store.identity), encryptionKey });
  return { store, memory: openMemory({ store, cache }) };
}

/** The file of the store in `folder`. */
export function databaseIn(folder: string): string {
  return join(folder, 'memory.db');
}
