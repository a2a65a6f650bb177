// The key of a database file, as this package takes it.
import { MemoryError } from '@episodica/memory-core/backend';

/** The key in the one form in which it is used. @throws `INVALID_INPUT`, which does not repeat it */
export function checkedKey(encryptionKey: string | undefined): string | undefined {
  if (encryptionKey === undefined || /^[0-9a-f]{64}$/iu.test(encryptionKey)) return encryptionKey?.toLowerCase();
  throw new MemoryError('INVALID_INPUT', 'encryptionKey: must be 64 hexadecimal digits, which are 32 random bytes.');
}
