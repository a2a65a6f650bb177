// Bytes with a check over them, so that what the disk garbled is never taken for what was kept.
import { crc32 } from 'node:zlib';

/** Four bytes of check over key, time and payload, then the time, then the payload. */
const HEADER_BYTES = 8;

export interface Kept {
  readonly storedAtSeconds: number;
  readonly payload: Uint8Array;
}

export function keptBytes(key: string, { storedAtSeconds, payload }: Kept): Buffer {
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload.byteLength);
  bytes.writeUInt32LE(storedAtSeconds, 4);
  bytes.set(payload, HEADER_BYTES);
  bytes.writeUInt32LE(crc32(bytes.subarray(4), crc32(key)), 0);
  return bytes;
}

/** What `keptBytes` was given for this key; nothing where the bytes are other than it made them. */
export function readKept(key: string, bytes: Uint8Array): Kept | undefined {
  if (bytes.byteLength < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== crc32(bytes.subarray(4), crc32(key))) return undefined;
  return { storedAtSeconds: view.getUint32(4, true), payload: bytes.subarray(HEADER_BYTES) };
}

/** JSON with a check before it. */
export function noteText(key: string, value: unknown): string {
  const json = JSON.stringify(value);
  return `${crc32(key + json)} ${json}`;
}

/** What `noteText` was given for this key; nothing where the text is other than it made it. */
export function readNote(key: string, text: string): unknown {
  const [, check, json] = /^(\d+) (.*)$/su.exec(text) ?? [];
  return json !== undefined && Number(check) === crc32(key + json) ? JSON.parse(json) : undefined;
}
