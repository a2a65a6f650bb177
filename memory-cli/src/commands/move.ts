// storage migrate --to: all that the store holds, to another place.
import { isMemoryError, MemoryError } from '@episodica/memory-core';
import { type Invocation, type MoveFlags, moveEnds } from '../open.ts';
import { print } from '../output.ts';
import { type ProgressLine, progressLine } from '../progress.ts';
import { countsText } from './amounts.ts';
import { confirm } from './confirm.ts';

/** What the flags of `storage migrate --to` say. */
export interface MoveCommandFlags extends MoveFlags {
  readonly anew?: boolean;
  readonly dryRun?: boolean;
  readonly yes?: boolean;
}

/** Copies the store to where there is nothing yet, compares both, and says how the copy is used. */
export async function move(invocation: Invocation, flags: MoveCommandFlags): Promise<number> {
  const { moveStore, planMove } = await import('@episodica/memory-storage-turso');
  const ends = { ...(await moveEnds(invocation, flags)), anew: flags.anew ?? false };
  const { from, to, counts, resumes } = await planMove(ends);
  const what = `${countsText(counts)} from ${from} to ${to}`;
  if (flags.dryRun === true) {
    await print(invocation.format, { dry_run: true, from, to, counts, resumes }, () =>
      resumes ? `Would go on copying ${what}.` : `Would copy ${what}.`,
    );
    return 0;
  }
  await confirm(`${resumes ? 'Go on copying' : 'Copy'} ${what}?`, { yes: flags.yes, signal: invocation.signal });
  const line = progressLine('move');
  try {
    const receipt = await moveStore({ ...ends, signal: invocation.signal, onProgress: shown(line) });
    const setting = `DATABASE_URL=${ends.to.url}`;
    const rows = Object.fromEntries(receipt.compared.tables.map((table) => [table.name, table.rows]));
    const checksums = Object.fromEntries(receipt.compared.tables.map(({ name, checksum }) => [name, checksum]));
    const result = { from, to, journal_seq: receipt.seq, resumed: receipt.resumed, rows, checksums, setting };
    line.clear();
    await print(invocation.format, { ...result, took_ms: Math.round(receipt.tookMs) }, () =>
      [
        `Copied ${what} in ${(receipt.tookMs / 1_000).toFixed(1)} s.`,
        'Every row was read again at both ends and is the same.',
        `To use the copy, set ${setting} and restart the programs that use the store.`,
        `${from} was left as it is. What is written there behind entry ${receipt.seq} of its journal is not in the copy.`,
      ].join('\n'),
    );
    return 0;
  } catch (error) {
    if (!isMemoryError(error) || error.code !== 'ABORTED') throw error;
    const advice = 'the same command goes on with it';
    throw new MemoryError('ABORTED', `The move was stopped. What is copied stays at ${to}, and ${advice}.`);
  } finally {
    line.clear();
  }
}

function shown(
  line: ProgressLine,
): (progress: { readonly phase: string; readonly rows: number; readonly of: number }) => void {
  return ({ phase, rows, of }) =>
    line.show(() => ({ text: `${phase} ${rows} of ${of}`, done: rows, share: rows / Math.max(1, of) }));
}
