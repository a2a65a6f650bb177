// Checked input to new entities. Pure: the time and the id are handed in.
import { clip } from './clip.ts';
import { type OpenEpisode, type Outcome, type Step, type StepResult, start } from './episode.ts';
import type { EpisodeInput, OutcomeInput, StepInput, StepResultInput } from './input.ts';
import { defined } from './json.ts';
import { LIMITS } from './limits.ts';
import { normaliseTags } from './tag.ts';

export function toEpisode(input: EpisodeInput, made: { readonly id: string; readonly at: string }): OpenEpisode {
  const { language, framework, complexity, repo, branch, files } = input;
  return start({
    id: made.id,
    description: input.description,
    ...defined({ project: input.project, domain: input.domain }),
    taskType: input.taskType ?? 'other',
    context: defined({ language, framework, complexity, repo, branch, files }),
    tags: normaliseTags(input.tags ?? []),
    metadata: input.metadata ?? {},
    source: defined({ ...input.source }),
    startedAt: made.at,
  });
}

/** The store numbers it: until then its number is 0. */
export function toStep(
  input: StepInput,
  made: { readonly id: string; readonly at: string; readonly episodeId: string },
): Step {
  const { key, rationale, latencyMs, tokensUsed } = input;
  return {
    id: made.id,
    version: 1,
    episodeId: made.episodeId,
    number: 0,
    at: made.at,
    tool: input.tool,
    action: input.action,
    parameters: input.parameters ?? {},
    result: toResult(input.result ?? { type: 'success' }),
    ...defined({ key, rationale, latencyMs, tokensUsed }),
  };
}

export function toOutcome(input: OutcomeInput): Outcome {
  switch (input.kind) {
    case 'success':
      return { kind: input.kind, artifacts: input.artifacts ?? [], ...defined({ verdict: input.verdict }) };
    case 'partial':
      return {
        kind: input.kind,
        completed: input.completed ?? [],
        failed: input.failed ?? [],
        ...defined({ verdict: input.verdict }),
      };
    case 'failure':
      return { kind: input.kind, ...defined({ reason: input.reason, details: input.details }) };
    case 'abstained':
      return { kind: input.kind, ...defined({ reason: input.reason }) };
  }
}

function toResult(input: StepResultInput): StepResult {
  const text = input.type === 'success' ? input.output : input.message;
  if (text === undefined) return { type: input.type };
  const { text: kept, originalBytes } = clip(text, LIMITS.resultBytes);
  const size = defined({ originalBytes });
  return input.type === 'success'
    ? { type: input.type, output: kept, ...size }
    : { type: input.type, message: kept, ...size };
}
