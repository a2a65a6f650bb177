// The vectors of an episode or a pattern: what they are made of, and whose they are. Pure: knows no model.
import type { Episode, Recovery } from './episode.ts';
import { contentId } from './id.ts';
import type { Lease } from './lease.ts';
import { type Pattern, patternWords } from './pattern.ts';

/** The vectors of one episode or pattern by one model. */
export interface Embedding {
  /** `embeddingId` of the two. */
  readonly id: string;
  readonly version: number;
  readonly ownerKind: EmbeddedKind;
  readonly ownerId: string;
  /** As `Embedder.model` names it. Vectors of two models are never compared. */
  readonly model: string;
  readonly dimensions: number;
  /** Says whether these are the vectors of what the owner says now. */
  readonly textHash: string;
  /**
   * One for each of `embeddedTexts`, in their order. None: the model turned these texts down for good, and is not asked
   * again before they change.
   */
  readonly vectors: readonly Float32Array[];
}

/** What has vectors. */
export type EmbeddedKind = 'episode' | 'pattern';

/** A model whose vectors are stored. */
export interface EmbeddingModel {
  /** As `Embedder.model` names it. */
  readonly id: string;
  readonly version: number;
  /** Of each of its vectors; absent until the first one is there. */
  readonly dimensions?: number;
  /** Who embeds with it now, so that no second process pays for the same texts. */
  readonly lease?: Lease;
  /** How similar texts are to this model that have nothing to do with each other, where that was measured. */
  readonly noise?: number;
}

/** An owner has one embedding by a model, with this id. */
export function embeddingId(ownerId: string, model: string): string {
  return contentId(JSON.stringify(['embedding', ownerId, model]));
}

/** Errors of one episode that get a vector, the first ones. */
const MAX_ERRORS = 20;

/** What is embedded: the task, then each error that was made good; of a pattern its tools and where it holds. */
export function embeddedTexts(owner: Episode | Pattern): readonly string[] {
  if ('scope' in owner) return [[...patternWords(owner), owner.scope.domain ?? ''].join(' ').trim()];
  return [owner.description, ...embeddedRecoveries(owner).map(({ error }) => error)];
}

/** The errors that an episode made good, as they are searched: by a text that says something. */
export function embeddedRecoveries(episode: Episode): readonly Recovery[] {
  const recoveries = episode.status === 'completed' ? episode.recoveries : [];
  return recoveries.filter(({ error }) => error.trim() !== '').slice(0, MAX_ERRORS);
}

/** The same for the same texts in the same order. */
export function textHash(texts: readonly string[]): string {
  return contentId(JSON.stringify(texts));
}
