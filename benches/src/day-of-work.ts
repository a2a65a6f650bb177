// What a day of work reads by id: real agent runs, one after the other, each asking the memory as an agent does before
// it is remembered itself.
import { isTauBench, openMemory, readTauBench } from '@episodica/memory-core';
import type { Entities, Kind, MemoryStore } from '@episodica/memory-core/ports';
import { readDataset } from './dataset.ts';
import { openScratchStore } from './scratch-store.ts';

/** A read of the memory, with what the store answered, or a write. */
export type DayEvent =
  | { readonly do: 'read'; readonly kind: Kind; readonly values: readonly Entities[Kind][] }
  | { readonly do: 'write'; readonly changed: readonly { readonly kind: Kind; readonly id: string }[] };

const FILE = 'tau-bench/gpt-4o-airline.json';

/** The kinds that `cachedStore` asks its cache for. */
const CACHED: readonly Kind[] = ['episode', 'pattern', 'baseline', 'recommendation', 'tombstone'];

/** Nothing where the data is absent. */
export async function recordDay(): Promise<readonly DayEvent[] | undefined> {
  const runs = readDataset(FILE);
  if (runs === undefined || !isTauBench(runs)) return undefined;
  const scratch = await openScratchStore();
  const events: DayEvent[] = [];
  const memory = openMemory({ store: recording(scratch.store, events) });
  try {
    for (const run of runs) {
      for (const text of messagesOf(run)) {
        const { episodes } = await memory.search({ text });
        const best = episodes[0]?.episode.id;
        if (best !== undefined) await memory.getEpisode(best);
      }
      await memory.importEpisodes(readTauBench([run], 'airline'));
    }
    return events;
  } finally {
    await memory.close();
    scratch.remove();
  }
}

const MESSAGES = 3;

/** What the user says first: at each of these an agent asks its memory. */
function messagesOf(run: unknown): readonly string[] {
  // `isTauBench` has checked the shape.
  const { traj } = run as { readonly traj: readonly { readonly role: string; readonly content: string | null }[] };
  const said = traj.filter(({ role, content }) => role === 'user' && content);
  return said.slice(0, MESSAGES).map(({ content }) => content ?? '');
}

function recording(store: MemoryStore, events: DayEvent[]): MemoryStore {
  return {
    ...store,
    async getMany<K extends Kind>(...call: Parameters<typeof store.getMany<K>>) {
      const values = await store.getMany<K>(...call);
      const found = values.filter((value) => value !== undefined);
      if (CACHED.includes(call[0])) events.push({ do: 'read', kind: call[0], values: found });
      return values;
    },
    async write(batch, options) {
      const receipt = await store.write(batch, options);
      const changed = batch
        .filter((write) => write.op !== 'require')
        .map((write) => ({ kind: write.kind, id: write.op === 'put' ? write.value.id : write.id }));
      events.push({ do: 'write', changed });
      return receipt;
    },
  };
}
