// The command that adds the memory to a client.
import { Argument, type Command, Option } from 'commander';
import { CLIENTS, SCOPES } from '../clients/entry.ts';
import type { InitFlags } from '../commands/init.ts';
import { examples } from './flags.ts';
import type { Run } from './run.ts';

/** Adds it. */
export function initCommand(root: Command, run: Run): void {
  root
    .command('init')
    .description(
      "add the memory to a client's configuration, and to what its agent is told; asks what it needs to know",
    )
    .addArgument(new Argument('[client]', 'which one (default: asks, on a terminal)').choices(CLIENTS))
    .addOption(
      new Option(
        '--scope <scope>',
        'for you in all projects, for you in this one (claude-code), or for everybody who has it (default: user)',
      ).choices(SCOPES),
    )
    .option('--name <name>', 'what the client calls the server', 'memory')
    .option('--env <key=value...>', 'settings of the server, such as MEMORY_PROJECT=shop; repeatable')
    .option('--no-instructions', 'leave alone what the agent is told (CLAUDE.md, AGENTS.md)')
    .option('--undo', 'take out what was added, and nothing else')
    .option('--dry-run', 'show what would change, and change nothing')
    .option('--yes', 'do not ask')
    .addHelpText(
      'after',
      examples(
        'init claude-code --dry-run',
        'init claude-code --yes',
        'init opencode --scope project --yes',
        'init claude-code --undo --yes',
      ),
    )
    .action((client: InitFlags['client'], options: Omit<InitFlags, 'client'>, command: Command) =>
      run(command, async (invocation) =>
        (await import('../commands/init.ts')).init(invocation, { ...options, client }),
      ),
    );
}
