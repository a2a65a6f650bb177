// When the files of a cache are opened, when they are looked at first, and when they are left: LMDB ends the process
// that reads damaged pages, so nothing is opened that nobody vouches for.
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makePrivateFolder } from '@episodica/memory-core/backend';
import type { Logger } from '@episodica/memory-core/ports';
import { claim, dataOf, examine, replace, takeVoucher, vouch } from './files.ts';
import { probe } from './probing.ts';
import { openSession, type Session, type SessionOptions } from './session.ts';

export interface PlaceOptions {
  readonly folder: string;
  readonly logger: Logger;
  /** A larger data file is given up: it never shrinks by itself. */
  readonly maxFileBytes: number;
  readonly session: Omit<SessionOptions, 'folder'>;
}

export interface Place {
  /** Opens what is known to be sound and replaces what is known to be of no use. The rest is found out behind it. */
  open(): Promise<void>;
  /** Nothing while the files are not open. */
  session(): Session | undefined;
  /** The same, after a look whether the files were deleted or replaced; then others are opened in the background. */
  sessionToWrite(): Session | undefined;
  state(): 'open' | 'examining' | 'unavailable';
  /** Resolves when nothing is going on in the background. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Programs that end before this start no probe; servers have answered their first calls by then. */
const PROBE_DELAY_MS = 250;
/** How often it is asked whether the probe of another process is done. */
const WAIT_MS = 100;
/** Attempts at files that others make, delete or replace at the same moment. */
const MAX_ATTEMPTS = 10;

/** Nothing is open before `open()`. */
export function placeOf(options: PlaceOptions): Place {
  return new OpenedPlace(options);
}

class OpenedPlace implements Place {
  readonly #options: PlaceOptions;
  readonly #stopping = new AbortController();
  #startedMs = Date.now();
  #session: Session | undefined;
  #background: Promise<void> | undefined;

  constructor(options: PlaceOptions) {
    this.#options = options;
  }

  async open(): Promise<void> {
    if (!(await this.#attach())) this.#inBackground(() => this.#again(() => this.#findOut()));
  }

  session(): Session | undefined {
    return this.#session;
  }

  sessionToWrite(): Session | undefined {
    const { folder } = this.#options;
    if (this.#session === undefined || this.#session.isInPlace()) return this.#session;
    this.#options.logger.warn(
      { folder },
      'The files of the cache were deleted or replaced; it opens those that are there now.',
    );
    const left = this.#session;
    this.#session = undefined;
    this.#startedMs = Date.now();
    this.#inBackground(() => this.#leave(left));
    return undefined;
  }

  state(): ReturnType<Place['state']> {
    if (this.#session !== undefined) return 'open';
    return this.#background === undefined ? 'unavailable' : 'examining';
  }
  async settled(): Promise<void> {
    const awake = setInterval(() => undefined, WAIT_MS);
    await this.#background;
    clearInterval(awake);
  }

  async close(): Promise<void> {
    const { folder } = this.#options;
    this.#stopping.abort();
    await this.#background;
    const left = await this.#session?.close();
    this.#session = undefined;
    if (left !== undefined) await vouch(folder, { kind: 'closed', ...left });
  }

  /** Answers whether the files are open now. */
  async #attach(): Promise<boolean> {
    const { folder } = this.#options;
    makePrivateFolder(dirname(folder));
    const found = await examine(folder, { startedMs: this.#startedMs, maxFileBytes: this.#options.maxFileBytes });
    if (found.kind === 'unsure') return false;
    if (found.kind === 'trusted') return this.#attachTrusted();
    // One process at a time makes files: half made ones look damaged.
    const right = await claim(folder);
    if (right === undefined) return false;
    try {
      return await this.#attachNew();
    } finally {
      await right.release();
    }
  }

  async #attachTrusted(): Promise<boolean> {
    const { folder } = this.#options;
    // What ends this process while it opens them shall not be trusted again.
    await takeVoucher(folder);
    try {
      this.#session = openSession({ ...this.#options.session, folder });
      return true;
    } catch (error) {
      this.#options.logger.warn({ folder, error: String(error) }, 'The cache does not open; it has to be looked at.');
      return false;
    }
  }

  async #attachNew(): Promise<boolean> {
    const { folder } = this.#options;
    const found = await examine(folder, { startedMs: this.#startedMs, maxFileBytes: this.#options.maxFileBytes });
    if (found.kind === 'unsure' || found.kind === 'trusted') return false;
    if (found.kind === 'useless') {
      this.#options.logger.warn(
        { folder, reason: found.reason },
        'The cache is of no use; it starts again from nothing.',
      );
      await replace(folder, found.data);
    }
    this.#session = openSession({ ...this.#options.session, folder });
    return true;
  }

  async #findOut(): Promise<void> {
    const { folder } = this.#options;
    let delayMs = PROBE_DELAY_MS;
    do {
      // Whoever has nothing else to do ends without having found out.
      await setTimeout(delayMs, undefined, { ref: false, signal: this.#stopping.signal });
      delayMs = WAIT_MS;
      const right = await claim(folder);
      if (right === undefined) continue;
      try {
        await this.#look();
      } finally {
        await right.release();
      }
    } while (!(await this.#attach()));
  }

  /** Has the files looked at by another process, and says of them what it found. */
  async #look(): Promise<void> {
    const { folder } = this.#options;
    const found = await examine(folder, { startedMs: this.#startedMs, maxFileBytes: this.#options.maxFileBytes });
    if (found.kind !== 'unsure') return;
    await removeLeftovers(folder);
    const copy = `${folder}.copy-${randomUUID()}`;
    // It begins behind this process's own start, also where the clock was set back in between.
    const atMs = Math.max(Date.now(), this.#startedMs);
    const verdict = await probe(folder, copy, this.#stopping.signal);
    this.#options.logger.debug({ folder, verdict, tookMs: Date.now() - atMs }, 'The cache was looked at.');
    if (verdict === 'useless') {
      this.#options.logger.warn({ folder }, 'The cache is damaged; it starts again from nothing.');
      await replace(folder, found.data);
      return;
    }
    if (verdict === 'copied') await replace(folder, found.data, copy);
    const data = await dataOf(folder);
    if (data !== undefined) await vouch(folder, { kind: 'probed', data, atMs });
  }

  #inBackground(work: () => Promise<unknown>): void {
    const { folder } = this.#options;
    this.#background = work()
      .then(() => undefined)
      .catch((error: unknown) => {
        if (!this.#stopping.signal.aborted)
          this.#options.logger.warn({ folder, error: String(error) }, 'The cache is done without.');
      })
      .finally(() => {
        this.#background = undefined;
      });
  }

  async #leave(left: Session): Promise<void> {
    await left.close();
    await this.#again(async () => {
      if (!(await this.#attach())) await this.#findOut();
    });
  }

  async #again(open: () => Promise<void>): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        await open();
        return;
      } catch (error) {
        if (this.#stopping.signal.aborted || attempt === MAX_ATTEMPTS) throw error;
      }
      // Others who opened or left them at the same moment may have been in the way.
      await setTimeout(WAIT_MS, undefined, { ref: false, signal: this.#stopping.signal });
    }
  }
}

/** What processes that were killed left behind. Only for who has the claim. */
async function removeLeftovers(folder: string): Promise<void> {
  const [parent, name] = [dirname(folder), basename(folder)];
  const left = (await readdir(parent)).filter((entry) => /^\.(?:copy|damaged)-/u.test(entry.slice(name.length)));
  await Promise.all(left.map((entry) => rm(join(parent, entry), { recursive: true, force: true })));
}
