// The protocol over two streams, one JSON message a line. Loads nothing, so that it can read and answer a handshake
// while the SDK is still to be loaded. Unlike the SDK's own transport it answers what was asked before the input
// ended: `printf '…' | memory-mcp` gets all its answers.
import { StringDecoder } from 'node:string_decoder';
import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/server';
import { handshake } from './handshake.ts';

/** Longest line that is read: two and a half times the largest argument, which is 10 MB. */
const MAX_LINE_CHARACTERS = 25_000_000;

export interface StdioOptions {
  readonly input: NodeJS.ReadStream;
  /** The stream behind `write`, for its events. */
  readonly output: NodeJS.WriteStream;
  write(text: string): boolean;
  /** Called once, with the first line that came in: time to load what takes over, and to call `takeOver`. */
  onFirstLine(): void;
  /** Called once, when whoever took over has given its first answer: the handshake's early one does not count. */
  onFirstAnswer(): void;
  /** Called once, when nothing more is taken in: from now on the process is finishing. */
  onInputEnd(): void;
  /** Called once, behind that: all that was asked is answered, or nobody reads the answers. */
  onEnd(): void;
}

/** A transport over the streams of a process, which ends with its input. It reads at once. */
export class StdioTransport implements Transport {
  onmessage?: (message: JSONRPCMessage) => void;
  onerror?: (error: Error) => void;
  onclose?: () => void;

  readonly #options: StdioOptions;
  readonly #decoder: StringDecoder = new StringDecoder('utf8');
  /** Lines that came in before anybody took over. */
  readonly #waiting: string[] = [];
  readonly #unanswered = new Set<RequestId>();
  /** The beginning of a line whose end has not come yet, in the pieces it came in, and their length. */
  #pieces: string[] = [];
  #pieceCharacters = 0;
  #state: 'reading' | 'draining' | 'closed' = 'reading';
  #deserialize: ((line: string) => JSONRPCMessage) | undefined;
  #hasLine = false;
  #hasAnswered = false;
  #answeredHandshake: RequestId | undefined;

  constructor(options: StdioOptions) {
    this.#options = options;
    const { input, output } = options;
    input.on('data', this.#read);
    for (const event of ['end', 'close', 'error']) input.on(event, () => this.drain());
    output.on('error', () => this.#end());
  }

  /** Part of the protocol of transports: this one reads since it was made. */
  async start(): Promise<void> {}

  /** Reads messages from now on, those that came in before first. `deserialize` throws where a line is none. */
  takeOver(deserialize: (line: string) => JSONRPCMessage): void {
    this.#deserialize = deserialize;
    for (const line of this.#waiting.splice(0)) this.#deliver(line, deserialize);
    if (this.#state === 'draining' && this.#unanswered.size === 0) this.#end();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#state === 'closed') return;
    const id = answeredId(message);
    if (id !== undefined && id === this.#answeredHandshake) {
      this.#answeredHandshake = undefined;
      this.#settle(id);
      return;
    }
    const { write, output, onFirstAnswer } = this.#options;
    if (!write(`${JSON.stringify(message)}\n`)) await drained(output);
    if (id === undefined) return;
    if (!this.#hasAnswered) {
      this.#hasAnswered = true;
      onFirstAnswer();
    }
    this.#settle(id);
  }

  async close(): Promise<void> {
    this.#end();
  }

  /** Takes nothing more in, and ends when all that was asked is answered. */
  drain(): void {
    if (this.#state !== 'reading') return;
    this.#state = 'draining';
    this.#stopReading();
    if (this.#unanswered.size === 0 && this.#waiting.length === 0) this.#end();
  }

  readonly #read = (chunk: Buffer): void => {
    const [first = '', ...others] = this.#decoder.write(chunk).split('\n');
    this.#pieces.push(first);
    this.#pieceCharacters += first.length;
    for (const other of others) {
      const line = this.#pieces.join('');
      this.#pieces = [other];
      this.#pieceCharacters = other.length;
      this.#take(line.endsWith('\r') ? line.slice(0, -1) : line);
    }
    if (this.#pieceCharacters <= MAX_LINE_CHARACTERS) return;
    this.#report(new Error(`A message is longer than ${MAX_LINE_CHARACTERS} characters; the connection is closed.`));
    this.#end();
  };

  #take(line: string): void {
    if (line.trim() === '') return;
    if (this.#deserialize !== undefined) {
      this.#deliver(line, this.#deserialize);
      return;
    }
    this.#waiting.push(line);
    if (this.#hasLine) return;
    this.#hasLine = true;
    const early = handshake(line);
    if (early !== undefined) {
      this.#answeredHandshake = early.id;
      this.#options.write(early.answer);
    }
    this.#options.onFirstLine();
  }

  #deliver(line: string, deserialize: (line: string) => JSONRPCMessage): void {
    let message: JSONRPCMessage;
    try {
      message = deserialize(line);
    } catch (error) {
      // It is not known what it asks, so nobody waits for an answer; the lines behind it may be messages.
      this.#report(error);
      return;
    }
    if ('method' in message && 'id' in message) this.#unanswered.add(message.id);
    this.onmessage?.(message);
    // A cancelled request gets no answer.
    const cancelled = cancelledId(message);
    if (cancelled !== undefined) this.#settle(cancelled);
  }

  #settle(id: RequestId): void {
    this.#unanswered.delete(id);
    if (this.#state === 'draining' && this.#unanswered.size === 0) this.#end();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'reading') this.#stopReading();
    this.#state = 'closed';
    this.onclose?.();
    this.#options.onEnd();
  }

  #stopReading(): void {
    this.#options.input.off('data', this.#read);
    this.#options.input.pause();
    this.#options.onInputEnd();
  }

  #report(error: unknown): void {
    this.onerror?.(error instanceof Error ? error : new Error(String(error)));
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
