// One attempt at a call, over HTTP or over a WebSocket. An attempt that is aborted leaves no socket behind.
import { type Client, createClient } from '@libsql/client';
import { WsClient as ClientOverSocket } from '@libsql/client/ws';
import { WsClient as Socket } from '@libsql/hrana-client';
import WebSocket from 'ws';
import { failureBehind, failureOfStatus, NetworkFailure } from './network-failure.ts';

/** Where a database is, and what opens it. */
export interface Endpoint {
  /** Without credentials. */
  readonly url: string;
  readonly authToken: string | undefined;
}

export interface Transport {
  /**
   * Does `work` on a client, until `signal` is aborted. Rejects with a `NetworkFailure`, or with what the engine said.
   */
  attempt<T>(work: (client: Client) => Promise<T>, signal: AbortSignal): Promise<T>;
  close(): void;
}

/** Nothing is sent before the first attempt. */
export function transportTo(endpoint: Endpoint): Transport {
  return /^wss?:/u.test(endpoint.url) ? socketTransport(endpoint) : httpTransport(endpoint);
}

/** A client for each attempt, which costs next to nothing: the sockets are kept by `fetch`. */
function httpTransport({ url, authToken }: Endpoint): Transport {
  return {
    async attempt(work, signal) {
      const ask = (request: Request): Promise<Response> => askHost(request, { signal, authToken });
      const client = createClient({ url, fetch: ask, ...(authToken === undefined ? {} : { authToken }) });
      try {
        return await Promise.race([work(client), aborted(signal)]);
      } catch (error) {
        throw failureBehind(error);
      } finally {
        client.close();
      }
    },
    close() {},
  };
}

/** Rejects when the attempt is over, whatever else hears of that. */
function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new NetworkFailure('silent')), { once: true });
  });
}

/** As much as is told of what a host says. */
const MAX_WORDS = 200;

async function askHost(
  request: Request,
  { signal, authToken = '' }: { readonly signal: AbortSignal; readonly authToken: string | undefined },
): Promise<Response> {
  // A redirected request would come without its body, and with its token at another host.
  // The signal is given here: a `Request` that has it is held weakly, and may never hear of it.
  const response = await fetch(request, { signal, redirect: 'manual' });
  if (!response.ok) {
    const words = withoutToken(await response.text(), authToken)
      .trim()
      .slice(0, MAX_WORDS);
    throw failureOfStatus(response.status, { words, retryAfter: response.headers.get('retry-after') });
  }
  if (!/\bjson\b/u.test(response.headers.get('content-type') ?? '')) {
    await response.body?.cancel();
    throw new NetworkFailure('not libSQL');
  }
  return response;
}

/** A host may repeat what it was sent. Signed tokens begin so; another one than ours is no less a secret. */
const SIGNED_TOKEN = /eyJ[\w.%~+/=-]+/gu;

function withoutToken(text: string, token: string): string {
  const forms = token === '' ? [] : [token, encodeURIComponent(token)];
  return forms.reduce((rest, form) => rest.replaceAll(form, '…'), text).replaceAll(SIGNED_TOKEN, '…');
}

/** A socket, and who uses it. */
interface Line {
  readonly client: Client;
  readonly openedMs: number;
  calls: number;
  /** Why it is of no use any more. */
  failure(): NetworkFailure | undefined;
  cut(): void;
}

/** One socket for all; another one when it fails or is old. */
function socketTransport(endpoint: Endpoint): Transport {
  let current: Line | undefined;

  function usable(): Line {
    const isOld = current !== undefined && performance.now() - current.openedMs > MAX_LINE_AGE_MS;
    if (current !== undefined && !isOld && current.failure() === undefined) return current;
    if (current?.calls === 0) current.cut();
    current = openLine(endpoint);
    return current;
  }

  return {
    async attempt(work, signal) {
      const line = usable();
      line.calls += 1;
      // The others on it fail as well, and are repeated: a socket that does not answer one will not answer them.
      signal.addEventListener('abort', line.cut, { once: true });
      try {
        return await work(line.client);
      } catch (error) {
        const failure = failureBehind(error);
        // What closed the socket says more than that it is closed; but the host's own words come first.
        const isClosed = failure instanceof NetworkFailure && failure.mishap === 'lost';
        throw isClosed ? (line.failure() ?? failure) : failure;
      } finally {
        signal.removeEventListener('abort', line.cut);
        line.calls -= 1;
        if (line.calls === 0 && line !== current) line.cut();
      }
    },
    close() {
      current?.cut();
    },
  };
}

/** The client would open another socket of its own for a line that is a minute old. */
const MAX_LINE_AGE_MS = 50_000;

function openLine({ url, authToken }: Endpoint): Line {
  const address = new URL(url);
  const socket = new WebSocket(address, ['hrana2']);
  let isOpen = false;
  let failure: NetworkFailure | undefined;

  /** The first one is the reason for the others. */
  function fail(reason: unknown): void {
    if (failure !== undefined) return;
    const known = reason instanceof NetworkFailure ? reason : new NetworkFailure('lost');
    // Before it was open, nothing was sent.
    failure =
      isOpen || !known.nature.mayBeDone || known.mishap === 'failing' ? known : new NetworkFailure('unreachable');
  }

  const hrana = new Socket(socket, authToken);
  socket.once('open', () => {
    isOpen = true;
  });
  socket.on('unexpected-response', (_request, { statusCode = 0, headers }) => {
    fail(failureOfStatus(statusCode, { retryAfter: headers['retry-after'] }));
    socket.terminate();
  });
  socket.on('error', (error) => fail(failureBehind(error)));
  socket.once('close', () => fail(new NetworkFailure('lost')));
  return {
    client: new ClientOverSocket(hrana, address, authToken, 'number', undefined),
    openedMs: performance.now(),
    calls: 0,
    failure: () => failure,
    cut() {
      fail(new NetworkFailure('silent'));
      // To close it politely would wait for the other side, for half a minute.
      socket.terminate();
      hrana.close();
    },
  };
}
