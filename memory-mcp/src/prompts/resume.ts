// resume: where an open episode stands, for whoever goes on with it.
import { invalidParams } from '../protocol-errors.ts';
import { definePrompt, type Prompt } from './prompt.ts';
import { askedEpisode, headLines, stepLines, unresolved } from './told-episode.ts';

const TOLD_STEPS = 20;
const TOLD_FAILURES = 10;

/** What was done last, what failed and still does, and how to go on. */
export const resume: Prompt = definePrompt({
  name: 'resume',
  title: 'Resume an open episode',
  description: 'Shows where an episode that has not ended stands: its last steps, what failed, and what comes next.',
  arguments: [
    {
      name: 'episode_id',
      title: 'Episode',
      description: 'an open one; default: the newest open one of this connection, else of the project',
      required: false,
    },
  ],
  async fill({ episode_id }, call) {
    const told = await askedEpisode(episode_id, { ...call, others: true });
    const { episode, steps } = told;
    if (episode.status === 'completed') {
      throw invalidParams(
        `episode_id: ${episode.id} has ended (${episode.outcome.kind}); the prompt reflect looks back at it, and ` +
          'create_episode begins another attempt.',
      );
    }
    const failures = unresolved(steps);
    return [
      'Go on with this episode, which has not ended. This is how it stands:',
      { records: [...headLines(told), ...stepLines(steps, TOLD_STEPS)] },
      ...(failures.length === 0
        ? ['Nothing that failed is left without a later success of the same action.']
        : ['Still failing, as far as it is recorded:', { records: stepLines(failures, TOLD_FAILURES) }]),
      [
        'Before you change anything:',
        '1. See whether the working folder is as the last step left it; others may have gone on meanwhile.',
        failures.length === 0
          ? '2. Run the check that the task is about, to know where it stands now.'
          : '2. Run what failed last again: the error may be gone, or another one. query_memory with its text finds known fixes.',
        '3. Say in a sentence what is left to do, then do it.',
        `Record what you do with add_step for ${episode.id}, and do not begin another episode for the same attempt. ` +
          `End it with complete_episode; resource memory://episodes/${episode.id} has all its steps.`,
      ].join('\n'),
    ];
  },
});
