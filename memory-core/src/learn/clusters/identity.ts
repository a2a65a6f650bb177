// Which kind of task of before a newly found one is: that which it shares most episodes with. Pure.

/** Members that a kind and its heir must share of all that either has: with more than half there is but one heir. */
const MIN_SHARED = 0.3;

/**
 * Of each found group the known id that it inherits, where there is one. One to one, those that share most first:
 * Jaccard's index of the members that both could have, as episodes that are new or gone say nothing of identity.
 */
export function heirs(
  found: readonly (readonly string[])[],
  known: readonly { readonly id: string; readonly memberIds: readonly string[] }[],
): ReadonlyMap<number, string> {
  const kindOf = new Map(known.flatMap(({ id, memberIds }) => memberIds.map((member) => [member, id] as const)));
  const present = new Set(found.flat());
  const sizes = new Map(
    known.map(({ id, memberIds }) => [id, memberIds.filter((member) => present.has(member)).length]),
  );
  const claims = found.flatMap((members, index) => {
    const shared = new Map<string, number>();
    const old = members.flatMap((member) => kindOf.get(member) ?? []);
    for (const id of old) shared.set(id, (shared.get(id) ?? 0) + 1);
    return [...shared].map(([id, count]) => ({
      index,
      id,
      share: count / (old.length + (sizes.get(id) ?? 0) - count),
    }));
  });
  const inherited = new Map<number, string>();
  const taken = new Set<string>();
  for (const { index, id, share } of claims.toSorted(
    (a, b) => b.share - a.share || a.index - b.index || (a.id < b.id ? -1 : 1),
  )) {
    if (share < MIN_SHARED || inherited.has(index) || taken.has(id)) continue;
    inherited.set(index, id);
    taken.add(id);
  }
  return inherited;
}
