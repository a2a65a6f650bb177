// config path: where everything is.
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { addressOf, EXIT_CODES, MemoryError } from '@episodica/memory-core';
import {
  examineConfig,
  figuresIn,
  type LoadedConfig,
  logPathOf,
  meantName,
  type Setting,
} from '@episodica/memory-core/config';
import { PLACES, type PlaceName } from '../groups/config.ts';
import { type Invocation, surroundingsOf } from '../open.ts';
import { hangingLine, print, terminalWidth, textWidth } from '../output.ts';
import { areKnown, noteProblems, problemError } from './config-problems.ts';

/** Tells each place, or one alone, as scripts want it. Opens no store. */
export async function path(invocation: Invocation, asked: string | undefined): Promise<number> {
  const name = asked === undefined ? undefined : placeCalled(asked);
  const { config, refused: problems } = await examineConfig(surroundingsOf(invocation));
  const { backupFolderOf } = await import('@episodica/memory-storage-turso');
  const places = placesOf(config, backupFolderOf);
  if (name !== undefined) {
    // A script goes on with what it is told.
    if (name !== 'user' && name !== 'project' && !areKnown(BEARING_ON[name], problems)) throw problemError(problems);
    const place = places[name];
    if (place.path === undefined) throw new MemoryError('NOT_FOUND', `${name}: ${place.instead}.`);
    await print(invocation.format, { path: place.path, exists: existsSync(place.path) }, () => place.path ?? '');
    return 0;
  }
  const told = PLACES.map((each) => {
    const place = places[each];
    return place.path === undefined
      ? { name: each, path: null, instead: place.instead }
      : { name: each, path: place.path, exists: existsSync(place.path) };
  });
  await print(invocation.format, { places: told, problems: problems.map(({ message }) => message) }, () =>
    told
      .map((place) => {
        const state = place.path === null ? '-' : place.exists ? 'there' : 'not there';
        const text = place.path ?? place.instead ?? '';
        const before = `${place.name.padEnd(8)}  ${state.padEnd(9)}`;
        // Whole, as a path that is cut cannot be copied.
        return textWidth(before) + 2 + textWidth(text) <= terminalWidth()
          ? `${before}  ${text}`
          : `${before.trimEnd()}\n${hangingLine('    ', text)}`;
      })
      .join('\n'),
  );
  if (invocation.format === 'human') noteProblems(problems);
  return problems.length > 0 ? EXIT_CODES.INVALID_INPUT : 0;
}

const DATA: readonly Setting[] = ['MEMORY_DATA_DIR'];
const DATABASE: readonly Setting[] = [...DATA, 'DATABASE_URL', 'TURSO_SYNC_URL'];

/** What says where it is. */
const BEARING_ON: Readonly<Record<Exclude<PlaceName, 'user' | 'project'>, readonly Setting[]>> = {
  data: DATA,
  database: DATABASE,
  backups: DATABASE,
  cache: [...DATA, 'LMDB_CACHE_PATH'],
  logs: [...DATA, 'MEMORY_LOG_FILE'],
  figures: DATA,
};

function placeCalled(asked: string): PlaceName {
  const found = PLACES.find((name) => name === asked);
  if (found !== undefined) return found;
  const meant = meantName(asked, PLACES);
  const hint = meant === undefined ? '.' : `; did you mean "${meant}"?`;
  throw new MemoryError('INVALID_INPUT', `There is no place "${asked}"${hint} There are ${PLACES.join(', ')}.`);
}

/** A path, or what there is in its place. */
interface Place {
  readonly path?: string;
  readonly instead?: string;
}

const REFUSED: Place = { instead: 'what is set is refused' };

function placesOf(
  config: LoadedConfig,
  backupFolderOf: (databasePath: string) => string,
): Readonly<Record<PlaceName, Place>> {
  const { values } = config;
  if (values.DATABASE_URL === '') return { ...placesBeside(config), database: REFUSED, backups: REFUSED };
  const address = addressOf(values.DATABASE_URL);
  const host = `the database is at ${address.kind === 'remote' ? address.place : ''}`;
  return {
    ...placesBeside(config),
    database: address.kind === 'file' ? { path: address.path } : { instead: host },
    backups:
      address.kind === 'file'
        ? { path: backupFolderOf(address.path) }
        : { instead: `${host}, whose host keeps its own` },
  };
}

/** Those that do not depend on where the database is. */
function placesBeside({
  values,
  files,
  userFilePath,
  projectFilePath,
}: LoadedConfig): Readonly<Record<Exclude<PlaceName, 'database' | 'backups'>, Place>> {
  const { MEMORY_DATA_DIR: data, LMDB_CACHE_PATH: cache } = values;
  const log = logPathOf(values);
  return {
    user: { path: files.user ?? userFilePath },
    project: { path: projectFilePath },
    data: { path: data },
    cache: { path: cache },
    logs: log === undefined ? { instead: 'the log goes to standard error' } : { path: dirname(resolve(log)) },
    figures: { path: figuresIn(data) },
  };
}
