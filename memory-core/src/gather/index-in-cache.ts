// The index between two starts: its packed parts as blocks of the cache, and a list of them that says where they stand.
import { createHash } from 'node:crypto';
import { z } from 'zod';
import type { MemoryCache } from '../ports/cache.ts';
import type { Logger } from '../ports/runtime.ts';
import type { CallOptions, MemoryStore } from '../ports/store.ts';
import { positionText, readPosition } from '../stores/journal-position.ts';
import { turns } from '../turns.ts';
import { unpackedExperienceIndex } from './experience-index.ts';
import { addVectors, addWhatIsNotPacked, type IndexAt } from './index-making.ts';

export interface IndexInCache {
  /** The index that was kept; nothing where there is none, or not all of it. Where it stands has yet to be compared with the store. */
  load(store: MemoryStore, call: CallOptions): Promise<IndexAt | undefined>;
  /** Keeps what changed since the last time, and nothing of what was deleted. */
  save(index: IndexAt): Promise<void>;
  /** Keeps nothing any more: what was forgotten is not to be found in it. */
  clear(): Promise<void>;
}

/** Rises whenever what is packed has another form, or other words are made of the same text. */
const FORMAT = 1;
const LIST = 'index-list';
const EMPTY = { mark: '', bytes: new Uint8Array(0) };

const keptList = z.object({
  format: z.literal(FORMAT),
  /** Whose vectors are among the parts; `null`: there are none. */
  model: z.string().nullable(),
  /** The mark of each part, by its name. */
  marks: z.record(z.string(), z.string()),
});
type KeptList = z.infer<typeof keptList>;

export function indexInCache(cache: MemoryCache, model: string | undefined): IndexInCache {
  /** What was kept last of each part, so that nothing is written twice. */
  const kept = new Map<string, { readonly revision: number; readonly mark: string }>();

  async function readParts(list: KeptList): Promise<ReadonlyMap<string, Uint8Array> | undefined> {
    const isOurs = list.model === (model ?? null);
    const wanted = Object.entries(list.marks).filter(([name]) => isOurs || !name.includes('-vectors'));
    const parts = new Map<string, Uint8Array>();
    for (const [name, mark] of wanted) {
      const block = await cache.getBlock(keyOf(name));
      // Another process that kept its own meanwhile has replaced it.
      if (block?.mark !== mark) return undefined;
      parts.set(name, block.bytes);
    }
    return parts;
  }

  async function readList(): Promise<{ readonly list: KeptList; readonly mark: string } | undefined> {
    const block = await cache.getBlock(LIST);
    const list = block && keptList.safeParse(parsedJson(block.bytes));
    return block && list?.success ? { list: list.data, mark: block.mark } : undefined;
  }

  /** A cache has no way to delete a block: an empty one takes its place. */
  async function empty(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await cache.setBlock(keyOf(name), EMPTY);
      kept.delete(name);
    }
  }

  return {
    async load(store, call) {
      const found = await readList();
      const at = found && readPosition(found.mark);
      if (found === undefined || at === undefined) return undefined;
      const { list } = found;
      const parts = await readParts(list);
      const index = parts && unpackedExperienceIndex(model, parts);
      if (index === undefined) return undefined;
      for (const { name, revision } of index.parts()) {
        const mark = list.marks[name];
        if (mark !== undefined) kept.set(name, { revision, mark });
      }
      await addWhatIsNotPacked(store, index, call);
      if (model !== undefined && list.model !== model) await addVectors(store, index, { ...call, model });
      return { index, at };
    },

    async save({ index, at }) {
      const turn = turns();
      while (index.tidy()) await turn();
      const parts = index.parts();
      const names = new Set(parts.map(({ name }) => name));
      const before = (await readList())?.list.marks ?? {};
      for (const part of parts) {
        const own = kept.get(part.name);
        // Another process may have emptied or replaced it meanwhile.
        if (own?.revision === part.revision && before[part.name] === own.mark) continue;
        await turn();
        const bytes = part.bytes();
        const mark = createHash('sha256').update(bytes).digest('hex');
        await cache.setBlock(keyOf(part.name), { mark, bytes });
        kept.set(part.name, { revision: part.revision, mark });
      }
      const marks = Object.fromEntries(parts.map(({ name }) => [name, kept.get(name)?.mark ?? '']));
      const list: KeptList = { format: FORMAT, model: model ?? null, marks };
      await cache.setBlock(LIST, { mark: positionText(at), bytes: Buffer.from(JSON.stringify(list)) });
      await empty(Object.keys(before).filter((name) => !names.has(name)));
    },

    async clear() {
      const names = Object.keys((await readList())?.list.marks ?? {});
      await cache.setBlock(LIST, EMPTY);
      await empty(names);
    },
  };
}

/** `kept`, whose failures cost time and nothing else. */
export function forgiving(kept: IndexInCache, logger: Logger): IndexInCache {
  const told = (error: unknown): undefined => {
    logger.debug({ error: String(error) }, 'the index could not be read from the cache, or kept there');
  };
  return {
    load: (store, call) => kept.load(store, call).catch(told),
    save: (index) => kept.save(index).catch(told),
    clear: () => kept.clear().catch(told),
  };
}

function keyOf(part: string): string {
  return `index-${part}`;
}

function parsedJson(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(Buffer.from(bytes).toString());
  } catch {
    return undefined;
  }
}
