// Where a provider is asked: a base URL as people write it, and a path behind it.
import { MemoryError } from '../errors.ts';

/**
 * `path` behind `base`, whose own path is kept. `name` is what messages call the base: it may hold a secret, so they
 * don't repeat it.
 * @throws `INVALID_INPUT` for what is no URL of a host, or holds credentials
 */
export function endpointAt(base: string, { path, name }: { readonly path: string; readonly name: string }): URL {
  const url = URL.canParse(base) ? new URL(base) : undefined;
  if (url === undefined || !['https:', 'http:'].includes(url.protocol)) {
    throw new MemoryError(
      'INVALID_INPUT',
      `${name} is no address: it begins with https:// or http:// and names a host.`,
    );
  }
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    const what = `${name} (${url.host}) says more than where to ask`;
    throw new MemoryError('INVALID_INPUT', `${what}. Leave out user, password and what stands behind a ? or #.`);
  }
  url.pathname = `${url.pathname.replace(/\/+$/u, '')}${path}`;
  return url;
}
