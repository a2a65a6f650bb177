// What has yet to be embedded: found once by a look at all there is, and from then on by what the journal says.
import type { MemoryContext } from '../context.ts';
import { type EmbeddedKind, embeddedTexts } from '../embedding.ts';
import type { Episode } from '../episode.ts';
import type { Pattern } from '../pattern.ts';
import type { Position } from '../ports/cache.ts';
import type { CallOptions } from '../ports/store.ts';
import { newest, since } from '../stores/journal-position.ts';

/** An episode or a pattern, with the texts that it should have vectors of. */
export interface DueOwner {
  readonly kind: EmbeddedKind;
  readonly id: string;
  readonly texts: readonly string[];
}

/** What is due, and where the store stood when that was asked. */
export interface Due {
  readonly owners: AsyncIterable<DueOwner>;
  /** From here on the next look may begin, once all of the owners have their vectors. */
  readonly at: Position | undefined;
}

/** Ids of one filter. */
const MAX_IDS = 500;

/** What is due by a model: what changed since `from`, or all there is. Episodes come first, the newest before others. */
export async function dueSince(
  { store }: Pick<MemoryContext, 'store'>,
  model: string,
  { from, ...options }: CallOptions & { readonly from: Position | undefined },
): Promise<Due> {
  const now = from && (await since(store, from, options));
  if (now?.changed === undefined) {
    const at = now?.to ?? (await newest(store, options));
    return { owners: all(), at };
  }
  const { changed, to } = now;
  const idsOf = (kind: EmbeddedKind): readonly string[] => [
    ...new Set(changed.filter((entry) => entry.kind === kind && entry.op === 'put').map(({ id }) => id)),
  ];
  return { owners: these(idsOf('episode'), idsOf('pattern').length > 0), at: to };

  async function* all(): AsyncIterable<DueOwner> {
    yield* episodes(undefined);
    yield* patterns();
  }

  async function* these(episodeIds: readonly string[], hasPatterns: boolean): AsyncIterable<DueOwner> {
    for (let start = 0; start < episodeIds.length; start += MAX_IDS) {
      yield* episodes(episodeIds.slice(start, start + MAX_IDS));
    }
    // There are few of them, and most change without saying anything else than before.
    if (hasPatterns) yield* patterns();
  }

  async function* episodes(ids: readonly string[] | undefined): AsyncIterable<DueOwner> {
    const filter = { embeddingDue: model, order: 'newest', ...(ids === undefined ? {} : { ids }) } as const;
    for await (const episode of store.scan('episode', filter, options)) yield dueOwner('episode', episode);
  }

  async function* patterns(): AsyncIterable<DueOwner> {
    for await (const pattern of store.scan('pattern', { embeddingDue: model }, options)) {
      yield dueOwner('pattern', pattern);
    }
  }
}

/** Owners together, as many as make about one call of the embedder and one write. */
export interface DueBatch {
  readonly owners: readonly DueOwner[];
  readonly isLast: boolean;
}

/** In batches of at most so many owners and texts, but for the texts of the last owner. None is empty. */
export async function* inBatches(
  owners: AsyncIterable<DueOwner>,
  { maxOwners, maxTexts }: { readonly maxOwners: number; readonly maxTexts: number },
): AsyncIterable<DueBatch> {
  let batch: DueOwner[] = [];
  let texts = 0;
  for await (const owner of owners) {
    if (batch.length >= maxOwners || texts >= maxTexts) {
      yield { owners: batch, isLast: false };
      batch = [];
      texts = 0;
    }
    batch.push(owner);
    texts += owner.texts.length;
  }
  if (batch.length > 0) yield { owners: batch, isLast: true };
}

function dueOwner(kind: EmbeddedKind, owner: Episode | Pattern): DueOwner {
  return { kind, id: owner.id, texts: embeddedTexts(owner) };
}
