// Which tools a client sees: those for which the memory holds something that they could work on. A tool that is not
// listed can be called all the same, so nothing is lost on clients that never look twice.
import type { EpisodeFilter } from '@episodica/memory-core/ports';
import type { Services } from '../services.ts';
import { HOLDINGS, type Holding, type Tool } from '../tool.ts';

/** What one client was told. */
export interface Disclosure {
  /** The tools to list now; where it cannot be told in time what the memory holds, all of them. */
  listed(all: readonly Tool[]): Promise<readonly Tool[]>;
  /** Something was written that may make tools appear or disappear. Never rejects. */
  looked(): Promise<void>;
  /** Listens no longer. */
  close(): void;
}

export interface DisclosureOptions {
  readonly services: Pick<Services, 'backend' | 'changes'>;
  /** How long a list waits for the memory. */
  readonly patienceMs: number;
  /** Called when the list has become another than the one the client was told. */
  onChange(): void;
}

/** Nothing was told yet. */
export function disclosure({ services, patienceMs, onChange }: DisclosureOptions): Disclosure {
  /** Nothing while no list was told, or one that holds whatever the memory does. */
  let told: Holding | undefined;
  let looking: Promise<void> | undefined;
  let isDue = false;
  let stopListening: (() => void) | undefined;
  let isClosed = false;

  /**
   * What others write is of interest only while something is missing: for that the store is asked again and again. When
   * others forget everything, the tools stay listed until the next list: they then answer that there is nothing, which
   * harms nobody, while watching for it would ask the store for as long as there is a client.
   */
  function listen(): void {
    if (isClosed || told === undefined || told === 'outcomes') {
      stopListening?.();
      stopListening = undefined;
    } else {
      stopListening ??= services.changes.subscribe((changed) => {
        // Steps are most of what is written, and an episode that gets one was there before.
        if (changed.some(({ kind, onlySteps }) => kind === 'episode' && !onlySteps)) void looked();
      });
    }
  }

  async function look(): Promise<void> {
    while (isDue && told !== undefined) {
      isDue = false;
      const holding = await holdingOf(services).catch(() => told);
      if (holding === undefined || holding === told || told === undefined) continue;
      told = holding;
      onChange();
    }
    listen();
  }

  /** One look at a time; what changes meanwhile is looked at behind it. */
  async function looked(): Promise<void> {
    isDue = true;
    looking ??= look().finally(() => {
      looking = undefined;
    });
    await looking;
  }

  return {
    async listed(all) {
      told = await inTime(holdingOf(services), patienceMs);
      listen();
      return told === undefined ? all : all.filter((tool) => isDisclosed(tool, told));
    },
    looked,
    close() {
      isClosed = true;
      told = undefined;
      listen();
    },
  };
}

/**
 * Calls `onChange` whenever the memory has come to hold something that other tools are listed for: for clients of which
 * nobody keeps what they were told. `settled` resolves when it is known what it holds now.
 */
export function holdingChanges(
  services: DisclosureOptions['services'],
  onChange: () => void,
): { settled(): Promise<void>; stop(): void } {
  /** Nothing while nobody can say. */
  let held: Holding | undefined;
  let looking = Promise.resolve();
  let next: Promise<void> | undefined;

  async function look(): Promise<void> {
    const holding = await holdingOf(services).catch(() => undefined);
    if (holding === undefined || holding === held) return;
    const isFirst = held === undefined;
    held = holding;
    if (!isFirst) onChange();
  }

  /** One look at a time, and one behind it for all that comes meanwhile. */
  function looked(): Promise<void> {
    next ??= looking.then(() => {
      next = undefined;
      looking = look();
      return looking;
    });
    return next;
  }

  const stop = services.changes.subscribe((changed) => {
    if (changed.some(({ kind, onlySteps }) => kind === 'episode' && !onlySteps)) void looked();
  });
  return { settled: looked, stop };
}

function isDisclosed({ needs = 'nothing' }: Tool, holding: Holding = 'nothing'): boolean {
  return HOLDINGS.indexOf(needs) <= HOLDINGS.indexOf(holding);
}

async function holdingOf({ backend }: Pick<Services, 'backend'>): Promise<Holding> {
  const { memory } = await backend.get();
  const holds = async (filter: EpisodeFilter): Promise<boolean> => {
    for await (const _one of memory.listEpisodes({ ...filter, limit: 1 })) return true;
    return false;
  };
  if (await holds({ status: 'completed' })) return 'outcomes';
  return (await holds({})) ? 'episodes' : 'nothing';
}

/** Nothing where it fails or takes longer. */
async function inTime<T>(work: Promise<T>, patienceMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const tooLong = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, patienceMs, undefined);
  });
  try {
    // What is wrong with the memory is said by the tool that is called.
    return await Promise.race([work.catch(() => undefined), tooLong]);
  } finally {
    clearTimeout(timer);
  }
}
