// Who learns from a scope: the row of its base rate keeps everybody else away, and turns down whoever was overtaken.
import { isDeepStrictEqual } from 'node:util';
import type { MemoryContext } from '../context.ts';
import { type Baseline, baselineId, type LearntState, type Scope } from '../pattern.ts';
import type { CallOptions, Write } from '../ports/store.ts';

/**
 * Every write of a run goes through it and puts the row too, as long as that is as it was when the run began: whoever
 * learnt or forgot something meanwhile has changed it, and the write is refused.
 */
export interface Fence {
  /** The row as this run has read or written it; of version 0 where there is none yet. */
  readonly baseline: Baseline;
  /** Before anything is read: makes the row where there is none, and keeps the others away where that is worth a write. */
  begin(isLong: boolean): Promise<void>;
  /** Also tells the others that this one is alive. */
  write(writes: readonly Write[]): Promise<void>;
  /** The last write: none where there is nothing to write and the row would only say the same again. Nothing learnt: it goes. */
  finish(writes: readonly Write[], learnt: Learnt | undefined): Promise<void>;
  /** Whether the row is as this run left it. */
  isWhole(options: CallOptions): Promise<boolean>;
  /** Lets the others in, where that has not been done. Never rejects. */
  release(): Promise<void>;
}

/** What the row says of the scope in the end. */
export type Learnt = Pick<Baseline, 'episodes' | 'successes'> & {
  readonly tasks: number;
  readonly learnt: LearntState;
};

/** How long nobody else learns from a scope, from the last sign of life of whoever does. */
const LEASE_MS = 30_000;

/** For how long others than `holder` may be at it; 0 when nobody is. */
export function heldForMs(
  baseline: Baseline | undefined,
  { nowMs, holder }: { readonly nowMs: number; readonly holder: string },
): number {
  const lease = baseline?.lease;
  if (lease === undefined || lease.holder === holder) return 0;
  const leftMs = Date.parse(lease.until) - nowMs;
  // Nobody takes it for longer: the clock that it was taken by is no measure here, and the row's version keeps what is
  // written right all the same.
  return leftMs > 0 && leftMs <= LEASE_MS ? leftMs : 0;
}

export function fenceOver(
  { store, clock, actor }: Pick<MemoryContext, 'store' | 'clock' | 'actor'>,
  { scope, found, holder }: { readonly scope: Scope; readonly found: Baseline | undefined; readonly holder: string },
): Fence {
  let row: Baseline = found ?? { id: baselineId(scope), version: 0, scope, episodes: 0, successes: 0 };

  async function put(writes: readonly Write[], next: Baseline): Promise<void> {
    const value = { ...next, version: row.version + 1 };
    await store.write([{ op: 'put', kind: 'baseline', value, ifVersion: row.version }, ...inOrder(writes)], { actor });
    row = value;
  }
  const held = (): Baseline => {
    return { ...row, lease: { holder, until: new Date(clock() + LEASE_MS).toISOString() } };
  };

  return {
    get baseline() {
      return row;
    },
    async begin(isLong) {
      if (isLong) await put([], held());
      else if (row.version === 0) await put([], row);
    },
    write: (writes) => put(writes, held()),
    async finish(writes, learnt) {
      if (learnt === undefined) {
        const gone: readonly Write[] = [{ op: 'delete', kind: 'baseline', id: row.id, ifVersion: row.version }];
        await store.write([...(row.version === 0 ? [] : gone), ...inOrder(writes)], { actor });
        const { lease: _lease, ...free } = row;
        row = free;
        return;
      }
      const { lease: _lease, ...free } = row;
      const next = { ...free, ...learnt };
      if (writes.length > 0 || row.lease !== undefined || !saysTheSame(next, row)) await put(writes, next);
    },
    async isWhole(options) {
      const [now] = await store.getMany('baseline', [row.id], options);
      return (now?.version ?? 0) === row.version;
    },
    async release() {
      if (row.lease?.holder !== holder) return;
      try {
        const [now] = await store.getMany('baseline', [row.id]);
        if (now?.lease?.holder !== holder) return;
        row = now;
        const { lease: _lease, ...free } = now;
        await put([], free);
      } catch {
        // The others wait until it ends by itself.
      }
    },
  };
}

/** When, and how long it took, is no news by itself. */
function saysTheSame(next: Baseline, row: Baseline): boolean {
  const plain = ({ learnt, ...rest }: Baseline): object => {
    const { at: _at, tookMs: _tookMs, ...state } = learnt ?? {};
    return { ...rest, ...state };
  };
  return row.learnt !== undefined && isDeepStrictEqual(plain(next), plain(row));
}

/** Things of one kind stand together, so that the store can do them together; a pattern before what bears it out. */
function inOrder(writes: readonly Write[]): readonly Write[] {
  const kinds = ['episode', 'cluster', 'pattern', 'evidence'];
  const rank = (write: Write): number => {
    const isNew = write.op === 'put' && write.ifVersion === 0;
    return 4 * kinds.indexOf(write.kind) + (write.op === 'delete' ? 2 : isNew ? 0 : 1);
  };
  return writes.toSorted((a, b) => rank(a) - rank(b));
}
