// The connections of the HTTP server: how many, and how many of them by clients that have not shown the token.
import type { Server as NodeServer } from 'node:http';
import type { Socket } from 'node:net';

/** How many may be open at the same time. */
export interface ConnectionLimits {
  /** Who comes on another is told that the server is busy. */
  readonly connections: number;
  /** Of these, such over which no token was shown yet. For another one the oldest of them goes, so they keep nobody out. */
  readonly strangers: number;
}

export const DEFAULT_CONNECTION_LIMITS: ConnectionLimits = Object.freeze({ connections: 512, strangers: 64 });

/** Connections beyond the limit that are told so; more are cut. */
const MAX_SURPLUS = 64;

/** Those of one server. */
export class Connections {
  readonly #open = new Set<Socket>();
  /** The oldest first. */
  readonly #strangers = new Set<Socket>();
  readonly #surplus = new WeakSet<Socket>();
  readonly #limits: ConnectionLimits;

  constructor(limits: ConnectionLimits) {
    this.#limits = limits;
  }

  get open(): number {
    return this.#open.size;
  }

  get isFull(): boolean {
    return this.open >= this.#limits.connections;
  }

  /** Counts those of `server` from now on. */
  watch(server: NodeServer): void {
    server.maxConnections = this.#limits.connections + MAX_SURPLUS;
    server.on('connection', (socket) => this.#take(socket));
  }

  /** Whether it came when there were as many as there may be. */
  isSurplus(socket: Socket): boolean {
    return this.#surplus.has(socket);
  }

  /** The token was shown over it. */
  trust(socket: Socket): void {
    this.#strangers.delete(socket);
  }

  #take(socket: Socket): void {
    const [oldest] = this.#strangers;
    if (oldest !== undefined && this.#strangers.size >= this.#limits.strangers) {
      this.#forget(oldest);
      oldest.destroy();
    }
    this.#open.add(socket);
    this.#strangers.add(socket);
    if (this.open > this.#limits.connections) this.#surplus.add(socket);
    socket.once('close', () => this.#forget(socket));
  }

  #forget(socket: Socket): void {
    this.#open.delete(socket);
    this.#strangers.delete(socket);
  }
}
