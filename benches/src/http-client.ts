// A client over HTTP, by hand and over connections that stay: what a client costs is taken from the server's machine.
import { Agent, type IncomingMessage, request } from 'node:http';
import { text } from 'node:stream/consumers';
import type { CallTool, Outcome } from './load.ts';

/** `2025-11-25` has a session for each client; `2026-07-28` has none, and says everything with each request. */
export type Revision = '2025-11-25' | '2026-07-28';

export interface HttpPlace {
  readonly url: string;
  readonly token: string;
  readonly revision: Revision;
}

/** A client that is connected. */
export interface HttpClient {
  readonly call: CallTool;
  close(): void;
}

/** As many calls of one client as can be under way. Twenty clients together stay below what a server takes. */
const MAX_SOCKETS = 24;
/** A call that takes longer has failed. */
const MAX_CALL_MS = 10_000;
const CLIENT_INFO = { name: 'bench', version: '1.0.0' };

/** Connects: in the older revision with a handshake. @throws when that is refused */
export async function connectHttp({ url, token, revision }: HttpPlace): Promise<HttpClient> {
  const agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });
  const headers: Record<string, string> = {
    authorization: `Bearer ${token}`,
    'content-type': 'application/json',
    accept: 'application/json, text/event-stream',
    'mcp-protocol-version': revision,
  };
  let lastId = 0;

  async function post(message: object, more: Readonly<Record<string, string>> = {}): Promise<Answer> {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    const length = { 'content-length': String(Buffer.byteLength(body)) };
    const incoming = await new Promise<IncomingMessage>((resolve, reject) => {
      const signal = AbortSignal.timeout(MAX_CALL_MS);
      const sent = request(
        url,
        { method: 'POST', agent, signal, headers: { ...headers, ...more, ...length } },
        resolve,
      );
      sent.on('error', reject);
      sent.end(body);
    });
    return { status: incoming.statusCode ?? 0, headers: incoming.headers, body: await text(incoming) };
  }

  if (revision === '2025-11-25') {
    const params = { protocolVersion: revision, capabilities: {}, clientInfo: CLIENT_INFO };
    const answer = await post({ id: 0, method: 'initialize', params });
    const session = answer.headers['mcp-session-id'];
    if (typeof session !== 'string') throw new Error(`There is no session: ${answer.status} ${answer.body}`);
    headers['mcp-session-id'] = session;
    await post({ method: 'notifications/initialized' });
  }
  const envelope = revision === '2026-07-28' ? ENVELOPE : {};
  return {
    async call(tool, given) {
      lastId += 1;
      const params = { name: tool, arguments: given, ...envelope };
      const more: Record<string, string> =
        revision === '2026-07-28' ? { 'mcp-method': 'tools/call', 'mcp-name': tool } : {};
      try {
        return outcomeOf(await post({ id: lastId, method: 'tools/call', params }, more));
      } catch (error) {
        return { kind: 'failed', reason: error instanceof Error ? error.message : String(error) };
      }
    },
    close: () => agent.destroy(),
  };
}

const ENVELOPE = {
  _meta: {
    'io.modelcontextprotocol/protocolVersion': '2026-07-28',
    'io.modelcontextprotocol/clientInfo': CLIENT_INFO,
    'io.modelcontextprotocol/clientCapabilities': {},
  },
};

interface Answer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

const MAX_REASON_CHARACTERS = 200;

function outcomeOf({ status, headers, body }: Answer): Outcome {
  if (status === 503) return { kind: 'busy' };
  const json = headers['content-type']?.startsWith('text/event-stream') ? lastEventIn(body) : body;
  if (status !== 200 || json === undefined) return failed(`${status} ${body}`);
  // JSON-RPC, as the protocol has it.
  const { result } = JSON.parse(json) as {
    readonly result?: {
      readonly isError?: boolean;
      readonly content?: readonly { readonly text?: string }[];
      readonly structuredContent?: Readonly<Record<string, unknown>>;
    };
  };
  if (result === undefined) return failed(json);
  if (result.isError !== true) return { kind: 'ok', content: result.structuredContent ?? {} };
  const told = result.content?.[0]?.text ?? json;
  return told.startsWith('QUEUE_FULL') ? { kind: 'busy' } : failed(told);
}

/** The answer to a request comes last in its stream. */
function lastEventIn(stream: string): string | undefined {
  // At the start of a line: what is told may have the same letters in it.
  const start = stream.lastIndexOf('\ndata: {');
  return start === -1 ? undefined : stream.slice(start + '\ndata: '.length, stream.indexOf('\n', start + 1));
}

function failed(reason: string): Outcome {
  return { kind: 'failed', reason: reason.slice(0, MAX_REASON_CHARACTERS) };
}
