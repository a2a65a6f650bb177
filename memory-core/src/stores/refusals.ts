// Why a store turns a write down. Every store says it in these words, beside `episodeNotFound` and `alreadyCompleted`.
import type { Embedding } from '../embedding.ts';
import type { Step } from '../episode.ts';
import { MemoryError } from '../errors.ts';
import type { PatternEvidence } from '../pattern.ts';
import type { Kind } from '../ports/store.ts';

/** `ifVersion` differs from what is there. */
export function versionConflict(kind: Kind, id: string): MemoryError {
  return new MemoryError('CONFLICT', `The ${kind} ${id} was changed by somebody else; read it again and repeat.`);
}

/** `stepCount` differs from what is there. */
export function stepCountConflict(episodeId: string): MemoryError {
  const what = `Episode ${episodeId} got other steps in the meantime`;
  return new MemoryError('CONFLICT', `${what}; read its steps again and repeat.`);
}

/** The id or the key of a step belongs to another step. */
export function stepTaken(step: Pick<Step, 'id' | 'episodeId'>): MemoryError {
  const what = `Step ${step.id} has the id or the key of another step`;
  return new MemoryError('CONFLICT', `${what}; read the steps of episode ${step.episodeId} again.`);
}

/** Another evidence links the same pattern and episode. */
export function evidenceTaken(evidence: Pick<PatternEvidence, 'patternId' | 'episodeId'>): MemoryError {
  const what = `Pattern ${evidence.patternId} already has evidence from episode ${evidence.episodeId}`;
  return new MemoryError('CONFLICT', `${what}; read its evidence again and repeat.`);
}

/** What an embedding is of is not there: it was forgotten, or never was. */
export function ownerNotFound({ ownerKind, ownerId }: Pick<Embedding, 'ownerKind' | 'ownerId'>): MemoryError {
  const what = `There is no ${ownerKind} ${ownerId} that could have an embedding`;
  return new MemoryError('NOT_FOUND', `${what}; it was forgotten, or is to be stored first.`);
}

/** `maxSteps` is passed. */
export function tooManySteps(episodeId: string, maxSteps: number): MemoryError {
  const what = `Episode ${episodeId} would have more than the ${maxSteps} steps it may have`;
  return new MemoryError('LIMIT_EXCEEDED', `${what}; complete it and go on in a new one.`);
}

/** `maxBytes` is passed. */
export function tooManyBytes(episodeId: string, maxBytes: number): MemoryError {
  const what = `The steps of episode ${episodeId} would have more than the ${maxBytes} bytes they may have together`;
  return new MemoryError('LIMIT_EXCEEDED', `${what}; shorten the results, or complete it and go on in a new one.`);
}
