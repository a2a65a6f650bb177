// pattern list.
import { patternTools } from '@episodica/memory-core';
import { patternItem } from '@episodica/memory-core/wire';
import { type Invocation, useMemory } from '../open.ts';
import { print, table, terminalWidth } from '../output.ts';

/** Flags of `pattern list`. */
export interface ListOptions {
  readonly domain?: string;
  readonly limit?: number;
}

/** Lists patterns with their figures, those of most support first. */
export async function list(invocation: Invocation, { domain, limit }: ListOptions): Promise<number> {
  const hits = await useMemory(invocation, ({ memory, settings }) =>
    memory.listPatterns(
      { visibleTo: { project: settings.project }, ...(domain === undefined ? {} : { domain }) },
      { signal: invocation.signal },
    ),
  );
  const shown = limit === undefined ? hits : hits.slice(0, limit);
  const rows = shown.map(({ pattern, figures }) => [
    String(pattern.support),
    figures.successRate.toFixed(2),
    figures.baseRate.toFixed(2),
    figures.lift?.toFixed(2) ?? '',
    figures.interval?.map((bound) => bound.toFixed(2)).join('–') ?? '',
    `${patternTools(pattern).join(' → ')}${pattern.scope.domain === undefined ? '' : ` (${pattern.scope.domain})`}`,
  ]);
  const columns = [
    { heading: 'SEEN', align: 'right' as const },
    { heading: 'SUCCESS', align: 'right' as const },
    { heading: 'OF ALL', align: 'right' as const },
    { heading: 'LIFT', align: 'right' as const },
    { heading: '95 %' },
    { heading: 'PATTERN' },
  ];
  await print(invocation.format, { patterns: shown.map((hit) => patternItem(hit, 'full')) }, () =>
    rows.length === 0
      ? 'No patterns yet: they need three completed episodes at least.'
      : table(columns, rows, terminalWidth()),
  );
  return 0;
}
