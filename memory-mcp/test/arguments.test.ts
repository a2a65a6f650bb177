// What a model is told that handed in something else than it should.
import { aggregateShape } from '@episodica/memory-core/wire';
import { expect, test } from 'vitest';
import { z } from 'zod';
import { checkedArguments } from '../src/arguments.ts';

const schema = z.strictObject(aggregateShape);

test.each<readonly [unknown, RegExp]>([
  [{ group_by: 'toolz' }, /^group_by: is "toolz"; did you mean "tool"\? Give one of "project", /u],
  [{ group_by: ['domain', 'domian'] }, /^group_by\.1: is "domian"; did you mean "domain"\?/u],
  [{ group_by: 5 }, /^group_by: is 5; give one of "project", /u],
  [{ groupby: 'domain' }, /^groupby: is no argument of memory\.aggregate; did you mean "group_by"\?/u],
  [{ order_by: 'cuont' }, /^order_by: is "cuont"; did you mean "count"\? Give one of "group", "count", "ended"/u],
  [{ where: { domian: 'auth' } }, /^where\.domian: is no field of where; did you mean "domain"\?/u],
  [{ where: { outcome: 'sucess' } }, /^where\.outcome: is "sucess"; did you mean "success"\?/u],
  [{ group_by: 'x'.repeat(1_000_000) }, /^group_by: is "xxx.*…; give one of "project", /u],
])('a name that is none is told with what was meant, wherever it stands: %# [SB-06]', (given, message) => {
  expect(() => checkedArguments(schema, given, 'memory.aggregate')).toThrow(
    expect.objectContaining({ code: 'INVALID_INPUT', message: expect.stringMatching(message) }),
  );
});
