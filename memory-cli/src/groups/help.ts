// The command that prints the help of another, however deep that is.
import { type Command, CommanderError } from 'commander';
import { examples } from './flags.ts';

/** Adds it in place of the one that goes one step deep. */
export function helpCommand(root: Command): void {
  root.helpCommand(false);
  root
    .command('help')
    .description('print the help of a command')
    .argument('[command...]', 'its words; without: all commands')
    .addHelpText('after', examples('help episode list'))
    .action((words: readonly string[]) => commandCalled(root, words).help());
}

function commandCalled(root: Command, words: readonly string[]): Command {
  let command = root;
  for (const word of words) {
    const next = command.commands.find((each) => each.name() === word || each.aliases().includes(word));
    if (next === undefined) throw new CommanderError(1, 'commander.unknownCommand', `error: unknown command '${word}'`);
    command = next;
  }
  return command;
}
