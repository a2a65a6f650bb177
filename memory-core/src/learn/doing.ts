// What a step did: the command it ran, and whether it could change anything. Pure.
import type { Step } from '../episode.ts';
import type { Json, JsonObject } from '../json.ts';
import { commandsIn } from './checks/command-line.ts';

type Done = Pick<Step, 'tool' | 'action' | 'parameters'>;

/** The line of shell that a step ran; `undefined` where its tool is no shell and was given none. */
export function lineOf({ tool, action, parameters }: Done): string | undefined {
  const given = lineGiven(parameters);
  if (given !== undefined) return given;
  if (SHELLS.test(tool)) return action;
  // A program as a tool: `npm` with `test`, or with `npm test`.
  if (!PROGRAM_TOOLS.test(tool)) return undefined;
  return action.startsWith(`${tool} `) ? action : `${tool} ${action}`;
}

/** The line of shell that stands in the parameters of a step. */
export function lineGiven(parameters: JsonObject): string | undefined {
  for (const name of COMMAND_PARAMETERS) {
    const line = commandText(parameters[name]);
    if (line !== undefined) return line;
  }
  return undefined;
}

/** Whether the tool runs whatever line it is given. */
export function isShell({ tool }: Pick<Step, 'tool'>): boolean {
  return SHELLS.test(tool);
}

/** Whether the step only looks, or thinks. `line`: what it ran, as `lineOf` tells it. Of a line every command must look. */
export function isLooking({ tool }: Pick<Step, 'tool'>, line: string | undefined): boolean {
  if (line === undefined) return LOOKING_TOOLS.test(tool);
  // What is not read may be anything.
  if (line.length > LINE_CHARACTERS || isWriting(line)) return false;
  const literal = line.replace(LITERAL, '_');
  if (SUBSTITUTED_IN_QUOTES.test(literal) || BACKGROUND.test(literal.replace(QUOTED, '_'))) return false;
  const commands = commandsIn(literal.replace(SUBSTITUTED, ';'));
  return commands.length > 0 && commands.length < MAX_COMMANDS && commands.every(({ words }) => looks(words));
}

/** Whether what a line puts out goes into a file. */
export function isWriting(line: string): boolean {
  return WRITING.test(line.slice(0, LINE_CHARACTERS).replace(QUOTED, '_'));
}

/** Whether a command changes nothing. Its words come from `commandsIn`. */
export function looks([program = '', ...words]: readonly string[]): boolean {
  if (words.length === 1 && /^--(?:version|help)$/u.test(words[0] ?? '')) return true;
  const [verb = '', ...rest] = words;
  switch (program) {
    case 'git':
      return LOOKING_VERBS.has(verb) || (verb === 'stash' && /^(?:list|show)$/u.test(rest[0] ?? ''));
    case 'find':
    case 'fd':
      return !words.some((word) => CHANGING_FINDS.test(word));
    case 'sed':
      return !words.some((word) => /^-[a-zA-Z]*i|^--in-place/u.test(word));
    case 'sort':
      return !words.some((word) => /^-\w*o|^--output/u.test(word));
    case 'xargs':
      return looks(words.slice(words.findIndex((word) => /^[a-z]/u.test(word))));
    default:
      return LOOKING.has(program);
  }
}

/** The files that a step names as what it works on. */
export function filesOf({ parameters }: Done): readonly string[] {
  return FILE_PARAMETERS.map((name) => parameters[name]).filter((value) => typeof value === 'string');
}

const COMMAND_PARAMETERS = ['command', 'cmd', 'script', 'bash'] as const;
const FILE_PARAMETERS = ['file_path', 'filePath', 'path', 'file', 'filename'] as const;
const SHELLS =
  /^(?:.*[_\W])?(?:bash|z?sh|shell|terminal|powershell|cmd|exec|execute|console|(?:run|execute)[_-]?(?:command|shell|bash|terminal)(?:[_-]?cmd)?|run_in_terminal)$/iu;
const PROGRAM_TOOLS = /^(?:git|npm|pnpm|yarn|bun|deno|node|python3?|cargo|go|make|just|mvn|gradle|dotnet)$/iu;
/** Tools that change nothing. */
const LOOKING_TOOLS =
  /^(?:think|calculate|get|read|view|grep|rg|glob|ls|list|search|find|cat|head|tail|wc|pwd|which)(?![\p{L}\p{N}])/iu;
/** Programs that change nothing, and words of shell that do nothing themselves. */
const LOOKING: ReadonlySet<string> = new Set(
  (
    'think calculate get read view glob list search grep egrep fgrep zgrep rg ag ls tree cat bat head tail less more nl wc ' +
    'sort uniq cut tr paste column awk jq diff cmp comm pwd which type file stat du df ps date whoami uname id hostname ' +
    'printenv basename dirname realpath readlink od xxd hexdump strings md5sum sha256sum ' +
    'cd pushd popd echo printf true false test [ [[ sleep wait exit set for while until case done fi esac else'
  ).split(' '),
);
const LOOKING_VERBS: ReadonlySet<string> = new Set(
  'status log diff show ls-files ls-tree ls-remote blame grep rev-parse describe shortlog cat-file reflog merge-base'.split(
    ' ',
  ),
);
/** What makes of a search a change. */
const CHANGING_FINDS = /^-(?:delete|exec|execdir|ok|okdir|fprint0?|fprintf|fls|x|X)$|^--exec/u;

/** What a command puts out goes into a file. */
const WRITING = />\s*(?![&>\s]|\/dev\/)|\btee\s/u;
const QUOTED = /'[^']*'|"(?:\\.|[^"\\])*"/gu;
/** Taken as it stands, and what else a shell runs before the line or beside it. */
const LITERAL = /'[^']*'/gu;
const SUBSTITUTED = /\$\(|[<>]\(|`/gu;
const SUBSTITUTED_IN_QUOTES = /"[^"]*(?:\$\(|`)/u;
const BACKGROUND = /(?<![&>\d<|])&(?![&>])/u;
/** As many as `commandsIn` reads. */
const LINE_CHARACTERS = 4_000;
const MAX_COMMANDS = 32;

/** Some tools take a line apart: `["bash", "-lc", "npm test"]`. */
function commandText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const words = value.filter((word) => typeof word === 'string');
  if (words.length === 0) return undefined;
  return /^-\w*c$/u.test(words.at(-2) ?? '') ? words.at(-1) : words.join(' ');
}
