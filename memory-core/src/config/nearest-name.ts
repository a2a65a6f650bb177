// What somebody may have meant who wrote a name that there is not.

/** The candidate with the fewest edits (Levenshtein distance); capitals are as good as small letters. */
export function nearestName(name: string, candidates: readonly string[]): string | undefined {
  return byDistance(name, candidates)[0]?.candidate;
}

/** The one that is surely meant: it begins so, or is as good as the same. */
export function meantName(name: string, candidates: readonly string[]): string | undefined {
  const start = name.toLowerCase();
  const [only, ...others] =
    start.length < LEAST_START ? [] : candidates.filter((each) => each.toLowerCase().startsWith(start));
  if (only !== undefined && others.length === 0) return only;
  return closeName(name, candidates, Math.max(1, Math.floor(name.length / EDITS_PER)));
}

/** Characters that say which name was begun. */
const LEAST_START = 3;
/** A slip for so many characters is none of another word. */
const EDITS_PER = 4;

/** As `nearestName`, but none that is further than `maxEdits` from it. */
export function closeName(name: string, candidates: readonly string[], maxEdits: number): string | undefined {
  const [nearest] = byDistance(name, candidates);
  return nearest !== undefined && nearest.distance <= maxEdits ? nearest.candidate : undefined;
}

function byDistance(
  name: string,
  candidates: readonly string[],
): readonly { readonly candidate: string; readonly distance: number }[] {
  return candidates
    .map((candidate) => ({ candidate, distance: editDistance(name.toLowerCase(), candidate.toLowerCase()) }))
    .sort((a, b) => a.distance - b.distance);
}

function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const replaced = (previous[column - 1] ?? 0) + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, (previous[column] ?? 0) + 1, (current[column - 1] ?? 0) + 1));
    }
    previous = current;
  }
  return previous[b.length] ?? 0;
}
