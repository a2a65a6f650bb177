// The log of the server. Where its lines go is known once the configuration is read, which may be what cannot be: until
// then warnings and errors go where they are seen. Each line says which request it belongs to.
import { jsonLogger, type LogBase, type LogLosses } from '@episodica/memory-core/log';
import type { Logger } from '@episodica/memory-core/ports';
import { type Requests, requests } from './requests.ts';

/** Where lines go. */
export interface LogTarget {
  readonly logger: Logger;
  /** For people. */
  readonly place: string;
  losses(): LogLosses;
  close(): void;
}

/** A logger whose messages can be led elsewhere. */
export interface SwitchableLogger extends Logger {
  /** From now on messages go there; where they went before is closed. */
  switchTo(next: LogTarget): void;
  /** Of what is being answered when something is logged. */
  readonly requests: Requests;
  /** Whether what is logged is kept, and where. */
  health(): { readonly status: 'ok' | 'degraded'; readonly detail: string };
}

/** What every line says beside its message. */
export const LOG_BASE: LogBase = Object.freeze({
  program: 'memory-mcp',
  pid: process.pid,
});

/** Where nothing is lost. */
export const NO_LOSSES: LogLosses = Object.freeze({ dropped: 0 });

/** Writes warnings and errors as lines of JSON until it is switched. */
export function switchableLogger(write: (line: string) => void): SwitchableLogger {
  const asked = requests();
  let target: LogTarget = {
    logger: jsonLogger({ threshold: 'warn', base: LOG_BASE, write }),
    place: 'standard error',
    losses: () => NO_LOSSES,
    close() {},
  };
  const fieldsOf = (fields: object): object => {
    const request = asked.current();
    return request === undefined ? fields : { request, ...fields };
  };
  return {
    debug: (fields, message) => target.logger.debug(fieldsOf(fields), message),
    info: (fields, message) => target.logger.info(fieldsOf(fields), message),
    warn: (fields, message) => target.logger.warn(fieldsOf(fields), message),
    error: (fields, message) => target.logger.error(fieldsOf(fields), message),
    switchTo(next) {
      const before = target;
      target = next;
      before.close();
    },
    requests: asked,
    health() {
      const { dropped, reason } = target.losses();
      if (dropped === 0) return { status: 'ok', detail: target.place };
      const lost = `${dropped} lines could not be written and are lost`;
      if (reason === undefined) return { status: 'ok', detail: `${target.place}; ${lost}` };
      return { status: 'degraded', detail: `${target.place} cannot be written now (${reason}); ${lost}` };
    },
  };
}
