// memory.recommend: how to go about a task. A read: unlike the tool it keeps nothing, so no feedback can name it.
import { adviceResult, recommendationShape, toRecommendQuery } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { cutTexts, maxCharacters } from './cut.ts';
import { argument, asQuestion, type CodeModeMethod, json } from './method.ts';
import { adviceRow } from './rows.ts';

const { max_tokens: _packed, ...asked } = recommendationShape;
const recommendArguments = z.strictObject({
  ...asked,
  episode_id: z.string().min(1).optional().describe('Your open episode, if it was begun elsewhere: it is left out'),
  max_chars: maxCharacters,
});

/** Advice on a task. */
export const recommend: CodeModeMethod = {
  name: 'recommend',
  effect: 'read',
  isPaged: false,
  doc: 'A playbook for a task, as get_recommendation gives it, with the episodes, patterns and fixes that it rests on; nothing is kept of it, so it takes no feedback.',
  parameters: [{ name: 'task', schema: z.union([z.string(), recommendArguments]), isOptional: false }],
  result: adviceRow,
  example: "const { playbook } = await memory.recommend('Make the login test pass');",
  async call([task], { backend, signal, openEpisodes }) {
    const given = asQuestion(task, { parameter: 'task', name: 'task_description', method: 'memory.recommend' });
    const { max_chars, ...question } = argument(recommendArguments, given, 'memory.recommend');
    const { memory } = await backend();
    const query = { ...toRecommendQuery(question), except: openEpisodes?.ids() };
    const advised = await memory.advise(query, { signal });
    return cutTexts(json(adviceResult(advised, { detail: 'summary', maxTokens: Number.MAX_SAFE_INTEGER })), max_chars);
  },
};
