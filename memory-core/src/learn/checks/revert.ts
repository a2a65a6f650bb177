// Where an episode threw its own work away. Pure.
import { filesOf, isWriting, lineOf, looks } from '../doing.ts';
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
  const stashes: number[] = [];
  const byNumber = new Map(steps.map((step) => [step.number, step]));
  for (const step of steps) {
    if (step.result.type !== 'success') continue;
    const undone = step.commands.flatMap((words) => undoneBy(words, { uncommitted, committed }));
    const stashed = step.commands.some(isUnstash) ? stashes.pop() : undefined;
    if (stashed !== undefined) {
      // Put aside and taken out again: nothing was thrown away.
      uncommitted.push(...(found.get(stashed) ?? []).flatMap((number) => byNumber.get(number) ?? []));
      found.delete(stashed);
    } else if (undone.length > 0) {
      if (step.commands.some(isStash)) stashes.push(step.number);
      const gone = new Set(undone.map(({ number }) => number));
      found.set(step.number, [...gone]);
      uncommitted = uncommitted.filter(({ number }) => !gone.has(number));
      committed = committed.filter(({ number }) => !gone.has(number));
    } else if (step.asked.some(({ program }) => program.kind === 'commit')) {
      committed.push(...uncommitted);
      uncommitted = [];
    } else if (isChange(step)) {
      uncommitted.push(step);
    }
  }
  return found;
}

/** Whether a step that succeeded may have changed something: it neither only looks nor only checks. */
export function isChange(step: Told): boolean {
  const { tool, commands, isLooking } = step;
  if (isLooking || (commands.length === 0 && /^git(?:_|$)/u.test(tool))) return false;
  return commands.length === 0 || commands.some(changes) || (isWriting(lineOf(step) ?? '') && commands.some(looks));
}

/** Whether it is known that a step changed files: of a tool that is no shell, that it names some, or is called so. */
export function isEdit(step: Told): boolean {
  return isChange(step) && (step.commands.length > 0 || filesOf(step).length > 0 || EDITING.test(step.tool));
}

const EDITING = /edit|write|create|replace|patch|insert/iu;

function changes(words: readonly string[]): boolean {
  if (words[0] === 'git') return CHANGING_VERBS.has(words[1] ?? '');
  return !looks(words) && programOf(words) === undefined;
}

/** What brings other work in. What undoes and what commits is told apart. */
const CHANGING_VERBS: ReadonlySet<string> = new Set(['apply', 'am', 'mv', 'rm', 'cherry-pick', 'merge', 'pull']);

function isStash([program, verb, how = '']: readonly string[]): boolean {
  return program === 'git' && verb === 'stash' && (how === '' || how.startsWith('-') || /^(?:push|save)$/u.test(how));
}

function isUnstash([program, verb, how = '']: readonly string[]): boolean {
  return program === 'git' && verb === 'stash' && /^(?:pop|apply)$/u.test(how);
}

interface Work {
  readonly uncommitted: readonly Told[];
  readonly committed: readonly Told[];
}

function undoneBy(words: readonly string[], work: Work): readonly Told[] {
  const [program, verb, ...rest] = words;
  if (program !== 'git') return [];
  const options = rest.filter((word) => word.startsWith('-'));
  const names = rest.filter((word) => !word.startsWith('-'));
  const has = (option: RegExp): boolean => options.some((word) => option.test(word));
  switch (verb) {
    case 'revert':
      return names.length > 0 ? work.committed : [];
    case 'reset': {
      if (!rest.includes('--hard')) return [];
      const isBack = names.some((name) => /[~^]/u.test(name));
      return isBack ? [...work.committed, ...work.uncommitted] : work.uncommitted;
    }
    case 'restore':
      return has(/^--staged$/u) && !has(/^--worktree$/u) ? [] : inPlaces(names, work.uncommitted);
    case 'stash':
      return isStash(words) ? work.uncommitted : [];
    case 'switch':
      return has(/^(?:-f|--force|--discard-changes)$/u) ? work.uncommitted : [];
    case 'checkout':
      if (has(/^(?:-f|--force)$/u)) return work.uncommitted;
      return has(/^(?:-[bB]|--orphan|--track)$/u) ? [] : inPlaces(names, work.uncommitted);
    case 'clean':
      // It removes what is new, which an edit of what was there is not.
      if (!has(/^-[a-zA-Z]*f|^--force$/u) || has(/^-[a-zA-Z]*n|^--dry-run$/u)) return [];
      return inPlaces(
        names.length === 0 ? ['.'] : names,
        work.uncommitted.filter(({ tool, commands }) => commands.length === 0 && MAKING.test(tool)),
      );
    default:
      return [];
  }
}

const MAKING = /write|create|new/iu;

/** Changes of files that are named, or lie in a folder that is. A name that is none of these may be a branch. */
function inPlaces(names: readonly string[], changed: readonly Told[]): readonly Told[] {
  const paths = names.filter((name) => name !== 'HEAD').map((name) => name.replace(/^\.\//u, ''));
  if (paths.some((path) => path === '.' || path === '' || path.endsWith('/'))) return changed;
  return changed.filter((change) =>
    filesOf(change).some((file) => paths.some((path) => file === path || file.endsWith(`/${path}`))),
  );
}
