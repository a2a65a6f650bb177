// A program of its own: looks at every page of a cache, which ends a process where they are damaged. Run as
// `probe FOLDER COPY`. It exits with one of `PROBE_EXITS`; any other end says that the files are of no use.
import { mkdirSync } from 'node:fs';
import { setPriority } from 'node:os';
import { argv, exit, pid } from 'node:process';
import { codec } from './codec.ts';
import { AREAS, type Environment, openEnvironment } from './environment.ts';
import { PROBE_EXITS } from './probing.ts';
import { readKept, readNote } from './records.ts';
import { areSealed } from './sealed-notes.ts';
import { shapesIn } from './session.ts';

const [, , folder = '', copy = ''] = argv;
// Whoever waits for an answer goes first.
setPriority(19);
const environment = openEnvironment(folder, { isReadOnly: true });
walk(environment);
if (isUsedByOthers(environment)) exit(PROBE_EXITS.sound);
// Nobody can look at the pages that LMDB holds free for use. A compact copy has none, and is as small as can be.
mkdirSync(copy, { mode: 0o700 });
await environment.root.backup(copy, true);
walk(openEnvironment(copy, { isReadOnly: true }));
exit(PROBE_EXITS.copied);

/** @throws when anything in it is not as it was written; or ends the process */
function walk(walked: Environment): void {
  // What is sealed has a check over it as well: this program needs no key.
  const decode = areSealed(walked.notes) ? () => undefined : codec(shapesIn(walked.notes)).decode;
  for (const area of AREAS) {
    const { values, ledger, queues } = walked.areas[area];
    for (const { key, value } of values.getRange({})) {
      const kept = readKept(key, value);
      if (kept === undefined) throw new Error(`The value ${key} is garbled.`);
      if (area === 'entities') decode(kept.payload);
    }
    for (const { key, value } of ledger.getRange({})) {
      if (readNote(key, value) === undefined) throw new Error(`The row of ${key} is garbled.`);
    }
    for (const { value } of queues.getRange({}))
      if (ledger.get(value) === undefined) throw new Error('A queue is garbled.');
    walked.notes.read(`tally-${area}`);
  }
  walked.notes.read('state');
}

/** Whether another living process has the files open, by LMDB's own table of readers: lines of process, thread, transaction. */
function isUsedByOthers({ root }: Environment): boolean {
  root.readerCheck();
  const readers = root.readerList().matchAll(/^\s*(\d+)\s/gmu);
  return [...readers].some(([, reader]) => Number(reader) !== pid);
}
