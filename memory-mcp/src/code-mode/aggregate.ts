// memory.aggregate: groups and their figures, without reading all rows into the program.
import { aggregateAnswer, aggregateResult, aggregateShape, toAggregateQuery } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { argument, type CodeModeMethod, json } from './method.ts';

const aggregateArguments = z.strictObject(aggregateShape);

/** Counts and measures groups of episodes or steps. */
export const aggregate: CodeModeMethod = {
  name: 'aggregate',
  effect: 'read',
  isPaged: false,
  doc: 'Groups of episodes or steps with their figures, over at most 10,000 episodes: faster than reading them.',
  parameters: [{ name: 'query', schema: aggregateArguments, isOptional: false }],
  result: aggregateAnswer,
  example: "const { groups } = await memory.aggregate({ group_by: 'domain', measures: ['success_rate'] });",
  async call([query], { backend, signal }) {
    const asked = argument(aggregateArguments, query, 'memory.aggregate');
    const { memory } = await backend();
    return json(aggregateResult(await memory.aggregate(toAggregateQuery(asked), { signal })));
  },
};
