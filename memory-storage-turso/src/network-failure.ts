// What goes wrong on the way to a database and back, and what that says of the call: whether it may have been done all
// the same, whether another attempt may fare better, and what to tell.
import { retryAfterMs, troubleBehind } from '@episodica/memory-core/network';

import { LibsqlError } from '@libsql/core/api';

export type Mishap =
  | 'not found'
  | 'refused'
  | 'unreachable'
  | 'untrusted'
  | 'no TLS'
  | 'token refused'
  | 'no database'
  | 'bad port'
  | 'turned down'
  | 'not libSQL'
  | 'too many'
  | 'failing'
  | 'lost'
  | 'silent'
  | 'late'
  | 'given up'
  | 'crowded'
  | 'resting';

interface Nature {
  /** Whether the call may have been done, and only its answer is missing. */
  readonly mayBeDone: boolean;
  /** Whether the same call may succeed later. */
  readonly passes: boolean;
  /** Whether it is a sign that nothing can be reached at all. */
  readonly isOutage: boolean;
  readonly what: string;
  readonly advice: string;
}

const NO_ANSWER = { mayBeDone: true, passes: true, isOutage: true };
const NOT_REACHED = { mayBeDone: false, passes: true, isOutage: true };
const NOT_NOW = { mayBeDone: false, passes: true, isOutage: false };
const NEVER = { mayBeDone: false, passes: false, isOutage: false };

const NATURES: Readonly<Record<Mishap, Nature>> = {
  'not found': {
    ...NOT_REACHED,
    what: 'its host was not found',
    advice: 'See that the URL is right and that this machine is online, and try again',
  },
  refused: {
    ...NOT_REACHED,
    what: 'its host refuses connections',
    advice: 'See that the server runs and that the URL is right, and try again',
  },
  unreachable: {
    ...NOT_REACHED,
    what: 'its host could not be reached',
    advice: 'See that this machine is online and that the URL is right, and try again',
  },
  untrusted: {
    ...NEVER,
    what: 'there is no secure connection to its host',
    advice: 'See that the URL is right, and that its certificate is valid and known to this machine',
  },
  'no TLS': {
    ...NEVER,
    what: 'there is no secure connection to its host, which does not answer with TLS',
    advice: 'See that the URL is right; for a server without TLS: http:// or ws://',
  },
  'token refused': {
    ...NEVER,
    what: 'the token was refused',
    advice: 'Set TURSO_AUTH_TOKEN to a token of this database that is still valid',
  },
  'no database': {
    ...NEVER,
    what: 'there is no database at this address',
    advice: 'See that the URL is the one of a libSQL database that exists',
  },
  'bad port': {
    ...NEVER,
    what: 'its port is one of those that are never asked over HTTP, as other services have them',
    advice: 'Let the server listen on another port',
  },
  'turned down': {
    ...NEVER,
    what: 'its host turned the request down',
    advice: 'See that the URL is the one of a libSQL database, and what its host says of it',
  },
  'not libSQL': {
    ...NEVER,
    what: 'what answers at this address does not speak as a libSQL server does',
    advice: 'See that the URL is the one of a libSQL database, and that no proxy answers in its place',
  },
  'too many': {
    ...NOT_NOW,
    what: 'its host says that there were too many requests',
    advice: 'Try again later, or ask the host for more',
  },
  failing: { ...NO_ANSWER, what: 'its host fails', advice: 'Try again later' },
  lost: {
    ...NO_ANSWER,
    what: 'the connection was lost before the answer was complete',
    advice: 'See that this machine is online, and try again',
  },
  silent: {
    ...NO_ANSWER,
    what: 'there was no answer in time',
    advice: 'See that this machine is online, and try again',
  },
  late: {
    ...NOT_NOW,
    what: 'other calls kept every connection busy until its time was over',
    advice: 'Try again later',
  },
  'given up': { ...NEVER, what: 'it was given up', advice: 'Nothing was written' },
  crowded: { ...NOT_NOW, what: 'too many calls are waiting for a connection', advice: 'Try again later' },
  resting: { ...NOT_NOW, what: 'it could not be reached several times in a row', advice: 'Try again then' },
};

export interface FailureDetails {
  /** A status, a code, the host's words: without secrets. */
  readonly detail?: string | undefined;
  /** How long the host asks to be left alone. */
  readonly retryAfterMs?: number | undefined;
}

/** The network, or the host behind it, and not the engine, failed a call. Holds nothing but what may be shown. */
export class NetworkFailure extends Error {
  readonly mishap: Mishap;
  readonly retryAfterMs: number;

  constructor(mishap: Mishap, { detail, retryAfterMs = 0 }: FailureDetails = {}) {
    super(`${NATURES[mishap].what}${detail === undefined ? '' : ` (${detail})`}`);
    this.name = 'NetworkFailure';
    this.mishap = mishap;
    this.retryAfterMs = retryAfterMs;
  }

  get nature(): Nature {
    return NATURES[this.mishap];
  }
}

/** A batch that failed, or was turned down, behind an attempt that may have been done: whether it was is not known. */
export class InDoubt extends Error {
  readonly reason: unknown;

  constructor(reason: unknown) {
    super('an earlier attempt may have been done', { cause: reason });
    this.name = 'InDoubt';
    this.reason = reason;
  }
}

/** What an HTTP status says that is no success. `words`: those of the host. */
export function failureOfStatus(
  status: number,
  { retryAfter, words = '' }: { readonly retryAfter?: string | null | undefined; readonly words?: string } = {},
): NetworkFailure {
  const detail = words === '' ? String(status) : `${status}: ${words}`;
  if (status === 401 || status === 403) return new NetworkFailure('token refused', { detail: String(status) });
  if (status === 404) return new NetworkFailure('no database', { detail: String(status) });
  const failure = { detail, retryAfterMs: retryAfterMs(retryAfter) };
  if (status === 429) return new NetworkFailure('too many', failure);
  if (status >= 500) return new NetworkFailure('failing', failure);
  return new NetworkFailure('turned down', { detail });
}

/**
 * The failure behind what a transport threw. What the engine said, and our own mistakes, are answered as they are.
 */
export function failureBehind(error: unknown): unknown {
  if (error instanceof NetworkFailure) return error;
  if (error instanceof LibsqlError) return failureInProtocol(error) ?? error;
  const known = troubleBehind(error);
  if (known === undefined) return error;
  const { trouble, code: detail } = known;
  return new NetworkFailure(trouble === 'foreign' ? 'not libSQL' : trouble, { detail });
}

/** Codes that are the client's or the host's, and not the engine's. */
function failureInProtocol({ code, cause }: LibsqlError): NetworkFailure | undefined {
  if (code.startsWith('AUTH_')) return new NetworkFailure('token refused', { detail: code });
  if (code === 'SERVER_ERROR') return new NetworkFailure('failing', { detail: code });
  if (code === 'HRANA_PROTO_ERROR') return new NetworkFailure('not libSQL');
  const isClosed = code === 'UNKNOWN' && cause instanceof Error && cause.name === 'ClientError';
  if (isClosed || /^(?:HRANA_|STREAM_|CLIENT_CLOSED|INTERNAL_ERROR)/u.test(code))
    return new NetworkFailure('lost', { detail: code });
  return undefined;
}
