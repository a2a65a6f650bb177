// Records into a store: what is new is stored, what is there is left alone, what is bad is named.
import { type MemoryContext, timeOf } from '../context.ts';
import { isMemoryError, MemoryError } from '../errors.ts';
import { LIMITS } from '../limits.ts';
import type { CallOptions, Write } from '../ports/store.ts';
import { episodeTerms } from '../retrieve/index-terms.ts';
import { type EpisodeWithSteps, fromRecord } from './record.ts';

export interface ImportOptions extends CallOptions {
  /** Bring forgotten episodes back. @default false */
  readonly force?: boolean | undefined;
  /** Project of records that name none. @default none: they belong to every project, as where they come from */
  readonly project?: string | undefined;
  /** Called after every record. */
  readonly onProgress?: ((soFar: ImportReceipt) => void) | undefined;
}

export interface ImportReceipt {
  readonly imported: number;
  /** There already, with the same id. */
  readonly known: number;
  /** Forgotten earlier, and not forced. */
  readonly forgotten: number;
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

/** Each record is one write: breaking off leaves whole episodes, and importing again goes on behind them. */
export async function importEpisodes(
  context: MemoryContext,
  records: AsyncIterable<unknown> | Iterable<unknown>,
  options: ImportOptions,
): Promise<ImportReceipt> {
  let receipt: ImportReceipt = { imported: 0, known: 0, forgotten: 0, failed: [], failedCount: 0 };
  let index = 0;
  for await (const record of records) {
    refuseAborted(options.signal, receipt);
    index += 1;
    const { position, value } = record instanceof PositionedRecord ? record : { position: index, value: record };
    try {
      if (value instanceof UnreadableRecord) throw new MemoryError('INVALID_INPUT', value.message);
      const found = fromRecord(value, { at: timeOf(context), newId: context.newId, project: options.project });
      const result = await importOne(context, found, options);
      receipt = { ...receipt, [result]: receipt[result] + 1 };
    } catch (error) {
      if (!isMemoryError(error) || !isRecordsFault(error)) throw error;
      const where = value instanceof UnreadableRecord ? value.position : position;
      receipt = withFailure(receipt, { position: where, message: error.message });
    }
    options.onProgress?.(receipt);
  }
  return receipt;
}

async function importOne(
  context: MemoryContext,
  { episode, steps }: EpisodeWithSteps,
  options: ImportOptions,
): Promise<'imported' | 'known' | 'forgotten'> {
  const [known] = await context.store.getMany('episode', [episode.id], options);
  if (known !== undefined) return 'known';
  const [tombstone] = await context.store.getMany('tombstone', [episode.id], options);
  if (tombstone !== undefined && options.force !== true) return 'forgotten';
  const sizeBytes = steps.reduce((sum, step) => sum + Buffer.byteLength(JSON.stringify(step)), 0);
  if (sizeBytes > LIMITS.episodeBytes) {
    throw new MemoryError(
      'LIMIT_EXCEEDED',
      `steps: together larger than ${LIMITS.episodeBytes} bytes; shorten their outputs.`,
    );
  }
  const writes: readonly Write[] = [
    { op: 'put', kind: 'episode', value: episode, ifVersion: 0, terms: episodeTerms(episode, steps) },
    ...steps.map((value): Write => ({ op: 'put', kind: 'step', value, ifVersion: 0 })),
    ...(tombstone === undefined ? [] : [{ op: 'delete', kind: 'tombstone', id: tombstone.id } as const]),
  ];
  try {
    await context.store.write(writes, { ...options, actor: context.actor });
    return 'imported';
  } catch (error) {
    if (!isMemoryError(error) || error.code !== 'CONFLICT') throw error;
    // Another process may have imported it between our look and our write; only then is it known.
    const [meanwhile] = await context.store.getMany('episode', [episode.id], options);
    if (meanwhile === undefined) throw error;
    return 'known';
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

function withFailure(receipt: ImportReceipt, failure: ImportReceipt['failed'][number]): ImportReceipt {
  const failed = receipt.failed.length < MAX_FAILURES_TOLD ? [...receipt.failed, failure] : receipt.failed;
  return { ...receipt, failed, failedCount: receipt.failedCount + 1 };
}
