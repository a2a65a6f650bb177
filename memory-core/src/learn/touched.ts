// What an episode laid its hands on: files and directories, and the tools it used. Pure.
import type { Learning, Step } from '../episode.ts';
import type { Json, JsonObject } from '../json.ts';
import { cleanPlaces, isFile, placesInCommand } from '../places.ts';

/** Tools told of one episode. */
const MAX_TOOLS = 32;
/** How deep parameters are looked into. */
const MAX_DEPTH = 4;

/** Places in the parameters of the steps, and their tools: each once, in the order of first use. */
export function touched(steps: readonly Step[]): Required<Pick<Learning, 'touched' | 'tools'>> {
  return {
    touched: cleanPlaces(steps.flatMap(({ parameters }) => placesInObject(parameters, MAX_DEPTH))),
    tools: [...new Set(steps.map(({ tool }) => tool))].slice(0, MAX_TOOLS),
  };
}

const COMMAND = /^(?:command|cmd|script|bash|shell)$/iu;
const PLACE =
  /(?:^|_)(?:path|paths|file|files|filename|dir|directory|folder|cwd|workdir|notebook)$|(?:Path|File|Dir)$/u;

function placesInObject(parameters: JsonObject, depth: number): readonly string[] {
  return Object.entries(parameters).flatMap(([name, value]) => placesInValue(name, value, depth));
}

function placesInValue(name: string, value: Json, depth: number): readonly string[] {
  if (typeof value === 'string') return placesInText(name, value);
  if (depth === 0 || typeof value !== 'object' || value === null) return [];
  // `Array.isArray` does not narrow a read-only array.
  return Array.isArray(value)
    ? value.flatMap((item: Json) => placesInValue(name, item, depth - 1))
    : placesInObject(value as JsonObject, depth - 1);
}

/** A parameter's name says what it is, or else its whole value does. */
function placesInText(name: string, value: string): readonly string[] {
  if (COMMAND.test(name)) return placesInCommand(value);
  return PLACE.test(name) || (!/\s/u.test(value) && isFile(value)) ? [value] : [];
}
