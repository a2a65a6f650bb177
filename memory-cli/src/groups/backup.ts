// The commands of backups.
import { EXIT_CODES } from '@episodica/memory-core';
import type { Command } from 'commander';
import type { KeyFlags, PruneFlags, RestoreFlags } from '../commands/backup.ts';
import { between, examples, number } from './flags.ts';
import type { Run } from './run.ts';

/** Adds them. */
export function backupGroup(root: Command, run: Run): void {
  const load = () => import('../commands/backup.ts');
  const group = root.command('backup').alias('bak').description('copies of the store, and the way back');
  group
    .command('create')
    .description('keep all that is stored in one verified file, while others read and write')
    .argument('[file]', 'a new file (default: in the folder backups beside the database, named after the time)')
    .addHelpText('after', examples('backup create'))
    .action((file: string | undefined, _options: object, command: Command) =>
      run(command, async (invocation) => (await load()).create(invocation, file)),
    );
  group
    .command('list')
    .description('list the folder of backups, newest first')
    .addHelpText('after', examples('backup list'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).list(invocation)),
    );
  group
    .command('verify')
    .description(`read a backup from end to end; exit code ${EXIT_CODES.STORE_CORRUPT} when it is not whole`)
    .argument('<file>', 'a backup, or any copy of a store; it is not changed')
    .option('--key-file <file>', 'a file with the key of the backup, if it is not that of the store')
    .addHelpText('after', examples('backup verify BACKUP'))
    .action((file: string, options: KeyFlags, command: Command) =>
      run(command, async (invocation) => (await load()).verify(invocation, file, options)),
    );
  group
    .command('restore')
    .description('put a backup in the place of the store in use. What was forgotten since stays forgotten')
    .argument('<file>', 'a backup; it is verified first, and stays')
    .option('--key-file <file>', 'a file with the key of the backup, if it is not that of the store')
    .option('--force', 'also where there is data, which is kept under another name')
    .option('--yes', 'do not ask before data is replaced')
    .option('--with-forgotten', 'bring back episodes that were forgotten since the backup')
    .option('--dry-run', 'look at both ends and change nothing')
    .addHelpText('after', examples('backup restore BACKUP --dry-run', 'backup restore BACKUP --force --yes'))
    .action((file: string, options: RestoreFlags, command: Command) =>
      run(command, async (invocation) => (await load()).restore(invocation, file, options)),
    );
  group
    .command('prune')
    .description('delete old backups: those past every limit that is given. The newest good one always stays')
    .option('--keep <n>', 'the newest that stay', between(0, Number.MAX_SAFE_INTEGER))
    .option('--older-than <days>', 'only those made longer ago', number)
    .option('--dry-run', 'tell what would go')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('backup prune --keep 7 --older-than 30 --dry-run'))
    .action((options: PruneFlags, command: Command) =>
      run(command, async (invocation) => (await load()).prune(invocation, options)),
    );
}
