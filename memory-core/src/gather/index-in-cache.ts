// The index between two starts: its packed parts as blocks of the cache, and a list of them that says where they stand.
import { createHash } from 'node:crypto';
import * as z from 'zod';
import type { MemoryCache, Position } from '../ports/cache.ts';
import type { Logger } from '../ports/runtime.ts';
import type { CallOptions, MemoryStore } from '../ports/store.ts';
import type { PackedPart, UnpackedParts } from '../retrieve/packed-part.ts';
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

  /** A cache has no way to delete a block: an empty one takes its place. */
  async function empty(names: readonly string[]): Promise<void> {
    for (const name of names) {
      await cache.setBlock(keyOf(name), EMPTY);
      kept.delete(name);
    }
  }

  /** Keeps a part that has changed, or that another process emptied or replaced, and answers its mark. */
  async function keepPart(part: PackedPart, markThere: string | undefined): Promise<string> {
    const before = kept.get(part.name);
    if (before?.revision === part.revision && before.mark === markThere) return before.mark;
    const bytes = part.bytes();
    const mark = createHash('sha256').update(bytes).digest('hex');
    await cache.setBlock(keyOf(part.name), { mark, bytes });
    kept.set(part.name, { revision: part.revision, mark });
    return mark;
  }

  return {
    async load(store, call) {
      const found = await readList(cache);
      if (found === undefined) return undefined;
      const parts = await readParts(cache, found.list, model);
      const index = parts && unpackedExperienceIndex(model, parts);
      if (index === undefined) return undefined;
      const { marks, model: keptModel } = found.list;
      for (const { name, revision } of index.parts()) {
        const mark = marks[name];
        if (mark !== undefined) kept.set(name, { revision, mark });
      }
      await addWhatIsNotPacked(store, index, call);
      if (model !== undefined && keptModel !== model) await addVectors(store, index, { ...call, model });
      return { index, at: found.at };
    },

    async save({ index, at }) {
      const turn = turns();
      while (index.tidy()) await turn();
      const before = (await readList(cache))?.list.marks ?? {};
      const marks: Record<string, string> = {};
      for (const part of index.parts()) {
        await turn();
        marks[part.name] = await keepPart(part, before[part.name]);
      }
      const list: KeptList = { format: FORMAT, model: model ?? null, marks };
      await cache.setBlock(LIST, { mark: positionText(at), bytes: Buffer.from(JSON.stringify(list)) });
      await empty(Object.keys(before).filter((name) => marks[name] === undefined));
    },

    async clear() {
      const names = Object.keys((await readList(cache))?.list.marks ?? {});
      await cache.setBlock(LIST, EMPTY);
      await empty(names);
    },
  };
}

async function readList(cache: MemoryCache): Promise<{ readonly list: KeptList; readonly at: Position } | undefined> {
  const block = await cache.getBlock(LIST);
  const at = block && readPosition(block.mark);
  const list = block && keptList.safeParse(parsedJson(block.bytes));
  return at !== undefined && list?.success ? { list: list.data, at } : undefined;
}

/** The parts of the list, but for vectors of another model; nothing where one of them is no longer there. */
async function readParts(
  cache: MemoryCache,
  { marks, model: keptModel }: KeptList,
  model: string | undefined,
): Promise<UnpackedParts | undefined> {
  const parts = new Map<string, Uint8Array>();
  for (const [name, mark] of Object.entries(marks)) {
    if (keptModel !== (model ?? null) && name.includes('-vectors')) continue;
    const block = await cache.getBlock(keyOf(name));
    // Another process that kept its own meanwhile has replaced it.
    if (block?.mark !== mark) return undefined;
    parts.set(name, block.bytes);
  }
  return parts;
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
