// The table of docs/metrics.md is the catalogue of figures. `npx vitest run memory-cli/test/reference/metrics.test.ts
// --update` writes it anew.
import { readFileSync } from 'node:fs';
import { COUNTERS, GAUGES, TIMERS } from '@episodica/memory-core/metrics';
import { expect, test } from 'vitest';

const page = readFileSync(new URL('../../../docs/metrics.md', import.meta.url), 'utf8');

interface Figure {
  readonly help: string;
  readonly labels: readonly string[];
  readonly unit?: string;
}

function tableOf(title: string, figures: Readonly<Record<string, Figure>>): string {
  const rows = Object.entries(figures).map(([name, { help, labels, unit = 'ms' }]) =>
    ['', `\`${name}\``, labels.map((label) => `\`${label}\``).join(', '), unit, help, ''].join(' | ').trim(),
  );
  return ['', `### ${title}`, '', '| name | labels | unit | what it is |', '| --- | --- | --- | --- |', ...rows].join(
    '\n',
  );
}

test('the page tells every figure of the catalogue as it is [OB-03 PK-04]', async () => {
  const tables = [tableOf('Counters', COUNTERS), tableOf('Timers', TIMERS), tableOf('Gauges', GAUGES)];
  const written = page.replace(
    /<!-- figures -->[\s\S]*<!-- \/figures -->/u,
    () => `<!-- figures -->\n${tables.join('\n')}\n\n<!-- /figures -->`,
  );
  expect(written).toContain('`store_operation`');
  await expect(written).toMatchFileSnapshot('../../../docs/metrics.md');
});
