// The corpus of errors and what fixed them, as `benches/corpus/record.mjs` recorded it: a part to build with, a part to judge.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { EpisodeRecord } from '@episodica/memory-core';

export interface ErrorCase {
  /** The kind of mistake: what fixed one case of a family helps with the others. */
  readonly family: string;
  readonly tool: string;
  readonly part: 'build' | 'judge';
  /** What the tool put out. */
  readonly error: string;
  readonly record: EpisodeRecord;
}

const FILE = fileURLToPath(new URL('../../corpus/error-fix.jsonl', import.meta.url));

export function errorCases(): readonly ErrorCase[] {
  const lines = readFileSync(FILE, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => toCase(JSON.parse(line)));
}

/** The family of an episode that was made of a case. */
export function familyOf(metadata: EpisodeRecord['metadata']): string {
  return String(metadata?.family ?? '');
}

function toCase(value: unknown): ErrorCase {
  // Our own recorder wrote the file; what it would leave out fails in the next lines.
  const record = value as EpisodeRecord;
  const failed = record.steps?.find(({ result }) => result?.type === 'error')?.result;
  if (failed?.type !== 'error' || failed.message === undefined) throw new Error(`${FILE} has a case without an error.`);
  return {
    family: familyOf(record.metadata),
    tool: String(record.metadata?.tool),
    part: record.metadata?.part === 'judge' ? 'judge' : 'build',
    error: failed.message,
    record,
  };
}
