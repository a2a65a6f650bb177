// Whether one check looks at all that another one looked at. Pure.

/** What a check looks at. */
export interface Coverage {
  readonly tool: string;
  /** Files, folders, packages and single tests; none where it looks at everything. */
  readonly places: ReadonlySet<string>;
  /** Whatever else it was told: a pattern, a part of the work. Each leaves something out. */
  readonly words: ReadonlySet<string>;
}

export function coverageOf({
  tool,
  targets,
}: {
  readonly tool: string;
  readonly targets: readonly string[];
}): Coverage {
  const places = new Set<string>();
  const words = new Set<string>();
  for (const target of targets.slice(0, MAX_TARGETS)) {
    if (target.startsWith('-') || !PLACE.test(target)) words.add(target);
    else places.add(target.replace(/^(?:\.\/)+(?=.)/u, '').replace(/(?<=[^/])\/+$/u, ''));
  }
  // `go test .` is one package, `./...` is all of them; other tools look into folders.
  return places.has('...') || (places.has('.') && !isByPackage(tool))
    ? { tool, places: new Set(), words }
    : { tool, places, words };
}

/** It leaves nothing out that the other did not, and each place of the other is one of its own or lies in one. */
export function coversAll(check: Coverage, other: Coverage): boolean {
  const places = new Set(check.places);
  const held = [...other.places].map((place) => holders(check.tool, place));
  for (const word of check.words) {
    if (other.words.has(word)) continue;
    // `tests` is a folder if the other named what lies in it.
    if (!held.some((holding) => holding.includes(word))) return false;
    places.add(word);
  }
  if (places.size === 0) return true;
  return held.length > 0 && held.every((holding) => holding.some((place) => places.has(place)));
}

/** What a check may name to look at a place as well. */
function holders(tool: string, place: string): readonly string[] {
  if (!isByPackage(tool)) return [place, ...above(place)];
  const path = place.replace(/\/\.\.\.$/u, '');
  return [place, `${path}/...`, ...above(path).map((folder) => `${folder}/...`)];
}

/** `a/b.py::C::x`: `a/b.py::C`, `a/b.py`, `a`. */
function above(path: string): readonly string[] {
  const found: string[] = [];
  for (const { index } of path.matchAll(/::|\//gu)) {
    if (index > 0) found.push(path.slice(0, index));
    if (found.length === MAX_DEPTH) break;
  }
  return found;
}

function isByPackage(tool: string): boolean {
  return tool.startsWith('go ');
}

/** A path, a file with an ending, a test in a file. */
const PLACE = /[/\\]|^\.{1,3}$|::|\.\w{1,5}$/u;
/** Read of one command. */
const MAX_TARGETS = 256;
const MAX_DEPTH = 32;
