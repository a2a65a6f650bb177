// The commands of settings.
import type { Command } from 'commander';
import type { ConfigInitFlags } from '../commands/config-init.ts';
import { examples } from './flags.ts';
import type { Run } from './run.ts';

/** What `config path` knows: the files of settings, and what lies in the data folder or beside it. */
export const PLACES = ['user', 'project', 'data', 'database', 'cache', 'backups', 'logs', 'figures'] as const;
/** One of `PLACES`. */
export type PlaceName = (typeof PLACES)[number];

/** Adds them. */
export function configGroup(root: Command, run: Run): void {
  const group = root.command('config').alias('cfg').description('settings');
  group
    .command('show')
    .description('every setting, its value, where it comes from and what else is set and weaker')
    .argument('[setting...]', 'only these, such as memory_project')
    .addHelpText('after', examples('config show', 'config show memory_data_dir database_url'))
    .action((names: readonly string[], _options: object, command: Command) =>
      run(command, async (invocation) => (await import('../commands/config.ts')).show(invocation, names)),
    );
  group
    .command('validate')
    .description('tell all that is wrong with files and environment; exit code 2 when there is anything')
    .argument('[file]', "look at this file instead of the user's own")
    .addHelpText('after', examples('config validate', 'config validate memory-cli.toml'))
    .action((file: string | undefined, _options: object, command: Command) =>
      run(command, async (invocation) => (await import('../commands/config-validate.ts')).validate(invocation, file)),
    );
  group
    .command('init')
    .description('write a memory-cli.toml that names every setting, with its meaning and default, and sets none')
    .option('--project', 'the one of this project, with the settings that may stand there')
    .option('--dry-run', 'print it, and write nothing')
    .option('--force', 'in place of a file that is there')
    .option('--yes', 'do not ask before that')
    .addHelpText('after', examples('config init', 'config init --project --dry-run'))
    .action((options: ConfigInitFlags, command: Command) =>
      run(command, async (invocation) => (await import('../commands/config-init.ts')).init(invocation, options)),
    );
  group
    .command('path')
    .description('where files and folders are, and whether they are there')
    .argument('[place]', `print one path alone: ${PLACES.join(', ')}`)
    .addHelpText('after', examples('config path', 'config path data'))
    .action((place: string | undefined, _options: object, command: Command) =>
      run(command, async (invocation) => (await import('../commands/config-path.ts')).path(invocation, place)),
    );
}
