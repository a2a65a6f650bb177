// Programs to start from: questions over many episodes that no single search answers, each in some ten lines.
import type { Json } from '@episodica/memory-core';
import type { CodeModeRights } from './methods.ts';

/** A program, and what it is for. */
export interface CodeModeExample {
  readonly name: string;
  /** The question, or the work. */
  readonly task: string;
  /** TypeScript; where no type is written it is JavaScript as well. */
  readonly program: string;
  /** What it is given, where it takes something. */
  readonly input?: Json;
  readonly effect: 'read' | 'write';
}

const READING: readonly CodeModeExample[] = [
  {
    name: 'failing-tools',
    effect: 'read',
    task: 'Which tools fail most, and what was done next in attempts that succeeded all the same?',
    program: `const episodes = await memory.episodes({ status: 'completed' });
const succeeded = new Set(episodes.filter((e) => e.outcome === 'success').map((e) => e.episode_id));
const steps = await memory.steps(episodes.map((e) => e.episode_id));
const tools = new Map();
steps.forEach((step, index) => {
  const tool = tools.get(step.tool) ?? { tool: step.tool, used: 0, failed: 0, next: [] };
  tools.set(step.tool, tool);
  tool.used += 1;
  if (step.result.type === 'success') return;
  tool.failed += 1;
  const next = steps[index + 1];
  if (next?.episode_id === step.episode_id && succeeded.has(step.episode_id)) tool.next.push(next.action);
});
[...tools.values()].sort((a, b) => b.failed - a.failed).slice(0, 3);`,
  },
  {
    name: 'success-over-time',
    effect: 'read',
    task: 'How has the success rate of each domain changed from month to month?',
    program: `const { groups, is_complete } = await memory.aggregate({
  group_by: ['domain', 'month'],
  measures: ['success_rate'],
  limit: 1000,
});
if (!is_complete) console.warn('older episodes were not looked at');
groups
  .map(({ group, count, success_rate }) => ({ domain: group.domain ?? '', month: group.month ?? '', count, success_rate }))
  .sort((a, b) => a.domain.localeCompare(b.domain) || a.month.localeCompare(b.month));`,
  },
  {
    name: 'what-differs',
    effect: 'read',
    task: 'What did attempts at such a task that succeeded do, and those that failed not?',
    input: 'fix the flaky checkout test',
    program: `const { episodes } = await memory.search({ query: String(input), limit: 50 });
const attempts = episodes.flatMap((e) => [e, ...(e.attempts ?? [])]);
const ended = attempts.filter((e) => e.outcome === 'success' || e.outcome === 'failure');
const outcomes = new Map(ended.map((e) => [e.episode_id, e.outcome]));
const actions = new Map();
for (const { episode_id, tool, action } of await memory.steps([...outcomes.keys()])) {
  const by = actions.get(\`\${tool}: \${action}\`) ?? { success: new Set(), failure: new Set() };
  actions.set(\`\${tool}: \${action}\`, by);
  by[outcomes.get(episode_id) ?? 'failure'].add(episode_id);
}
[...actions]
  .map(([action, by]) => ({ action, succeeded: by.success.size, failed: by.failure.size }))
  .filter((a) => a.succeeded > 0 && a.failed === 0)
  .sort((a, b) => b.succeeded - a.succeeded);`,
  },
  {
    name: 'errors-without-fix',
    effect: 'read',
    task: 'Which errors come again and again, and have no known fix?',
    program: `const episodes = await memory.episodes({ fields: ['episode_id'] });
const errors = new Map();
for (const { episode_id, result } of await memory.steps(episodes.map((e) => e.episode_id))) {
  if (result.type === 'success' || !result.message) continue;
  const kind = result.message.split('\\n', 1)[0].replace(/\\d+/g, 'N');
  const error = errors.get(kind) ?? { message: result.message, episodes: new Set() };
  errors.set(kind, error);
  error.episodes.add(episode_id);
}
const recurrent = [...errors.values()].filter((error) => error.episodes.size > 1);
const found = await Promise.all(recurrent.map((error) => memory.search({ query: error.message, limit: 1 })));
recurrent
  .filter((_, index) => found[index].fixes.length === 0)
  .map(({ message, episodes }) => ({ message, episodes: episodes.size }));`,
  },
  {
    name: 'compare-agents',
    effect: 'read',
    task: 'Which agent does better, and is the difference more than chance?',
    program: `const { groups } = await memory.aggregate({
  group_by: 'agent',
  measures: ['success_rate', 'success_rate_low', 'success_rate_high', 'median_steps'],
  order_by: 'success_rate',
});
const [best, next] = groups;
({
  agents: groups.map(({ group, ...figures }) => ({ agent: group.agent, ...figures })),
  is_certain: (best?.success_rate_low ?? 0) > (next?.success_rate_high ?? 1),
});`,
  },
  {
    name: 'slowest-steps',
    effect: 'read',
    task: 'Where does the time go?',
    program: `const tasks = new Map((await memory.episodes()).map((e) => [e.episode_id, e.task_description]));
const steps = await memory.steps([...tasks.keys()], { max_chars: 200 });
const totalMs = steps.reduce((sum, step) => sum + (step.latency_ms ?? 0), 0);
steps
  .sort((a, b) => (b.latency_ms ?? 0) - (a.latency_ms ?? 0))
  .slice(0, 3)
  .map(({ episode_id, tool, action, latency_ms = 0 }) => ({
    task: tasks.get(episode_id),
    step: \`\${tool}: \${action}\`,
    seconds: latency_ms / 1000,
    share: Math.round((100 * latency_ms) / totalMs) + ' %',
  }));`,
  },
  {
    name: 'check-advice',
    effect: 'read',
    task: 'What is recommended for a task, and how did the attempts end that it rests on?',
    input: 'fix the flaky checkout test',
    program: `const { playbook } = await memory.recommend(String(input));
const ids = [...new Set(playbook.steps.flatMap((step) => step.episode_ids))];
const evidence = await memory.episode(ids);
const outcomes = new Map(evidence.map((episode) => [episode?.episode_id, episode?.outcome]));
playbook.steps.map(({ text, standing, episode_ids }) => ({
  advice: text,
  standing,
  outcomes: episode_ids.map((id) => outcomes.get(id) ?? 'forgotten'),
}));`,
  },
  {
    name: 'left-open',
    effect: 'read',
    task: 'Which attempts were begun and never ended, and where did they stop?',
    program: `const open = await memory.episodes({ status: 'open', order: 'oldest' });
const steps = await memory.steps(open.map((e) => e.episode_id));
open.map(({ episode_id, task_description, started_at }) => {
  const last = steps.findLast((step) => step.episode_id === episode_id);
  return { episode_id, task_description, started_at, last: last ? \`\${last.tool}: \${last.action}\` : 'nothing' };
});`,
  },
  {
    name: 'why-it-failed',
    effect: 'read',
    task: 'What were the reasons of failures, the most frequent first? With types.',
    program: `interface Cause {
  reason: string;
  tasks: string[];
}
const failed = await memory.episodes({ outcome: 'failure', fields: ['task_description', 'outcome_details'] });
const causes = new Map<string, Cause>();
for (const { task_description, outcome_details } of failed) {
  const reason = outcome_details?.reason ?? 'none given';
  const cause: Cause = causes.get(reason) ?? { reason, tasks: [] };
  cause.tasks.push(task_description);
  causes.set(reason, cause);
}
[...causes.values()].sort((a, b) => b.tasks.length - a.tasks.length);`,
  },
];

const WRITING: readonly CodeModeExample[] = [
  {
    name: 'record-commands',
    effect: 'write',
    task: 'Record commands that were run as one finished episode. With step keys it can be repeated.',
    input: {
      task: 'Upgrade the linter',
      commands: [
        { run: 'npm install -D linter@2', exit_code: 0, output: 'added 1 package' },
        { run: 'npm run lint', exit_code: 1, output: 'Error: unknown rule no-tabs' },
        { run: 'npm run lint -- --fix', exit_code: 0, output: '' },
      ],
    },
    program: `const { task, commands } = input as { task: string; commands: { run: string; exit_code: number; output: string }[] };
const { episode_id } = await memory.createEpisode({ task_description: task });
const steps = commands.map(({ run, exit_code, output }, index) => ({
  tool: 'bash',
  action: run,
  step_key: \`command-\${index}\`,
  result: exit_code === 0 ? { type: 'success' as const, output } : { type: 'error' as const, message: output },
}));
const { hints } = await memory.addStep({ episode_id, steps });
const { reward } = await memory.completeEpisode({ episode_id, outcome: { kind: 'success', verdict: 'lint passes' } });
({ episode_id, steps: steps.length, hints: hints.length, reward });`,
  },
];

/**
 * What the description of the tool quotes: short, and shows what is easily got wrong, that calls are awaited, that one
 * takes many ids, and what a group looks like.
 */
export const QUOTED: readonly string[] = [
  `const failed = await memory.episodes({ outcome: 'failure' });
const steps = await memory.steps(failed.map((e) => e.episode_id));
steps.filter((s) => s.result.type === 'error').map((s) => [s.tool, s.result.message])`,
  `(await memory.aggregate({ group_by: 'domain', measures: ['success_rate'] })).groups // [{group: {domain}, count, success_rate}]`,
];

/** The programs that may be run. */
export function examples({ allowWrites }: CodeModeRights): readonly CodeModeExample[] {
  return allowWrites ? [...READING, ...WRITING] : READING;
}

/** The same as a page to read. */
export function examplesText(rights: CodeModeRights): string {
  const parts = examples(rights).map(({ task, input, program }) => {
    const given = input === undefined ? '' : `\`input\`: \`${JSON.stringify(input)}\`\n\n`;
    return `## ${task}\n\n${given}\`\`\`ts\n${program}\n\`\`\`\n`;
  });
  return ['# Programs for execute_code\n', ...parts].join('\n');
}
