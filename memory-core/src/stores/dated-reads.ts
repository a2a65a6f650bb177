// Reads of a store with the position at which their answer is true: as the store tells it, or found out beside it.
import type { Position } from '../ports/cache.ts';
import type {
  CallOptions,
  DatedReads,
  Entities,
  IndexedKind,
  Kind,
  MemoryStore,
  TextIndex,
  TextMatches,
  TextQuery,
} from '../ports/store.ts';
import {
  newest,
  pageFrom,
  positionOf,
  type Since,
  samePosition,
  since,
  sinceIn,
  standsAt,
} from './journal-position.ts';

/** An answer, and the position at which it is true; nothing while that cannot be told, as others write. */
export interface Placed<T> {
  readonly answer: T;
  readonly at: Position | undefined;
}

export interface PlacedReads {
  /** Also says what happened since `from`; nothing when the store was exchanged while it was being asked. */
  getMany<K extends Kind>(
    asked: { readonly kind: K; readonly ids: readonly string[]; readonly from: Position },
    call?: CallOptions,
  ): Promise<Placed<readonly (Entities[K] | undefined)[]> & { readonly now: Since | undefined }>;
  /** `near`: where the store stood a moment ago, if that is known. */
  match<K extends IndexedKind>(
    asked: { readonly text: TextIndex; readonly query: TextQuery<K>; readonly near: Position | undefined },
    call?: CallOptions,
  ): Promise<Placed<TextMatches>>;
}

/** One question each where the store dates its answers and they are not too large for one, else up to four. */
export function placedReads(store: MemoryStore): PlacedReads {
  return store.dated === undefined ? asking(store) : telling(store.dated, asking(store));
}

function telling(dated: DatedReads, others: PlacedReads): PlacedReads {
  const { match } = dated;
  return {
    async getMany({ kind, ids, from }, call) {
      if (ids.length === 0) return others.getMany({ kind, ids, from }, call);
      const { answer, changes, newest: last } = await dated.getMany({ kind, ids, ...pageFrom(from) }, call);
      const now = sinceIn(changes, from) ?? { to: positionOf(last) };
      if (answer.length === ids.length) return { answer, at: now.to, now };
      const rest = await others.getMany({ kind, ids: ids.slice(answer.length), from: now.to }, call);
      const isOfOneMoment = rest.at !== undefined && samePosition(rest.at, now.to);
      return { answer: [...answer, ...rest.answer], at: isOfOneMoment ? now.to : undefined, now };
    },
    async match(asked, call) {
      if (match === undefined) return others.match(asked, call);
      const { answer, newest: last } = await match(asked.query, call);
      return { answer, at: positionOf(last) };
    },
  };
}

/** The store stood there before and behind the read: so the answer is that of this position, and not newer. */
function asking(store: MemoryStore): PlacedReads {
  const ifStanding = async (at: Position | undefined, call?: CallOptions): Promise<Position | undefined> =>
    at !== undefined && (await standsAt(store, at, call)) ? at : undefined;
  return {
    async getMany({ kind, ids, from }, call) {
      const now = await since(store, from, call);
      if (ids.length === 0) return { answer: [], at: now?.to, now };
      const answer = await store.getMany(kind, ids, call);
      return { answer, at: await ifStanding(now?.to, call), now };
    },
    async match({ text, query, near }, call) {
      const at = near ?? (await newest(store, call));
      const answer = await text.match(query, call);
      return { answer, at: await ifStanding(at, call) };
    },
  };
}
