// A server in the test's own process, behind the transport of the program: bytes in, lines out.
import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import { inMemoryStore, type Memory, openMemory } from '@episodica/memory-core';
import { type MemoryStore, silentLogger } from '@episodica/memory-core/ports';
import { openSandbox } from '@episodica/memory-mcp/sandbox';
import { onTestFinished } from 'vitest';
import { connect } from '../src/serve.ts';
import { createServices, type Services } from '../src/services.ts';
import { StdioTransport } from '../src/stdio.ts';

export interface Answer {
  readonly jsonrpc: string;
  readonly id?: string | number | null;
  readonly method?: string;
  // Tests look into answers of many forms; each states what it expects.
  // biome-ignore lint/suspicious/noExplicitAny: see above
  readonly [name: string]: any;
}

export interface Wired {
  readonly services: Services;
  readonly memory: Memory;
  readonly input: PassThrough;
  /** Every line so far, in order; each is one JSON text. */
  readonly answers: readonly Answer[];
  /** Whether the transport has ended. */
  readonly ended: Promise<void>;
  send(message: object): void;
  /** Waits for the answer to a request with this id, or for what `is` says of any message. */
  answer(id: string | number | ((message: Answer) => boolean)): Promise<Answer>;
  /** Nobody takes the answers any more; called again with `false`, all that waited is taken. */
  hold(isHeld: boolean): void;
}

interface WiredOptions {
  readonly store?: MemoryStore;
  readonly hasSandbox?: boolean;
  /** Until then the memory is not open. */
  readonly opened?: Promise<void>;
}

/** Served from the first message on; it goes with the test. */
export function wired(given: WiredOptions = {}): Wired {
  const memory = openMemory({ store: given.store ?? inMemoryStore(), embedder: 'none' });
  const services = createServices({
    async openBackend() {
      await given.opened;
      return { memory, close: () => memory.close() };
    },
    openSandbox: given.hasSandbox === true ? async () => openSandbox() : undefined,
    logger: silentLogger,
  });
  onTestFinished(() => services.close());
  const input = new PassThrough();
  const answers: Answer[] = [];
  const looking = new Set<() => void>();
  let held: (() => void)[] | undefined;
  let end = (): void => {};
  const ended = new Promise<void>((resolve) => {
    end = resolve;
  });
  const transport = new StdioTransport({
    input,
    output: new EventEmitter(),
    write(text, written) {
      const lines = text.split('\n');
      if (lines.length !== 2 || lines[1] !== '') throw new Error(`not one line: ${text.slice(0, 200)}`);
      answers.push(JSON.parse(text));
      for (const look of looking) look();
      if (held === undefined) queueMicrotask(written);
      else held.push(written);
    },
    hasParent: () => true,
    onFirstMessage: () => connect(transport, services),
    onFirstAnswer() {},
    onInputEnd() {},
    onEnd: () => end(),
  });
  return {
    services,
    memory,
    input,
    answers,
    ended,
    send: (message) => void input.write(`${JSON.stringify(message)}\n`),
    answer: (id) =>
      new Promise((resolve) => {
        const is =
          typeof id === 'function' ? id : (message: Answer) => message.id === id && message.method === undefined;
        const look = (): void => {
          const found = answers.find(is);
          if (found === undefined) return;
          looking.delete(look);
          resolve(found);
        };
        looking.add(look);
        look();
      }),
    hold(isHeld) {
      const waiting = held ?? [];
      held = isHeld ? [] : undefined;
      for (const written of waiting) written();
    },
  };
}
