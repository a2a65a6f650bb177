// Where an episode threw its own work away. Pure.
import { filesOf } from '../doing.ts';
import type { Reading, ToldStep } from '../read-step.ts';
import { programOf } from './program.ts';

type Told = ToldStep & Reading;

/**
 * Numbers of the steps that undid earlier steps of the episode, each with the numbers of those. To undo what others did
 * is a task like any other.
 */
export function revertedSteps(steps: readonly Told[]): ReadonlyMap<number, readonly number[]> {
  const found = new Map<number, readonly number[]>();
  let uncommitted: Told[] = [];
  let committed: Told[] = [];
  for (const step of steps) {
    if (step.result.type !== 'success') continue;
    const undone = step.commands.flatMap((words) => undoneBy(words, { uncommitted, committed }));
    if (undone.length > 0) {
      found.set(step.number, [...new Set(undone.map(({ number }) => number))]);
      uncommitted = uncommitted.filter((change) => !undone.includes(change));
      committed = committed.filter((change) => !undone.includes(change));
    } else if (step.asked.some(({ program }) => program.kind === 'commit')) {
      committed = [...committed, ...uncommitted];
      uncommitted = [];
    } else if (isChange(step)) {
      uncommitted.push(step);
    }
  }
  return found;
}

/** Whether a step that succeeded may have changed something: it neither only looks nor only checks. */
export function isChange({ tool, commands, isLooking }: Told): boolean {
  if (isLooking || /^git(?:_|$)/u.test(tool)) return false;
  return (
    commands.length === 0 ||
    commands.some((words) => words[0] !== 'git' && words[0] !== 'cd' && programOf(words) === undefined)
  );
}

function undoneBy(
  [program, ...words]: readonly string[],
  work: { readonly uncommitted: readonly Told[]; readonly committed: readonly Told[] },
): readonly Told[] {
  if (program !== 'git') return [];
  const [verb, ...rest] = words[0] === '-C' ? words.slice(2) : words;
  const names = rest.filter((word) => !word.startsWith('-'));
  if (verb === 'revert') return names.length > 0 ? work.committed : [];
  if (verb === 'reset' && rest.includes('--hard')) {
    const isBack = names.some((name) => /[~^]/u.test(name));
    return isBack ? [...work.committed, ...work.uncommitted] : work.uncommitted;
  }
  const isRestore = verb === 'restore' && !rest.includes('--staged');
  const isCheckout = verb === 'checkout' && (rest.includes('--') || names.includes('.'));
  if (!isRestore && !isCheckout) return [];
  const paths = names.filter((name) => name !== 'HEAD').map((name) => name.replace(/^\.\//u, ''));
  if (paths.some((path) => path === '.' || path === '' || path.endsWith('/'))) return work.uncommitted;
  return work.uncommitted.filter((change) =>
    filesOf(change).some((file) => paths.some((path) => file === path || file.endsWith(`/${path}`))),
  );
}
