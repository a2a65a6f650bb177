// Encryption of what a cache keeps. LMDB's own is not used: it makes a write sixteen times as slow, has no check, and
// takes pages for damaged that another key wrote. Sealing single values leaves LMDB's files whole whatever the key.
import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { setImmediate } from 'node:timers/promises';
import { MemoryError } from '@episodica/memory-core/backend';

/** Between what a cache is given and what stands in its files. Pure but for the nonces. */
export interface Seal {
  /** Whether the files tell nothing of what they hold. */
  readonly isSecret: boolean;
  /** Ends the names of the cache's folders: what other keys sealed lies elsewhere. */
  readonly suffix: string;
  /** What stands in the files for the name of a value, always the same. */
  hide(name: string): string;
  /** The bytes as they are stored under `name`. */
  seal(name: string, bytes: Uint8Array): Uint8Array;
  /** What was sealed under `name`; nothing for anything else. */
  open(name: string, sealed: Uint8Array): Uint8Array | undefined;
  /** The same as `seal` of the parts put together, in slices between which the event loop turns. */
  sealLarge(name: string, parts: readonly Uint8Array[]): Promise<readonly Uint8Array[]>;
  /** The same as `open`, in slices. */
  openLarge(name: string, sealed: Uint8Array): Promise<Uint8Array | undefined>;
}

/** Keeps everything as it is. */
export const NO_SEAL: Seal = Object.freeze({
  isSecret: false,
  suffix: '',
  hide: (name) => name,
  seal: (_name, bytes) => bytes,
  open: (_name, sealed) => sealed,
  sealLarge: async (_name, parts) => parts,
  openLarge: async (_name, sealed) => sealed,
} satisfies Seal);

const KEY_PATTERN = /^[0-9a-f]{64}$/iu;
const KEY_BYTES = 32;
const ALGORITHM = 'aes-256-gcm';
/** Random for each value: safe for 2^32 of them under one key (NIST SP 800-38D, 8.3). */
const NONCE_BYTES = 12;
const TAG_BYTES = 16;
const HEAD_BYTES = NONCE_BYTES + TAG_BYTES;
/** Of a hidden name, in characters of 6 bits. */
const NAME_LENGTH = 22;
const SUFFIX_LENGTH = 16;
/** Taken at once; then the event loop turns. */
const SLICE_BYTES = 4_194_304;

/**
 * Seals with AES-256-GCM under keys that are derived from `encryptionKey`, 64 hexadecimal digits, for the cache of one
 * store and one purpose each (HKDF, RFC 5869). A value opens under its own name only.
 * @throws `INVALID_INPUT` for another key, which is not repeated
 */
export function sealOf({ encryptionKey, store }: { readonly encryptionKey: string; readonly store: string }): Seal {
  if (!KEY_PATTERN.test(encryptionKey)) {
    throw new MemoryError('INVALID_INPUT', 'encryptionKey: must be 64 hexadecimal digits, which are 32 random bytes.');
  }
  const derived = (purpose: string): Buffer =>
    Buffer.from(hkdfSync('sha256', Buffer.from(encryptionKey, 'hex'), store, `episodica cache: ${purpose}`, KEY_BYTES));
  const [values, names] = [derived('values'), derived('names')];
  return {
    isSecret: true,
    suffix: `-${derived('folders').toString('hex').slice(0, SUFFIX_LENGTH)}`,
    hide: (name) => createHmac('sha256', names).update(name).digest('base64url').slice(0, NAME_LENGTH),
    ...sealing(values),
  };
}

function sealing(key: Buffer): Pick<Seal, 'seal' | 'open' | 'sealLarge' | 'openLarge'> {
  const cipherOf = (name: string, nonce: Uint8Array) => createCipheriv(ALGORITHM, key, nonce).setAAD(Buffer.from(name));

  /** Nothing where the bytes are too few. */
  function decipherOf(name: string, sealed: Uint8Array): ReturnType<typeof createDecipheriv> | undefined {
    if (sealed.byteLength < HEAD_BYTES) return undefined;
    const options = { authTagLength: TAG_BYTES };
    return createDecipheriv(ALGORITHM, key, sealed.subarray(0, NONCE_BYTES), options)
      .setAAD(Buffer.from(name))
      .setAuthTag(sealed.subarray(NONCE_BYTES, HEAD_BYTES));
  }

  return {
    seal(name, bytes) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = cipherOf(name, nonce);
      const content = cipher.update(bytes);
      cipher.final();
      return Buffer.concat([nonce, cipher.getAuthTag(), content]);
    },

    open(name, sealed) {
      const decipher = decipherOf(name, sealed);
      const content = decipher?.update(sealed.subarray(HEAD_BYTES));
      return decipher !== undefined && isGenuine(decipher) ? content : undefined;
    },

    async sealLarge(name, parts) {
      const nonce = randomBytes(NONCE_BYTES);
      const cipher = cipherOf(name, nonce);
      const content: Buffer[] = [];
      for (const part of parts) {
        for await (const slice of slicesOf(part)) content.push(cipher.update(slice));
      }
      cipher.final();
      return [nonce, cipher.getAuthTag(), ...content];
    },

    async openLarge(name, sealed) {
      const decipher = decipherOf(name, sealed);
      if (decipher === undefined) return undefined;
      const content = Buffer.allocUnsafeSlow(sealed.byteLength - HEAD_BYTES);
      let end = 0;
      for await (const slice of slicesOf(sealed.subarray(HEAD_BYTES))) {
        end += decipher.update(slice).copy(content, end);
      }
      return isGenuine(decipher) ? content : undefined;
    },
  };
}

/** Whether all that went through was sealed with this key under this name. */
function isGenuine(decipher: ReturnType<typeof createDecipheriv>): boolean {
  try {
    decipher.final();
    return true;
  } catch {
    // Another key, another name, or bytes that were changed.
    return false;
  }
}

async function* slicesOf(bytes: Uint8Array): AsyncIterable<Uint8Array> {
  for (let at = 0; at < bytes.byteLength; at += SLICE_BYTES) {
    if (at > 0) await setImmediate();
    yield bytes.subarray(at, at + SLICE_BYTES);
  }
}
