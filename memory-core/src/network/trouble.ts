// What goes wrong between this machine and a host, read from the errors of Node, of its `fetch`, and of OpenSSL.

/** `foreign`: what answers speaks another protocol. */
export type Trouble =
  | 'not found'
  | 'refused'
  | 'unreachable'
  | 'untrusted'
  | 'no TLS'
  | 'bad port'
  | 'lost'
  | 'silent'
  | 'foreign';

/** Holds nothing but what may be shown. */
export interface NetworkTrouble {
  readonly trouble: Trouble;
  /** The code of the system. */
  readonly code?: string;
}

/** The trouble behind an error; none where it is something else, as a mistake of ours. */
export function troubleBehind(error: unknown): NetworkTrouble | undefined {
  if (!(error instanceof Error)) return undefined;
  if (error.name === 'AbortError' || error.name === 'TimeoutError') return { trouble: 'silent' };
  // The body ended early: what there is of it is no JSON.
  if (error instanceof SyntaxError) return { trouble: 'lost' };
  const source = sourceOf(error);
  if (source.message === 'bad port') return { trouble: 'bad port' };
  return source.code === undefined && source === error ? undefined : troubleOfSystem(source);
}

interface SystemError extends Error {
  readonly code?: unknown;
  readonly syscall?: unknown;
}

/** The innermost cause: `fetch` wraps the error of the socket, and that those of the addresses it tried. */
function sourceOf(error: Error): SystemError {
  const [first] = error instanceof AggregateError ? error.errors : [];
  const inner = first ?? error.cause;
  return inner instanceof Error ? sourceOf(inner) : error;
}

const TLS_CODES = /^(?:ERR_TLS|ERR_SSL|ERR_OSSL|CERT_|DEPTH_ZERO|SELF_SIGNED|UNABLE_TO_|HOSTNAME_MISMATCH|INVALID_CA)/u;

/** The other side spoke, and something else. A certificate that is not trusted is no reason to go without one. */
const NO_TLS_CODES = /^(?:ERR_SSL_WRONG_VERSION_NUMBER|ERR_SSL_PACKET_LENGTH_TOO_LONG|EPROTO)$/u;

function troubleOfSystem({ code, syscall }: SystemError): NetworkTrouble {
  if (typeof code !== 'string') return { trouble: 'lost' };
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') return { trouble: 'not found', code };
  if (code === 'ECONNREFUSED') return { trouble: 'refused', code };
  if (NO_TLS_CODES.test(code)) return { trouble: 'no TLS', code };
  if (TLS_CODES.test(code)) return { trouble: 'untrusted', code };
  // Nothing was sent where there was no connection.
  if (syscall === 'connect' || code === 'UND_ERR_CONNECT_TIMEOUT') return { trouble: 'unreachable', code };
  if (code.startsWith('HPE_')) return { trouble: 'foreign', code };
  return { trouble: 'lost', code };
}
