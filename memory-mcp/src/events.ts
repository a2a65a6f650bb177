// What clients are told of changes, in the protocol's terms: which resource changed, and that the list did.
import type { ServerEvent } from '@modelcontextprotocol/server';
import type { MemoryChange } from './changes.ts';
import { isSeen, listedTo } from './code-mode/place.ts';
import { addressOf, PROJECTS_URI } from './resources/address.ts';
import type { Services } from './services.ts';

/** How often a list may be said to have changed. */
const LIST_TOLD_EVERY_MS = 1_000;
/** Changed records that are looked at to see whether this project lists them; of more, it is taken that it does. */
const MAX_LOOKED_AT = 100;

/** Tells of changes by any process until the answer is called: the subscribing half of the SDK's `ServerEventBus`. */
export type ResourceEvents = (listener: (event: ServerEvent) => void) => () => void;

/**
 * What `services` see of changes. A resource is told of by its plain address. That the list changed is told at most
 * once a second, and only of what this project lists: each entry says how its record stands, so any change of one counts, but for steps.
 */
export function resourceEvents(
  services: Pick<Services, 'backend' | 'changes' | 'logger'>,
  listToldEveryMs: number = LIST_TOLD_EVERY_MS,
): ResourceEvents {
  return (listener) => {
    let changed = new Map<string, MemoryChange>();
    let timer: NodeJS.Timeout | undefined;

    async function tellList(): Promise<void> {
      timer = undefined;
      const looked = [...changed.values()];
      changed = new Map();
      if (await isListed(looked, services)) listener({ kind: 'resources_list_changed' });
    }

    const stop = services.changes.subscribe((told) => {
      for (const { kind, id } of told) listener({ kind: 'resource_updated', uri: addressOf(kind, id) });
      if (told.some(({ kind, onlySteps }) => kind === 'episode' && !onlySteps))
        listener({ kind: 'resource_updated', uri: PROJECTS_URI });
      const listed = told.filter(({ onlySteps }) => !onlySteps);
      for (const change of listed) if (changed.size <= MAX_LOOKED_AT) changed.set(change.id, change);
      if (listed.length > 0) timer ??= setTimeout(tellList, listToldEveryMs).unref();
    });
    return () => {
      stop();
      clearTimeout(timer);
    };
  };
}

/** Whether any of these is, or may have been, in the list. */
async function isListed(
  changed: readonly MemoryChange[],
  { backend, logger }: Pick<Services, 'backend' | 'logger'>,
): Promise<boolean> {
  // What is learnt over many episodes is told by patterns; what is gone says no more where it belonged.
  if (changed.length > MAX_LOOKED_AT || changed.some(({ kind }) => kind === 'pattern')) return true;
  try {
    const opened = await backend.get();
    const bounds = listedTo(opened);
    const episodes = await opened.memory.getEpisodes(changed.map(({ id }) => id));
    return episodes.some((episode) => episode === undefined || isSeen(episode, bounds));
  } catch (error) {
    logger.debug({ error }, 'it cannot be seen what changed; the list is taken to have');
    return true;
  }
}
