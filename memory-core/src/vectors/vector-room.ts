// Where packed vectors stand in the memory that two threads share: in chunks of rows, behind a desk for each thread.
import { type Kernel, type KernelModule, kernelOver, PAGE_BYTES, type SharedMemory } from './kernel.ts';

/** Rows of a chunk. A row is a slot. */
export const CHUNK_ROWS = 8_192;
export const CHUNK_WORDS: number = CHUNK_ROWS / 32;

/** Addresses of one chunk. A row has its bytes, the scale that makes numbers of them, their signs, and a bit: it is there. */
export interface Chunk {
  readonly rows: number;
  readonly scales: number;
  readonly signs: number;
  readonly present: number;
}

/** Addresses of what a thread works with: no other thread touches it. */
export interface Desk {
  readonly query: number;
  readonly querySigns: number;
  readonly mask: number;
  readonly found: number;
}

export interface Views {
  readonly bytes: Uint8Array;
  readonly numbers: Int8Array;
  readonly wide: Int16Array;
  readonly words: Uint32Array;
  readonly floats: Float32Array;
}

export interface VectorRoom {
  readonly kernel: Kernel;
  readonly width: number;
  readonly signBytes: number;
  readonly desk: Desk;
  chunk(index: number): Chunk;
  /** Over the memory as it is now; valid until it grows. */
  views(): Views;
  /** Makes room for so many chunks, all empty. @throws RangeError when there is no more */
  grow(chunks: number): void;
}

/** What the threads of a room have in common. */
export interface RoomSetup {
  readonly memory: SharedMemory;
  readonly module: KernelModule;
  /** Bytes of a row: a multiple of 64. */
  readonly width: number;
}

/** The room as a thread sees it that has one of the two desks: the one that writes rows, or its worker. */
export function vectorRoom({ memory, module, width }: RoomSetup, thread: 'writer' | 'worker'): VectorRoom {
  const signBytes = width / 8;
  const deskBytes = 2 * width + 64 * Math.ceil(signBytes / 64) + CHUNK_ROWS / 8 + 8 * CHUNK_ROWS;
  const chunkBytes = CHUNK_ROWS * (width + 4 + signBytes) + CHUNK_ROWS / 8;
  const query = thread === 'writer' ? 0 : deskBytes;
  const querySigns = query + 2 * width;
  const mask = querySigns + 64 * Math.ceil(signBytes / 64);
  let views = viewsOver(memory.buffer);
  return {
    kernel: kernelOver(memory, module),
    width,
    signBytes,
    desk: { query, querySigns, mask, found: mask + CHUNK_ROWS / 8 },
    chunk(index) {
      const rows = 2 * deskBytes + index * chunkBytes;
      const scales = rows + CHUNK_ROWS * width;
      const signs = scales + CHUNK_ROWS * 4;
      return { rows, scales, signs, present: signs + CHUNK_ROWS * signBytes };
    },
    views() {
      if (views.bytes.buffer !== memory.buffer) views = viewsOver(memory.buffer);
      return views;
    },
    grow(chunks) {
      const missingBytes = 2 * deskBytes + chunks * chunkBytes - memory.buffer.byteLength;
      if (missingBytes > 0) memory.grow(Math.ceil(missingBytes / PAGE_BYTES));
    },
  };
}

function viewsOver(buffer: SharedArrayBuffer): Views {
  return {
    bytes: new Uint8Array(buffer),
    numbers: new Int8Array(buffer),
    wide: new Int16Array(buffer),
    words: new Uint32Array(buffer),
    floats: new Float32Array(buffer),
  };
}
