// Notes of a cache that are sealed: they hold names of fields, which may be anybody's, and the place in the journal.
import type { Notes } from './environment.ts';
import type { Seal } from './sealing.ts';

/** Notes that stand as sealed text among `notes`, under the same keys. */
export function sealedNotes(notes: Notes, seal: Seal): Notes {
  if (!seal.isSecret) return notes;
  return {
    read(key) {
      const text = notes.read(key);
      if (text === undefined) return undefined;
      const json = typeof text === 'string' ? seal.open(key, Buffer.from(text, 'base64')) : undefined;
      if (json === undefined) throw new Error(`The note ${key} is garbled.`);
      return JSON.parse(Buffer.from(json).toString());
    },
    write(key, value) {
      const sealed = seal.seal(key, Buffer.from(JSON.stringify(value)));
      notes.write(key, Buffer.from(sealed).toString('base64'));
    },
  };
}

/** Whether the notes of these files are sealed, as who has no key can see. */
export function areSealed(notes: Notes): boolean {
  return typeof notes.read('state') === 'string';
}
