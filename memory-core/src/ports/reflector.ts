// What may tell better than our own rules what an episode teaches. Never needed: without it, or where it fails, the
// reflection is the one that was derived when the episode ended.
import type { CompletedEpisode, Reflection, Step } from '../episode.ts';
import type { CallOptions } from './store.ts';

/** Tells what an episode teaches. */
export interface Reflector {
  /** Names who reflects: provider and model. Stored with what it says. */
  readonly name: string;

  /**
   * Lessons of one episode. It is asked after the episode is stored, and what it answers is cut to size and shown as
   * data. Rejects where it has nothing better to say; ends by itself within a time of its own, and at once with the
   * signal.
   * @throws `REFLECTOR_FAILED`, `ABORTED`
   */
  reflect(input: ReflectorInput, options: CallOptions): Promise<Reflection>;
}

/** An episode that has ended, and what is known around it. */
export interface ReflectorInput {
  readonly episode: CompletedEpisode;
  readonly steps: readonly Step[];
  /** Earlier attempts at such tasks, the most alike first. */
  readonly similar: readonly CompletedEpisode[];
}
