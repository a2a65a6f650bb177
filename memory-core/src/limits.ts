// Every size that a caller can reach has its name and value here.

/** Sizes in bytes are of UTF-8 text. Past a limit a call is refused with `LIMIT_EXCEEDED`, unless it says "kept". */
export const LIMITS = {
  /** Task description of an episode. */
  descriptionBytes: 10_000,
  /** Any one-line text: tool, domain, project, framework, agent, key. */
  nameBytes: 500,
  /** What a step did, and why. */
  actionBytes: 10_000,
  /** JSON parameters of one step. */
  parametersBytes: 64_000,
  /** Output or message of one step: past it the head and the tail are kept, with the original size. */
  resultBytes: 64_000,
  /** Any one text of an outcome: verdict, reason, details, artifact. */
  outcomeTextBytes: 10_000,
  /** Entries in one list of an outcome. */
  outcomeItems: 100,
  metadataBytes: 64_000,
  /** Files named in an episode's context. */
  files: 200,
  tags: 32,
  /** Steps of one episode. */
  steps: 1_000,
  /** All steps of one episode together. */
  episodeBytes: 10_000_000,
  /** Steps, or episodes, in one call. */
  batch: 1_000,
  queryBytes: 10_000,
  /** Numbers of one vector. */
  vectorDimensions: 8_192,
  /** Hits of one search. */
  hits: 100,
  /** One line of a JSONL file. */
  importLineBytes: 32_000_000,
} as const;

/** Episodes of a scope that are learnt from together: the newest. What is older has had its say. */
export const LEARNT_EPISODES = 10_000;
