// The commands of the store itself.
import { EXIT_CODES, MemoryError } from '@episodica/memory-core';
import type { Command } from 'commander';
import type { MoveCommandFlags } from '../commands/move.ts';
import type { RekeyFlags } from '../commands/rekey.ts';
import { examples } from './flags.ts';
import type { Run } from './run.ts';

/** Adds them. */
export function storageGroup(root: Command, run: Run): void {
  const load = () => import('../commands/storage.ts');
  const group = root.command('storage').alias('st').description('the store itself');
  group
    .command('stats')
    .description('path, sizes and counts of the store')
    .addHelpText('after', examples('storage stats'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).stats(invocation)),
    );
  group
    .command('sync')
    .description(
      `bring a replica up to its database (TURSO_SYNC_URL); any other store: exit code ${EXIT_CODES.NOT_SUPPORTED}`,
    )
    .addHelpText('after', examples('storage sync'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).sync(invocation)),
    );
  group
    .command('vacuum')
    .description('give back what deleted things took; others can read meanwhile')
    .option('--dry-run', 'tell how much that is')
    .addHelpText('after', examples('storage vacuum --dry-run'))
    .action((options: { readonly dryRun?: boolean }, command: Command) =>
      run(command, async (invocation) => (await load()).vacuum(invocation, options)),
    );
  group
    .command('health')
    .description("try to read and write, look at disk and backups; exits with the store's error when it is down")
    .addHelpText('after', examples('storage health'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).health(invocation)),
    );
  group
    .command('verify')
    .description(`check the store for damage; exit code ${EXIT_CODES.STORE_CORRUPT} when there is any`)
    .addHelpText('after', examples('storage verify'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).verify(invocation)),
    );
  group
    .command('repair')
    .description('make damaged indexes anew, and check the store')
    .addHelpText('after', examples('storage repair'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await load()).repair(invocation)),
    );
  group
    .command('erase-deleted')
    .description('leave nothing of what was deleted in the file, its log and the caches')
    .addHelpText('after', examples('storage erase-deleted'))
    .action((_options: object, command: Command) =>
      run(command, async (invocation) => (await import('../commands/erase.ts')).erase(invocation)),
    );
  storageMigrate(group, run);
}

function storageMigrate(group: Command, run: Run): void {
  group
    .command('migrate')
    .description('bring the schema up to date, as every opening does; with --to, copy the store to another place')
    .option('--to <url>', 'copy all of it to where there is nothing yet: file:///folder/memory.db, libsql://host')
    .option('--to-token-file <file>', 'token of that host, a file of mode 600 (default: TURSO_AUTH_TOKEN)')
    .option('--from <url>', 'copy this store (default: the one of the settings); it is only read')
    .option('--from-token-file <file>', 'token of that host, a file of mode 600 (default: TURSO_AUTH_TOKEN)')
    .option('--anew', 'throw away what an earlier copy has left unfinished, instead of going on with it')
    .option('--dry-run', 'tell what would be copied, and change nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('storage migrate', 'storage migrate --to file:copy.db --yes'))
    .action((options: Partial<MoveCommandFlags>, command: Command) =>
      run(command, async (invocation) => {
        const { to, ...others } = options;
        if (to !== undefined) return (await import('../commands/move.ts')).move(invocation, { ...others, to });
        if (Object.keys(others).length === 0) return (await import('../commands/storage.ts')).migrate(invocation);
        throw new MemoryError('INVALID_INPUT', '--to: is missing; it says where the store is to be copied.');
      }),
    );
  storageKey(group, run);
}

function storageKey(group: Command, run: Run): void {
  group
    .command('rekey')
    .description('encrypt the store, with another key than before or for the first time; all of it is written anew')
    .option(
      '--new-key-file <file>',
      'a file with the new key (default: MEMORY_NEW_ENCRYPTION_KEY, else the key that is set)',
    )
    .option('--remove', 'take the key away: the store lies there in plain text then')
    .option('--delete-old-copies', 'delete backups and other copies that do not have the new key')
    .option('--dry-run', 'tell which copies those are, and change nothing')
    .option('--yes', 'do not ask')
    .addHelpText('after', examples('storage rekey --new-key-file new.key --dry-run'))
    .action((options: RekeyFlags, command: Command) =>
      run(command, async (invocation) => (await import('../commands/rekey.ts')).rekey(invocation, options)),
    );
}
