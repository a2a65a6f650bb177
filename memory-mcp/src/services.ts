// What the tools work on: the memory and the sandbox, both opened when they are first needed.
import type { Memory } from '@episodica/memory-core';
import type { MemoryParts } from '@episodica/memory-core/health';
import { type KeptRegistry, keptRegistry } from '@episodica/memory-core/metrics';
import type { Logger } from '@episodica/memory-core/ports';
import { type CallQueue, callQueue, measuredQueue } from './calls.ts';
import { type Changes, type Journal, journalChanges } from './changes.ts';
import type { CodeModeRights } from './code-mode/methods.ts';
import type { PartHealth } from './health.ts';
import { type Lazy, lazy } from './lazy.ts';
import { processGauges } from './process-gauges.ts';
import { type Requests, requests } from './requests.ts';
import { measuredSandbox } from './sandbox/measured-sandbox.ts';
import type { Sandbox } from './sandbox/sandbox.ts';
import { sandboxGauges } from './sandbox-gauges.ts';
import type { Tool } from './tool.ts';

/** An open memory, and what health reports beside it. */
export interface Backend extends MemoryParts {
  readonly memory: Memory;
  /** What counts where a call names no project: the same as the memory was opened for. */
  readonly project?: string | undefined;
  /** Where it is told what changes, by whichever process; left out: nobody hears of any change. */
  readonly journal?: Journal | undefined;
  /** Closes the memory and all beneath it. */
  close(): Promise<void>;
}

/** How the services come to be. */
export interface ServiceOptions {
  /** Called when the memory is first needed, and again after it rejected; what it opens tells `metrics` its figures. */
  openBackend(metrics: KeptRegistry): Promise<Backend>;
  /** Left out: there is no `execute_code`. */
  readonly openSandbox?: (() => Promise<Sandbox>) | undefined;
  /** What programs in the sandbox are allowed; asked once, before the memory is opened. @default to read */
  readonly readRights?: (() => Promise<CodeModeRights>) | undefined;
  readonly logger: Logger;
  /** Those whose ids the logger tells. @default such as nobody tells */
  readonly requests?: Requests | undefined;
  /** How long what other processes wrote may go unnoticed, while somebody wants to know. @default 1_000 */
  readonly pollMs?: number | undefined;
}

/** Shared by all connections of one process. */
export interface Services {
  readonly backend: Lazy<Backend>;
  readonly sandbox: Lazy<Sandbox> | undefined;
  /** What programs in the sandbox are allowed. Never rejects: where nobody can say, they may read. */
  rights(): Promise<CodeModeRights>;
  /** All there are, listed or not. */
  tools(): Promise<readonly Tool[]>;
  readonly logger: Logger;
  readonly requests: Requests;
  readonly startedAtMs: number;
  readonly calls: CallQueue;
  readonly metrics: KeptRegistry;
  readonly changes: Changes;
  /** Parts that not every server has, by their names, and how they are: whoever opens one adds it. */
  readonly parts: Map<string, () => PartHealth>;
  /** Finishes what has begun and closes what is open. Idempotent; later calls answer `CLOSED`. */
  close(): Promise<void>;
}

/** Opening the memory tells what is wrong with a configuration that cannot be read. */
const READING: CodeModeRights = Object.freeze({ allowWrites: false });

/** Opens nothing yet. */
export function createServices(options: ServiceOptions): Services {
  const { openBackend, openSandbox, readRights, logger, pollMs } = options;
  const stopping = new AbortController();
  const learning: Promise<void>[] = [];
  const metrics = keptRegistry('memory-mcp');
  const backend = lazy<Backend>({
    name: 'memory',
    async open() {
      const opened = await openBackend(metrics);
      const debts = learnDebts(opened.memory, { logger, signal: stopping.signal });
      learning.push(debts);
      // Closing the memory ends this; nobody has to wait for it.
      void debts.then(() => catchUp(opened.memory, { logger, signal: stopping.signal }));
      return opened;
    },
    async close(opened) {
      // It learns a moment longer and then stops this too.
      await opened.close();
      await Promise.all(learning);
    },
  });
  const sandbox =
    openSandbox &&
    lazy<Sandbox>({
      name: 'sandbox',
      open: async () => measuredSandbox(await openSandbox(), metrics),
      close: (opened) => opened.close(),
    });
  if (sandbox !== undefined) sandboxGauges(sandbox, metrics);
  const stopWatching = processGauges(metrics);
  const changes = journalChanges({ journal: async () => (await backend.get()).journal, logger, pollMs });
  return {
    backend,
    sandbox,
    ...offered({ hasSandbox: openSandbox !== undefined, readRights }),
    logger,
    requests: options.requests ?? requests(),
    startedAtMs: performance.now(),
    calls: measuredQueue(callQueue(), metrics),
    metrics,
    changes,
    parts: new Map(),
    async close() {
      stopping.abort();
      changes.close();
      stopWatching();
      try {
        await Promise.all([backend.close(), sandbox?.close()]);
      } finally {
        await metrics.close();
      }
    },
  };
}

/** What is told to be allowed is asked once, and the tools are made once: their schemas take time to build. */
function offered({
  hasSandbox,
  readRights,
}: Pick<ServiceOptions, 'readRights'> & { readonly hasSandbox: boolean }): Pick<Services, 'rights' | 'tools'> {
  let known: Promise<CodeModeRights> | undefined;
  let made: Promise<readonly Tool[]> | undefined;
  function rights(): Promise<CodeModeRights> {
    known ??= readRights?.().catch(() => READING) ?? Promise.resolve(READING);
    return known;
  }
  async function makeTools(): Promise<readonly Tool[]> {
    // Loaded behind the first answer, which is that to `initialize`.
    const { toolsFor } = await import('./tools/all.ts');
    return toolsFor({ hasSandbox }, await rights());
  }
  return {
    rights,
    tools() {
      made ??= makeTools();
      return made;
    },
  };
}

/** Pays what another process still owed, until the memory is closed. Never rejects: the markers stay, and the next completion tries again. */
async function learnDebts(
  memory: Memory,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  try {
    const learnt = await memory.learnPending();
    if (learnt > 0) logger.info({ episodes: learnt }, 'learnt from episodes that were still owed');
  } catch (error) {
    if (signal.aborted) return;
    logger.warn({ error }, 'episodes that are still owed could not be learnt from');
  }
}

/** Gives vectors to what has none yet, and makes the index before somebody asks. Never rejects: each call does it too. */
async function catchUp(
  memory: Memory,
  { logger, signal }: { readonly logger: Logger; readonly signal: AbortSignal },
): Promise<void> {
  try {
    await memory.catchUp({ signal });
  } catch (error) {
    if (signal.aborted) return;
    logger.warn({ error }, 'not all that is stored can be searched by meaning yet');
  }
}
