// The offline embedder: vectors of the words in a text. It knows no meaning beyond them; what it gives never depends on
// what else was seen, so that a vector made today can be compared with one made in any other process at any other time.
import { throwIfAborted } from '../errors.ts';
import type { Embedder } from '../ports/embedder.ts';
import { isStopWord, tokenize } from '../retrieve/tokenize.ts';

/**
 * The embedder that needs no download, no network and no key. Its model names the function that `lexicalVector` is:
 * any change of what that returns, also through the tokenizer, needs a new number.
 */
export function lexicalEmbedder(): Embedder {
  return {
    model: 'lexical/1',
    isRemote: false,
    maxBatch: MAX_BATCH,
    async embed(texts, { signal }) {
      throwIfAborted(signal);
      return texts.map(lexicalVector);
    },
  };
}

/**
 * The vector of one text: length 1, `LEXICAL_DIMENSIONS` numbers, a pure function of the text. Features are hashed into
 * place and sign (Weinberger et al. 2009). A text without any word is told by its characters; the empty text has a
 * direction of its own, which is near to no other.
 */
export function lexicalVector(text: string): Float32Array {
  const vector = new Float32Array(LEXICAL_DIMENSIONS);
  const counted = countTerms(text.slice(0, MAX_CHARACTERS));
  const hasTelling = [...counted.keys()].some((term) => !isStopWord(term));
  for (const [term, count] of counted) {
    if (hasTelling && isStopWord(term)) continue;
    const weight = 1 + Math.log(count);
    addFeature(vector, hashOf(term, FAMILY.word), weight);
    addPieces(vector, term, weight * PIECES_WEIGHT);
  }
  for (const identifier of identifiersOf(text.slice(0, MAX_CHARACTERS))) {
    addFeature(vector, hashOf(identifier, FAMILY.identifier), IDENTIFIER_WEIGHT);
  }
  if (counted.size === 0) addPieces(vector, text.trim().slice(0, MAX_SYMBOLS), 1);
  return toLengthOne(vector);
}

export const LEXICAL_DIMENSIONS = 512;

/** Texts in one call: a batch keeps the event loop for a few milliseconds. */
const MAX_BATCH = 64;
/** What lies behind is not read: past some thousand words a text is about everything. */
const MAX_CHARACTERS = 10_000;
const MAX_SYMBOLS = 64;

const PIECES_WEIGHT = 0.5;
const IDENTIFIER_WEIGHT = 1;
/** Starting values of the hash: the same letters in two families are two features. */
const FAMILY = { word: 0x811c9dc5, piece: 0x2f0b4c47, identifier: 0x6d3a91e5, class: 0x51ed270b } as const;

function countTerms(text: string): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const term of tokenize(text)) counts.set(term, (counts.get(term) ?? 0) + 1);
  return counts;
}

/** Names of several parts, as a whole: paths, dotted names, camelCase, codes of letters and digits. */
function identifiersOf(text: string): ReadonlySet<string> {
  const identifiers = new Set<string>();
  for (const [run] of text.matchAll(COMPOUND)) identifiers.add(run.toLowerCase());
  return identifiers;
}
const COMPOUND =
  /[\p{L}\p{N}]+(?:[_./:-][\p{L}\p{N}]+)+|[\p{L}\p{N}]*(?:\p{Ll}\p{Lu}|\p{L}\p{N}|\p{N}\p{L})[\p{L}\p{N}]*/gu;

/** Runs of 3 to 5 characters, the ends of the word marked: they see through typing mistakes, endings and compounds. */
function addPieces(vector: Float32Array, word: string, weight: number): void {
  const marked = `<${word}>`;
  const count = pieceCount(marked.length);
  if (count === 0) return;
  const share = weight / Math.sqrt(count);
  for (let start = 0; start + MIN_PIECE <= marked.length; start += 1) {
    const end = Math.min(marked.length, start + MAX_PIECE);
    let hash: number = FAMILY.piece;
    for (let index = start; index < end; index += 1) {
      hash = Math.imul(hash ^ marked.charCodeAt(index), FNV_PRIME);
      if (index - start + 1 >= MIN_PIECE) addFeature(vector, hash, share);
    }
  }
}
const MIN_PIECE = 3;
const MAX_PIECE = 5;

function pieceCount(length: number): number {
  let count = 0;
  for (let size = MIN_PIECE; size <= MAX_PIECE; size += 1) count += Math.max(0, length - size + 1);
  return count;
}

/** FNV-1a over UTF-16 units. */
function hashOf(text: string, start: number): number {
  let hash = start;
  for (let index = 0; index < text.length; index += 1) hash = Math.imul(hash ^ text.charCodeAt(index), FNV_PRIME);
  return hash;
}
const FNV_PRIME = 0x01000193;

/** The place is taken from the low bits and the sign from the highest, after the finalizer of MurmurHash3. */
function addFeature(vector: Float32Array, hash: number, weight: number): void {
  let mixed = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  mixed ^= mixed >>> 16;
  const place = (mixed & 0x7fffffff) % vector.length;
  vector[place] = (vector[place] ?? 0) + (mixed < 0 ? -weight : weight);
}

function toLengthOne(vector: Float32Array): Float32Array {
  const length = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
  if (length === 0) vector[0] = 1;
  return length === 0 ? vector : vector.map((value) => value / length);
}
