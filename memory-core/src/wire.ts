// The one outward form of everything, in snake_case: arguments and results of the tools, JSON of the terminal
// program, lines of JSONL. Checks what comes in and shapes what goes out; knows no transport.
// A list of names, so that whoever wants one of them loads no more than that takes.
export { legible, oneLine } from './clip.ts';
export { estimatedTokens, fitting } from './retrieve/pack.ts';
export { unknownProjectText } from './unknown-project.ts';
export {
  type AdviceResult,
  adviceResult,
  type FeedbackArguments,
  type FeedbackResult,
  feedbackResult,
  feedbackShape,
  feedbackText,
  type PlaybookItemResult,
  type PlaybookResult,
  playbookLines,
  playbookResult,
  type RecommendationArguments,
  type RecommendationResult,
  recommendationResult,
  recommendationShape,
  toFeedbackInput,
  toRecommendQuery,
} from './wire/advice.ts';
export {
  type AggregateAnswer,
  type AggregateArguments,
  type AggregateFilterArguments,
  type AggregateGroupItem,
  aggregateAnswer,
  aggregateResult,
  aggregateShape,
  toAggregateQuery,
} from './wire/aggregate.ts';
export { type ClusterItem, clusterItem } from './wire/clusters.ts';
export {
  type EpisodeDetailResult,
  type EpisodeResult,
  episodeDetailResult,
  episodeResult,
  evidenceResult,
  type QualityResult,
  qualityResult,
  type RewardResult,
  reflectionResult,
  rewardResult,
  type StepResultShape,
  stepResult,
  summaryResult,
} from './wire/episode.ts';
export { type ForgetResult, forgetResult, forgetText } from './wire/forgetting.ts';
export {
  type Detail,
  type EpisodeItem,
  type FixItem,
  fixItem,
  fixLine,
  type HitItem,
  hitLines,
  hitsOf,
  type PatternItem,
  patternItem,
  type QueryResult,
  queryResult,
  restLines,
} from './wire/hits.ts';
export { episodeIdField, patternIdField } from './wire/ids.ts';
export {
  type ListedArguments,
  listedEpisode,
  listedLine,
  listedShape,
  nameText,
  toEpisodeChange,
  toListedFilter,
  type UpdateArguments,
  updateShape,
} from './wire/listing.ts';
export {
  type CreateEpisodeArguments,
  createEpisodeShape,
  type OutcomeArguments,
  outcomeShape,
  type QueryArguments,
  queryShape,
  type SourceArguments,
  type StepArguments,
  stepShape,
  toEpisodeInput,
  toOutcomeInput,
  toSearchQuery,
  toStepInput,
} from './wire/recording.ts';
export type { ShapeOf } from './wire/shape.ts';
export { scoreText, sumText } from './wire/shares.ts';
