// Making an encryption key of what the user gave: as text, or in a file.
import { scrypt } from 'node:crypto';
import type { Config } from './config/settings.ts';
import { MemoryError } from './errors.ts';
import { readPrivateLine } from './private-line.ts';

/** 256 bits as hexadecimal digits, as store and cache take them. */
const KEY_PATTERN = /^[0-9a-f]{64}$/iu;
const KEY_BYTES = 32;
/** A shorter passphrase is soon guessed. */
const MIN_CHARACTERS = 12;
const ADVICE = `Make one with: openssl rand -hex ${KEY_BYTES}`;

/**
 * How a passphrase is stretched: each guess costs some 100 ms and 32 MB. Whoever changes any of it makes another key of
 * the same passphrase. The salt is the same everywhere, as a store has to open on every machine from nothing but its file
 * and the passphrase. So equal passphrases give equal keys: a random key is the better choice.
 */
const STRETCHING = Object.freeze({
  salt: 'episodica: encryption at rest, 1',
  options: { N: 32_768, r: 8, p: 1, maxmem: 64 * 1_048_576 },
});

/**
 * The key as 64 hexadecimal digits. Text that is such a key is taken as it is; any other of at least 12 characters is a
 * passphrase, and stretched. White space around it is no part of it.
 * @throws `INVALID_INPUT` for a shorter text, which is not repeated
 */
export function readEncryptionKey(text: string): Promise<string> {
  return keyOf({ text, name: 'The encryption key' });
}

/**
 * The key in a file of one line that nobody but its owner may read, made as `readEncryptionKey` does.
 * @throws `INVALID_INPUT` for any other file, without a word of what it holds
 */
export async function readKeyFile(path: string): Promise<string> {
  const text = await readPrivateLine(path, { what: 'key', advice: ADVICE });
  return keyOf({ text, name: `The encryption key in ${path}` });
}

/**
 * The key that the settings name; undefined where they name none.
 * @throws `INVALID_INPUT` for one that cannot be used
 */
export async function encryptionKeyOf(
  values: Pick<Config, 'MEMORY_ENCRYPTION_KEY' | 'MEMORY_ENCRYPTION_KEY_FILE'>,
): Promise<string | undefined> {
  const { MEMORY_ENCRYPTION_KEY: text, MEMORY_ENCRYPTION_KEY_FILE: path } = values;
  if (path !== '') return readKeyFile(path);
  return text === '' ? undefined : readEncryptionKey(text);
}

async function keyOf({ text, name }: { readonly text: string; readonly name: string }): Promise<string> {
  // The same letter may be typed as one character or as two.
  const given = text.trim().normalize('NFC');
  if (KEY_PATTERN.test(given)) return given.toLowerCase();
  if ([...given].length < MIN_CHARACTERS) {
    const what = given === '' ? 'is empty' : `has fewer than ${MIN_CHARACTERS} characters`;
    throw new MemoryError('INVALID_INPUT', `${name} ${what}. ${ADVICE}`);
  }
  return new Promise((resolve, reject) => {
    scrypt(given, STRETCHING.salt, KEY_BYTES, STRETCHING.options, (error, key) => {
      if (error === null) resolve(key.toString('hex'));
      else reject(error);
    });
  });
}
