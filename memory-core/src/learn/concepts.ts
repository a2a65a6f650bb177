// The words that tell what an episode was about: errors by their names, files, identifiers, then plain words. Pure.
import { oneLine } from '../clip.ts';
import { isFile } from '../places.ts';
import { isStopWord, stem } from '../retrieve/tokenize.ts';
import type { Attempt } from './attempt.ts';
import { words } from './words.ts';

const MAX_CONCEPTS = 10;
/** Read of one text, of each of its kind. */
const READ = { description: 2_000, outcome: 500, step: 200, steps: 200, errors: 10 } as const;
/** Longest thing that is a name, and not data. */
const MAX_CHARACTERS = 60;

/** How telling each kind of word is: a name made up by people comes seldom by chance, a plain word often. */
const WEIGHT = { error: 8, file: 6, name: 6, word: 1 } as const;
/** A word of the task counts as so many of what was done for it. */
const OF_TASK = 3;

/** The most telling first. Each once, whatever its case. */
export function concepts(attempt: Attempt): readonly string[] {
  const found = new Map<string, Found>();
  const task = oneLine(attempt.description, READ.description);
  noteNames(found, task, OF_TASK);
  for (const word of words(task)) if (isTelling(word)) note(found, { text: word, kind: 'word', times: 1 });
  // Elsewhere plain words tell of the work, which is much the same for every task.
  for (const text of outcomeTexts(attempt)) noteNames(found, oneLine(text, READ.outcome), 1);
  for (const { action } of attempt.steps.slice(-READ.steps)) noteNames(found, oneLine(action, READ.step), 1);
  for (const text of errors(attempt)) noteNames(found, text, 1);
  for (const place of attempt.touched) {
    const name = oneLine(place.split('/').at(-1) ?? place, MAX_CHARACTERS);
    note(found, { text: name, kind: name === '' ? undefined : 'file', times: 1 });
  }
  // What tools are called is told elsewhere, and by every episode that uses them.
  for (const { tool } of attempt.steps) found.delete(tool.toLowerCase());
  return best([...found.values()]);
}

function noteNames(found: Map<string, Found>, text: string, times: number): void {
  for (const piece of pieces(text)) note(found, { text: piece, kind: kindOf(piece), times });
}

interface Found {
  readonly text: string;
  readonly kind: keyof typeof WEIGHT | undefined;
  readonly times: number;
}

function note(found: Map<string, Found>, { text, kind, times }: Found): void {
  if (kind === undefined) return;
  const key = text.toLowerCase();
  const known = found.get(key);
  // What was a name once is one everywhere.
  const strongest = known?.kind !== undefined && WEIGHT[known.kind] >= WEIGHT[kind] ? known : { text, kind };
  found.set(key, { ...strongest, times: (known?.times ?? 0) + times });
}

/**
 * Weight · (1 + ln times): what comes often is telling, not as often more so (Salton & Buckley 1988). Of plain words the
 * longer are the rarer (Zipf's law of abbreviation), and what is rare tells.
 */
function best(found: readonly Found[]): readonly string[] {
  const score = ({ text, kind, times }: Found): number =>
    kind === undefined ? 0 : WEIGHT[kind] * (1 + Math.log(times)) * (kind === 'word' ? Math.log([...text].length) : 1);
  const chosen: string[] = [];
  // Equal ones keep the order in which they came: that of the task comes first.
  for (const { text, kind } of found.toSorted((a, b) => score(b) - score(a))) {
    // A word of a name that is told already adds nothing.
    if (kind === 'word' && chosen.some((other) => other.toLowerCase().includes(text.toLowerCase()))) continue;
    chosen.push(text);
    if (chosen.length === MAX_CONCEPTS) break;
  }
  return chosen;
}

/** What stands between spaces, brackets, quotes and commas; not at the ends, where a sentence puts its own marks. */
function pieces(text: string): readonly string[] {
  return text
    .split(/[\s"'`()[\]{}<>,;=|]+/u)
    .map((piece) => piece.replace(/^[^\p{L}\p{N}_$@./]+|[^\p{L}\p{N}_$]+$/gu, ''))
    .filter((piece) => piece.length > 2 && piece.length <= MAX_CHARACTERS);
}

const ERROR_NAME =
  /^(?:[A-Z]\w*(?:Error|Exception|Warning|Panic)|[A-Z]{1,5}-?\d{3,5}|E[A-Z]{4,}|[A-Z]{2,}(?:_[A-Z0-9]+)+)$/u;
/** Written as only identifiers are: with a capital inside, an underscore, a dot between letters, double colons. */
const IDENTIFIER = /^[\p{L}_$@][\p{L}\p{N}_$]*(?:(?<=\p{Ll})\p{Lu}|_|\.(?=\p{L})|::)[\p{L}\p{N}_$.:]*$/u;

function kindOf(piece: string): Found['kind'] {
  if (isFile(piece)) return 'file';
  if (ERROR_NAME.test(piece)) return 'error';
  return IDENTIFIER.test(piece) && !piece.includes('..') ? 'name' : undefined;
}

function isTelling(word: string): boolean {
  const [plain = ''] = word.toLowerCase().split(/['’]/u);
  return (
    word.length > 1 &&
    word.length <= MAX_CHARACTERS &&
    /\p{L}/u.test(word) &&
    !isStopWord(plain) &&
    !isStopWord(stem(plain))
  );
}

function outcomeTexts({ outcome }: Attempt): readonly string[] {
  return Object.values(outcome).flat().slice(1, 6);
}

/** Errors of the episode as they were told, each once. */
function errors({ steps }: Attempt): readonly string[] {
  return [...new Set(steps.flatMap(({ error }) => (error === undefined ? [] : [error.excerpt])).slice(-READ.errors))];
}
