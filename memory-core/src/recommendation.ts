// What was offered for a task, and what came of it.

export interface Recommendation {
  readonly id: string;
  readonly version: number;
  readonly at: string;
  readonly description: string;
  readonly project?: string;
  readonly domain?: string;
  readonly episodeIds: readonly string[];
  readonly patternIds: readonly string[];
  /** Absent until somebody says how it went. Being shown never counts as being used. */
  readonly feedback?: Feedback;
}

export interface Feedback {
  readonly at: string;
  /** Ids, of those offered, that were followed. */
  readonly applied: readonly string[];
  readonly isSuccess: boolean;
  readonly note?: string;
}

/** A trace that an episode was forgotten: its id and nothing else. Import does not bring it back unless forced. */
export interface Tombstone {
  readonly id: string;
  readonly version: number;
  readonly at: string;
}
