import { describe, expect, test } from 'vitest';
import { imageOf, restoreImage } from '../../src/sandbox/memory-image.ts';

const PAGE_BYTES = 64 * 1024;

function memoryWith(bytes: Readonly<Record<number, number>>): WebAssembly.Memory {
  const memory = new WebAssembly.Memory({ initial: 2, maximum: 4 });
  const all = new Uint8Array(memory.buffer);
  for (const [place, byte] of Object.entries(bytes)) all[Number(place)] = byte;
  return memory;
}

function bytesOf(memory: WebAssembly.Memory): Buffer {
  return Buffer.from(memory.buffer.slice(0));
}

// What makes 5 of 3, and 7 of nothing near the end.
function workedImage(): NonNullable<ReturnType<typeof imageOf>> {
  const memory = memoryWith({ 10: 3 });
  const before = memory.buffer.slice(0);
  const all = new Uint8Array(memory.buffer);
  all[10] = 5;
  all[PAGE_BYTES * 2 - 1] = 7;
  const image = imageOf(memory, before);
  if (image === undefined) throw new Error('The memory has not grown.');
  return image;
}

describe('the image of a memory', () => {
  test('brings another memory to where the work had brought the first, as often as it is asked [SB-01]', () => {
    const image = workedImage();
    for (let count = 0; count < 2; count += 1) {
      const memory = memoryWith({ 10: 3, [PAGE_BYTES]: 9 });
      expect(restoreImage(image, memory)).toBe(true);
      expect(bytesOf(memory).equals(bytesOf(memoryWith({ 10: 5, [PAGE_BYTES]: 9, [PAGE_BYTES * 2 - 1]: 7 })))).toBe(
        true,
      );
      // What a program leaves there is not in the next.
      new Uint8Array(memory.buffer).fill(1);
    }
  });

  test('leaves a memory alone that was something else where the work changed it [SB-01]', () => {
    const memory = memoryWith({ 10: 3, [PAGE_BYTES * 2 - 2]: 1 });
    const before = bytesOf(memory);
    expect(restoreImage(workedImage(), memory)).toBe(false);
    expect(bytesOf(memory).equals(before)).toBe(true);
  });

  test('is not taken of a memory that grew during the work [SB-01]', () => {
    const memory = memoryWith({});
    const before = memory.buffer.slice(0);
    memory.grow(1);
    expect(imageOf(memory, before)).toBeUndefined();
  });
});
