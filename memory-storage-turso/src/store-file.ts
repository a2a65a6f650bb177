// The database of a store in a local file: made where there is none, opened, and brought to the newest schema.
import { backUpBeside } from './backup-beside.ts';
import { FIRST_SCHEMA, refuseUnfinishedCopy } from './copying.ts';
import { fileAt, Hindered, sizeAt } from './file-state.ts';
import { lastingConnection, type OpenedFile, type StoreConnection } from './lasting-connection.ts';
import { connectLocalFile, connectToInspect, createLocalFile, type LocalFileOptions, patiently } from './local-file.ts';
import { identityOf, type Migration, migrate, schemaVersion } from './schema.ts';

/** Everything that a thread needs to know to open the store. Plain data. */
export interface StoreFile extends LocalFileOptions {
  readonly path: string;
  readonly migrations: readonly Migration[];
}

/** Makes the file if there is none. */
export async function openStoreFile(file: StoreFile): Promise<StoreConnection> {
  createLocalFile(file.path);
  return connectStoreFile(file);
}

/** The schema of the store in a file; 0 for none, and for what cannot be read: opening it will say why. */
export async function schemaAt({ path, ...options }: StoreFile): Promise<number> {
  if (sizeAt(path) === 0) return 0;
  try {
    const connection = await connectToInspect(path, options);
    try {
      return await schemaVersion(connection);
    } finally {
      await connection.close();
    }
  } catch {
    return 0;
  }
}

/** One more connection to a store that is there. */
export function connectStoreFile(file: StoreFile): Promise<StoreConnection> {
  return lastingConnection(() => connectOnce(file));
}

async function connectOnce({ path, migrations, ...options }: StoreFile): Promise<OpenedFile> {
  if (fileAt(path) === undefined) throw new Hindered('deleted');
  const { encryptionKey } = options;
  const connection = await connectLocalFile(path, options);
  try {
    await patiently(() =>
      migrate(connection, { migrations, backUp: (schema) => backUpBeside({ path, encryptionKey }, schema) }),
    );
    if (migrations.length >= FIRST_SCHEMA) await refuseUnfinishedCopy(connection);
    return { connection, identity: await identityOf(connection) };
  } catch (error) {
    await connection.close();
    throw error;
  }
}
