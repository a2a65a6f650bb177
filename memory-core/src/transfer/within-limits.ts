// Values as other tools write them, made such that an episode can hold them: what is too long is clipped and marked.
import { clip } from '../clip.ts';
import type { StepResult } from '../episode.ts';
import type { Json, JsonObject } from '../json.ts';
import { LIMITS } from '../limits.ts';
import type { StepRecord } from './record.ts';

/** Steps of one episode together, before it goes on in another: well within what an episode may hold. */
const PART_BYTES = 4_000_000;
/** What strings among parameters are cut to until all of them fit, from the mildest on. */
const STRING_BYTES = [LIMITS.parametersBytes, 16_000, 2_000] as const;
const MIN_STRING_BYTES = 200;
/** Kept of parameters that are too many: as JSON within JSON a character may take six bytes. */
const TEXT_OF_PARAMETERS_BYTES = 10_000;
/** Far deeper than tools nest what they are given, and less deep than parameters may be. */
const MAX_DEPTH = 32;

/** Steps that are counted towards what one episode holds. */
export interface PartSize {
  readonly steps: number;
  readonly bytes: number;
}

/** Whether an episode of this size takes no further step. */
export function isFullPart({ steps, bytes }: PartSize): boolean {
  return steps >= LIMITS.steps || bytes > PART_BYTES;
}

/** What a step adds to the size of its episode. */
export function stepBytes(step: StepRecord): number {
  return Buffer.byteLength(JSON.stringify(step));
}

/** Text without characters that no store takes and without embedded files, its head and tail where it is longer. */
export function fittingText(text: string, maxBytes: number): string {
  return clip(storable(text), maxBytes).text;
}

/** A result of a step, as `add_step` would keep it. */
export function fittingResult(
  type: StepResult['type'],
  text: string,
): Required<Pick<StepRecord, 'result'>> & Pick<StepRecord, 'original_bytes'> {
  const { text: kept, originalBytes } = clip(storable(text), LIMITS.resultBytes);
  const size = originalBytes === undefined ? {} : { original_bytes: originalBytes };
  if (kept === '') return { result: { type } };
  return { result: type === 'success' ? { type, output: kept } : { type, message: kept }, ...size };
}

/** Anything that was parsed from JSON as the parameters of a step. */
export function fittingParameters(value: unknown): JsonObject {
  const given = isNamed(value) ? value : value === undefined || value === null ? {} : { value };
  for (const maxBytes of [...STRING_BYTES, MIN_STRING_BYTES]) {
    const shortened = shortenedObject(given, { maxBytes, depth: 1 });
    if (Buffer.byteLength(JSON.stringify(shortened)) <= LIMITS.parametersBytes) return shortened;
  }
  const text = JSON.stringify(shortenedObject(given, { maxBytes: MIN_STRING_BYTES, depth: 1 }));
  return { shortened: clip(text, TEXT_OF_PARAMETERS_BYTES).text };
}

/** Whether the value is a JSON object, with names. */
export function isNamed(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** What stands in place of a file that came within a text. */
export function leftOut(what: string): string {
  return `[${what} left out]`;
}

interface Shortening {
  readonly maxBytes: number;
  readonly depth: number;
}

function shortenedObject(value: Readonly<Record<string, unknown>>, how: Shortening): JsonObject {
  if (value.type === 'base64' && typeof value.data === 'string') {
    return { type: 'base64', data: leftOut(`${value.data.length} characters of data`) };
  }
  return Object.fromEntries(
    Object.entries(value).map(([name, property]) => [fittingText(name, LIMITS.nameBytes), shortened(property, how)]),
  );
}

function shortened(value: unknown, { maxBytes, depth }: Shortening): Json {
  if (typeof value === 'string') return fittingText(value, maxBytes);
  if (typeof value === 'boolean') return value;
  // JSON can write numbers that are larger than any there is.
  if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
  if (typeof value !== 'object' || value === null) return null;
  if (depth >= MAX_DEPTH) return leftOut('what is nested deeper');
  const inner = { maxBytes, depth: depth + 1 };
  return isNamed(value) ? shortenedObject(value, inner) : Object.values(value).map((item) => shortened(item, inner));
}

const UNSTORABLE = /\0|\p{Surrogate}/gu;
const EMBEDDED_FILE = /data:([\w.+/-]{1,100});base64,[A-Za-z0-9+/=]+/gu;

function storable(text: string): string {
  return text
    .replace(UNSTORABLE, '\ufffd')
    .replace(EMBEDDED_FILE, (file, type: string) => leftOut(`${type}, ${file.length} characters,`));
}
