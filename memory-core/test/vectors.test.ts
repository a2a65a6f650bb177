// Packed vectors: the kernel beside plain JavaScript, the nearest beside looking at all, and what happens meanwhile.
import { readFileSync } from 'node:fs';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { BroadcastChannel } from 'node:worker_threads';
import { unpackedVectorMatrix, type VectorMatrix, vectorMatrix } from '@episodica/memory-core/vectors';
import fc from 'fast-check';
import { beforeAll, describe, expect, onTestFinished, test } from 'vitest';
import wabt from 'wabt';
import type { SlotSet } from '../src/retrieve/slot-set.ts';
import { type Kernel, kernelModule, kernelOver, sharedMemory } from '../src/vectors/kernel.ts';
import { KERNEL_BASE64 } from '../src/vectors/kernel-bytes.ts';
import { packedRows } from '../src/vectors/packed-rows.ts';
import { type Scan, type Scanned, scanning } from '../src/vectors/scan.ts';
import { scanThread } from '../src/vectors/scan-thread.ts';

const WORKER = new URL(import.meta.resolve('@episodica/memory-core/scan-worker'));
const DYING_WORKER = new URL('./fixtures/dying-worker.mjs', import.meta.url);
const SLOW_WORKER = new URL('./fixtures/slow-worker.mjs', import.meta.url);
const DIMENSIONS = [...Array.from({ length: 70 }, (_, index) => index + 1), 384, 512, 1_536];

/** The same numbers each time: uniform in [0, 1). */
function randomFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}

/** Near enough to a normal distribution. */
function gaussian(random: () => number): number {
  return random() + random() + random() + random() + random() + random() - 3;
}

function unit(numbers: Iterable<number>): Float32Array {
  const vector = Float32Array.from(numbers);
  const length = Math.hypot(...vector) || 1;
  return vector.map((number) => number / length);
}

function randomUnit(dimensions: number, random: () => number): Float32Array {
  return unit(Array.from({ length: dimensions }, () => gaussian(random)));
}

function dot(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1) sum += left[index]! * right[index]!;
  return sum;
}

function scanned(steps: Generator<void, Scanned>): Scanned {
  for (;;) {
    const step = steps.next();
    if (step.done) return step.value;
  }
}

function setOf(slots: Iterable<number>): SlotSet {
  const distinct = new Set(slots);
  const words = new Uint32Array(((Math.max(0, ...distinct) >>> 5) + 1) * 2);
  for (const slot of distinct) words[slot >>> 5] = words[slot >>> 5]! | (1 << (slot & 31));
  return { size: distinct.size, words };
}

function opened(options: Parameters<typeof vectorMatrix>[0]): VectorMatrix {
  const matrix = vectorMatrix(options);
  onTestFinished(() => matrix.close());
  return matrix;
}

describe('the kernel', () => {
  const memory = sharedMemory();
  const kernel: Kernel = kernelOver(memory, kernelModule());
  const numbers = new Int8Array(memory.buffer);
  const wide = new Int16Array(memory.buffer);
  const words = new Uint32Array(memory.buffer);
  const floats = new Float32Array(memory.buffer);
  const [ROWS, QUERY, MASK, SCALES, SIGNS, QUERY_SIGNS, FOUND] = [0, 20_000, 30_000, 31_000, 32_000, 40_000, 50_000];

  test('is what its source assembles to [RE-10]', async () => {
    const path = fileURLToPath(new URL('../src/vectors/kernel.wat', import.meta.url));
    const { parseWat } = await wabt();
    const parsed = parseWat(path, readFileSync(path), { simd: true, threads: true });
    expect(KERNEL_BASE64).toBe(Buffer.from(parsed.toBinary({}).buffer).toString('base64'));
  });

  test.each(['random', 'extreme'] as const)(
    'multiplies %s numbers as JavaScript does, of any dimension [RE-10]',
    (kind) => {
      const random = randomFrom(7);
      for (const dimensions of DIMENSIONS) {
        const width = Math.ceil(dimensions / 64) * 64;
        const most = Math.min(32_767, Math.floor((2 ** 31 - 1) / (127 * width)));
        const pick = (limit: number): number =>
          kind === 'extreme' ? (random() < 0.5 ? -limit : limit) : Math.round((2 * random() - 1) * limit);
        numbers.fill(0, ROWS, ROWS + width);
        wide.fill(0, QUERY / 2, QUERY / 2 + width);
        let expected = 0;
        for (let index = 0; index < dimensions; index += 1) {
          numbers[ROWS + index] = pick(127);
          wide[QUERY / 2 + index] = kind === 'extreme' ? most * Math.sign(numbers[ROWS + index]!) : pick(most);
          expected += numbers[ROWS + index]! * wide[QUERY / 2 + index]!;
        }
        expect(kernel.product(ROWS, QUERY, width)).toBe(expected);
      }
    },
  );

  test('finds the masked rows above a floor, and those of like signs, as JavaScript does [RE-10]', () => {
    const random = randomFrom(11);
    const width = 128;
    const rows = Array.from({ length: 64 }, (_, row) => row);
    for (let index = 0; index < rows.length * width; index += 1)
      numbers[ROWS + index] = Math.round(254 * random()) - 127;
    for (const row of rows) floats[SCALES / 4 + row] = Math.fround(random());
    for (let index = 0; index < width; index += 1) wide[QUERY / 2 + index] = Math.round(2_000 * random()) - 1_000;
    const queryBytes = 45_000;
    for (let index = 0; index < width; index += 1) numbers[queryBytes + index] = wide[QUERY / 2 + index]! < 0 ? -1 : 0;
    kernel.sign(ROWS, rows.length * width, SIGNS);
    kernel.sign(queryBytes, width, QUERY_SIGNS);
    const row = (index: number): Int8Array => numbers.subarray(ROWS + index * width, ROWS + (index + 1) * width);
    const score = (index: number): number =>
      Math.fround(
        row(index).reduce((sum, number, at) => sum + number * wide[QUERY / 2 + at]!, 0) * floats[SCALES / 4 + index]!,
      );
    const differs = (index: number): number =>
      row(index).filter((number, at) => number < 0 !== wide[QUERY / 2 + at]! < 0).length;
    for (const mask of [
      [0, 0],
      [1, 2 ** 31],
      [0xdeadbeef, 0x12345678],
      [2 ** 32 - 1, 2 ** 32 - 1],
    ]) {
      words.set(mask, MASK / 4);
      const masked = rows.filter((index) => ((mask[index >>> 5]! >>> (index & 31)) & 1) === 1);
      for (const floor of [-Infinity, 0, score(31), Infinity]) {
        const count = kernel.above(MASK, 2, ROWS, SCALES, QUERY, width, floor, FOUND);
        const found = Array.from({ length: count }, (_, at) => [
          words[FOUND / 4 + 2 * at],
          floats[FOUND / 4 + 2 * at + 1],
        ]);
        expect(found).toEqual(masked.map((index) => [index, score(index)]).filter(([, value]) => value! > floor));
      }
      for (const most of [-1, 0, 64, differs(0), width]) {
        const count = kernel.alike(MASK, 2, SIGNS, QUERY_SIGNS, width / 8, most, FOUND);
        const found = Array.from({ length: count }, (_, at) => [
          words[FOUND / 4 + 2 * at],
          words[FOUND / 4 + 2 * at + 1],
        ]);
        expect(found).toEqual(masked.map((index) => [index, differs(index)]).filter(([, value]) => value! <= most));
      }
    }
  });
});

describe('nearest', () => {
  test('gives what looking at every vector gives, after any changes and through any filter [RE-01]', async () => {
    const slot = fc.oneof(fc.nat(40), fc.nat(20_000));
    const change = fc.record({ slot, seed: fc.nat(30), isPut: fc.boolean() });
    const filter = fc.option(fc.array(slot, { maxLength: 30 }), { nil: undefined });
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...DIMENSIONS),
        fc.array(change, { maxLength: 60 }),
        filter,
        fc.nat(20),
        async (dimensions, changes, allowed, count) => {
          const matrix = vectorMatrix({ dimensions });
          const model = new Map<number, Float32Array>();
          for (const { slot, seed, isPut } of changes) {
            const vector = randomUnit(dimensions, randomFrom(seed));
            if (isPut) {
              matrix.put(slot, vector);
              model.set(slot, vector);
            } else {
              matrix.delete(slot);
              model.delete(slot);
            }
          }
          const query = randomUnit(dimensions, randomFrom(99));
          const among = allowed === undefined ? undefined : setOf(allowed);
          const candidates = [...model].filter(([slot]) => allowed === undefined || allowed.includes(slot));
          const expected = candidates
            .map(([slot]) => ({ slot, cosine: matrix.cosine(slot, query)! }))
            .sort((left, right) => right.cosine - left.cosine || left.slot - right.slot)
            .slice(0, count);
          expect(matrix.count).toBe(model.size);
          expect(await matrix.nearest(query, { count, among })).toEqual(expected);
          for (const [slot, vector] of model) {
            expect(Math.abs(matrix.cosine(slot, query)! - dot(vector, query))).toBeLessThan(0.01);
            expect(matrix.cosinesWith(query)(slot)).toBe(matrix.cosine(slot, query));
            expect(Math.abs(matrix.cosine(slot, changes[0]!.slot) ?? 0)).toBeLessThanOrEqual(1);
            expect(matrix.cosine(slot, slot)).toBeGreaterThan(0.999);
          }
          await matrix.close();
        },
      ),
      { numRuns: 60 },
    );
  });

  test('of an empty matrix, of no slots and of none wanted is nothing [RE-01]', async () => {
    const matrix = opened({ dimensions: 3 });
    const query = unit([1, 2, 3]);
    expect(await matrix.nearest(query, { count: 5 })).toEqual([]);
    matrix.put(2, query);
    expect(await matrix.nearest(query, { count: 0 })).toEqual([]);
    expect(await matrix.nearest(query, { count: 5, among: { size: 0, words: new Uint32Array(0) } })).toEqual([]);
    expect(matrix.cosine(2, 3)).toBeUndefined();
    expect(matrix.cosine(3, query)).toBeUndefined();
    expect(matrix.has(3)).toBe(false);
  });

  /** Vectors in forty groups; those of hashed words are mostly zeros. */
  function grouped(kind: 'dense' | 'hashed'): {
    readonly vectors: readonly Float32Array[];
    member(index: number): Float32Array;
  } {
    const random = randomFrom(5);
    const dimensions = 384;
    const centres = Array.from({ length: 40 }, () => randomUnit(dimensions, random));
    const topics = centres.map(() => Array.from({ length: 40 }, () => Math.floor(random() * dimensions)));
    const member = (index: number): Float32Array => {
      if (kind === 'dense') return unit(centres[index % 40]!.map((number) => number + gaussian(random) / 14));
      const text = new Float32Array(dimensions);
      for (const word of topics[index % 40]!) if (random() < 0.3) text[word] = 1 + random();
      return unit(text);
    };
    return { vectors: Array.from({ length: 4_000 }, (_, index) => member(index)), member };
  }

  test.each(['dense', 'hashed'] as const)(
    'finds the ten nearest of %s vectors, by all bytes and by signs first [RE-01]',
    (kind) => {
      const { vectors, member } = grouped(kind);
      const rows = packedRows(384);
      vectors.forEach((vector, slot) => {
        rows.put(slot, vector);
      });
      // Said to be so many that it would take too long to look at each.
      for (const atMost of [rows.count, 2_000_000]) {
        let found = 0;
        for (let asked = 0; asked < 20; asked += 1) {
          const query = member(asked);
          const exact = vectors.map((vector) => dot(vector, query)).sort((left, right) => right - left);
          const scan = {
            query: rows.query(query).numbers,
            count: 10,
            chunks: rows.chunks,
            rows: atMost,
            among: undefined,
          };
          // What is as near as the tenth to a thousandth counts: no search by meaning tells them apart.
          found += [...scanned(scanning(rows.room, scan)).slots].filter(
            (slot) => dot(vectors[slot]!, query) >= exact[9]! - 0.001,
          ).length;
        }
        expect(found / 200).toBeGreaterThanOrEqual(0.99);
      }
    },
  );

  test('refuses vectors of another dimension and numbers that are none, and keeps what it has [EM-04]', async () => {
    const matrix = opened({ dimensions: 4 });
    const vector = unit([1, 0, 0, 1]);
    matrix.put(0, vector);
    for (const bad of [
      unit([1, 2, 3]),
      unit([1, 2, 3, 4, 5]),
      Float32Array.of(1, Number.NaN, 0, 0),
      Float32Array.of(Infinity, 0, 0, 0),
    ]) {
      expect(() => matrix.put(0, bad)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
      expect(() => matrix.cosine(0, bad)).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
      await expect(matrix.nearest(bad, { count: 1 })).rejects.toMatchObject({ code: 'INVALID_INPUT' });
    }
    expect(matrix.cosine(0, vector)).toBeCloseTo(1, 3);
    for (const dimensions of [0, -1, 1.5, 100_000]) {
      expect(() => vectorMatrix({ dimensions })).toThrow(expect.objectContaining({ code: 'INVALID_INPUT' }));
    }
  });
});

describe('parts', () => {
  const filled = (): VectorMatrix => {
    const matrix = opened({ dimensions: 20 });
    const random = randomFrom(3);
    for (const slot of [0, 1, 5, 77, 8_191, 8_192, 16_500]) matrix.put(slot, randomUnit(20, random));
    matrix.delete(5);
    return matrix;
  };
  const packed = (matrix: VectorMatrix): Map<string, Uint8Array> =>
    new Map(matrix.parts('v').map((part) => [part.name, part.bytes()]));

  test('hold nothing of a row that was deleted [EP-06]', () => {
    const [random, without] = [randomFrom(5), opened({ dimensions: 20 })];
    const matrix = opened({ dimensions: 20 });
    for (const each of [matrix, without]) each.put(1, randomUnit(20, randomFrom(6)));
    matrix.put(0, randomUnit(20, random));
    matrix.delete(0);
    for (const [name, bytes] of packed(without)) expect(Buffer.compare(packed(matrix).get(name)!, bytes)).toBe(0);
  });

  test('unpack to the same matrix, which goes on as the first would have [CA-05]', async () => {
    const matrix = filled();
    const again = unpackedVectorMatrix(packed(matrix), 'v')!;
    onTestFinished(() => again.close());
    const query = randomUnit(20, randomFrom(4));
    expect([again.count, again.dimensions]).toEqual([6, 20]);
    expect(await again.nearest(query, { count: 10 })).toEqual(await matrix.nearest(query, { count: 10 }));
    for (const each of [matrix, again]) {
      each.delete(77);
      each.put(30_000, query);
    }
    const [left, right] = [packed(matrix), packed(again)];
    expect([...right.keys()]).toEqual([...left.keys()]);
    for (const [name, bytes] of left) expect(Buffer.compare(bytes, right.get(name)!)).toBe(0);
    expect(await again.nearest(query, { count: 1 })).toEqual([{ slot: 30_000, cosine: expect.closeTo(1, 3) }]);
  });

  test('of an empty matrix unpack to an empty matrix [CA-05]', () => {
    const again = unpackedVectorMatrix(packed(opened({ dimensions: 20 })), 'v');
    expect([again?.count, again?.dimensions]).toEqual([0, 20]);
  });

  test('tell by their revision which of them changed [CA-05]', () => {
    const matrix = filled();
    const before = matrix.parts('v');
    matrix.delete(4);
    expect(matrix.parts('v').map(({ revision }) => revision)).toEqual(before.map(({ revision }) => revision));
    matrix.put(8_193, randomUnit(20, randomFrom(1)));
    const after = matrix.parts('v');
    expect(after.map(({ revision }, index) => revision > before[index]!.revision)).toEqual([false, true, false]);
    expect(after.map(({ name }) => name)).toEqual(['v-0', 'v-1', 'v-2']);
  });

  test('that are damaged, incomplete or of something else are refused [CA-05]', () => {
    const whole = packed(filled());
    const names = [...whole.keys()];
    for (const name of names) {
      expect(unpackedVectorMatrix(new Map([...whole].filter(([other]) => other !== name)), 'v')).toBeUndefined();
    }
    expect(unpackedVectorMatrix(whole, 'w')).toBeUndefined();
    expect(unpackedVectorMatrix(new Map([...whole, ['v-1', whole.get('v-2')!]]), 'v')).toBeUndefined();
    const other = opened({ dimensions: 21 });
    other.put(8_192, randomUnit(21, randomFrom(1)));
    expect(unpackedVectorMatrix(new Map([...whole, ['v-1', packed(other).get('v-1')!]]), 'v')).toBeUndefined();
    fc.assert(
      fc.property(
        fc.constantFrom(...names),
        fc.nat(),
        fc.integer({ min: 1, max: 255 }),
        fc.boolean(),
        (name, at, flip, cut) => {
          const bytes = whole.get(name)!.slice();
          const index = at % bytes.length;
          bytes[index] = bytes[index]! ^ flip;
          const damaged = new Map([...whole, [name, cut ? bytes.subarray(0, index) : bytes] as const]);
          expect(unpackedVectorMatrix(damaged, 'v')).toBeUndefined();
        },
      ),
    );
  });
});

describe('a long search', () => {
  const DIMENSIONS_OF_LARGE = 512;
  const ROWS_OF_LARGE = 33_000;
  let parts: ReadonlyMap<string, Uint8Array>;

  beforeAll(() => {
    const matrix = vectorMatrix({ dimensions: DIMENSIONS_OF_LARGE });
    for (let slot = 0; slot < ROWS_OF_LARGE; slot += 1) matrix.put(slot, vectorOf(slot));
    parts = new Map(matrix.parts('v').map((part) => [part.name, part.bytes()]));
  });

  /** Few numbers, so that many vectors are made soon. */
  function vectorOf(slot: number): Float32Array {
    const random = randomFrom(slot);
    const vector = new Float32Array(DIMENSIONS_OF_LARGE);
    for (let word = 0; word < 8; word += 1) vector[Math.floor(random() * DIMENSIONS_OF_LARGE)] = Math.sqrt(1 / 8);
    return vector;
  }

  function large(workerUrl: URL): VectorMatrix {
    const matrix = unpackedVectorMatrix(parts, 'v', { workerUrl })!;
    onTestFinished(() => matrix.close());
    return matrix;
  }

  /** Asks until the worker is there and has a search, which it does not answer before it is told. */
  async function askSlowWorker(
    matrix: VectorMatrix,
    query: Float32Array,
    signal?: AbortSignal,
  ): Promise<{ readonly last: Promise<unknown>; tell(): void }> {
    const channel = new BroadcastChannel(`slow worker of ${DIMENSIONS_OF_LARGE}`);
    onTestFinished(() => channel.close());
    const heard = new Promise<void>((resolve) => {
      channel.onmessage = () => resolve();
    });
    for (;;) {
      const last = matrix.nearest(query, { count: 2, signal });
      const isAnswered = await Promise.race([last.then(() => true), heard.then(() => false)]);
      if (!isAnswered) return { last, tell: () => channel.postMessage('answer') };
    }
  }

  /** By the scores of single rows. */
  function expected(matrix: VectorMatrix, query: Float32Array, count: number): unknown {
    return Array.from({ length: ROWS_OF_LARGE }, (_, slot) => ({ slot, cosine: matrix.cosine(slot, query)! }))
      .sort((left, right) => right.cosine - left.cosine || left.slot - right.slot)
      .slice(0, count);
  }

  test('gives the same in the worker and without one, one at a time and many at once [RE-10]', async () => {
    const matrix = large(WORKER);
    const asked = [3, 32_999].map((slot) => ({ query: vectorOf(slot), count: 7 }));
    const answers = asked.map(({ query, count }) => expected(matrix, query, count));
    // The first ones are made in slices while the worker starts, the last ones by it.
    for (let round = 0; round < 5; round += 1) {
      expect(await Promise.all(asked.map(({ query, count }) => matrix.nearest(query, { count })))).toEqual(answers);
    }
    const even = setOf(Array.from({ length: ROWS_OF_LARGE - 1 }, (_, index) => index + 1));
    expect((await matrix.nearest(vectorOf(0), { count: 1, among: even }))[0]?.slot).not.toBe(0);
  });

  test('is done by the worker that shares the memory [RE-10]', async () => {
    const rows = packedRows(64);
    const thread = scanThread(rows.setup, WORKER, () => {});
    onTestFinished(() => thread.close());
    for (let slot = 0; slot < 9_000; slot += 1) rows.put(slot, randomUnit(64, randomFrom(slot)));
    const ask = (slot: number): Scan => ({
      query: rows.query(randomUnit(64, randomFrom(slot))).numbers,
      count: 3,
      chunks: rows.chunks,
      rows: rows.count,
      among: undefined,
    });
    const here = (scan: Scan): unknown => scanned(scanning(rows.room, scan));
    const inWorker = await thread.run(ask(8_500), undefined);
    expect(inWorker).toMatchObject({ slots: expect.any(Uint32Array) });
    expect(inWorker).toEqual(here(ask(8_500)));
    // The memory grows under the worker.
    rows.put(100_000, randomUnit(64, randomFrom(1)));
    expect(await thread.run(ask(100_000), undefined)).toEqual(here(ask(100_000)));
    await thread.close();
    expect(await thread.run(ask(1), undefined)).toBe('lost');
  });

  test('lets others have their turn [RE-10]', async () => {
    const matrix = large(SLOW_WORKER);
    let turns = 0;
    const asked = matrix.nearest(vectorOf(1), { count: 1 });
    setImmediate(() => {
      turns += 1;
    });
    await asked;
    expect(turns).toBe(1);
  });

  test('goes on without its worker when that dies or is not there [RE-10]', async () => {
    for (const workerUrl of [DYING_WORKER, new URL('./fixtures/missing.mjs', import.meta.url)]) {
      const matrix = large(workerUrl);
      const query = vectorOf(12_345);
      const answer = expected(matrix, query, 3);
      for (let round = 0; round < 6; round += 1) {
        expect(await matrix.nearest(query, { count: 3 })).toEqual(answer);
        await nextTurn();
      }
    }
  });

  test('ends at once when it is aborted or the matrix closed [RE-10]', async () => {
    const matrix = large(SLOW_WORKER);
    const query = vectorOf(5);
    const aborting = (): AbortController => new AbortController();
    const early = aborting();
    early.abort();
    await expect(matrix.nearest(query, { count: 1, signal: early.signal })).rejects.toMatchObject({ code: 'ABORTED' });
    const inSlices = aborting();
    const sliced = matrix.nearest(query, { count: 1, signal: inSlices.signal });
    inSlices.abort();
    await expect(sliced).rejects.toMatchObject({ code: 'ABORTED' });
    const during = aborting();
    const { last } = await askSlowWorker(matrix, query, during.signal);
    during.abort();
    await expect(last).rejects.toMatchObject({ code: 'ABORTED' });
    const unanswered = matrix.nearest(query, { count: 1 });
    const refused = expect(unanswered).rejects.toMatchObject({ code: 'CLOSED' });
    await matrix.close();
    await matrix.close();
    await refused;
    await expect(matrix.nearest(query, { count: 1 })).rejects.toMatchObject({ code: 'CLOSED' });
  });

  test('tells what a row is now that changed while it was looked at, and nothing of one that went [RE-10]', async () => {
    const matrix = large(SLOW_WORKER);
    const query = vectorOf(0);
    const { last, tell } = await askSlowWorker(matrix, query);
    matrix.put(0, vectorOf(77));
    matrix.delete(1);
    tell();
    expect(await last).toEqual([{ slot: 0, cosine: matrix.cosine(0, query) }]);
  });

  test('never tells of a row what it is not, whatever is written meanwhile [RE-10]', async () => {
    const matrix = large(WORKER);
    const random = randomFrom(8);
    for (let round = 0; round < 30; round += 1) {
      const query = vectorOf(Math.floor(random() * ROWS_OF_LARGE));
      const asked = matrix.nearest(query, { count: 20 }).then((found) => ({
        found,
        // What is written from here on is no matter.
        now: found.map(({ slot }) => ({ slot, cosine: matrix.cosine(slot, query) })),
      }));
      for (let write = 0; write < 40; write += 1) {
        const slot = Math.floor(random() * ROWS_OF_LARGE);
        if (random() < 0.3) matrix.delete(slot);
        else matrix.put(slot, vectorOf(Math.floor(random() * ROWS_OF_LARGE)));
        if (write % 10 === 0) await nextTurn();
      }
      matrix.put(ROWS_OF_LARGE + round * 8_192, vectorOf(round));
      const { found, now } = await asked;
      expect(found).toEqual(now);
      expect(found.map(({ cosine }) => cosine)).toEqual(found.map(({ cosine }) => cosine).sort((a, b) => b - a));
    }
  });
});
