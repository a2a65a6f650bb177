// One attempt at one task, and the steps in it. Pure: knows nothing about storage or scoring.
import { MemoryError } from './errors.ts';
import type { JsonObject } from './json.ts';
import type { TraceStep } from './trace.ts';

/** Every sort of task. */
export const TASK_TYPES = [
  'code_generation',
  'debugging',
  'refactoring',
  'testing',
  'analysis',
  'documentation',
  'other',
] as const;

/** What sort of task it is. */
export type TaskType = (typeof TASK_TYPES)[number];

/** How hard a task may be called, the easiest first. */
export const COMPLEXITIES = ['simple', 'moderate', 'complex'] as const;

/** How hard a task was thought to be when it began. */
export type Complexity = (typeof COMPLEXITIES)[number];

/** Where the work took place. */
export interface Context {
  readonly language?: string;
  readonly framework?: string;
  readonly complexity?: Complexity;
  readonly repo?: string;
  readonly branch?: string;
  readonly files?: readonly string[];
}

/** Who recorded the episode, and how surely. */
export interface Source {
  readonly agent?: string;
  /** The client's own session, to find its transcript again. */
  readonly session?: string;
  /** The way it came here: `mcp`, `cli`, `import:tau-bench` … */
  readonly capturedFrom?: string;
  /** 0–1: how far the record is to be trusted. */
  readonly confidence?: number;
}

interface EpisodeBase {
  readonly id: string;
  /** Rises by one with every change. */
  readonly version: number;
  readonly description: string;
  /** Absent: the episode belongs to every project. */
  readonly project?: string;
  readonly domain?: string;
  readonly taskType: TaskType;
  readonly context: Context;
  readonly tags: readonly string[];
  readonly metadata: JsonObject;
  readonly source: Source;
  readonly startedAt: string;
}

/** An attempt that is still under way: steps may be added. */
export interface OpenEpisode extends EpisodeBase {
  readonly status: 'open';
}

/** An attempt that has ended, with what it taught. */
export interface CompletedEpisode extends EpisodeBase, Learning {
  readonly status: 'completed';
  readonly endedAt: string;
  readonly outcome: Outcome;
  /** The debt marker: what spans several episodes has yet to be learnt from this one. */
  readonly learningPending: boolean;
}

/** One attempt at one task, without its steps, which are kept for themselves. */
export type Episode = OpenEpisode | CompletedEpisode;

/** How an episode ended. */
export type Outcome =
  | { readonly kind: 'success'; readonly verdict?: string; readonly artifacts: readonly string[] }
  | {
      readonly kind: 'partial';
      readonly verdict?: string;
      readonly completed: readonly string[];
      readonly failed: readonly string[];
    }
  | { readonly kind: 'failure'; readonly reason?: string; readonly details?: string }
  | { readonly kind: 'abstained'; readonly reason?: string };

/** How the reason of an abstained episode begins whose record does not show how it ended. */
export const UNKNOWN_OUTCOME = 'Outcome unknown';

/** Whether nobody knows how it ended: no attempt that was given up, but a record that does not say. */
export function isUnknown(outcome: Outcome): boolean {
  return outcome.kind === 'abstained' && outcome.reason?.startsWith(UNKNOWN_OUTCOME) === true;
}

/** Every way in which an episode may end. */
export const OUTCOME_KINDS = ['success', 'partial', 'failure', 'abstained'] as const;

/** In which way an episode ended. `abstained`: nobody judged it. */
export type OutcomeKind = Outcome['kind'];

/** What one episode taught, derived when it was completed. */
export interface Learning {
  readonly reward: Reward;
  readonly reflection: Reflection;
  readonly recoveries: readonly Recovery[];
  readonly quality: Quality;
  /** Files and directories that its steps named, in the order of first use. Absent in episodes of before it was told. */
  readonly touched?: readonly string[];
  /** Tools that its steps used, in the order of first use. Absent as `touched` is. */
  readonly tools?: readonly string[];
  /** What the steps show of how well the work was done: the ground of the reward. Absent as `touched` is. */
  readonly evidence?: readonly CheckEvidence[];
  /** Absent as `touched` is. */
  readonly salient?: SalientFeatures;
  /** Absent as `touched` is. */
  readonly summary?: Summary;
  /** Its steps as learning over many episodes sees them. Absent as `touched` is. */
  readonly trace?: readonly TraceStep[];
}

/** What a step can show. */
export const CHECK_KINDS = ['test', 'types', 'lint', 'build', 'commit', 'revert', 'exit'] as const;

/** What one step shows of how well the work was done. */
export interface CheckEvidence {
  /** Its number. */
  readonly step: number;
  /** `exit`: a program of the work ran. `revert`: the episode threw its own work away. */
  readonly kind: (typeof CHECK_KINDS)[number];
  /** What was run: `vitest`, `tsc`, `git` … */
  readonly tool: string;
  readonly isPassed: boolean;
  /** As the tool counted them. */
  readonly passed?: number;
  readonly failed?: number;
}

/** What stands out of one episode. */
export interface SalientFeatures {
  /** What was decided, in sentences that name the step. */
  readonly decisions: readonly string[];
  /** Runs of tools that worked together. */
  readonly toolCombinations: readonly (readonly string[])[];
  /** What a later attempt should know first. */
  readonly insights: readonly string[];
}

/** What an episode was about, in few words. */
export interface Summary {
  /** At most 80 words. */
  readonly text: string;
  /** Words that tell it from others, the most telling first. */
  readonly concepts: readonly string[];
  /** Numbers of the steps that mattered. */
  readonly keySteps: readonly number[];
}

/** `total` is the sum of `parts`; both lie in 0–1. The formula is in `learn/reward.ts`. */
export interface Reward {
  readonly total: number;
  /** Of episodes of before there was `efficiency`, it is absent. */
  readonly parts: Readonly<Record<'outcome' | 'verification' | 'recovery', number>> & { readonly efficiency?: number };
  /** Share of steps that came to nothing, 0–1. Absent in episodes of before it was told. */
  readonly waste?: number;
}

/** Verbal lessons of one episode: sentences that name the tool, the error, the file. */
export interface Reflection {
  readonly successes: readonly string[];
  readonly improvements: readonly string[];
  readonly insights: readonly string[];
  /** The reflector that told it. Absent: our own rules. */
  readonly by?: string;
  /** Ids of the other episodes whose words are in it: when one is forgotten, it is told anew. Absent: of none. */
  readonly of?: readonly string[];
}

/** A step that failed, the later step that did the same and succeeded, and what was done in between. */
export interface Recovery {
  readonly failedStep: number;
  readonly fixedStep: number;
  readonly tool: string;
  readonly action: string;
  /** The part of the error that tells it from others. */
  readonly error: string;
  /** The steps in between, in words. */
  readonly fix: readonly string[];
  /** Numbers of the steps that `fix` tells. Absent in records from before they were kept. */
  readonly fixSteps?: readonly number[];
}

/** How much an episode can be learnt from. It weighs, it never rejects. */
export interface Quality {
  /** Share of the checks that were passed, 0–1. */
  readonly score: number;
  readonly flags: readonly QualityFlag[];
  /** The same for two records of one attempt: task, steps and what came of them. Absent as `touched` is. */
  readonly fingerprint?: string;
  /** The episode that says all of this already. It is the first of them. */
  readonly duplicateOf?: string;
}

/** Every reason for which little can be learnt from an episode. */
export const QUALITY_FLAGS = [
  'no_steps',
  'trivial',
  'noise',
  'duplicate',
  'no_evidence',
  'contradicted_outcome',
  'unexplained_outcome',
  'short_description',
] as const;

/** A reason for which little can be learnt from an episode; `qualityReasons` says it in a sentence. */
export type QualityFlag = (typeof QUALITY_FLAGS)[number];

/** Why so little can be learnt from an episode: a sentence for each flag. */
export function qualityReasons({ flags, duplicateOf }: Quality): readonly string[] {
  return flags.map((flag) =>
    flag === 'duplicate' && duplicateOf ? `It says what ${duplicateOf} says.` : REASONS[flag],
  );
}

const REASONS: Readonly<Record<QualityFlag, string>> = {
  no_steps: 'It has no steps: what was done is not known.',
  trivial: 'It did one thing only.',
  noise: 'Most of its steps repeat the one before them, or say nothing.',
  duplicate: 'It says what an earlier episode says.',
  no_evidence: 'No step checked the work: its outcome is what it was said to be.',
  contradicted_outcome: 'Its checks contradict how it is said to have ended.',
  unexplained_outcome: 'It does not say why it ended so.',
  short_description: 'Its task is told in a word or two, which other tasks share.',
};

/** One tool action inside an episode. Written once, never changed. */
export interface Step {
  readonly id: string;
  readonly version: 1;
  readonly episodeId: string;
  /** 1, 2, 3 … in the order of commits. 0 until the store has numbered it. */
  readonly number: number;
  /** The caller's own key: a second step of the episode with the same key is the same step. */
  readonly key?: string;
  readonly at: string;
  readonly tool: string;
  readonly action: string;
  readonly rationale?: string;
  readonly parameters: JsonObject;
  readonly result: StepResult;
  readonly latencyMs?: number;
  readonly tokensUsed?: number;
}

/** `originalBytes` is there when the text was cut to its head and tail. */
export type StepResult =
  | { readonly type: 'success'; readonly output?: string; readonly originalBytes?: number }
  | { readonly type: 'error'; readonly message?: string; readonly originalBytes?: number }
  | { readonly type: 'timeout'; readonly message?: string; readonly originalBytes?: number };

/** What can be changed about an episode after it began. */
export interface EpisodeChange {
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly metadata?: JsonObject;
}

export function start(task: Omit<OpenEpisode, 'status' | 'version'>): OpenEpisode {
  return { ...task, status: 'open', version: 1 };
}

/** Ends an open episode. Completing twice is a caller's mistake and throws `INVALID_STATE`. */
export function complete(
  episode: Episode,
  end: { readonly outcome: Outcome; readonly learning: Learning; readonly at: string },
): CompletedEpisode {
  if (episode.status === 'completed') throw alreadyCompleted(episode.id);
  return {
    ...episode,
    ...end.learning,
    status: 'completed',
    version: episode.version + 1,
    endedAt: end.at,
    outcome: end.outcome,
    learningPending: true,
  };
}

export function change<E extends Episode>(episode: E, changes: EpisodeChange): E {
  return { ...episode, ...changes, version: episode.version + 1 };
}

/** What a step's result says, whatever its type. */
export function resultText(result: StepResult): string {
  return (result.type === 'success' ? result.output : result.message) ?? '';
}

/** The sentence that a later attempt wants to read, or nothing where no step between says what the fix was. */
export function fixText({ error, fix, tool, action }: Recovery): string | undefined {
  if (fix.length === 0 || error === '') return undefined;
  return `When "${tool}: ${action}" failed with "${error}", this fixed it: ${fix.join('; ')}.`;
}

/** The refusal of a change to an episode that has ended. */
export function alreadyCompleted(id: string): MemoryError {
  return new MemoryError('INVALID_STATE', `Episode ${id} is already completed; create a new one for a new attempt.`);
}

/** The refusal of a call that names an episode which is not there. */
export function episodeNotFound(id: string): MemoryError {
  return new MemoryError(
    'NOT_FOUND',
    `There is no episode ${JSON.stringify(id)}; check the id, or create an episode first.`,
  );
}
