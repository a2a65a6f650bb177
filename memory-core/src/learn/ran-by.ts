// What a step ran, short enough to be known again: the program, and the word that says what it did. Pure.
import type { Step } from '../episode.ts';
import { programOf as checkOf } from './checks/program.ts';
import { isShell, lineOf } from './doing.ts';

/**
 * The last program of the command line that a step ran, with its subcommand: `npm run build`, `git commit`, `grep`. Empty
 * where it ran none. What a shell was given as its action counts where it reads as a command line and not as prose.
 */
export function ranBy(step: Pick<Step, 'tool' | 'action' | 'parameters'>): string {
  const { command } = step.parameters;
  if (typeof command === 'string') return lastProgram(command);
  const line = isShell(step) ? (lineOf(step) ?? '') : '';
  return line === step.action && !isCommandLine(line) ? '' : lastProgram(line);
}

/** Read of one command. */
const COMMAND_CHARACTERS = 1_000;
/** What starts a program without being it. */
const STARTERS = setOf('npx bunx exec sudo time timeout env nohup uv');
/** What only says where, or what came out, when other commands stand beside it. */
const ASIDES = setOf('cd echo true exit sleep export set source');
/** A text between quotes says what a command is given, whatever marks stand in it. */
const QUOTED = /"[^"]*"|'[^']*'/gu;
/** Programs whose next word says what is done, wherever it stands. */
const WITH_SUBCOMMANDS = setOf(
  `apt apt-get brew bun bundle cargo composer conda deno docker dotnet gh git go gradle helm just kubectl make mvn npm pip
  pip3 pnpm poetry rails rake systemctl terraform yarn`,
);
/** Programs that run what a file holds. */
const INTERPRETERS = setOf('bash sh zsh node tsx ts-node ruby perl php python java Rscript');
/** Programs whose plain words are files, patterns, names or texts, and words of the shell itself. */
const WITH_ARGUMENTS = setOf(
  `. [ [[ : ack ag alias ar at awk base64 basename bat bc bzip2 case cat cd chgrp chmod chown clear cmp code column comm cp
  crontab curl cut date dd declare df diff dig dirname do done du echo ed egrep elif else emacs eval exit expand export expr
  false fd fgrep fi file find fmt fold for free function gawk getent grep groupadd groups gunzip gzip head hexdump history
  host hostname htop id if ifconfig install jobs join jq kill killall ldd less let ln local locate ls lsof man md5sum mkdir
  mkfifo mktemp more mount mv mysql nano nc netstat nl nm nslookup objdump od open paste patch pgrep ping pkill popd
  printenv printf ps psql pushd pwd read readlink realpath redis-cli return rev rg rm rmdir rsync scp sed select seq set
  sha1sum sha256sum shuf sleep sort source split sqlite3 ss ssh stat strings su sudo tac tail tar tee telnet test then top
  touch tr trap traceroute tree true type umount uname uncompress uniq unset until unzip uptime useradd userdel usermod
  vi view vim wait watch wc wget whatis whereis which while who whoami xargs xxd xz yes yq zcat zip {`,
);

function setOf(words: string): ReadonlySet<string> {
  return new Set(words.split(/\s+/u));
}

/** Words that stand between others in prose; and what a step says of itself, that it runs something. */
const PROSE = /(?:^|\s)(?:the|an?|to|of|for|with|and|or|that|this|it|its|my|if|whether)(?=\s|$)|\p{L}[.,:?!]$/iu;
const TELLING = /^(?:run|running|execute|executing|call|invoke|start|try|check|use)(?=\s|$)/u;
/** A program as it is called, or where it lies, or a setting before it. */
const BEGINNING = /^(?:\w+=\S*\s+)*(?:[a-z\d.~/][\w./~+-]*)(?=\s|$|[;|&<>])/u;
/** What only a command line holds: an option, a path, a setting, a pipe. */
const MARKED = /(?:^|\s)(?:-{1,2}[a-z\d]|\S*\/\S|\w+=\S)|[|;<>]|&&|^\S+\.\w+/iu;

/** A word alone is one where it is a program that everybody knows: others may be what the step calls itself. */
function isCommandLine(text: string): boolean {
  const line = text.slice(0, COMMAND_CHARACTERS).trim().replace(QUOTED, '""');
  if (!BEGINNING.test(line) || TELLING.test(line) || PROSE.test(line)) return false;
  const [program = ''] = programWords(line.split(/[;|&]/u)[0] ?? '');
  return /\s/u.test(line) || MARKED.test(line) || isKnown(nameOf(program));
}

function isKnown(program: string): boolean {
  return (
    WITH_SUBCOMMANDS.has(program) ||
    WITH_ARGUMENTS.has(program) ||
    INTERPRETERS.has(program) ||
    checkOf([program]) !== undefined
  );
}

function lastProgram(line: string): string {
  const [beforeText = ''] = line.slice(0, COMMAND_CHARACTERS).split('<<');
  const commands = beforeText
    .replace(QUOTED, '""')
    .split(/&&|\|\||[;\n]/u)
    .map((command) => programOf(command.split('|')[0] ?? ''))
    .filter((program) => program !== '');
  return commands.findLast((program) => !ASIDES.has(program)) ?? commands.at(-1) ?? '';
}

function programOf(command: string): string {
  const [first = '', ...rest] = programWords(command);
  const name = nameOf(first);
  const program = /^python\d?(?:\.\d+)?$/u.test(name) ? 'python' : name;
  if (INTERPRETERS.has(program)) return interpreted(program, rest);
  const told = toldBy(program, rest);
  return [program, ...told].join(' ');
}

/** From the program on: without settings and redirections, and without what only starts it. */
function programWords(command: string): readonly string[] {
  const words = command
    .trim()
    .split(/\s+/u)
    .filter((word) => !/^\w+=|^\d*[<>]/u.test(word));
  return words.slice(
    Math.max(
      0,
      words.findIndex((word) => !isStarter(word)),
    ),
  );
}

/** A starter, or what belongs to one: its options and its limit of time. */
function isStarter(word: string): boolean {
  return STARTERS.has(word) || /^-|^\d+[smh]?$/u.test(word);
}

function nameOf(word: string): string {
  return (word.split('/').at(-1) ?? '').replace(/^[("'`{]+|["'`)]+$/gu, '');
}

/** What an interpreter runs is the program: its script or module. Of a text that it is given nobody knows what it does. */
function interpreted(program: string, words: readonly string[]): string {
  if (program === 'python' && words[0] === '-m' && words[1] !== undefined) return words[1];
  if (program === 'node' && words.includes('--test')) return 'node --test';
  const isText = words.some((word) => /^-[a-z]*[ce]$|^-$|^--eval$/u.test(word));
  const script = isText ? undefined : (words.find((word) => SCRIPT.test(word)) ?? words[0]);
  return script === undefined || !/^[\w./~+-]*\w$/u.test(script) || script.startsWith('-')
    ? program
    : `${program} ${nameOf(script)}`;
}

const SCRIPT = /^[\w./~+-]*\w\.[a-z]\w{0,4}$/iu;

/** Options behind which stands where a program works, and not what it does. */
const PLACED = setOf('-C -w --cwd --dir --prefix --workspace');

/** The words that say what a program did. Of one that nobody knows the first may be a subcommand. */
function toldBy(program: string, words: readonly string[]): readonly string[] {
  if (WITH_SUBCOMMANDS.has(program)) {
    const told = words.filter((word, index) => !PLACED.has(words[index - 1] ?? '') && /^[a-z][\w:-]*$/iu.test(word));
    return told.slice(0, told[0] === 'run' ? 2 : 1);
  }
  const [next = ''] = words;
  const isTold = !WITH_ARGUMENTS.has(program) && !isCheckOfFiles(program, words) && /^[a-z][a-z:_-]*$/u.test(next);
  return isTold ? [next] : [];
}

/** `vitest login` checks what lies there; `mix test` says by its first word that it checks. */
function isCheckOfFiles(program: string, words: readonly string[]): boolean {
  const check = checkOf([program, ...words]);
  return check !== undefined && check.kind !== 'exit' && !check.tool.includes(' ');
}
