// What is not served over HTTP, and how whoever asked is told.
import type { ServerResponse } from 'node:http';

/** A request that is not served. Thrown by whoever finds out, told in one place. */
export class Refusal extends Error {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  /** @param message what is wrong and what to do; repeats nothing of the request */
  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message);
    this.status = status;
    this.headers = headers;
  }
}

/** Codes of JSON-RPC, which all answers have, for clients of the protocol read the body also of a status. */
const CODES: Readonly<Record<number, number>> = Object.freeze({ 400: -32_600, 404: -32_001, 500: -32_603 });
const OTHER_CODE = -32_000;

/** How long is read away what comes behind the last answer: who is cut off while sending may never see it. */
const LINGER_MS = 500;

/** The refusal as an answer; where the answer has begun, it ends. */
export function refuse(outgoing: ServerResponse, { status, message, headers }: Refusal): void {
  if (outgoing.headersSent) {
    outgoing.destroy();
    return;
  }
  const body = JSON.stringify({ jsonrpc: '2.0', error: { code: CODES[status] ?? OTHER_CODE, message }, id: null });
  const all = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers };
  for (const [name, value] of Object.entries(all)) outgoing.setHeader(name, value);
  outgoing.writeHead(status);
  // Node reads the rest of a request away, so the answer reaches who is still sending; how long is limited as always.
  if (outgoing.getHeader('connection') !== 'close') {
    outgoing.end(body);
    return;
  }
  outgoing.write(body);
  endSoon(outgoing);
}

/** The answer is whole; ending it closes the connection. */
function endSoon(outgoing: ServerResponse): void {
  const end = (): void => void outgoing.end();
  const tooLong = setTimeout(end, LINGER_MS);
  outgoing.once('close', () => clearTimeout(tooLong));
  outgoing.req.once('end', end).resume();
}
