// The offline embedder: vectors of the words in a text. It knows no meaning beyond them; what it gives never depends on
// what else was seen, so that a vector made today can be compared with one made in any other process at any other time.
import { throwIfAborted } from '../errors.ts';
import type { Embedder } from '../ports/embedder.ts';
import { LEXICAL_TRUST } from '../retrieve/fuse.ts';
import { isStopWord, tokenize } from '../retrieve/tokenize.ts';
import { type Lexicon, lexicon } from './lexicon.ts';

/**
 * The embedder that needs no download, no network and no key. Its model names the function that `lexicalVector` is:
 * any change of what that returns, also through the tokenizer or the lexicon, needs a new number.
 */
export function lexicalEmbedder(words: Lexicon = lexicon()): Embedder {
  return {
    model: 'lexical/1',
    noise: LEXICAL_NOISE,
    trust: LEXICAL_TRUST,
    isRemote: false,
    maxBatch: MAX_BATCH,
    async embed(texts, { signal }) {
      throwIfAborted(signal);
      return texts.map((text) => lexicalVector(text, words));
    },
  };
}

/**
 * The vector of one text: length 1, `LEXICAL_DIMENSIONS` numbers, a pure function of the text. Its features are stems,
 * pieces of words, whole identifiers, and what the lexicon says the words mean and are near to; each is hashed into a
 * place and a sign (Weinberger et al. 2009), more of the same counts by its logarithm. A text without any word is told
 * by its characters; the empty text has a direction of its own, near to no other.
 */
export function lexicalVector(text: string, words: Lexicon): Float32Array {
  const vector = new Float32Array(LEXICAL_DIMENSIONS);
  const read = text.slice(0, MAX_CHARACTERS);
  const terms = tokenize(read);
  addWords(vector, terms, words);
  addMeanings(vector, terms, words);
  for (const identifier of identifiersOf(read)) {
    addFeature(vector, hashOf(identifier, FAMILY.identifier), WEIGHT.identifier);
  }
  if (terms.length === 0) addPieces(vector, read.trim().slice(0, MAX_SYMBOLS), 1);
  return toLengthOne(vector);
}

/** More changed nothing that could be measured; 256 lost some. */
export const LEXICAL_DIMENSIONS = 384;

/**
 * The cosine below which 99 of 100 pairs of tasks lie that have nothing to do with each other: measured on pairs from
 * airline service, shell work and software development. Tasks of one narrow field are above it as a rule.
 */
export const LEXICAL_NOISE = 0.25;

/** Texts in one call: a batch keeps the event loop for a few milliseconds. */
const MAX_BATCH = 64;
/** What lies behind is not read: past some thousand words a text is about everything. */
const MAX_CHARACTERS = 10_000;
const MAX_SYMBOLS = 64;

/** Meanings weigh most: the words themselves are found by text search as well, and better. */
const WEIGHT = { word: 0.5, pieces: 0.5, identifier: 0.5, meaning: 1, topic: 0.5, common: 0.7 } as const;
/** Starting values of the hash: the same letters in two families are two features. */
const FAMILY = {
  word: 0x811c9dc5,
  piece: 0x2f0b4c47,
  identifier: 0x6d3a91e5,
  meaning: 0x51ed270b,
  topic: 0x1b873593,
} as const;

/** Words that say nothing are left out, unless there are no others. */
function addWords(vector: Float32Array, terms: readonly string[], words: Lexicon): void {
  const counts = new Map<string, number>();
  for (const term of terms) addTo(counts, term, 1);
  const hasTelling = terms.some((term) => !isStopWord(term));
  for (const [term, count] of counts) {
    if (hasTelling && isStopWord(term)) continue;
    const weight = damped(count) * (words.isCommon(term) ? WEIGHT.common : 1);
    addFeature(vector, hashOf(term, FAMILY.word), weight * WEIGHT.word);
    addPieces(vector, term, weight * WEIGHT.pieces);
  }
}

function addMeanings(vector: Float32Array, terms: readonly string[], words: Lexicon): void {
  const meanings = new Map<string, number>();
  const topics = new Map<string, number>();
  const common = new Set<string>();
  for (const { meaning, weight } of words.meaningsIn(terms)) {
    addTo(meanings, meaning.name, weight);
    if (meaning.isCommon) common.add(meaning.name);
    if (meaning.topic !== '') addTo(topics, meaning.topic, weight);
  }
  for (const [name, count] of meanings) {
    const weight = damped(count) * (common.has(name) ? WEIGHT.common : 1);
    addFeature(vector, hashOf(name, FAMILY.meaning), weight * WEIGHT.meaning);
  }
  for (const [topic, count] of topics) addFeature(vector, hashOf(topic, FAMILY.topic), damped(count) * WEIGHT.topic);
}

function addTo(counts: Map<string, number>, key: string, amount: number): void {
  counts.set(key, (counts.get(key) ?? 0) + amount);
}

function damped(count: number): number {
  return count > 1 ? 1 + Math.log(count) : count;
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
  let squares = 0;
  for (const value of vector) squares += value * value;
  if (squares === 0) vector[0] = 1;
  else for (let index = 0; index < vector.length; index += 1) vector[index] = (vector[index] ?? 0) / Math.sqrt(squares);
  return vector;
}
