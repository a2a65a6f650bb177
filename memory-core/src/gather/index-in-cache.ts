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
  /** Keeps what changed since the last time. */
  save(index: IndexAt): Promise<void>;
}

/** Rises whenever what is packed has another form, or other words are made of the same text. */
const FORMAT = 1;
const LIST = 'index-list';

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

  return {
    async load(store, call) {
      const block = await cache.getBlock(LIST);
      const at = block && readPosition(block.mark);
      const list = block && keptList.safeParse(parsedJson(block.bytes));
      if (at === undefined || !list?.success) return undefined;
      const parts = await readParts(list.data);
      const index = parts && unpackedExperienceIndex(model, parts);
      if (index === undefined) return undefined;
      for (const { name, revision } of index.parts()) {
        const mark = list.data.marks[name];
        if (mark !== undefined) kept.set(name, { revision, mark });
      }
      await addWhatIsNotPacked(store, index, call);
      if (model !== undefined && list.data.model !== model) await addVectors(store, index, { ...call, model });
      return { index, at };
    },

    async save({ index, at }) {
      const turn = turns();
      const parts = index.parts();
      for (const part of parts) {
        if (kept.get(part.name)?.revision === part.revision) continue;
        await turn();
        const bytes = part.bytes();
        const mark = createHash('sha256').update(bytes).digest('hex');
        await cache.setBlock(keyOf(part.name), { mark, bytes });
        kept.set(part.name, { revision: part.revision, mark });
      }
      const marks = Object.fromEntries(parts.map(({ name }) => [name, kept.get(name)?.mark ?? '']));
      const list: KeptList = { format: FORMAT, model: model ?? null, marks };
      await cache.setBlock(LIST, { mark: positionText(at), bytes: Buffer.from(JSON.stringify(list)) });
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
