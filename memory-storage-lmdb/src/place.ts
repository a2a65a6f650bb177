// When the files of a cache are opened, when they are looked at first, and when they are left: LMDB ends the process
// that reads damaged pages, so nothing is opened that nobody vouches for.
import { randomUUID } from 'node:crypto';
import { readdir, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { makePrivateFolder } from '@episodica/memory-core';
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

export function placeOf({ folder, logger, maxFileBytes, session: options }: PlaceOptions): Place {
  const stopping = new AbortController();
  let startedMs = Date.now();
  let session: Session | undefined;
  let background: Promise<void> | undefined;

  /** Answers whether the files are open now. */
  async function attach(): Promise<boolean> {
    makePrivateFolder(dirname(folder));
    const found = await examine(folder, { startedMs, maxFileBytes });
    if (found.kind === 'unsure') return false;
    if (found.kind === 'trusted') return attachTrusted();
    // One process at a time makes files: half made ones look damaged.
    const right = await claim(folder);
    if (right === undefined) return false;
    try {
      return await attachNew();
    } finally {
      await right.release();
    }
  }

  async function attachTrusted(): Promise<boolean> {
    // What ends this process while it opens them shall not be trusted again.
    await takeVoucher(folder);
    try {
      session = openSession({ ...options, folder });
      return true;
    } catch (error) {
      logger.warn({ folder, error: String(error) }, 'The cache does not open; it has to be looked at.');
      return false;
    }
  }

  async function attachNew(): Promise<boolean> {
    const found = await examine(folder, { startedMs, maxFileBytes });
    if (found.kind === 'unsure' || found.kind === 'trusted') return false;
    if (found.kind === 'useless') {
      logger.warn({ folder, reason: found.reason }, 'The cache is of no use; it starts again from nothing.');
      await replace(folder, found.data);
    }
    session = openSession({ ...options, folder });
    return true;
  }

  async function findOut(): Promise<void> {
    let delayMs = PROBE_DELAY_MS;
    do {
      // Whoever has nothing else to do ends without having found out.
      await setTimeout(delayMs, undefined, { ref: false, signal: stopping.signal });
      delayMs = WAIT_MS;
      const right = await claim(folder);
      if (right === undefined) continue;
      try {
        await look();
      } finally {
        await right.release();
      }
    } while (!(await attach()));
  }

  /** Has the files looked at by another process, and says of them what it found. */
  async function look(): Promise<void> {
    const found = await examine(folder, { startedMs, maxFileBytes });
    if (found.kind !== 'unsure') return;
    await removeLeftovers(folder);
    const copy = `${folder}.copy-${randomUUID()}`;
    const atMs = Date.now();
    const verdict = await probe(folder, copy, stopping.signal);
    logger.debug({ folder, verdict, tookMs: Date.now() - atMs }, 'The cache was looked at.');
    if (verdict === 'useless') {
      logger.warn({ folder }, 'The cache is damaged; it starts again from nothing.');
      await replace(folder, found.data);
      return;
    }
    if (verdict === 'copied') await replace(folder, found.data, copy);
    const data = await dataOf(folder);
    if (data !== undefined) await vouch(folder, { kind: 'probed', data, atMs });
  }

  function inBackground(work: () => Promise<unknown>): void {
    background = work()
      .then(() => undefined)
      .catch((error: unknown) => {
        if (!stopping.signal.aborted) logger.warn({ folder, error: String(error) }, 'The cache is done without.');
      })
      .finally(() => {
        background = undefined;
      });
  }

  async function leave(left: Session): Promise<void> {
    await left.close();
    if (!(await attach())) await findOut();
  }

  return {
    async open() {
      if (!(await attach())) inBackground(findOut);
    },

    session: () => session,

    sessionToWrite() {
      if (session === undefined || session.isInPlace()) return session;
      logger.warn({ folder }, 'The files of the cache were deleted or replaced; it opens those that are there now.');
      const left = session;
      session = undefined;
      startedMs = Date.now();
      inBackground(() => leave(left));
      return undefined;
    },

    state: () => (session !== undefined ? 'open' : background !== undefined ? 'examining' : 'unavailable'),
    async settled() {
      const awake = setInterval(() => undefined, WAIT_MS);
      await background;
      clearInterval(awake);
    },

    async close() {
      stopping.abort();
      await background;
      const left = await session?.close();
      session = undefined;
      if (left !== undefined) await vouch(folder, { kind: 'closed', ...left });
    },
  };
}

/** What processes that were killed left behind. Only for who has the claim. */
async function removeLeftovers(folder: string): Promise<void> {
  const [parent, name] = [dirname(folder), basename(folder)];
  const left = (await readdir(parent)).filter((entry) => /^\.(?:copy|damaged)-/u.test(entry.slice(name.length)));
  await Promise.all(left.map((entry) => rm(join(parent, entry), { recursive: true, force: true })));
}
