// What is noted of a command: where its messages go once its settings say so, and how it ended. Nothing of what it was
// given. A command that reads no settings, such as help, is not noted, and loads nothing for it.
import type { Logger } from '@episodica/memory-core/ports';

/** Where the lines of one command go. */
export interface CommandTarget {
  readonly logger: Logger;
  /** Why nothing can be written there; nothing where it can. */
  problem(): unknown;
  close(): void;
}

/** The log of one command. */
export interface CommandLog {
  /** Id of the command: each of its lines has it. */
  readonly request: string;
  /** Where lines go from now on; the first answer counts. */
  open(target: () => CommandTarget): CommandTarget;
  /** Writes how it ended, where there was a log, and closes that. `isForeseen`: it ended with an error that has a code. */
  ended(end: { readonly exitCode: number; readonly error?: unknown; readonly isForeseen?: boolean }): void;
}

/** Begins now. `command` is its name, such as `episode list`. */
export function commandLog(command: string): CommandLog {
  const startedMs = performance.now();
  let target: CommandTarget | undefined;
  return {
    request: Math.random().toString(36).slice(2, 10).padEnd(8, '0'),
    open(make) {
      target ??= make();
      return target;
    },
    ended({ exitCode, error, isForeseen = true }) {
      if (target === undefined) return;
      const { logger } = target;
      if (!isForeseen) logger.error({ error }, 'a command failed in a way that is not foreseen');
      const ms = Math.round((performance.now() - startedMs) * 1_000) / 1_000;
      logger.info({ command, exitCode, ms }, 'a command ended');
      target.close();
    },
  };
}
