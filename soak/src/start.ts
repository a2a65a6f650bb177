// Starts agents and speaks with them.
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { AgentReport, FromAgent, Orders, ToAgent } from './agent.ts';

export interface Agent {
  readonly orders: Orders;
  readonly pid: number | undefined;
  /** It has opened the store and begins to work. Rejects when it ends before. */
  readonly opened: Promise<void>;
  /** Says what it wrote, and waits to be told that a neighbour has seen it. */
  onWrote(listener: (message: FromAgent & { readonly says: 'wrote' }) => void): void;
  /** Has it read what a neighbour wrote, with its very next calls; answers what was wrong. Several take turns. */
  look(message: ToAgent & { readonly says: 'look' }): Promise<readonly string[]>;
  seen(): void;
  /** Ends its work; it goes on answering. */
  stop(): Promise<AgentReport>;
  /** Ends it in good order. Rejects when it ends otherwise, with what it printed. */
  leave(): Promise<void>;
  /** Ends it as nothing can prevent. Resolves when it is gone. */
  kill(): Promise<void>;
}

const PROGRAM = fileURLToPath(new URL('agent.js', import.meta.url));

export function startAgent(orders: Orders): Agent {
  const child = fork(PROGRAM, [JSON.stringify(orders)], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
  let printed = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    printed += text;
  });
  // Calls of a process that has been killed meanwhile go nowhere.
  child.on('error', () => undefined);
  const exited = once(child, 'close');
  const told = <S extends FromAgent['says']>(says: S): Promise<FromAgent & { readonly says: S }> =>
    Promise.race([answerOf(child, says), exited.then(() => Promise.reject(ended(child, orders, printed)))]);
  const opened = told('open').then(() => undefined);
  // Whoever kills an agent before it has opened does not wait for that.
  opened.catch(() => undefined);
  let lastLook: Promise<unknown> = Promise.resolve();
  const send = (message: ToAgent): void => void (child.connected && child.send(message));
  return {
    orders,
    pid: child.pid,
    opened,
    onWrote: (listener) =>
      void child.on('message', (message: FromAgent) => {
        if (message.says === 'wrote') listener(message);
      }),
    look(message) {
      const looking = lastLook.then(async () => {
        const looked = told('looked');
        send(message);
        return (await looked).findings;
      });
      lastLook = looking.catch(() => undefined);
      return looking;
    },
    seen: () => send({ says: 'seen' }),
    async stop() {
      const report = told('ended');
      send({ says: 'stop' });
      return (await report).report;
    },
    async leave() {
      send({ says: 'leave' });
      await exited;
      if (child.exitCode !== 0) throw ended(child, orders, printed);
    },
    async kill() {
      child.kill('SIGKILL');
      await exited;
    },
  };
}

function answerOf<S extends FromAgent['says']>(
  child: ChildProcess,
  says: S,
): Promise<FromAgent & { readonly says: S }> {
  return new Promise((resolve) => {
    child.on('message', function listen(message: FromAgent) {
      if (!isOf(message, says)) return;
      child.off('message', listen);
      resolve(message);
    });
  });
}

function isOf<S extends FromAgent['says']>(message: FromAgent, says: S): message is FromAgent & { readonly says: S } {
  return message.says === says;
}

function ended(child: ChildProcess, orders: Orders, printed: string): Error {
  return new Error(`Agent ${orders.name} ended (${child.exitCode ?? child.signalCode}): ${printed.slice(0, 2_000)}`);
}
