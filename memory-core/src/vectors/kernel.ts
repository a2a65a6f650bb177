// The kernel: loops over packed vectors in WebAssembly with SIMD, which every Node we run on has. Source: `kernel.wat`.
import { KERNEL_BASE64 } from './kernel-bytes.ts';

/** Addresses are offsets in the memory; a width is bytes of a row, a multiple of 64. */
export interface Kernel {
  /** Scalar product of a row and of as many 16-bit numbers. */
  product(row: number, query: number, width: number): number;

  /**
   * Goes over the rows whose bit is set in the mask, and writes (number of the row as 32 bits, product times the scale of
   * the row as 32-bit float) at `found` for each one above the floor, in the order of the rows.
   * @returns how many it wrote
   */
  above(
    mask: number,
    maskWords: number,
    rows: number,
    scales: number,
    query: number,
    width: number,
    floor: number,
    found: number,
  ): number;

  /**
   * The same over rows of signs: (number of the row, bits in which it differs from the query) for each one that differs
   * in at most `most`. `signBytes` is a multiple of 8.
   */
  alike(
    mask: number,
    maskWords: number,
    signs: number,
    query: number,
    signBytes: number,
    most: number,
    found: number,
  ): number;

  /** Writes a bit for each of `length` bytes, set below 0. `length` is a multiple of 16. */
  sign(bytes: number, length: number, signs: number): void;
}

/** Memory that threads share. It grows to 4 GiB, and takes of the machine what was written. */
export interface SharedMemory {
  /** As it was at its last growth: another object after each. */
  readonly buffer: SharedArrayBuffer;
  /** @throws RangeError when there is no more */
  grow(pages: number): number;
}

export const PAGE_BYTES = 65_536;
/** 4 GiB: what 32-bit addresses reach. */
export const MAX_PAGES = 65_536;

export function sharedMemory(): SharedMemory {
  const { Memory } = platform();
  return new Memory({ initial: 1, maximum: MAX_PAGES, shared: true });
}

/** The kernel in machine code. Threads share it too, with what the engine has made faster meanwhile. */
export type KernelModule = object;

export function kernelModule(): KernelModule {
  const { Module } = platform();
  return new Module(Buffer.from(KERNEL_BASE64, 'base64'));
}

export function kernelOver(memory: SharedMemory, module: KernelModule): Kernel {
  const { Instance } = platform();
  return new Instance(module, { vectors: { memory } }).exports;
}

/** The part of WebAssembly that is used here. */
interface Platform {
  readonly Memory: new (limits: {
    readonly initial: number;
    readonly maximum: number;
    readonly shared: true;
  }) => SharedMemory;
  readonly Module: new (bytes: Uint8Array) => KernelModule;
  readonly Instance: new (
    module: KernelModule,
    imports: { readonly vectors: { readonly memory: SharedMemory } },
  ) => { readonly exports: Kernel };
}

function platform(): Platform {
  // TypeScript declares it only together with a browser: asked for by a name that it does not know, it is anything.
  const name: string = 'WebAssembly';
  return Reflect.get(globalThis, name);
}
