// Kinds of task as one HTML page that needs nothing but itself: the picture, a table, and for each kind its confirmed
// patterns with the episodes they rest on. No script; nothing is loaded from anywhere. Pure.
import { createHash } from 'node:crypto';
import { isHelpful, type PatternHit, type TaskCluster, type TaskKinds } from '@episodica/memory-core';
import { clusterPicture, noteLines, scopeText } from './cluster-picture.ts';
import { escaped } from './markup.ts';
import { kindText, percent } from './pattern-text.ts';

/** What the page tells beside the kinds themselves. */
export interface PageInput {
  readonly kinds: TaskKinds;
  /** Confirmed patterns of the same place. */
  readonly patterns: readonly PatternHit[];
  /** Descriptions of the episodes nearest to all others of their kind, by their ids. */
  readonly descriptions: ReadonlyMap<string, string>;
  /** As it is shown. */
  readonly madeAt: string;
}

/** An HTML document. */
export function clusterPage(input: PageInput): string {
  const { kinds, madeAt } = input;
  const anchors = new Map(kinds.clusters.map(({ id }, index) => [id, `kind-${index + 1}`]));
  const picture = clusterPicture(kinds, ({ id }) => `#${anchors.get(id) ?? ''}`);
  const styles = [PAGE_STYLE, ...[...picture.matchAll(/<style>(.*?)<\/style>/gu)].map(([, style = '']) => style)];
  const allowed = styles.map((style) => `'sha256-${createHash('sha256').update(style).digest('base64')}'`);
  return [
    '<!DOCTYPE html>',
    '<html lang="en">',
    '<head>',
    '<meta charset="utf-8">',
    `<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src ${allowed.join(' ')}; base-uri 'none'; form-action 'none'">`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">',
    '<meta name="color-scheme" content="light dark">',
    '<meta name="referrer" content="no-referrer">',
    '<title>Kinds of task</title>',
    `<style>${PAGE_STYLE}</style>`,
    '</head>',
    '<body>',
    '<a class="skip" href="#table">Go to the table</a>',
    '<main>',
    '<h1>Kinds of task</h1>',
    `<p>${kinds.clusters.length} kinds, as of ${escaped(madeAt)}.${noteLines(kinds)
      .map((line) => ` ${escaped(line)}`)
      .join('')}</p>`,
    `<div class="picture">${picture}</div>`,
    ...kindTable(input, anchors),
    ...kinds.clusters.flatMap((cluster) => kindSection(cluster, { ...input, anchor: anchors.get(cluster.id) ?? '' })),
    '</main>',
    '</body>',
    '</html>',
    '',
  ].join('\n');
}

const PAGE_STYLE = [
  ':root{color-scheme:light dark}',
  'body{font:16px/1.5 system-ui,-apple-system,"Segoe UI",sans-serif;margin:0;background:#fff;color:#1b1f24}',
  'main{max-width:60rem;margin:0 auto;padding:1.5rem}',
  '.skip{position:absolute;left:-100rem}.skip:focus{left:1rem;top:1rem;background:#fff;padding:.5rem}',
  '.picture svg{max-width:100%;height:auto}',
  '.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}',
  'th,td{text-align:left;padding:.3rem .6rem;border-bottom:1px solid #d0d7de;vertical-align:top}',
  '.number{text-align:right;white-space:nowrap}',
  'code{font-size:.85em;overflow-wrap:anywhere}a{color:#0b5394}a:focus,summary:focus{outline:3px solid #0b5394}',
  'section{margin-top:2rem;border-top:1px solid #d0d7de}section:target{border-top:3px solid #0b5394}',
  '@media (prefers-color-scheme:dark){body{background:#0d1117;color:#f0f3f6}.skip:focus{background:#0d1117}',
  'th,td,section{border-color:#3d444d}a{color:#79b3f0}a:focus,summary:focus{outline-color:#79b3f0}}',
].join('');

function kindTable({ kinds, descriptions }: PageInput, anchors: ReadonlyMap<string, string>): readonly string[] {
  if (kinds.clusters.length === 0) return ['<p id="table">Kinds of task appear when enough episodes are alike.</p>'];
  return [
    '<div class="wide" id="table"><table>',
    '<thead><tr><th scope="col">Kind</th><th scope="col" class="number">Episodes</th><th scope="col" class="number">Succeeded</th><th scope="col">Tools</th><th scope="col">Typical</th></tr></thead>',
    '<tbody>',
    ...kinds.clusters.map((cluster) => {
      const typical = descriptions.get(cluster.medoidId) ?? cluster.medoidId;
      return `<tr><th scope="row"><a href="#${anchors.get(cluster.id) ?? ''}">${escaped(cluster.label)}</a></th><td class="number">${cluster.size}</td><td class="number">${rateCell(cluster)}</td><td>${escaped(cluster.tools.slice(0, MAX_TOOLS).join(', '))}</td><td>${escaped(shortened(typical))}</td></tr>`;
    }),
    '</tbody></table></div>',
  ];
}

const MAX_TOOLS = 6;
const MAX_MEMBERS = 50;
const TYPICAL_CHARACTERS = 200;

function rateCell({ ended, successes }: TaskCluster): string {
  return ended === 0 ? 'none ended' : `${percent(successes / ended)} of ${ended}`;
}

function kindSection(
  cluster: TaskCluster,
  { patterns, descriptions, anchor }: PageInput & { readonly anchor: string },
): readonly string[] {
  const own = patternsOf(cluster, patterns);
  const { memberIds, size } = cluster;
  const described = descriptions.get(cluster.medoidId);
  return [
    `<section id="${anchor}" aria-labelledby="${anchor}-name">`,
    `<h2 id="${anchor}-name">${escaped(cluster.label)}</h2>`,
    `<p>${size} episodes in ${escaped(scopeText(cluster.scope))}, ${rateCell(cluster)} succeeded.${described === undefined ? '' : ` Typical: ${escaped(shortened(described))} <code>${escaped(cluster.medoidId)}</code>`}</p>`,
    ...(own.length === 0
      ? ['<p>No confirmed pattern rests on its episodes.</p>']
      : ['<ul>', ...own.map(patternItem), '</ul>']),
    `<details><summary>Episodes (${size})</summary><ul>`,
    ...memberIds.slice(-MAX_MEMBERS).map((id) => `<li><code>${escaped(id)}</code></li>`),
    ...(size > MAX_MEMBERS ? [`<li>and ${size - MAX_MEMBERS} more</li>`] : []),
    '</ul></details>',
    '</section>',
  ];
}

/** Those found for this kind itself, and those that rest on episodes of it. */
export function patternsOf(cluster: TaskCluster, patterns: readonly PatternHit[]): readonly PatternHit[] {
  const members = new Set(cluster.memberIds);
  return patterns.filter(({ pattern, evidence, against }) => {
    if (pattern.kind === 'context' && pattern.where.kind === 'cluster') return pattern.where.clusterId === cluster.id;
    return [...evidence, ...against].some((id) => members.has(id));
  });
}

function patternItem({ pattern, statement, figures, evidence, against }: PatternHit): string {
  const sides = [
    ['for it', evidence],
    ['against it', against],
  ] as const;
  const told = sides
    .filter(([, ids]) => ids.length > 0)
    .map(([name, ids]) => `${name}: ${ids.map((id) => `<code>${escaped(id)}</code>`).join(' ')}`);
  return `<li><strong>${isHelpful(figures) ? 'Do' : 'Avoid'}</strong> ${escaped(statement)} <details><summary>${escaped(kindText(pattern.kind))}, ${pattern.support} attempts at ${pattern.tasks} tasks</summary><p>${told.join('</p><p>')}</p></details></li>`;
}

function shortened(text: string): string {
  const characters = [...text];
  return characters.length <= TYPICAL_CHARACTERS ? text : `${characters.slice(0, TYPICAL_CHARACTERS - 1).join('')}…`;
}
