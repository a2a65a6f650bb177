// What an argument may be, while a person types it: ids of records by their beginning or by words of what they are
// about, and names of projects and domains.
import type { Episode } from '@episodica/memory-core';
import { legible } from '@episodica/memory-core/wire';
import type { CompleteRequestParams, CompleteResult } from '@modelcontextprotocol/server';
import { listedTo } from './code-mode/place.ts';
import { PROMPTS } from './prompts/all.ts';
import { invalidParams } from './protocol-errors.ts';
import { EPISODE_TEMPLATE, PATTERN_TEMPLATE } from './resources/address.ts';
import { projectCounts } from './resources/projects.ts';
import type { Backend } from './services.ts';

/** As the protocol says. */
const MAX_VALUES = 100;
/** Episodes that are looked through for words, the newest. */
const MAX_SCANNED = 2_000;

interface Completing {
  readonly backend: Backend;
  readonly signal: AbortSignal;
}

type Completer = (typed: string, completing: Completing) => Promise<readonly string[]>;

/** Values for the argument, best first. @throws ProtocolError where there is no such argument */
export async function completed(params: CompleteRequestParams, completing: Completing): Promise<CompleteResult> {
  const complete = completerOf(params);
  const values = await complete(params.argument.value.trim().toLowerCase(), completing);
  // Nobody looks further once there are more than are told, so how many there are is known only of fewer.
  const hasMore = values.length > MAX_VALUES;
  return { completion: { values: values.slice(0, MAX_VALUES), hasMore, ...(hasMore ? {} : { total: values.length }) } };
}

function completerOf({ ref, argument }: CompleteRequestParams): Completer {
  const known = ref.type === 'ref/resource' ? COMPLETED_TEMPLATES.get(ref.uri) : completedPrompt(ref.name);
  const named =
    ref.type === 'ref/resource' ? `resource template ${ref.uri.slice(0, 200)}` : `prompt ${ref.name.slice(0, 100)}`;
  if (known === undefined) {
    const there = ref.type === 'ref/resource' ? [...COMPLETED_TEMPLATES.keys()] : PROMPTS.map(({ name }) => name);
    throw invalidParams(`There is no ${named}; there are ${there.join(', ')}.`);
  }
  const completer = known.get(argument.name);
  if (completer !== undefined) return completer;
  const names = [...known.keys()].join(', ');
  throw invalidParams(`${argument.name.slice(0, 100)}: is no argument of the ${named}; there are ${names}.`);
}

/** Arguments of a prompt; one for which nobody knows values completes to nothing. */
function completedPrompt(prompt: string): ReadonlyMap<string, Completer> | undefined {
  const found = PROMPTS.find(({ name }) => name === prompt)?.listed();
  if (found === undefined) return undefined;
  return new Map(found.arguments?.map(({ name }) => [name, completerNamed(prompt, name)]));
}

function completerNamed(prompt: string, argument: string): Completer {
  switch (argument) {
    case 'episode_id':
      return prompt === 'resume' ? openEpisodeIds : episodeIds;
    case 'project':
      return projects;
    case 'domain':
      return domains;
    default:
      return async () => [];
  }
}

const episodeIds: Completer = (typed, completing) => matchingEpisodes(typed, {}, completing);
const openEpisodeIds: Completer = (typed, completing) => matchingEpisodes(typed, { status: 'open' }, completing);

const COMPLETED_TEMPLATES: ReadonlyMap<string, ReadonlyMap<string, Completer>> = new Map([
  [EPISODE_TEMPLATE, new Map([['id', episodeIds]])],
  [PATTERN_TEMPLATE, new Map([['id', patternIds]])],
]);

async function matchingEpisodes(
  typed: string,
  bounds: { readonly status?: Episode['status'] },
  { backend, signal }: Completing,
): Promise<readonly string[]> {
  const filter = { ...listedTo(backend), ...bounds, order: 'newest' } as const;
  const ids: string[] = [];
  if (isStartOfId(typed)) {
    const limit = MAX_VALUES + 1;
    for await (const { id } of backend.memory.listEpisodes({ ...filter, idPrefix: typed, limit }, { signal }))
      ids.push(id);
    if (ids.length > 0) return ids;
  }
  for await (const { id, description } of backend.memory.listEpisodes({ ...filter, limit: MAX_SCANNED }, { signal })) {
    if (hasWords(description, typed)) ids.push(id);
    if (ids.length > MAX_VALUES) break;
  }
  return ids;
}

async function patternIds(typed: string, { backend, signal }: Completing): Promise<readonly string[]> {
  const hits = await backend.memory.listPatterns(listedTo(backend), { signal });
  const byId = hits.filter(({ pattern }) => pattern.id.startsWith(typed));
  const found = byId.length > 0 ? byId : hits.filter(({ statement }) => hasWords(statement, typed));
  return found.map(({ pattern }) => pattern.id);
}

async function projects(typed: string, { backend, signal }: Completing): Promise<readonly string[]> {
  const counted = await projectCounts(backend, signal);
  return named(
    counted.projects.map(({ project }) => project),
    typed,
  );
}

/** Those of the newest episodes, the newest first. */
async function domains(typed: string, { backend, signal }: Completing): Promise<readonly string[]> {
  const found = new Set<string | null>();
  const filter = { ...listedTo(backend), order: 'newest', limit: MAX_SCANNED } as const;
  for await (const { domain } of backend.memory.listEpisodes(filter, { signal })) found.add(domain ?? null);
  return named([...found], typed);
}

/**
 * Those that begin so before those that hold it: paths and addresses are known by their ends. A name that cannot be
 * shown as it is cannot be chosen either.
 */
function named(names: readonly (string | null)[], typed: string): readonly string[] {
  const holding = names
    .filter((name) => name !== null)
    .filter((name) => legible(name) === name && !name.includes('\n') && name.toLowerCase().includes(typed));
  const begins = holding.filter((name) => name.toLowerCase().startsWith(typed));
  return [...begins, ...holding.filter((name) => !begins.includes(name))];
}

function isStartOfId(typed: string): boolean {
  return /^[0-9a-f-]{1,36}$/u.test(typed);
}

function hasWords(text: string, typed: string): boolean {
  const lower = text.toLowerCase();
  return typed.split(/\s+/u).every((word) => lower.includes(word));
}
