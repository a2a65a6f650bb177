// Between Node's HTTP and the SDK, which speaks in web-standard requests and responses. Written here and not taken from
// a package, because what is read and what waits to be sent must have bounds; and it is less than a package to watch.
import type { IncomingMessage, ServerResponse } from 'node:http';
import { Refusal } from './refusal.ts';

/** Largest body: as a line over stdio. */
export const MAX_BODY_BYTES = 25_000_000;
/** Whoever lets more than this wait is not reading; a stream that breaks off can be resumed. */
const MAX_UNREAD_BYTES = 8_000_000;

/** The request as the SDK takes it, without its body. `signal` aborts when nobody reads the answer. */
export function webRequest(incoming: IncomingMessage, signal: AbortSignal): Request {
  const headers = new Headers();
  for (const [name, value] of Object.entries(incoming.headers)) {
    if (value !== undefined) headers.set(name, typeof value === 'string' ? value : value.join(', '));
  }
  // Of the address nothing counts any more: the guard has checked the host, and the route was chosen.
  return new Request('http://localhost/mcp', { method: incoming.method ?? 'GET', headers, signal });
}

/** Sends an answer as it comes. Settles when all is sent, or nobody reads it any more. */
export async function sendResponse(response: Response, outgoing: ServerResponse): Promise<void> {
  outgoing.writeHead(response.status, Object.fromEntries(response.headers));
  if (response.body === null) {
    outgoing.end();
    return;
  }
  // Of a stream nothing may come for long, and its reader waits to know that it is one.
  outgoing.flushHeaders();
  const reader = response.body.getReader();
  const stop = (): void => void reader.cancel().catch(() => {});
  outgoing.once('close', stop);
  if (outgoing.closed) stop();
  try {
    for (;;) {
      const { done, value } = await reader.read();
      if (done) break;
      // Everything is taken at once: what waits is then in one place, where it is counted.
      if (outgoing.writableLength > MAX_UNREAD_BYTES) outgoing.destroy();
      else outgoing.write(value);
    }
  } finally {
    outgoing.off('close', stop);
  }
  outgoing.end();
}

/** Reads bodies, within bounds for each and for all together whose answers are not sent. */
export class Bodies {
  readonly #maxBytes: number;
  #heldBytes = 0;

  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The body of what `outgoing` answers, as text. @throws Refusal for one that is too large, or where too much is held already */
  async read(incoming: IncomingMessage, outgoing: ServerResponse): Promise<string> {
    if (Number(incoming.headers['content-length'] ?? 0) > MAX_BODY_BYTES) throw tooLarge();
    const chunks: Buffer[] = [];
    let bytes = 0;
    // What is asked is held while it is answered, and is many times larger then than its text.
    outgoing.once('close', () => {
      this.#heldBytes -= bytes;
    });
    try {
      // Left early, the connection stays: it is needed to say why.
      for await (const chunk of incoming.iterator({ destroyOnReturn: false })) {
        chunks.push(chunk);
        bytes += chunk.length;
        this.#heldBytes += chunk.length;
        if (bytes > MAX_BODY_BYTES) throw tooLarge();
        if (this.#heldBytes > this.#maxBytes) throw busy();
      }
      return Buffer.concat(chunks).toString('utf8');
    } finally {
      // What is still to come is read away.
      incoming.resume();
    }
  }
}

function tooLarge(): Refusal {
  return new Refusal(413, `A message has at most ${MAX_BODY_BYTES} bytes. Send less at once.`);
}

function busy(): Refusal {
  return new Refusal(503, 'The server is busy with other large messages. Try again in a moment.', {
    'retry-after': '1',
  });
}
