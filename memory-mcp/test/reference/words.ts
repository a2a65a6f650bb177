// What the reference says in words, held complete by the types: a limit without words does not compile.
import type { LIMITS } from '@episodica/memory-core';

/** What each limit bounds. Sizes in bytes are of UTF-8. */
export const LIMIT_WORDS: Readonly<Record<keyof typeof LIMITS, string>> = {
  descriptionBytes: 'bytes of a task description',
  nameBytes: 'bytes of a name: tool, domain, project, framework, agent, key',
  actionBytes: 'bytes of an action, and of a rationale',
  parametersBytes: 'bytes of the parameters of a step, as JSON',
  resultBytes:
    'bytes of an output or a message; a longer one is not refused: its beginning and its end are kept, with its size',
  outcomeTextBytes: 'bytes of one text of an outcome',
  outcomeItems: 'entries in one list of an outcome',
  metadataBytes: 'bytes of metadata, as JSON',
  files: 'files of an episode',
  tags: 'tags of an episode',
  steps: 'steps of an episode',
  episodeBytes: 'bytes of all steps of an episode',
  batch: 'steps in one call; beyond it `INVALID_INPUT`',
  queryBytes: 'bytes of a query',
  vectorDimensions: 'numbers of a vector',
  hits: 'hits of a search; beyond it `INVALID_INPUT`',
  importLineBytes: 'bytes of one line of a file that is imported',
};

/** What the same call does again, where the tool's hints do not say it all. */
export const REPEATED_WORDS: Readonly<Record<string, string>> = {
  add_step: 'is another step, and with the same `step_key` none',
  complete_episode: 'is refused: an episode ends once',
  record_feedback: 'is refused: a recommendation has its feedback once',
};
