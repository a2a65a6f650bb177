// What a step did: the command it ran, and whether it could change anything. Pure.
import type { Step } from '../episode.ts';
import type { Json } from '../json.ts';

type Done = Pick<Step, 'tool' | 'action' | 'parameters'>;

/** The line of shell that a step ran; `undefined` where its tool is no shell and was given none. */
export function lineOf({ tool, action, parameters }: Done): string | undefined {
  for (const name of COMMAND_PARAMETERS) {
    const line = commandText(parameters[name]);
    if (line !== undefined) return line;
  }
  if (SHELLS.test(tool)) return action;
  // A program as a tool: `npm` with `test`, or with `npm test`.
  if (!PROGRAM_TOOLS.test(tool)) return undefined;
  return action.startsWith(`${tool} `) ? action : `${tool} ${action}`;
}

/** Whether the tool runs whatever line it is given. */
export function isShell({ tool }: Pick<Step, 'tool'>): boolean {
  return SHELLS.test(tool);
}

/** Whether the step only looks, or thinks. `line`: what it ran, as `lineOf` tells it. */
export function isLooking({ tool }: Pick<Step, 'tool'>, line: string | undefined): boolean {
  if (line === undefined) return LOOKING.test(tool);
  return LOOKING.test(line) && !WRITING.test(line.slice(0, LINE_CHARACTERS).replace(QUOTED, '_'));
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
/** Tools and commands that change nothing. */
const LOOKING =
  /^(?:cd\s+[^\s;&|]+\s*&&\s*)?(?:think|calculate|get|read|view|grep|rg|glob|ls|list|search|find|cat|head|tail|wc|pwd|which|git (?:status|log|diff|show|ls-files|blame))(?![\p{L}\p{N}])/iu;

/** What a command puts out goes into a file. */
const WRITING = />\s*(?![&>\s]|\/dev\/)|\btee\s/u;
const QUOTED = /'[^']*'|"(?:\\.|[^"\\])*"/gu;
const LINE_CHARACTERS = 4_000;

/** Some tools take a line apart: `["bash", "-lc", "npm test"]`. */
function commandText(value: Json | undefined): string | undefined {
  if (typeof value === 'string') return value;
  if (!Array.isArray(value)) return undefined;
  const words = value.filter((word) => typeof word === 'string');
  if (words.length === 0) return undefined;
  return /^-\w*c$/u.test(words.at(-2) ?? '') ? words.at(-1) : words.join(' ');
}
