// reflect: the questions that make the end of an episode honest and useful.
import { definePrompt, type Prompt } from './prompt.ts';
import { askedEpisode, headLines, stepLines, unresolved } from './told-episode.ts';

const TOLD_STEPS = 40;
const TOLD_FAILURES = 10;
const TOLD_INSIGHTS = 20;

/** What an open episode holds so far, and what to ask before it is completed; of a completed one, whether it says so. */
export const reflect: Prompt = definePrompt({
  name: 'reflect',
  title: 'Reflect after a task',
  description: 'Shows what an episode recorded and asks what its end should say, so that the next attempt can use it.',
  arguments: [
    {
      name: 'episode_id',
      title: 'Episode',
      description: 'default: the newest open one of this connection',
      required: false,
    },
  ],
  async fill({ episode_id }, call) {
    const told = await askedEpisode(episode_id, { ...call, others: false });
    const { episode, steps } = told;
    const records = { records: [...headLines(told), ...stepLines(steps, TOLD_STEPS)] };
    if (episode.status === 'completed') {
      const { successes, improvements, insights } = episode.reflection;
      return [
        'Look back at this episode, which is completed:',
        records,
        `It ended as ${episode.outcome.kind}, and this is what was derived from it:`,
        { records: [...insights, ...improvements, ...successes].slice(0, TOLD_INSIGHTS) },
        'Say what of this holds, what is wrong, and what it leaves out that the next attempt should know. The outcome ' +
          'of a completed episode stays as it is: what you find out now belongs into an episode of its own.',
      ];
    }
    const failures = unresolved(steps);
    return [
      'Before this episode ends, look back at it. This was recorded so far:',
      records,
      ...(failures.length === 0
        ? ['No recorded failure is left without a later success of the same action.']
        : [
            'These failed, and nothing recorded shows that they were made good:',
            { records: stepLines(failures, TOLD_FAILURES) },
          ]),
      [
        'Answer from what happened, not from what was hoped:',
        '1. What was asked, and which part of it is done? Name the check that showed it, by its step; without one, say so.',
        '2. What failed, what was its cause, and what made it good? If a step that mattered is missing above, add it with add_step now.',
        '3. What was tried in vain, and how could that have been seen earlier?',
        '4. What is left undone, untested or assumed?',
        '5. What should the next attempt do first?',
        `Then call complete_episode for ${episode.id}: success only where a check bears it out (verdict, artifacts); ` +
          'partial with completed and failed; failure with reason and details; abstained with the reason where nobody can tell.',
      ].join('\n'),
    ];
  },
});
