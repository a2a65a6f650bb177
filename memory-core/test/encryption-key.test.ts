import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encryptionKeyOf, isMemoryError, readEncryptionKey, readKeyFile } from '@episodica/memory-core';
import { describe, expect, test } from 'vitest';

const KEY = 'A1'.repeat(32);
const PASSPHRASE = 'correct horse battery';

function keyFile(content: string | Uint8Array, mode = 0o600): string {
  const path = join(mkdtempSync(join(tmpdir(), 'key-')), 'key');
  writeFileSync(path, content, { mode });
  // The mode of a new file is cut by the mask of the process.
  chmodSync(path, mode);
  return path;
}

async function refusal(reading: Promise<string | undefined>): Promise<string> {
  const error: unknown = await reading.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  return isMemoryError(error) ? `${error.code}: ${error.message} ${String(error.cause ?? '')}` : 'not refused';
}

describe('an encryption key', () => {
  test('of 64 hexadecimal digits is taken as it is, whatever their case and the white space around them [ST-11]', async () => {
    expect(await readEncryptionKey(KEY)).toBe(KEY.toLowerCase());
    expect(await readEncryptionKey(` ${KEY}\n`)).toBe(KEY.toLowerCase());
  });

  test('is stretched from a passphrase, to the same key on every machine and in every version [ST-11]', async () => {
    const known = '0b7fa4e9f9819230c4e601c44d4a19b3db96d5d3648e1d630d5f2dc9b6915877';
    expect(await readEncryptionKey(PASSPHRASE)).toBe(known);
    expect(await readEncryptionKey(`${PASSPHRASE}!`)).not.toBe(known);
  });

  test('is the same for a letter in one or in two characters [ST-11]', async () => {
    const composed = await readEncryptionKey('schl\u00fcssel-wort');
    expect(await readEncryptionKey('schlu\u0308ssel-wort')).toBe(composed);
  });

  test.each(['', '   ', 'eleven-char'])('is never as short as %j, which is not repeated [ST-11]', async (text) => {
    const told = await refusal(readEncryptionKey(text));
    expect(told).toMatch(/^INVALID_INPUT: The encryption key .*openssl rand -hex 32/u);
    expect(told).not.toContain('eleven-char');
  });

  test('in a file is its one line [ST-11]', async () => {
    expect(await readKeyFile(keyFile(`${KEY}\n`))).toBe(KEY.toLowerCase());
    expect(await readKeyFile(keyFile(`${PASSPHRASE}\r\n`))).toBe(await readEncryptionKey(PASSPHRASE));
  });

  test.skipIf(process.platform === 'win32').each([0o640, 0o604, 0o620, 0o601])(
    'in a file of mode %o is refused, and chmod is named [ST-11]',
    async (mode) => {
      const path = keyFile(KEY, mode);
      expect(await refusal(readKeyFile(path))).toContain(`chmod 600 ${path}`);
    },
  );

  test.each([
    [`${KEY}\n${KEY}\n`, 'more than one line'],
    ['short\n', '12 characters'],
    ['', 'is empty'],
    ['x'.repeat(4_097), '4097 bytes'],
  ])(
    'in a file that is no key file is refused with its path, and without what it holds [ST-11]',
    async (content, reason) => {
      const path = keyFile(content);
      const told = await refusal(readKeyFile(path));
      expect(told).toContain('INVALID_INPUT');
      expect(told).toContain(path);
      expect(told).toContain(reason);
      expect(told).not.toMatch(/short|a1a1|xxx/iu);
    },
  );

  test('in a file of random bytes is refused, as two such files would be one key as text [ST-11]', async () => {
    const path = keyFile(Buffer.from('80ff'.repeat(16), 'hex'));
    const told = await refusal(readKeyFile(path));
    expect(told).toMatch(/^INVALID_INPUT: .*no text.*openssl rand -hex 32/u);
    expect(told).toContain(path);
  });

  test('in a file is text in UTF-8, with or without a mark at its beginning [ST-11]', async () => {
    const umlauts = 'schl\u00fcssel-wort';
    for (const text of [umlauts, `\ufeff${umlauts}\n`]) {
      expect(await readKeyFile(keyFile(text))).toBe(await readEncryptionKey(umlauts));
    }
    expect(await refusal(readKeyFile(keyFile(Buffer.from(`\ufeff${KEY}`, 'utf16le'))))).toContain('no text');
  });

  test('in a folder, a pipe or nothing at all is refused and not waited for [ST-11]', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'key-'));
    chmodSync(folder, 0o700);
    expect(await refusal(readKeyFile(folder))).toMatch(/no regular file|EISDIR/u);
    expect(await refusal(readKeyFile(join(folder, 'absent')))).toContain('ENOENT');
    if (process.platform === 'win32') return;
    const pipe = join(folder, 'pipe');
    execFileSync('mkfifo', ['-m', '600', pipe]);
    expect(await refusal(readKeyFile(pipe))).toContain('no regular file');
  });

  test('is read from what the settings name, and there is none where they name none [ST-11]', async () => {
    const none = { MEMORY_ENCRYPTION_KEY: '', MEMORY_ENCRYPTION_KEY_FILE: '' };
    expect(await encryptionKeyOf(none)).toBeUndefined();
    expect(await encryptionKeyOf({ ...none, MEMORY_ENCRYPTION_KEY: KEY })).toBe(KEY.toLowerCase());
    expect(await encryptionKeyOf({ ...none, MEMORY_ENCRYPTION_KEY_FILE: keyFile(KEY) })).toBe(KEY.toLowerCase());
  });
});
