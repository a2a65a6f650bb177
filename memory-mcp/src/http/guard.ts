// Who may speak to the HTTP server at all: checked before a byte of a body is read.
import { createHash, timingSafeEqual } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';
import { localhostAllowedHostnames, validateHostHeader, validateOriginHeader } from '@modelcontextprotocol/server';
import { Refusal } from './refusal.ts';

/** What a request has to show. */
export interface Guard {
  /** @throws Refusal where a web page of somebody else's may be asking: by a name that was made to lead here, or plainly */
  checkPlace(incoming: IncomingMessage): void;
  /** Whether the token was shown. */
  hasToken(incoming: IncomingMessage): boolean;
  /** @throws Refusal where it was not */
  checkToken(incoming: IncomingMessage): void;
}

const HOST = /^(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/iu;
const ORIGIN = /^https?:\/\/(?:[\w.-]+|\[[\da-f:.]+\])(?::\d+)?$/iu;

/** Lets in who shows `token` and came by the name of `host`, or by one of this machine's own. */
export function guard({ host, token }: { readonly host: string; readonly token: string }): Guard {
  const hosts = hostsOf(host);
  const expected = digest(token);
  const hasToken = ({ headers }: IncomingMessage): boolean => {
    const [, given] = /^Bearer +(\S+)$/iu.exec(headers.authorization ?? '') ?? [];
    // Both sides are hashed: the time that it takes tells neither the token nor its length.
    return timingSafeEqual(digest(given ?? ''), expected);
  };
  return {
    checkPlace({ headers }) {
      // The SDK reads both as parts of an address, which may have more to them.
      if (!HOST.test(headers.host ?? '') || !validateHostHeader(headers.host, [...hosts]).ok) {
        throw new Refusal(403, 'This Host is none of this server. Use the address that it printed when it started.');
      }
      const isPage = headers.origin === undefined || ORIGIN.test(headers.origin);
      if (!isPage || !validateOriginHeader(headers.origin, [...hosts]).ok) {
        throw new Refusal(403, 'Pages of other origins are not served. Use an MCP client, or a page of this machine.');
      }
    },
    hasToken,
    checkToken(incoming) {
      if (hasToken(incoming)) return;
      const what = 'The token is missing or another.';
      const advice = 'Send it as "Authorization: Bearer …"; the server printed where it is when it started.';
      throw new Refusal(401, `${what} ${advice}`, { 'www-authenticate': 'Bearer' });
    },
  };
}

/** Whether only programs of this machine reach it. */
export function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || /^127(?:\.\d{1,3}){3}$/u.test(host);
}

/** An address as it stands in a URL. */
export function hostInUrl(host: string): string {
  return host.includes(':') ? `[${host}]` : host;
}

/** Where all addresses are listened at, this machine has as many names. */
const ALL_ADDRESSES: readonly string[] = ['0.0.0.0', '::'];

function hostsOf(host: string): readonly string[] {
  const own = ALL_ADDRESSES.includes(host) ? namesOfMachine() : [host];
  return [...localhostAllowedHostnames(), ...own.map((name) => hostInUrl(name).toLowerCase())];
}

function namesOfMachine(): readonly string[] {
  const addresses = Object.values(networkInterfaces()).flatMap((each) => each ?? []);
  return [hostname(), ...addresses.map(({ address }) => address)];
}

function digest(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
