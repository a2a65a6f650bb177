// What may come next on a command line, by the tree of commands. Pure.
import { SETTINGS } from '@episodica/memory-core/config';
import { COUNTERS, GAUGES, TIMERS } from '@episodica/memory-core/metrics';
import type { Argument, Command, Option } from 'commander';
import { PLACES } from '../groups/config.ts';

/** What can be typed, and what it means. */
export interface Word {
  readonly word: string;
  readonly about: string;
}

/** What can stand where something is being typed. */
export interface Completion {
  /** What the place is for, beside the words. */
  readonly wanted: 'words' | 'files' | 'folders' | 'episode' | 'pattern' | 'kind of task' | 'backup';
  /** Those that begin as what is typed. */
  readonly words: readonly Word[];
  /** The beginning of the last word. */
  readonly typed: string;
  /** Where the data is, as far as the line says so. */
  readonly globals: { readonly dataDir?: string; readonly config?: string };
}

/** `given`: the words behind the name of the program, the last as far as it is typed. */
export function completionOf(root: Command, given: readonly string[]): Completion {
  const words = withoutSigns(given);
  const typed = words.at(-1) ?? '';
  const { command, operands, awaiting, isPlain, globals } = lineOf(root, words.slice(0, -1));
  const completion = (wanted: Completion['wanted'], found: readonly Word[]): Completion => ({
    wanted,
    typed,
    globals,
    words: found.filter(({ word }) => word.startsWith(typed)),
  });
  const [, flag = '', value] = /^(--[^=]+)=(.*)$/u.exec(typed) ?? [];
  if (!isPlain && value !== undefined) {
    const option = optionOf(command, flag);
    return completion(
      'words',
      choicesOf(option).map((word) => ({ ...word, word: `${flag}=${word.word}` })),
    );
  }
  if (!isPlain && typed.startsWith('-')) return completion('words', flagsOf(command));
  if (awaiting !== undefined) return completion(wantedBy(awaiting, placeholderOf(awaiting)), choicesOf(awaiting));
  const argument = argumentAt(command, operands);
  const subcommands = operands === 0 && !isPlain ? commandsOf(command, typed) : [];
  return completion(argument ? wantedBy(argument, argument.name()) : 'words', [...subcommands, ...choicesOf(argument)]);
}

/** bash makes words of their own of the signs in --format=json. */
function withoutSigns(given: readonly string[]): readonly string[] {
  const isSign = (index: number) => given[index] === '=' && given[index - 1]?.startsWith('--') === true;
  const words = given.filter((_, index) => !isSign(index));
  return isSign(given.length - 1) ? [...words, ''] : words;
}

interface Line {
  readonly command: Command;
  readonly operands: number;
  /** Whose value comes next. */
  readonly awaiting: Option | undefined;
  /** Behind `--`, where there are no flags. */
  readonly isPlain: boolean;
  readonly globals: Completion['globals'];
}

function lineOf(root: Command, words: readonly string[]): Line {
  let command = root;
  let operands = 0;
  let awaiting: Option | undefined;
  let isPlain = false;
  let globals: Completion['globals'] = {};
  const take = (option: Option, value: string) => {
    if (option.long === '--data-dir') globals = { ...globals, dataDir: value };
    if (option.long === '--config') globals = { ...globals, config: value };
  };
  for (const word of words) {
    if (isPlain) operands += 1;
    else if (word === '--') {
      isPlain = true;
      awaiting = undefined;
    } else if (word.startsWith('-') && word !== '-') {
      const [flag = '', value] = word.split(/=(.*)/su);
      const option = optionOf(command, flag);
      if (option !== undefined && value !== undefined) take(option, value);
      awaiting = value === undefined && (option?.required || option?.optional) ? option : undefined;
    } else if (awaiting !== undefined) {
      take(awaiting, word);
      if (!awaiting.variadic) awaiting = undefined;
    } else {
      const next = operands === 0 ? subcommandOf(command, word) : undefined;
      if (next === undefined) operands += 1;
      // What help is asked for goes on as what is called.
      else if (word !== 'help') command = next;
    }
  }
  return { command, operands, awaiting, isPlain, globals };
}

function subcommandOf(command: Command, word: string): Command | undefined {
  return command.commands.find((each) => each.name() === word || each.aliases().includes(word));
}

/** Of the command or of one that it belongs to. */
function optionOf(command: Command, flag: string): Option | undefined {
  return optionsOf(command).find(({ long, short }) => long === flag || short === flag);
}

/** Those of the programs with the choices that this command has of them. */
function optionsOf(command: Command): readonly Option[] {
  const help = command.createHelp();
  return [
    ...help.visibleOptions(command),
    ...Object.assign(help, { showGlobalOptions: true }).visibleGlobalOptions(command),
  ];
}

function flagsOf(command: Command): readonly Word[] {
  return optionsOf(command).flatMap(({ long, description }) => (long ? [{ word: long, about: description }] : []));
}

/** An alias only where it is being typed: beside its command it says nothing. */
function commandsOf(command: Command, typed: string): readonly Word[] {
  return command
    .createHelp()
    .visibleCommands(command)
    .flatMap((each) => {
      const names = typed === '' ? [each.name()] : [each.name(), ...each.aliases()];
      return names.map((word) => ({ word, about: each.description() }));
    });
}

function argumentAt(command: Command, index: number): Argument | undefined {
  const { registeredArguments: all } = command;
  return all[index] ?? (all.at(-1)?.variadic ? all.at(-1) : undefined);
}

function choicesOf(of: Option | Argument | undefined): readonly Word[] {
  const own = of?.argChoices ?? (of === undefined || 'flags' in of ? undefined : NAMES[of.name()]) ?? [];
  return own.map((word) => ({ word, about: of?.description ?? '' }));
}

/** What arguments of these names take; they are no choices, which would be told with each of their mistakes. */
const NAMES: Readonly<Record<string, readonly string[]>> = Object.freeze({
  place: PLACES,
  setting: SETTINGS.map((name) => name.toLowerCase()),
  figure: [COUNTERS, TIMERS, GAUGES].flatMap((figures) => Object.keys(figures)),
});

/** `file` of `--file <file...>`. */
function placeholderOf({ flags }: Option): string {
  return /[<[]([a-z-]+)/u.exec(flags)?.[1] ?? '';
}

/** What a value is: by what the help calls it. */
function wantedBy({ description }: Option | Argument, placeholder: string): Completion['wanted'] {
  if (/^files?$/u.test(placeholder)) return description.startsWith('a backup') ? 'backup' : 'files';
  if (placeholder === 'dir') return 'folders';
  if (!/^ids?$/u.test(placeholder)) return 'words';
  if (/^(?:the (?:open )?episode|episodes)\b/u.test(description)) return 'episode';
  if (description.startsWith('the kind of task')) return 'kind of task';
  return /^the pattern\b/u.test(description) ? 'pattern' : 'words';
}
