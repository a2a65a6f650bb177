// Group commit: writes that wait at the same time share one commit.
import { isMemoryError, type MemoryErrorCode, throwIfAborted } from '../errors.ts';
import type { MemoryStore, Write, WriteOptions, WriteReceipt } from '../ports/store.ts';

/** Operations of one commit. A single write may have more. */
const MAX_OPERATIONS = 512;

type WriteVerb = MemoryStore['write'];

/** Who wrote, and when the first of those who share the commit asked for it, by `performance.now()`. */
export interface CommitOptions extends Pick<WriteOptions, 'actor'> {
  readonly askedMs: number;
}

type Commit = (batch: readonly Write[], options: CommitOptions) => Promise<WriteReceipt>;

/**
 * `write`, one call at a time, each with all that was asked for meanwhile. Nobody waits for company: what is there
 * when the event loop has turned once is what goes.
 *
 * Each caller gets the answer that it would have got alone, in the order in which they called. A group that is turned
 * down changed nothing, and is tried again in halves, until the write that is at fault is alone. Where `write` rejects
 * with a `MemoryError` that is no refusal of a write, all of the group are told so, and nothing is tried again. It must
 * be all or nothing, and must have done nothing when it rejects in any other way. Who closes the store waits for the
 * calls under way first.
 */
export function groupCommit(write: Commit): WriteVerb {
  let waiting: Member[] = [];
  let isBusy = false;

  async function flush(): Promise<void> {
    while (waiting.length > 0) {
      const group = firstGroup(waiting);
      waiting = waiting.slice(group.length);
      // Whatever goes wrong, those who come next are served.
      await commit(write, group).catch((error: unknown) => rejectAll(group, error));
      // Whoever was answered may have more to write.
      await turn();
    }
    isBusy = false;
  }

  return (batch, options = {}) =>
    new Promise((resolve, reject) => {
      // A batch that is none fails here, alone.
      waiting.push({ batch: [...batch], options, askedMs: performance.now(), resolve, reject });
      if (isBusy) return;
      isBusy = true;
      void turn().then(flush);
    });
}

interface Member {
  readonly batch: readonly Write[];
  readonly options: WriteOptions;
  readonly askedMs: number;
  resolve(receipt: WriteReceipt): void;
  reject(error: unknown): void;
}

/** As many as fit into one commit, from the first on: one actor has done all of it. */
function firstGroup(members: readonly Member[]): readonly Member[] {
  const [first] = members;
  let operations = 0;
  const end = members.findIndex(({ batch, options }, index) => {
    operations += batch.length;
    return index > 0 && (operations > MAX_OPERATIONS || options.actor !== first?.options.actor);
  });
  return end < 0 ? members : members.slice(0, end);
}

async function commit(write: Commit, members: readonly Member[]): Promise<void> {
  const group = members.filter(isWanted);
  const [first] = group;
  if (first === undefined) return;
  let receipt: WriteReceipt;
  try {
    receipt = await write(
      group.flatMap(({ batch }) => batch),
      { askedMs: first.askedMs, ...(first.options.actor === undefined ? {} : { actor: first.options.actor }) },
    );
  } catch (error) {
    if (group.length === 1) return first.reject(error);
    // The store as a whole cannot: neither can it for a part of them. Or it may have done it, and must not do it twice.
    if (isMemoryError(error) && !REFUSALS.has(error.code)) return rejectAll(group, error);
    const half = Math.ceil(group.length / 2);
    await commit(write, group.slice(0, half));
    return commit(write, group.slice(half));
  }
  answer(group, receipt);
}

/** What one write may be refused for, and those beside it not. */
const REFUSALS: ReadonlySet<MemoryErrorCode> = new Set([
  'INVALID_INPUT',
  'NOT_FOUND',
  'CONFLICT',
  'INVALID_STATE',
  'LIMIT_EXCEEDED',
]);

/** Whether its caller still waits for it. */
function isWanted({ options, reject }: Member): boolean {
  try {
    throwIfAborted(options.signal);
    return true;
  } catch (error) {
    reject(error);
    return false;
  }
}

function rejectAll(group: readonly Member[], error: unknown): void {
  for (const { reject } of group) reject(error);
}

/** Gives each its part: entries of the journal and numbers of steps are in the order of the operations. */
function answer(group: readonly Member[], receipt: WriteReceipt): void {
  let seq = receipt.seq - group.reduce((sum, { batch }) => sum + entriesOf(batch), 0);
  let stepsBefore = 0;
  for (const { batch, resolve } of group) {
    seq += entriesOf(batch);
    const steps = batch.filter((write) => write.op === 'put' && write.kind === 'step').length;
    resolve({ seq, stepNumbers: receipt.stepNumbers.slice(stepsBefore, stepsBefore + steps) });
    stepsBefore += steps;
  }
}

function entriesOf(batch: readonly Write[]): number {
  return batch.filter((write) => write.op !== 'require').length;
}

function turn(): Promise<void> {
  return new Promise((resolve) => {
    setImmediate(resolve);
  });
}
