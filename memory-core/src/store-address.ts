// What a URL of a store says: a local file, or a database that is reached over a network.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryError } from './errors.ts';

/** Where a store is, taken apart from its URL. */
export type Address =
  | { readonly kind: 'file'; readonly path: string }
  /** `place` is for messages: without credentials. */
  | { readonly kind: 'remote'; readonly url: string; readonly place: string; readonly authToken: string | undefined };

const REMOTE_SCHEMES: readonly string[] = ['libsql:', 'https:', 'http:', 'wss:', 'ws:'];

/**
 * Reads `file:` and the schemes of libSQL. A token may stand in the URL as `?authToken=`, and nothing else behind the
 * path. `name` is what messages call the URL: it may hold a token, so they don't repeat it.
 * @throws `INVALID_INPUT` for anything else
 */
export function addressOf(url: string, { name = 'The URL of the store' }: { readonly name?: string } = {}): Address {
  if (url.startsWith('file:')) return { kind: 'file', path: pathOf(url) };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !REMOTE_SCHEMES.includes(parsed.protocol) || parsed.hostname === '') {
    throw noAddress(url, { name });
  }
  const authToken = parsed.searchParams.get('authToken') ?? undefined;
  parsed.searchParams.delete('authToken');
  if (parsed.username !== '' || parsed.password !== '') {
    const what = `${name} (${parsed.host}) holds a user name or a password`;
    throw new MemoryError('INVALID_INPUT', `${what}; give the token as TURSO_AUTH_TOKEN.`);
  }
  // A token under a name that nobody takes out of the URL would be shown with it.
  if (parsed.search !== '' || parsed.hash !== '') {
    const what = `${name} (${parsed.host}) says more than where the database is`;
    const advice = 'Leave out what stands behind the ? or #, and give the token as TURSO_AUTH_TOKEN';
    throw new MemoryError('INVALID_INPUT', `${what}. ${advice}.`);
  }
  return { kind: 'remote', url: parsed.href, place: `${parsed.protocol}//${parsed.host}`, authToken };
}

/** The path that a `file:` URL names, absolute. @throws `INVALID_INPUT` for one that names none */
export function pathOf(url: string): string {
  try {
    if (!url.startsWith('file:/')) return resolve(decodeURIComponent(url.slice('file:'.length)));
    const { search, hash } = new URL(url);
    if (search === '' && hash === '') return fileURLToPath(url);
  } catch (cause) {
    throw noPath(cause);
  }
  throw noPath();
}

/** What stands behind a ? or # may be a key: it has no meaning here, and is not repeated. */
function noPath(cause?: unknown): MemoryError {
  const advice =
    'Write it as file:///folder/memory.db, with %20 for a space, %25 for a percent sign, %23 for # and nothing behind it';
  return new MemoryError('INVALID_INPUT', `The file: URL of the store names no file. ${advice}.`, { cause });
}

/** Only the scheme is repeated. */
function noAddress(url: string, { name }: { readonly name: string }): MemoryError {
  const scheme = /^[a-z][a-z0-9+.-]*:/iu.exec(url)?.[0];
  const what = scheme === undefined ? 'has no scheme' : `cannot be used (${scheme})`;
  const advice = 'It begins with file:, libsql:, https:, http:, wss: or ws: and names a file or a host';
  return new MemoryError('INVALID_INPUT', `${name} ${what}. ${advice}.`);
}
