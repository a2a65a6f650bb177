// The protocol over two streams, one JSON message a line. Loads nothing, so that it can read and answer a handshake
// while the SDK is still to be loaded. Unlike the SDK's own transport it answers what was asked before the input
// ended (`printf '…' | memory-mcp` gets all its answers), tells a client of a line that is no message, passes over
// one that is too long, and reads no faster than it is read.
import type { JSONRPCMessage, RequestId, Transport } from '@modelcontextprotocol/server';
import { errorLine, type Frame, MAX_LINE_BYTES, RPC_ERRORS, readFrame, tooLongFrame } from './frame.ts';
import { handshake } from './handshake.ts';
import { type Line, LineCutter } from './lines.ts';

/** Of requests that are not answered yet; past it nothing is read until some are. */
const MAX_ASKED_BYTES = 64_000_000;
/** Of answers that nobody has taken yet, in characters; past it nothing is read, and notifications are left out. */
const MAX_UNTAKEN_CHARACTERS = 16_000_000;
const PARENT_CHECK_MS = 500;

export interface StdioOptions {
  readonly input: NodeJS.ReadableStream;
  /** The stream behind `write`, for its events. */
  readonly output: NodeJS.EventEmitter;
  /** Calls `written` when the text is out, or nobody takes it any more. */
  write(text: string, written: () => void): void;
  /** Whether who started the process is there: while nothing is read, its end is not seen, and nobody else reads answers. */
  hasParent(): boolean;
  /** Called once, with the first message that came in: time to load what takes over, and to call `takeOver`. */
  onFirstMessage(): void;
  /** Called once, when whoever took over has given its first answer: the handshake's early one does not count. */
  onFirstAnswer(): void;
  /** Called once, when nothing more is taken in: from now on the process is finishing. */
  onInputEnd(): void;
  /** Called once, behind that: all that was asked is answered, or nobody reads the answers. */
  onEnd(): void;
}

interface Received {
  readonly value: object;
  readonly sizeBytes: number;
}

/** Requests under one id, which should be one. */
interface Asked {
  count: number;
  sizeBytes: number;
}

/** A transport over the streams of a process, which ends with its input. It reads at once. */
export class StdioTransport implements Transport {
  onmessage?: (message: JSONRPCMessage) => void;
  onerror?: (error: Error) => void;
  onclose?: () => void;

  readonly #options: StdioOptions;
  readonly #lines = new LineCutter(MAX_LINE_BYTES);
  /** Messages that came in before anybody took over. */
  readonly #waiting: Received[] = [];
  readonly #unanswered = new Map<RequestId, Asked>();
  #askedBytes = 0;
  #untakenCharacters = 0;
  #state: 'reading' | 'draining' | 'closed' = 'reading';
  /** While nothing is read: looks whether anybody is still there. */
  #pause: NodeJS.Timeout | undefined;
  /** The same, behind the end of the input. */
  #watch: NodeJS.Timeout | undefined;
  #parse: ((value: object) => JSONRPCMessage) | undefined;
  #hasMessage = false;
  #hasAnswered = false;
  #answeredHandshake: RequestId | undefined;

  constructor(options: StdioOptions) {
    this.#options = options;
    const { input, output } = options;
    input.on('data', this.#read);
    input.on('end', () => {
      if (this.#state === 'reading') this.#takeAll(this.#lines.rest());
      this.drain();
    });
    for (const event of ['close', 'error']) input.on(event, () => this.drain());
    output.on('error', () => this.#end());
  }

  /** Part of the protocol of transports: this one reads since it was made. */
  async start(): Promise<void> {}

  /** Hands messages on from now on, those that came in before first. `parse` throws where one is none. */
  takeOver(parse: (value: object) => JSONRPCMessage): void {
    this.#parse = parse;
    for (const received of this.#waiting.splice(0)) this.#deliver(received, parse);
    this.#flow();
    this.#endWhenDone();
  }

  async send(message: JSONRPCMessage): Promise<void> {
    if (this.#state === 'closed') return;
    const id = answeredId(message);
    if (id === undefined) {
      if (this.#untakenCharacters <= MAX_UNTAKEN_CHARACTERS) await this.#write(`${JSON.stringify(message)}\n`);
      return;
    }
    if (id === this.#answeredHandshake) this.#answeredHandshake = undefined;
    else await this.#answer(message);
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
    // What still runs is of use to nobody when nobody reads the answers.
    this.#watch = setInterval(() => this.#options.hasParent() || this.#end(), PARENT_CHECK_MS);
    this.#endWhenDone();
  }

  readonly #read = (chunk: Buffer): void => {
    this.#takeAll(this.#lines.cut(chunk));
    this.#flow();
  };

  #takeAll(lines: readonly Line[]): void {
    for (const line of lines) {
      if (line === 'too long') this.#take(tooLongFrame(), 0);
      else this.#take(readFrame(line), line.length);
    }
  }

  #take(frame: Frame, sizeBytes: number): void {
    if (frame.kind === 'blank') return;
    if (frame.kind === 'refused') {
      this.#report(new Error(frame.reason));
      if (frame.answer !== undefined) void this.#write(frame.answer);
      return;
    }
    const received = { value: frame.value, sizeBytes };
    this.#noteAsked(received);
    if (this.#parse !== undefined) {
      this.#deliver(received, this.#parse);
      return;
    }
    this.#waiting.push(received);
    if (this.#hasMessage) return;
    this.#hasMessage = true;
    const early = handshake(frame.value);
    if (early !== undefined) {
      this.#answeredHandshake = early.id;
      void this.#write(early.answer);
    }
    this.#options.onFirstMessage();
  }

  #noteAsked({ value, sizeBytes }: Received): void {
    const id = askedId(value);
    if (id === undefined) return;
    const { count, sizeBytes: before } = this.#unanswered.get(id) ?? { count: 0, sizeBytes: 0 };
    this.#unanswered.set(id, { count: count + 1, sizeBytes: before + sizeBytes });
    this.#askedBytes += sizeBytes;
  }

  #deliver({ value }: Received, parse: (value: object) => JSONRPCMessage): void {
    let message: JSONRPCMessage;
    try {
      message = parse(value);
    } catch (error) {
      this.#report(error);
      this.#refuse(value);
      return;
    }
    const cancelled = cancelledId(message);
    // What is answered cannot be cancelled, and the protocol forbids it for a handshake.
    if (cancelled !== undefined && cancelled === this.#answeredHandshake) return;
    this.onmessage?.(message);
    // A cancelled request gets no answer.
    if (cancelled !== undefined) this.#settle(cancelled);
  }

  /** The frame is right, so it is params that the SDK does not understand: of those it looks at `_meta`. */
  #refuse(value: object): void {
    const id = askedId(value);
    if (id === undefined) return;
    const message = 'params._meta is not what the protocol says.';
    const answer = errorLine(id, { code: RPC_ERRORS.invalidParams, message });
    void this.#write(answer).then(() => this.#settle(id));
  }

  async #answer(message: JSONRPCMessage): Promise<void> {
    await this.#write(`${JSON.stringify(message)}\n`);
    if (this.#hasAnswered) return;
    this.#hasAnswered = true;
    this.#options.onFirstAnswer();
  }

  async #write(text: string): Promise<void> {
    this.#untakenCharacters += text.length;
    this.#flow();
    await new Promise<void>((resolve) => this.#options.write(text, resolve));
    this.#untakenCharacters -= text.length;
    this.#flow();
    this.#endWhenDone();
  }

  #settle(id: RequestId): void {
    const asked = this.#unanswered.get(id);
    if (asked === undefined) return;
    const sizeBytes = asked.sizeBytes / asked.count;
    this.#askedBytes -= sizeBytes;
    if (asked.count === 1) this.#unanswered.delete(id);
    else this.#unanswered.set(id, { count: asked.count - 1, sizeBytes: asked.sizeBytes - sizeBytes });
    this.#flow();
    this.#endWhenDone();
  }

  /** Reads no faster than is answered, and than the answers are taken. */
  #flow(): void {
    if (this.#state !== 'reading') return;
    const isFull = this.#askedBytes > MAX_ASKED_BYTES || this.#untakenCharacters > MAX_UNTAKEN_CHARACTERS;
    if (isFull === (this.#pause !== undefined)) return;
    if (isFull) {
      this.#options.input.pause();
      this.#pause = setInterval(() => this.#options.hasParent() || this.drain(), PARENT_CHECK_MS);
    } else {
      clearInterval(this.#pause);
      this.#pause = undefined;
      this.#options.input.resume();
    }
  }

  /** Ends a transport that takes nothing more in, when nobody waits for it and nothing is still to go out. */
  #endWhenDone(): void {
    if (this.#state === 'draining' && this.#unanswered.size === 0 && this.#untakenCharacters === 0) this.#end();
  }

  #end(): void {
    if (this.#state === 'closed') return;
    if (this.#state === 'reading') this.#stopReading();
    clearInterval(this.#watch);
    this.#state = 'closed';
    this.onclose?.();
    this.#options.onEnd();
  }

  #stopReading(): void {
    clearInterval(this.#pause);
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

/** Of a request that waits for its answer, whose frame was looked at. One that listens is never answered. */
function askedId(value: object): RequestId | undefined {
  if (!('method' in value) || !('id' in value) || value.method === 'subscriptions/listen') return undefined;
  return typeof value.id === 'string' || typeof value.id === 'number' ? value.id : undefined;
}

function cancelledId(message: JSONRPCMessage): RequestId | undefined {
  if (!('method' in message) || 'id' in message || message.method !== 'notifications/cancelled') return undefined;
  const id: unknown = message.params?.requestId;
  return typeof id === 'string' || typeof id === 'number' ? id : undefined;
}
