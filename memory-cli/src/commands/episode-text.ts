// An episode and what it taught, in words for the terminal.
import { legible } from '@episodica/memory-core';
import { type EpisodeDetailResult, type StepResultShape, sumText } from '@episodica/memory-core/wire';
import { exactLocalTime, heading, localTime, onOneLine } from '../output.ts';

/** Lines of a step's output that are shown in words; `--format json` has them all. */
const MAX_OUTPUT_LINES = 8;

/** An episode with its steps, as it is shown. */
export function detailText(episode: EpisodeDetailResult): string {
  const { outcome, reward, reflection, quality, steps, metadata } = episode;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['episode', episode.episode_id],
    ['task', episode.task_description],
    ['status', episode.status],
    ['started', exactLocalTime(episode.started_at)],
    ['ended', episode.ended_at === undefined ? undefined : exactLocalTime(episode.ended_at)],
    ['project', episode.project],
    ['domain', episode.domain],
    ['type', episode.task_type],
    ['language', episode.language],
    ['framework', episode.framework],
    ['complexity', episode.complexity],
    ['repo', episode.repo],
    ['branch', episode.branch],
    ['files', episode.files?.join(', ')],
    ['tags', episode.tags.length === 0 ? undefined : episode.tags.join(', ')],
    ['metadata', Object.keys(metadata).length === 0 ? undefined : JSON.stringify(metadata)],
    ['source', Object.keys(episode.source).length === 0 ? undefined : JSON.stringify(episode.source)],
    ['outcome', outcome === undefined ? undefined : outcomeText(outcome)],
  ];
  const { evidence, summary, salient } = episode;
  const learning =
    reward && reflection && quality ? learningLines({ reward, evidence, reflection, quality, summary, salient }) : [];
  return [
    ...facts.flatMap(([name, value]) => (value === undefined ? [] : [`${name.padEnd(11)}${legible(value)}`])),
    ...learning,
    heading(steps.length === 1 ? '1 step' : `${steps.length} steps`),
    ...steps.map(stepText),
  ].join('\n');
}

function outcomeText({ kind, ...rest }: NonNullable<EpisodeDetailResult['outcome']>): string {
  const parts = Object.entries(rest).flatMap(([name, value]: [string, string | readonly string[]]) => {
    if (typeof value === 'string') return [`${name}: ${value}`];
    return value.length === 0 ? [] : [`${name}: ${value.join(', ')}`];
  });
  return [kind, ...parts].join('; ');
}

interface Learnt extends Required<Pick<EpisodeDetailResult, 'reward' | 'reflection' | 'quality'>> {
  readonly evidence?: EpisodeDetailResult['evidence'];
  readonly summary?: EpisodeDetailResult['summary'];
  readonly salient?: EpisodeDetailResult['salient'];
}

/** What it taught, each thing once: the insights that stand out are among those of the reflection. */
export function learningLines({ reward, evidence, reflection, quality, summary, salient }: Learnt): readonly string[] {
  return [
    ...(summary === undefined ? [] : [`summary    ${onOneLine(summary.text)}`]),
    ...(summary === undefined || summary.concepts.length === 0
      ? []
      : [`concepts   ${onOneLine(summary.concepts.join(', '))}`]),
    `reward     ${sumText(reward.total, reward.parts)}`,
    ...evidenceLines(evidence ?? []),
    `quality    ${quality.score.toFixed(2)}`,
    ...quality.reasons.map((reason) => `           ${onOneLine(reason)}`),
    ...(salient?.decisions ?? []).map((text) => `decided    ${onOneLine(text)}`),
    ...(salient?.tool_combinations ?? []).map((tools) => `together   ${onOneLine(tools.join(' → '))}`),
    ...reflection.insights.map((text) => `insight    ${onOneLine(text)}`),
    ...reflection.improvements.map((text) => `to improve ${onOneLine(text)}`),
    ...reflection.successes.map((text) => `went well  ${onOneLine(text)}`),
  ];
}

/** Checks shown beside the reward, the last ones. */
const MAX_EVIDENCE_LINES = 8;

function evidenceLines(evidence: NonNullable<EpisodeDetailResult['evidence']>): readonly string[] {
  const shown = evidence.slice(-MAX_EVIDENCE_LINES);
  const left = evidence.length - shown.length;
  return [
    ...(left === 0 ? [] : [`evidence   ${left} earlier ${left === 1 ? 'check' : 'checks'}`]),
    ...shown.map(({ step_number, kind, tool, is_passed, passed, failed }) => {
      const counts = [
        ...(passed === undefined ? [] : [`${passed} passed`]),
        ...(failed === undefined ? [] : [`${failed} failed`]),
      ];
      const told = counts.length === 0 ? '' : `, ${counts.join(', ')}`;
      return `evidence   step ${step_number}: ${kind}, ${onOneLine(tool)} ${is_passed ? 'passed' : 'failed'}${told}`;
    }),
  ];
}

function stepText(given: StepResultShape): string {
  const { type, ...rest } = given.result;
  const text = typeof rest.output === 'string' ? rest.output : typeof rest.message === 'string' ? rest.message : '';
  const facts = [
    String(type),
    ...(given.latency_ms === undefined ? [] : [`${given.latency_ms} ms`]),
    ...(given.tokens_used === undefined ? [] : [`${given.tokens_used} tokens`]),
    ...(given.step_key === undefined ? [] : [`key ${given.step_key}`]),
  ].join(', ');
  const parameters = Object.keys(given.parameters).length === 0 ? [] : [JSON.stringify(given.parameters)];
  const lines = text === '' ? [] : legible(text).trimEnd().split('\n');
  const hidden = lines.length - MAX_OUTPUT_LINES;
  return [
    `${String(given.step_number).padStart(4)}  ${localTime(given.at)}  ${onOneLine(given.tool)}: ${onOneLine(given.action)} (${onOneLine(facts)})`,
    ...(given.rationale === undefined ? [] : [`because ${onOneLine(given.rationale)}`]),
    ...parameters.map(onOneLine),
    ...lines.slice(0, MAX_OUTPUT_LINES),
    ...(hidden > 0 ? [`… ${hidden} more lines; --format json has them all`] : []),
  ].join('\n      ');
}
