// The tree of commands as it is, for those who go through all of it.
import type { Command } from 'commander';

/** A command that does something, and the words that it is called by. */
export interface Listed {
  readonly name: string;
  readonly command: Command;
}

/** What every command of the tree runs by: here none does. */
const RUN_NOTHING = async (): Promise<void> => undefined;

/** The program as people see it. */
export async function theProgram(): Promise<{
  readonly root: Command;
  readonly exitCodes: readonly (readonly [number, readonly string[]])[];
}> {
  // Put in by the bundler otherwise.
  Object.assign(globalThis, { PROGRAM_VERSION: '0.0.0' });
  const { exitCodeMeanings, program } = await import('../../src/cli.ts');
  return { root: program(RUN_NOTHING), exitCodes: exitCodeMeanings() };
}

/** Every command that does something, in the order of the help. */
export function commandsOf(group: Command, before: readonly string[] = []): readonly Listed[] {
  return group.commands.flatMap((command) => {
    const words = [...before, command.name()];
    return command.commands.length > 0 ? commandsOf(command, words) : [{ name: words.join(' '), command }];
  });
}

/** The whole help of a command. */
export function helpOf(command: Command): string {
  const parts: string[] = [];
  command.configureOutput({ writeOut: (text) => void parts.push(text), getOutHelpWidth: () => 10_000 });
  command.outputHelp();
  return parts.join('');
}

/** The calls that the help of a command shows, without the name of the program. */
export function examplesOf(command: Command): readonly string[] {
  const [, shown = ''] = helpOf(command).split(/^Examples?:\n/mu);
  return [...shown.matchAll(/^ {2}memory-cli (.+)$/gmu)].map(([, call = '']) => call);
}
