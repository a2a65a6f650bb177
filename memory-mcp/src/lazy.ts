// A resource that is opened when it is first needed, and tried again when that did not work.
import { MemoryError } from '@episodica/memory-core';

/** A resource on demand. */
export interface Lazy<T> {
  /** Whether it is open now. */
  readonly isOpen: boolean;
  /** Why the newest opening failed; nothing where it did not, or nobody tried. */
  readonly problem: unknown;
  /** The open resource. One opening at a time; after one that rejected, the next call tries again. @throws `CLOSED` */
  get(): Promise<T>;
  /** Waits for an opening under way and closes what it gave. Idempotent; nothing is opened any more. */
  close(): Promise<void>;
}

/** How a resource is opened and closed. */
export interface LazyOptions<T> {
  /** For messages. */
  readonly name: string;
  open(): Promise<T>;
  close(resource: T): Promise<void>;
}

/** Opens nothing yet. */
export function lazy<T>({ name, open, close }: LazyOptions<T>): Lazy<T> {
  let opening: Promise<T> | undefined;
  let closing: Promise<void> | undefined;
  let isOpen = false;
  let problem: unknown;

  async function opened(): Promise<T> {
    try {
      const resource = await open();
      isOpen = true;
      problem = undefined;
      return resource;
    } catch (error) {
      opening = undefined;
      problem = error;
      throw error;
    }
  }

  async function closeOpened(pending: Promise<T> | undefined): Promise<void> {
    const result = await Promise.allSettled(pending === undefined ? [] : [pending]);
    isOpen = false;
    // An opening that was refused has told its caller, and left nothing to close.
    for (const settled of result) if (settled.status === 'fulfilled') await close(settled.value);
  }

  return {
    get isOpen() {
      return isOpen;
    },
    get problem() {
      return problem;
    },
    get() {
      if (closing !== undefined) {
        return Promise.reject(new MemoryError('CLOSED', `The ${name} is closed; start the server again.`));
      }
      opening ??= opened();
      return opening;
    },
    close() {
      closing ??= closeOpened(opening);
      return closing;
    },
  };
}
