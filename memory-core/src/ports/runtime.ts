// The world that the pure parts are told about.

/** Milliseconds since 1970, UTC. */
export type Clock = () => number;

/** A new id with each call: a lower-case UUID, rising. */
export type IdSource = () => string;

/** Structured messages. Never content of episodes at `info` and above: ids and counts only. */
export interface Logger {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** Tells nobody anything. */
export const silentLogger: Logger = Object.freeze({ debug() {}, info() {}, warn() {}, error() {} });
