// pattern clusters: kinds of task as a table, as data, as a picture or as a page.
import { type Episode, MemoryError, type TaskCluster, type TaskKinds } from '@episodica/memory-core';
import { clusterItem } from '@episodica/memory-core/wire';
import { type Invocation, type Read, useMemoryToRead } from '../open.ts';
import {
  cut,
  hangingLine,
  heading,
  localTime,
  onOneLine,
  print,
  rendered,
  table,
  terminalWidth,
  writeOut,
} from '../output.ts';
import { clusterPage } from './cluster-page.ts';
import { clusterPicture, noteLines, scopeText } from './cluster-picture.ts';
import { type PlaceOptions, placeFilter } from './pattern.ts';
import { percent, shortIds } from './pattern-text.ts';
import { refuseExisting, refuseOtherThanFile, writeWhole } from './whole-file.ts';
import { meantId } from './whole-id.ts';

/** Flags of `pattern clusters`. */
export interface ClustersOptions extends PlaceOptions {
  readonly members?: boolean;
  readonly output?: string;
  readonly force?: boolean;
  readonly dryRun?: boolean;
}

/** Shows the kinds of task, or one of them with its episodes. */
export async function clusters(
  invocation: Invocation,
  given: string | undefined,
  options: ClustersOptions,
): Promise<number> {
  const { output, force } = options;
  if (output === undefined && (force || options.dryRun)) {
    throw new MemoryError(
      'INVALID_INPUT',
      '--output: is missing; --force and --dry-run go with a file that is written.',
    );
  }
  if (output !== undefined) {
    await refuseOtherThanFile(output, 'leave --output out to write to standard output');
    if (!force) await refuseExisting(output);
  }
  const { text, kinds } = await useMemoryToRead(invocation, async (opened) => {
    const place = placeFilter(options, opened.settings.project);
    const all = await opened.memory.listClusters(place, { signal: invocation.signal });
    const chosen = given === undefined ? all : await oneOf(all, given);
    const isWithMembers = options.members === true || given !== undefined;
    return { text: await textOf(chosen, { invocation, opened, place, isWithMembers }), kinds: chosen.clusters.length };
  });
  if (output === undefined) {
    await writeOut(text);
    return 0;
  }
  if (!options.dryRun) await writeWhole(output, [text]);
  const { format } = invocation;
  const result = { file: output, dry_run: options.dryRun === true, clusters: kinds, bytes: Buffer.byteLength(text) };
  const done = options.dryRun ? 'would be written' : 'written';
  await print(format, result, () => `${kinds} kinds of task ${done} to ${onOneLine(output)}.`);
  return 0;
}

interface Shown {
  readonly invocation: Invocation;
  readonly opened: Read;
  readonly place: ReturnType<typeof placeFilter>;
  readonly isWithMembers: boolean;
}

async function oneOf(kinds: TaskKinds, given: string): Promise<TaskKinds> {
  const id = await meantId(given, {
    of: 'a kind of task',
    beginningWith: async (start) =>
      kinds.clusters.map((cluster) => cluster.id).filter((each) => each.startsWith(start)),
  });
  const found = kinds.clusters.filter((cluster) => cluster.id === id);
  if (found.length === 0) {
    throw new MemoryError('NOT_FOUND', `There is no kind of task ${id} here; "pattern clusters" lists them.`);
  }
  // What is in no kind says nothing about this one.
  return { clusters: found, scopes: [] };
}

async function textOf(kinds: TaskKinds, shown: Shown): Promise<string> {
  const { invocation, opened, place, isWithMembers } = shown;
  const { picture, format, signal } = invocation;
  if (picture === 'svg') return clusterPicture(kinds);
  const typical = await episodesOf(
    opened,
    kinds.clusters.map(({ medoidId }) => medoidId),
    signal,
  );
  if (picture === 'html') {
    const patterns = await opened.memory.listPatterns(place, { signal });
    return clusterPage({
      kinds,
      patterns: patterns.filter(({ pattern }) => pattern.standing === 'confirmed'),
      descriptions: new Map([...typical].map(([id, { description }]) => [id, description])),
      madeAt: localTime(new Date().toISOString()),
    });
  }
  const members = isWithMembers
    ? await episodesOf(
        opened,
        kinds.clusters.flatMap((cluster) => newest(cluster)),
        signal,
      )
    : undefined;
  const result = {
    clusters: kinds.clusters.map((cluster) => ({
      ...clusterItem(cluster),
      ...(typical.has(cluster.medoidId) ? { medoid_description: typical.get(cluster.medoidId)?.description } : {}),
      ...(members === undefined ? {} : { members: cluster.memberIds }),
    })),
    scopes: kinds.scopes.map(({ scope, ended, inNone }) => ({ scope, ended, in_none: inNone })),
  };
  return `${await rendered(format, result, () => humanText(kinds, { typical, members, place }))}\n`;
}

/** Members that are told in words, the newest; `--format json` names all that are kept. */
const MAX_MEMBERS = 50;
const READ_AT_ONCE = 500;

function newest({ memberIds }: TaskCluster): readonly string[] {
  return [...memberIds].sort().slice(-MAX_MEMBERS).reverse();
}

async function episodesOf(
  { memory }: Read,
  ids: readonly string[],
  signal: AbortSignal,
): Promise<ReadonlyMap<string, Episode>> {
  const found = new Map<string, Episode>();
  for (let start = 0; start < ids.length; start += READ_AT_ONCE) {
    const episodes = await memory.getEpisodes(ids.slice(start, start + READ_AT_ONCE), { signal });
    for (const episode of episodes) if (episode !== undefined) found.set(episode.id, episode);
  }
  return found;
}

interface Told {
  readonly typical: ReadonlyMap<string, Episode>;
  readonly members: ReadonlyMap<string, Episode> | undefined;
  readonly place: Shown['place'];
}

function humanText(kinds: TaskKinds, { typical, members, place }: Told): string {
  if (kinds.clusters.length === 0) return [nothingText(place), ...noteLines(kinds)].join('\n');
  if (members !== undefined) return kinds.clusters.map((cluster) => kindText(cluster, members)).join('\n\n');
  const ids = shortIds(kinds.clusters.map(({ id }) => id));
  const rows = kinds.clusters.map((cluster, index) => [
    ids[index] ?? '',
    cut(onOneLine(cluster.label), LABEL_COLUMNS),
    String(cluster.size),
    cluster.ended === 0 ? '' : percent(cluster.successes / cluster.ended),
    cut(onOneLine(cluster.tools.slice(0, MAX_TOOLS).join(', ')), TOOLS_COLUMNS),
    typical.get(cluster.medoidId)?.description ?? cluster.medoidId,
  ]);
  const columns = [
    { heading: 'ID' },
    { heading: 'KIND' },
    { heading: 'SEEN', align: 'right' as const },
    { heading: 'SUCCESS', align: 'right' as const },
    { heading: 'TOOLS' },
    { heading: 'TYPICAL' },
  ];
  return [table(columns, rows, terminalWidth()), ...noteLines(kinds).map((text) => hangingLine('', text))].join('\n');
}

const MAX_TOOLS = 3;
const LABEL_COLUMNS = 40;
const TOOLS_COLUMNS = 30;

function kindText(cluster: TaskCluster, members: ReadonlyMap<string, Episode>): string {
  const rate =
    cluster.ended === 0
      ? 'none ended'
      : `${cluster.successes} of ${cluster.ended} succeeded (${percent(cluster.successes / cluster.ended)})`;
  const rows = newest(cluster).map((id) => {
    const episode = members.get(id);
    const outcome = episode === undefined ? 'forgotten' : episode.status === 'open' ? 'open' : episode.outcome.kind;
    return [id, id === cluster.medoidId ? 'typical' : '', outcome, episode?.description ?? ''];
  });
  const columns = [{ heading: 'EPISODE' }, { heading: '' }, { heading: 'OUTCOME' }, { heading: 'TASK' }];
  const left = cluster.size - rows.length;
  return [
    heading(`Kind of task ${cluster.id}: ${onOneLine(cluster.label)}`),
    `${cluster.size} episodes in ${onOneLine(scopeText(cluster.scope))}; ${rate}.`,
    `Words: ${onOneLine(cluster.keywords.join(', '))}. Tools: ${onOneLine(cluster.tools.join(', '))}.`,
    table(columns, rows, terminalWidth()),
    ...(left > 0 ? [`… ${left} more; --format json names all that are kept.`] : []),
  ].join('\n');
}

function nothingText({ visibleTo }: Shown['place']): string {
  const project = visibleTo?.project;
  const where =
    project === undefined ? '' : ` in project ${onOneLine(project)} (--all-projects looks into every project)`;
  return `No kinds of task yet${where}: they need several episodes that are alike.`;
}
