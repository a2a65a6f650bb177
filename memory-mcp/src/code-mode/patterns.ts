// memory.patterns: what many attempts have in common.
import { type ListedPatterns, PATTERN_KINDS, STANDINGS } from '@episodica/memory-core';
import { patternItem, queryShape } from '@episodica/memory-core/wire';
import * as z from 'zod';
import { cutTexts, maxCharacters } from './cut.ts';
import { argument, type CodeModeBackend, type CodeModeMethod, json } from './method.ts';
import { fillingPage, pageBehind } from './pages.ts';
import { visible } from './place.ts';
import { patternRow } from './rows.ts';

const MAX_PATTERNS = 1_000;

const patternsArguments = z.strictObject({
  project: queryShape.project,
  scope: queryShape.scope,
  domain: queryShape.domain,
  kind: z.enum(PATTERN_KINDS).optional(),
  standing: z.enum(STANDINGS).optional().describe('Default: confirmed, then candidate'),
  limit: z.int().min(1).max(MAX_PATTERNS).default(MAX_PATTERNS),
  max_chars: maxCharacters,
});

/** What is still to be told, in its order: learning that runs between two pages moves nothing into another page. */
const from = z.strictObject({ ids: z.array(z.string()).max(MAX_PATTERNS) });

/** Lists patterns in pages. */
export const patterns: CodeModeMethod = {
  name: 'patterns',
  effect: 'read',
  isPaged: true,
  doc: 'Lists regularities over many episodes, the confirmed first, with figures, evidence and history.',
  parameters: [{ name: 'filter', schema: patternsArguments, isOptional: true }],
  result: z.array(patternRow),
  example: "const avoid = (await memory.patterns({ standing: 'confirmed' })).filter((p) => p.advice === 'avoid');",
  async call([filter, next], { backend, signal }) {
    const asked = argument(patternsArguments, filter ?? {}, 'memory.patterns');
    const continued = pageBehind(from, next);
    const opened = await backend();
    const hits = await opened.memory.listPatterns(toPatternFilter(asked, opened), { signal });
    const ids = continued?.ids ?? hits.slice(0, asked.limit).map(({ pattern }) => pattern.id);
    const found = new Map(hits.map((hit) => [hit.pattern.id, hit]));
    const page = fillingPage();
    let done = 0;
    while (done < ids.length && !page.isFull) {
      const hit = found.get(ids[done] ?? '');
      if (hit !== undefined) page.add(cutTexts(json(patternItem(hit, 'full')), asked.max_chars));
      done += 1;
    }
    return page.ended(done < ids.length ? { ids: ids.slice(done) } : null);
  },
};

function toPatternFilter(asked: z.output<typeof patternsArguments>, backend: CodeModeBackend): ListedPatterns {
  return {
    ...visible(asked, backend),
    ...(asked.kind === undefined ? {} : { kind: asked.kind }),
    ...(asked.standing === undefined ? {} : { standings: [asked.standing] }),
    ...(asked.domain === undefined ? {} : { domain: asked.domain }),
  };
}
