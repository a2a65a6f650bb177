// What a URL of a store says: a local file, or a database that is reached over a network.
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { MemoryError } from '@episodica/memory-core';

export type Address =
  | { readonly kind: 'file'; readonly path: string }
  /** `place` is for messages: without credentials. */
  | { readonly kind: 'remote'; readonly url: string; readonly place: string; readonly authToken: string | undefined };

const REMOTE_SCHEMES: readonly string[] = ['libsql:', 'https:', 'http:', 'wss:', 'ws:'];

/**
 * Reads `file:` and the schemes of libSQL. A token may stand in the URL as `?authToken=`.
 * @throws `INVALID_INPUT` for anything else
 */
export function addressOf(url: string): Address {
  if (url.startsWith('file:')) return { kind: 'file', path: pathOf(url) };
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  if (parsed === undefined || !REMOTE_SCHEMES.includes(parsed.protocol) || parsed.hostname === '') throw noAddress(url);
  const authToken = parsed.searchParams.get('authToken') ?? undefined;
  parsed.searchParams.delete('authToken');
  if (parsed.username !== '' || parsed.password !== '') {
    const advice = 'give the token as TURSO_AUTH_TOKEN';
    throw new MemoryError('INVALID_INPUT', `The URL of ${parsed.host} holds a user name or a password; ${advice}.`);
  }
  return { kind: 'remote', url: parsed.href, place: `${parsed.protocol}//${parsed.host}`, authToken };
}

/** The path that a `file:` URL names, absolute. */
export function pathOf(url: string): string {
  return url.startsWith('file:/') ? fileURLToPath(url) : resolve(decodeURIComponent(url.slice('file:'.length)));
}

/** The URL may hold a token: only its scheme is repeated. */
function noAddress(url: string): MemoryError {
  const scheme = /^[a-z][a-z0-9+.-]*:/iu.exec(url)?.[0];
  const what = scheme === undefined ? 'has no scheme' : `cannot be used (${scheme})`;
  const advice = 'It begins with file:, libsql:, https:, http:, wss: or ws: and names a file or a host';
  return new MemoryError('INVALID_INPUT', `The URL of the store ${what}. ${advice}.`);
}
