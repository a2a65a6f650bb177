// The commands in a line of shell, and which of them the exit code of the line tells about. Pure.

/**
 * What the exit code of the line says of a command. `own`: that it went well or that it did not. `chained`: only that it
 * went well, as what failed may be a later one. `echoed`: nothing, but the line prints it. `hidden`: nothing.
 */
export type ExitCode = 'own' | 'chained' | 'echoed' | 'hidden';

export interface Command {
  /** The program first, without its folder, and without what only starts it. */
  readonly words: readonly string[];
  readonly exit: ExitCode;
}

/** Read of one line, and of its commands. */
const LINE_CHARACTERS = 4_000;
const MAX_COMMANDS = 32;

/** The commands that run in the foreground, in order. What is quoted is one word; here-documents are left out. */
export function commandsIn(line: string): readonly Command[] {
  const bare = unwrapped(line.slice(0, LINE_CHARACTERS));
  const pieces = bare.split(SEPARATOR).slice(0, 2 * MAX_COMMANDS);
  const texts = pieces.filter((_, index) => index % 2 === 0);
  const separators = pieces.filter((_, index) => index % 2 === 1);
  const isPipefail = /\bset\s+-\S*o\s+pipefail\b/u.test(bare);
  const isStrict = /\bset\s+-[a-z]*e/u.test(bare);
  const commands: Command[] = [];
  texts.forEach((text, index) => {
    const words = programWords(text);
    if (words.length === 0 || separators[index] === '&') return;
    const after = separators.slice(index).filter((_, offset) => isCommand(texts[index + offset + 1]));
    const exit = exitCode({ after, isFirstOfOr: separators[index - 1] !== '||', isPipefail, isStrict });
    commands.push({ words, exit: exit === 'hidden' && isEchoed(texts, separators, index) ? 'echoed' : exit });
  });
  return commands;
}

const SEPARATOR = /(\|\||&&|\|&?|;|\n|&(?=\s|$))/u;

/** Whether the exit code of a command is printed behind the pipeline that it stands in. */
function isEchoed(texts: readonly string[], separators: readonly string[], index: number): boolean {
  let end = index;
  while (separators[end] === '|' || separators[end] === '|&') end += 1;
  return (end === index ? ECHOED : ECHOED_OF_PIPE).test(texts[end + 1] ?? '');
}

const ECHOED = /^\s*(?:echo|printf)\b.*(?:\$\{?\?|PIPESTATUS)/u;
const ECHOED_OF_PIPE = /^\s*(?:echo|printf)\b.*PIPESTATUS/u;

function isCommand(text: string | undefined): boolean {
  return text !== undefined && text.trim() !== '';
}

function exitCode(asked: {
  readonly after: readonly string[];
  readonly isFirstOfOr: boolean;
  readonly isPipefail: boolean;
  readonly isStrict: boolean;
}): ExitCode {
  const { after, isFirstOfOr, isPipefail, isStrict } = asked;
  if (!isFirstOfOr || after.includes('||')) return 'hidden';
  if (!isPipefail && after[0]?.startsWith('|') === true) return 'hidden';
  const later = after.filter((separator) => !separator.startsWith('|'));
  if (later.length === 0) return 'own';
  return later.every((separator) => separator === '&&' || isStrict) ? 'chained' : 'hidden';
}

/** A line without redirections and here-documents, its quoted parts free of anything that separates. */
function unwrapped(line: string): string {
  const inner = /^\s*(?:\S*\/)?(?:ba|z)?sh\s+-[a-z]*c\s+(?:"((?:\\.|[^"\\])*)"|'([^']*)')\s*$/u.exec(line);
  return (inner?.[1] ?? inner?.[2] ?? line)
    .replace(/<<-?\s*(['"]?)(\w+)\1[^\n]*\n(?:(?!\s*\2\s*$)[^\n]*\n)*/gmu, '\n')
    .replace(/\\\n/gu, ' ')
    .replace(
      /'[^']*'|"(?:\\.|[^"\\])*"/gu,
      (quoted) =>
        // What is asked for in quotes may be an exit code.
        /PIPESTATUS|\$\?/u.exec(quoted)?.[0] ?? quoted.slice(1, -1).replace(/[\s;&|<>]+|^$/gu, '_'),
    )
    .replace(/\d?>&\d|&>>?\s*\S+|\d?>>?\s*\S+|<\s*\S+/gu, ' ');
}

/** The words of a command from its program on. */
function programWords(text: string): readonly string[] {
  const bare = text.trim().replace(/^[({]\s*|\s*[)}]$/gu, '');
  const [program = '', ...others] = bare.replace(WRAPPERS, '').split(/\s+/u);
  const name = program.replace(/^.*[/\\](?=[^/\\])/u, '');
  if (program === '') return [];
  return isOwnProgram(program) ? [program, ...others] : [name, ...verbFirst(name, others)];
}

/** What says where stands in front of the verb: behind it for those that run a part of the work, left out for git. */
function verbFirst(name: string, words: readonly string[]): readonly string[] {
  const valued = PLACE_OPTIONS.get(name);
  if (valued === undefined) return words;
  let at = 0;
  while (words[at]?.startsWith('-') === true) at += valued.test(words[at] ?? '') ? 2 : 1;
  if (at >= words.length) return words;
  return name === 'git' ? words.slice(at) : [...words.slice(at), ...words.slice(0, at)];
}

const WORKSPACE = /^(?:--prefix|-w|--workspace|-F|--filter|-C|--dir|--cwd)$/u;
/** Options in front of a verb that take the word behind them. */
const PLACE_OPTIONS: ReadonlyMap<string, RegExp> = new Map([
  ['git', /^(?:-C|-c|--git-dir|--work-tree|--namespace)$/u],
  ['npm', WORKSPACE],
  ['pnpm', WORKSPACE],
  ['yarn', WORKSPACE],
  ['bun', WORKSPACE],
  ['make', /^(?:-C|-f|--directory|--file)$/u],
]);

/** `./run.sh` is a program of the work; what lies in a folder for programs is known by its name. */
function isOwnProgram(program: string): boolean {
  return /^\.{0,2}\//u.test(program) && !/[/\\](?:bin|Scripts|node_modules)[/\\]|(?:mvnw|gradlew)$/u.test(program);
}

/** What may stand in front of a program. */
const WRAPPERS =
  /^(?:(?:\w+=\S*|sudo|time|nice|command|exec|env|npx(?:\s+(?:-y|--yes|--no-install|--no|--))*|bunx|timeout(?:\s+-\S+)*\s+\S+|(?:pnpm|yarn|npm)\s+(?:exec|dlx)(?:\s+--)?|(?:uv|poetry|pipenv|hatch|pdm)\s+run|bundle\s+exec|(?:\S*\/)?python[\d.]*\s+(?:-[BuIs]+\s+)*-m|docker(?:\s+compose|-compose)?\s+exec(?:\s+-\S+)*\s+\S+|then|do|if)\s+)+/u;
