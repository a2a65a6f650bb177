// Which request is being answered: known to all that is done for it, so that the lines of the log can be told apart.
import { AsyncLocalStorage } from 'node:async_hooks';

/** Tells requests apart. */
export interface Requests {
  /** Does `work` as a request of its own. */
  answer<T>(work: () => Promise<T>): Promise<T>;
  /** Id of the request that is being answered here; nothing outside of any, and where one has been answered. */
  current(): string | undefined;
}

interface Asked {
  readonly id: string;
  isAnswered: boolean;
}

/** Nothing was asked yet. */
export function requests(): Requests {
  const asked = new AsyncLocalStorage<Asked>();
  return {
    async answer(work) {
      const request: Asked = { id: newId(), isAnswered: false };
      try {
        return await asked.run(request, work);
      } finally {
        // What it has opened on its way, such as the store, lives on and has nothing to do with it any more.
        request.isAnswered = true;
      }
    },
    current() {
      const request = asked.getStore();
      return request === undefined || request.isAnswered ? undefined : request.id;
    },
  };
}

/** Milliseconds since `startedMs` of `performance.now()`, as lines of the log tell them: to the microsecond. */
export function msSince(startedMs: number): number {
  return Math.round((performance.now() - startedMs) * 1_000) / 1_000;
}

const ID_CHARACTERS = 8;

/** Short enough to be read out, and long enough to be the only one in a log. */
function newId(): string {
  return Math.random()
    .toString(36)
    .slice(2, 2 + ID_CHARACTERS)
    .padEnd(ID_CHARACTERS, '0');
}
