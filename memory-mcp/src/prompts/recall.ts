// recall: what earlier attempts teach, before the work is planned.
import { adviceResult, hitsOf, playbookLines, recommendationShape, restLines } from '@episodica/memory-core/wire';
import { invalidParams } from '../protocol-errors.ts';
import { foundText } from '../tools/hits.ts';
import { DEFAULT_MAX_TOKENS } from '../tools/search.ts';
import { definePrompt, type Prompt } from './prompt.ts';

/** The playbook for a task with what it rests on. Nothing of it is kept: `get_recommendation` is for feedback. */
export const recall: Prompt = definePrompt({
  name: 'recall',
  title: 'Recall before a task',
  description:
    'Tells what earlier attempts at such a task teach, to plan by: steps that worked, known fixes, warnings.',
  arguments: [
    { name: 'task', title: 'Task', description: 'what is to be done, in your own words', required: true },
    {
      name: 'project',
      title: 'Project',
      description: "whose experience is looked at; default: that of the server's folder, over HTTP none",
      required: false,
    },
    { name: 'domain', title: 'Domain', description: 'area of work; what is of another is left out', required: false },
  ],
  async fill({ task = '', project, domain }, { backend, connection, signal }) {
    const fault = recommendationShape.task_description.safeParse(task).error?.issues[0];
    if (fault !== undefined) throw invalidParams(`task: ${fault.message}.`);
    const query = { description: task, project, domain, except: connection.openEpisodes.ids() };
    const found = await backend.memory.advise(query, { signal });
    const advice = adviceResult(found, { detail: 'summary', maxTokens: DEFAULT_MAX_TOKENS });
    const asked = `I am about to begin this task:\n\n${task}`;
    if (advice.abstained) {
      return [
        asked,
        'The memory holds nothing that matches it: do not invent experience. Begin an episode with create_episode, so ' +
          'that the next attempt has some, then plan.',
      ];
    }
    return [
      asked,
      'This is what the memory holds of such tasks:',
      {
        records: [
          ...playbookLines(advice.playbook),
          ...foundText(advice, hitsOf(advice)).flatMap((paragraph) => paragraph.split('\n')),
          ...restLines(advice, 'max_tokens of get_recommendation'),
        ],
      },
      'Plan the task. Say which of this you follow, by id, and which does not apply here and why; what is marked as ' +
        'candidate may be chance. Then begin with create_episode, and record errors with add_step as they come.',
    ];
  },
});
