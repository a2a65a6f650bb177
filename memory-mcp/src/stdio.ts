// The protocol over two streams, one JSON message a line. Loads nothing, so that it can read and answer a handshake
// while the SDK is still to be loaded. Unlike the SDK's own transport it answers what was asked before the input
// ended: `printf '…' | memory-mcp` gets all its answers.
import { StringDecoder } from 'node:string_decoder';
import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/server';
import { handshake } from './handshake.ts';

/** Longest line that is read: two and a half times the largest argument, which is 10 MB. */
const MAX_LINE_CHARACTERS = 25_000_000;
/** How long answers may take after the end of the input. */
const MAX_DRAIN_MS = 10_000;

export interface StdioOptions {
  readonly input: NodeJS.ReadStream;
  /** The stream behind `write`, for its events. */
  readonly output: NodeJS.WriteStream;
  write(text: string): boolean;
  /** Called once, with the first line that came in: time to load what takes over, and to call `takeOver`. */
  onFirstLine(): void;
  /** Called once, when whoever took over has given its first answer: the handshake's early one does not count. */
  onFirstAnswer(): void;
  /** Called once, when nothing more comes in and all that was asked is answered, or nobody reads the answers. */
  onEnd(): void;
}

/** A transport that ends with its input. */
export interface StdioTransport extends Transport {
  /** Reads messages from now on, those that came in before first. Throws where a line is none. */
  takeOver(deserialize: (line: string) => JSONRPCMessage): void;
  /** Takes nothing more in, and ends when all that was asked is answered. */
  drain(): void;
}

/** A transport over the streams of a process. It reads at once. */
export function stdioTransport(options: StdioOptions): StdioTransport {
  const { input, output, write, onFirstLine, onFirstAnswer, onEnd } = options;
  const decoder = new StringDecoder('utf8');
  const waiting: string[] = [];
  const unanswered = new Set<RequestId>();
  let partial = '';
  let state: 'reading' | 'draining' | 'closed' = 'reading';
  let deserialize: ((line: string) => JSONRPCMessage) | undefined;
  let hasLine = false;
  let hasAnswered = false;
  let answeredHandshake: RequestId | undefined;

  const transport: StdioTransport = {
    async start() {
      // It reads since it was made.
    },
    takeOver(deserializeLine) {
      deserialize = deserializeLine;
      for (const line of waiting.splice(0)) deliver(line, deserializeLine);
      if (state === 'draining' && unanswered.size === 0) end();
    },
    async send(message) {
      if (state === 'closed') return;
      const id = answeredId(message);
      if (id !== undefined && id === answeredHandshake) {
        answeredHandshake = undefined;
        settle(id);
        return;
      }
      if (!write(`${JSON.stringify(message)}\n`)) await drained(output);
      if (id === undefined) return;
      if (!hasAnswered) {
        hasAnswered = true;
        onFirstAnswer();
      }
      settle(id);
    },
    async close() {
      end();
    },
    drain,
  };
  input.on('data', read);
  input.on('end', drain);
  input.on('close', drain);
  input.on('error', drain);
  output.on('error', end);
  return transport;

  function read(chunk: Buffer): void {
    const lines = (partial + decoder.write(chunk)).split('\n');
    partial = lines.pop() ?? '';
    for (const line of lines) take(line.endsWith('\r') ? line.slice(0, -1) : line);
    if (partial.length <= MAX_LINE_CHARACTERS) return;
    report(new Error(`A message is longer than ${MAX_LINE_CHARACTERS} characters; the connection is closed.`));
    end();
  }

  function take(line: string): void {
    if (line.trim() === '') return;
    if (deserialize !== undefined) {
      deliver(line, deserialize);
      return;
    }
    waiting.push(line);
    if (hasLine) return;
    hasLine = true;
    const early = handshake(line);
    if (early !== undefined) {
      answeredHandshake = early.id;
      write(early.answer);
    }
    onFirstLine();
  }

  function deliver(line: string, parse: (line: string) => JSONRPCMessage): void {
    let message: JSONRPCMessage;
    try {
      message = parse(line);
    } catch (error) {
      // It is not known what it asks, so nobody waits for an answer; the lines behind it may be messages.
      report(error);
      return;
    }
    if ('method' in message && 'id' in message) unanswered.add(message.id);
    transport.onmessage?.(message);
    // A cancelled request gets no answer.
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) settle(cancelled);
  }

  function settle(id: RequestId): void {
    unanswered.delete(id);
    if (state === 'draining' && unanswered.size === 0) end();
  }

  function drain(): void {
    if (state !== 'reading') return;
    state = 'draining';
    input.off('data', read);
    input.pause();
    if (unanswered.size === 0 && waiting.length === 0) end();
    else setTimeout(end, MAX_DRAIN_MS).unref();
  }

  function end(): void {
    if (state === 'closed') return;
    state = 'closed';
    input.off('data', read);
    input.pause();
    transport.onclose?.();
    onEnd();
  }

  function report(error: unknown): void {
    transport.onerror?.(error instanceof Error ? error : new Error(String(error)));
  }
}

function answeredId(message: JSONRPCMessage): RequestId | undefined {
  return 'result' in message || 'error' in message ? message.id : undefined;
}

function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!('method' in message) || 'id' in message || message.method !== 'notifications/cancelled') return undefined;
  const id: unknown = message.params?.requestId;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}

async function drained(output: NodeJS.WriteStream): Promise<void> {
  await new Promise<void>((resolve) => {
    const settle = (): void => {
      output.off('drain', settle);
      output.off('error', settle);
      resolve();
    };
    output.on('drain', settle);
    output.on('error', settle);
  });
}
