// Places in code: files and directories, as steps, questions and error texts name them. Pure; no file is looked at.
import type { Episode } from './episode.ts';
import { LIMITS } from './limits.ts';

/** Places of one episode, or of one question. */
export const MAX_PLACES = 64;
/** Read of one text for the places in it. */
const MAX_READ_CHARACTERS = 20_000;

/** Where an episode took place: the files that its context names, then what its steps touched. */
export function episodePlaces(episode: Episode): readonly string[] {
  const touched = episode.status === 'completed' ? (episode.touched ?? []) : [];
  return cleanPlaces([...(episode.context.files ?? []), ...touched]);
}

/** Each place once, in its normal form, the first 64; what is none is left out. */
export function cleanPlaces(paths: readonly string[]): readonly string[] {
  const found = new Set<string>();
  for (const path of paths) {
    const place = normalPlace(path);
    if (place !== undefined) found.add(place);
    if (found.size === MAX_PLACES) break;
  }
  return [...found];
}

/** Files and directories that a shell command names. */
export function placesInCommand(command: string): readonly string[] {
  // What follows `<<` is the text of a file, not its name.
  const [line = ''] = command.slice(0, MAX_READ_CHARACTERS).split('<<');
  const words = line.split(/[\s"'`()<>;|&=]+/u);
  return cleanPlaces(
    words.filter((word) => !/^-|[$*?{}^!]|^\/dev\/|^s\//u.test(word) && (isFile(word) || isPath(word))),
  );
}

/** Whether the word alone can be nothing but the name of a file. */
export function isFile(word: string): boolean {
  return FILE.test(word) && !word.includes('://');
}

/**
 * The place seen from the root of its project: what a clone's own folder adds in front is left out, as far as the
 * project's name tells it. `/home/me/parser/src/a.ts` of `github.com/team/parser` is `src/a.ts`.
 */
export function placeWithin(place: string, project: string | undefined): string {
  if (project === undefined || !place.startsWith('/')) return place;
  if (place.startsWith(`${project}/`)) return place.slice(project.length + 1);
  const name = project.slice(project.lastIndexOf('/') + 1);
  const at = name === '' ? -1 : place.indexOf(`/${name}/`);
  return at < 0 ? place : place.slice(at + name.length + 2);
}

const EXTENSIONS =
  'bash|bat|c|cc|cfg|cjs|clj|conf|cpp|cs|css|csv|cts|dart|ex|exs|env|go|gradle|graphql|h|hpp|hs|html|ini|ipynb|java|' +
  'jl|js|json|jsonc|jsonl|jsx|kt|kts|less|lock|lua|md|mdx|mjs|ml|mts|php|pl|proto|ps1|py|pyi|r|rb|rs|rst|scala|scss|' +
  'sh|sql|svelte|swift|tf|toml|ts|tsv|tsx|txt|vue|xml|yaml|yml|zig';
const FILE = new RegExp(
  String.raw`^[^\n:]*[^\n:/\\]\.(?:${EXTENSIONS})$|(?:^|[/\\])(?:Dockerfile|Makefile)$|^[A-Za-z]:[\\/][^\n:]+$`,
  'iu',
);

/** Names joined by slashes, with a letter in the first or last of them. */
function isPath(word: string): boolean {
  return (
    /^(?:~|\.{0,2})\/?[\p{L}\p{N}_.@+-]+(?:\/[\p{L}\p{N}_.@+-]+)*\/?$/u.test(word) && /\/.*\p{L}|\p{L}.*\//u.test(word)
  );
}

/** Forward slashes, without `.` and what `..` takes back; nothing for what names no place. */
function normalPlace(path: string): string | undefined {
  if (Buffer.byteLength(path) > LIMITS.nameBytes || /[\n\0]|:\/\//u.test(path)) return undefined;
  const slashed = path.trim().replaceAll('\\', '/');
  const kept: string[] = [];
  for (const name of slashed.split('/')) {
    if (name === '' || name === '.') continue;
    if (name === '..' && kept.length > 0 && kept.at(-1) !== '..') kept.pop();
    else kept.push(name);
  }
  const place = `${slashed.startsWith('/') ? '/' : ''}${kept.join('/')}`;
  return kept.length === 0 ? undefined : place;
}
