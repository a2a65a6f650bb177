// Records into a store: what is new is stored, what is there is left alone, what is bad is named.
import { type MemoryContext, timeOf } from '../context.ts';
import { isMemoryError, MemoryError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { CallOptions } from '../ports/store.ts';
import { turns } from '../turns.ts';
import { type CompanionRecord, isCompanion, type LearningRecord, toCompanion } from './companion-record.ts';
import { type EpisodeWithSteps, fromRecord } from './record.ts';
import { type Fate, type Item, storeItems } from './store-items.ts';

/** How `importEpisodes` goes about it. */
export interface ImportOptions extends CallOptions {
  /** Bring forgotten episodes back. @default false */
  readonly force?: boolean | undefined;
  /** Project of records that name none. @default none: they belong to every project, as where they come from */
  readonly project?: string | undefined;
  /** Called whenever records have been stored or passed over. */
  readonly onProgress?: ((soFar: ImportReceipt) => void) | undefined;
}

/** What became of the records. */
export interface ImportReceipt {
  /** Episodes that are now stored. */
  readonly imported: number;
  /** Episodes there already, with the same id. */
  readonly known: number;
  /** Episodes forgotten earlier, and not forced. */
  readonly forgotten: number;
  /** Recommendations that are now stored, with their feedback. */
  readonly recommendations: number;
  /** Tombstones that are now stored. */
  readonly tombstones: number;
  /** Records that could not be read, by position from 1 (for a file of lines: the line). The first 100. */
  readonly failed: readonly { readonly position: number; readonly message: string }[];
  readonly failedCount: number;
}

/** A record that could not even be read from its file; takes its place among the records. */
export class UnreadableRecord {
  readonly position: number;
  readonly message: string;

  constructor(position: number, message: string) {
    this.position = position;
    this.message = message;
  }
}

/** A record with the position that messages name it by, where that is not its place among the records. */
export class PositionedRecord {
  readonly position: number;
  readonly value: unknown;

  constructor(position: number, value: unknown) {
    this.position = position;
    this.value = value;
  }
}

const MAX_FAILURES_TOLD = 100;
/** Records stored in one commit: few enough that storing them is short, and stopping loses little. */
const BATCH_RECORDS = 25;
const BATCH_BYTES = 250_000;

/**
 * Several records are one write, each of them whole: breaking off leaves whole episodes, and importing again goes on
 * behind them. When a batch is turned down its records are stored one by one, so that a bad one harms no other.
 */
export async function importEpisodes(
  context: MemoryContext,
  records: AsyncIterable<unknown> | Iterable<unknown>,
  options: ImportOptions,
): Promise<ImportReceipt> {
  const tally = importTally();
  let batch: Item[] = [];
  const flush = async (): Promise<void> => {
    if (batch.length === 0) return;
    const items = batch;
    batch = [];
    for (const told of await stored(context, items, options)) tally.add(told);
    options.onProgress?.(tally.receipt());
  };
  try {
    const turn = turns();
    let index = 0;
    for await (const record of records) {
      refuseAborted(options.signal, tally.receipt());
      index += 1;
      const item = readItem(context, record, { index, project: options.project });
      if (item === 'nothing') continue;
      if ('message' in item) tally.add(item);
      else {
        if (isFull(batch, item)) await flush();
        batch.push(item);
      }
      await turn();
    }
    refuseAborted(options.signal, tally.receipt());
    await flush();
  } catch (error) {
    // Whatever it was that noticed first: what counts is how far it came.
    refuseAborted(options.signal, tally.receipt());
    throw error;
  }
  return tally.receipt();
}

interface Failure {
  readonly position: number;
  readonly message: string;
}

function readItem(
  context: MemoryContext,
  record: unknown,
  { index, project }: { readonly index: number; readonly project: string | undefined },
): Item | Failure | 'nothing' {
  const { position, value } =
    record instanceof PositionedRecord || record instanceof UnreadableRecord
      ? { position: record.position, value: 'value' in record ? record.value : record }
      : { position: index, value: record };
  if (value instanceof UnreadableRecord) return { position: value.position, message: value.message };
  try {
    if (isCompanion(value)) return companionItem(toCompanion(value), position);
    return episodeItem(fromRecord(value, { at: timeOf(context), newId: context.newId, project }), position);
  } catch (error) {
    if (!isMemoryError(error) || !isRecordsFault(error)) throw error;
    return { position, message: error.message };
  }
}

function episodeItem(found: EpisodeWithSteps, position: number): Item {
  const bytes = found.steps.reduce((sum, step) => sum + Buffer.byteLength(JSON.stringify(step)), 0);
  if (bytes > LIMITS.episodeBytes) {
    throw new MemoryError(
      'LIMIT_EXCEEDED',
      `steps: together larger than ${LIMITS.episodeBytes} bytes; shorten their outputs.`,
    );
  }
  return { kind: 'episode', id: found.episode.id, position, bytes, ...found };
}

/** What an episode counted for where it comes from is passed over: it is learnt from anew. */
function companionItem(record: CompanionRecord | LearningRecord, position: number): Item | 'nothing' {
  const bytes = Buffer.byteLength(JSON.stringify(record));
  switch (record.type) {
    case 'recommendation':
      return { kind: 'recommendation', id: record.recommendation_id, position, bytes, record };
    case 'tombstone':
      return { kind: 'tombstone', id: record.id, position, bytes, record };
    case 'learning':
      return 'nothing';
  }
}

/** Records of one kind share a batch: what comes first counts first. */
function isFull(batch: readonly Item[], next: Item): boolean {
  const [first] = batch;
  if (first === undefined) return false;
  const bytes = batch.reduce((sum, item) => sum + item.bytes, next.bytes);
  return first.kind !== next.kind || batch.length >= BATCH_RECORDS || bytes > BATCH_BYTES;
}

/** What became of each item. */
async function stored(
  context: MemoryContext,
  items: readonly Item[],
  options: ImportOptions,
): Promise<readonly (Fate | Failure)[]> {
  try {
    return await storeItems(context, items, options);
  } catch (error) {
    if (!isMemoryError(error) || !(isRecordsFault(error) || error.code === 'CONFLICT')) throw error;
    const [only, ...others] = items;
    if (only !== undefined && others.length === 0) {
      if (error.code === 'CONFLICT') throw error;
      return [{ position: only.position, message: error.message }];
    }
    const fates: (Fate | Failure)[] = [];
    for (const item of items) fates.push(...(await stored(context, [item], options)));
    return fates;
  }
}

/** Whether the record is to blame, and not the store or the caller: then the others can still be imported. */
function isRecordsFault(error: MemoryError): boolean {
  return error.code === 'INVALID_INPUT' || error.code === 'LIMIT_EXCEEDED';
}

function refuseAborted(signal: AbortSignal | undefined, { imported }: ImportReceipt): void {
  if (!signal?.aborted) return;
  const message = `The import was cancelled; ${imported} episodes are in. Import again to go on behind them.`;
  throw new MemoryError('ABORTED', message, { cause: signal.reason });
}

function importTally(): { add(told: Fate | Failure): void; receipt(): ImportReceipt } {
  const counts: Record<Exclude<Fate, 'nothing'>, number> = {
    imported: 0,
    known: 0,
    forgotten: 0,
    recommendations: 0,
    tombstones: 0,
  };
  const failed: Failure[] = [];
  let failedCount = 0;
  return {
    add(told) {
      if (typeof told === 'object') {
        failedCount += 1;
        if (failed.length < MAX_FAILURES_TOLD) failed.push(told);
      } else if (told !== 'nothing') counts[told] += 1;
    },
    receipt: () => ({ ...counts, failed: failed.toSorted((a, b) => a.position - b.position), failedCount }),
  };
}
