// Compares the journal with what writers were told: without gap or repeat, and everything as often in it as it was done.
import type { JournalEntry } from '@episodica/memory-core/ports';
import type { Entry, Intent } from './ledger.ts';

/** What is wrong with the journal behind `since`: a gap, a repeat, a disorder. */
export function journalFindings(entries: readonly JournalEntry[], since: number): readonly string[] {
  return entries
    .map(({ seq }, index) => ({ seq, should: since + 1 + index }))
    .filter(({ seq, should }) => seq !== should)
    .slice(0, 1)
    .map(({ seq, should }) => `The journal has ${seq} where ${should} should stand.`);
}

/**
 * What is wrong with a whole journal beside the ledgers of all its writers: what was acknowledged is in it once, what
 * is in doubt at most once, and nothing else. Nothing may be owed to learning.
 */
export function countFindings(
  ledgers: readonly (readonly Entry[])[],
  journal: readonly JournalEntry[],
): readonly string[] {
  const calls = ledgers.flatMap(callsOf);
  const bounds = boundsOf(calls);
  const counts = new Map<string, number>();
  for (const entry of journal) {
    const what = nameOf(entry);
    if (what !== undefined) counts.set(what, (counts.get(what) ?? 0) + 1);
  }
  // Nobody knows the episode of a create that is in doubt.
  const nameless = [...counts].filter(([what, count]) => !bounds.has(what) && count === 1).map(([what]) => what);
  const doubtfulCreates = calls.filter(({ intent, episodeId }) => intent.verb === 'create' && episodeId === undefined);
  if (nameless.length > 0 && nameless.length <= doubtfulCreates.length)
    for (const what of nameless) counts.delete(what);
  return [...new Set([...counts.keys(), ...bounds.keys()])].flatMap((what) => {
    const count = counts.get(what) ?? 0;
    const { least, most } = bounds.get(what) ?? NEVER;
    return count < least || count > most
      ? [`"${what}" is ${count} times in the journal, not ${least} to ${most}.`]
      : [];
  });
}

interface Call {
  readonly intent: Intent;
  /** Of the task; `undefined` when nobody was told. */
  readonly episodeId: string | undefined;
  readonly isDone: boolean;
}

interface Bounds {
  readonly least: number;
  readonly most: number;
}

const NEVER: Bounds = { least: 0, most: 0 };

function callsOf(entries: readonly Entry[]): readonly Call[] {
  const done = new Map(entries.flatMap((entry) => (entry.is === 'done' ? [[entry.call, entry] as const] : [])));
  const begun = entries.flatMap((entry) => (entry.is === 'begun' ? [entry] : []));
  const ids = new Map(
    begun.flatMap(({ call, intent }) => {
      const episodeId = done.get(call)?.episodeId;
      return episodeId === undefined ? [] : [[intent.task, episodeId] as const];
    }),
  );
  return begun.map(({ call, intent }) => ({ intent, episodeId: ids.get(intent.task), isDone: done.has(call) }));
}

/** Only work is compared; learning writes for itself, but for the episode that it learnt from. */
function nameOf({ kind, op, id, actor }: JournalEntry): string | undefined {
  if (kind === 'step') return 'put step';
  if (kind !== 'episode' || (op === 'put' && actor !== 'library')) return undefined;
  return `${op} ${id}`;
}

function boundsOf(calls: readonly Call[]): ReadonlyMap<string, Bounds> {
  const bounds = new Map<string, Bounds>();
  const add = (what: string, least: number, most: number): void => {
    const known = bounds.get(what) ?? NEVER;
    bounds.set(what, { least: known.least + least, most: known.most + most });
  };
  // One that was forgotten may have been learnt from before, or not.
  const forgotten = new Set(calls.flatMap(({ intent, episodeId }) => (intent.verb === 'forget' ? [episodeId] : [])));
  for (const { intent, episodeId, isDone } of calls) {
    const sure = isDone ? 1 : 0;
    if (intent.verb === 'steps') add('put step', sure * intent.keys.length, intent.keys.length);
    else if (intent.verb === 'forget') add(`delete ${episodeId}`, sure, 1);
    else if (episodeId !== undefined) add(`put ${episodeId}`, sure, 1);
    // Learning from an episode puts it once more.
    if (intent.verb === 'complete') add(`put ${episodeId}`, forgotten.has(episodeId) ? 0 : sure, 1);
    // What it says of one that is forgotten is told anew.
    if (intent.verb === 'complete') add(`put ${episodeId}`, 0, forgotten.size);
  }
  return bounds;
}
