// The catalogue as a table for the documentation.
import { type Attack, THREATS } from './attack.ts';
import { ATTACKS } from './catalogue.ts';

/** Names of attacks that one cell of the table tells. */
const TOLD = 6;

/** One row for each row of the threat model, in Markdown: what is tried, by how many programs, and how they end. */
export function attackTable(): string {
  const rows = THREATS.map(({ id, about }) => {
    const attacks = ATTACKS.filter(({ threat }) => threat === id);
    return `| ${id} | ${about} | ${attacksText(attacks)} | ${outcomesText(attacks)} |`;
  });
  return ['| row | threat | programs | how they end |', '| --- | --- | --- | --- |', ...rows].join('\n');
}

function attacksText(attacks: readonly Attack[]): string {
  if (attacks.length === 0) return 'none: a test of its own';
  const names = attacks.slice(0, TOLD).map(({ name }) => (/[`|]/.test(name) ? 'a template' : name));
  const more = attacks.length > TOLD ? ', …' : '';
  const isCode = names.some((name) => /[()]/.test(name));
  return `${attacks.length}: ${names.map((name) => (isCode ? `\`${name}\`` : name)).join(', ')}${more}`;
}

function outcomesText(attacks: readonly Attack[]): string {
  const outcomes = new Set(attacks.map((attack) => outcomeText(attack)));
  return [...outcomes].join('; ') || 'see the test';
}

function outcomeText({ outcome, killed }: Attack): string {
  const codes = typeof outcome === 'string' ? [outcome] : outcome;
  const text = codes.map((code) => (code === 'ok' ? 'a result' : `\`${code}\``)).join(' or ');
  return killed === true ? `${text}, killed` : text;
}
