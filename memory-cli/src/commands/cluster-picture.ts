// Kinds of task as one picture in SVG: a circle for each, as large as its episodes are many, with a ring that is filled as
// far as they succeeded. Stands alone: no script, no network, readable in light and in dark. Pure.
import type { Scope, TaskCluster, TaskKinds } from '@episodica/memory-core';
import { hierarchy, pack } from 'd3-hierarchy';
import { cut, onOneLine, textWidth } from '../output.ts';
import { escaped } from './markup.ts';
import { percent, wrapped } from './pattern-text.ts';

/** Circles that are drawn, those of most episodes first. */
export const MAX_DRAWN = 60;

/** An SVG document. `linkOf` makes circles links to a place in the page that the picture is part of. */
export function clusterPicture(kinds: TaskKinds, linkOf?: (cluster: TaskCluster) => string): string {
  const drawn = kinds.clusters.slice(0, MAX_DRAWN);
  const { circles, enclosures } = layout(drawn);
  const small = circles.filter(({ label }) => label === undefined);
  const notes = [
    ...noteLines(kinds),
    ...(kinds.clusters.length > drawn.length
      ? [`${kinds.clusters.length - drawn.length} smaller ones are not drawn.`]
      : []),
  ];
  const { top, bottom } = extentOf([...circles, ...enclosures]);
  const legendTop = HEAD_HEIGHT + bottom - top;
  const keyTop = legendTop + LEGEND_HEIGHT;
  const height = keyTop + (small.length + notes.length) * LINE_HEIGHT + MARGIN;
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="${linkOf === undefined ? 'img' : 'group'}" aria-labelledby="picture-title picture-text">`,
    '<title id="picture-title">Kinds of task</title>',
    `<desc id="picture-text">${escaped(spoken(kinds))}</desc>`,
    `<style>${PICTURE_STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${height}"/>`,
    `<text class="head" x="${MARGIN}" y="34">Kinds of task</text>`,
    `<text class="said" x="${MARGIN}" y="56">Area: episodes. Ring and number: share that succeeded.</text>`,
    `<g transform="translate(${(WIDTH - SIDE) / 2} ${HEAD_HEIGHT - top})">`,
    ...enclosures.map(enclosureMark),
    ...circles.map((circle) => circleMark(circle, linkOf?.(circle.cluster))),
    '</g>',
    legend(legendTop),
    ...[...small.map(circleText), ...notes].map(
      (line, index) =>
        `<text class="said" x="${MARGIN}" y="${keyTop + (index + 1) * LINE_HEIGHT}">${escaped(cut(line, KEY_COLUMNS))}</text>`,
    ),
    '</svg>',
    '',
  ].join('\n');
}

/** How a scope is called. */
export function scopeText({ project, domain }: Scope): string {
  const parts = [...(project === undefined ? [] : [project]), ...(domain === undefined ? [] : [domain])];
  return parts.length === 0 ? 'no project' : parts.join(', ');
}

/** What is said beside the kinds: how many episodes are in none. */
export function noteLines({ clusters, scopes }: TaskKinds): readonly string[] {
  const lonely = scopes.filter(({ ended, inNone }) => ended > 0 && inNone > 0);
  return lonely.map(({ scope, ended, inNone }) => {
    const where = scopes.length > 1 || clusters.length === 0 ? ` (${onOneLine(scopeText(scope))})` : '';
    return `${inNone} of ${ended} episodes that ended are like no others, and in no kind${where}: ${percent(inNone / ended)}.`;
  });
}

const WIDTH = 960;
const SIDE = 840;
const HEAD_HEIGHT = 72;
const LEGEND_HEIGHT = 56;
const MARGIN = 24;
const LINE_HEIGHT = 20;
const KEY_COLUMNS = 120;

/** Steps of the share that succeeded. Blue and orange can be told apart whatever colours somebody sees. */
const BANDS = [
  { from: 0, name: 'under 20 %' },
  { from: 0.2, name: '20–39 %' },
  { from: 0.4, name: '40–59 %' },
  { from: 0.6, name: '60–79 %' },
  { from: 0.8, name: 'from 80 %' },
] as const;

/** Fill and ring of each band, for light and for dark; text upon a fill has at least a contrast of 4.5. */
const PICTURE_STYLE = [
  'text{font-family:system-ui,-apple-system,"Segoe UI",sans-serif;fill:#1b1f24}',
  '.ground{fill:#fff}.head{font-size:24px;font-weight:600}.said{font-size:14px}.scope{font-size:14px;font-weight:600;text-anchor:middle;paint-order:stroke;stroke:#fff;stroke-width:6px}',
  '.name{text-anchor:middle;font-weight:600}.rate{text-anchor:middle}',
  '.enclosure{fill:none;stroke:#8c959f;stroke-dasharray:4 4}.track{fill:none;stroke:#d0d7de}.ring{fill:none}',
  '.b0{fill:#fde3cf}.b1{fill:#fdf0e3}.b2{fill:#eef0f2}.b3{fill:#e0edfb}.b4{fill:#c9e1fa}.bx{fill:#f6f8fa}',
  '.r0{stroke:#b34700}.r1{stroke:#d17a2b}.r2{stroke:#6e7781}.r3{stroke:#3f83c9}.r4{stroke:#0b5394}.rx{stroke:#8c959f}',
  'a:focus .disc,a:hover .disc{stroke:#1b1f24;stroke-width:3}',
  '@media (prefers-color-scheme:dark){text{fill:#f0f3f6}.ground{fill:#0d1117}.scope{stroke:#0d1117}.track{stroke:#3d444d}',
  '.b0{fill:#5c2600}.b1{fill:#4d3319}.b2{fill:#2d333b}.b3{fill:#16324f}.b4{fill:#0a3d73}.bx{fill:#21262d}',
  '.r0{stroke:#ff9e57}.r1{stroke:#e0a56e}.r2{stroke:#adb5bd}.r3{stroke:#79b3f0}.r4{stroke:#4da3ff}.rx{stroke:#8c959f}',
  'a:focus .disc,a:hover .disc{stroke:#f0f3f6}}',
].join('');

/** Where something is drawn. */
interface Disc {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
}

interface Circle extends Disc {
  readonly cluster: TaskCluster;
  /** From 1: those of most episodes first. */
  readonly number: number;
  /** Absent where the label does not fit, and stands below the picture. */
  readonly label: FittedLabel | undefined;
}

interface FittedLabel {
  readonly lines: readonly string[];
  readonly fontSize: number;
}

interface Enclosure extends Disc {
  readonly scope: Scope;
}

type Leaf = { readonly cluster: TaskCluster; readonly number: number };
type Branch = { readonly scope: Scope; readonly leaves: readonly (Leaf | Branch)[] };

/** Packs the circles close to each other (Wang et al. 2006); those of one scope together, where there are several. */
function layout(clusters: readonly TaskCluster[]): {
  readonly circles: readonly Circle[];
  readonly enclosures: readonly Enclosure[];
} {
  const leaves = clusters.map((cluster, index) => ({ cluster, number: index + 1 }));
  const root = hierarchy<Leaf | Branch>({ scope: {}, leaves: byScope(leaves) }, (node) =>
    'leaves' in node ? node.leaves : undefined,
  ).sum((node) => ('cluster' in node ? Math.max(1, node.cluster.size) : 0));
  const nodes = pack<Leaf | Branch>().size([SIDE, SIDE]).padding(CIRCLE_GAP)(root).descendants();
  return {
    circles: nodes.flatMap(({ data, x, y, r }) =>
      'cluster' in data ? [{ ...data, x, y, radius: r, label: fittedLabel(data.cluster, r) }] : [],
    ),
    enclosures: nodes.flatMap(({ data, depth, x, y, r }) =>
      'leaves' in data && depth === 1 ? [{ scope: data.scope, x, y, radius: r }] : [],
    ),
  };
}

const CIRCLE_GAP = 14;

/** How far the picture reaches, with room for the names of scopes. */
function extentOf(discs: readonly Disc[]): { readonly top: number; readonly bottom: number } {
  if (discs.length === 0) return { top: 0, bottom: 0 };
  return {
    top: Math.floor(Math.min(...discs.map(({ y, radius }) => y - radius))) - CIRCLE_GAP,
    bottom: Math.ceil(Math.max(...discs.map(({ y, radius }) => y + radius))) + CIRCLE_GAP,
  };
}

function byScope(leaves: readonly Leaf[]): readonly (Leaf | Branch)[] {
  const groups = new Map<string, { scope: Scope; leaves: Leaf[] }>();
  for (const leaf of leaves) {
    const { scope } = leaf.cluster;
    const key = JSON.stringify([scope.project ?? null, scope.domain ?? null]);
    const group = groups.get(key) ?? { scope, leaves: [] };
    groups.set(key, group);
    group.leaves.push(leaf);
  }
  return groups.size < 2 ? leaves : [...groups.values()];
}

/** The largest letters in which the whole label, and the figures below it, lie within the ring. */
function fittedLabel(cluster: TaskCluster, radius: number): FittedLabel | undefined {
  const label = onOneLine(cluster.label);
  const room = radius - ringWidth(radius);
  for (let fontSize = LARGEST_LETTERS; fontSize >= SMALLEST_LETTERS; fontSize -= 1) {
    for (const share of LINE_SHARES) {
      const lines = wrapped(label, Math.floor((2 * room * share) / (fontSize * LETTER_WIDTH)));
      const isWhole = lines.length > 0 && lines.join(' ') === label;
      if (isWhole && isWithin(room, { texts: [...lines, rateText(cluster)], fontSize })) return { lines, fontSize };
    }
  }
  return undefined;
}

/** Whether lines, one below the other around the centre, lie within a circle of that radius. */
function isWithin(
  radius: number,
  { texts, fontSize }: { readonly texts: readonly string[]; readonly fontSize: number },
): boolean {
  const step = fontSize * LINE_SPACING;
  return texts.every((text, index) => {
    const farthest = Math.abs((index - (texts.length - 1) / 2) * step) + fontSize / 2;
    return Math.hypot(farthest, (textWidth(text) * fontSize * LETTER_WIDTH) / 2) <= radius;
  });
}

/** Lengths of lines that are tried, as shares of the diameter. */
const LINE_SHARES = [0.95, 0.8, 0.65, 0.5];
const LARGEST_LETTERS = 22;
const SMALLEST_LETTERS = 11;
/** Of bold letters of system fonts, as a share of their size, on the safe side. */
const LETTER_WIDTH = 0.62;
const LINE_SPACING = 1.25;

function circleMark(circle: Circle, link: string | undefined): string {
  const { cluster, x, y, radius } = circle;
  const mark = `<g transform="translate(${round(x)} ${round(y)})"><title>${escaped(circleText(circle))}</title>${discMarks(cluster, radius)}${labelMarks(circle)}</g>`;
  return link === undefined
    ? mark
    : `<a href="${escaped(link)}" aria-label="${escaped(circleText(circle))}">${mark}</a>`;
}

/** The disc and its ring, which is filled clockwise from the top. */
function discMarks({ ended, successes }: Pick<TaskCluster, 'ended' | 'successes'>, radius: number): string {
  const share = ended === 0 ? undefined : successes / ended;
  const band = share === undefined ? 'x' : String(BANDS.findLastIndex(({ from }) => share >= from));
  const width = ringWidth(radius);
  const ring = Math.max(0, radius - width / 2);
  const length = 2 * Math.PI * ring;
  const filled = `<circle class="ring r${band}" r="${round(ring)}" stroke-width="${round(width)}" stroke-dasharray="${round(length * (share ?? 0))} ${round(length)}" transform="rotate(-90)"/>`;
  return `<circle class="disc b${band}" r="${round(radius)}"/><circle class="track" r="${round(ring)}" stroke-width="${round(width)}"/>${share ? filled : ''}`;
}

const RING_WIDTH = 8;

function ringWidth(radius: number): number {
  return Math.min(RING_WIDTH, radius / 4);
}

function labelMarks({ cluster, number, label }: Circle): string {
  if (label === undefined) return `<text class="name" font-size="${SMALLEST_LETTERS}" y="4">${number}</text>`;
  const { lines, fontSize } = label;
  const step = fontSize * LINE_SPACING;
  const top = -((lines.length + 1) * step) / 2 + fontSize;
  const names = lines.map(
    (line, index) =>
      `<text class="name" font-size="${fontSize}" y="${round(top + index * step)}">${escaped(line)}</text>`,
  );
  const figures = `<text class="rate" font-size="${fontSize - 1}" y="${round(top + lines.length * step)}">${rateText(cluster)}</text>`;
  return [...names, figures].join('');
}

/** `82 % of 28`. */
function rateText({ ended, successes }: TaskCluster): string {
  return ended === 0 ? 'none ended' : `${percent(successes / ended)} of ${ended}`;
}

function circleText({ cluster, number }: Pick<Circle, 'cluster' | 'number'>): string {
  const { label, size, ended, successes } = cluster;
  const rate = ended === 0 ? 'none ended yet' : `${successes} of ${ended} succeeded`;
  return `${number}  ${label}: ${size} episodes, ${rate}`;
}

function enclosureMark({ scope, x, y, radius }: Enclosure): string {
  const size = SMALLEST_LETTERS + 3;
  return `<circle class="enclosure" cx="${round(x)}" cy="${round(y)}" r="${round(radius)}"/><text class="scope" x="${round(x)}" y="${round(y - radius + size / 2)}">${escaped(cut(scopeText(scope), SCOPE_COLUMNS))}</text>`;
}

const SCOPE_COLUMNS = 60;

/** A small ring of every step of the share, and one for what has not ended. */
function legend(top: number): string {
  const samples = [
    ...BANDS.map(({ from, name }) => ({ name, ended: 10, successes: from * 10 + 1 })),
    { name: 'none ended', ended: 0, successes: 0 },
  ];
  return samples
    .map(
      (sample, index) =>
        `<g transform="translate(${MARGIN + SAMPLE_RADIUS + index * SAMPLE_STEP} ${top + LEGEND_HEIGHT / 2})">${discMarks(sample, SAMPLE_RADIUS)}<text class="said" x="${SAMPLE_RADIUS + 8}" y="5">${sample.name}</text></g>`,
    )
    .join('');
}

const SAMPLE_RADIUS = 12;
const SAMPLE_STEP = 150;

/** The picture in words, for those who do not see it. */
function spoken(kinds: TaskKinds): string {
  if (kinds.clusters.length === 0) return ['No kinds of task yet.', ...noteLines(kinds)].join(' ');
  const told = kinds.clusters.slice(0, MAX_SPOKEN).map((cluster, index) => circleText({ cluster, number: index + 1 }));
  const left = kinds.clusters.length - told.length;
  return [
    `${kinds.clusters.length} kinds.`,
    `${told.join('; ')}${left > 0 ? `; ${left} more` : ''}.`,
    ...noteLines(kinds),
  ].join(' ');
}

const MAX_SPOKEN = 20;

function round(value: number): number {
  return Math.round(value * 10) / 10;
}
