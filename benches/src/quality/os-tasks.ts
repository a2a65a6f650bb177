// 500 shell tasks with the commands that each needs: which experience has the same skills, under other words?
import { contentId } from '@episodica/memory-core';
import { readDataset } from '../dataset.ts';
import { type CorpusOfQuestions, gainsOf } from './corpus-of-questions.ts';

const OS_TASKS_FILE = 'lifelong-agent-bench/os_interaction_runtime_learning_data.json.gz';

/** Share of the skills in common from which on two tasks need the same. */
const SAME_SKILLS = 0.8;

interface Task {
  readonly id: string;
  readonly instruction: string;
  readonly script: string;
  readonly skills: ReadonlySet<string>;
}

/** `undefined` where the data folder does not have it. With `hasSteps`, each episode has its script as a step. */
export function osTasks({ hasSteps }: { readonly hasSteps: boolean }): CorpusOfQuestions | undefined {
  const values = readDataset(OS_TASKS_FILE);
  if (values === undefined) return undefined;
  // The file is what its README says, or this fails right here.
  const tasks = Object.values(values as Record<string, RawTask>).map(toTask);
  const documents = tasks.map(({ instruction }) => instruction);
  const rarest = rarestSkill(tasks);
  const ask = (worth: (own: Task, other: Task) => number) =>
    tasks.map((task) => ({
      own: task.id,
      text: task.instruction,
      gains: gainsOf(task, tasks, (other) => worth(task, other)),
      task: task.id,
      topics: [...task.skills],
      category: rarest(task),
    }));
  return {
    name: hasSteps ? 'OS tasks' : 'OS tasks without scripts',
    records: tasks.map(({ id, instruction, script }) => ({
      episode_id: id,
      task_description: instruction,
      task_type: 'other',
      steps: hasSteps
        ? [{ tool: 'bash', action: 'run', parameters: { command: script }, result: { type: 'success' } }]
        : [],
      outcome: { kind: 'success', artifacts: [] },
    })),
    questions: [
      {
        name: 'instruction → same skills',
        documents,
        asked: ask((own, other) => Number(overlap(own.skills, other.skills) >= SAME_SKILLS)),
        figures: [
          { figure: 'R@5', floor: 0.192, target: 0.35 },
          { figure: 'R@10', floor: 0.319 },
        ],
      },
      {
        name: 'instruction → skills in common',
        documents,
        asked: ask((own, other) => overlap(own.skills, other.skills)),
        figures: [{ figure: 'nDCG@10', floor: 0.652, target: 0.72 }],
      },
    ],
  };
}

interface RawTask {
  readonly instruction: string;
  readonly evaluation_info: { readonly ground_truth_command_item: { readonly script: string } };
  readonly skill_list: readonly string[];
}

function toTask({ instruction, evaluation_info, skill_list }: RawTask, index: number): Task {
  const { script } = evaluation_info.ground_truth_command_item;
  return { id: contentId(`os-task ${index}`), instruction, script, skills: new Set(skill_list) };
}

/** Jaccard's index. */
function overlap(one: ReadonlySet<string>, other: ReadonlySet<string>): number {
  const shared = [...one].filter((skill) => other.has(skill)).length;
  return shared / (one.size + other.size - shared);
}

/** What a task is about: the skill of it that the fewest tasks need. */
function rarestSkill(tasks: readonly Task[]): (task: Task) => string {
  const counts = new Map<string, number>();
  for (const skill of tasks.flatMap(({ skills }) => [...skills])) counts.set(skill, (counts.get(skill) ?? 0) + 1);
  return ({ skills }) => [...skills].sort((a, b) => (counts.get(a) ?? 0) - (counts.get(b) ?? 0))[0] ?? 'none';
}
