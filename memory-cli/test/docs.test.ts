// The documentation of the JSON lines is what the program reads.
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { aPlace } from './program.ts';

const page = readFileSync(new URL('../../docs/jsonl.md', import.meta.url), 'utf8');

test('the line that the page shows is imported, and what comes out again has only fields that the page tells [PK-04]', async () => {
  const place = aPlace();
  const example = /```json\n(.*)\n```/u.exec(page)?.[1] ?? '';
  const file = join(place.work, 'example.jsonl');
  writeFileSync(file, `${example}\n`);
  expect(await place.json(['episode', 'import', file])).toMatchObject({ imported: 1, failed_count: 0 });
  const { stdout } = await place.run(['episode', 'export']);
  const record = JSON.parse(stdout);
  const told = new Set([...page.matchAll(/`([a-z_]+)`/gu)].map(([, name]) => name));
  for (const name of [...Object.keys(record), ...record.steps.flatMap((step: object) => Object.keys(step))]) {
    expect(told).toContain(name);
  }
});
