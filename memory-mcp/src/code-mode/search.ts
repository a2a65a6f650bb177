// memory.search: experience for a task, a question or an error.
import { queryResult, queryShape, toSearchQuery } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { cutTexts, maxCharacters } from './cut.ts';
import { argument, asQuestion, type CodeModeMethod, json } from './method.ts';
import { foundRow } from './rows.ts';

const { max_tokens: _packed, detail: _detail, ...asked } = queryShape;
const searchArguments = z.strictObject({
  ...asked,
  detail: z.enum(['summary', 'full']).optional().describe('Default "summary"'),
  max_chars: maxCharacters,
});

/** What is found is not packed into tokens: a program reads it, and no model. */
export const search: CodeModeMethod = {
  name: 'search',
  effect: 'read',
  isPaged: false,
  doc: 'Finds episodes, patterns and fixes that help with a task, a question or an error text, best first: at most limit (default 10) episodes and as many patterns; your own open episodes are left out.',
  parameters: [{ name: 'query', schema: z.union([z.string(), searchArguments]), isOptional: false }],
  result: foundRow,
  example: "const { fixes } = await memory.search('TypeError: x is not a function');",
  async call([query], { backend, signal, openEpisodes }) {
    const given = asQuestion(query, { parameter: 'query', name: 'query', method: 'memory.search' });
    const { detail = 'summary', max_chars, ...question } = argument(searchArguments, given, 'memory.search');
    const { memory } = await backend();
    const found = await memory.search({ ...toSearchQuery(question), except: openEpisodes?.ids() }, { signal });
    return cutTexts(json(queryResult(found, { detail, maxTokens: Number.MAX_SAFE_INTEGER })), max_chars);
  },
};
