// Moving a store from one place to another: from a file to a host, back, or between two of a kind. The source stays.
import { type Address, addressOf, MemoryError } from '@episodica/memory-core/backend';
import type { Connection } from './connection.ts';
import { type CopyPlan, type CopyStoreOptions, type CopyStoreReceipt, copyStore, planCopy } from './copy-store.ts';
import { readCopying } from './copying.ts';
import { checkedKey } from './encryption-key.ts';
import { toMemoryError, violationOf } from './errors.ts';
import { fileAt, logPathOf, sizeAt } from './file-state.ts';
import { connectToHost } from './host.ts';
import { lastingConnection } from './lasting-connection.ts';
import { connectLocalFile, connectToInspect, createLocalFile, type LocalFileOptions } from './local-file.ts';
import { discard } from './new-file.ts';
import type { TursoStoreOptions } from './open.ts';
import { numberIn } from './rows.ts';
import { identityOf, schemaVersion } from './schema.ts';

/** Both ends, each as `openTursoStore` takes it. */
export interface MoveOptions extends Omit<CopyStoreOptions, 'limits'> {
  readonly from: TursoStoreOptions;
  readonly to: TursoStoreOptions;
}

/** What a move would do. */
export interface MovePlan extends CopyPlan {
  /** For messages: without credentials. */
  readonly from: string;
  readonly to: string;
}

/** What a move did. */
export interface MoveReceipt extends CopyStoreReceipt {
  readonly from: string;
  readonly to: string;
  readonly tookMs: number;
}

/**
 * Copies all that a store holds to a place where there is nothing yet, and compares the two. The source is only read,
 * and may be written by others meanwhile: `receipt.seq` says how far the copy goes. A move that was broken off is gone
 * on with by the same call; until it is done, nobody opens what it has left as a store.
 * @throws `NOT_FOUND` where there is nothing to move, `INVALID_STATE` where the target holds something else, or another
 * run went on, `STORE_CORRUPT` where the two differ in the end, `ABORTED`, and what opening either end throws
 */
export async function moveStore(options: MoveOptions): Promise<MoveReceipt> {
  const startedMs = performance.now();
  const [source, target] = [addressOf(options.from.url), addressOf(options.to.url)];
  return using(await openSource(source, options.from), async (from) => {
    // Nothing is made at the target where the source cannot be read.
    await naming(from).execute(PROBE);
    const places = { from: from.place, to: target.kind === 'file' ? target.path : target.place };
    const receipt = await fill(target, { from: naming(from), options });
    return { ...receipt, ...places, tookMs: performance.now() - startedMs };
  });
}

/**
 * Looks at both ends, and changes nothing.
 * @throws what `moveStore` would throw before it begins
 */
export async function planMove(options: Pick<MoveOptions, 'from' | 'to' | 'anew'>): Promise<MovePlan> {
  const [source, target] = [addressOf(options.from.url), addressOf(options.to.url)];
  return using(await openSource(source, options.from), async (from) => {
    const places = { from: from.place, to: target.kind === 'file' ? target.path : target.place };
    const isThere = target.kind === 'remote' || sizeAt(target.path) > 0 || sizeAt(logPathOf(target.path)) > 0;
    if (!isThere) return { ...places, ...(await planCopy(naming(from), undefined, options)) };
    const to = await openToLook(target, options.to);
    return using(to, async () => ({ ...places, ...(await planCopy(naming(from), naming(to), options)) }));
  });
}

const PROBE = { sql: 'SELECT 1', args: [] };

/** A file that was made for a move which did not begin is taken away again. */
async function fill(
  target: Address,
  { from, options }: { readonly from: Connection; readonly options: MoveOptions },
): Promise<CopyStoreReceipt> {
  let isWorthKeeping = target.kind === 'remote' || fileAt(target.path) !== undefined;
  try {
    return await using(await openTarget(target, options.to), async (to) => {
      try {
        const receipt = await copyStore(from, naming(to), options);
        isWorthKeeping = true;
        return receipt;
      } catch (error) {
        isWorthKeeping ||= await holdsSomething(to);
        throw error;
      }
    });
  } catch (error) {
    if (!isWorthKeeping && target.kind === 'file') await discard(target.path);
    throw error;
  }
}

/** Whether there is something that could be gone on with, or that somebody else has made. */
async function holdsSomething(to: Connection): Promise<boolean> {
  try {
    if ((await schemaVersion(to)) === 0) return false;
    const { rows } = await to.execute({ sql: 'SELECT EXISTS (SELECT 1 FROM journal) AS isUsed', args: [] });
    return numberIn(rows[0], 'isUsed') === 1 || (await readCopying(to)) !== undefined;
  } catch {
    // What cannot be read is not thrown away.
    return true;
  }
}

async function using<T>(connection: Connection, work: (connection: Connection) => Promise<T>): Promise<T> {
  try {
    return await work(connection);
  } finally {
    await connection.close();
  }
}

/** Files are opened to be looked at: a source is not even brought to the newest schema. */
async function openSource(address: Address, options: TursoStoreOptions): Promise<Connection> {
  if (address.kind === 'remote') return connectToHost(address, options);
  const { path } = address;
  if (sizeAt(path) === 0 && sizeAt(logPathOf(path)) === 0) {
    throw new MemoryError('NOT_FOUND', `There is no store at ${path}: nothing can be moved.`);
  }
  let identity: string | undefined;
  try {
    // Whoever writes to it may come and go, and its log with them.
    return await lastingConnection(async () => {
      const connection = await connectToInspect(path, fileOptions(options));
      try {
        const opened = {
          connection,
          identity: (await schemaVersion(connection)) === 0 ? '' : await identityOf(connection),
        };
        if (identity !== undefined && identity !== opened.identity) throw replaced(path);
        identity = opened.identity;
        return opened;
      } catch (error) {
        await connection.close();
        throw error;
      }
    });
  } catch (error) {
    throw toMemoryError(error, `read the store ${path}`);
  }
}

function replaced(path: string): MemoryError {
  const what = `Another store was put in the place of ${path} while it was being moved`;
  return new MemoryError('INVALID_STATE', `${what}. The copy stays unfinished; move again with --anew.`);
}

async function openTarget(address: Address, options: TursoStoreOptions): Promise<Connection> {
  if (address.kind === 'remote') return connectToHost(address, options);
  try {
    createLocalFile(address.path);
    return await connectLocalFile(address.path, fileOptions(options));
  } catch (error) {
    throw toMemoryError(error, `open the store ${address.path}`);
  }
}

async function openToLook(address: Address, options: TursoStoreOptions): Promise<Connection> {
  if (address.kind === 'remote') return connectToHost(address, options);
  try {
    return await connectToInspect(address.path, fileOptions(options));
  } catch (error) {
    throw toMemoryError(error, `read the store ${address.path}`);
  }
}

function fileOptions({
  busyTimeoutMs = 5_000,
  durability = 'full',
  encryptionKey,
}: TursoStoreOptions): LocalFileOptions {
  return { busyTimeoutMs, durability, encryptionKey: checkedKey(encryptionKey) };
}

/** The same connection, whose failures say at which end it was. What turns a batch down is left as it is. */
function naming(connection: Connection): Connection {
  const named = async <T>(action: string, work: Promise<T>): Promise<T> => {
    try {
      return await work;
    } catch (error) {
      throw violationOf(error) === undefined ? toMemoryError(error, `${action} the store ${connection.place}`) : error;
    }
  };
  return {
    ...connection,
    execute: (statement) => named('read', connection.execute(statement)),
    read: (statements) => named('read', connection.read(statements)),
    batch: (statements) => named('write to', connection.batch(statements)),
  };
}
