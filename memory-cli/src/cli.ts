// The command tree: names, flags and their help; which command runs is loaded when it is called.
import { EXIT_CODES, isMemoryError, MemoryError } from '@episodica/memory-core';
import { SETTINGS } from '@episodica/memory-core/config';
import { Command, Help, Option } from 'commander';
import { type CommandLog, commandLog } from './command-log.ts';
import { INTERNAL_ERROR, PROGRAM_FAILED, SOME_FAILED, TERMINATED } from './exit-codes.ts';
import { backupGroup } from './groups/backup.ts';
import { completionCommand } from './groups/completion.ts';
import { configGroup } from './groups/config.ts';
import { doctorCommand } from './groups/doctor.ts';
import { episodeGroup } from './groups/episode.ts';
import { evalCommand } from './groups/eval.ts';
import { healthGroup } from './groups/health.ts';
import { helpCommand } from './groups/help.ts';
import { initCommand } from './groups/init.ts';
import { logsGroup } from './groups/logs.ts';
import { monitorGroup } from './groups/monitor.ts';
import { DRAWING, patternGroup } from './groups/pattern.ts';
import type { Run } from './groups/run.ts';
import { storageGroup } from './groups/storage.ts';
import type { CommandFigures } from './open.ts';
import { FORMATS, type Format, note, PICTURES, type Picture } from './output.ts';
import { tellError } from './told-error.ts';
import { VERSION } from './version.ts';

/**
 * Runs the program on the words it was called with; answers its exit code and never throws. Where nobody reads its output
 * any more it does not wait for what the command still does, and is done.
 */
export async function runCli(signal: AbortSignal, enough?: AbortSignal): Promise<number> {
  let exitCode = 0;
  let begun: Command | undefined;
  let log: CommandLog | undefined;
  const warnings = new Set<string>();
  const run: Run = async (command, task) => {
    begun = command;
    const { format: asked, ...globals } = command.optsWithGlobals<GlobalFlags>();
    const picture = PICTURES.find((each) => each === asked);
    if (picture !== undefined && command.name() !== DRAWING) throw notDrawn(picture);
    const format = formatOf(command);
    const begunLog = commandLog(nameOf(command));
    log = begunLog;
    const figures: CommandFigures = {};
    const startedMs = performance.now();
    const warn = (text: string): void => void warnings.add(text);
    exitCode = await ended(
      () =>
        Promise.race([task({ ...globals, format, picture, signal, log: begunLog, warn, figures }), onceEnough(enough)]),
      async (outcome) => figures.end?.({ command: nameOf(command), outcome, tookMs: performance.now() - startedMs }),
    );
  };
  const root = program(run, process.argv.slice(2));
  try {
    await root.parseAsync();
    for (const text of warnings) note('warning', text);
    log?.ended({ exitCode });
    return exitCode;
  } catch (error) {
    // What the command failed of has mostly been warned of before.
    const told = isMemoryError(error) ? error.message : undefined;
    for (const text of warnings) if (told === undefined || !text.includes(told)) note('warning', text);
    const failedWith = tellError(error, { format: formatOf(root), command: begun, request: log?.request });
    log?.ended({ exitCode: failedWith, error, isForeseen: failedWith !== INTERNAL_ERROR || isMemoryError(error) });
    return failedWith;
  }
}

/** Without the program's own. */
function nameOf(command: Command): string {
  const { parent } = command;
  return parent?.parent ? `${nameOf(parent)} ${command.name()}` : command.name();
}

interface GlobalFlags {
  readonly format: Format | Picture;
  readonly config?: string;
  readonly dataDir?: string;
}

/** 0 when the output has been read as far as anybody wants. */
function onceEnough(enough: AbortSignal | undefined): Promise<number> {
  return new Promise((resolve) => enough?.addEventListener('abort', () => resolve(0)));
}

/** The answer of `work`, or its failure, as it is; `tell` is told which it was. */
async function ended(work: () => Promise<number>, tell: (outcome: string) => Promise<void>): Promise<number> {
  let outcome = 'INTERNAL';
  try {
    const code = await work();
    outcome = code === 0 ? 'ok' : `exit_${code}`;
    return code;
  } catch (error) {
    if (isMemoryError(error)) outcome = error.code;
    throw error;
  } finally {
    await tell(outcome);
  }
}

function notDrawn(picture: Picture): MemoryError {
  return new MemoryError(
    'INVALID_INPUT',
    `--format: ${picture} is for "pattern ${DRAWING}" alone; choose from ${FORMATS.join(', ')}.`,
  );
}

/** The format that is asked for, as far as the words were understood. */
function formatOf(command: Command): Format {
  const { format } = command.optsWithGlobals<Partial<GlobalFlags>>();
  return FORMATS.find((each) => each === format) ?? 'human';
}

/** What makes each command of the root, by its name. */
const COMMANDS: Readonly<Record<string, (root: Command, run: Run) => void>> = {
  episode: episodeGroup,
  pattern: patternGroup,
  storage: storageGroup,
  backup: backupGroup,
  eval: evalCommand,
  health: healthGroup,
  doctor: doctorCommand,
  logs: logsGroup,
  monitor: monitorGroup,
  config: configGroup,
  init: initCommand,
  completion: completionCommand,
};

/** All commands with their flags. For `words` that begin with the name of one, that one is enough, unless it tells of all. */
export function program(run: Run, words: readonly string[] = []): Command {
  const root: Command = new Command('memory-cli');
  root
    .description('Episodic memory of coding agents: what was tried, how it ended, what it taught.')
    .version(VERSION, '--version', 'print the version')
    .helpOption('-h, --help', 'print help')
    .addOption(formatOption([...FORMATS, ...PICTURES]))
    .option('--config <file>', "read this file instead of the user's memory-cli.toml")
    .option('--data-dir <dir>', 'folder of everything that is stored')
    .addHelpText('after', () => `\n${settingsText()}\n\n${exitCodesText()}`)
    .configureHelp({ showGlobalOptions: true, visibleGlobalOptions })
    .configureOutput({
      outputError: () => undefined,
      // Help that stands in for a missing command: whoever reads JSON gets the error alone.
      writeErr: (text) => void (formatOf(root) === 'json' || process.stderr.write(text)),
    })
    .exitOverride();
  const called = Object.entries(COMMANDS).filter(([name]) => name === words[0] && name !== 'completion');
  for (const [, add] of called.length > 0 ? called : Object.entries(COMMANDS)) add(root, run);
  helpCommand(root);
  return root;
}

function formatOption(choices: readonly (Format | Picture)[]): Option {
  return new Option('--format <format>', 'how answers are printed').choices(choices).default('human');
}

/** A command offers the formats that it has. */
function visibleGlobalOptions(command: Command): Option[] {
  const help = Object.assign(new Help(), { showGlobalOptions: true });
  const options = help.visibleGlobalOptions(command);
  if (command.name() === DRAWING) return options;
  return options.map((option) => (option.long === '--format' ? formatOption(FORMATS) : option));
}

function settingsText(): string {
  const lines = [''];
  for (const name of SETTINGS) {
    const longer = `${lines.at(-1)} ${name}`;
    if (longer.length < HELP_WIDTH) lines[lines.length - 1] = longer;
    else lines.push(` ${name}`);
  }
  const where = 'Settings, of the environment or in lower case in memory-cli.toml ("config show" tells what holds):';
  return [where, ...lines.map((line) => ` ${line}`)].join('\n');
}

/** Where lines end that say much. */
const HELP_WIDTH = 100;

/** What each exit code means. */
export function exitCodeMeanings(): readonly (readonly [number, readonly string[]])[] {
  const meanings = new Map<number, string[]>([
    [0, ['done']],
    // One number: `PROBLEMS_FOUND` is the same.
    [SOME_FAILED, ['episode import: some lines could not be read, the rest is imported', 'doctor: there are problems']],
    [2, ['wrong usage']],
    [PROGRAM_FAILED, ['eval: the program failed']],
    [INTERNAL_ERROR, ['a mistake of this program']],
    [TERMINATED, ['ABORTED by SIGTERM']],
  ]);
  for (const [code, exitCode] of Object.entries(EXIT_CODES)) {
    meanings.set(exitCode, [...(meanings.get(exitCode) ?? []), code]);
  }
  return [...meanings].sort(([a], [b]) => a - b);
}

function exitCodesText(): string {
  const lines = exitCodeMeanings().map(([code, texts]) => `  ${String(code).padEnd(4)} ${texts.join(', ')}`);
  return ['Exit codes:', ...lines].join('\n');
}
