// How a server for tests sends an answer over HTTP, and what may happen to it on the way.
import type { ServerResponse } from 'node:http';
import { DRIP_MS, type WireFault } from './wire-fault.ts';

interface Answer {
  readonly status: number;
  readonly body: object;
  readonly fault: WireFault;
}

export function sendJson(response: ServerResponse, { status, body, fault }: Answer): void {
  const bytes = Buffer.from(JSON.stringify(body));
  const half = bytes.subarray(0, bytes.length / 2);
  const begin = ({ length }: Buffer): ServerResponse =>
    response.writeHead(status, { 'content-type': 'application/json', 'content-length': length });
  switch (fault) {
    case 'lost':
      return void response.socket?.destroy();
    case 'reset':
      return void begin(bytes).write(half, () => response.socket?.resetAndDestroy());
    case 'truncate':
      return void begin(half).end(half);
    case 'drip':
      return void drip(begin(bytes), bytes);
    default:
      begin(bytes).end(bytes);
  }
}

function drip(response: ServerResponse, bytes: Buffer): void {
  let sent = 0;
  const timer = setInterval(() => {
    response.write(bytes.subarray(sent, sent + 1));
    sent += 1;
    if (sent === bytes.length) response.end();
  }, DRIP_MS);
  response.on('close', () => clearInterval(timer));
}
