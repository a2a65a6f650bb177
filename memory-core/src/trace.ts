// One completed episode as learning over many of them sees it. Pure.
import type { Complexity, OutcomeKind, TaskType } from './episode.ts';
import type { Scope } from './pattern.ts';

/** One or more equal steps in a row. */
export interface TraceStep {
  /** The tool, or of one that runs commands the tool and what it ran: `bash: npm test`. */
  readonly act: string;
  readonly result: 'success' | 'error' | 'timeout';
  /** `look`: it changes nothing. `check`: it checks the work. */
  readonly does: 'look' | 'change' | 'check';
  /** How many of these came in a row. Absent: one. */
  readonly times?: number;
  /** Of what failed: a key that is the same for the same error, and the telling part of it, shortened. */
  readonly error?: { readonly signature: string; readonly excerpt: string };
  /** Of what failed: whether a later step showed that it is good now. */
  readonly isMadeGood?: boolean;
}

/** All that mining and clustering look at: small, and free of what tools put out. */
export interface Trace {
  readonly episodeId: string;
  readonly scope: Scope;
  /** The same for attempts at one task. */
  readonly task: string;
  readonly description: string;
  readonly taskType: TaskType;
  readonly language?: string;
  readonly framework?: string;
  readonly complexity?: Complexity;
  readonly tags: readonly string[];
  /** Directories that its steps touched. */
  readonly directories: readonly string[];
  readonly outcome: OutcomeKind;
  readonly endedAt: string;
  /** Share of its steps that came to nothing, 0–1. Absent where it was never told. */
  readonly waste?: number;
  readonly steps: readonly TraceStep[];
}
