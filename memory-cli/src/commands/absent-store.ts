// Whether there is a store to be asked how it is. Asking must not make one.
import { stat } from 'node:fs/promises';
import { databasePlace, type Invocation } from '../open.ts';

/** The path at which there is no store yet; nothing where there is one, or where opening finds out: at a host. */
export async function absentStore(invocation: Invocation): Promise<string | undefined> {
  const place = await databasePlace(invocation);
  if (place.kind === 'remote' || place.primary !== undefined) return undefined;
  try {
    return (await stat(place.path)).size === 0 ? place.path : undefined;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'ENOENT' ? place.path : undefined;
  }
}
