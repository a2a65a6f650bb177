// The search of packed vectors: how long it takes, what it holds up, and how often it finds what is exactly the nearest.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { unpackedVectorMatrix, type VectorMatrix, vectorMatrix } from '@episodica/memory-core/vectors';
import { seededRandom } from './corpus.ts';
import { timeCalls } from './measure.ts';
import type { Row, Suite, SuiteOptions, SuiteReport } from './suite.ts';

export const vectors: Suite = {
  name: 'vectors',
  about:
    'The ten nearest of generated vectors in groups (about 100 each, 1,000 of a million; cosine within a group about .5).\n' +
    'Baseline: plain JavaScript over the same number of 32-bit floats. The first searches, before a worker is there, do not count.',
  run,
};

interface Size {
  readonly rows: number;
  readonly dimensions: number;
  readonly groupRows: number;
  readonly limitMs: number;
}

const SIZES: readonly Size[] = [
  { rows: 10_000, dimensions: 384, groupRows: 100, limitMs: 0.6 },
  { rows: 10_000, dimensions: 1_536, groupRows: 100, limitMs: 1 },
  { rows: 100_000, dimensions: 384, groupRows: 100, limitMs: 6 },
];
const FULL_SIZES: readonly Size[] = [
  { rows: 100_000, dimensions: 1_536, groupRows: 100, limitMs: 10 },
  { rows: 1_000_000, dimensions: 384, groupRows: 1_000, limitMs: 60 },
  { rows: 1_000_000, dimensions: 1_536, groupRows: 1_000, limitMs: 100 },
];
const WANTED = 10;
/** Questions; the first of them are also answered exactly. */
const QUERIES = 100;
const EXACT_QUERIES = 20;
/** What is no farther than this from the tenth cannot be told from it. */
const SAME_COSINE = 0.001;
/** Rows that the baseline goes over; its time for more is so many times as long. */
const BASELINE_ROWS = 10_000;

async function run({ isFull }: SuiteOptions): Promise<SuiteReport> {
  const rows: Row[] = [];
  for (const size of isFull ? [...SIZES, ...FULL_SIZES] : SIZES) rows.push(...(await rowsFor(size)));
  const notes = [
    `Found: the share of the ten exactly nearest, over ${EXACT_QUERIES} questions; "or as near" counts what is as near as the tenth to .001.`,
    `The baseline goes over ${BASELINE_ROWS.toLocaleString('en')} rows; its time is multiplied.`,
  ];
  if (!isFull)
    notes.push('A million vectors, and 100,000 of 1,536 dimensions: with --full, some five minutes and 2 GB.');
  return { rows, notes };
}

async function rowsFor(size: Size): Promise<readonly Row[]> {
  const what = `${size.rows.toLocaleString('en')} × ${size.dimensions.toLocaleString('en')}`;
  const vectorOf = groupedVectors(size);
  const queries = Array.from({ length: QUERIES }, (_, index) => vectorOf(size.rows + 7 * index));
  const matrix = vectorMatrix({ dimensions: size.dimensions });
  try {
    const { exact, putUs } = fill(matrix, vectorOf, { rows: size.rows, queries: queries.slice(0, EXACT_QUERIES) });
    return [
      ...(await searchRows(matrix, what, { size, queries, baselineMs: plainScanMs(vectorOf, size) })),
      ...(await foundRows(matrix, what, exact)),
      { what: `${what}: putting one`, unit: 'µs', value: putUs },
      ...(await unpackRows(matrix, what)),
    ];
  } finally {
    await matrix.close();
  }
}

async function searchRows(
  matrix: VectorMatrix,
  what: string,
  {
    size,
    queries,
    baselineMs,
  }: { readonly size: Size; readonly queries: readonly Float32Array[]; readonly baselineMs: number },
): Promise<readonly Row[]> {
  const query = (index: number): Float32Array => queries[index % QUERIES] ?? new Float32Array(size.dimensions);
  const search = (index: number): Promise<unknown> => matrix.nearest(query(index), { count: WANTED });
  // The worker starts with the first of them.
  await timeCalls({ warmup: 0, calls: 60 }, search);
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const all = await timeCalls({ warmup: 5, calls: 200 }, search);
  delay.disable();
  const among = every100th(size.rows);
  const few = await timeCalls({ warmup: 20, calls: 200 }, (index) =>
    matrix.nearest(query(index), { count: WANTED, among }),
  );
  return [
    {
      what,
      unit: 'ms',
      value: all.medianMs,
      p99: all.p99Ms,
      baseline: { name: 'plain JavaScript', value: baselineMs },
      target: { bound: 'at most', of: 'value', limit: size.limitMs },
    },
    { what: `${what}: a hundredth let through`, unit: 'ms', value: few.medianMs, p99: few.p99Ms },
    { what: `${what}: event loop held, at most`, unit: 'ms', value: delay.max / 1e6 },
  ];
}

interface Exact {
  readonly query: Float32Array;
  /** Best first. */
  readonly nearest: readonly { readonly slot: number; readonly cosine: number }[];
}

/** Puts every vector, and looks at each for the questions that are answered exactly. */
function fill(
  matrix: VectorMatrix,
  vectorOf: (index: number) => Float32Array,
  { rows, queries }: { readonly rows: number; readonly queries: readonly Float32Array[] },
): { readonly exact: readonly Exact[]; readonly putUs: number } {
  const found = queries.map((query) => ({ query, nearest: [] as { slot: number; cosine: number }[] }));
  let putMs = 0;
  for (let slot = 0; slot < rows; slot += 1) {
    const vector = vectorOf(slot);
    const startedMs = performance.now();
    matrix.put(slot, vector);
    putMs += performance.now() - startedMs;
    for (const { query, nearest } of found) {
      const cosine = product(query, vector);
      if (nearest.length === WANTED && cosine <= (nearest[WANTED - 1]?.cosine ?? 1)) continue;
      nearest.push({ slot, cosine });
      nearest.sort((left, right) => right.cosine - left.cosine);
      nearest.length = Math.min(nearest.length, WANTED);
    }
  }
  return { exact: found, putUs: (putMs / rows) * 1_000 };
}

async function foundRows(matrix: VectorMatrix, what: string, exact: readonly Exact[]): Promise<readonly Row[]> {
  let exactly = 0;
  let nearly = 0;
  for (const { query, nearest } of exact) {
    const slots = new Set(nearest.map(({ slot }) => slot));
    const tenth = nearest[WANTED - 1]?.cosine ?? 1;
    for (const { slot, cosine } of await matrix.nearest(query, { count: WANTED })) {
      exactly += slots.has(slot) ? 1 : 0;
      nearly += slots.has(slot) || cosine >= tenth - SAME_COSINE ? 1 : 0;
    }
  }
  const all = exact.length * WANTED;
  const target = { bound: 'at least', of: 'value', limit: 0.99 } as const;
  return [
    { what: `${what}: found`, unit: '', value: exactly / all, target },
    { what: `${what}: found, or as near`, unit: '', value: nearly / all, target },
  ];
}

/** From bytes at hand; a million rows are more than one thing at a time may hold. */
async function unpackRows(matrix: VectorMatrix, what: string): Promise<readonly Row[]> {
  if (matrix.count > 100_000) return [];
  const parts = new Map(matrix.parts('vectors').map((part) => [part.name, part.bytes()]));
  const startedMs = performance.now();
  const unpacked = unpackedVectorMatrix(parts, 'vectors');
  const value = performance.now() - startedMs;
  await unpacked?.close();
  const sizeBytes = [...parts.values()].reduce((sum, bytes) => sum + bytes.length, 0);
  return [
    { what: `${what}: unpacking`, unit: 'ms', value },
    { what: `${what}: packed`, unit: 'MB', value: sizeBytes / 1e6 },
  ];
}

/** What going over 32-bit floats in plain JavaScript takes: the best of five. */
function plainScanMs(vectorOf: (index: number) => Float32Array, { rows, dimensions }: Size): number {
  const scanned = Array.from({ length: BASELINE_ROWS }, (_, index) => vectorOf(index));
  const query = vectorOf(rows);
  const timesMs = Array.from({ length: 5 }, () => {
    const startedMs = performance.now();
    const cosines = new Float32Array(BASELINE_ROWS);
    scanned.forEach((vector, index) => {
      cosines[index] = product(query, vector);
    });
    if (!Number.isFinite(cosines[dimensions % BASELINE_ROWS])) throw new Error('A cosine is no number.');
    return performance.now() - startedMs;
  });
  return (Math.min(...timesMs) * rows) / BASELINE_ROWS;
}

function product(left: Float32Array, right: Float32Array): number {
  let sum = 0;
  for (let index = 0; index < left.length; index += 1) sum += (left[index] ?? 0) * (right[index] ?? 0);
  return sum;
}

function every100th(rows: number): { readonly size: number; readonly words: Uint32Array } {
  const words = new Uint32Array(Math.ceil(rows / 32));
  for (let slot = 0; slot < rows; slot += 100) words[slot >>> 5] = (words[slot >>> 5] ?? 0) | (1 << (slot & 31));
  return { size: Math.ceil(rows / 100), words };
}

/** Vectors by number: the centre of a group and as much that is its own. Each is a new array. */
function groupedVectors({ rows, dimensions, groupRows }: Size): (index: number) => Float32Array {
  const random = seededRandom(17);
  const noise = Float32Array.from({ length: 2 ** 20 }, () => normal(random));
  const groups = rows / groupRows;
  // The noise of a vector begins anywhere in what was drawn: far cheaper than drawing a million times as much.
  const drawn = (target: Float32Array): Float32Array => {
    const start = Math.floor(random() * (noise.length - dimensions));
    for (let index = 0; index < dimensions; index += 1)
      target[index] = (target[index] ?? 0) + (noise[start + index] ?? 0);
    return target;
  };
  const centres = Array.from({ length: groups }, () => drawn(new Float32Array(dimensions)));
  return (index) => {
    const vector = drawn((centres[index % groups] ?? new Float32Array(dimensions)).slice());
    const scale = 1 / Math.sqrt(product(vector, vector));
    for (let at = 0; at < dimensions; at += 1) vector[at] = (vector[at] ?? 0) * scale;
    return vector;
  };
}

/** By Box and Muller (1958). */
function normal(random: () => number): number {
  return Math.sqrt(-2 * Math.log(random() + 1e-12)) * Math.cos(2 * Math.PI * random());
}
