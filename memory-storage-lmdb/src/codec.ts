// Entities as bytes: msgpack, with the names of their fields kept once for all processes.
import { isDeepStrictEqual } from 'node:util';
import { Packr } from 'msgpackr';

/**
 * Where the shapes of records are kept. Append-only for as long as the environment lives: each process numbers records
 * by what it has read, so a shape that changed under its number would turn one field into another.
 */
export interface ShapeStore {
  read(): readonly (readonly string[])[] | undefined;
  /** Replaces what is there if `isExpected` accepts it, in one transaction; else changes nothing and answers false. */
  replace(shapes: readonly (readonly string[])[], isExpected: (existing: unknown) => boolean): boolean;
}

export interface Codec {
  /** The bytes, or nothing where reading them would not give exactly `value` again. */
  encode(value: object): Uint8Array | undefined;
  /** @throws when the bytes are not what `encode` made. */
  decode(bytes: Uint8Array): unknown;
}

export function codec(shapes: ShapeStore): Codec {
  const packr = new Packr({
    maxSharedStructures: MAX_SHAPES,
    getStructures: () => (shapes.read() ?? []).map((keys) => [...keys]),
    saveStructures(structures: readonly unknown[], isCompatible?: (existing: unknown) => boolean) {
      // Each structure is the list of a record's keys; msgpackr's types say only `{}`.
      const lists = structures as readonly (readonly string[])[];
      return shapes.replace(
        lists.map((keys) => [...keys]),
        isCompatible ?? (() => true),
      );
    },
  });

  return {
    encode(value) {
      const bytes = packr.pack(value);
      // Some JSON has no such bytes: a key `__proto__`, half of a surrogate pair. The store gives it back; so must we.
      return isDeepStrictEqual(packr.unpack(bytes), value) ? bytes : undefined;
    },
    decode: (bytes) => packr.unpack(bytes),
  };
}

/** Enough for the entities with their optional fields. Shapes beyond, as of metadata, travel within each value. */
const MAX_SHAPES = 256;
