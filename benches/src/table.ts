// A suite's report as a table for a terminal.
import { isMet, type Row, ratioOf, type Suite, type SuiteReport, type Target } from './suite.ts';

export function formatReport(suite: Suite, { rows, notes }: SuiteReport, tookMs: number): string {
  const head = `\n## ${suite.name} (${(tookMs / 1000).toFixed(1)} s)\n${suite.about}\n`;
  const isTimed = rows.some(({ p99 }) => p99 !== undefined);
  const columns = ['what', isTimed ? 'median' : 'value', 'p99', 'target', '', 'baseline', 'ratio'];
  const table = rows.length === 0 ? '' : formatTable([columns, ...rows.map(cells)]);
  return [head, table, ...notes.map((note) => `  ${note}`)].join('\n');
}

function cells(row: Row): readonly string[] {
  const ratio = ratioOf(row);
  const met = isMet(row);
  return [
    row.what,
    withUnit(row.value, row.unit),
    row.p99 === undefined ? '' : withUnit(row.p99, row.unit),
    row.target === undefined ? '' : targetText(row.target, row.unit),
    met === undefined ? '' : met ? 'met' : 'missed',
    row.baseline === undefined ? '' : `${withUnit(row.baseline.value, row.unit)} ${row.baseline.name}`,
    ratio === undefined ? '' : `${figure(ratio)}×`,
  ];
}

function targetText({ bound, of, limit }: Target, unit: string): string {
  const sign = bound === 'at most' ? '≤' : '≥';
  if (of === 'ratio') return `${sign} ${limit}×`;
  if (of === 'p99') return `${sign} ${limit} ${unit} (p99)`;
  return `${sign} ${of === 'difference' ? '+' : ''}${limit} ${unit}`.trim();
}

function withUnit(value: number, unit: string): string {
  return `${figure(value)} ${unit}`.trim();
}

/** Three digits that count, without an exponent. */
function figure(value: number): string {
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1000) return Math.round(value).toLocaleString('en');
  if (size >= 100) return value.toFixed(0);
  if (size >= 10) return value.toFixed(1);
  return size >= 1 ? value.toFixed(2) : value.toFixed(3);
}

/** Rows of cells, the first of them the names of the columns; the second and third column are figures. */
export function formatTable(rows: readonly (readonly string[])[]): string {
  const [first = []] = rows;
  const widths = first.map((_, column) => Math.max(...rows.map((row) => [...(row[column] ?? '')].length)));
  return rows.map((row) => line(row, widths)).join('\n');
}

function line(row: readonly string[], widths: readonly number[]): string {
  const padded = row.map((cell, column) => {
    const space = ' '.repeat((widths[column] ?? 0) - [...cell].length);
    return column === 1 || column === 2 ? space + cell : cell + space;
  });
  return `  ${padded.join('  ')}`.trimEnd();
}
